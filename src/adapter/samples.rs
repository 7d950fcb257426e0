//! One sample of an adapter folder, run.

use std::{collections::BTreeMap, path::Path};

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::{
    AccessToken, Adapter, Asked, CallbackError, Inbound, Mapped, Outcome, PageError, Question, Request, Response, Secrets, Yields,
    check::{CheckError, Finding},
    error::RequestError,
    exchange,
    mapping::Mapping,
};
use crate::domain::message::{Message, MessageKind};

/// Files a folder may have.
const MAX_FILES: usize = 500;
/// Bytes a sample may have.
const MAX_SAMPLE: u64 = 1 << 20;

/// `samples/sample.yaml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Setting {
    pub now: DateTime<Utc>,
    /// Where links of recorded pages lead.
    #[serde(default)]
    pub base_url: String,
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
}

impl Setting {
    pub fn read(bytes: Option<&[u8]>) -> Result<Self, String> {
        bytes.map_or(Ok(Self::default()), |bytes| yaml_serde::from_slice(bytes).map_err(|error| error.to_string()))
    }

    /// Applies the remarks of one sample.
    fn with(&self, remarks: &BTreeMap<String, String>) -> Result<Self, String> {
        let mut setting = self.clone();
        if let Some(now) = remarks.get("now") {
            setting.now = DateTime::parse_from_rfc3339(now).map_err(|_| "the remark `now` is not RFC 3339")?.to_utc();
        }
        if let Some(name) = remarks.get("without secret") {
            setting.secrets.remove(name).ok_or("the remark `without secret` names an unknown secret")?;
        }
        Ok(setting)
    }

    fn secrets(&self) -> Secrets {
        Secrets::new(self.secrets.clone())
    }
}

/// Reads `samples/` and `expected/`, paths relative to the folder with `/`.
pub(super) fn read_folder(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>, CheckError> {
    let mut files = BTreeMap::new();
    let mut open = vec!["samples".to_owned(), "expected".to_owned()];
    while let Some(relative) = open.pop() {
        let path = folder.join(&relative);
        let fault = |source: std::io::Error| CheckError::File { path: path.clone(), source };
        let entries = match std::fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(fault(error)),
        };
        for entry in entries {
            let entry = entry.map_err(fault)?;
            let name = format!("{relative}/{}", entry.file_name().to_string_lossy());
            let metadata = entry.metadata().map_err(fault)?;
            if metadata.is_dir() {
                open.push(name);
            } else if metadata.len() <= MAX_SAMPLE {
                files.insert(name, std::fs::read(entry.path()).map_err(fault)?);
            }
            if files.len() + open.len() > MAX_FILES {
                return Err(CheckError::TooManyFiles(MAX_FILES));
            }
        }
    }
    Ok(files)
}

pub(super) fn write(folder: &Path, relative: &str, json: &Json) -> Result<(), CheckError> {
    let path = folder.join(relative);
    let fault = |source: std::io::Error| CheckError::File { path: path.clone(), source };
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(fault)?;
    }
    std::fs::write(&path, format!("{json:#}\n")).map_err(fault)
}

pub(super) struct Sample<'a> {
    pub adapter: &'a Adapter,
    pub setting: &'a Setting,
    pub path: &'a str,
    pub bytes: &'a [u8],
}

/// What a sample became, what was wrong with it, and which expression made which field.
#[derive(Default)]
pub(super) struct Ran {
    pub became: Json,
    pub findings: Vec<Finding>,
    pub expressions: BTreeMap<String, String>,
}

