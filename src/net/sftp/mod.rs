//! A folder on an SFTP server, under the same policy as requests: who the server is must be known beforehand, where it lies is
//! checked on the resolved address, every answer has a time and every list an end.
//!
//! The client is behind the cargo feature `sftp`; without it connecting is an error that says so.

#[cfg_attr(feature = "sftp", path = "client.rs")]
#[cfg_attr(not(feature = "sftp"), path = "absent.rs")]
mod client;

use std::{fmt, time::Duration};

use chrono::{DateTime, Utc};

pub use client::Session;

/// Whether this build can speak SFTP.
pub const BUILT_IN: bool = cfg!(feature = "sftp");

/// Entries of a folder that one listing takes in.
pub const MAX_ENTRIES: usize = 10_000;

/// A folder on a server, and how we are let in.
#[derive(Clone, Debug)]
pub struct SftpFolder {
    pub host: String,
    pub port: u16,
    pub user: String,
    /// The path on the server, without a final slash.
    pub path: String,
    pub login: SftpLogin,
    /// Fingerprints the server's key may have, as `ssh-keygen -l` writes them: `SHA256:` and base64.
    pub host_keys: Vec<String>,
}

/// What we show the server. Its print shows none of it.
#[derive(Clone)]
pub enum SftpLogin {
    Password(String),
    /// A private key in OpenSSH's, PKCS#8 or PuTTY's form.
    Key {
        text: String,
        passphrase: Option<String>,
    },
}

impl fmt::Debug for SftpLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Password(_) => "Password(…)",
            Self::Key { .. } => "Key(…)",
        })
    }
}

/// A regular file as the server lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteFile {
    pub name: String,
    pub bytes: u64,
    /// To the second, which is what the protocol carries.
    pub modified: Option<DateTime<Utc>>,
}

/// Limits of one session.
#[derive(Clone, Copy, Debug)]
pub struct SftpLimits {
    pub allow_private_addresses: bool,
    pub connect: Duration,
    /// For one answer, and for a listing as a whole.
    pub answer: Duration,
}

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a folder on a server cannot be read. None of these shows a file's name.
#[derive(Debug, thiserror::Error)]
pub enum SftpError {
    #[error("the address lies in a private range, which outbound.allow_private_addresses does not allow")]
    PrivateAddress,
    #[error("no answer within the time limit")]
    Timeout,
    #[error("no connection")]
    Connect(#[source] Cause),
    /// Somebody else may be there.
    #[error("the server shows the key {offered}, which is none of sftp.host_keys")]
    HostKey { offered: String },
    #[error("the server does not let us in")]
    Login,
    #[error("the private key cannot be read")]
    Key(#[source] Cause),
    #[error("the connection broke off")]
    Broken(#[source] Cause),
    #[error("the server refuses: {0}")]
    Refused(String),
    #[error("this program was built without the feature `sftp`")]
    NotBuiltIn,
}

impl SftpError {
    /// A stable word for counters.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PrivateAddress => "private_address",
            Self::Timeout => "timeout",
            Self::Connect(_) => "no_connection",
            Self::HostKey { .. } => "host_key_unknown",
            Self::Login => "login_refused",
            Self::Key(_) | Self::NotBuiltIn => "not_configured",
            Self::Broken(_) => "connection_broken",
            Self::Refused(_) => "request_refused",
        }
    }
}
