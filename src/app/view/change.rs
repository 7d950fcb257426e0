//! The change feed: what happened to cases, without what people wrote.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Decision, EventKind};
use crate::domain::{
    alert::{Severity, Watch},
    case::CaseStatus,
    message::OrganizationReference,
    organization::GapReason,
    supervision::SupervisionKind,
};

/// Something that happened to a case, as a CloudEvent 1.0 in structured JSON form. It carries no personal data and no
/// free text: what people wrote is fetched from `data.href` by whoever may read it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChangeView {
    #[schema(example = "1.0")]
    pub specversion: String,
    /// Unique; the same event comes again under the same id.
    pub id: String,
    /// `/gateway`, or `/platforms/{id}` for what a platform reported.
    #[schema(example = "/platforms/hunan")]
    pub source: String,
    #[serde(rename = "type")]
    pub kind: EventKind,
    /// The case code; of an alert its id.
    #[schema(example = "LJ7K2M9QX4TB3C")]
    pub subject: String,
    pub time: DateTime<Utc>,
    #[schema(example = "application/json")]
    pub datacontenttype: String,
    pub data: ChangeData,
}

/// What a change says; which members are there depends on its type.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChangeData {
    /// Where the case, or the alerts, can be read.
    #[schema(example = "/v1/cases/LJ7K2M9QX4TB3C")]
    pub href: String,
    /// The status after the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<CaseStatus>,
    /// The filing that was linked.
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
    /// The conflict between two bodies, the supervision or the warning that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conflict: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supervision: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supervision_kind: Option<SupervisionKind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
    /// The other case of a ruling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_case: Option<String>,
    /// What is watched, of an alert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watch: Option<Watch>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
}

/// A page of the change feed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChangePage {
    #[schema(max_items = 200)]
    pub items: Vec<ChangeView>,
    /// Pass it as `cursor` to go on; always there, since the feed has no end.
    pub next_cursor: String,
}
