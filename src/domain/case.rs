//! The canonical case (信访事项): one petitioner, one matter, one responsible body at a time.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a case stands (信访工作条例, articles 22 to 36).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CaseStatus {
    Registered,
    Routed,
    Objected,
    Accepted,
    Refused,
    InProgress,
    Extended,
    Answered,
    Closed,
    UnderReview,
    UnderReReview,
    Concluded,
}

impl CaseStatus {
    pub const ALL: [Self; 12] = [
        Self::Registered,
        Self::Routed,
        Self::Objected,
        Self::Accepted,
        Self::Refused,
        Self::InProgress,
        Self::Extended,
        Self::Answered,
        Self::Closed,
        Self::UnderReview,
        Self::UnderReReview,
        Self::Concluded,
    ];

    /// The name on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::Routed => "routed",
            Self::Objected => "objected",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::InProgress => "in_progress",
            Self::Extended => "extended",
            Self::Answered => "answered",
            Self::Closed => "closed",
            Self::UnderReview => "under_review",
            Self::UnderReReview => "under_re_review",
            Self::Concluded => "concluded",
        }
    }
}

impl std::fmt::Display for CaseStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
