//! One filing on one platform, as the exchange format v1 carries it.

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

/// At most this many representatives may appear for a joint petition (信访工作条例, article 20).
pub const MAX_REPRESENTATIVES: usize = 5;

/// A filing (信访件) in exchange format v1. Immutable once registered; (`platform`, `source_id`) is unique,
/// and `platform` comes from the caller's credential.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Submission {
    /// The filing's number on its own platform.
    #[schema(min_length = 1, max_length = 128, example = "4301-2026-000123")]
    pub source_id: String,
    pub channel: Channel,
    pub kind: Kind,
    /// RFC 3339 with offset; not in the future.
    #[schema(value_type = String, format = DateTime, example = "2026-03-01T09:30:00+08:00")]
    pub submitted_at: DateTime<FixedOffset>,
    /// Empty only when `anonymous`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 200)]
    pub petitioners: Vec<Petitioner>,
    #[serde(default)]
    pub anonymous: bool,
    /// How many people stand behind the filing, named or not.
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 1_000_000, default = 1)]
    pub people_count: u32,
    #[schema(max_length = 500)]
    pub subject: String,
    #[schema(max_length = 50_000)]
    pub content: String,
    /// GB/T 2260 code of the place concerned: six digits, or nine with the township.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^([0-9]{6}|[0-9]{9})$", example = "430102")]
    pub division: Option<String>,
    /// The place in the petitioner's words: road, estate, building.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 500)]
    pub place: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Point>,
    /// Up to three levels joined by `/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200, example = "城乡建设/安全生产/事故处理")]
    pub category: Option<String>,
    /// Who or what is complained about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub respondent: Option<Respondent>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 50)]
    pub attachments: Vec<Attachment>,
    /// The same platform's number of an earlier filing this one follows up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 128)]
    pub previous_source_id: Option<String>,
    /// The body of the gateway's directory that the source platform has itself referred the filing to (交转). If another body has
    /// the case, both are told, and their common superior decides (信访工作条例, article 24).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 63)]
    pub referred_to: Option<String>,
    /// What only the source platform understands; kept, never interpreted.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    #[schema(value_type = Object)]
    pub extensions: serde_json::Map<String, serde_json::Value>,
}

fn one() -> u32 {
    1
}

impl Submission {
    /// What may be kept when the personal data is erased: where it came from, what it is about by code, and the body complained about,
    /// so that it never gets the case in hand.
    pub fn without_personal_data(&self) -> Self {
        let organization = self.respondent.as_ref().and_then(|respondent| respondent.organization.clone());
        Self {
            petitioners: Vec::new(),
            subject: String::new(),
            content: String::new(),
            place: None,
            location: None,
            respondent: organization.map(|organization| Respondent { name: None, organization: Some(organization) }),
            attachments: Vec::new(),
            extensions: serde_json::Map::new(),
            ..self.clone()
        }
    }

    /// SHA-256 of the canonical form: JSON with members in name order. Equal filings have equal digests, however they were written.
    pub fn digest(&self) -> [u8; 32] {
        canonical_digest(self)
    }
}

pub(super) fn canonical_digest(value: &impl Serialize) -> [u8; 32] {
    let mut json = serde_json::to_value(value).unwrap_or_default();
    json.sort_all_objects();
    Sha256::digest(json.to_string()).into()
}

/// How the petitioner reached the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    Web,
    MobileApp,
    Wechat,
    Phone,
    Letter,
    Visit,
    Email,
    Other,
}

impl Channel {
    pub const ALL: [Self; 8] = [Self::Web, Self::MobileApp, Self::Wechat, Self::Phone, Self::Letter, Self::Visit, Self::Email, Self::Other];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::MobileApp => "mobile_app",
            Self::Wechat => "wechat",
            Self::Phone => "phone",
            Self::Letter => "letter",
            Self::Visit => "visit",
            Self::Email => "email",
            Self::Other => "other",
        }
    }
}

/// What is asked for (信访工作条例, articles 29 to 31): suggestion 建议意见, accusation 检举控告, request 申诉求决.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Request,
    Suggestion,
    Accusation,
}

impl Kind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Suggestion => "suggestion",
            Self::Accusation => "accusation",
        }
    }
}

/// A person (信访人) on a filing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Petitioner {
    #[serde(default)]
    pub role: PetitionerRole,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100)]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_document: Option<IdDocument>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 40)]
    pub phone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 300)]
    pub address: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub birth_date: Option<chrono::NaiveDate>,
    /// The person's account on the source platform, e.g. a WeChat OpenID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 128)]
    pub account: Option<String>,
}

/// A representative files for others; a co-signer signs beside the petitioner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PetitionerRole {
    #[default]
    Petitioner,
    CoSigner,
    Representative,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IdDocument {
    #[serde(rename = "type")]
    pub kind: IdDocumentKind,
    #[schema(min_length = 1, max_length = 40)]
    pub number: String,
}

/// `resident_id` is checked against GB 11643.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IdDocumentKind {
    ResidentId,
    Passport,
    HkMacaoPermit,
    TaiwanPermit,
    Other,
}

/// A GeoJSON point (RFC 7946): longitude, latitude in WGS 84 degrees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Point {
    #[serde(rename = "type")]
    pub kind: PointType,
    #[schema(value_type = Vec<f64>, min_items = 2, max_items = 2)]
    pub coordinates: (f64, f64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum PointType {
    Point,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Respondent {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100)]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    pub organization: Option<String>,
}

/// A file that stays on the source platform; only its address and digest travel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Attachment {
    #[schema(max_length = 255)]
    pub name: String,
    #[schema(max_length = 127)]
    pub media_type: String,
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub sha256: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    pub url: Option<String>,
}
