//! Bytes to a filing or a case update, or everything that is wrong with them.
//!
//! The order: size, UTF-8, JSON syntax, then the JSON Schema and the meaning together, so that one answer names every
//! violation. Pure: the caller gives the time. A violation names the place and what to do, never the value found there,
//! because that may be personal data.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use utoipa::ToSchema;

use super::code::Code;
use crate::domain::{
    blind::BlindSubmission, rating::Rating, referral::Referral, review_request::ReviewRequest, submission::Submission, update::CaseUpdate,
};

mod blind;
pub mod json_schema;
pub mod oversight;
mod rating;
mod review_request;
pub mod ruling;
mod scan;
mod schema;
mod semantics;
mod submission;
mod update;
pub mod webhook;

pub use oversight::{Acknowledgement, AdoptionOrder, ConflictOrder, ErasureOrder, SupervisionAnswer};
pub use ruling::{MergeOrder, ObjectionDecision, ObjectionOrder, PairOrder, SplitOrder};
pub use scan::MAX_DEPTH;
pub use webhook::{ReplayOrder, RotateOrder, WebhookChange, WebhookOrder};

/// How large one filing or update may be.
pub const MAX_BYTES: usize = 512 * 1024;

/// How far a platform's clock may run ahead.
pub const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(5);

/// How many violations one answer names; a body wrong in more places is wrong as a whole.
pub const MAX_VIOLATIONS: usize = 200;

/// One thing wrong with a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Violation {
    pub code: Code,
    /// Where in the body: a JSON Pointer (RFC 6901). For a missing member, where it should be.
    #[schema(example = "/petitioners/0/id_document/number")]
    pub pointer: String,
    /// What to do about it.
    #[schema(example = "The check character does not fit the digits before it; compare the number with the document.")]
    pub detail: String,
}

/// Why a body was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {}", Listed(.list))]
pub struct Violations {
    /// The body's fate as a whole: [`Code::InvalidSubmission`], [`Code::InvalidUpdate`], or why it could not be read.
    pub code: Code,
    /// Never empty; by place, each place and code once.
    pub list: Vec<Violation>,
    /// There are more than [`MAX_VIOLATIONS`].
    pub more: bool,
}

struct Listed<'a>(&'a [Violation]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, violation) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{} at `{}`: {}", violation.code, violation.pointer, violation.detail)?;
        }
        Ok(())
    }
}

/// Reads a filing in exchange format v1.
///
/// # Errors
/// Every violation of the format.
pub fn submission(bytes: &[u8], now: DateTime<Utc>) -> Result<Submission, Violations> {
    read(bytes, now, &SUBMISSION)
}

/// Checks a filing that is already a value, such as a mapping's result.
///
/// # Errors
/// Every violation of the format.
pub fn submission_value(value: Value, now: DateTime<Utc>) -> Result<Submission, Violations> {
    let found = scan::scanned(&value);
    judge(value, now, &SUBMISSION, found)
}

/// Reads a blind filing.
///
/// # Errors
/// Every violation of its form.
pub fn blind_submission(bytes: &[u8], now: DateTime<Utc>) -> Result<BlindSubmission, Violations> {
    read(bytes, now, &BLIND)
}

/// Reads a status or reply from a handling platform.
///
/// # Errors
/// Every violation of the format.
pub fn case_update(bytes: &[u8], now: DateTime<Utc>) -> Result<CaseUpdate, Violations> {
    read(bytes, now, &UPDATE)
}

/// Checks a case update that is already a value, such as a mapping's result. Platforms that keep no record of who approved an
/// extension report it without.
///
/// # Errors
/// Every violation of the format.
pub fn case_update_value(value: Value, now: DateTime<Utc>) -> Result<CaseUpdate, Violations> {
    let found = scan::scanned(&value);
    judge(value, now, &MAPPED_UPDATE, found)
}

/// Reads a petitioner's request for a review.
///
/// # Errors
/// Every violation of its form.
pub fn review_request(bytes: &[u8], now: DateTime<Utc>) -> Result<ReviewRequest, Violations> {
    read(bytes, now, &REVIEW_REQUEST)
}

/// Reads what a sender decides about an objection.
///
/// # Errors
/// Every violation of its form.
pub fn objection_order(bytes: &[u8], now: DateTime<Utc>) -> Result<ObjectionOrder, Violations> {
    read(bytes, now, &OBJECTION)
}

/// Reads a petitioner's rating.
///
/// # Errors
/// Every violation of its form.
pub fn rating(bytes: &[u8], now: DateTime<Utc>) -> Result<Rating, Violations> {
    read(bytes, now, &RATING)
}

/// Reads the order to merge two cases.
///
/// # Errors
/// Every violation of its form.
pub fn merge_order(bytes: &[u8], now: DateTime<Utc>) -> Result<MergeOrder, Violations> {
    read(bytes, now, &MERGE)
}

/// Reads the order to split a case.
///
/// # Errors
/// Every violation of its form.
pub fn split_order(bytes: &[u8], now: DateTime<Utc>) -> Result<SplitOrder, Violations> {
    read(bytes, now, &SPLIT)
}

