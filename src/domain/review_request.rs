//! A petitioner who is not content with the answer asks for a review (复查) of it, and then for a re-review (复核).

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Asked for within thirty days of the written answer, or of the review's (信访工作条例, articles 35 and 36), on a platform the
/// petitioner filed on. (`platform`, `request_id`) is unique, so it may be sent again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewRequest {
    /// The platform's own number of this request.
    #[schema(min_length = 1, max_length = 128)]
    pub request_id: String,
    /// What the petitioner finds wrong with the answer.
    #[schema(min_length = 1, max_length = 2000)]
    pub reason: String,
    #[schema(value_type = String, format = DateTime)]
    pub requested_at: DateTime<FixedOffset>,
}

impl ReviewRequest {
    /// SHA-256 of the canonical form, see [`super::submission::Submission::digest`].
    pub fn digest(&self) -> [u8; 32] {
        super::submission::canonical_digest(self)
    }
}
