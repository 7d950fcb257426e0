//! What the use cases answer with. These types are part of the contract: the API serialises them as they are.
//!
//! None of them carries personal data, except [`SubmissionView::submission`] and [`DuplicateSide::text`],
//! which are filled only for a caller who may read them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::{
    case::CaseStatus,
    division::Level,
    message::{CaseSummary, MessageKind, OrganizationReference},
    organization::GapReason,
    platform::PlatformKind,
    submission::{Channel, Kind, Submission},
    update::Reply,
};

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

/// What was decided about a filing and a case (比对结果).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Same person, same matter: linked to the case.
    Duplicate,
    /// Probably the same; a person decides.
    PossibleDuplicate,
    /// Different people, same matter: a case of its own in a shared matter.
    Related,
    /// Nothing in common that counts: a case of its own.
    Distinct,
}

impl Decision {
    pub const ALL: [Self; 4] = [Self::Duplicate, Self::PossibleDuplicate, Self::Related, Self::Distinct];

    /// The name on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::PossibleDuplicate => "possible_duplicate",
            Self::Related => "related",
            Self::Distinct => "distinct",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|d| d.as_str() == text)
    }
}

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
    /// The filing itself; only for the platform that filed it, and only when one filing is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submission: Option<Submission>,
}

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
    /// The written answer, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<Reply>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// Grows with every change; the entity tag is made from it.
    pub version: u64,
}

/// The evidence between a filing and a case: weights that add up to the score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MatchView {
    pub id: String,
    pub submission: String,
    pub case: String,
    /// The filing of that case it was compared with; absent where nothing was near enough to compare.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared_with: Option<String>,
    pub decision: Decision,
    /// Absent on a decision taken by a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelReference>,
    pub decided_by: DecidedBy,
    pub decided_at: DateTime<Utc>,
}

/// Who took a decision. What a person decided, the linker never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecidedBy {
    Linker,
    Person,
}

impl DecidedBy {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Linker => "linker",
            Self::Person => "person",
        }
    }
}

/// Fellegi–Sunter evidence: weights in bits, `prior` plus the comparisons' weights is exactly `weight`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Evidence {
    /// The weight before anything is compared.
    pub prior: f64,
    /// What had a value on both sides.
    #[schema(max_items = 64)]
    pub comparisons: Vec<ComparisonView>,
    pub weight: f64,
    /// That one person filed one matter twice, 0 to 1.
    #[schema(minimum = 0, maximum = 1)]
    pub probability: f64,
    /// Is a petitioner the same?
    pub person: AnswerView,
    /// Is the matter the same?
    pub matter: AnswerView,
    pub decision: Decision,
    /// Stable code of the rule that made the decision.
    #[schema(example = "same_person_same_matter")]
    pub rule: String,
}

/// One of the two questions, answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AnswerView {
    pub verdict: Verdict,
    /// Its share of the prior plus its comparisons, in bits.
    pub weight: f64,
    #[schema(minimum = 0, maximum = 1)]
    pub probability: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Yes,
    Maybe,
    No,
    /// Nothing could be compared.
    Unknown,
}

/// One compared feature. Names the feature and how well it agreed, never its value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ComparisonView {
    #[schema(example = "resident_id")]
    pub name: String,
    /// `person` or `matter`.
    #[schema(example = "person")]
    pub question: String,
    #[schema(example = "exact")]
    pub level: String,
    pub weight: f64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ModelReference {
    pub name: String,
    /// Digest of the model file, so that a decision can be repeated with exactly it.
    pub digest: String,
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
    /// It was put into a body's hands.
    #[serde(rename = "onecase.case.routed")]
    CaseRouted,
    /// Its status changed.
    #[serde(rename = "onecase.case.status_changed")]
    StatusChanged,
    /// The responsible body answered.
    #[serde(rename = "onecase.case.replied")]
    Replied,
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
}

impl EventKind {
    pub const ALL: [Self; 9] = [
        Self::CaseRegistered,
        Self::SubmissionLinked,
        Self::CaseRouted,
        Self::StatusChanged,
        Self::Replied,
        Self::CasesMerged,
        Self::CaseSplit,
        Self::CasesKeptApart,
        Self::CasesReleased,
    ];

