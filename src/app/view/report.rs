//! The yearly report (信访工作条例, article 41).

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::IndicatorFigures;

/// The figures of a year in an area, whole and told apart, beside the same days of the year before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct YearReport {
    pub year: i32,
    /// GB/T 2260 code; `000000` is the nation.
    pub area: String,
    pub from: NaiveDate,
    /// The last day counted: today, in a year that is not over.
    pub until: NaiveDate,
    /// The year is over.
    pub complete: bool,
    pub computed_at: DateTime<Utc>,
    /// Everything that has happened is counted; otherwise the newest events are still being folded.
    pub up_to_date: bool,
    pub total: IndicatorFigures,
    pub year_before: IndicatorFigures,
    /// The divisions directly inside the area, by their codes.
    pub divisions: Vec<ReportGroup>,
    /// The others: those with most cases first.
    pub kinds: Vec<ReportGroup>,
    pub channels: Vec<ReportGroup>,
    /// Fields, by the first level of the category.
    pub categories: Vec<ReportGroup>,
    /// The bodies responsible for most cases, at most thirty.
    pub bodies: Vec<ReportGroup>,
    pub platforms: Vec<ReportGroup>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReportGroup {
    pub value: String,
    pub figures: IndicatorFigures,
    pub year_before: IndicatorFigures,
}
