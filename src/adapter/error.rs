//! What can go wrong, said so that a vendor can mend it: adapter, place, field and expression, never a value of a record.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

/// An adapter folder that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AdapterError {
    #[error("{path} cannot be read")]
    Read {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the folder has no adapter.yaml")]
    NoManifest,
    #[error("{file} has {bytes} bytes, more than the {limit} allowed")]
    TooLarge { file: String, bytes: usize, limit: usize },
    #[error("adapter.yaml is not YAML: {0}")]
    Yaml(String),
    /// Every place where the manifest breaks `adapters/schema.json`.
    #[error("adapter.yaml does not fit its schema: {}", list(.0))]
    Schema(Vec<ManifestFault>),
    #[error("adapter.yaml, {0}")]
    Fault(ManifestFault),
}

/// One place in a manifest and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}: {problem}{}", quoted(.expression))]
pub struct ManifestFault {
    /// JSON Pointer into the manifest.
    pub pointer: String,
    pub expression: Option<String>,
    pub problem: String,
}

impl ManifestFault {
    pub(super) fn new(pointer: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), expression: None, problem: problem.into() }
    }
}

fn list(faults: &[ManifestFault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn quoted(expression: &Option<String>) -> String {
    expression.as_ref().map(|source| format!(", in the expression `{source}`")).unwrap_or_default()
}

/// A record or message that could not be mapped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("adapter {adapter}, {place}, field {field}: {problem}{}", quoted(.expression))]
pub struct MappingError {
    pub adapter: Arc<str>,
    /// Which part of the manifest was at work, e.g. `mapping petition` or `delivery case_status`.
    pub place: Arc<str>,
    /// JSON Pointer into what was being made; empty for the whole.
    pub field: String,
    pub expression: Option<String>,
    pub problem: Problem,
}

/// Why a field could not be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The record is larger than this many bytes.
    RecordTooLarge { limit: usize },
    /// What the record maps to is larger than this many bytes.
    ResultTooLarge { limit: usize },
    /// The record is not what the format says: not JSON, not XML, a broken quote.
    Unreadable(String),
    /// The bytes are not text in this character set.
    WrongCharset(String),
    /// XML that is well-formed and still not taken: a document type, an entity, too deep, too many elements.
    ForbiddenXml(String),
    /// The expression took more than its share of steps.
    TooManySteps,
    /// The record took longer than this.
    TooSlow { limit: Duration },
    /// The expression failed; without the values it failed on.
    Failed(String),
    /// The result breaks the exchange format.
    Invalid(String),
    /// No route of the callback fits the record.
    NoRoute,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RecordTooLarge { limit } => write!(f, "the record has more than {limit} bytes"),
            Self::ResultTooLarge { limit } => write!(f, "the result has more than {limit} bytes"),
            Self::Unreadable(why) => write!(f, "the record cannot be read: {why}"),
            Self::WrongCharset(charset) => write!(f, "the text is not {charset}"),
            Self::ForbiddenXml(why) => write!(f, "the XML is refused: {why}"),
            Self::TooManySteps => f.write_str("the expression takes too many steps"),
            Self::TooSlow { limit } => write!(f, "mapping took too long, more than {} s", limit.as_secs()),
            Self::Failed(why) | Self::Invalid(why) => f.write_str(why),
            Self::NoRoute => f.write_str("no route fits the record"),
        }
    }
}

impl Problem {
    /// A stable word for listings and metrics.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::RecordTooLarge { .. } => "record_too_large",
            Self::ResultTooLarge { .. } => "result_too_large",
            Self::Unreadable(_) => "unreadable",
            Self::WrongCharset(_) => "wrong_charset",
            Self::ForbiddenXml(_) => "forbidden_xml",
            Self::TooManySteps => "too_many_steps",
            Self::TooSlow { .. } => "took_too_long",
            Self::Failed(_) => "expression_failed",
            Self::Invalid(_) => "invalid",
            Self::NoRoute => "no_route",
        }
    }
}

/// Why a request could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    #[error("the secret {0} is not configured")]
    NoSecret(String),
    #[error("the secret {0} does not have the form this platform's protocol needs")]
    BadSecret(String),
    #[error("the platform wants an access token and none was given")]
    NoToken,
    #[error("this platform takes no such requests")]
    NotDeclared,
    #[error(transparent)]
    Mapping(#[from] MappingError),
}

