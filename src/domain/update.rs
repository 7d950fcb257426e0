//! What the platform of the responsible body reports about a case.

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::case::CaseStatus;

/// A status change or reply from the handling platform. (`platform`, `update_id`) is unique, so it may be sent again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseUpdate {
    /// The handling platform's own number of this change.
    #[schema(min_length = 1, max_length = 128)]
    pub update_id: String,
    /// The case as the gateway named it when forwarding, or
    /// the receipt the handling platform answered the forward with.
    pub reference: CaseReference,
    pub status: CaseStatus,
    #[schema(value_type = String, format = DateTime)]
    pub occurred_at: DateTime<FixedOffset>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<Reply>,
    /// A hearing (听证) held in a re-review; its time is taken out of the thirty days (信访工作条例, article 36).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hearing: Option<Hearing>,
    /// Who approved an extension, and thereby that the petitioner is told (信访工作条例, article 34). Required with the status `extended`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    pub approved_by: Option<String>,
    /// Required when a case is refused or objected to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    pub reason: Option<String>,
}

impl CaseUpdate {
    /// SHA-256 of the canonical form, see [`super::submission::Submission::digest`].
    pub fn digest(&self) -> [u8; 32] {
        super::submission::canonical_digest(self)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CaseReference {
    /// The gateway's case code.
    Case(String),
    /// What the handling platform answered the forward with.
    Receipt(String),
}

/// When a hearing was held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Hearing {
    #[schema(value_type = String, format = DateTime)]
    pub began_at: DateTime<FixedOffset>,
    #[schema(value_type = String, format = DateTime)]
    pub ended_at: DateTime<FixedOffset>,
}

/// The written answer (答复意见) of the responsible body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    #[schema(min_length = 1, max_length = 50_000)]
    pub content: String,
    /// Who answers, as the platform names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    pub organization: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub replied_at: DateTime<FixedOffset>,
}
