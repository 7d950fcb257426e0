//! The HTTP API of the exchange format: filing, refusals, reading, following, reporting.

mod filing;
mod following;
mod refusing;
mod reporting;

use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response, header::HeaderMap};
use serde_json::{Value, json};

use super::{Failure, Found, Report, checks, client, new_report};
use crate::{app::Clock, audit::hex};

/// How long a filing may take to be linked.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a check answers: nothing, or what was seen instead.
type Seen = Result<(), String>;

pub(super) struct Bench {
    client: reqwest::Client,
    url: String,
    key: String,
    handler_key: Option<String>,
    /// Part of every number, so that runs do not meet.
    run: String,
}

/// An answer, read whole.
pub(super) struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

pub(super) async fn drive(url: &str, key: &str, handler_key: Option<&str>) -> Result<Report, Failure> {
    let bench = Bench {
        client: client()?,
        url: url.to_owned(),
        key: key.to_owned(),
        handler_key: handler_key.map(str::to_owned),
        run: hex(&rand::random::<[u8; 5]>()),
    };
    bench.get("/v1/submissions?limit=1").await.map_err(|error| format!("nothing answers at {url}: {error}"))?;
    let mut report = new_report("api", url);
    checks! { report, bench,
        "key_required" "without a key, and with a wrong one, the answer is 401 `unauthenticated`" key_required;
        "nowhere" "an address that is not there is answered 404 `not_found`, as a problem" nowhere;
        "method_not_allowed" "a method that is not offered is answered 405 with `Allow`" method_not_allowed;
        "trace" "the trace of `traceparent` comes back" trace;
        "filed" "a filing is answered 202 with its number" filed;
        "read_back" "a filing can be read back, unchanged" read_back;
        "filed_again" "the same filing again answers the first number" filed_again;
        "source_id_conflict" "the same number with another body is `source_id_conflict` and names the filing" source_id_conflict;
        "idempotency_key" "an idempotency key with another body is `idempotency_key_reused`" idempotency_key;
        "waits" "`Prefer: wait` answers 201 with the case, and repeated 200" waits;
        "anonymous" "an anonymous filing needs no petitioner" anonymous;
        "batch" "a batch is answered line by line, and a bad line stops none" batch;
        "duplicate" "the same person with the same matter joins the case; nothing is lost" duplicate;
        "malformed" "what is not JSON is `malformed_json`" malformed;
        "media_type" "another media type is `unsupported_media_type`" media_type;
        "violations" "everything wrong is named at once, with code and JSON Pointer, and no value repeated" violations;
        "duplicate_member" "a member that is there twice is refused" duplicate_member;
        "nul" "U+0000 is refused" nul;
        "clock" "a filing from the future is refused" clock;
        "too_large" "a body over 512 KiB is `payload_too_large`" too_large;
        "unknown_parameter" "a parameter that does not exist is refused" unknown_parameter;
        "pages" "a list comes in pages, each filing once" pages;
        "foreign_cursor" "a cursor that was not given out is `invalid_cursor`" foreign_cursor;
        "entity_tag" "a case has an entity tag, and `If-None-Match` is answered 304" entity_tag;
        "changes" "the change feed leads on from a cursor, as CloudEvents" changes;
        "waits_for_change" "`wait` answers when something happens" waits_for_change;
        "not_handler" "who does not have the case in hand cannot report on it" not_handler;
        "routed" "the handler sees the case in its change feed, and can read it and its filings" routed;
        "reports" "the handler's status and reply reach the case" reports;
        "told" "who filed, and who filed the same again, finds status and reply in the change feed, in the order they were reported" told;
        "report_again" "the same report again changes nothing; its number with another body is `update_id_conflict`" report_again;
        "illegal_transition" "a status that cannot follow is `illegal_transition` and names those that can" illegal_transition;
        "report_refused" "a report without what it needs is refused with code and pointer" report_refused;
    }
    Ok(report)
}

