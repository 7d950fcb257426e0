//! `adapter.yaml` as it is written. `adapters/schema.json` is its public description and is checked first,
//! so that every fault is reported with its place.

use std::{
    collections::{BTreeMap, HashMap},
    sync::LazyLock,
};

use chrono::{DateTime, Utc};
use jsonschema::error::ValidationErrorKind;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::error::{AdapterError, ManifestFault};
use crate::domain::{case::CaseStatus, message::MessageKind, platform::PlatformKind};

/// The JSON Schema of `adapter.yaml`, version 1.
pub const SCHEMA: &str = include_str!("../../adapters/schema.json");

static VALIDATOR: LazyLock<Option<jsonschema::Validator>> =
    LazyLock::new(|| serde_json::from_str(SCHEMA).ok().and_then(|schema: Json| jsonschema::validator_for(&schema).ok()));

/// Bytes a manifest may have.
pub(super) const MAX_MANIFEST: usize = 256 << 10;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    /// Fixed by the schema; read so that a manifest of another version is refused.
    #[serde(rename = "schema")]
    pub _schema: String,
    pub name: String,
    pub version: String,
    pub title: String,
    pub platform_kind: PlatformKind,
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
    #[serde(default)]
    pub settings: Map<String, Json>,
    #[serde(default)]
    pub tables: BTreeMap<String, TableManifest>,
    pub statuses: Option<StatusManifest>,
    pub authentication: Option<AuthenticationManifest>,
    #[serde(default)]
    pub mappings: BTreeMap<String, MappingManifest>,
    #[serde(default)]
    pub pulls: Vec<PullManifest>,
    pub callback: Option<CallbackManifest>,
    #[serde(default)]
    pub files: Vec<FileManifest>,
    pub ledger: Option<LedgerManifest>,
    #[serde(default)]
    pub outcomes: Vec<OutcomeManifest>,
    pub deliveries: Option<HashMap<MessageKind, DeliveryManifest>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableManifest {
    pub entries: BTreeMap<String, Json>,
    pub default: Option<Json>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StatusManifest {
    #[serde(default)]
    pub from_platform: BTreeMap<String, CaseStatus>,
    #[serde(default)]
    pub to_platform: BTreeMap<CaseStatus, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AuthenticationManifest {
    #[serde(default)]
    pub timestamp: TimestampUnit,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    #[serde(default)]
    pub query: BTreeMap<String, String>,
    pub signature: Option<SignatureManifest>,
    pub access_token: Option<TokenManifest>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum TimestampUnit {
    #[default]
    Seconds,
    Milliseconds,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignatureManifest {
    pub algorithm: Algorithm,
    #[serde(default)]
    pub encoding: Encoding,
    /// Name of the secret.
    pub key: String,
    #[serde(default)]
    pub key_encoding: KeyEncoding,
    /// What is signed, a template.
    pub signed: String,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Algorithm {
    HmacSha256,
    HmacSha1,
    /// GB/T 32905.
    HmacSm3,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Encoding {
    #[default]
    Hex,
    Base64,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum KeyEncoding {
    #[default]
    Text,
    Base64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenManifest {
    pub method: String,
    pub path: String,
    #[serde(default)]
    pub query: BTreeMap<String, String>,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    #[serde(default)]
    pub form: BTreeMap<String, String>,
    pub token: String,
    pub lifetime_seconds: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RequestManifest {
    pub method: String,
    pub path: String,
    #[serde(default)]
    pub path_parameters: Map<String, Json>,
    #[serde(default)]
    pub query: Map<String, Json>,
    #[serde(default)]
    pub headers: Map<String, Json>,
    #[serde(default)]
    pub format: BodyFormat,
    /// For the format `soap`.
    pub soap: Option<SoapManifest>,
    pub body: Option<Json>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SoapManifest {
    #[serde(default)]
    pub version: SoapVersion,
    pub namespace: String,
    pub operation: String,
    #[serde(default)]
    pub action: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) enum SoapVersion {
    #[default]
    #[serde(rename = "1.1")]
    V1_1,
    #[serde(rename = "1.2")]
    V1_2,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum BodyFormat {
    #[default]
    Json,
    Form,
    Xml,
    /// XML in a SOAP envelope.
    Soap,
    Text,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MappingManifest {
    pub yields: Yields,
    pub source_ref: Option<String>,
    #[serde(default, rename = "let")]
    pub lets: Vec<LetManifest>,
    pub fields: Json,
}

/// What a record becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Yields {
    Submission,
    Update,
    Withdrawal,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LetManifest {
    pub name: String,
    pub value: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PullManifest {
    pub name: String,
    pub mapping: String,
    pub interval_seconds: u64,
    pub request: RequestManifest,
    #[serde(default)]
    pub format: BodyFormat,
    /// What the pages are written in, where the platform does not say so truthfully itself.
    pub charset: Option<String>,
    pub records: String,
    pub paging: Option<PagingManifest>,
    pub next_cursor: Option<String>,
    pub more: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub(super) enum PagingManifest {
    Page {
        #[serde(default)]
        start: u64,
        size: usize,
        #[serde(default)]
        overlap: u64,
    },
    Offset {
        size: usize,
        #[serde(default)]
        overlap: usize,
    },
    Since {
        /// The time of a record, RFC 3339.
        time: String,
        overlap_seconds: u32,
        start: DateTime<Utc>,
        #[serde(default)]
        first_page: u64,
        size: usize,
    },
    Link {},
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LedgerManifest {
    pub zone: String,
    pub mapping: String,
    pub days: LedgerDaysManifest,
    pub numbers: LedgerNumbersManifest,
    pub record: LedgerQueryManifest,
}

/// The schema refuses unknown members, as serde cannot where one form is flattened into another.
#[derive(Debug, Deserialize)]
pub(super) struct LedgerQueryManifest {
    pub request: RequestManifest,
    #[serde(default)]
    pub format: BodyFormat,
    pub answer: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct LedgerDaysManifest {
    #[serde(flatten)]
    pub query: LedgerQueryManifest,
    pub day: String,
    pub count: String,
    pub digest: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct LedgerNumbersManifest {
    #[serde(flatten)]
    pub query: LedgerQueryManifest,
    pub more: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub(super) enum CallbackManifest {
    Webhook(WebhookManifest),
    Wechat(WechatManifest),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WebhookManifest {
    pub signature: InboundSignatureManifest,
    pub timestamp: Option<InboundTimestampManifest>,
    #[serde(default)]
    pub format: BodyFormat,
    pub records: Option<String>,
    pub routes: Vec<RouteManifest>,
    pub answer: AnswerManifest,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InboundSignatureManifest {
    pub header: String,
    #[serde(default)]
    pub prefix: String,
    #[serde(flatten)]
    pub signature: SignatureManifest,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InboundTimestampManifest {
    pub header: String,
    #[serde(default)]
    pub unit: TimestampUnit,
    pub tolerance_seconds: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WechatManifest {
    pub token: String,
    pub app_id: String,
    pub encoding_aes_key: String,
    pub routes: Vec<RouteManifest>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RouteManifest {
    pub when: String,
    pub mapping: Option<String>,
    /// Why records of this kind are left out.
    pub ignored: Option<String>,
    /// WeChat: the text of a passive reply; without one the answer is empty.
    pub reply: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AnswerManifest {
    pub status: u16,
    #[serde(default)]
    pub format: BodyFormat,
    pub body: Option<Json>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileManifest {
    /// For people who read the manifest.
    #[serde(rename = "name")]
    pub _name: String,
    /// A file name in which `*` stands for any characters.
    #[serde(rename = "match")]
    pub pattern: String,
    pub format: FileFormat,
    pub charset: Option<String>,
    #[serde(default = "comma")]
    pub delimiter: char,
    /// The name of a workbook's sheet; the first without one.
    pub sheet: Option<String>,
    /// The row of a table that names its columns, counted from 1.
    #[serde(default = "one")]
    pub header_row: u32,
    pub mapping: String,
}

fn one() -> u32 {
    1
}

fn comma() -> char {
    ','
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum FileFormat {
    Csv,
    Ndjson,
    Xlsx,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OutcomeManifest {
    pub when: String,
    #[serde(flatten)]
    pub then: ThenManifest,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ThenManifest {
    #[serde(default)]
    pub delivered: bool,
    pub receipt: Option<String>,
    pub retry: Option<String>,
    pub after_seconds: Option<String>,
    #[serde(default)]
    pub token_expired: bool,
    pub rejected: Option<String>,
    pub code: Option<String>,
    pub otherwise: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeliveryManifest {
    /// Why the platform is not told of this kind.
    pub not_sent: Option<String>,
    pub request: Option<RequestManifest>,
    /// What the answers are written in; as the request where that is XML or SOAP, else JSON.
    pub answer_format: Option<BodyFormat>,
    #[serde(default)]
    pub outcomes: Vec<OutcomeManifest>,
    /// The other way, which an outcome may ask for.
    pub otherwise: Option<Box<Self>>,
}

/// What an error says, or, where it says only that no alternative fits, what the alternatives are.
fn fault_of(error: &jsonschema::ValidationError) -> String {
    if !matches!(error.kind(), ValidationErrorKind::OneOfNotValid { .. } | ValidationErrorKind::OneOfMultipleValid { .. }) {
        return error.to_string().chars().take(300).collect();
    }
    let schema: Json = serde_json::from_str(SCHEMA).unwrap_or_default();
    let alternatives = schema.pointer(error.schema_path().as_str()).and_then(Json::as_array).cloned().unwrap_or_default();
    let kinds: Vec<&str> = alternatives.iter().filter_map(|alternative| alternative.pointer("/properties/kind/const")?.as_str()).collect();
    if !kinds.is_empty() {
        return format!("this is none of the kinds {}, each with the members that the schema gives it", kinds.join(", "));
    }
    let names: Vec<&str> = alternatives.iter().filter_map(|alternative| alternative.pointer("/required/0")?.as_str()).collect();
    format!("exactly one of these is needed: {}", names.join(", "))
}

/// Reads a manifest, reporting every break of the schema with its place.
pub(super) fn parse(bytes: &[u8]) -> Result<Manifest, AdapterError> {
    if bytes.len() > MAX_MANIFEST {
        return Err(AdapterError::TooLarge { file: "adapter.yaml".into(), bytes: bytes.len(), limit: MAX_MANIFEST });
    }
    let json: Json = yaml_serde::from_slice(bytes).map_err(|error| AdapterError::Yaml(error.to_string()))?;
    let faults: Vec<ManifestFault> = VALIDATOR
        .iter()
        .flat_map(|validator| validator.iter_errors(&json))
        .take(50)
        .map(|error| ManifestFault::new(error.instance_path().to_string(), fault_of(&error)))
        .collect();
    if !faults.is_empty() {
        return Err(AdapterError::Schema(faults));
    }
    serde_json::from_value(json).map_err(|error| AdapterError::Fault(ManifestFault::new("", error.to_string())))
}
