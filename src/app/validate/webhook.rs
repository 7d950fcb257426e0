//! What a platform orders about its endpoints.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{super::view::EventKind, Collector};
use crate::app::code::Code;

/// An endpoint that shall be told of changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookOrder {
    /// A public `https` address.
    #[schema(min_length = 1, max_length = 2000)]
    pub url: String,
    /// The types of events it shall be told; all if left out or empty.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub types: Vec<EventKind>,
    /// For people.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub description: String,
    /// Begin with nothing being sent.
    #[serde(default)]
    pub paused: bool,
}

/// What shall change about an endpoint; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookChange {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 2000)]
    pub url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 50)]
    pub types: Option<Vec<EventKind>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    pub description: Option<String>,
    /// `false` also resumes an endpoint that was given up on; it goes on where it stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<bool>,
}

/// Which events shall be sent again: all since a time, or those given up on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayOrder {
    /// Every event of this time or later, also those delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
    /// Every event that was given up on.
    #[serde(default)]
    pub failed: bool,
}

/// How the signing secret shall be replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateOrder {
    /// So long what is sent is signed with both; a day unless said otherwise, at most a week.
    #[serde(default = "a_day")]
    #[schema(minimum = 0, maximum = 604_800, default = 86_400)]
    pub overlap_seconds: u32,
}

const fn a_day() -> u32 {
    86_400
}

pub(super) fn check(_order: &Value, _now: DateTime<Utc>, _found: &mut Collector) {}

pub(super) fn check_replay(order: &Value, _now: DateTime<Utc>, found: &mut Collector) {
    let since = order.get("since").is_some_and(|since| !since.is_null());
    let failed = order.get("failed").and_then(Value::as_bool).unwrap_or_default();
    if since == failed {
        found.add(Code::MissingMember, "/since".to_owned(), "Give either `since` or `\"failed\": true`.");
    }
}
