//! A filing whose content stays on its platform: what may be shared, and a fingerprint to find its duplicates by.

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::submission::{Channel, Kind, Submission, canonical_digest};

/// A blind filing (盲登记). It is registered, linked, answered and found as a duplicate like any other; immutable once
/// registered, and (`platform`, `source_id`) is unique among all filings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BlindSubmission {
    /// The filing's number on its own platform, under which its content can be asked for there.
    #[schema(min_length = 1, max_length = 128, example = "4301-2026-000123")]
    pub source_id: String,
    pub channel: Channel,
    pub kind: Kind,
    /// RFC 3339 with offset; not in the future, and the second that the fingerprint was made with.
    #[schema(value_type = String, format = DateTime, example = "2026-03-01T09:30:00+08:00")]
    pub submitted_at: DateTime<FixedOffset>,
    #[serde(default)]
    pub anonymous: bool,
    /// GB/T 2260 code of the place concerned: six digits, or nine with the township. Decides where the case goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^([0-9]{6}|[0-9]{9})$", example = "430102")]
    pub division: Option<String>,
    /// Up to three levels joined by `/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200, example = "城乡建设/安全生产/事故处理")]
    pub category: Option<String>,
    /// Made by `onecase fingerprint` with the federation's key, on the platform's own machine: hexadecimal.
    #[schema(min_length = 2, max_length = 8192, pattern = "^([0-9a-f]{2})+$")]
    pub fingerprint: String,
}

impl BlindSubmission {
    /// SHA-256 of the canonical form, the fingerprint included.
    pub fn digest(&self) -> [u8; 32] {
        canonical_digest(self)
    }

    /// The envelope as a filing without petitioners and words.
    pub fn envelope(&self) -> Submission {
        Submission {
            source_id: self.source_id.clone(),
            channel: self.channel,
            kind: self.kind,
            submitted_at: self.submitted_at,
            petitioners: Vec::new(),
            anonymous: self.anonymous,
            people_count: 1,
            subject: String::new(),
            content: String::new(),
            division: self.division.clone(),
            place: None,
            location: None,
            category: self.category.clone(),
            respondent: None,
            attachments: Vec::new(),
            previous_source_id: None,
            referred_to: None,
            extensions: serde_json::Map::new(),
        }
    }
}
