//! What the gateway remembers about each platform: its state and how far its pulls got.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use super::{
    Connection, StoreError,
    connection::each_backend,
    schema::{platform_errors, platform_states, pull_cursors},
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

/// A class of things that went wrong with a platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorCount {
    pub platform: String,
    /// A stable word.
    pub code: String,
    pub count: i64,
    /// The newest, in a sentence; nothing personal.
    pub message: String,
    pub last_at: DateTime<Utc>,
}

/// Counts an error of a platform under its class.
pub fn count_error(
    connection: &mut Connection<'_>,
    platform: &str,
    code: &str,
    message: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    each_backend!(connection, c => diesel::insert_into(platform_errors::table)
        .values((
            platform_errors::platform.eq(platform),
            platform_errors::code.eq(code),
            platform_errors::count.eq(1_i64),
            platform_errors::message.eq(message),
            platform_errors::last_at.eq(stored(now)),
        ))
        .on_conflict((platform_errors::platform, platform_errors::code))
        .do_update()
        .set((
            platform_errors::count.eq(platform_errors::count + 1_i64),
            platform_errors::message.eq(message),
            platform_errors::last_at.eq(stored(now)),
        ))
        .execute(c))?;
    Ok(())
}

/// What went wrong with every platform, newest first.
pub fn errors(connection: &mut Connection<'_>) -> Result<Vec<ErrorCount>, StoreError> {
    let rows: Vec<(String, String, i64, String, NaiveDateTime)> = each_backend!(connection, c => platform_errors::table
        .order((platform_errors::platform, platform_errors::last_at.desc(), platform_errors::code))
        .load(c))?;
    Ok(rows
        .into_iter()
        .map(|(platform, code, count, message, at)| ErrorCount { platform, code, count, message, last_at: at.and_utc() })
        .collect())
}
