//! What a platform's answer means. Platforms often answer 200 and put the outcome into the body, so the manifest says.

use std::time::Duration;

use serde_json::{Map, Value as Json, json};

use super::{
    body,
    charset::Charset,
    error::{ManifestFault, PageError},
    expression::{Engine, Expression, Scope},
    http::Response,
    manifest::{BodyFormat, OutcomeManifest},
    mapping::Core,
    pull::MAX_PAGE,
};

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Taken. `receipt` is the platform's own number for what it took.
    Delivered { receipt: Option<String> },
    /// Not taken now; not before `after`, if the platform says so.
    Retry { after: Option<Duration>, reason: String },
    /// Not taken for want of a fresh access token.
    TokenExpired,
    /// Refused for good. `reason` comes from the manifest, never from the answer.
    Rejected { code: String, reason: String },
    /// To be sent the other way, if there is one; else refused for good.
    Otherwise { reason: String },
}

/// The longest wait a platform may ask for.
const MAX_WAIT: Duration = Duration::from_hours(24);
/// Bytes of an answer that are read.
const MAX_ANSWER: usize = 1 << 20;

/// The variables an outcome may ask about.
pub(super) const VARIABLES: [&str; 3] = ["status", "headers", "body"];

pub(super) struct Rule {
    when: Expression,
    then: Then,
    /// Not of the manifest.
    implied: bool,
}

enum Then {
    Delivered { receipt: Option<Expression> },
    Retry { reason: String, after: Option<Expression> },
    TokenExpired,
    Rejected { reason: String, code: Option<Expression> },
    Otherwise { reason: String },
}

impl Rule {
    pub fn compile(engine: &Engine, manifest: &OutcomeManifest, pointer: &str) -> Result<Self, ManifestFault> {
        let expression = |source: &str, part: &str| engine.compile(source, &format!("{pointer}/{part}"), &VARIABLES);
        let optional = |source: &Option<String>, part: &str| source.as_ref().map(|source| expression(source, part)).transpose();
        let then = &manifest.then;
        let chosen = match (then.delivered, &then.retry, then.token_expired, &then.rejected) {
            _ if let Some(reason) = &then.otherwise => Then::Otherwise { reason: reason.clone() },
            (true, None, false, None) => Then::Delivered { receipt: optional(&then.receipt, "receipt")? },
            (false, Some(reason), false, None) => {
                Then::Retry { reason: reason.clone(), after: optional(&then.after_seconds, "after_seconds")? }
            }
            (false, None, true, None) => Then::TokenExpired,
            (false, None, false, Some(reason)) => Then::Rejected { reason: reason.clone(), code: optional(&then.code, "code")? },
            _ => {
                return Err(ManifestFault::new(
                    pointer,
                    "an outcome is exactly one of delivered, retry, token_expired, rejected and otherwise",
                ));
            }
        };
        Ok(Self { when: expression(&manifest.when, "when")?, then: chosen, implied: false })
    }

    /// What holds for every platform with access tokens, after its own rules: HTTP 401 asks for a fresh one.
    pub fn unauthorized(engine: &Engine) -> Result<Self, ManifestFault> {
        Ok(Self {
            when: engine.compile("status == 401", "/authentication/access_token", &VARIABLES)?,
            then: Then::TokenExpired,
            implied: true,
        })
    }

    fn outcome(&self, engine: &Engine, scope: &Scope, response: &Response) -> Outcome {
        let text = |expression: &Option<Expression>| {
            let value = expression.as_ref().and_then(|e| engine.evaluate(e, scope).ok().flatten());
            value.map(|json| body::scalar(&json).chars().take(128).collect::<String>())
        };
        match &self.then {
            Then::Delivered { receipt } => Outcome::Delivered { receipt: text(receipt) },
            Then::Retry { reason, after } => {
                let declared = text(after).and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
                Outcome::Retry { after: declared.or(response.retry_after()).map(|wait| wait.min(MAX_WAIT)), reason: reason.clone() }
            }
            Then::TokenExpired => Outcome::TokenExpired,
            Then::Rejected { reason, code } => {
                Outcome::Rejected { code: text(code).unwrap_or_else(|| response.status.to_string()), reason: reason.clone() }
            }
            Then::Otherwise { reason } => Outcome::Otherwise { reason: reason.clone() },
        }
    }
}

