//! What a handling platform's report must mean, beyond its form.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{
    Collector,
    semantics::{is_blank, not_blank, plausible_time, text},
};
use crate::app::code::Code;

const MAX_REFERENCE: usize = 128;

/// [`check`], and what only a platform that speaks the exchange format itself can be asked for.
pub(super) fn check_reported(update: &Value, now: DateTime<Utc>, found: &mut Collector) {
    check(update, now, found);
    let approved = update.get("approved_by").and_then(Value::as_str).is_some_and(|name| !is_blank(name));
    if text(update, "/status") == Some("extended") && !approved {
        found.add(Code::ApprovalMissing, "/approved_by".to_owned(), Code::ApprovalMissing.advice());
    }
}

pub(super) fn check(update: &Value, now: DateTime<Utc>, found: &mut Collector) {
    plausible_time(update, "/occurred_at", now, found);
    for pointer in ["/reply/replied_at", "/hearing/began_at", "/hearing/ended_at"] {
        plausible_time(update, pointer, now, found);
    }
    for pointer in ["/update_id", "/reference/case", "/reference/receipt", "/reply/content", "/reply/organization"] {
        not_blank(update, pointer, found);
    }
    for pointer in ["/reference/case", "/reference/receipt"] {
        if text(update, pointer).is_some_and(|reference| reference.chars().count() > MAX_REFERENCE) {
            found.add(
                Code::TooLong,
                pointer.to_owned(),
                format!("At most {MAX_REFERENCE} characters are taken; send the reference unchanged."),
            );
        }
    }
    let Some(status) = text(update, "/status") else { return };
    check_reason(update, status, found);
    check_reply(update, status, found);
    check_hearing(update, status, found);
}

/// A refusal is notified in writing, an objection carries its reasons (信访工作条例, article 23).
fn check_reason(update: &Value, status: &str, found: &mut Collector) {
    let absent = update.get("reason").is_none_or(|reason| reason.is_null() || reason.as_str().is_some_and(is_blank));
    if matches!(status, "refused" | "objected") && absent {
        found.add(Code::ReasonMissing, "/reason".to_owned(), format!("Say in `reason` why the case is {status}."));
    }
}

fn check_reply(update: &Value, status: &str, found: &mut Collector) {
    if status == "answered" && update.get("reply").is_none_or(Value::is_null) {
        found.add(Code::ReplyMissing, "/reply".to_owned(), Code::ReplyMissing.advice());
    }
}

/// Hearings belong to re-reviews (信访工作条例, article 36).
fn check_hearing(update: &Value, status: &str, found: &mut Collector) {
    if update.get("hearing").is_none_or(Value::is_null) {
        return;
    }
    let time = |pointer| text(update, pointer).and_then(|time| DateTime::parse_from_rfc3339(time).ok());
    let backwards = time("/hearing/began_at").zip(time("/hearing/ended_at")).is_some_and(|(began, ended)| ended < began);
    if status != "under_re_review" || backwards {
        found.add(Code::HearingMisplaced, "/hearing".to_owned(), Code::HearingMisplaced.advice());
    }
}