/// Why a page could not be taken in; nothing of it was, and the cursor stays.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    #[error("the platform cannot answer now: {reason}")]
    Retry { after: Option<Duration>, reason: String },
    #[error("the platform no longer accepts the access token")]
    TokenExpired,
    #[error("the platform refuses with {code}: {reason}")]
    Rejected { code: String, reason: String },
    #[error("the page has {bytes} bytes, more than the {limit} allowed")]
    TooLarge { bytes: usize, limit: usize },
    #[error("the page has {records} records, more than the {limit} allowed")]
    TooMany { records: usize, limit: usize },
    /// The page says there is more and points at itself.
    #[error("the platform's cursor does not move although there is more to read")]
    CursorStuck,
    /// Credentials go with every request, and only to the platform.
    #[error("the platform's link to the next page leads to another address")]
    ForeignLink,
    #[error(transparent)]
    Unreadable(#[from] MappingError),
}

impl PageError {
    /// A stable word for listings and counters.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Retry { .. } => "not_now",
            Self::TokenExpired => "token_expired",
            Self::Rejected { .. } => "request_refused",
            Self::TooLarge { .. } => "page_too_large",
            Self::TooMany { .. } => "page_too_long",
            Self::CursorStuck => "cursor_stuck",
            Self::ForeignLink => "foreign_link",
            Self::Unreadable(error) => error.problem.code(),
        }
    }
}

/// Why an inbound request was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    #[error("this platform declares no callback")]
    NotDeclared,
    #[error("the method is not one the platform uses")]
    Method,
    #[error("the signature is missing")]
    NoSignature,
    #[error("the signature does not fit the request")]
    BadSignature,
    #[error("the timestamp is missing or unreadable")]
    BadTimestamp,
    #[error("the timestamp is further than {tolerance_seconds} seconds from now")]
    StaleTimestamp { tolerance_seconds: u64 },
    #[error("the body has more than the {limit} bytes allowed")]
    TooLarge { limit: usize },
    #[error("the body cannot be read: {0}")]
    Unreadable(Problem),
    #[error("the encrypted message cannot be opened: {0}")]
    Encryption(String),
    #[error(transparent)]
    Request(#[from] RequestError),
}

impl CallbackError {
    /// The HTTP status to answer.
    pub const fn status(&self) -> u16 {
        match self {
            Self::NotDeclared => 404,
            Self::Method => 405,
            Self::NoSignature | Self::BadSignature | Self::BadTimestamp | Self::StaleTimestamp { .. } => 401,
            Self::TooLarge { .. } => 413,
            Self::Unreadable(_) | Self::Encryption(_) => 400,
            Self::Request(_) => 503,
        }
    }

    /// A stable word for answers and metrics.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotDeclared => "no_callback",
            Self::Method => "method_not_allowed",
            Self::NoSignature => "signature_missing",
            Self::BadSignature => "signature_invalid",
            Self::BadTimestamp => "timestamp_invalid",
            Self::StaleTimestamp { .. } => "timestamp_stale",
            Self::TooLarge { .. } => "body_too_large",
            Self::Unreadable(_) => "body_unreadable",
            Self::Encryption(_) => "encryption_invalid",
            Self::Request(_) => "platform_not_configured",
        }
    }
}

/// A file that cannot be taken in at all.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("the adapter takes no files named like this one")]
    NoFormat,
    #[error("the file cannot be read")]
    Read(#[from] std::io::Error),
    #[error("the file's header cannot be read: {0}")]
    Header(String),
    #[error("the workbook cannot be read: {0}")]
    Workbook(String),
    #[error("the file is larger, or unpacks to more, than is taken")]
    TooLarge,
}

impl FileError {
    /// A stable word for listings and counters.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoFormat => "no_such_file_kind",
            Self::Read(_) => "file_unreadable",
            Self::Header(_) => "header_unreadable",
            Self::Workbook(_) => "workbook_unreadable",
            Self::TooLarge => "file_too_large",
        }
    }
}
