//! The JSON Schema's verdict, in our codes and words.

use std::sync::LazyLock;

use chrono::{DateTime, NaiveDateTime};
use jsonschema::{
    JsonType, ValidationError, Validator,
    error::{TypeKind, ValidationErrorKind as Kind},
};
use serde_json::Value;

use super::{
    Collector, MAX_VIOLATIONS, json_schema, member,
    oversight::{Acknowledgement, AdoptionOrder, ConflictOrder, ErasureOrder, SupervisionAnswer},
    ruling::{MergeOrder, ObjectionOrder, PairOrder, SplitOrder},
    webhook::{ReplayOrder, RotateOrder, WebhookChange, WebhookOrder},
};
use crate::{
    app::code::Code,
    domain::{blind::BlindSubmission, rating::Rating, referral::Referral, review_request::ReviewRequest},
};

pub(super) static SUBMISSION: Compiled = Compiled(LazyLock::new(|| compile(&json_schema::submission())));
pub(super) static CASE_UPDATE: Compiled = Compiled(LazyLock::new(|| compile(&json_schema::case_update())));

pub(super) static BLIND: Compiled =
    Compiled(LazyLock::new(|| compile(&json_schema::document::<BlindSubmission>("blind-submission", "BlindSubmission"))));
pub(super) static RATING: Compiled = Compiled(LazyLock::new(|| compile(&json_schema::document::<Rating>("rating", "Rating"))));
pub(super) static MERGE: Compiled = Compiled(LazyLock::new(|| compile(&json_schema::document::<MergeOrder>("merge-order", "MergeOrder"))));
pub(super) static SPLIT: Compiled = Compiled(LazyLock::new(|| compile(&json_schema::document::<SplitOrder>("split-order", "SplitOrder"))));
pub(super) static REFERRAL: Compiled = Compiled(LazyLock::new(|| compile(&json_schema::document::<Referral>("referral", "Referral"))));
pub(super) static CONFLICT: Compiled =
    Compiled(LazyLock::new(|| compile(&json_schema::document::<ConflictOrder>("conflict-order", "ConflictOrder"))));
pub(super) static ANSWER: Compiled =
    Compiled(LazyLock::new(|| compile(&json_schema::document::<SupervisionAnswer>("supervision-answer", "SupervisionAnswer"))));
pub(super) static ADOPTION: Compiled =
    Compiled(LazyLock::new(|| compile(&json_schema::document::<AdoptionOrder>("adoption-order", "AdoptionOrder"))));
pub(super) static ACKNOWLEDGEMENT: Compiled =
    Compiled(LazyLock::new(|| compile(&json_schema::document::<Acknowledgement>("acknowledgement", "Acknowledgement"))));
pub(super) static ERASURE: Compiled =
    Compiled(LazyLock::new(|| compile(&json_schema::document::<ErasureOrder>("erasure-order", "ErasureOrder"))));
pub(super) static OBJECTION: Compiled =
    Compiled(LazyLock::new(|| compile(&json_schema::document::<ObjectionOrder>("objection-order", "ObjectionOrder"))));
pub(super) static REVIEW_REQUEST: Compiled =
    Compiled(LazyLock::new(|| compile(&json_schema::document::<ReviewRequest>("review-request", "ReviewRequest"))));
pub(super) static PAIR: Compiled = Compiled(LazyLock::new(|| compile(&json_schema::document::<PairOrder>("pair-order", "PairOrder"))));
pub(super) static WEBHOOK: Compiled =
    Compiled(LazyLock::new(|| compile(&json_schema::document::<WebhookOrder>("webhook-order", "WebhookOrder"))));
pub(super) static WEBHOOK_CHANGE: Compiled =
    Compiled(LazyLock::new(|| compile(&json_schema::document::<WebhookChange>("webhook-change", "WebhookChange"))));
pub(super) static REPLAY: Compiled =
    Compiled(LazyLock::new(|| compile(&json_schema::document::<ReplayOrder>("replay-order", "ReplayOrder"))));
pub(super) static ROTATE: Compiled =
    Compiled(LazyLock::new(|| compile(&json_schema::document::<RotateOrder>("rotate-order", "RotateOrder"))));

/// A schema, compiled on first use.
pub(super) struct Compiled(LazyLock<Option<Validator>>);

fn compile(schema: &Value) -> Option<Validator> {
    jsonschema::options().with_draft(jsonschema::Draft::Draft202012).should_validate_formats(true).build(schema).ok()
}

impl Compiled {
    /// Puts every violation of the schema into `found`.
    pub(super) fn check(&self, value: &Value, found: &mut Collector) {
        let Some(validator) = self.0.as_ref() else {
            // A schema that does not compile is a fault of ours, and a test's business; until it is mended, nothing passes.
            found.add(Code::Internal, String::new(), "The gateway's schema is broken; tell its operator.");
            return;
        };
        for error in validator.iter_errors(value).take(2 * MAX_VIOLATIONS) {
            translate(&error, found);
        }
    }
}

