//! The only user of diesel: one source text for SQLite and PostgreSQL.
//!
//! [`Store::read`] and [`Store::transaction`] hand out a [`Connection`]; each aggregate's queries are functions over it,
//! one file per aggregate. A query is written once and expanded for both backends by `each_backend!`.
//! All of it blocks; call it from [`Store::run`] in asynchronous code.

mod connection;
mod deflate;
mod schema;
mod seal;
mod statements;
mod submission_keys;

pub mod access;
pub mod alerts;
pub mod attempts;
pub mod audit;
pub mod bulk;
pub mod cases;
pub mod changes;
pub mod consistency;
pub mod counted;
pub mod coverage;
pub mod data_keys;
pub mod deadlines;
pub mod deliveries;
pub mod drops;
pub mod erasures;
pub mod events;
pub mod exports;
pub mod feed;
pub mod indicators;
pub mod keys;
pub mod leases;
pub mod links;
pub mod looks;
pub mod matches;
pub mod matters;
pub mod outbox;
pub mod places;
pub mod platforms;
pub mod quarantine;
pub mod ratings;
pub mod reconciliations;
pub mod referrals;
pub mod reseal;
pub mod review_requests;
pub mod reviews;
pub mod revisions;
pub mod rulings;
pub mod settled;
pub mod submissions;
pub mod supervisions;
pub mod tallies;
pub mod warnings;
pub mod webhooks;

pub use connection::{Backend, Connection, Store, StoreError, StoreOptions};
pub use seal::{KeyManagement, KmsError, LocalKeys, SealError, Sealer, Wrapped};

/// What [`Store::transaction`] asks of its caller's error type.
pub use diesel::result as query_error;

use chrono::{DateTime, NaiveDateTime, SubsecRound, Utc};

/// Timestamps are stored in UTC with milliseconds, which both backends keep exactly.
fn stored(at: DateTime<Utc>) -> NaiveDateTime {
    at.naive_utc().trunc_subsecs(3)
}

/// How many rows one INSERT carries; SQLite binds at most 32,766 values.
const INSERT_CHUNK: usize = 500;

/// Where a page ended: the last row's order, most significant part first.
pub type Position = (i64, i64);

/// One page of a list, newest first unless a query says otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Rows strictly beyond it are returned.
    pub after: Option<Position>,
    /// At most [`Page::MAX_LIMIT`].
    pub limit: i64,
}

impl Page {
    pub const MAX_LIMIT: i64 = 200;

    pub fn new(after: Option<Position>, limit: i64) -> Self {
        Self { after, limit: limit.clamp(1, Self::MAX_LIMIT) }
    }

    /// A full page beyond a sequence number.
    pub fn beyond(seq: i64) -> Self {
        Self::new(Some((seq, 0)), Self::MAX_LIMIT)
    }

    /// Where a newest-first listing goes on.
    fn below(self) -> Position {
        self.after.unwrap_or((i64::MAX, i64::MAX))
    }

    /// Where an oldest-first listing goes on.
    fn above(self) -> i64 {
        self.after.map_or(0, |(seq, _)| seq)
    }
}

/// Reads a closed vocabulary word back from its column.
fn word<T: serde::de::DeserializeOwned>(what: &'static str, text: String) -> Result<T, StoreError> {
    serde_json::from_value(serde_json::Value::String(text)).map_err(|source| StoreError::corrupt(what, source))
}
