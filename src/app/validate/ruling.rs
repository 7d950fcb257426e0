//! What people order about cases.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{Collector, semantics::not_blank};

/// Make another case part of this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MergeOrder {
    /// The case that becomes part of the one in the address.
    #[schema(min_length = 1, max_length = 64)]
    pub from: String,
    /// Why; kept with the ruling.
    #[schema(min_length = 1, max_length = 2000)]
    pub reason: String,
}

/// Take filings out of a case into one of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SplitOrder {
    /// The gateway's numbers of the filings.
    #[schema(min_items = 1, max_items = 1000)]
    pub submissions: Vec<String>,
    /// Why; kept with the ruling.
    #[schema(min_length = 1, max_length = 2000)]
    pub reason: String,
}

/// Rule about this case and another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PairOrder {
    /// The other case.
    #[schema(min_length = 1, max_length = 64)]
    pub case: String,
    /// Why; kept with the ruling.
    #[schema(min_length = 1, max_length = 2000)]
    pub reason: String,
}

/// What the sender of a case says to the objection of the body it was sent to (信访工作条例, article 23).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ObjectionOrder {
    pub decision: ObjectionDecision,
    /// With `agree`: the connected body that gets the case. The nearest connected superior of the objecting body if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 63)]
    pub organization: Option<String>,
    /// Why; kept in the case's history and told to the bodies.
    #[schema(min_length = 1, max_length = 2000)]
    pub reason: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ObjectionDecision {
    /// The case is returned and goes to another body.
    Agree,
    /// It stays with the body that objected.
    Disagree,
}

pub(super) fn check(order: &Value, _now: DateTime<Utc>, found: &mut Collector) {
    not_blank(order, "/reason", found);
}
