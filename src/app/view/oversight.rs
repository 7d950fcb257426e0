//! What is supervised, decided between bodies, and how far the federation reaches.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::CaseView;
use crate::domain::{
    division::Level,
    message::OrganizationReference,
    referral::{ConflictSource, ConflictState, ReferralOutcome},
    supervision::{SupervisionKind, SupervisionState},
};

/// A body was reminded of a case, or called to account for it (网上督).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SupervisionView {
    pub id: String,
    /// The case code.
    pub case: String,
    /// The declared rule.
    #[schema(example = "accept-over")]
    pub rule: String,
    /// What the rule is about, in Chinese and in English.
    pub title: String,
    pub title_en: String,
    pub kind: SupervisionKind,
    pub state: SupervisionState,
    /// The body addressed, and the platform it works on; absent while nobody has the case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<OrganizationReference>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// The case's division.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub division: Option<String>,
    /// The supervision that went unanswered before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<String>,
    pub raised_at: DateTime<Utc>,
    /// The first moment after the time for an answer.
    pub due_at: DateTime<Utc>,
    /// When it was answered, settled or given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// What became of a proposal to hold accountable, once somebody recorded it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adoption: Option<AdoptionView>,
}

/// What became of a proposal to hold a body accountable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AdoptionView {
    pub adopted: bool,
    /// What was done about it, or why not.
    pub note: String,
    /// Who recorded it.
    pub actor: String,
    pub recorded_at: DateTime<Utc>,
}

/// What a referral came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReferralView {
    pub outcome: ReferralOutcome,
    pub case: CaseView,
    /// With the outcome `conflict`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conflict: Option<ReferralConflictView>,
}

/// Two bodies were given one case (多层面重复交转). It stays where it was until the superior of both has decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReferralConflictView {
    pub id: String,
    /// The case code.
    pub case: String,
    pub state: ConflictState,
    pub source: ConflictSource,
    /// The platform that referred the case, and its number there; of a filing, the gateway's.
    pub platform: String,
    pub reference: String,
    /// The body that had the case.
    pub holder: OrganizationReference,
    /// The body it was referred to besides.
    pub other: OrganizationReference,
    /// The nearest body above both, and the platform that decides for it; a reviewer of the gateway decides where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superior: Option<OrganizationReference>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superior_platform: Option<String>,
    /// The case's division.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub division: Option<String>,
    pub recorded_at: DateTime<Utc>,
    /// The body that keeps the case, who decided so, why and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keeper: Option<OrganizationReference>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<DateTime<Utc>>,
}

/// How far the federation reaches (纵向到底, 横向到边) in an area.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CoverageView {
    /// GB/T 2260 code.
    pub area: String,
    pub total: CoverageCount,
    /// By level, the highest first.
    pub levels: Vec<CoverageLevel>,
    /// The divisions directly inside the area that have a body, by code.
    pub divisions: Vec<CoverageDivision>,
    /// Bodies of the area that are not connected and cost cases a detour to their superior; the costliest first.
    #[schema(max_items = 200)]
    pub gaps: Vec<CoverageGap>,
}

/// Bodies of the directory and how many of them work on a platform.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CoverageCount {
    pub organizations: u64,
    pub connected: u64,
    /// Connected ÷ organizations; absent where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CoverageLevel {
    pub level: Level,
    pub count: CoverageCount,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CoverageDivision {
    pub division: String,
    /// The division's name with its superiors'.
    #[schema(example = "湖南省")]
    pub name: String,
    pub count: CoverageCount,
    pub levels: Vec<CoverageLevel>,
}

/// A body that is not connected, and what that costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CoverageGap {
    pub organization: OrganizationReference,
    pub division: String,
    pub level: Level,
    /// Who takes its cases now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superior: Option<OrganizationReference>,
    /// Cases that made the detour; list them with `/v1/gaps?competent=…`.
    pub cases: u64,
}
