//! The gateway as a process of its own.

use std::{
    fs::File,
    process::{Child, Command, Stdio},
};

use super::world::World;
use crate::cli::Failure;

/// Killed when dropped, so that none is left behind.
pub struct GatewayProcess {
    child: Child,
    log: std::path::PathBuf,
}

impl GatewayProcess {
    pub fn start(world: &World) -> Result<Self, Failure> {
        let log = File::options().create(true).append(true).open(world.log())?;
        let child = Command::new(std::env::current_exe()?)
            .arg("serve")
            .arg("--config")
            .arg(world.federation_file())
            .current_dir(world.folder())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?;
        Ok(Self { child, log: world.log() })
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
    pub fn kill(&mut self) -> Result<(), Failure> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for GatewayProcess {
    fn drop(&mut self) {
        // Already ended is as good.
        let _ = self.kill();
    }
}
