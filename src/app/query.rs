//! What lists are asked for with.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::view::{Decision, DeliveryState, EventKind};
use crate::domain::{
    alert::{Severity, Watch},
    case::CaseStatus,
    deadline::{Clock, DeadlineState},
    division::{self, Level},
    indicator::{Dimension, Measure},
    matter::Trend,
    referral::ConflictState,
    spot::Bounds,
    submission::{Channel, Kind},
    supervision::{SupervisionKind, SupervisionState},
    warning::WarningState,
};

/// How many items a page has unless the caller says otherwise, and at most.
pub const DEFAULT_LIMIT: u32 = 50;
pub const MAX_LIMIT: u32 = 200;

/// Which part of a list is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// 1 to [`MAX_LIMIT`].
    pub limit: u32,
    /// Where the page before ended: its `next_cursor`.
    pub after: Option<String>,
}

impl Default for Page {
    fn default() -> Self {
        Self { limit: DEFAULT_LIMIT, after: None }
    }
}

/// Newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertFilter {
    /// Whether it fires still.
    pub firing: Option<bool>,
    pub severity: Option<Severity>,
    pub watch: Option<Watch>,
    pub platform: Option<String>,
}

/// By when they are due, earliest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadlineFilter {
    pub state: DeadlineState,
    pub clock: Option<Clock>,
    pub kind: Option<Kind>,
    /// This division and all inside it.
    pub division: Option<String>,
    pub organization: Option<String>,
    /// The handling platform.
    pub platform: Option<String>,
    pub due_before: Option<DateTime<Utc>>,
}

/// Newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SupervisionFilter {
    pub state: Option<SupervisionState>,
    pub kind: Option<SupervisionKind>,
    /// A declared rule.
    pub rule: Option<String>,
    pub case: Option<String>,
    /// The body addressed.
    pub organization: Option<String>,
    /// The platform addressed.
    pub platform: Option<String>,
    /// The case's division: this one and all inside it.
    pub division: Option<String>,
}

/// Newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConflictFilter {
    /// Only those that this platform has a part in.
    pub visible_to: Option<String>,
    pub state: Option<ConflictState>,
    pub case: Option<String>,
    /// It came from this platform, or one of the bodies works on it.
    pub platform: Option<String>,
    /// One of the two bodies.
    pub organization: Option<String>,
    /// The case's division: this one and all inside it.
    pub division: Option<String>,
}

/// Newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WarningFilter {
    pub state: Option<WarningState>,
    /// A declared rule.
    pub rule: Option<String>,
    pub matter: Option<String>,
    /// It rises in this division or inside it.
    pub area: Option<String>,
    /// This category path and all below it.
    pub category: Option<String>,
}

/// Newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GapFilter {
    /// The body that was competent.
    pub competent: Option<String>,
}

/// Of an area over a period of days in Beijing, both ends included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndicatorQuery {
    /// GB/T 2260 code of six digits.
    pub area: String,
    pub from: NaiveDate,
    pub until: NaiveDate,
    pub by: Option<Dimension>,
}

/// Longest period of indicators, days.
const MAX_INDICATOR_DAYS: i64 = 3_660;

impl IndicatorQuery {
    /// The nation over this month up to `today`, in whatever is not said.
    ///
    /// # Errors
    /// The name of the parameter that cannot be used: `area` must be a known code of six digits, `from` not after `until` and at most
    /// ten years before it.
    pub fn new(
        area: Option<String>,
        from: Option<NaiveDate>,
        until: Option<NaiveDate>,
        by: Option<Dimension>,
        today: NaiveDate,
    ) -> Result<Self, &'static str> {
        let area = area.unwrap_or_else(|| division::NATION.to_owned());
        if area.len() != 6 || !division::is_known(&area) {
            return Err("area");
        }
        let until = until.unwrap_or(today);
        let from = from.or_else(|| until.with_day(1)).unwrap_or(until);
        if (0..MAX_INDICATOR_DAYS).contains(&until.signed_duration_since(from).num_days()) {
            Ok(Self { area, from, until, by })
        } else {
            Err("from")
        }
    }
}

/// Newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubmissionFilter {
    pub platform: Option<String>,
    pub source_id: Option<String>,
    pub channel: Option<Channel>,
    pub kind: Option<Kind>,
    pub decision: Option<Decision>,
    pub received_from: Option<DateTime<Utc>>,
    /// Exclusive.
    pub received_until: Option<DateTime<Utc>>,
    /// The filing's: this one and all inside it.
    pub division: Option<String>,
}

