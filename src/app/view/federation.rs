//! Who takes part and how it goes.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Decision;
use super::DeliveryState;
use crate::domain::case::CaseStatus;
use crate::domain::division::Level;
use crate::domain::message::MessageKind;
use crate::domain::message::OrganizationReference;
use crate::domain::organization::GapReason;
use crate::domain::platform::PlatformKind;
use crate::domain::submission::Channel;
use crate::store::reconciliations::Reconciled;

/// A federated system (平台) and how it is doing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlatformView {
    #[schema(example = "hunan")]
    pub id: String,
    pub name: String,
    pub kind: PlatformKind,
    pub division: String,
    pub state: PlatformState,
    /// When a filing last came in from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_received_at: Option<DateTime<Utc>>,
    /// When it was last asked for filings with success; absent for platforms that are not pulled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_pulled_at: Option<DateTime<Utc>>,
    /// When it last accepted a delivery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_delivered_at: Option<DateTime<Utc>>,
    /// What failed last, in a few words, while it is failing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    pub submissions: u64,
    /// How many of them were linked to a case that was already there.
    pub duplicates: u64,
    /// Cases its bodies have in hand and have not answered.
    pub open_cases: u64,
    pub deliveries_pending: u64,
    pub deliveries_dead: u64,
    /// Records of it that did not map or were refused; kept until `onecase quarantine replay`.
    pub records_quarantined: u64,
    pub health: PlatformHealth,
    /// When its own ledger was last compared with ours; absent for platforms without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_reconciled_at: Option<DateTime<Utc>>,
    /// Days of the last 31 of which its ledger has filings that are not here.
    pub ledger_days_differing: u64,
    /// What went wrong with it so far, by class, newest first; whether it was its fault or not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<PlatformErrorView>,
}

/// How the exchange with a platform goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlatformHealth {
    /// When an exchange with it last went well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_success_at: Option<DateTime<Utc>>,
    /// Since when the oldest message to it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_waiting_at: Option<DateTime<Utc>>,
    /// Filings that came from it in the last hour.
    pub received_last_hour: u64,
    /// Messages it took in the last hour.
    pub delivered_last_hour: u64,
    /// Until then nothing is sent to it but a probe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub circuit_open_until: Option<DateTime<Utc>>,
    /// When the certificate we show it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_ends_at: Option<DateTime<Utc>>,
}

/// A class of things that went wrong with a platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlatformErrorView {
    /// A stable word.
    #[schema(example = "page_too_large")]
    pub code: String,
    pub count: u64,
    /// The newest, in a sentence; nothing the platform said.
    pub message: String,
    pub last_at: DateTime<Utc>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlatformState {
    /// Nothing was exchanged with it yet.
    Idle,
    Healthy,
    /// It answers, but deliveries or pulls are behind, or its ledger has filings that are not here.
    Lagging,
    /// It refuses or does not answer; deliveries wait.
    Failing,
}

/// A platform's own ledger beside ours (对账).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reconciliation {
    /// False: the platform's adapter declares no ledger, so there is nothing to compare.
    pub has_ledger: bool,
    /// The days that were compared, newest first.
    pub days: Vec<ReconciliationDay>,
}

/// One day, compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReconciliationDay {
    pub day: chrono::NaiveDate,
    /// Filings the platform says were submitted that day, and those we have; what was pulled by the comparison counts.
    pub theirs: u64,
    pub ours: u64,
    /// Nothing is missing here and nothing has gone there.
    pub agrees: bool,
    /// How many were missing and were pulled by the comparison.
    pub recovered: u64,
    /// Numbers the platform has and we still have not; the first hundred. Look into the quarantine for them.
    pub missing: Vec<String>,
    /// Numbers we have and the platform no longer has on that day; the first hundred.
    pub surplus: Vec<String>,
    pub checked_at: DateTime<Utc>,
}

impl From<Reconciled> for ReconciliationDay {
    fn from(day: Reconciled) -> Self {
        let count = |count: i64| u64::try_from(count).unwrap_or_default();
        Self {
            day: day.day,
            theirs: count(day.their_count),
            ours: count(day.our_count),
            agrees: day.missing.is_empty() && day.surplus.is_empty(),
            recovered: count(day.recovered),
            missing: day.missing,
            surplus: day.surplus,
            checked_at: day.checked_at,
        }
    }
}

/// A record of a platform that did not map or was refused: kept until it is offered again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantinedView {
    /// The platform's number of the record.
    pub source_ref: String,
    /// A stable word and a sentence.
    pub error: String,
    pub received_at: DateTime<Utc>,
}

/// A report of a platform that names a receipt nobody has heard of: it waits, as the answer to the forward may have been lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ParkedUpdateView {
    #[schema(example = "XF-2026-0817-1")]
    pub update_id: String,
    /// The number it names.
    pub receipt: String,
    /// What it reports.
    pub status: CaseStatus,
    pub occurred_at: DateTime<chrono::FixedOffset>,
    pub received_at: DateTime<Utc>,
    /// When it is dropped, if nothing was forwarded under the receipt by then.
    pub expires_at: DateTime<Utc>,
}

/// A body (机构) of the directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OrganizationView {
    pub id: String,
    pub name: String,
    pub division: String,
    /// The division's name with its superiors'.
    #[schema(example = "湖南省长沙市")]
    pub division_name: String,
    pub level: Level,
    /// The body above it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// False: cases for it go to its nearest connected superior.
    pub connected: bool,
    /// Category paths it is competent for; empty: all.
    pub categories: Vec<String>,
}

/// A case that went to another body than the competent one, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GapView {
    pub case: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub division: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub competent: Option<OrganizationReference>,
    /// Who took it instead; absent while nobody connected may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub responsible: Option<OrganizationReference>,
    /// Absent where no connected body is competent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<GapReason>,
    pub recorded_at: DateTime<Utc>,
}

/// Whether the gateway can do its work now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Readiness {
    pub ready: bool,
    pub checks: Vec<ReadinessCheck>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReadinessCheck {
    #[schema(example = "store")]
    pub name: String,
    pub ok: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// The federation at a glance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Overview {
    pub submissions: Vec<SubmissionCount>,
    pub decisions: Vec<DecisionCount>,
    pub cases: Vec<StatusCount>,
    pub matters: u64,
    pub gaps: u64,
    /// Statutory duties that are past their time and not done.
    pub overdue: u64,
    /// Statutory duties whose time is over within seven days.
    pub due_soon: u64,
    pub deliveries: Vec<DeliveryCount>,
    /// Submissions registered and not linked yet.
    pub unlinked: u64,
    /// Reports that wait for the receipt they name; kept for thirty days.
    pub updates_parked: u64,
    /// Leaves of the audit log.
    pub audit_leaves: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SubmissionCount {
    pub platform: String,
    pub channel: Channel,
    pub count: u64,
}

/// Submissions by what they are to earlier ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DecisionCount {
    pub decision: Decision,
    pub count: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StatusCount {
    pub status: CaseStatus,
    pub count: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeliveryCount {
    pub platform: String,
    #[serde(rename = "type")]
    pub kind: MessageKind,
    pub state: DeliveryState,
    pub count: u64,
}
