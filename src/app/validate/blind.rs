//! What a blind filing must mean, beyond its form.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{
    Collector,
    semantics::{no_control_characters, not_blank, plausible_time, text},
    submission::{check_category, check_division},
};
use crate::{app::code::Code, matching::Fingerprint};

const FINGERPRINT: &str = "/fingerprint";

pub(super) fn check(filing: &Value, now: DateTime<Utc>, found: &mut Collector) {
    plausible_time(filing, "/submitted_at", now, found);
    not_blank(filing, "/source_id", found);
    no_control_characters(filing, "/source_id", found);
    check_division(filing, found);
    check_category(filing, found);
    let Some(print) = filing.get("fingerprint").filter(|print| print.is_string()) else { return };
    let Ok(print) = serde_json::from_value::<Fingerprint>(print.clone()) else {
        found.add(
            Code::InvalidForm,
            FINGERPRINT.to_owned(),
            "This is no fingerprint of a known version; make it with `onecase fingerprint`.",
        );
        return;
    };
    let filed = text(filing, "/submitted_at").and_then(|t| DateTime::parse_from_rfc3339(t).ok());
    if filed.is_some_and(|filed| print.submitted_at() != Some(filed.timestamp())) {
        let detail = "The fingerprint was made with another time of filing; make it again from this record.";
        found.add(Code::InvalidValue, FINGERPRINT.to_owned(), detail);
    }
}
