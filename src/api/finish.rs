//! What every request goes through: limits, trace, time limit, and the last word on its answer, so that whatever
//! refuses it, the caller gets a problem, and every answer has the security headers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use actix_web::{
    Error, HttpMessage,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{
            CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY,
            STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
        },
    },
    middleware::Next,
    web,
};

use super::{
    problem::{Problem, code_for},
    trace::TraceId,
};
use crate::app::{Allowance, code::Code};

const MAX_URI: usize = 8 * 1024;
const MAX_HEADERS: usize = 32 * 1024;

/// Until an answer begins. Longer than the longest wait a caller may ask for and the time a body may take.
const TIMEOUT: Duration = Duration::from_secs(75);

/// Until an export begins: it is written whole first.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(30 * 60);

const TRACE_HEADER: HeaderName = HeaderName::from_static("x-trace-id");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// Answered however much is in work.
const PROBES: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// Marks an answer made in a platform's own form: a callback's refusal is for the platform's software to read.
#[derive(Debug)]
pub struct Verbatim;

/// The middleware; for [`actix_web::middleware::from_fn`].
///
/// # Errors
/// `timeout`, as a [`Problem`].
pub async fn finish<B: MessageBody + 'static>(mut request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let trace = TraceId::of(request.headers());
    let method = request.method().clone();
    let path = request.path().to_owned();
    request.extensions_mut().insert(trace.clone());
    if let Some(code) = over_limit(&request) {
        let mut response = request.into_response(Problem::of(code).respond(None, Some(trace.as_str())));
        dress(response.headers_mut(), "", &trace);
        return Ok(response);
    }
    let Some(_place) = Place::take(&request) else {
        let problem = Problem::of(Code::Overloaded).retry_after(Duration::from_secs(1));
        let mut response = request.into_response(problem.respond(Some(&path), Some(trace.as_str())));
        dress(response.headers_mut(), &path, &trace);
        return Ok(response);
    };
    if method == Method::HEAD {
        // Answered like GET; the server leaves the body out (RFC 9110, section 9.3.2).
        request.head_mut().method = Method::GET;
    }
    let patience = if path.ends_with("/export") { EXPORT_TIMEOUT } else { TIMEOUT };
    let Ok(outcome) = tokio::time::timeout(patience, next.call(request)).await else {
        tracing::warn!(trace_id = trace.as_str(), %method, "request timed out");
        return Err(Problem::of(Code::Timeout).at(&path, trace.as_str()).into());
    };
    let mut response = outcome?.map_into_boxed_body();
    if let Some(replacement) = refusal(&response, &path, &trace) {
        response = response.into_response(replacement);
    }
    let route = response.request().match_pattern().unwrap_or_default();
    let allowance = response.request().extensions().get::<Allowance>().copied();
    if let Some(allowance) = allowance {
        tell(response.headers_mut(), &allowance);
    }
    dress(response.headers_mut(), &path, &trace);
    if response.request().app_config().secure() {
        response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    if let Some(gateway) = response.request().app_data::<web::Data<crate::app::Gateway>>() {
        gateway.note_request(&route, method.as_str(), response.status().as_u16(), started.elapsed());
    }
    // The route, not the address: an address may name a case.
    tracing::debug!(
        trace_id = trace.as_str(),
        %method,
        route,
        status = response.status().as_u16(),
        duration_ms = started.elapsed().as_millis(),
        "request"
    );
    Ok(response)
}

/// Requests in work on this node, and how many there may be. More wait for nobody: an answer that comes late is asked for again,
/// which makes the next one later still.
#[derive(Clone)]
pub struct InWork {
    now: Arc<AtomicUsize>,
    most: usize,
}

impl InWork {
    pub fn new(most: usize) -> Self {
        Self { now: Arc::default(), most }
    }
}

/// One request's place among those in work, given back when it is answered.
struct Place(Arc<AtomicUsize>);

