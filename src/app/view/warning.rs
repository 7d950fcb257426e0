//! What rises.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::warning::WarningState;

/// What a warning is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WarningSubject {
    /// A shared matter.
    Matter,
    /// A category in a division.
    Category,
}

/// Something rises by a declared rule (网上判).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WarningView {
    pub id: String,
    /// The declared rule.
    #[schema(example = "matter-rises")]
    pub rule: String,
    /// What the rule is about, in Chinese and in English.
    pub title: String,
    pub title_en: String,
    pub subject: WarningSubject,
    /// The shared matter, and what its filings share in words; its cases are in `/v1/cases?matter=…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matter: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matter_name: Option<String>,
    /// GB/T 2260 code of where it rises; a category's cases are in `/v1/cases?division=…&category=…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The newest of the cases behind it when it was raised.
    pub case: String,
    /// Cases of the rule's days up to `counted_at`, and of as many days before.
    pub cases: u64,
    pub before: u64,
    /// Counties the cases came from.
    pub places: u64,
    pub state: WarningState,
    pub raised_at: DateTime<Utc>,
    /// The first of the days that were counted.
    pub counted_from: NaiveDate,
    pub counted_at: DateTime<Utc>,
    /// When it had fallen again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<DateTime<Utc>>,
    /// When a person had seen it, with which key, and what they say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged_at: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Categories of an area compared with the period before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Trends {
    /// GB/T 2260 code.
    pub area: String,
    /// The days counted, both included; compared with as many before.
    pub from: NaiveDate,
    pub until: NaiveDate,
    /// The most risen first.
    pub items: Vec<TrendView>,
}

/// A category, by its first level.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TrendView {
    pub category: String,
    /// Cases registered in the period, and in the one before.
    pub cases: u64,
    pub before: u64,
}
