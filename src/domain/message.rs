//! What the gateway sends to a platform; an adapter turns it into the platform's own request.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    case::CaseStatus,
    submission::{Channel, Submission},
    update::Reply,
};

/// One message owed to one platform. Sent at least once; `id` is the same on every attempt, so that a receiver can act once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// The delivery's id and idempotency key.
    pub id: String,
    #[serde(rename = "type")]
    pub kind: MessageKind,
    pub created_at: DateTime<Utc>,
    pub case: CaseSummary,
    /// The receiving platform's own filing this is about; absent on a forward to a body that is not a source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submission: Option<SubmissionReference>,
    /// On `case_forwarded`: the filing that founded the case, whole. On `case_revised`: the filing as it is now; absent where it was
    /// taken back, or its platform does not share content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forwarded: Option<Box<Submission>>,
    /// On `case_reply`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<Reply>,
    /// A sentence for the person who reads it: why it was refused, where it is handled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// To the responsible body's platform: a canonical case to handle.
    CaseForwarded,
    /// To a source platform: its filing is registered under this case and handled there.
    SubmissionRegistered,
    /// To a source platform: its filing repeats a case already in somebody's hands; here is where.
    DuplicateRegistered,
    /// To a source platform: the case changed its status.
    CaseStatus,
    /// To a source platform: the written answer.
    CaseReply,
    /// To the platform of a body that had the case: people ruled that it is handled elsewhere.
    CaseWithdrawn,
    /// To the platform of the body that has the case: one of its filings was changed or taken back where it was filed.
    CaseRevised,
}

impl MessageKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CaseForwarded => "case_forwarded",
            Self::SubmissionRegistered => "submission_registered",
            Self::DuplicateRegistered => "duplicate_registered",
            Self::CaseStatus => "case_status",
            Self::CaseReply => "case_reply",
            Self::CaseWithdrawn => "case_withdrawn",
            Self::CaseRevised => "case_revised",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseSummary {
    /// The case code, good for asking about progress on any platform.
    pub id: String,
    pub status: CaseStatus,
    /// The body that has it in hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<OrganizationReference>,
    /// For the petitioner: opens `/public/cases/{query_code}` without a key. Only platforms that filed are told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "LJ7K2M9QX4TB3C-8F3K2MQZ")]
    pub query_code: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrganizationReference {
    pub id: String,
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubmissionReference {
    pub id: String,
    pub source_id: String,
    pub channel: Channel,
    /// The petitioner's account on the receiving platform, where the platform answers accounts (WeChat OpenID).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}