fn translate(error: &ValidationError<'_>, found: &mut Collector) {
    let at = error.instance_path().as_str().to_owned();
    match error.kind() {
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            for name in unexpected {
                found.add(
                    Code::UnknownMember,
                    member(&at, name),
                    "This member is not part of the format; remove it, or put it into `extensions`.",
                );
            }
        }
        Kind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            found.add(Code::MissingMember, member(&at, name), format!("`{name}` is required; add it."));
        }
        Kind::OneOfNotValid { context } | Kind::AnyOf { context } => translate_choice(error, context, found),
        Kind::OneOfMultipleValid { .. } => found.add(Code::UnknownValue, at, "Several forms fit at once; send exactly one of them."),
        Kind::Type { kind } => found.add(Code::InvalidType, at, format!("This must be {}.", type_names(kind))),
        Kind::Enum { options } => found.add(Code::UnknownValue, at, format!("Use one of these: {}.", listed(options))),
        Kind::Constant { expected_value } => found.add(Code::UnknownValue, at, format!("The only value here is {expected_value}.")),
        Kind::Pattern { pattern } => translate_pattern(at, pattern, found),
        Kind::Format { format } => translate_format(at, format, error.instance().as_str().unwrap_or_default(), found),
        Kind::MaxLength { limit } => found.add(Code::TooLong, at, format!("At most {limit} characters are taken; shorten the text.")),
        Kind::MinLength { limit } => {
            found.add(Code::TooShort, at, format!("At least {limit} character(s) are needed; fill it, or leave it out if it is optional."));
        }
        Kind::MaxItems { limit } => found.add(Code::TooManyItems, at, format!("At most {limit} items are taken; send fewer.")),
        Kind::MinItems { limit } => found.add(Code::TooFewItems, at, format!("At least {limit} items are needed; send more.")),
        Kind::Maximum { limit } => found.add(Code::NumberOutOfRange, at, format!("At most {limit} is taken; send a smaller number.")),
        Kind::Minimum { limit } => found.add(Code::NumberOutOfRange, at, format!("At least {limit} is needed; send a larger number.")),
        other => found.add(
            Code::InvalidValue,
            at,
            format!("The schema's keyword `{}` refuses this; compare it with the JSON Schema.", other.keyword()),
        ),
    }
}

/// Of several allowed forms, the violations of the one that was meant.
fn translate_choice(error: &ValidationError<'_>, context: &[Vec<ValidationError<'static>>], found: &mut Collector) {
    let at = error.instance_path().as_str();
    let refuses_type = |branch: &[ValidationError<'static>]| {
        branch.iter().any(|e| matches!(e.kind(), Kind::Type { .. }) && e.instance_path().as_str() == at)
    };
    let meant: Vec<_> = context.iter().filter(|branch| !refuses_type(branch)).collect();
    match meant.as_slice() {
        [branch] => branch.iter().for_each(|inner| translate(inner, found)),
        [] => {
            // `null` is offered for optional members; the other form is what a caller wants to hear of.
            let kind = context.iter().flatten().find_map(|e| match e.kind() {
                Kind::Type { kind } if !matches!(kind, TypeKind::Single(JsonType::Null)) => Some(type_names(kind)),
                _ => None,
            });
            found.add(Code::InvalidType, at.to_owned(), format!("This must be {}.", kind.unwrap_or_else(|| "of another type".to_owned())));
        }
        branches => {
            let names: Vec<String> = branches
                .iter()
                .flat_map(|branch| branch.iter())
                .filter_map(|e| match e.kind() {
                    Kind::Required { property } => property.as_str().map(|name| format!("`{name}`")),
                    _ => None,
                })
                .collect();
            let detail = if names.is_empty() {
                "None of the allowed forms fits; compare it with the JSON Schema.".to_owned()
            } else {
                format!("Send an object with exactly one of these members: {}.", names.join(", "))
            };
            found.add(Code::UnknownValue, at.to_owned(), detail);
        }
    }
}

fn translate_pattern(at: String, pattern: &str, found: &mut Collector) {
    match at.as_str() {
        // The pattern is only the form of what the table of divisions decides.
        "/division" => found.add(Code::UnknownDivision, at, Code::UnknownDivision.advice()),
        _ if at.ends_with("/sha256") => found.add(Code::InvalidForm, at, "Write the SHA-256 digest as 64 lower-case hexadecimal digits."),
        _ => found.add(Code::InvalidForm, at, format!("The text must match the pattern {pattern}.")),
    }
}

fn translate_format(at: String, format: &str, text: &str, found: &mut Collector) {
    match format {
        "date-time" if lacks_offset(text) => found.add(Code::TimeWithoutOffset, at, "Add the offset from UTC to the time, such as +08:00."),
        "date-time" => found.add(Code::InvalidTime, at, "Write the time as RFC 3339 with its offset, such as 2026-03-01T09:30:00+08:00."),
        "date" => found.add(Code::InvalidDate, at, "Write the date as YYYY-MM-DD; it must exist in the calendar."),
        other => found.add(Code::InvalidForm, at, format!("Write the text in the form `{other}`.")),
    }
}

/// True for a time that would be right with an offset.
fn lacks_offset(text: &str) -> bool {
    DateTime::parse_from_rfc3339(text).is_err()
        && ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]
            .iter()
            .any(|form| NaiveDateTime::parse_from_str(text, form).is_ok())
}

fn type_names(kind: &TypeKind) -> String {
    let names: Vec<&str> = match kind {
        TypeKind::Single(only) => vec![type_name(*only)],
        TypeKind::Multiple(set) => set.iter().map(type_name).collect(),
    };
    names.join(" or ")
}

fn type_name(kind: JsonType) -> &'static str {
    match kind {
        JsonType::Array => "a list",
        JsonType::Boolean => "true or false",
        JsonType::Integer => "a whole number",
        JsonType::Null => "null",
        JsonType::Number => "a number",
        JsonType::Object => "an object",
        JsonType::String => "a text in quotes",
    }
}

fn listed(options: &Value) -> String {
    let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
    options.iter().map(|option| option.as_str().map_or_else(|| option.to_string(), str::to_owned)).collect::<Vec<_>>().join(", ")
}
