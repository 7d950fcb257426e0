//! Files that a platform drops into a folder: read once each, whole, and put away.
//!
//! A file is taken when it has not changed since the last look and its name does not say that it is still being written. It is
//! known by its content: renamed, or dropped again, it is not read again. When all its records are registered, known or in
//! quarantine it is moved into `done`, and into `failed` if it could not be read at all. A crash in between reads it again from
//! its start, which changes nothing that was registered.

use std::{
    collections::{HashMap, HashSet},
    fs::{self, File},
    io::{self, BufReader, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use super::{
    FederatedPlatform, Gateway,
    health::Fault,
    receive::{ReceiveError, Received},
    revise::Order,
    send::SendError,
};
use crate::{
    adapter::{FileError, Mapped},
    audit::hex,
    store::{
        StoreError,
        drops::{self, DroppedFile},
    },
};

/// Entries of a folder that one look takes in.
const MAX_ENTRIES: usize = 10_000;
/// Bytes a file may have.
const MAX_FILE: u64 = 4 << 30;
/// Records handed on at a time.
const CHUNK: usize = 500;
/// Endings of names under which programs write what is not whole yet.
const UNFINISHED: [&str; 6] = [".part", ".tmp", ".filepart", ".crdownload", ".swp", "~"];

#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    #[error("the platform has no folder")]
    NoFolder,
    #[error("the folder {0} cannot be read")]
    Folder(PathBuf, #[source] io::Error),
    #[error(transparent)]
    Send(#[from] SendError),
    #[error(transparent)]
    Receive(#[from] ReceiveError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What one look brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Files read to their end.
    pub files: usize,
    /// Files that were done with already, under this or another name.
    pub known: usize,
    /// Files that could not be read at all.
    pub failed: usize,
    /// Files that are still being written, or have just come.
    pub waiting: usize,
    pub received: Received,
}

/// How a file looked: its length and when it was changed.
type Look = (u64, Option<DateTime<Utc>>);

/// What the last look saw. Lost with the process, which costs one more look.
#[derive(Debug, Default)]
pub struct Sightings {
    seen: HashMap<String, Look>,
    /// Done with, but they could not be moved away.
    stuck: HashSet<(String, Look)>,
}

struct Found {
    name: String,
    path: PathBuf,
    look: Look,
}

/// How the reading of a file ended.
enum Reading {
    Whole(Received),
    /// It changed meanwhile; the next look takes it again.
    Changed,
    Failed(FileError),
}

impl Gateway {
    /// Looks into a platform's folder and takes in the files that have come to rest since the last look.
    pub async fn collect(&self, platform: &Arc<FederatedPlatform>, sightings: &mut Sightings) -> Result<Collected, CollectError> {
        let folder = platform.folder.clone().ok_or(CollectError::NoFolder)?;
        let listed = folder.clone();
        let found = blocking(move || list(&listed)).await?.map_err(|source| CollectError::Folder(folder.clone(), source))?;
        let mut collected = Collected::default();
        let before = std::mem::take(&mut sightings.seen);
        sightings.stuck.retain(|(name, look)| found.iter().any(|file| file.name == *name && file.look == *look));
        for file in found {
            let rests = before.get(&file.name) == Some(&file.look);
            sightings.seen.insert(file.name.clone(), file.look);
            if sightings.stuck.contains(&(file.name.clone(), file.look)) {
                continue;
            }
            if !rests || is_unfinished(&file.name) {
                collected.waiting += 1;
                continue;
            }
            if !self.collect_one(platform, &folder, &file, &mut collected).await? {
                sightings.stuck.insert((file.name, file.look));
            }
        }
        Ok(collected)
    }

    /// `false` if the file is done with and could not be moved away.
    async fn collect_one(
        &self,
        platform: &Arc<FederatedPlatform>,
        folder: &Path,
        file: &Found,
        collected: &mut Collected,
    ) -> Result<bool, CollectError> {
        let id = platform.platform.id.clone();
        let path = file.path.clone();
        let digest = match blocking(move || digest(&path)).await? {
            Ok(digest) => digest,
            Err(error) => {
                self.count_fault(&id, Fault::new("file_unreadable", &error)).await?;
                return Ok(true);
            }
        };
        let known = self.0.store.run(move |store| store.read(|c| drops::find(c, &id, &digest))).await?;
        let readable = match known {
            Some(readable) => {
                collected.known += 1;
                readable
            }
            None => match self.read_file(platform, file).await? {
                Reading::Changed => {
                    collected.waiting += 1;
                    return Ok(true);
                }
                Reading::Whole(received) => {
                    collected.files += 1;
                    collected.received += received;
                    self.finish_file(platform, file, digest, received, None).await?;
                    true
                }
                Reading::Failed(error) => {
                    collected.failed += 1;
                    let fault = Fault::new(error.code(), &error);
                    self.finish_file(platform, file, digest, Received::default(), Some(fault)).await?;
                    false
                }
            },
        };
        let (folder, name, path) = (folder.join(if readable { "done" } else { "failed" }), file.name.clone(), file.path.clone());
        let moved = blocking(move || put_away(&path, &folder, &name, &digest)).await?;
        if let Err(error) = &moved {
            tracing::warn!(platform = platform.platform.id, error = error as &dyn std::error::Error, "a file that is done with stays");
        }
        Ok(moved.is_ok())
    }

    /// Reads a file on a thread of its own and takes its records in as they come.
    async fn read_file(&self, platform: &Arc<FederatedPlatform>, file: &Found) -> Result<Reading, CollectError> {
        let adapter = Arc::clone(platform.adapter()?);
        let (sender, mut chunks) = mpsc::channel::<Vec<Mapped>>(2);
        let (path, name) = (file.path.clone(), file.name.clone());
        let reading = tokio::task::spawn_blocking(move || -> Result<(), FileError> {
            let mut records = adapter.file(&name, BufReader::with_capacity(1 << 20, File::open(path)?))?;
            loop {
                let chunk: Vec<Mapped> = records.by_ref().take(CHUNK).collect::<Result<_, io::Error>>()?;
                // Nobody listens any more: what was read is taken in again next time.
                if chunk.is_empty() || sender.blocking_send(chunk).is_err() {
                    return Ok(());
                }
            }
        });
        let mut received = Received::default();
        while let Some(chunk) = chunks.recv().await {
            received += self.receive(platform, chunk, Order::Newest).await?;
        }
        let path = file.path.clone();
        let now = blocking(move || fs::symlink_metadata(path).map(|about| look(&about))).await?;
        Ok(match reading.await.map_err(|_| StoreError::Worker)? {
            _ if now.ok() != Some(file.look) => Reading::Changed,
            Ok(()) => Reading::Whole(received),
            Err(error) => Reading::Failed(error),
        })
    }

    async fn finish_file(
        &self,
        platform: &FederatedPlatform,
        file: &Found,
        digest: [u8; 32],
        received: Received,
        fault: Option<Fault>,
    ) -> Result<(), StoreError> {
        let id = &platform.platform.id;
        let records = received.registered + received.known + received.updates + received.revised + received.quarantined;
        let dropped = DroppedFile {
            platform: id.clone(),
            digest,
            name: file.name.clone(),
            records: i64::try_from(records).unwrap_or(i64::MAX),
            quarantined: i64::try_from(received.quarantined).unwrap_or(i64::MAX),
            error: fault.as_ref().map(|fault| format!("{}: {}", fault.code, fault.message)),
            finished_at: self.now(),
        };
        // Its name may say whose letter it is.
        tracing::info!(platform = id, digest = hex(&digest[..6]), ?received, error = dropped.error, "file taken in");
        self.0.store.run(move |store| store.transaction(|c| drops::keep(c, &dropped))).await?;
        self.note_exchange(id, fault).await.map(|_| ())
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| StoreError::Worker)
}

fn look(about: &fs::Metadata) -> Look {
    (about.len(), about.modified().ok().map(DateTime::from))
}

/// Regular files, oldest first; links are not followed, and folders and hidden files are passed over.
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
        if about.is_file() && !name.starts_with('.') {
            found.push(Found { name, path: entry.path(), look: look(&about) });
        }
    }
    found.sort_by(|a, b| (a.look.1, &a.name).cmp(&(b.look.1, &b.name)));
    Ok(found)
}

fn is_unfinished(name: &str) -> bool {
    let name = name.to_lowercase();
    UNFINISHED.iter().any(|ending| name.ends_with(ending))
}

fn digest(path: &Path) -> io::Result<[u8; 32]> {
    let mut file = File::open(path)?;
    if file.metadata()?.len() > MAX_FILE {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the file is larger than is taken"));
    }
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0; 1 << 20]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finalize().into()),
            length => hasher.update(&buffer[..length]),
        }
    }
}

/// Moves a file without writing over another.
fn put_away(path: &Path, folder: &Path, name: &str, digest: &[u8; 32]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let target = folder.join(name);
    let target = if target.exists() { folder.join(format!("{}-{name}", hex(&digest[..6]))) } else { target };
    fs::rename(path, target)
}
