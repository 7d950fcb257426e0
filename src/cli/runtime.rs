//! What the commands that run a gateway share.

use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
};

use tracing_subscriber::EnvFilter;

use super::Failure;
use crate::{
    app::{Clock, Parts},
    config::Config,
};

/// Where the configuration lies.
#[derive(Debug, clap::Args)]
pub struct ConfigArgs {
    /// The federation file
    #[arg(long, short, value_name = "FILE", default_value = "federation.toml", env = "ONECASE_CONFIG")]
    pub config: PathBuf,
}

impl ConfigArgs {
    pub fn load(&self) -> Result<Config, Failure> {
        if !self.config.exists() {
            return Err(format!(
                "there is no {}; name one with --config, or see it work without one: `onecase demo`",
                self.config.display()
            )
            .into());
        }
        Ok(Config::load(&self.config, &environment)?)
    }
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

/// The process's environment.
#[allow(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Sends the log to standard error; `ONECASE_LOG` sets the level, as `info` or `onecase::app=debug`.
pub fn start_log(format: Option<LogFormat>) {
    let filter = EnvFilter::try_new(environment("ONECASE_LOG").unwrap_or_else(|| "info".into())).unwrap_or_else(|_| EnvFilter::new("info"));
    let format = format.unwrap_or(if std::io::stderr().is_terminal() { LogFormat::Text } else { LogFormat::Json });
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A log that was started before stays.
    let _ = match format {
        LogFormat::Text => log.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    };
}

pub fn tokio_runtime() -> Result<tokio::runtime::Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

pub fn parts(config: &Config) -> Result<Parts, Failure> {
    Ok(Parts::from_config(config, &environment, Clock::system())?)
}

/// The folder a command works in when none is named: made anew, removed at the end.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new(purpose: &str) -> Result<Self, Failure> {
        let unique: [u8; 8] = rand::random();
        let path = std::env::temp_dir().join(format!("onecase-{purpose}-{}", crate::audit::hex(&unique)));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is left to the system's own clearing.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