impl Bench {
    fn request(&self, method: Method, path: &str, key: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url)).bearer_auth(key)
    }

    async fn get(&self, path: &str) -> Result<Answer, String> {
        answer(self.request(Method::GET, path, &self.key)).await
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Answer, String> {
        answer(self.request(Method::POST, path, &self.key).json(body)).await
    }

    /// A number of this run.
    fn number(&self, name: &str) -> String {
        format!("C-{}-{name}", self.run)
    }

    /// A filing about something that no other filing of this run is about.
    fn filing(&self, name: &str) -> Value {
        let hash = hex(&crate::audit::sha256(format!("{}{name}", self.run).as_bytes()));
        json!({
            "source_id": self.number(name),
            "channel": "web",
            "kind": "request",
            "submitted_at": "2026-03-01T09:30:00+08:00",
            "petitioners": [{ "role": "petitioner", "name": "张三", "phone": format!("139{:08}", u32::from_str_radix(&hash[..6], 16).unwrap_or_default()) }],
            "subject": format!("试验件{}", &hash[..8]),
            "content": format!("这是合规性测试的第{}件，地点为{}路{}号，请勿办理。", &hash[8..14], &hash[14..18], &hash[18..20]),
            "division": "430102",
        })
    }

    /// Files and waits for the link; the view of the filing.
    async fn linked(&self, filing: &Value) -> Result<Value, String> {
        let request = self.request(Method::POST, "/v1/submissions", &self.key).header("Prefer", "wait=20").json(filing);
        let mut view = answer(request).await?.expect(&[200, 201, 202])?;
        let id = view.text("/id")?;
        let end = tokio::time::Instant::now() + PATIENCE;
        while view.body.pointer("/case/id").is_none() {
            if tokio::time::Instant::now() >= end {
                return Err(format!("the filing was not linked within {} s", PATIENCE.as_secs()));
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
            view = self.get(&format!("/v1/submissions/{id}")).await?.expect(&[200])?;
        }
        Ok(view.body)
    }

    async fn key_required(&self) -> Seen {
        let bare = self.client.get(format!("{}/v1/submissions", self.url));
        answer(bare).await?.problem(401, "unauthenticated")?;
        answer(self.request(Method::GET, "/v1/submissions", "oc_0000")).await?.problem(401, "unauthenticated")
    }

    async fn nowhere(&self) -> Seen {
        self.get("/v1/nowhere").await?.problem(404, "not_found")?;
        self.get("/v1/submissions/nothing").await?.problem(404, "not_found")
    }

    async fn method_not_allowed(&self) -> Seen {
        let refused = answer(self.request(Method::DELETE, "/v1/submissions", &self.key)).await?;
        refused.problem(405, "method_not_allowed")?;
        if refused.header("allow").contains("POST") { Ok(()) } else { Err("`Allow` does not name POST".to_owned()) }
    }

    async fn trace(&self) -> Seen {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let request = self.request(Method::GET, "/v1/nowhere", &self.key).header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"));
        let answer = answer(request).await?;
        let named = answer.body["trace_id"] == trace && answer.header("x-trace-id") == trace;
        if named { Ok(()) } else { Err("the problem or X-Trace-Id names another trace".to_owned()) }
    }
}

/// Sends, and reads the answer whole.
async fn answer(request: RequestBuilder) -> Result<Answer, String> {
    let response: Response = request.send().await.map_err(|error| error.without_url().to_string())?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.map_err(|error| error.without_url().to_string())?;
    // The lines of a batch are a list.
    let body = match serde_json::from_str(&text) {
        Ok(body) => body,
        Err(_) => text.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>().map_or(Value::Null, Value::Array),
    };
    Ok(Answer { status, headers, body })
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    fn expect(self, statuses: &[u16]) -> Result<Self, String> {
        if statuses.contains(&self.status) {
            return Ok(self);
        }
        let code = self.body["code"].as_str().map(|code| format!(" `{code}`")).unwrap_or_default();
        Err(format!("answered {}{code}, not {}", self.status, statuses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")))
    }

    /// It is a problem (RFC 9457) with this status and code.
    fn problem(&self, status: u16, code: &str) -> Seen {
        if self.status != status || self.body["code"] != code {
            return Err(format!("answered {} with the code {}, not {status} `{code}`", self.status, self.body["code"]));
        }
        if !self.header("content-type").starts_with("application/problem+json") {
            return Err(format!("`{code}` does not come as application/problem+json"));
        }
        let whole = self.body["title"].is_string() && self.body["detail"].is_string() && self.body["status"] == status;
        if whole { Ok(()) } else { Err(format!("`{code}` lacks title, detail or status")) }
    }

    fn text(&self, pointer: &str) -> Result<String, String> {
        self.body.pointer(pointer).and_then(Value::as_str).map(str::to_owned).ok_or_else(|| format!("the answer has no {pointer}"))
    }
}

/// What was seen, if it is not what was wanted.
fn same(what: &str, found: &Value, wanted: &Value) -> Seen {
    if found == wanted { Ok(()) } else { Err(format!("{what} is {found}, not {wanted}")) }
}
