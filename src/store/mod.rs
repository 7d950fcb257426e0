//! The only user of diesel: one source text for SQLite and PostgreSQL.
//!
//! [`Store::read`] and [`Store::transaction`] hand out a [`Connection`]; each aggregate's queries are functions over it,
//! one file per aggregate. A query is written once and expanded for both backends by `each_backend!`.
//! All of it blocks; call it from [`Store::run`] in asynchronous code.

mod connection;
mod schema;
mod seal;

pub mod audit;
pub mod cases;
pub mod deliveries;
pub mod keys;
pub mod leases;
pub mod links;
pub mod platforms;
pub mod submissions;

pub use connection::{Backend, Connection, Store, StoreError, StoreOptions};
pub use seal::{Sealer, SealError};

use chrono::{DateTime, NaiveDateTime, SubsecRound, Utc};

/// Timestamps are stored in UTC with milliseconds, which both backends keep exactly.
fn stored(at: DateTime<Utc>) -> NaiveDateTime {
    at.naive_utc().trunc_subsecs(3)
}

/// How many rows one INSERT carries; SQLite binds at most 32,766 values.
const INSERT_CHUNK: usize = 500;

/// One page of a list, newest first unless a query says otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Where the page before ended; rows strictly beyond it are returned.
    pub after: Option<i64>,
    /// At most [`Page::MAX_LIMIT`].
    pub limit: i64,
}

impl Page {
    pub const MAX_LIMIT: i64 = 200;

    pub fn new(after: Option<i64>, limit: i64) -> Self {
        Self { after, limit: limit.clamp(1, Self::MAX_LIMIT) }
    }

    /// The position that a newest-first listing starts below.
    fn below(self) -> i64 {
        self.after.unwrap_or(i64::MAX)
    }
}

/// Reads a closed vocabulary word back from its column.
fn word<T: serde::de::DeserializeOwned>(what: &'static str, text: String) -> Result<T, StoreError> {
    serde_json::from_value(serde_json::Value::String(text)).map_err(|source| StoreError::corrupt(what, source))
}