/// Reads an order about two cases.
///
/// # Errors
/// Every violation of its form.
pub fn pair_order(bytes: &[u8], now: DateTime<Utc>) -> Result<PairOrder, Violations> {
    read(bytes, now, &PAIR)
}

/// Reads a platform's word that it referred a case.
///
/// # Errors
/// Every violation of its form.
pub fn referral(bytes: &[u8], now: DateTime<Utc>) -> Result<Referral, Violations> {
    read(bytes, now, &REFERRAL)
}

/// Reads which body keeps a case that two were given.
///
/// # Errors
/// Every violation of its form.
pub fn conflict_order(bytes: &[u8], now: DateTime<Utc>) -> Result<ConflictOrder, Violations> {
    read(bytes, now, &CONFLICT)
}

/// Reads what a body answers to a supervision.
///
/// # Errors
/// Every violation of its form.
pub fn supervision_answer(bytes: &[u8], now: DateTime<Utc>) -> Result<SupervisionAnswer, Violations> {
    read(bytes, now, &ANSWER)
}

/// Reads whether a proposal was adopted.
///
/// # Errors
/// Every violation of its form.
pub fn adoption_order(bytes: &[u8], now: DateTime<Utc>) -> Result<AdoptionOrder, Violations> {
    read(bytes, now, &ADOPTION)
}

/// Reads what a person says to a warning.
///
/// # Errors
/// Every violation of its form.
pub fn acknowledgement(bytes: &[u8], now: DateTime<Utc>) -> Result<Acknowledgement, Violations> {
    read(bytes, now, &ACKNOWLEDGEMENT)
}

/// Reads why a filing is to be erased.
///
/// # Errors
/// Every violation of its form.
pub fn erasure_order(bytes: &[u8], now: DateTime<Utc>) -> Result<ErasureOrder, Violations> {
    read(bytes, now, &ERASURE)
}

/// Reads what an endpoint shall be.
///
/// # Errors
/// Every violation of its form.
pub fn webhook_order(bytes: &[u8], now: DateTime<Utc>) -> Result<WebhookOrder, Violations> {
    read(bytes, now, &WEBHOOK)
}

/// Reads what shall change about an endpoint.
///
/// # Errors
/// Every violation of its form.
pub fn webhook_change(bytes: &[u8], now: DateTime<Utc>) -> Result<WebhookChange, Violations> {
    read(bytes, now, &WEBHOOK_CHANGE)
}

/// Reads which events shall be sent again.
///
/// # Errors
/// Every violation of its form.
pub fn replay_order(bytes: &[u8], now: DateTime<Utc>) -> Result<ReplayOrder, Violations> {
    read(bytes, now, &REPLAY)
}

/// Reads how a secret shall be replaced.
///
/// # Errors
/// Every violation of its form.
pub fn rotate_order(bytes: &[u8], now: DateTime<Utc>) -> Result<RotateOrder, Violations> {
    read(bytes, now, &ROTATE)
}

/// What makes one kind of body different from another.
struct Format {
    refused: Code,
    schema: &'static schema::Compiled,
    meaning: fn(&Value, DateTime<Utc>, &mut Collector),
}

static SUBMISSION: Format = Format { refused: Code::InvalidSubmission, schema: &schema::SUBMISSION, meaning: submission::check };
static BLIND: Format = Format { refused: Code::InvalidSubmission, schema: &schema::BLIND, meaning: blind::check };
static RATING: Format = Format { refused: Code::InvalidRating, schema: &schema::RATING, meaning: rating::check };
static MERGE: Format = Format { refused: Code::InvalidRuling, schema: &schema::MERGE, meaning: ruling::check };
static SPLIT: Format = Format { refused: Code::InvalidRuling, schema: &schema::SPLIT, meaning: ruling::check };
static PAIR: Format = Format { refused: Code::InvalidRuling, schema: &schema::PAIR, meaning: ruling::check };
static WEBHOOK: Format = Format { refused: Code::InvalidWebhook, schema: &schema::WEBHOOK, meaning: webhook::check };
static WEBHOOK_CHANGE: Format = Format { refused: Code::InvalidWebhook, schema: &schema::WEBHOOK_CHANGE, meaning: webhook::check };
static REPLAY: Format = Format { refused: Code::InvalidWebhook, schema: &schema::REPLAY, meaning: webhook::check_replay };
static ROTATE: Format = Format { refused: Code::InvalidWebhook, schema: &schema::ROTATE, meaning: webhook::check };
static REFERRAL: Format = Format { refused: Code::InvalidReferral, schema: &schema::REFERRAL, meaning: oversight::check_referral };
static CONFLICT: Format = Format { refused: Code::InvalidRuling, schema: &schema::CONFLICT, meaning: ruling::check };
static ANSWER: Format = Format { refused: Code::InvalidAnswer, schema: &schema::ANSWER, meaning: oversight::check_answer };
static ADOPTION: Format = Format { refused: Code::InvalidRuling, schema: &schema::ADOPTION, meaning: oversight::check_note };
static ACKNOWLEDGEMENT: Format = Format { refused: Code::InvalidRuling, schema: &schema::ACKNOWLEDGEMENT, meaning: oversight::check_note };
static ERASURE: Format = Format { refused: Code::InvalidRuling, schema: &schema::ERASURE, meaning: oversight::check_reason };
static OBJECTION: Format = Format { refused: Code::InvalidRuling, schema: &schema::OBJECTION, meaning: ruling::check };
static UPDATE: Format = Format { refused: Code::InvalidUpdate, schema: &schema::CASE_UPDATE, meaning: update::check_reported };
static MAPPED_UPDATE: Format = Format { refused: Code::InvalidUpdate, schema: &schema::CASE_UPDATE, meaning: update::check };
static REVIEW_REQUEST: Format =
    Format { refused: Code::InvalidReviewRequest, schema: &schema::REVIEW_REQUEST, meaning: review_request::check };

