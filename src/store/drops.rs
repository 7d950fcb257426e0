//! Files platforms dropped, by content: what is done with is not read again, under whatever name it comes.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::{Connection, StoreError, connection::each_backend, schema::dropped_files, stored};

/// A file that is done with.
#[derive(Clone, Debug)]
pub struct DroppedFile {
    pub platform: String,
    /// SHA-256 of the whole content.
    pub digest: [u8; 32],
    /// The extension of the name it had when it was read; the name itself may be a person's.
    pub name: String,
    pub records: i64,
    pub quarantined: i64,
    /// Why it could not be read at all: a stable word and a sentence.
    pub error: Option<String>,
    pub finished_at: DateTime<Utc>,
}

/// Whether a file of this content is done with, and if so whether it could be read.
pub fn find(connection: &mut Connection<'_>, platform: &str, digest: &[u8; 32]) -> Result<Option<bool>, StoreError> {
    let error: Option<Option<String>> = each_backend!(connection, c => dropped_files::table
        .find((platform, &digest[..]))
        .select(dropped_files::error)
        .first(c)
        .optional())?;
    Ok(error.map(|error| error.is_none()))
}

/// Remembers a file; one that could not be read before may be read now.
pub fn keep(connection: &mut Connection<'_>, file: &DroppedFile) -> Result<(), StoreError> {
    let set = (
        dropped_files::name.eq(&file.name),
        dropped_files::records.eq(file.records),
        dropped_files::quarantined.eq(file.quarantined),
        dropped_files::error.eq(&file.error),
        dropped_files::finished_at.eq(stored(file.finished_at)),
    );
    each_backend!(connection, c => diesel::insert_into(dropped_files::table)
        .values((dropped_files::platform.eq(&file.platform), dropped_files::digest.eq(&file.digest[..]), set))
        .on_conflict((dropped_files::platform, dropped_files::digest))
        .do_update()
        .set(set)
        .execute(c))?;
    Ok(())
}

/// Extensions of a platform's files and how many records each had, newest first.
pub fn list(connection: &mut Connection<'_>, platform: &str, limit: i64) -> Result<Vec<(String, i64, Option<String>)>, StoreError> {
    Ok(each_backend!(connection, c => dropped_files::table
        .filter(dropped_files::platform.eq(platform))
        .order((dropped_files::finished_at.desc(), dropped_files::name))
        .limit(limit)
        .select((dropped_files::name, dropped_files::records, dropped_files::error))
        .load(c))?)
}
