//! Lists as files: written to a temporary file, digested, and recorded in the audit log before a byte of them leaves.

mod lists;
#[cfg(feature = "parquet")]
mod parquet;
mod table;
mod xlsx;

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read, Seek},
    sync::Arc,
};

use futures_util::{Stream, stream};
use sha2::{Digest, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    AppError, Gateway,
    query::{CaseFilter, DeadlineFilter, DuplicateFilter, IndicatorQuery, MAX_LIMIT, Page},
    view::{AuditEntry, ExportManifest, ExportView, ModelReference},
};
use crate::{
    audit::{Entry, hex, sha256},
    config::ExportConfig,
    domain::id,
    store::{audit, exports},
};
use table::{Cell, Column, Writer};
pub use table::{Format, TableError};

/// Bytes of a file handed on at a time.
const CHUNK: usize = 64 * 1024;

/// What is exported.
#[derive(Clone, Debug)]
pub enum Export {
    Duplicates(DuplicateFilter),
    Cases(CaseFilter),
    Deadlines(DeadlineFilter),
    Indicators(IndicatorQuery),
}

impl Export {
    /// The list's name in addresses and file names.
    pub const fn list(&self) -> &'static str {
        match self {
            Self::Duplicates(_) => "duplicates",
            Self::Cases(_) => "cases",
            Self::Deadlines(_) => "deadlines",
            Self::Indicators(_) => "indicators",
        }
    }

    fn columns(&self) -> &'static [Column] {
        match self {
            Self::Duplicates(filter) if filter.with_text => lists::DUPLICATES_WITH_TEXT,
            Self::Duplicates(_) => lists::DUPLICATES,
            Self::Cases(_) => lists::CASES,
            Self::Deadlines(_) => lists::DEADLINES,
            Self::Indicators(_) => lists::INDICATORS,
        }
    }
}

/// An export that is asked for.
#[derive(Clone, Debug)]
pub struct ExportOrder {
    pub export: Export,
    pub format: Format,
    /// Begin CSV with a byte order mark.
    pub bom: bool,
    /// What was asked for, in the asker's words.
    pub query: BTreeMap<String, String>,
    /// Who asks.
    pub actor: String,
}