impl Sample<'_> {
    pub fn run(&self) -> Ran {
        let mut ran = Ran::default();
        let parts: Vec<&str> = self.path.split('/').skip(1).collect();
        let became = match parts.as_slice() {
            ["pulls", pull, _] => self.pull(pull, &mut ran),
            ["callbacks", _] => self.callback(&mut ran),
            ["files", name] => self.file(name, &mut ran),
            ["deliveries", _] => self.delivery(&mut ran),
            ["answers", kind, _] => self.answer(kind),
            ["token", _] => self.token(),
            ["ledger", question, _] => self.ledger(question, &mut ran),
            _ => Err("samples of this folder are not known".to_owned()),
        };
        match became {
            Ok(json) => ran.became = json,
            Err(problem) => ran.findings.push(Finding::new(Some(self.path), "", problem)),
        }
        ran
    }

    fn pull(&self, name: &str, ran: &mut Ran) -> Result<Json, String> {
        let pull = self.adapter.pulls().iter().find(|pull| pull.name == name).ok_or("the manifest has no such pull")?;
        let (remarks, message) = http(self.bytes)?;
        let setting = self.setting.with(&remarks)?;
        let cursor = remarks.get("cursor").map(String::as_str);
        let token = self.sample_token();
        let request =
            self.adapter.pull_request(pull, cursor, token.as_ref(), &setting.secrets(), setting.now).map_err(|e| e.to_string())?;
        let mut out = json!({"request": request_json(&request)});
        let response = message.response()?;
        let asked = Asked { cursor, response: &response, base: &setting.base_url, now: setting.now };
        match self.adapter.pull_page(pull, &asked) {
            Ok(page) => {
                out["records"] = self.records(page.records, ran);
                out["cursor"] = json!(page.cursor);
                out["more"] = json!(page.more);
            }
            Err(error) => out["refused"] = page_error(&error),
        }
        Ok(out)
    }

    fn callback(&self, ran: &mut Ran) -> Result<Json, String> {
        let (remarks, message) = http(self.bytes)?;
        let setting = self.setting.with(&remarks)?;
        match self.adapter.callback(&message.request()?, &setting.secrets(), setting.now) {
            Ok(callback) => Ok(json!({
                "records": self.records(callback.records, ran),
                "ignored": callback.ignored,
                "response": response_json(&callback.response),
            })),
            Err(CallbackError::Request(RequestError::Mapping(error))) => {
                ran.findings.push(Finding::of_error(self.path, "", &error));
                Ok(Json::Null)
            }
            Err(error) => Ok(json!({"refused": {"code": error.code(), "status": error.status()}})),
        }
    }

    fn file(&self, name: &str, ran: &mut Ran) -> Result<Json, String> {
        let records = self.adapter.file(name, self.bytes).map_err(|error| error.to_string())?;
        let records: Result<Vec<Mapped>, _> = records.collect();
        Ok(json!({"records": self.records(records.map_err(|error| error.to_string())?, ran)}))
    }

    fn delivery(&self, ran: &mut Ran) -> Result<Json, String> {
        // Where it is off and not how: the error would quote what stands there.
        let message: Message = serde_json::from_slice(self.bytes)
            .map_err(|error| format!("not a message of the exchange format: line {}, column {}", error.line(), error.column()))?;
        let token = self.sample_token();
        match self.adapter.delivery(&message, token.as_ref(), &self.setting.secrets(), self.setting.now) {
            Ok(Some(request)) => {
                ran.expressions = self.adapter.delivery_expressions(message.kind);
                let other = self.adapter.delivery_otherwise(&message, token.as_ref(), &self.setting.secrets(), self.setting.now);
                let mut became = json!({"request": request_json(&request)});
                if let Some(other) = other.map_err(|error| error.to_string())? {
                    became["otherwise"] = request_json(&other);
                }
                Ok(became)
            }
            Ok(None) => Ok(json!({"not_sent": true})),
            Err(RequestError::Mapping(error)) => {
                ran.findings.push(Finding::of_error(self.path, "/request", &error));
                Ok(Json::Null)
            }
            Err(error) => Err(error.to_string()),
        }
    }

    fn sample_token(&self) -> Option<AccessToken> {
        self.adapter.needs_token().then(|| AccessToken { value: "SAMPLE-TOKEN".into(), lifetime: std::time::Duration::ZERO })
    }

    fn answer(&self, kind: &str) -> Result<Json, String> {
        let kind: MessageKind = serde_json::from_value(json!(kind)).map_err(|_| "there is no such kind of message")?;
        let (remarks, message) = http(self.bytes)?;
        let outcome = match remarks.contains_key("otherwise") {
            true => self.adapter.otherwise_outcome(&message.response()?, kind),
            false => self.adapter.delivery_outcome(&message.response()?, kind),
        };
        Ok(json!({"outcome": outcome_json(&outcome)}))
    }

    fn ledger(&self, question: &str, ran: &mut Ran) -> Result<Json, String> {
        let ledger = self.adapter.ledger().ok_or("the manifest declares no ledger")?;
        let (remarks, message) = http(self.bytes)?;
        let setting = self.setting.with(&remarks)?;
        let remark = |name: &str| remarks.get(name).cloned().ok_or_else(|| format!("the remark `{name}` is missing"));
        let day = |name: &str| remark(name)?.parse().map_err(|_| format!("the remark `{name}` is not YYYY-MM-DD"));
        let question = match question {
            "days" => Question::Days { from: day("from")?, until: day("until")? },
            "numbers" => {
                let page = remarks.get("page").map_or(Ok(0), |page| page.parse()).map_err(|_| "the remark `page` is not a number")?;
                Question::Numbers { day: day("day")?, page }
            }
            "record" => Question::Record { number: remark("number")? },
            _ => return Err("a ledger is asked for days, numbers and record".to_owned()),
        };
        let (token, secrets) = (self.sample_token(), setting.secrets());
        let request = self.adapter.ledger_request(ledger, &question, token.as_ref(), &secrets, setting.now).map_err(|e| e.to_string())?;
        let mut out = json!({"request": request_json(&request)});
        let response = message.response()?;
        let read = match question {
            Question::Days { .. } => self.adapter.ledger_days(ledger, &response).map(|days| {
                let days: Vec<Json> = days.iter().map(|day| json!({"day": day.day, "count": day.count, "digest": day.digest})).collect();
                out["days"] = json!(days);
            }),
            Question::Numbers { .. } => self.adapter.ledger_numbers(ledger, &response).map(|(numbers, more)| {
                out["numbers"] = json!(numbers);
                out["more"] = json!(more);
            }),
            Question::Record { .. } => {
                self.adapter.ledger_record(ledger, &response).map(|record| out["records"] = self.records(vec![record], ran))
            }
        };
        if let Err(error) = read {
            out["refused"] = page_error(&error);
        }
        Ok(out)
    }

    fn token(&self) -> Result<Json, String> {
        let (_, message) = http(self.bytes)?;
        let request =
            self.adapter.token_request(&self.setting.secrets()).map_err(|e| e.to_string())?.ok_or("the manifest has no access token")?;
        let mut out = json!({"request": request_json(&request)});
        match self.adapter.token_response(&message.response()?) {
            Ok(token) => out["lifetime_seconds"] = json!(token.lifetime.as_secs()),
            Err(error) => out["refused"] = page_error(&error),
        }
        Ok(out)
    }

    /// Records as JSON. What intake would refuse is found here; an unmapped record is a finding unless it is expected.
    fn records(&self, records: Vec<Mapped>, ran: &mut Ran) -> Json {
        let mut out = Vec::new();
        for (at, mapped) in records.into_iter().enumerate() {
            let (member, json, faults) = match mapped {
                Ok(Inbound::Submission(submission)) => {
                    ("submission", serde_json::to_value(&submission), exchange::faults_of_submission(&submission))
                }
                Ok(Inbound::Update(update)) => ("update", serde_json::to_value(&update), exchange::faults_of_update(&update)),
                Ok(Inbound::Withdrawal(withdrawal)) => {
                    ("withdrawal", serde_json::to_value(&withdrawal), exchange::faults_of_withdrawal(&withdrawal))
                }
                Err(unmapped) => {
                    let error = &unmapped.error;
                    let place = json!({"source_ref": unmapped.source_ref, "field": error.field, "expression": error.expression, "problem": error.problem.to_string()});
                    out.push(json!({"unmapped": place}));
                    continue;
                }
            };
            let yields = match member {
                "submission" => Yields::Submission,
                "update" => Yields::Update,
                _ => Yields::Withdrawal,
            };
            self.name_expressions(yields, &format!("/records/{at}/{member}"), ran);
            let faults = faults.into_iter().map(|fault| {
                let field = format!("/records/{at}/{member}{}", fault.pointer);
                Finding {
                    expression: ran.expressions.get(&field).cloned(),
                    ..Finding::new(Some(self.path), &field, fault.problem.to_string())
                }
            });
            ran.findings.extend(faults);
            out.push(json!({member: json.unwrap_or_default()}));
        }
        Json::Array(out)
    }

    /// Which expression made which field, where only one mapping makes records of this kind.
    fn name_expressions(&self, yields: Yields, prefix: &str, ran: &mut Ran) {
        let candidates: Vec<&Mapping> = self.adapter.mappings.iter().filter(|mapping| mapping.yields == yields).collect();
        if let [mapping] = candidates.as_slice() {
            mapping.expressions(prefix, &mut ran.expressions);
        }
    }
}

