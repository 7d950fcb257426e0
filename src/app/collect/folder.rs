//! The folder that files are dropped into, on this machine or on an SFTP server: listed, read and put away alike.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use tokio::{sync::mpsc, task::JoinHandle};

use super::super::{DropFolder, Gateway};
use crate::{
    net::sftp::{RemoteFile, Session, SftpError},
    store::StoreError,
};

/// Entries of a folder that one look takes in.
const MAX_ENTRIES: usize = 10_000;
/// Pieces of a file on their way from a server to whoever reads it.
const PIECES: usize = 8;
/// Bytes a second that a server must give, beyond the time for one answer.
const SLOWEST: u64 = 16 << 10;

#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("the folder {0} cannot be read")]
    Local(PathBuf, #[source] io::Error),
    #[error("the folder on the SFTP server cannot be read: {0}")]
    Sftp(#[from] SftpError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl FolderError {
    /// A stable word; `None` for what is not the folder's fault.
    pub const fn code(&self) -> Option<&'static str> {
        match self {
            Self::Local(..) => Some("folder_unreadable"),
            Self::Sftp(error) => Some(error.code()),
            Self::Store(_) => None,
        }
    }
}

/// How a file looked: its length and when it was changed.
pub(super) type Look = (u64, Option<DateTime<Utc>>);

/// A file that was found.
pub(super) struct Found {
    pub name: String,
    pub look: Look,
}

/// A folder, reached.
pub(super) enum Opened {
    Local(PathBuf),
    Sftp { session: Arc<Session>, patience: Duration },
}

/// A file's bytes, to be read on a thread that may block.
pub(super) struct Content {
    reader: Option<Box<dyn Read + Send>>,
    fetching: Option<JoinHandle<Result<(), SftpError>>>,
}

impl Gateway {
    pub(super) async fn open_folder(&self, folder: &DropFolder) -> Result<Opened, FolderError> {
        Ok(match folder {
            DropFolder::Local(path) => Opened::Local(path.clone()),
            DropFolder::Sftp(server) => {
                Opened::Sftp { session: Arc::new(self.0.outbound.open_folder(server).await?), patience: self.0.outbound.patience() }
            }
        })
    }
}

impl Opened {
    /// Regular files, oldest first; links are not followed, and folders and hidden files are passed over.
    pub async fn list(&self) -> Result<Vec<Found>, FolderError> {
        let mut found = match self {
            Self::Local(folder) => {
                let listed = folder.clone();
                blocking(move || list(&listed)).await?.map_err(|source| FolderError::Local(folder.clone(), source))?
            }
            Self::Sftp { session, .. } => session.list().await?.into_iter().map(Found::of).collect(),
        };
        found.retain(|file| !file.name.starts_with('.'));
        found.sort_by(|a, b| (a.look.1, &a.name).cmp(&(b.look.1, &b.name)));
        Ok(found)
    }

    /// How a file looks now; `None` if it is gone.
    pub async fn look(&self, name: &str) -> Result<Option<Look>, FolderError> {
        match self {
            Self::Local(folder) => {
                let path = folder.join(name);
                Ok(blocking(move || fs::symlink_metadata(path).map(|about| look(&about))).await?.ok())
            }
            Self::Sftp { session, .. } => Ok(session.look(name).await?.map(|file| Found::of(file).look)),
        }
    }

    /// Begins to read a file.
    pub async fn open(&self, file: &Found) -> Result<io::Result<Content>, FolderError> {
        match self {
            Self::Local(folder) => {
                let path = folder.join(&file.name);
                let opened = blocking(move || File::open(path)).await?;
                Ok(opened.map(|file| Content { reader: Some(Box::new(file)), fetching: None }))
            }
            Self::Sftp { session, patience } => {
                let (pieces, arriving) = mpsc::channel(PIECES);
                let session = Arc::clone(session);
                let time = *patience + Duration::from_secs(file.look.0 / SLOWEST);
                let remote = RemoteFile { name: file.name.clone(), bytes: file.look.0, modified: file.look.1 };
                let fetching = tokio::spawn(async move { session.read(&remote, time, &pieces).await });
                Ok(Ok(Content { reader: Some(Box::new(Arriving { arriving, piece: Vec::new(), at: 0 })), fetching: Some(fetching) }))
            }
        }
    }

    /// Moves a file into a folder within, without writing over another.
    pub async fn put_away(&self, name: &str, within: &'static str, digest: &[u8; 32]) -> Result<io::Result<()>, FolderError> {
        let other = format!("{}-{name}", crate::audit::hex(&digest[..6]));
        match self {
            Self::Local(folder) => {
                let (path, within, name) = (folder.join(name), folder.join(within), name.to_owned());
                Ok(blocking(move || put_away(&path, &within, &name, &other)).await?)
            }
            Self::Sftp { session, .. } => match session.put_away(name, within, &other).await {
                Err(error @ SftpError::Refused(_)) => Ok(Err(io::Error::other(error))),
                other => Ok(other.map(Ok)?),
            },
        }
    }
}

impl Found {
    fn of(file: RemoteFile) -> Self {
        Self { look: (file.bytes, file.modified), name: file.name }
    }
}

impl Content {
    /// The bytes, once.
    pub fn reader(&mut self) -> Box<dyn Read + Send> {
        self.reader.take().unwrap_or_else(|| Box::new(io::empty()))
    }

    /// Whether all there was has come, after reading. An error of a server is not the file's: it is read again.
    pub async fn end(self) -> Result<(), FolderError> {
        drop(self.reader);
        match self.fetching {
            Some(fetching) => Ok(fetching.await.map_err(|_| StoreError::Worker)??),
            None => Ok(()),
        }
    }
}

/// Reads what a task fetches.
struct Arriving {
    arriving: mpsc::Receiver<Vec<u8>>,
    piece: Vec<u8>,
    at: usize,
}

impl Read for Arriving {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.at == self.piece.len() {
            match self.arriving.blocking_recv() {
                Some(piece) => (self.piece, self.at) = (piece, 0),
                None => return Ok(0),
            }
        }
        let length = out.len().min(self.piece.len() - self.at);
        out[..length].copy_from_slice(&self.piece[self.at..self.at + length]);
        self.at += length;
        Ok(length)
    }
}

pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| StoreError::Worker)
}

fn look(about: &fs::Metadata) -> Look {
    (about.len(), about.modified().ok().map(DateTime::from))
}

fn list(folder: &Path) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)?.take(MAX_ENTRIES) {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let about = match entry.metadata() {
            Ok(about) => about,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        if about.is_file() {
            found.push(Found { name, look: look(&about) });
        }
    }
    Ok(found)
}

/// The digest of everything there is to read.
pub(super) fn digest(mut reader: impl Read) -> io::Result<[u8; 32]> {
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0; 1 << 20]);
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(hasher.finalize().into()),
            length => hasher.update(&buffer[..length]),
        }
    }
}

fn put_away(path: &Path, folder: &Path, name: &str, other: &str) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let target = folder.join(name);
    fs::rename(path, if target.exists() { folder.join(other) } else { target })
}