fn read<T: DeserializeOwned>(bytes: &[u8], now: DateTime<Utc>, format: &Format) -> Result<T, Violations> {
    if bytes.len() > MAX_BYTES {
        let detail =
            format!("At most {MAX_BYTES} bytes are taken; attachments stay on the platform and only their address and digest travel.");
        return Err(Violations::whole(Code::PayloadTooLarge, detail));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let detail = format!("The body is not UTF-8 from byte {} on; encode it as UTF-8 and send it again.", error.valid_up_to());
        Violations::whole(Code::InvalidUtf8, detail)
    })?;
    let mut found = Collector::default();
    match scan::scan(text, &mut found) {
        Ok(value) => judge(value, now, format, found),
        Err(scan::ScanError::Depth) => Err(found.refuse(format.refused)),
        Err(scan::ScanError::Syntax(error)) => {
            let detail = format!(
                "The body stops being JSON at line {}, column {}; correct it there and send it again.",
                error.line(),
                error.column()
            );
            Err(Violations::whole(Code::MalformedJson, detail))
        }
    }
}

fn judge<T: DeserializeOwned>(mut value: Value, now: DateTime<Utc>, format: &Format, mut found: Collector) -> Result<T, Violations> {
    format.schema.check(&value, &mut found);
    if value.is_object() {
        (format.meaning)(&value, now, &mut found);
    }
    if !found.list.is_empty() {
        return Err(found.refuse(format.refused));
    }
    semantics::drop_fractions(&mut value);
    // The schema is made from the type, so what it lets through deserialises; should it ever not, refuse rather than fail.
    T::deserialize(value).map_err(|_| {
        found.add(Code::InvalidValue, String::new(), "The body cannot be read; compare it with the JSON Schema.");
        found.refuse(format.refused)
    })
}

impl Violations {
    /// One violation that only a use case could find.
    pub(super) fn one(refused: Code, code: Code, pointer: &str, detail: impl Into<String>) -> Self {
        Self { code: refused, list: vec![Violation { code, pointer: pointer.to_owned(), detail: detail.into() }], more: false }
    }

    fn whole(code: Code, detail: String) -> Self {
        Self { code, list: vec![Violation { code, pointer: String::new(), detail }], more: false }
    }
}

/// Gathers violations: each place and code once, a bounded number.
#[derive(Debug, Default)]
struct Collector {
    list: Vec<Violation>,
    more: bool,
}

impl Collector {
    fn add(&mut self, code: Code, pointer: String, detail: impl Into<String>) {
        if self.list.iter().any(|v| v.code == code && v.pointer == pointer) {
            return;
        }
        if self.is_full() {
            self.more = true;
            return;
        }
        self.list.push(Violation { code, pointer, detail: detail.into() });
    }

    fn is_full(&self) -> bool {
        self.list.len() >= MAX_VIOLATIONS
    }

    /// True if something is already wrong with the value at `pointer`.
    fn touches(&self, pointer: &str) -> bool {
        self.list.iter().any(|v| v.pointer == pointer)
    }

    fn refuse(mut self, code: Code) -> Violations {
        // The checks run in an order that is nobody's business; the answer is always the same.
        self.list.sort_by(|a, b| (&a.pointer, a.code).cmp(&(&b.pointer, b.code)));
        Violations { code, list: self.list, more: self.more }
    }
}

/// Names longer than this are cut in a pointer, so that an answer stays small.
const MAX_SEGMENT: usize = 64;

/// A JSON Pointer under construction (RFC 6901).
#[derive(Clone, Debug, Default)]
struct Pointer(Vec<String>);

impl Pointer {
    fn push(&mut self, name: &str) {
        let name: String = name.chars().take(MAX_SEGMENT).collect();
        self.0.push(name.replace('~', "~0").replace('/', "~1"));
    }

    fn push_index(&mut self, index: usize) {
        self.0.push(index.to_string());
    }

    fn pop(&mut self) {
        self.0.pop();
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|segment| write!(f, "/{segment}"))
    }
}

/// `base` and a member of it.
fn member(base: &str, name: &str) -> String {
    let mut last = Pointer::default();
    last.push(name);
    format!("{base}{last}")
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