/// The parts of a recorded message.
struct Recorded {
    start: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

fn http(bytes: &[u8]) -> Result<(BTreeMap<String, String>, Recorded), String> {
    let mut rest = bytes;
    let mut remarks = BTreeMap::new();
    let mut lines = Vec::new();
    loop {
        let end = rest.iter().position(|byte| *byte == b'\n').ok_or("the headers are not ended by an empty line")?;
        let line = std::str::from_utf8(&rest[..end]).map_err(|_| "the headers are not UTF-8")?.trim_end_matches('\r').to_owned();
        rest = &rest[end + 1..];
        match line.strip_prefix('#') {
            Some(remark) if lines.is_empty() => {
                remarks.extend(remark.split_once(':').map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())));
            }
            _ if line.is_empty() => break,
            _ => lines.push(line),
        }
    }
    let mut lines = lines.into_iter();
    let start = lines.next().ok_or("there is no start line")?;
    let headers: Option<Vec<(String, String)>> =
        lines.map(|line| line.split_once(':').map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))).collect();
    let body = rest.strip_suffix(b"\n").unwrap_or(rest).to_vec();
    Ok((remarks, Recorded { start, headers: headers.ok_or("a header has no colon")?, body }))
}

impl Recorded {
    fn request(self) -> Result<Request, String> {
        match self.start.split(' ').collect::<Vec<_>>().as_slice() {
            [method, target, version] if version.starts_with("HTTP/") => {
                Ok(Request { method: (*method).to_owned(), target: (*target).to_owned(), headers: self.headers, body: self.body })
            }
            _ => Err("the start line is not that of a request".to_owned()),
        }
    }

