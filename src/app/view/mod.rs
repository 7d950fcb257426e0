//! What the use cases answer with. These types are part of the contract: the API serialises them as they are.
//!
//! None of them carries personal data, except [`SubmissionView::submission`] and [`DuplicateSide::text`],
//! which are filled only for a caller who may read them.

mod alert;
mod audit;
mod case;
mod change;
mod deadline;
mod delivery;
mod evidence;
mod export;
mod federation;
mod filing;
mod indicator;
mod oversight;
mod place;
mod public;
mod report;
mod review;
mod warning;
mod webhook;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use alert::AlertView;
pub use audit::{AuditEntry, ConsistencyProof, InclusionProof};
pub use case::{CaseView, EventData, EventKind, EventView, RulingAction, RulingView};
pub use change::{ChangeData, ChangePage, ChangeView};
pub use deadline::{CaseDeadlineView, DeadlineView};
pub use delivery::{AttemptOutcome, AttemptView, DeliveryDetail, DeliveryState, DeliveryView, Requeued};
pub use evidence::{
    AnswerView, ComparisonView, DecidedBy, Decision, DuplicateCounts, DuplicateSide, DuplicateView, Evidence, FiledText, MatchView,
    MatterFlow, MatterView, ModelReference, PlatformPairCount, Verdict,
};
pub use export::{ExportManifest, ExportView};
pub use federation::{
    DecisionCount, DeliveryCount, GapView, OrganizationView, Overview, ParkedUpdateView, PlatformErrorView, PlatformHealth, PlatformState,
    PlatformView, QuarantinedView, Readiness, ReadinessCheck, Reconciliation, ReconciliationDay, StatusCount, SubmissionCount,
};
pub use filing::{ErasureView, RevisionKind, RevisionView, SubmissionState, SubmissionView};
pub use indicator::{IndicatorFigures, IndicatorGroup, Indicators, Rate, SupervisionFigures};
pub use oversight::{
    AdoptionView, CoverageCount, CoverageDivision, CoverageGap, CoverageLevel, CoverageView, ReferralConflictView, ReferralView,
    SupervisionView,
};
pub use place::{CellCount, Cells, PlacedCase};
pub use public::{
    PublicAction, PublicActionKind, PublicDue, PublicManner, PublicOutcome, PublicProgress, PublicResult, PublicStep, PublicStepKind,
};
pub use report::{ReportGroup, YearReport};
pub use review::{ReviewQueue, ReviewView};
pub use warning::{TrendView, Trends, WarningSubject, WarningView};
pub use webhook::{WebhookDeliveryState, WebhookDeliveryView, WebhookSecretView, WebhookState, WebhookTestView, WebhookView};

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Paged<T> {
    pub items: Vec<T>,
    /// Pass it as `cursor` to get the next page; absent on the last one.
    // Inside the library this is the position the store continues from; the API wraps it, so that callers cannot build on its form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl<T> Paged<T> {
    /// The same page with every item turned into something else.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Paged<U> {
        Paged { items: self.items.into_iter().map(f).collect(), next_cursor: self.next_cursor }
    }
}
