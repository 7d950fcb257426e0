//! What a petitioner's rating must mean, beyond its form.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{
    Collector,
    semantics::{not_blank, plausible_time},
};

pub(super) fn check(rating: &Value, now: DateTime<Utc>, found: &mut Collector) {
    plausible_time(rating, "/rated_at", now, found);
    not_blank(rating, "/rating_id", found);
    not_blank(rating, "/comment", found);
}
