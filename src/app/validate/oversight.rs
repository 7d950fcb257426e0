//! What is answered, decided and acknowledged about cases.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    Collector,
    semantics::{not_blank, plausible_time},
};

/// What the common superior of two bodies decides (信访工作条例, article 24).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConflictOrder {
    /// The body that keeps the case: one of the two.
    #[schema(min_length = 1, max_length = 63)]
    pub keeper: String,
    /// Why; kept with the decision and told to the bodies.
    #[schema(min_length = 1, max_length = 2000)]
    pub reason: String,
}

/// What a body answers to a supervision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SupervisionAnswer {
    /// What was done, or will be.
    #[schema(min_length = 1, max_length = 2000)]
    pub content: String,
}

/// Whether a proposal to hold a body accountable was adopted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdoptionOrder {
    pub adopted: bool,
    /// What was done about it, or why not.
    #[schema(min_length = 1, max_length = 2000)]
    pub note: String,
}

/// A person has seen a warning, and says what follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Acknowledgement {
    #[schema(min_length = 1, max_length = 2000)]
    pub note: String,
}

/// Erase what a filing says of people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ErasureOrder {
    /// Why; kept sealed with the erasure.
    #[schema(min_length = 1, max_length = 2000)]
    pub reason: String,
}

pub(super) fn check_answer(answer: &Value, _now: DateTime<Utc>, found: &mut Collector) {
    not_blank(answer, "/content", found);
}

pub(super) fn check_reason(order: &Value, _now: DateTime<Utc>, found: &mut Collector) {
    not_blank(order, "/reason", found);
}

pub(super) fn check_note(note: &Value, _now: DateTime<Utc>, found: &mut Collector) {
    not_blank(note, "/note", found);
}

pub(super) fn check_referral(referral: &Value, now: DateTime<Utc>, found: &mut Collector) {
    plausible_time(referral, "/referred_at", now, found);
    for pointer in ["/referral_id", "/organization", "/reason"] {
        not_blank(referral, pointer, found);
    }
}