/// A parsed answer as the variables `status`, `headers` (names in lower case) and `body`.
pub(super) fn scope<'a>(response: &Response, body: &Json) -> Scope<'a> {
    let headers: Map<String, Json> = response.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), json!(value))).collect();
    Scope::flat().with("status", &json!(response.status)).with("headers", &Json::Object(headers)).with("body", body)
}

/// The body of an answer that has to bring something: a page, a ledger, a record.
pub(super) fn page(
    core: &Core,
    rules: &[Rule],
    place: &str,
    format: BodyFormat,
    charset: Option<Charset>,
    response: &Response,
) -> Result<Json, PageError> {
    if response.body.len() > MAX_PAGE {
        return Err(PageError::TooLarge { bytes: response.body.len(), limit: MAX_PAGE });
    }
    let read = body::read(format, &response.body, charset, response.header("content-type"));
    let scope = scope(response, read.as_ref().unwrap_or(&as_text(response)));
    let is_success = (200..300).contains(&response.status);
    match classify(&core.engine, rules.iter(), &scope, response) {
        Outcome::Delivered { .. } => {}
        // Without rules of its own a platform means what HTTP says.
        Outcome::Retry { .. } if rules.iter().all(|rule| rule.implied) && is_success => {}
        // What cannot be read fits no rule; why it cannot says more than that.
        Outcome::Retry { .. } if read.is_err() && is_success => {}
        Outcome::Retry { after, reason } => return Err(PageError::Retry { after, reason }),
        Outcome::TokenExpired => return Err(PageError::TokenExpired),
        Outcome::Rejected { code, reason } => return Err(PageError::Rejected { code, reason }),
        // There is one way to ask.
        Outcome::Otherwise { reason } => return Err(PageError::Rejected { code: response.status.to_string(), reason }),
    }
    Ok(read.map_err(|problem| core.problem(place, problem))?)
}

/// Classifies a short answer.
pub(super) fn of_answer<'a>(engine: &Engine, rules: impl Iterator<Item = &'a Rule>, format: BodyFormat, response: &Response) -> Outcome {
    let read = || body::read(format, &response.body, None, response.header("content-type")).unwrap_or_else(|_| as_text(response));
    let body = if response.body.len() <= MAX_ANSWER { read() } else { Json::Null };
    classify(engine, rules, &scope(response, &body), response)
}

/// What is not of the announced format, such as a server's own page about an error, as text.
fn as_text(response: &Response) -> Json {
    let most = response.body.len().min(MAX_ANSWER);
    Json::String(String::from_utf8_lossy(&response.body[..most]).into_owned())
}

/// The first rule that fits; without one, what HTTP itself says. A success that no rule knows is tried again: it is not
/// the answer the manifest describes.
pub(super) fn classify<'a>(engine: &Engine, mut rules: impl Iterator<Item = &'a Rule>, scope: &Scope, response: &Response) -> Outcome {
    if let Some(rule) = rules.find(|rule| engine.holds(&rule.when, scope)) {
        return rule.outcome(engine, scope, response);
    }
    let after = response.retry_after().map(|wait| wait.min(MAX_WAIT));
    match response.status {
        200..=299 => Outcome::Retry { after, reason: "the answer is not one the manifest describes".to_owned() },
        408 | 425 | 429 => Outcome::Retry { after, reason: format!("HTTP {}", response.status) },
        400..=499 => Outcome::Rejected { code: response.status.to_string(), reason: format!("HTTP {}", response.status) },
        300..=399 => Outcome::Retry { after, reason: format!("HTTP {}, and redirects are not followed", response.status) },
        _ => Outcome::Retry { after, reason: format!("HTTP {}", response.status) },
    }
}
