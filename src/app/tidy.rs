//! What is kept for a time only.

use chrono::TimeDelta;

use super::Gateway;
use crate::store::{StoreError, events, submissions, tallies, webhooks};

/// How long a request may be repeated under its idempotency key; afterwards `source_id` alone tells a filing sent again.
const KEYS: TimeDelta = TimeDelta::days(7);
/// How long a report waits for the receipt it names.
pub(super) const PARKED: TimeDelta = TimeDelta::days(30);
/// How long it is known what an endpoint was told, and what was given up on and may be replayed.
const TOLD: TimeDelta = TimeDelta::days(30);
const UNTOLD: TimeDelta = TimeDelta::days(90);
/// Reports dropped at a time.
const ROUND: i64 = 1_000;

/// What a round removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tidied {
    pub keys: usize,
    pub reports: usize,
    /// What is known of events at endpoints.
    pub told: usize,
}

impl Gateway {
    /// Keeps the notes few that counts are summed from; `false` if they were. Blocks.
    pub fn sum_up_tallies(&self) -> Result<bool, StoreError> {
        self.store().transaction(tallies::sum_up)
    }

    /// Removes what has had its time. Blocks.
    pub fn tidy(&self) -> Result<Tidied, StoreError> {
        let now = self.now();
        let keys = self.store().transaction(|c| submissions::expire_keys(c, now - KEYS))?;
        let reports = self.store().transaction(|c| events::expire_parked(c, now - PARKED, ROUND))?;
        for (platform, update_id) in &reports {
            tracing::warn!(platform, update_id, "a report was dropped: nothing was ever forwarded under the receipt it names");
        }
        let told = self.store().transaction(|c| webhooks::expire(c, now - TOLD, now - UNTOLD))?;
        Ok(Tidied { keys, reports: reports.len(), told })
    }
}
