//! A platform's word that a filing of its own is no longer there.

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A filing that its platform deleted, or its petitioner took back. The registered filing and its case stay as they are: what
/// was petitioned is not undone by a platform; the case's history says it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Withdrawal {
    /// The filing's number on its own platform.
    #[schema(min_length = 1, max_length = 128)]
    pub source_id: String,
    #[schema(value_type = String, format = DateTime)]
    pub withdrawn_at: DateTime<FixedOffset>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    pub reason: Option<String>,
}
