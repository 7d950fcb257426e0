//! The client: one connection a look, nothing written on this machine's disks.

use std::{borrow::Cow, future::Future, net::SocketAddr, sync::Arc, time::Duration};

use chrono::DateTime;
use russh::{
    Preferred,
    client::{self, Handle},
    keys::{Algorithm, EcdsaCurve, HashAlg, PrivateKeyWithHashAlg, PublicKeyOrCertificate, decode_secret_key},
};
use russh_sftp::{
    client::{RawSftpSession, error::Error as ProtocolError},
    protocol::{FileAttributes, OpenFlags, StatusCode},
};
use tokio::{net::TcpStream, sync::mpsc, time::Instant};

use super::{MAX_ENTRIES, RemoteFile, SftpError, SftpFolder, SftpLimits, SftpLogin};

/// Bytes asked for at a time; every server grants this much.
const PIECE: u32 = 32 << 10;
/// Signatures a server may prove itself by. RSA is left out: what implements it in Rust leaks time (RUSTSEC-2023-0071).
const HOST_KEYS: [Algorithm; 4] = [
    Algorithm::Ed25519,
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP384 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP521 },
];

/// A folder that can be listed and read. The connection ends with it.
pub struct Session {
    files: RawSftpSession,
    path: String,
    limits: SftpLimits,
    /// Ends the connection when it is dropped.
    _connection: Handle<Known>,
}

/// Takes a server only by its fingerprint, and says which one it showed otherwise.
struct Known {
    fingerprints: Vec<String>,
    offered: mpsc::UnboundedSender<String>,
}

impl client::Handler for Known {
    type Error = russh::Error;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        let offered = match shown {
            PublicKeyOrCertificate::PublicKey { key, .. } => key.fingerprint(HashAlg::Sha256).to_string(),
            // A certificate says who vouches for a key, and nobody was named who may.
            PublicKeyOrCertificate::Certificate(_) => return Ok(false),
        };
        let known = self.fingerprints.contains(&offered);
        if !known {
            // Whoever connects has gone where nobody listens any more.
            let _ = self.offered.send(offered);
        }
        Ok(known)
    }
}

impl Session {
    /// Connects, makes sure who is there, and logs in.
    pub async fn connect(folder: &SftpFolder, limits: SftpLimits) -> Result<Self, SftpError> {
        let login = match &folder.login {
            SftpLogin::Password(_) => None,
            SftpLogin::Key { text, passphrase } => {
                let key = decode_secret_key(text, passphrase.as_deref()).map_err(|error| SftpError::Key(error.into()))?;
                Some(PrivateKeyWithHashAlg::new(Arc::new(key), None))
            }
        };
        let stream = within(limits.connect, dial(folder, limits)).await?;
        let (offered, mut refused) = mpsc::unbounded_channel();
        let known = Known { fingerprints: folder.host_keys.clone(), offered };
        let shaken = within(limits.answer, async { Ok(client::connect_stream(Arc::new(config(limits)), stream, known).await) }).await?;
        let mut connection = match (shaken, refused.try_recv()) {
            (_, Ok(offered)) => return Err(SftpError::HostKey { offered }),
            (Ok(connection), Err(_)) => connection,
            (Err(error), Err(_)) => return Err(SftpError::Connect(error.into())),
        };
        let entered = within(limits.answer, async {
            match (&folder.login, login) {
                (_, Some(key)) => connection.authenticate_publickey(&folder.user, key).await,
                (SftpLogin::Password(password), None) => connection.authenticate_password(&folder.user, password).await,
                (SftpLogin::Key { .. }, None) => return Err(SftpError::Login),
            }
            .map_err(|error| SftpError::Broken(error.into()))
        });
        if !entered.await?.success() {
            return Err(SftpError::Login);
        }
        let files = within(limits.answer, open(&connection)).await?;
        files.set_timeout(limits.answer.as_secs().max(1));
        let session = Self { files, path: folder.path.clone(), limits, _connection: connection };
        within(limits.answer, async { session.files.init().await.map_err(classify) }).await?;
        Ok(session)
    }

    /// The folder's regular files in no order; links, folders and names that lead elsewhere are passed over.
    pub async fn list(&self) -> Result<Vec<RemoteFile>, SftpError> {
        within(self.limits.answer, async {
            let path = if self.path.is_empty() { "/" } else { &self.path };
            let handle = self.files.opendir(path).await.map_err(classify)?.handle;
            let (mut found, mut seen) = (Vec::new(), 0);
            while seen < MAX_ENTRIES {
                let entries = match self.files.readdir(handle.as_str()).await {
                    Ok(entries) => entries.files,
                    Err(ProtocolError::Status(status)) if status.status_code == StatusCode::Eof => break,
                    Err(error) => return Err(classify(error)),
                };
                // A server that answers with nothing for ever is not asked for ever.
                seen += entries.len().max(1);
                found.extend(entries.into_iter().filter_map(|entry| regular(entry.filename, &entry.attrs)));
            }
            // What is open ends with the connection anyway.
            let _ = self.files.close(handle).await;
            found.truncate(MAX_ENTRIES);
            Ok(found)
        })
        .await
    }

