//! A filing and what became of it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Decision;
use crate::domain::message::CaseSummary;
use crate::domain::submission::Channel;
use crate::domain::submission::Kind;
use crate::domain::submission::Submission;

/// How far a filing has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubmissionState {
    /// Registered durably; the link to a case is still to be made.
    Registered,
    /// Linked to the case in `case`.
    Linked,
}

/// A registered filing (信访件) and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SubmissionView {
    /// The gateway's number of the filing.
    pub id: String,
    pub platform: String,
    pub source_id: String,
    pub channel: Channel,
    pub kind: Kind,
    pub submitted_at: DateTime<Utc>,
    pub received_at: DateTime<Utc>,
    pub state: SubmissionState,
    /// The case it belongs to and who has it in hand; absent until linked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<CaseSummary>,
    /// Absent until linked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// How probable the decision's link is, 0 to 1; absent where nothing was compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// The platform kept the content and sent a fingerprint.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub blind: bool,
    /// Its personal data was erased; `submission` does not come back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub erased: bool,
    /// What the platform changed or took back afterwards, oldest first; only when one filing is asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revisions: Vec<RevisionView>,
    /// The filing itself; only for the platform that filed it, and only when one filing is asked for. Absent on a blind or erased one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submission: Option<Submission>,
}

/// A filing whose personal data was erased: everything that it said, its petitioners, its attachments. Its links and every decision stay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErasureView {
    /// The filing.
    pub submission: String,
    /// Who had it erased.
    pub actor: String,
    pub reason: String,
    pub erased_at: DateTime<Utc>,
}

/// A change that a platform made to a filing after it was registered. The filing itself stays as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RevisionView {
    /// From 2: what was registered is the first.
    pub number: u32,
    pub kind: RevisionKind,
    /// Names of the members that differ from before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    pub received_at: DateTime<Utc>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RevisionKind {
    Changed,
    /// The platform no longer has it.
    Withdrawn,
}
