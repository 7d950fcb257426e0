//! What waits for a person's decision.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{CaseView, DuplicateView};

/// Two cases that may be one: somebody has to look.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReviewView {
    /// What a decision is worth, in units of one body's work on one case; the queue is ordered by it.
    #[schema(minimum = 0)]
    pub worth: f64,
    /// That the two are one, 0 to 1.
    #[schema(minimum = 0, maximum = 1)]
    pub probability: f64,
    /// The older of the two, into which the other would be merged; its `version` is what `If-Match` asks for.
    pub case: CaseView,
    pub other: CaseView,
    /// The strongest evidence between filings of the two.
    pub evidence: DuplicateView,
    /// How many pairs of their filings may be duplicates.
    pub pairs: u64,
    /// Since when it waits.
    pub waiting_since: DateTime<Utc>,
}

/// The review queue, most valuable decision first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReviewQueue {
    #[schema(max_items = 200)]
    pub items: Vec<ReviewView>,
    /// How many possible duplicates nobody has decided on, in all.
    pub open: u64,
}
