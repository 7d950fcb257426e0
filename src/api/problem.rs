//! Problem details (RFC 9457): the one form in which anything is refused.

use std::{error::Error, fmt, time::Duration};

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE},
    },
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    app::{
        code::Code,
        validate::{Violation, Violations},
    },
    domain::case::CaseStatus,
};

pub const MEDIA_TYPE: &str = "application/problem+json";

/// Where the codes are explained; `#` and a code follow.
pub const CODES_PAGE: &str = "/docs/errors";

/// What a handler answers with: something, or a problem.
pub type Reply<T> = Result<T, Problem>;

/// A problem on the wire.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// Where the code is explained.
    #[serde(rename = "type")]
    #[schema(example = "/docs/errors#invalid_submission")]
    pub kind: String,
    pub title: String,
    #[schema(example = 422)]
    pub status: u16,
    pub code: Code,
    /// What is wrong this time and what to do next.
    pub detail: String,
    /// The path asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Names this request in the gateway's logs (W3C Trace Context).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// Everything wrong with the body.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 200)]
    pub violations: Vec<Violation>,
    /// There are more violations than listed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more_violations: bool,
    /// The filing that has the number already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub existing: Option<String>,
    /// The statuses the case may take now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed: Option<Vec<CaseStatus>>,
}

/// A problem on its way to the caller. The cause is logged, never sent.
#[derive(Debug)]
pub struct Problem {
    body: Box<ProblemBody>,
    headers: Vec<(HeaderName, HeaderValue)>,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl Problem {
    /// A problem of this code; `detail` says what is wrong this time and what to do next.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let body = ProblemBody {
            kind: format!("{CODES_PAGE}#{code}"),
            title: code.title().to_owned(),
            status: code.status(),
            code,
            detail: detail.into(),
            instance: None,
            trace_id: None,
            violations: Vec::new(),
            more_violations: false,
            existing: None,
            allowed: None,
        };
        let headers = match code {
            Code::Unauthenticated => vec![(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"onecase\""))],
            _ => Vec::new(),
        };
        Self { body: Box::new(body), headers, cause: None }
    }

    /// A problem that the table says everything about.
    pub fn of(code: Code) -> Self {
        Self::new(code, code.advice())
    }

    /// A fault of ours: the caller learns that there was one, the log learns which.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::of(Code::Internal).because(cause)
    }

    /// Adds what the log should know.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    #[must_use]
    pub fn retry_after(mut self, pause: Duration) -> Self {
        self.headers.push((RETRY_AFTER, HeaderValue::from(pause.as_secs() + u64::from(pause.subsec_nanos() > 0 || pause.is_zero()))));
        self
    }

    #[must_use]
    pub fn existing(mut self, id: String) -> Self {
        self.body.existing = Some(id);
        self
    }

    #[must_use]
    pub fn allowed_statuses(mut self, statuses: &[CaseStatus]) -> Self {
        self.body.allowed = Some(statuses.to_vec());
        self
    }

    #[must_use]
    pub fn allowed_methods(mut self, methods: &str) -> Self {
        self.headers.extend(HeaderValue::from_str(methods).ok().map(|value| (ALLOW, value)));
        self
    }

    /// Ties the problem to one request, for answers that nothing can be added to later.
    #[must_use]
    pub fn at(mut self, instance: &str, trace_id: &str) -> Self {
        self.body.instance = Some(instance.to_owned());
        self.body.trace_id = Some(trace_id.to_owned());
        self
    }

    pub fn code(&self) -> Code {
        self.body.code
    }

    /// What went wrong inside, for the log.
    pub fn cause(&self) -> Option<&(dyn Error + Send + Sync)> {
        self.cause.as_deref()
    }

    /// The wire form, as one line of a batch carries it.
    pub fn into_body(self) -> ProblemBody {
        *self.body
    }

    /// The answer to one request.
    pub fn respond(&self, instance: Option<&str>, trace_id: Option<&str>) -> HttpResponse {
        let mut body = (*self.body).clone();
        body.instance = instance.map(str::to_owned).or(body.instance);
        body.trace_id = trace_id.map(str::to_owned).or(body.trace_id);
        let mut response = HttpResponse::build(self.status_code());
        response.insert_header((CONTENT_TYPE, MEDIA_TYPE));
        for header in &self.headers {
            response.append_header(header.clone());
        }
        // Strings and numbers always serialise.
        response.body(serde_json::to_vec(&body).unwrap_or_default())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.body.code, self.body.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.body.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        self.respond(None, None)
    }
}

impl From<Violations> for Problem {
    fn from(violations: Violations) -> Self {
        let Violations { code, list, more } = violations;
        let detail = match list.as_slice() {
            [only] => only.detail.clone(),
            many => format!("{} violations; correct each of them and send the body again.", many.len()),
        };
        let mut problem = Self::new(code, detail);
        problem.body.violations = list;
        problem.body.more_violations = more;
        problem
    }
}

/// The code for a status that something other than a handler answered with.
pub fn code_for(status: StatusCode) -> Code {
    match status.as_u16() {
        401 => Code::Unauthenticated,
        403 => Code::Forbidden,
        404 => Code::NotFound,
        405 => Code::MethodNotAllowed,
        406 => Code::NotAcceptable,
        408 => Code::RequestTimeout,
        413 => Code::PayloadTooLarge,
        414 => Code::UriTooLong,
        415 => Code::UnsupportedMediaType,
        429 => Code::TooManyRequests,
        431 => Code::HeadersTooLarge,
        503 => Code::Unavailable,
        504 => Code::Timeout,
        400..500 => Code::InvalidRequest,
        _ => Code::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_says_what_rfc_9457_asks_for() {
        let problem = Problem::of(Code::SourceIdConflict).existing("018f".into());
        let body = serde_json::to_value(problem.into_body()).expect("JSON");
        assert_eq!(body["type"], "/docs/errors#source_id_conflict");
        assert_eq!(body["status"], 409);
        assert_eq!(body["existing"], "018f");
        assert!(body.get("violations").is_none() && body.get("trace_id").is_none());
    }

    #[test]
    fn a_cause_stays_inside() {
        let problem = Problem::internal("the disk is full");
        assert!(problem.cause().is_some());
        assert!(!serde_json::to_string(&problem.into_body()).expect("JSON").contains("disk"));
    }

    #[test]
    fn statuses_have_codes_with_that_status() {
        for status in [401, 403, 404, 405, 406, 408, 413, 414, 415, 431, 503, 504, 400, 500] {
            let status = StatusCode::from_u16(status).expect("a status");
            assert_eq!(code_for(status).status(), status.as_u16());
        }
    }
}
