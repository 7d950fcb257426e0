//! Rows that wait to be written together.

use chrono::{DateTime, Utc};

use super::YearSummary;
use crate::{
    audit::Entry,
    domain::rating::Rating,
    store::{
        Store, StoreError, audit,
        cases::{self, RoutingGap},
        events::{self, CaseEvent, Reported},
        links::{self, Link},
        matches::{self, Match},
        ratings,
        settled::{self, Settled},
        submissions::{self, NewSubmission},
    },
};

/// Rows of any kind written in one transaction.
const ENOUGH: usize = 20_000;

#[derive(Default)]
pub(super) struct Rows {
    pub submissions: Vec<NewSubmission>,
    pub links: Vec<Link>,
    pub matches: Vec<Match>,
    pub gaps: Vec<RoutingGap>,
    pub events: Vec<CaseEvent>,
    pub reported: Vec<Reported>,
    /// Platform, case, rating, when it was received.
    pub ratings: Vec<(String, String, Rating, DateTime<Utc>)>,
    pub deliveries: Vec<Settled>,
    pub audit: Vec<Entry>,
}

impl Rows {
    pub fn are_enough(&self) -> bool {
        self.events.len() + self.deliveries.len() + self.audit.len() > ENOUGH
    }

    /// Writes them, counts them and begins anew.
    pub fn flush(&mut self, store: &Store, summary: &mut YearSummary) -> Result<(), StoreError> {
        let rows = std::mem::take(self);
        store.transaction(|c| {
            submissions::append(c, store.sealer(), &rows.submissions)?;
            links::insert(c, &rows.links)?;
            matches::insert(c, &rows.matches)?;
            cases::insert_gaps(c, &rows.gaps)?;
            events::append(c, store.sealer(), &rows.events)?;
            events::insert_reported(c, &rows.reported)?;
            ratings::insert_new(c, &rows.ratings)?;
            settled::record(c, store.sealer(), &rows.deliveries)?;
            audit::append(c, &rows.audit)
        })?;
        summary.submissions += rows.submissions.len() as u64;
        summary.events += rows.events.len() as u64;
        summary.ratings += rows.ratings.len() as u64;
        summary.deliveries += rows.deliveries.len() as u64;
        summary.audit_leaves += rows.audit.len() as u64;
        Ok(())
    }
}