    fn response(self) -> Result<Response, String> {
        let mut words = self.start.split(' ');
        match (words.next(), words.next().and_then(|status| status.parse().ok())) {
            (Some(version), Some(status)) if version.starts_with("HTTP/") => {
                Ok(Response { status, headers: self.headers, body: self.body })
            }
            _ => Err("the start line is not that of a response".to_owned()),
        }
    }
}

fn request_json(request: &Request) -> Json {
    json!({"method": request.method, "target": request.target, "headers": headers_json(&request.headers), "body": body_json(&request.body)})
}

fn response_json(response: &Response) -> Json {
    json!({"status": response.status, "headers": headers_json(&response.headers), "body": body_json(&response.body)})
}

fn headers_json(headers: &[(String, String)]) -> Map<String, Json> {
    headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect()
}

/// JSON as it is, everything else as text.
fn body_json(body: &[u8]) -> Json {
    match serde_json::from_slice(body) {
        Ok(json @ (Json::Object(_) | Json::Array(_))) => json,
        _ => Json::String(String::from_utf8_lossy(body).into_owned()),
    }
}

fn page_error(error: &PageError) -> Json {
    match error {
        PageError::Retry { after, reason } => json!({"retry": reason, "after_seconds": after.map(|wait| wait.as_secs())}),
        PageError::TokenExpired => json!("token_expired"),
        PageError::Rejected { code, reason } => json!({"rejected": reason, "code": code}),
        other => json!(other.to_string()),
    }
}

fn outcome_json(outcome: &Outcome) -> Json {
    match outcome {
        Outcome::Delivered { receipt } => json!({"delivered": true, "receipt": receipt}),
        Outcome::Retry { after, reason } => json!({"retry": reason, "after_seconds": after.map(|wait| wait.as_secs())}),
        Outcome::TokenExpired => json!({"token_expired": true}),
        Outcome::Rejected { code, reason } => json!({"rejected": reason, "code": code}),
        Outcome::Otherwise { reason } => json!({"otherwise": reason}),
    }
}
