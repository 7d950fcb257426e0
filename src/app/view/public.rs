//! What a petitioner may see of a case without a key: process, manner and result (信访工作条例: 处理过程、方式、结果), nothing of what was
//! written and nobody's name.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::{case::CaseStatus, deadline::Clock, guidance::GuidanceEntry, submission::Kind};

/// How far a case has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PublicProgress {
    /// The case code.
    pub case: String,
    pub kind: Kind,
    pub status: CaseStatus,
    pub registered_at: DateTime<Utc>,
    /// The name of the body that has it in hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// What happened, in order.
    pub process: Vec<PublicStep>,
    /// How it was and is handled, in the order it came to that.
    pub manner: Vec<PublicManner>,
    pub result: PublicResult,
    /// What is due next, the soonest first.
    pub due: Vec<PublicDue>,
    /// What the petitioner can do now.
    pub actions: Vec<PublicAction>,
    /// What people are told in the region of the case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guidance: Option<GuidanceEntry>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PublicStep {
    pub step: PublicStepKind,
    pub at: DateTime<Utc>,
    /// The status after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<CaseStatus>,
    /// The body it was put into the hands of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PublicStepKind {
    Registered,
    /// A further filing of the same matter was joined.
    Joined,
    Routed,
    StatusChanged,
    Answered,
    Rated,
}

impl PublicStepKind {
    pub const ALL: [Self; 6] = [Self::Registered, Self::Joined, Self::Routed, Self::StatusChanged, Self::Answered, Self::Rated];
}

/// How a case is handled (方式、手段).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PublicManner {
    /// Put into the competent body's hands (转送).
    Routed,
    /// Several filings handled as one (并案).
    Joined,
    /// Handled by the body that accepted it (办理).
    Handled,
    /// The time to answer was extended (延期).
    Extended,
    /// Answered in writing (书面答复).
    WrittenAnswer,
    /// 复查
    Review,
    /// 复核
    ReReview,
}

impl PublicManner {
    pub const ALL: [Self; 7] =
        [Self::Routed, Self::Joined, Self::Handled, Self::Extended, Self::WrittenAnswer, Self::Review, Self::ReReview];
}

/// What came of it. The answer itself is with the platform it was filed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PublicResult {
    pub outcome: PublicOutcome,
    /// When the body answered in writing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_by: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PublicOutcome {
    Pending,
    Refused,
    Answered,
    Closed,
    Concluded,
}

impl PublicOutcome {
    pub const ALL: [Self; 5] = [Self::Pending, Self::Refused, Self::Answered, Self::Closed, Self::Concluded];
}

/// A statutory day that has not come yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PublicDue {
    pub clock: Clock,
    /// Midnight in Beijing after the last day.
    pub due_at: DateTime<Utc>,
}

/// Something the petitioner can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PublicAction {
    pub action: PublicActionKind,
    /// The first moment it is too late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PublicActionKind {
    /// Rate the answer, on the platform it was filed on.
    Rate,
    /// Ask for a review of the answer (article 35).
    AskReview,
    /// Ask for a re-review (article 36).
    AskReReview,
    /// Nothing: it is in a body's hands.
    Wait,
}

impl PublicActionKind {
    pub const ALL: [Self; 4] = [Self::Rate, Self::AskReview, Self::AskReReview, Self::Wait];
}
