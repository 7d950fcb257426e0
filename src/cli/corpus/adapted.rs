//! Files in a platform's own form, read through its adapter as flat rows.

use std::{
    fs::File,
    io::{BufReader, Read},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, sync_channel},
    },
};

use super::{CorpusError, FlatRow};
use crate::{
    adapter::{Adapter, Inbound},
    domain::submission::{PetitionerRole, Submission},
};

/// Rows mapped ahead of their reader.
const AHEAD: usize = 1_024;

/// The rows of one file. The adapter works on a thread of its own, a bounded number of rows ahead.
pub struct AdaptedRows {
    rows: Receiver<Result<FlatRow, CorpusError>>,
    bytes: Arc<AtomicU64>,
}

struct Counted<R> {
    inner: R,
    bytes: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.bytes.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

impl AdaptedRows {
    pub fn open(adapter: Arc<Adapter>, path: &Path) -> Result<Self, CorpusError> {
        let failed = |source| CorpusError::File { path: path.to_path_buf(), source };
        let bytes = Arc::new(AtomicU64::new(0));
        let file = Counted { inner: File::open(path).map_err(failed)?, bytes: Arc::clone(&bytes) };
        let (sender, rows) = sync_channel(AHEAD);
        let path = path.to_path_buf();
        std::thread::spawn(move || {
            // A reader that has gone away wants no more rows.
            let _ = map(&adapter, &path, file, &mut |row| sender.send(row).is_ok());
        });
        Ok(Self { rows, bytes })
    }

    pub fn next_row(&mut self) -> Result<Option<FlatRow>, CorpusError> {
        self.rows.recv().ok().transpose()
    }

    pub fn bytes_read(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// Hands every row out until the receiver wants no more.
fn map(adapter: &Adapter, path: &Path, file: impl Read, send: &mut dyn FnMut(Result<FlatRow, CorpusError>) -> bool) -> Option<()> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let records = match adapter.file(&name, BufReader::with_capacity(1 << 20, file)) {
        Ok(records) => records,
        Err(error) => {
            send(Err(CorpusError::Usage(format!("{}: {error}", path.display()))));
            return None;
        }
    };
    for record in records {
        let row = match record {
            Ok(Ok(Inbound::Submission(submission))) => Ok(flat(adapter.name(), &submission)),
            // What does not map is a row with its number alone: it shares with nobody, and is not dropped.
            Ok(Err(unmapped)) => {
                let mut row = FlatRow::default();
                row.set("id", unmapped.source_ref.as_deref().unwrap_or_default());
                Ok(row)
            }
            Ok(Ok(Inbound::Update(_) | Inbound::Withdrawal(_))) => continue,
            Err(source) => Err(CorpusError::File { path: path.to_path_buf(), source }),
        };
        let broken = row.is_err();
        if !send(row) || broken {
            return None;
        }
    }
    Some(())
}

/// A submission as a flat row; of several people the first petitioner counts.
fn flat(platform: &str, submission: &Submission) -> FlatRow {
    let mut row = FlatRow::default();
    let mut set = |column: &str, value: Option<&str>| {
        row.set(column, value.unwrap_or_default());
    };
    set("id", Some(&submission.source_id));
    set("platform", Some(platform));
    set("channel", Some(submission.channel.as_str()));
    set("submitted_at", Some(&submission.submitted_at.to_rfc3339()));
    let first = submission.petitioners.iter().find(|p| p.role == PetitionerRole::Petitioner).or_else(|| submission.petitioners.first());
    if let Some(person) = first {
        set("account", person.account.as_deref());
        set("name", person.name.as_deref());
        set("id_number", person.id_document.as_ref().map(|document| document.number.as_str()));
        set("phone", person.phone.as_deref());
        set("birth_date", person.birth_date.map(|date| date.to_string()).as_deref());
        set("address", person.address.as_deref());
    }
    set("division", submission.division.as_deref());
    set("category", submission.category.as_deref());
    set("subject", Some(&submission.subject));
    set("content", Some(&submission.content));
    if let Some(point) = &submission.location {
        set("longitude", Some(&point.coordinates.0.to_string()));
        set("latitude", Some(&point.coordinates.1.to_string()));
    }
    set("place", submission.place.as_deref());
    set("respondent", submission.respondent.as_ref().and_then(|r| r.organization.as_deref().or(r.name.as_deref())));
    row
}
