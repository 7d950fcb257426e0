//! The gateway as a process of its own.

use std::{
    fs::File,
    process::{Child, Command, ExitStatus, Stdio},
};

use super::world::World;
use crate::{app::crash::VARIABLE, cli::Failure};

/// Killed when dropped, so that none is left behind.
pub struct GatewayProcess {
    child: Child,
    log: std::path::PathBuf,
}

impl GatewayProcess {
    /// `crash`: where it is to die, see [`crate::app::crash`].
    pub fn start(world: &World, crash: Option<&str>) -> Result<Self, Failure> {
        let log = File::options().create(true).append(true).open(world.log())?;
        let child = Command::new(std::env::current_exe()?)
            .arg("serve")
            .arg("--config")
            .arg(world.federation_file())
            .current_dir(world.folder())
            .envs(crash.map(|point| (VARIABLE, point)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?;
        Ok(Self { child, log: world.log() })
    }

    /// How the process ended, if it has.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>, Failure> {
        Ok(self.child.try_wait()?)
    }

    /// Fails if the process has ended.
    pub fn check(&mut self) -> Result<(), Failure> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => {
                let log = std::fs::read_to_string(&self.log).unwrap_or_default();
                let last = log.lines().last().unwrap_or("it wrote nothing");
                Err(format!("the gateway ended ({status}): {last}").into())
            }
        }
    }

    /// SIGKILL: no chance to tidy up.
    pub fn kill(&mut self) -> Result<ExitStatus, Failure> {
        self.child.kill()?;
        Ok(self.child.wait()?)
    }
}

impl Drop for GatewayProcess {
    fn drop(&mut self) {
        // Already ended is as good.
        let _ = self.kill();
    }
}
