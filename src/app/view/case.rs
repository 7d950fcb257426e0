//! The canonical case, its history and what people decided about it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::DeadlineView;
use super::Decision;
use crate::domain::alert::{Severity, Watch};
use crate::domain::case::CaseStatus;
use crate::domain::message::OrganizationReference;
use crate::domain::organization::GapReason;
use crate::domain::rating::Satisfaction;
use crate::domain::submission::Kind;
use crate::domain::supervision::SupervisionKind;
use crate::domain::update::Reply;

/// A canonical case (信访事项).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CaseView {
    /// The case code, good for asking about progress on any platform.
    #[schema(example = "LJ7K2M9QX4TB3C")]
    pub id: String,
    pub status: CaseStatus,
    pub kind: Kind,
    /// GB/T 2260 code of the place concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "430102")]
    pub division: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The responsible body; absent until routed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<OrganizationReference>,
    /// The platform the responsible body works on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// The body that reviews or re-reviews the answer, once the petitioner has asked for it, and its platform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewer: Option<OrganizationReference>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewer_platform: Option<String>,
    /// The shared matter it belongs to, if other petitioners have it too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matter: Option<String>,
    /// How many filings it gathers.
    pub submissions: u64,
    /// The platforms those filings came from, sorted.
    pub platforms: Vec<String>,
    /// The case that people have made this one part of; ask there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<String>,
    /// Its statutory clocks, in the order they started.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deadlines: Vec<DeadlineView>,
    /// The written answer, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<Reply>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// Grows with every change; the entity tag is made from it.
    pub version: u64,
}

/// What a person decided about a case, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RulingView {
    pub id: String,
    pub action: RulingAction,
    /// The case that was looked at.
    pub case: String,
    /// The other one: merged into it, kept apart from it, or split off.
    pub other_case: String,
    /// The key it was decided with.
    pub actor: String,
    pub reason: String,
    pub decided_at: DateTime<Utc>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RulingAction {
    Merge,
    KeepApart,
    Split,
    /// Takes a `keep_apart` back, also a split's.
    Release,
}

/// An entry in a case's history (办理过程), as a CloudEvent 1.0 in structured JSON form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EventView {
    #[schema(example = "1.0")]
    pub specversion: String,
    pub id: String,
    /// `/gateway`, or `/platforms/{id}` for what a platform reported.
    #[schema(example = "/platforms/hunan")]
    pub source: String,
    #[serde(rename = "type")]
    pub kind: EventKind,
    /// The case code.
    pub subject: String,
    pub time: DateTime<Utc>,
    #[schema(example = "application/json")]
    pub datacontenttype: String,
    pub data: EventData,
}

/// What happened to a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum EventKind {
    /// A first filing founded the case.
    #[serde(rename = "onecase.case.registered")]
    CaseRegistered,
    /// A further filing was linked to it.
    #[serde(rename = "onecase.submission.linked")]
    SubmissionLinked,
    /// The platform changed a filing of the case after it was registered; what was registered stays.
    #[serde(rename = "onecase.submission.revised")]
    SubmissionRevised,
    /// The platform no longer has a filing of the case.
    #[serde(rename = "onecase.submission.withdrawn")]
    SubmissionWithdrawn,
    /// The personal data of a filing of the case was erased.
    #[serde(rename = "onecase.submission.erased")]
    SubmissionErased,
    /// It was put into a body's hands.
    #[serde(rename = "onecase.case.routed")]
    CaseRouted,
    /// Its status changed.
    #[serde(rename = "onecase.case.status_changed")]
    StatusChanged,
    /// The responsible body answered.
    #[serde(rename = "onecase.case.replied")]
    Replied,
    /// The sender decided on the objection of the body it had sent the case to.
    #[serde(rename = "onecase.case.objection_decided")]
    ObjectionDecided,
    /// The petitioner asked for a review or re-review of the answer.
    #[serde(rename = "onecase.case.review_requested")]
    ReviewRequested,
    /// A second body was given the case; it stays where it is.
    #[serde(rename = "onecase.case.referral_conflict")]
    ReferralConflict,
    /// The common superior decided which body keeps it.
    #[serde(rename = "onecase.case.referral_decided")]
    ReferralDecided,
    /// A body was reminded of it, or called to account for it.
    #[serde(rename = "onecase.case.supervised")]
    Supervised,
    /// The body answered.
    #[serde(rename = "onecase.case.supervision_answered")]
    SupervisionAnswered,
    /// It was recorded whether a proposal to hold a body accountable was adopted.
    #[serde(rename = "onecase.case.proposal_decided")]
    ProposalDecided,
    /// What it is about rises; this is the newest of the cases behind the warning.
    #[serde(rename = "onecase.warning.raised")]
    WarningRaised,
    /// It has fallen again.
    #[serde(rename = "onecase.warning.closed")]
    WarningClosed,
    /// A petitioner rated the answer.
    #[serde(rename = "onecase.case.rated")]
    CaseRated,
    /// People made two cases one.
    #[serde(rename = "onecase.case.merged")]
    CasesMerged,
    /// People took submissions out of a case into one of their own.
    #[serde(rename = "onecase.case.split")]
    CaseSplit,
    /// People ruled that two cases are different.
    #[serde(rename = "onecase.case.kept_apart")]
    CasesKeptApart,
    /// People took that back.
    #[serde(rename = "onecase.case.released")]
    CasesReleased,
    /// Something is wrong with a platform or the gateway; no case is concerned.
    #[serde(rename = "onecase.alert.fired")]
    AlertFired,
    /// It is no longer.
    #[serde(rename = "onecase.alert.resolved")]
    AlertResolved,
}