impl Place {
    /// `None` if there is none left. Whoever asks whether the gateway lives needs none.
    fn take(request: &ServiceRequest) -> Option<Self> {
        let Some(in_work) = request.app_data::<web::Data<InWork>>() else { return Some(Self(Arc::default())) };
        let most = if PROBES.contains(&request.path()) { usize::MAX } else { in_work.most };
        let place = Self(Arc::clone(&in_work.now));
        // A refused place counts until it is dropped, a moment later.
        (place.0.fetch_add(1, Ordering::Relaxed) < most).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn over_limit(request: &ServiceRequest) -> Option<Code> {
    let uri = request.uri();
    if uri.to_string().len() > MAX_URI {
        return Some(Code::UriTooLong);
    }
    if !is_text(uri.path()) {
        return Some(Code::NotFound);
    }
    if !is_text(uri.query().unwrap_or_default()) {
        return Some(Code::InvalidQuery);
    }
    let headers: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    (headers > MAX_HEADERS).then_some(Code::HeadersTooLarge)
}

/// True if a part of an address is UTF-8 without U+0000 once decoded. Nothing else is the name of anything, and PostgreSQL takes
/// neither.
fn is_text(encoded: &str) -> bool {
    if !encoded.contains('%') {
        return true;
    }
    let hex = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut rest = encoded.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        match (first, others) {
            (b'%', [high, low, others @ ..]) if hex(*high).is_some() && hex(*low).is_some() => {
                decoded.push((hex(*high).unwrap_or_default() << 4) | hex(*low).unwrap_or_default());
                rest = others;
            }
            _ => {
                decoded.push(*first);
                rest = others;
            }
        }
    }
    !decoded.contains(&0) && std::str::from_utf8(&decoded).is_ok()
}

/// The problem to answer with instead, if the answer is an error that has no body of its own kind.
fn refusal(response: &ServiceResponse<BoxBody>, path: &str, trace: &TraceId) -> Option<actix_web::HttpResponse> {
    if response.response().extensions().contains::<Verbatim>() {
        return None;
    }
    let status = response.status();
    let error = response.response().error();
    if let Some(problem) = error.and_then(|error| error.as_error::<Problem>()) {
        match problem.cause() {
            Some(cause) if status.is_server_error() => tracing::error!(trace_id = trace.as_str(), error = %chain(cause), "request failed"),
            Some(cause) => tracing::info!(trace_id = trace.as_str(), code = %problem.code(), error = %chain(cause), "request refused"),
            None => {}
        }
        return Some(problem.respond(Some(path), Some(trace.as_str())));
    }
    let bare = error.is_some() || !response.headers().contains_key(CONTENT_TYPE);
    if bare && (status.is_client_error() || status.is_server_error()) {
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            let cause = error.map(ToString::to_string).unwrap_or_default();
            tracing::error!(trace_id = trace.as_str(), error = cause, "request failed");
        }
        return Some(Problem::of(code_for(status)).respond(Some(path), Some(trace.as_str())));
    }
    None
}

/// An error and what caused it, as one line.
fn chain(error: &(dyn std::error::Error + Send + Sync)) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10): how much the caller may ask for, and what is left.
fn tell(headers: &mut HeaderMap, allowance: &Allowance) {
    let Allowance { quota, window, remaining } = *allowance;
    let full = window.mul_f64(1.0 - f64::from(remaining) / f64::from(quota.max(1)));
    let seconds = |time: Duration| time.as_millis().div_ceil(1_000);
    let policy = format!("\"caller\";q={quota};w={}", seconds(window).max(1));
    let state = format!("\"caller\";r={remaining};t={}", seconds(full));
    for (name, value) in [(RATE_LIMIT_POLICY, policy), (RATE_LIMIT, state)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
}

/// Headers every answer has. What a page has set itself stays.
fn dress(headers: &mut HeaderMap, path: &str, trace: &TraceId) {
    let policy = match path {
        // Swagger UI styles its elements itself and draws its icons from data addresses.
        _ if path.starts_with("/docs/") => {
            "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
        }
        _ if is_for_programs(path) => "default-src 'none'; frame-ancestors 'none'",
        _ => "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    };
    let mut set = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    set(X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(REFERRER_POLICY, "no-referrer");
    set(X_FRAME_OPTIONS, "DENY");
    set(CONTENT_SECURITY_POLICY, policy);
    if path.starts_with("/v1/") {
        // What a key opens must not stay in a shared cache.
        set(CACHE_CONTROL, "no-store");
    }
    if let Ok(value) = HeaderValue::from_str(trace.as_str()) {
        headers.insert(TRACE_HEADER, value);
    }
}

fn is_for_programs(path: &str) -> bool {
    ["/v1/", "/callbacks/", "/wechat/", "/open311/", "/openapi.json", "/healthz", "/readyz"].iter().any(|prefix| path.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::is_text;

    #[test]
    fn addresses_are_text() {
        for (encoded, text) in [
            ("/v1/cases", true),
            ("source_id=%E5%BC%A0%20%25", true),
            ("a=%zz&b=%e", true),
            ("a=%2500", true),
            ("a=%00", false),
            ("a=%ff", false),
            ("a=%E5%BC", false),
        ] {
            assert_eq!(is_text(encoded), text, "{encoded}");
        }
    }
}
