//! `[reconciliation]`: when platforms' ledgers are compared with ours by themselves.

use chrono::NaiveTime;
use serde::Deserialize;

/// Days that one comparison may span.
const MAX_DAYS: u64 = 31;

/// `[reconciliation]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReconciliationConfig {
    /// When, in the zone of the platform's ledger; `HH:MM`.
    pub at: NaiveTime,
    /// How many days are compared, yesterday the last of them; 0: none.
    pub days: u64,
}

impl Default for ReconciliationConfig {
    fn default() -> Self {
        // Platforms close their day after midnight, and nobody waits for an answer then.
        Self { at: NaiveTime::from_hms_opt(3, 30, 0).unwrap_or_default(), days: 7 }
    }
}

impl ReconciliationConfig {
    pub(super) fn check(&self) -> Result<(), String> {
        if self.days > MAX_DAYS {
            return Err(format!("reconciliation.days must lie between 0 and {MAX_DAYS}"));
        }
        Ok(())
    }
}