impl EventKind {
    pub const ALL: [Self; 24] = [
        Self::CaseRegistered,
        Self::SubmissionLinked,
        Self::SubmissionRevised,
        Self::SubmissionWithdrawn,
        Self::SubmissionErased,
        Self::CaseRouted,
        Self::StatusChanged,
        Self::Replied,
        Self::ObjectionDecided,
        Self::ReviewRequested,
        Self::ReferralConflict,
        Self::ReferralDecided,
        Self::Supervised,
        Self::SupervisionAnswered,
        Self::ProposalDecided,
        Self::WarningRaised,
        Self::WarningClosed,
        Self::CaseRated,
        Self::CasesMerged,
        Self::CaseSplit,
        Self::CasesKeptApart,
        Self::CasesReleased,
        Self::AlertFired,
        Self::AlertResolved,
    ];

    /// The CloudEvents type, on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CaseRegistered => "onecase.case.registered",
            Self::SubmissionLinked => "onecase.submission.linked",
            Self::SubmissionRevised => "onecase.submission.revised",
            Self::SubmissionWithdrawn => "onecase.submission.withdrawn",
            Self::SubmissionErased => "onecase.submission.erased",
            Self::CaseRouted => "onecase.case.routed",
            Self::StatusChanged => "onecase.case.status_changed",
            Self::Replied => "onecase.case.replied",
            Self::ObjectionDecided => "onecase.case.objection_decided",
            Self::ReviewRequested => "onecase.case.review_requested",
            Self::ReferralConflict => "onecase.case.referral_conflict",
            Self::ReferralDecided => "onecase.case.referral_decided",
            Self::Supervised => "onecase.case.supervised",
            Self::SupervisionAnswered => "onecase.case.supervision_answered",
            Self::ProposalDecided => "onecase.case.proposal_decided",
            Self::WarningRaised => "onecase.warning.raised",
            Self::WarningClosed => "onecase.warning.closed",
            Self::CaseRated => "onecase.case.rated",
            Self::CasesMerged => "onecase.case.merged",
            Self::CaseSplit => "onecase.case.split",
            Self::CasesKeptApart => "onecase.case.kept_apart",
            Self::CasesReleased => "onecase.case.released",
            Self::AlertFired => "onecase.alert.fired",
            Self::AlertResolved => "onecase.alert.resolved",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.as_str() == text)
    }
}

/// What an event says; which members are there depends on its type.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EventData {
    /// The status after the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<CaseStatus>,
    /// The filing that was linked, changed or taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submission: Option<String>,
    /// The platform the filing or the report came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// The body it was put into the hands of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<OrganizationReference>,
    /// Set where the case made a detour round the competent body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap: Option<GapReason>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<Reply>,
    /// What the petitioner thinks of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub satisfaction: Option<Satisfaction>,
    /// The number of the filing's revision; what was registered is the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u32>,
    /// Names of the filing's members that the platform changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// The conflict between two bodies that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conflict: Option<String>,
    /// The supervision that it is about, and of which kind that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supervision: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supervision_kind: Option<SupervisionKind>,
    /// Whether the proposal was adopted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopted: Option<bool>,
    /// The warning that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
    /// Who approved the extension, as the body reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<String>,
    /// The other case of a ruling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_case: Option<String>,
    /// The ruling's id, and who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ruling: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// What is watched, of an alert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watch: Option<Watch>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
}