/// Most recently changed first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaseFilter {
    /// Only cases this platform is a source or the handler of.
    pub visible_to: Option<String>,
    pub status: Option<CaseStatus>,
    pub kind: Option<Kind>,
    /// This division and all inside it.
    pub division: Option<String>,
    /// This category path and all below it.
    pub category: Option<String>,
    pub organization: Option<String>,
    /// How far up the responsible body stands.
    pub level: Option<Level>,
    /// The handling platform; with a figure of filings, that of the filing.
    pub platform: Option<String>,
    /// That of the first filing; with a figure of filings, that of the filing.
    pub channel: Option<Channel>,
    pub matter: Option<String>,
    pub updated_from: Option<DateTime<Utc>>,
    /// Only the cases behind this figure of the indicators.
    pub counted: Option<CountedIn>,
}

/// A figure of the indicators: what it counts, over days in Beijing, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountedIn {
    pub measure: Measure,
    pub from: NaiveDate,
    pub until: NaiveDate,
}

impl CountedIn {
    /// # Errors
    /// If the days are not those of a period as [`IndicatorQuery`] takes it.
    pub fn new(measure: Measure, from: NaiveDate, until: NaiveDate) -> Result<Self, &'static str> {
        IndicatorQuery::new(None, Some(from), Some(until), None, until).map(|_| Self { measure, from, until })
    }
}

/// Cases on a map; only those that have a place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlaceFilter {
    pub bounds: Option<Bounds>,
    pub registered_from: Option<DateTime<Utc>>,
    /// Exclusive.
    pub registered_until: Option<DateTime<Utc>>,
    pub status: Option<CaseStatus>,
    pub kind: Option<Kind>,
    /// This division and all inside it.
    pub division: Option<String>,
    /// This category path and all below it.
    pub category: Option<String>,
    /// The responsible body (化解责任).
    pub resolving_body: Option<String>,
    /// The petition office of the place (属地责任).
    pub territorial_body: Option<String>,
}

/// Which way a list goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    #[default]
    Newest,
    Oldest,
}

impl Order {
    pub const ALL: [Self; 2] = [Self::Newest, Self::Oldest];
}

/// Of the duplicate report; every part narrows it. By the position of the later filing in the log.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct DuplicateFilter {
    /// None: `duplicate` and `possible_duplicate`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// Either filing came from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// So did the other: with `platform`, the pairs between the two, in whichever order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_platform: Option<String>,
    /// Only pairs whose filings came from two platforms.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub across_platforms: bool,
    /// Either filing came by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// The later filing's: this division and all inside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub division: Option<String>,
    /// Both filings': this one and all inside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<String>,
    /// The body responsible for the case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// The rule that made the decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The model's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The first digits of the model's digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_digest: Option<String>,
    /// Who settled it, as rulings name them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reviewer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_probability: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_probability: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_from: Option<DateTime<Utc>>,
    /// Exclusive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_until: Option<DateTime<Utc>>,
    pub order: Order,
    /// Fill [`super::view::DuplicateSide::text`].
    pub with_text: bool,
}

/// What a list of matters is ordered by; the greatest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MatterOrder {
    /// Number of cases.
    #[default]
    Cases,
    /// Time of the last change.
    Updated,
    /// How many more filings the last four weeks have than the four before.
    Growth,
}

impl MatterOrder {
    pub const ALL: [Self; 3] = [Self::Cases, Self::Updated, Self::Growth];
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MatterFilter {
    /// The founding case is in this division or inside it.
    pub division: Option<String>,
    /// So are all its cases.
    pub within: Option<String>,
    /// The founding case has this category path or one below it.
    pub category: Option<String>,
    /// Something was filed at this time or later.
    pub filed_from: Option<DateTime<Utc>>,
    /// Something was filed before.
    pub filed_until: Option<DateTime<Utc>>,
    pub trend: Option<Trend>,
    pub min_cases: Option<u32>,
    pub order: MatterOrder,
}

/// Newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    pub platform: Option<String>,
    pub state: Option<DeliveryState>,
    pub case: Option<String>,
    /// The case's division: this one and all inside it.
    pub division: Option<String>,
}

/// Which part of the change feed is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeFilter {
    /// Only cases this platform is a source or the handler of.
    pub visible_to: Option<String>,
    /// Any of these; all if empty.
    pub kinds: Vec<EventKind>,
    /// The case's division: this one and all inside it.
    pub division: Option<String>,
    pub case: Option<String>,
}
