//! A simulated year: an empty store filled with what the gateway itself would have written, had it run all that time.
//!
//! Filings are fingerprinted and linked by the matcher, reports and ratings become what [`super::follow_up`] and [`super::rate`] make of
//! them, clocks and indicators are folded by the domain's own functions. Only two things differ from a year of running: rows are written
//! many at a time, and messages are settled at once instead of sent.

mod fate;
mod fill;
mod rows;
mod settle;

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use chrono::{DateTime, Utc};

use super::{Clock, LinkError, SubmitError};
use crate::{domain::submission::Submission, store::StoreError};

/// The time of a simulation: stands where it was set.
#[derive(Clone, Debug, Default)]
pub struct YearClock(Arc<AtomicI64>);

impl YearClock {
    /// The same time for a gateway.
    pub fn clock(&self) -> Clock {
        let millis = Arc::clone(&self.0);
        Clock::new(move || DateTime::from_timestamp_millis(millis.load(Ordering::Relaxed)).unwrap_or_default())
    }

    pub fn set(&self, at: DateTime<Utc>) {
        self.0.store(at.timestamp_millis(), Ordering::Relaxed);
    }
}

/// A filing of the simulated year; its time is when it was submitted.
#[derive(Clone, Debug)]
pub struct YearFiling {
    pub platform: String,
    pub submission: Submission,
}

/// What is simulated beside the filings.
#[derive(Clone, Copy, Debug)]
pub struct YearPlan {
    pub seed: u64,
    /// When the year ends; nothing happens later.
    pub until: DateTime<Utc>,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct YearSummary {
    pub submissions: u64,
    pub cases: u64,
    pub matters: u64,
    pub events: u64,
    pub deliveries: u64,
    pub ratings: u64,
    pub audit_leaves: u64,
}

/// How far a simulation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum YearProgress {
    /// So many filings are linked.
    Linked(u64),
    /// Cases, clocks and indicators are being written.
    Settling,
    /// Indexes are being made.
    Indexing,
    /// Matters are being summarised.
    Summarising,
}

/// Why a store was not filled.
#[derive(Debug, thiserror::Error)]
pub enum YearError {
    #[error("the store holds something already; a simulated year needs an empty one")]
    NotEmpty,
    #[error("filings must come in the order they were submitted")]
    Order,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Submit(#[from] SubmitError),
    #[error(transparent)]
    Link(#[from] LinkError),
}

impl From<crate::store::query_error::Error> for YearError {
    fn from(error: crate::store::query_error::Error) -> Self {
        Self::Store(error.into())
    }
}
