//! The attempts at a delivery, as the evidence of what was sent and answered.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use super::{Connection, Page, StoreError, connection::each_backend, schema::delivery_attempts, stored};

/// How one attempt ended.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub number: i32,
    pub started_at: DateTime<Utc>,
    pub duration_ms: i64,
    /// `delivered`, `retry`, `rejected`, `skipped`.
    pub outcome: String,
    pub http_status: Option<i32>,
    /// A stable code and a sentence without personal data.
    pub error: Option<String>,
    /// SHA-256 of the bytes sent and of the answer's body: what proves the delivery.
    pub request_digest: Option<Vec<u8>>,
    pub response_digest: Option<Vec<u8>>,
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = delivery_attempts, treat_none_as_default_value = false)]
pub(super) struct AttemptRow {
    pub(super) delivery_id: String,
    pub(super) number: i32,
    pub(super) started_at: NaiveDateTime,
    pub(super) duration_ms: i64,
    pub(super) outcome: String,
    pub(super) http_status: Option<i32>,
    pub(super) error: Option<String>,
    pub(super) request_digest: Option<Vec<u8>>,
    pub(super) response_digest: Option<Vec<u8>>,
}

impl AttemptRow {
    pub(super) fn new(delivery_id: &str, attempt: &Attempt) -> Self {
        Self {
            delivery_id: delivery_id.to_owned(),
            number: attempt.number,
            started_at: stored(attempt.started_at),
            duration_ms: attempt.duration_ms,
            outcome: attempt.outcome.clone(),
            http_status: attempt.http_status,
            error: attempt.error.clone(),
            request_digest: attempt.request_digest.clone(),
            response_digest: attempt.response_digest.clone(),
        }
    }
}

/// Keeps an attempt; one of that number that is there stays as it is.
pub(super) fn record(connection: &mut Connection<'_>, delivery_id: &str, attempt: &Attempt) -> Result<(), StoreError> {
    let row = AttemptRow::new(delivery_id, attempt);
    each_backend!(connection, c => diesel::insert_into(delivery_attempts::table).values(&row).on_conflict_do_nothing().execute(c))?;
    Ok(())
}

/// The attempts of a delivery, first to last.
pub fn list(connection: &mut Connection<'_>, delivery_id: &str) -> Result<Vec<Attempt>, StoreError> {
    let rows: Vec<AttemptRow> = each_backend!(connection, c => delivery_attempts::table
        .filter(delivery_attempts::delivery_id.eq(delivery_id))
        .order(delivery_attempts::number)
        .limit(Page::MAX_LIMIT)
        .select(AttemptRow::as_select())
        .load(c))?;
    Ok(rows
        .into_iter()
        .map(|row| Attempt {
            number: row.number,
            started_at: row.started_at.and_utc(),
            duration_ms: row.duration_ms,
            outcome: row.outcome,
            http_status: row.http_status,
            error: row.error,
            request_digest: row.request_digest,
            response_digest: row.response_digest,
        })
        .collect())
}
