//! Records that could not be registered: kept sealed until the mapping is mended, and then offered again.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use super::{
    Connection, StoreError,
    connection::each_backend,
    schema::quarantine,
    seal::Sealer,
    stored,
    tallies::{self, Subject},
};

/// What the raw bytes of a record are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// A record of the platform, and the adapter's mapping it belongs to.
    Record { mapping: String },
    /// A submission in exchange format that was refused.
    Submission,
    /// A case update in exchange format that was refused.
    Update,
    /// A withdrawal of a filing that is not registered.
    Withdrawal,
    /// A record of the platform that no route took.
    Unrouted,
}

const RECORD: &str = "mapping:";

impl Form {
    fn store(&self) -> String {
        match self {
            Self::Record { mapping } => format!("{RECORD}{mapping}"),
            Self::Submission => "submission".to_owned(),
            Self::Update => "update".to_owned(),
            Self::Withdrawal => "withdrawal".to_owned(),
            Self::Unrouted => "unrouted".to_owned(),
        }
    }

    fn read(text: &str) -> Self {
        match (text, text.strip_prefix(RECORD)) {
            (_, Some(mapping)) => Self::Record { mapping: mapping.to_owned() },
            ("submission", _) => Self::Submission,
            ("update", _) => Self::Update,
            ("withdrawal", _) => Self::Withdrawal,
            _ => Self::Unrouted,
        }
    }
}

/// A record that could not be registered.
#[derive(Clone, Debug)]
pub struct Quarantined {
    pub platform: String,
    /// SHA-256 of the raw bytes; the same record again is kept once.
    pub digest: [u8; 32],
    /// The platform's own number where it could be read, else the digest.
    pub source_ref: String,
    pub form: Form,
    pub raw: Vec<u8>,
    /// Field, expression or code; nothing personal.
    pub error: String,
    pub received_at: DateTime<Utc>,
}

/// A [`Quarantined`] record as lists show it: without its raw bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub platform: String,
    pub source_ref: String,
    pub error: String,
    pub received_at: DateTime<Utc>,
}

/// A [`Quarantined`] record to be offered again.
#[derive(Clone, Debug)]
pub struct Held {
    pub digest: Vec<u8>,
    pub form: Form,
    pub raw: Vec<u8>,
}

/// Names a record among all: platforms' ids hold no colon.
fn id(platform: &str, digest: &[u8]) -> String {
    format!("{platform}:{}", crate::audit::hex(digest))
}

fn context(platform: &str, digest: &[u8]) -> String {
    format!("quarantine:{}", id(platform, digest))
}

/// Keeps a record sealed. The same bytes from the same platform are kept once, with the newest form and error; `true` if they
/// were not there.
pub fn keep(connection: &mut Connection<'_>, sealer: &Sealer, record: &Quarantined) -> Result<bool, StoreError> {
    let there: i64 = each_backend!(connection, c => quarantine::table
        .filter(quarantine::platform.eq(&record.platform))
        .filter(quarantine::digest.eq(&record.digest[..]))
        .count()
        .get_result(c))?;
    let raw = sealer.seal(&context(&record.platform, &record.digest), &record.raw)?;
    // U+0000 may be why the record is here, and PostgreSQL would not take it here either.
    let (source_ref, error) = (record.source_ref.replace('\0', ""), record.error.replace('\0', ""));
    each_backend!(connection, c => diesel::insert_into(quarantine::table)
        .values((
            quarantine::platform.eq(&record.platform),
            quarantine::digest.eq(&record.digest[..]),
            quarantine::id.eq(id(&record.platform, &record.digest)),
            quarantine::source_ref.eq(&source_ref),
            quarantine::form.eq(record.form.store()),
            quarantine::raw.eq(&raw),
            quarantine::error.eq(&error),
            quarantine::received_at.eq(stored(record.received_at)),
        ))
        .on_conflict((quarantine::platform, quarantine::digest))
        .do_update()
        .set((
            quarantine::form.eq(record.form.store()),
            quarantine::error.eq(&error),
            quarantine::received_at.eq(stored(record.received_at)),
        ))
        .execute(c))?;
    Ok(there == 0)
}

/// The newest records, of one platform or of all, at most `limit`.
pub fn list(connection: &mut Connection<'_>, platform: Option<&str>, limit: i64) -> Result<Vec<Entry>, StoreError> {
    let rows: Vec<(String, String, String, NaiveDateTime)> = each_backend!(connection, c => {
        let mut query = quarantine::table
            .select((quarantine::platform, quarantine::source_ref, quarantine::error, quarantine::received_at))
            .into_boxed();
        if let Some(platform) = platform {
            query = query.filter(quarantine::platform.eq(platform));
        }
        query.order((quarantine::received_at.desc(), quarantine::platform, quarantine::source_ref)).limit(limit).load(c)
    })?;
    Ok(rows.into_iter().map(|(platform, source_ref, error, at)| Entry { platform, source_ref, error, received_at: at.and_utc() }).collect())
}

/// One platform's records by digest, the first `limit` after `after`: an order that offering them again does not change.
pub fn after(connection: &mut Connection<'_>, sealer: &Sealer, platform: &str, after: &[u8], limit: i64) -> Result<Vec<Held>, StoreError> {
    let rows: Vec<(Vec<u8>, String, Vec<u8>)> = each_backend!(connection, c => quarantine::table
        .filter(quarantine::platform.eq(platform))
        .filter(quarantine::digest.gt(after))
        .order(quarantine::digest)
        .limit(limit)
        .select((quarantine::digest, quarantine::form, quarantine::raw))
        .load(c))?;
    rows.into_iter()
        .map(|(digest, form, raw)| {
            let raw = sealer.open(&context(platform, &digest), &raw)?;
            Ok(Held { digest, form: Form::read(&form), raw })
        })
        .collect()
}

/// Lets a record go that is registered now.
pub fn release(connection: &mut Connection<'_>, platform: &str, digest: &[u8]) -> Result<(), StoreError> {
    each_backend!(connection, c => diesel::delete(quarantine::table)
        .filter(quarantine::platform.eq(platform))
        .filter(quarantine::digest.eq(digest))
        .execute(c))?;
    Ok(())
}

/// Removes the records that name a filing by its number.
pub(super) fn erase(connection: &mut Connection<'_>, platform: &str, source_id: &str) -> Result<(), StoreError> {
    each_backend!(connection, c => diesel::delete(quarantine::table)
        .filter(quarantine::platform.eq(platform))
        .filter(quarantine::source_ref.eq(source_id))
        .execute(c))?;
    Ok(())
}

/// How many records of each platform are kept.
pub fn counts(connection: &mut Connection<'_>) -> Result<Vec<(String, i64)>, StoreError> {
    Ok(tallies::of(connection, Subject::Quarantined)?.into_iter().map(|counted| (counted.platform, counted.count)).collect())
}
