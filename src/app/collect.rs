//! Files that a platform drops into a folder, here or on an SFTP server: read once each, whole, and put away.
//!
//! A file is taken when it has not changed since the last look and its name does not say that it is still being written. It is
//! known by its content: renamed, or dropped again, it is not read again. When all its records are registered, known or in
//! quarantine it is moved into `done`, and into `failed` if it could not be read at all. A crash in between reads it again from
//! its start, which changes nothing that was registered. Nothing of a file on a server is written to this machine's disks: it is
//! fetched once for its digest, and again for its records if it is new.

mod folder;

use std::{
    collections::{HashMap, HashSet},
    io::{self, BufReader},
    sync::Arc,
};

use tokio::sync::mpsc;

pub use self::folder::FolderError;
use self::folder::{Found, Look, Opened, blocking, digest};
use super::{
    DropFolder, FederatedPlatform, Gateway,
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
    #[error(transparent)]
    Folder(#[from] FolderError),
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

/// What the last look saw. Lost with the process, which costs one more look.
#[derive(Debug, Default)]
pub struct Sightings {
    seen: HashMap<String, Look>,
    /// Done with, but they could not be moved away.
    stuck: HashSet<(String, Look)>,
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
        let folder = platform.folder.as_ref().ok_or(CollectError::NoFolder)?;
        let collected = self.collect_from(platform, folder, sightings).await;
        if let Err(CollectError::Folder(error)) = &collected
            && let Some(code) = error.code()
        {
            self.note_exchange(&platform.platform.id, Some(Fault::new(code, error).unavailable())).await?;
        }
        collected
    }

    async fn collect_from(
        &self,
        platform: &Arc<FederatedPlatform>,
        folder: &DropFolder,
        sightings: &mut Sightings,
    ) -> Result<Collected, CollectError> {
        let folder = self.open_folder(folder).await?;
        let found = folder.list().await?;
        self.note_exchange(&platform.platform.id, None).await?;
        let mut collected = Collected::default();
        let before = std::mem::take(&mut sightings.seen);
        sightings.seen.extend(found.iter().map(|file| (file.name.clone(), file.look)));
        sightings.stuck.retain(|(name, look)| found.iter().any(|file| file.name == *name && file.look == *look));
        for file in found {
            if sightings.stuck.contains(&(file.name.clone(), file.look)) {
                continue;
            }
            if before.get(&file.name) != Some(&file.look) || is_unfinished(&file.name) {
                collected.waiting += 1;
                continue;
            }
            if !self.collect_one(platform, &folder, &file, &mut collected).await? {
                sightings.stuck.insert((file.name, file.look));
            }
        }
        Ok(collected)
    }

    /// `false` if there is nothing more to do about the file, and yet it lies there.
    async fn collect_one(
        &self,
        platform: &Arc<FederatedPlatform>,
        folder: &Opened,
        file: &Found,
        collected: &mut Collected,
    ) -> Result<bool, CollectError> {
        let id = platform.platform.id.clone();
        if file.look.0 > MAX_FILE {
            collected.failed += 1;
            self.count_fault(&id, Fault::new(FileError::TooLarge.code(), &FileError::TooLarge)).await?;
            return Ok(false);
        }
        let digest = match digest_of(folder, file).await? {
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
            None => match self.read_file(platform, folder, file).await? {
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
        let moved = folder.put_away(&file.name, if readable { "done" } else { "failed" }, &digest).await?;
        if let Err(error) = &moved {
            tracing::warn!(platform = platform.platform.id, error = error as &dyn std::error::Error, "a file that is done with stays");
        }
        Ok(moved.is_ok())
    }

    /// Reads a file on a thread of its own and takes its records in as they come.
    async fn read_file(&self, platform: &Arc<FederatedPlatform>, folder: &Opened, file: &Found) -> Result<Reading, CollectError> {
        let adapter = Arc::clone(platform.adapter()?);
        let (sender, mut chunks) = mpsc::channel::<Vec<Mapped>>(2);
        let mut content = match folder.open(file).await? {
            Ok(content) => content,
            Err(error) => return Ok(Reading::Failed(error.into())),
        };
        let (reader, name) = (content.reader(), file.name.clone());
        let reading = tokio::task::spawn_blocking(move || -> Result<(), FileError> {
            let mut records = adapter.file(&name, BufReader::with_capacity(1 << 20, reader))?;
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
        let read = reading.await.map_err(|_| StoreError::Worker)?;
        content.end().await?;
        Ok(match read {
            _ if folder.look(&file.name).await? != Some(file.look) => Reading::Changed,
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
            name: extension(&file.name),
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

async fn digest_of(folder: &Opened, file: &Found) -> Result<io::Result<[u8; 32]>, FolderError> {
    let mut content = match folder.open(file).await? {
        Ok(content) => content,
        Err(error) => return Ok(Err(error)),
    };
    let reader = content.reader();
    let found = blocking(move || digest(reader)).await?;
    content.end().await?;
    Ok(found)
}

fn is_unfinished(name: &str) -> bool {
    let name = name.to_lowercase();
    UNFINISHED.iter().any(|ending| name.ends_with(ending))
}

/// What is kept of a file's name, which may be a person's: its extension.
fn extension(name: &str) -> String {
    let after = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    after.chars().filter(char::is_ascii_alphanumeric).take(8).collect()
}