#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error(transparent)]
    App(#[from] AppError),
    #[error(transparent)]
    Table(#[from] TableError),
    #[error("as many exports are being made as may be")]
    Busy,
    #[error("the thread that made the export failed")]
    Worker,
}

impl From<io::Error> for ExportError {
    fn from(error: io::Error) -> Self {
        Self::Table(error.into())
    }
}

/// How much may be exported, and how much at once.
pub(super) struct Exports {
    max_rows: u64,
    slots: Arc<Semaphore>,
}

impl Exports {
    pub fn new(config: &ExportConfig) -> Self {
        Self { max_rows: config.max_rows, slots: Arc::new(Semaphore::new(config.concurrency)) }
    }
}

/// A file that is ready, and its manifest, which is recorded.
pub struct Exported {
    pub manifest: ExportManifest,
    file: File,
    /// Held until the file has gone: it takes room on the disk as long.
    slot: OwnedSemaphorePermit,
}

impl Exported {
    /// What the file is called where it is kept.
    pub fn file_name(&self) -> String {
        let day = crate::domain::indicator::local_day(self.manifest.made_at);
        format!("onecase-{}-{day}.{}", self.manifest.list, self.manifest.format.extension())
    }

    /// The file in pieces; it is gone after the last one.
    pub fn into_chunks(self) -> impl Stream<Item = io::Result<Vec<u8>>> {
        let (file, slot) = (self.file, self.slot);
        stream::try_unfold((file, slot), |(mut file, slot)| async move {
            let read = tokio::task::spawn_blocking(move || {
                let mut chunk = vec![0; CHUNK];
                let length = file.read(&mut chunk)?;
                chunk.truncate(length);
                io::Result::Ok((chunk, file))
            });
            let (chunk, file) = read.await.map_err(io::Error::other)??;
            Ok((!chunk.is_empty()).then_some((chunk, (file, slot))))
        })
    }
}

impl Gateway {
    /// Writes a list to a file, records the manifest, and hands both over.
    ///
    /// # Errors
    /// If too many exports are being made, the store cannot be read or the file cannot be written. Nothing is recorded then.
    pub async fn export(&self, order: ExportOrder) -> Result<Exported, ExportError> {
        let slot = Arc::clone(&self.0.exports.slots).try_acquire_owned().map_err(|_| ExportError::Busy)?;
        let (gateway, runtime) = (self.clone(), tokio::runtime::Handle::current());
        let work = move || {
            let written = gateway.write_export(&order, &runtime)?;
            let manifest = gateway.record_export(order, &written)?;
            Ok(Exported { manifest, file: written.file, slot })
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| ExportError::Worker)?
    }

    fn write_export(&self, order: &ExportOrder, runtime: &tokio::runtime::Handle) -> Result<Written, ExportError> {
        let mut file = tempfile::tempfile()?;
        let mut writer = Writer::new(order.format, order.export.columns(), file.try_clone()?, order.bom)?;
        let most = self.0.exports.max_rows.min(order.format.max_rows());
        let (mut rows, mut complete, mut after) = (0, false, None);
        while rows < most && !complete {
            let (cells, next) = runtime.block_on(self.export_page(&order.export, Page { limit: MAX_LIMIT, after }))?;
            for cells in cells.iter().take(usize::try_from(most - rows).unwrap_or(usize::MAX)) {
                writer.row(cells)?;
            }
            let read = cells.len() as u64;
            complete = next.is_none() && rows + read <= most;
            rows = (rows + read).min(most);
            after = next;
        }
        writer.finish()?;
        let bytes = file.stream_position()?.max(file.metadata()?.len());
        file.rewind()?;
        let mut digest = Sha256::new();
        let mut chunk = vec![0; CHUNK];
        loop {
            match file.read(&mut chunk)? {
                0 => break,
                length => digest.update(&chunk[..length]),
            }
        }
        file.rewind()?;
        Ok(Written { file, rows, complete, bytes, sha256: hex(&digest.finalize()) })
    }

    /// Some rows of a list, and where it goes on.
    async fn export_page(&self, export: &Export, page: Page) -> Result<(Vec<Vec<Cell>>, Option<String>), AppError> {
        Ok(match export {
            Export::Duplicates(filter) => {
                let found = self.duplicates(filter.clone(), page).await?;
                (found.items.iter().map(|view| lists::duplicate(view, filter.with_text)).collect(), found.next_cursor)
            }
            Export::Cases(filter) => {
                let found = self.cases(filter.clone(), page).await?;
                (found.items.iter().map(lists::case).collect(), found.next_cursor)
            }
            Export::Deadlines(filter) => {
                let found = self.deadlines(filter.clone(), page).await?;
                (found.items.iter().map(lists::deadline).collect(), found.next_cursor)
            }
            Export::Indicators(query) => (lists::indicators(&self.indicators(query.clone()).await?), None),
        })
    }

    /// Keeps the manifest and a leaf about it, in one transaction.
    fn record_export(&self, order: ExportOrder, written: &Written) -> Result<ExportManifest, AppError> {
        let now = self.now();
        let manifest = ExportManifest {
            id: id::new_id(now),
            list: order.export.list().to_owned(),
            format: order.format,
            query: order.query,
            columns: order.export.columns().iter().map(|(name, _)| (*name).to_owned()).collect(),
            rows: written.rows,
            complete: written.complete,
            bytes: written.bytes,
            sha256: written.sha256.clone(),
            model: ModelReference { name: self.0.model.name().to_owned(), digest: self.0.model.digest().to_owned() },
            made_by: order.actor,
            made_at: now,
        };
        // A struct of strings and numbers always serialises.
        let statement = serde_json::to_string(&manifest).unwrap_or_default();
        let leaf = Entry {
            at: now,
            action: "export.made",
            subject: manifest.id.clone(),
            actor: manifest.made_by.clone(),
            digest: sha256(statement.as_bytes()),
        };
        self.store().transaction(|c| {
            exports::insert(c, &manifest.id, &manifest.sha256, &statement, now)?;
            audit::append(c, &[leaf])?;
            Ok::<_, AppError>(())
        })?;
        Ok(manifest)
    }

    /// The manifest of an export, named by its id or by its file's SHA-256, with the leaf that proves it.
    pub async fn export_manifest(&self, name: &str) -> Result<Option<ExportView>, AppError> {
        let name = name.to_owned();
        self.read(move |_, c| {
            let Some((id, statement)) = exports::find(c, &name)? else { return Ok(None) };
            let manifest = serde_json::from_str(&statement)
                .map_err(|source| crate::store::StoreError::Corrupt { what: "export", source: Box::new(source) })?;
            let size = audit::size(c)?;
            let leaf = audit::read(c, Some(&id), 0, size, 1)?.pop().map(AuditEntry::from);
            Ok(Some(ExportView { manifest, statement, leaf }))
        })
        .await
    }
}

/// A file as it was written.
struct Written {
    file: File,
    rows: u64,
    complete: bool,
    bytes: u64,
    sha256: String,
}