    /// How a file looks now; `None` if it is not there.
    pub async fn look(&self, name: &str) -> Result<Option<RemoteFile>, SftpError> {
        within(self.limits.answer, async {
            match self.files.lstat(self.inside(name)).await {
                Ok(found) => Ok(regular(name.to_owned(), &found.attrs)),
                Err(ProtocolError::Status(status)) if status.status_code == StatusCode::NoSuchFile => Ok(None),
                Err(error) => Err(classify(error)),
            }
        })
        .await
    }

    /// Reads a file as long as it was listed and hands it on piece by piece, until nobody takes them. The server may take so long in
    /// all; the time others take does not count.
    pub async fn read(&self, file: &RemoteFile, time: Duration, to: &mpsc::Sender<Vec<u8>>) -> Result<(), SftpError> {
        let mut left = time;
        let handle = self.files.open(self.inside(&file.name), OpenFlags::READ, FileAttributes::empty()).await.map_err(classify)?.handle;
        let mut at = 0;
        while at < file.bytes {
            let begun = Instant::now();
            let wanted = u32::try_from(file.bytes - at).unwrap_or(PIECE).min(PIECE);
            let piece = within(left.min(self.limits.answer), async {
                match self.files.read(handle.as_str(), at, wanted).await {
                    Ok(piece) => Ok(piece.data),
                    Err(ProtocolError::Status(status)) if status.status_code == StatusCode::Eof => Ok(Vec::new()),
                    Err(error) => Err(classify(error)),
                }
            })
            .await?;
            left = left.saturating_sub(begun.elapsed());
            at += u64::try_from(piece.len()).unwrap_or(u64::MAX);
            // It became shorter meanwhile, which the next look shows.
            if piece.is_empty() || to.send(piece).await.is_err() {
                break;
            }
        }
        let _ = within(self.limits.answer, async { self.files.close(handle).await.map_err(classify) }).await;
        Ok(())
    }

    /// Moves a file into a folder within, made if need be, under `name`, or under `other` where that is taken.
    pub async fn put_away(&self, name: &str, folder: &str, other: &str) -> Result<(), SftpError> {
        within(self.limits.answer, async {
            // It is there already, all times but the first.
            let _ = self.files.mkdir(self.inside(folder), FileAttributes::empty()).await;
            let free = self.files.lstat(self.inside(&format!("{folder}/{name}"))).await.is_err();
            let target = self.inside(&format!("{folder}/{}", if free { name } else { other }));
            self.files.rename(self.inside(name), target).await.map(|_| ()).map_err(classify)
        })
        .await
    }

    fn inside(&self, name: &str) -> String {
        format!("{}/{name}", self.path)
    }
}

async fn within<T>(limit: Duration, work: impl Future<Output = Result<T, SftpError>>) -> Result<T, SftpError> {
    tokio::time::timeout(limit, work).await.unwrap_or(Err(SftpError::Timeout))
}

/// The first address that answers, of those that may be called.
async fn dial(folder: &SftpFolder, limits: SftpLimits) -> Result<TcpStream, SftpError> {
    let found = tokio::net::lookup_host((folder.host.as_str(), folder.port)).await.map_err(|error| SftpError::Connect(error.into()))?;
    let allowed: Vec<SocketAddr> =
        found.filter(|address| limits.allow_private_addresses || !crate::net::is_private(address.ip())).collect();
    if allowed.is_empty() {
        return Err(SftpError::PrivateAddress);
    }
    TcpStream::connect(&allowed[..]).await.map_err(|error| SftpError::Connect(error.into()))
}

fn config(limits: SftpLimits) -> client::Config {
    client::Config {
        preferred: Preferred { key: Cow::Borrowed(&HOST_KEYS), ..Preferred::DEFAULT },
        inactivity_timeout: Some(limits.answer * 2),
        nodelay: true,
        ..client::Config::default()
    }
}

async fn open(connection: &Handle<Known>) -> Result<RawSftpSession, SftpError> {
    let broken = |error: russh::Error| SftpError::Broken(error.into());
    let channel = connection.channel_open_session().await.map_err(broken)?;
    channel.request_subsystem(true, "sftp").await.map_err(broken)?;
    Ok(RawSftpSession::new(channel.into_stream()))
}

fn regular(name: String, attributes: &FileAttributes) -> Option<RemoteFile> {
    // Some servers do not say what kind of thing it is; what is not a file cannot be opened as one.
    let is_file = attributes.permissions.is_none() || attributes.file_type().is_file();
    let leads_elsewhere = name.is_empty() || name == "." || name == ".." || name.contains(['/', '\\', '\0']);
    let bytes = attributes.size.filter(|_| is_file && !leads_elsewhere)?;
    let modified = attributes.mtime.and_then(|seconds| DateTime::from_timestamp(i64::from(seconds), 0));
    Some(RemoteFile { name, bytes, modified })
}

fn classify(error: ProtocolError) -> SftpError {
    match error {
        ProtocolError::Timeout => SftpError::Timeout,
        // The server's own words may repeat a name.
        ProtocolError::Status(status) => SftpError::Refused(status.status_code.to_string()),
        other => SftpError::Broken(other.into()),
    }
}
