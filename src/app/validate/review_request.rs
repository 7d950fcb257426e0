//! What a request for a review must mean, beyond its form.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{
    Collector,
    semantics::{not_blank, plausible_time},
};

pub(super) fn check(request: &Value, now: DateTime<Utc>, found: &mut Collector) {
    plausible_time(request, "/requested_at", now, found);
    not_blank(request, "/request_id", found);
    not_blank(request, "/reason", found);
}