    /// The CloudEvents type, on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CaseRegistered => "onecase.case.registered",
            Self::SubmissionLinked => "onecase.submission.linked",
            Self::CaseRouted => "onecase.case.routed",
            Self::StatusChanged => "onecase.case.status_changed",
            Self::Replied => "onecase.case.replied",
            Self::CasesMerged => "onecase.case.merged",
            Self::CaseSplit => "onecase.case.split",
            Self::CasesKeptApart => "onecase.case.kept_apart",
            Self::CasesReleased => "onecase.case.released",
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<Reply>,
    /// The other case of a ruling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_case: Option<String>,
    /// The ruling's id, and who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ruling: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
}

/// Cases of different petitioners about the same thing (共性问题). Related, never merged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MatterView {
    pub id: String,
    pub cases: u64,
    /// Of the case that founded it: GB/T 2260.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub division: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// One line of the duplicate report: two filings and why they were linked, or may have to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DuplicateView {
    /// The later filing.
    pub submission: DuplicateSide,
    /// The filing it was compared with.
    pub compared_with: DuplicateSide,
    /// The decision, the evidence and the case.
    #[serde(rename = "match")]
    pub decided: MatchView,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DuplicateSide {
    pub id: String,
    pub platform: String,
    pub source_id: String,
    pub channel: Channel,
    pub submitted_at: DateTime<Utc>,
    pub case: String,
    /// The words filed; only where asked for with `include=text`. No names, numbers or addresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<FiledText>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FiledText {
    pub subject: String,
    pub content: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

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
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlatformState {
    /// Nothing was exchanged with it yet.
    Idle,
    Healthy,
    /// It answers, but deliveries or pulls are behind.
    Lagging,
    /// It refuses or does not answer; deliveries wait.
    Failing,
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

/// One message owed to one platform (投递).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeliveryView {
    /// Also the idempotency key the platform is sent.
    pub id: String,
    pub platform: String,
    #[serde(rename = "type")]
    pub kind: MessageKind,
    pub case: String,
    /// The receiving platform's own filing it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submission: Option<String>,
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    pub created_at: DateTime<Utc>,
    /// When it is tried next, while pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<DateTime<Utc>>,
    /// What the platform answered a forward with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
    /// Why the last attempt failed, while it is not delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Waits for its turn or its next attempt.
    Pending,
    /// Is being sent now.
    Sending,
    Delivered,
    /// The platform has no use for such messages; recorded, not sent.
    Skipped,
    /// Given up on; can be requeued.
    Dead,
}

impl DeliveryState {
    pub const ALL: [Self; 5] = [Self::Pending, Self::Sending, Self::Delivered, Self::Skipped, Self::Dead];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sending => "sending",
            Self::Delivered => "delivered",
            Self::Skipped => "skipped",
            Self::Dead => "dead",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == text)
    }
}

/// A delivery with every attempt at it, first to last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeliveryDetail {
    pub delivery: DeliveryView,
    pub attempts: Vec<AttemptView>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AttemptView {
    /// From 1.
    pub number: u32,
    pub started_at: DateTime<Utc>,
    pub duration_ms: u64,
    pub outcome: AttemptOutcome,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// What went wrong, in a few words; nothing the platform answered is repeated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// SHA-256 of the bytes sent and of the answer's body: what proves the delivery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_sha256: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_sha256: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    Delivered,
    /// Failed in a way that may pass; it is tried again.
    Retry,
    /// Failed in a way that will not pass.
    Rejected,
    /// Not sent: the platform has no use for it.
    Skipped,
}

impl AttemptOutcome {
    pub const ALL: [Self; 4] = [Self::Delivered, Self::Retry, Self::Rejected, Self::Skipped];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Retry => "retry",
            Self::Rejected => "rejected",
            Self::Skipped => "skipped",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|o| o.as_str() == text)
    }
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
    pub deliveries: Vec<DeliveryCount>,
    /// Submissions registered and not linked yet.
    pub unlinked: u64,
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
