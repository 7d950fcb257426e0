//! What stands for the client where it is not built in: a session that nobody can have.

use std::time::Duration;

use tokio::sync::mpsc;

use super::{RemoteFile, SftpError, SftpFolder, SftpLimits};

/// There is none.
#[derive(Debug)]
pub enum Session {}

#[allow(clippy::unused_async, reason = "as the client's")]
impl Session {
    pub async fn connect(_: &SftpFolder, _: SftpLimits) -> Result<Self, SftpError> {
        Err(SftpError::NotBuiltIn)
    }

    pub async fn list(&self) -> Result<Vec<RemoteFile>, SftpError> {
        match *self {}
    }

    pub async fn look(&self, _: &str) -> Result<Option<RemoteFile>, SftpError> {
        match *self {}
    }

    pub async fn read(&self, _: &RemoteFile, _: Duration, _: &mpsc::Sender<Vec<u8>>) -> Result<(), SftpError> {
        match *self {}
    }

    pub async fn put_away(&self, _: &str, _: &str, _: &str) -> Result<(), SftpError> {
        match *self {}
    }
}
