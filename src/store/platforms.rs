//! What the gateway remembers about each platform: its state, how far its pulls got, and records that did not map.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use super::{
    Connection, StoreError,
    connection::each_backend,
    schema::{platform_states, pull_cursors, quarantine},
    seal::Sealer,
    stored,
};

/// How the exchange with a platform goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlatformState {
    pub platform: String,
    pub last_success_at: Option<DateTime<Utc>>,
    pub last_failure_at: Option<DateTime<Utc>>,
    /// A stable code and a sentence.
    pub last_error: Option<String>,
    pub consecutive_failures: i32,
    /// Until then nothing is sent but a probe.
    pub circuit_open_until: Option<DateTime<Utc>>,
}

#[derive(Insertable, AsChangeset, Queryable, Selectable)]
#[diesel(table_name = platform_states, treat_none_as_null = true, treat_none_as_default_value = false)]
struct PlatformStateRow {
    platform: String,
    last_success_at: Option<NaiveDateTime>,
    last_failure_at: Option<NaiveDateTime>,
    last_error: Option<String>,
    consecutive_failures: i32,
    circuit_open_until: Option<NaiveDateTime>,
}

impl From<PlatformStateRow> for PlatformState {
    fn from(row: PlatformStateRow) -> Self {
        Self {
            platform: row.platform,
            last_success_at: row.last_success_at.map(|at| at.and_utc()),
            last_failure_at: row.last_failure_at.map(|at| at.and_utc()),
            last_error: row.last_error,
            consecutive_failures: row.consecutive_failures,
            circuit_open_until: row.circuit_open_until.map(|at| at.and_utc()),
        }
    }
}

pub fn states(connection: &mut Connection<'_>) -> Result<Vec<PlatformState>, StoreError> {
    let rows: Vec<PlatformStateRow> = each_backend!(connection, c => platform_states::table
        .order(platform_states::platform)
        .select(PlatformStateRow::as_select())
        .load(c))?;
    Ok(rows.into_iter().map(PlatformState::from).collect())
}

pub fn state(connection: &mut Connection<'_>, platform: &str) -> Result<PlatformState, StoreError> {
    let row: Option<PlatformStateRow> = each_backend!(connection, c => platform_states::table
        .find(platform)
        .select(PlatformStateRow::as_select())
        .first(c)
        .optional())?;
    Ok(row.map_or_else(|| PlatformState { platform: platform.to_owned(), ..PlatformState::default() }, PlatformState::from))
}

pub fn save_state(connection: &mut Connection<'_>, state: &PlatformState) -> Result<(), StoreError> {
    let row = PlatformStateRow {
        platform: state.platform.clone(),
        last_success_at: state.last_success_at.map(stored),
        last_failure_at: state.last_failure_at.map(stored),
        last_error: state.last_error.clone(),
        consecutive_failures: state.consecutive_failures,
        circuit_open_until: state.circuit_open_until.map(stored),
    };
    each_backend!(connection, c => diesel::insert_into(platform_states::table)
        .values(&row)
        .on_conflict(platform_states::platform)
        .do_update()
        .set(&row)
        .execute(c))?;
    Ok(())
}

/// How far a pull got.
pub fn cursor(connection: &mut Connection<'_>, platform: &str, pull: &str) -> Result<Option<String>, StoreError> {
    let position: Option<Option<String>> = each_backend!(connection, c => pull_cursors::table
        .find((platform, pull))
        .select(pull_cursors::position)
        .first(c)
        .optional())?;
    Ok(position.flatten())
}

/// When each platform's pulls last got on.
pub fn last_pulled(connection: &mut Connection<'_>) -> Result<std::collections::HashMap<String, DateTime<Utc>>, StoreError> {
    let rows: Vec<(String, Option<NaiveDateTime>)> = each_backend!(connection, c => pull_cursors::table
        .group_by(pull_cursors::platform)
        .select((pull_cursors::platform, diesel::dsl::max(pull_cursors::updated_at)))
        .load(c))?;
    Ok(rows.into_iter().filter_map(|(platform, at)| Some((platform, at?.and_utc()))).collect())
}

pub fn save_cursor(
    connection: &mut Connection<'_>,
    platform: &str,
    pull: &str,
    position: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    each_backend!(connection, c => diesel::insert_into(pull_cursors::table)
        .values((
            pull_cursors::platform.eq(platform),
            pull_cursors::pull.eq(pull),
            pull_cursors::position.eq(position),
            pull_cursors::updated_at.eq(stored(now)),
        ))
        .on_conflict((pull_cursors::platform, pull_cursors::pull))
        .do_update()
        .set((pull_cursors::position.eq(position), pull_cursors::updated_at.eq(stored(now))))
        .execute(c))?;
    Ok(())
}

/// A record that could not be registered, kept until the mapping is mended.
#[derive(Clone, Debug)]
pub struct Quarantined {
    pub platform: String,
    /// SHA-256 of the raw bytes; the same record again is kept once.
    pub digest: [u8; 32],
    /// The platform's own number where it could be read, else the digest.
    pub source_ref: String,
    pub raw: Vec<u8>,
    /// Field, expression or code; nothing personal.
    pub error: String,
    pub received_at: DateTime<Utc>,
}

/// A [`Quarantined`] record as lists show it: without its raw bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantineEntry {
    pub platform: String,
    pub source_ref: String,
    pub error: String,
    pub received_at: DateTime<Utc>,
}

/// Keeps a record sealed. The same bytes from the same platform are kept once, with the newest error.
pub fn keep_in_quarantine(connection: &mut Connection<'_>, sealer: &Sealer, record: &Quarantined) -> Result<(), StoreError> {
    let raw = sealer.seal(&format!("quarantine:{}", record.platform), &record.raw)?;
    each_backend!(connection, c => diesel::insert_into(quarantine::table)
        .values((
            quarantine::platform.eq(&record.platform),
            quarantine::digest.eq(&record.digest[..]),
            quarantine::source_ref.eq(&record.source_ref),
            quarantine::raw.eq(&raw),
            quarantine::error.eq(&record.error),
            quarantine::received_at.eq(stored(record.received_at)),
        ))
        .on_conflict((quarantine::platform, quarantine::digest))
        .do_update()
        .set((quarantine::error.eq(&record.error), quarantine::received_at.eq(stored(record.received_at))))
        .execute(c))?;
    Ok(())
}

/// One platform's newest quarantined records, at most `limit`.
pub fn quarantined(connection: &mut Connection<'_>, platform: &str, limit: i64) -> Result<Vec<QuarantineEntry>, StoreError> {
    let rows: Vec<(String, String, String, NaiveDateTime)> = each_backend!(connection, c => quarantine::table
        .filter(quarantine::platform.eq(platform))
        .order((quarantine::received_at.desc(), quarantine::source_ref))
        .limit(limit)
        .select((quarantine::platform, quarantine::source_ref, quarantine::error, quarantine::received_at))
        .load(c))?;
    Ok(rows
        .into_iter()
        .map(|(platform, source_ref, error, at)| QuarantineEntry { platform, source_ref, error, received_at: at.and_utc() })
        .collect())
}

/// How many records each platform has in quarantine.
pub fn quarantine_counts(connection: &mut Connection<'_>) -> Result<Vec<(String, i64)>, StoreError> {
    Ok(each_backend!(connection, c => quarantine::table
        .group_by(quarantine::platform)
        .select((quarantine::platform, diesel::dsl::count_star()))
        .load(c))?)
}
