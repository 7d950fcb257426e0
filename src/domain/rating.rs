//! What the petitioner thinks of the answer (网上评).

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A petitioner's rating of a case, as the platform it was given on reports it. (`platform`, `rating_id`) is unique, so it may be
/// sent again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rating {
    /// The platform's own number of this rating.
    #[schema(min_length = 1, max_length = 128)]
    pub rating_id: String,
    pub satisfaction: Satisfaction,
    /// In the petitioner's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    pub comment: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub rated_at: DateTime<FixedOffset>,
}

impl Rating {
    /// SHA-256 of the canonical form, see [`super::submission::Submission::digest`].
    pub fn digest(&self) -> [u8; 32] {
        super::submission::canonical_digest(self)
    }
}

/// How satisfied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Satisfaction {
    VerySatisfied,
    Satisfied,
    Neutral,
    Dissatisfied,
    VeryDissatisfied,
}

impl Satisfaction {
    pub const ALL: [Self; 5] = [Self::VerySatisfied, Self::Satisfied, Self::Neutral, Self::Dissatisfied, Self::VeryDissatisfied];

    /// The name on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::VerySatisfied => "very_satisfied",
            Self::Satisfied => "satisfied",
            Self::Neutral => "neutral",
            Self::Dissatisfied => "dissatisfied",
            Self::VeryDissatisfied => "very_dissatisfied",
        }
    }

    /// Counts as satisfied in the satisfaction rate.
    pub const fn is_satisfied(self) -> bool {
        matches!(self, Self::VerySatisfied | Self::Satisfied)
    }
}
