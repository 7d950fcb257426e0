//! Requests a platform sends to the gateway: webhooks and WeChat's callbacks.

use chrono::{DateTime, Utc};
use serde_json::{Value as Json, json};

use super::{
    body,
    error::{CallbackError, ManifestFault, Problem, RequestError},
    expression::{Engine, Expression, Scope},
    http::{Request, Response, Secrets},
    manifest::{BodyFormat, CallbackManifest, RouteManifest, TimestampUnit, WebhookManifest, WechatManifest},
    mapping::{Core, Mapped, Mapping, UnmappedRecord},
    shape::{Blank, Shape},
    signature::{Signature, Values},
    wechat::{self, Cipher},
};

/// Bytes a callback's body may have.
pub const MAX_CALLBACK: usize = 1 << 20;
/// Records one callback may carry.
const MAX_RECORDS: usize = 500;

/// What an inbound request brought and what to answer once that is stored.
#[derive(Debug)]
pub struct Callback {
    pub records: Vec<Mapped>,
    /// Records the manifest leaves out on purpose.
    pub ignored: usize,
    pub response: Response,
}

/// A request that came in and what it is read with.
#[derive(Clone, Copy)]
pub(super) struct Arrival<'a> {
    pub core: &'a Core,
    pub mappings: &'a [Mapping],
    pub request: &'a Request,
    pub secrets: &'a Secrets,
    pub now: DateTime<Utc>,
}

pub(super) enum CallbackKind {
    Webhook(Box<Webhook>),
    Wechat(Box<Wechat>),
}

struct Route {
    when: Expression,
    /// Index into the adapter's mappings; `None` leaves the record out.
    mapping: Option<usize>,
    reply: Option<Expression>,
}

pub(super) struct Webhook {
    header: String,
    prefix: String,
    signature: Signature,
    timestamp: Option<(String, TimestampUnit, u64)>,
    format: BodyFormat,
    records: Option<Expression>,
    routes: Vec<Route>,
    answer_status: u16,
    answer_format: BodyFormat,
    answer: Option<Shape>,
}

pub(super) struct Wechat {
    token: String,
    app_id: String,
    encoding_aes_key: String,
    routes: Vec<Route>,
}

const POINTER: &str = "/callback";

impl CallbackKind {
    pub fn compile(engine: &Engine, manifest: &CallbackManifest, mappings: &[Mapping], secrets: &[&str]) -> Result<Self, ManifestFault> {
        Ok(match manifest {
            CallbackManifest::Webhook(webhook) => Self::Webhook(Box::new(Webhook::compile(engine, webhook, mappings, secrets)?)),
            CallbackManifest::Wechat(wechat) => Self::Wechat(Box::new(Wechat::compile(engine, wechat, mappings, secrets)?)),
        })
    }

    /// Offers a record again that no route took; `None` where a route leaves it out now.
    pub fn take_again(&self, core: &Core, mappings: &[Mapping], record: &Json) -> Option<Mapped> {
        let routes = match self {
            Self::Webhook(webhook) => &webhook.routes,
            Self::Wechat(wechat) => &wechat.routes,
        };
        take(core, mappings, routes, record).0
    }

    pub fn receive(&self, arrival: Arrival) -> Result<Callback, CallbackError> {
        let request = arrival.request;
        if request.body.len() > MAX_CALLBACK {
            return Err(CallbackError::TooLarge { limit: MAX_CALLBACK });
        }
        match self {
            Self::Webhook(webhook) => webhook.receive(arrival),
            Self::Wechat(wechat) => wechat.receive(arrival),
        }
    }
}

fn compile_routes(engine: &Engine, manifests: &[RouteManifest], mappings: &[Mapping]) -> Result<Vec<Route>, ManifestFault> {
    let compile = |(at, route): (usize, &RouteManifest)| {
        let pointer = format!("{POINTER}/routes/{at}");
        let mapping = match (&route.mapping, &route.ignored) {
            (Some(name), None) => {
                let found = mappings.iter().position(|mapping| mapping.name == *name);
                Some(found.ok_or_else(|| ManifestFault::new(format!("{pointer}/mapping"), format!("there is no mapping {name}")))?)
            }
            (None, Some(_)) => None,
            _ => return Err(ManifestFault::new(pointer, "a route has either a mapping or a reason for ignored")),
        };
        let reply =
            route.reply.as_ref().map(|source| engine.compile(source, &format!("{pointer}/reply"), &["record", "settings"])).transpose()?;
        Ok(Route { when: engine.compile(&route.when, &format!("{pointer}/when"), &["record", "settings"])?, mapping, reply })
    };
    manifests.iter().enumerate().map(compile).collect()
}

/// The first route that fits takes the record. `None` if it is left out; a passive reply where the route has one.
fn take(core: &Core, mappings: &[Mapping], routes: &[Route], record: &Json) -> (Option<Mapped>, Option<String>) {
    let scope = Scope::default().with("record", record).with("settings", &core.settings);
    let Some(route) = routes.iter().find(|route| core.engine.holds(&route.when, &scope)) else {
        let error = core.problem("callback", Problem::NoRoute);
        let raw = record.to_string().into_bytes();
        return (Some(Err(Box::new(UnmappedRecord { source_ref: None, mapping: None, raw, error }))), None);
    };
    let reply = route.reply.as_ref().and_then(|reply| core.engine.evaluate(reply, &scope).ok().flatten());
    let mapped = route.mapping.and_then(|at| mappings.get(at)).map(|mapping| mapping.map(core, record));
    (mapped, reply.map(|json| body::scalar(&json)))
}

impl Webhook {
    fn compile(engine: &Engine, manifest: &WebhookManifest, mappings: &[Mapping], secrets: &[&str]) -> Result<Self, ManifestFault> {
        let answer = manifest.answer.body.as_ref();
        Ok(Self {
            header: manifest.signature.header.clone(),
            prefix: manifest.signature.prefix.clone(),
            signature: Signature::compile(&manifest.signature.signature, &format!("{POINTER}/signature"), secrets)?,
            timestamp: manifest.timestamp.as_ref().map(|t| (t.header.clone(), t.unit, t.tolerance_seconds)),
            format: manifest.format,
            records: manifest
                .records
                .as_ref()
                .map(|source| engine.compile(source, &format!("{POINTER}/records"), &["body", "settings"]))
                .transpose()?,
            routes: compile_routes(engine, &manifest.routes, mappings)?,
            answer_status: manifest.answer.status,
            answer_format: manifest.answer.format,
            answer: answer
                .map(|json| Shape::compile(engine, json, &format!("{POINTER}/answer/body"), &["body", "settings"]))
                .transpose()?,
        })
    }

    fn receive(&self, arrival: Arrival) -> Result<Callback, CallbackError> {
        let Arrival { core, mappings, request, secrets, now } = arrival;
        if request.method != "POST" {
            return Err(CallbackError::Method);
        }
        self.admit(request, secrets, now)?;
        let body = body::read(self.format, &request.body, None, request.header("content-type")).map_err(CallbackError::Unreadable)?;
        let mut scope = Scope::flat().with("body", &body).with("settings", &core.settings);
        let records = match &self.records {
            None => vec![body.clone()],
            Some(expression) => match core.value("callback", "/records", expression, &scope).map_err(RequestError::from)? {
                Some(Json::Array(records)) => records,
                _ => return Err(CallbackError::Unreadable(Problem::Invalid("it has no list of records".to_owned()))),
            },
        };
        if records.len() > MAX_RECORDS {
            return Err(CallbackError::TooLarge { limit: MAX_RECORDS });
        }
        let taken: Vec<Mapped> = records.iter().filter_map(|record| take(core, mappings, &self.routes, record).0).collect();
        let ignored = records.len() - taken.len();
        Ok(Callback { records: taken, ignored, response: self.answer(core, &mut scope)? })
    }

    fn admit(&self, request: &Request, secrets: &Secrets, now: DateTime<Utc>) -> Result<(), CallbackError> {
        let claimed = request.header(&self.header).ok_or(CallbackError::NoSignature)?;
        let claimed = claimed.strip_prefix(self.prefix.as_str()).ok_or(CallbackError::BadSignature)?;
        let mut timestamp = "";
        if let Some((header, unit, tolerance)) = &self.timestamp {
            timestamp = request.header(header).ok_or(CallbackError::BadTimestamp)?;
            let number: i64 = timestamp.trim().parse().map_err(|_| CallbackError::BadTimestamp)?;
            let seconds = match unit {
                TimestampUnit::Seconds => number,
                TimestampUnit::Milliseconds => number.div_euclid(1_000),
            };
            if now.timestamp().abs_diff(seconds) > *tolerance {
                return Err(CallbackError::StaleTimestamp { tolerance_seconds: *tolerance });
            }
        }
        let values = Values { request, secrets, timestamp, nonce: "", token: None, signature: "" };
        if self.signature.verify(&values, claimed)? { Ok(()) } else { Err(CallbackError::BadSignature) }
    }

    fn answer<'a>(&'a self, core: &Core, scope: &mut Scope<'a>) -> Result<Response, CallbackError> {
        let Some(shape) = &self.answer else {
            return Ok(Response { status: self.answer_status, headers: Vec::new(), body: Vec::new() });
        };
        let made =
            shape.make(&core.engine, scope, Blank::Kept).map_err(|problem| RequestError::from(core.error("callback answer", problem)))?;
        let (bytes, media_type) = body::write(self.answer_format, &made.unwrap_or_default());
        Ok(Response { status: self.answer_status, headers: vec![("Content-Type".to_owned(), media_type.to_owned())], body: bytes })
    }
}

impl Wechat {
    fn compile(engine: &Engine, manifest: &WechatManifest, mappings: &[Mapping], secrets: &[&str]) -> Result<Self, ManifestFault> {
        for (member, name) in [("token", &manifest.token), ("app_id", &manifest.app_id), ("encoding_aes_key", &manifest.encoding_aes_key)] {
            if !secrets.contains(&name.as_str()) {
                return Err(ManifestFault::new(format!("{POINTER}/{member}"), format!("the secret {name} is not declared in /secrets")));
            }
        }
        Ok(Self {
            token: manifest.token.clone(),
            app_id: manifest.app_id.clone(),
            encoding_aes_key: manifest.encoding_aes_key.clone(),
            routes: compile_routes(engine, &manifest.routes, mappings)?,
        })
    }

    fn receive(&self, arrival: Arrival) -> Result<Callback, CallbackError> {
        let Arrival { core, mappings, request, secrets, now } = arrival;
        let parameter = |name: &str| request.parameter(name).unwrap_or_default();
        let (timestamp, nonce) = (parameter("timestamp"), parameter("nonce"));
        let token = secrets.get(&self.token)?;
        let check = |claimed: &str, parts: &[&str]| match claimed {
            "" => Err(CallbackError::NoSignature),
            claimed if wechat::same(claimed, &wechat::signature(parts)) => Ok(()),
            _ => Err(CallbackError::BadSignature),
        };
        if request.method == "GET" {
            check(&parameter("signature"), &[token, &timestamp, &nonce])?;
            return Ok(Callback { records: Vec::new(), ignored: 0, response: text(parameter("echostr").into_bytes()) });
        }
        if request.method != "POST" {
            return Err(CallbackError::Method);
        }
        let outer = body::read(BodyFormat::Xml, &request.body, None, None).map_err(CallbackError::Unreadable)?;
        // Where a key is configured only sealed messages count: the plain form's signature does not cover the message.
        let cipher = match secrets.get(&self.encoding_aes_key) {
            Ok(key) => {
                Some(Cipher::new(key, secrets.get(&self.app_id)?).map_err(|_| RequestError::BadSecret(self.encoding_aes_key.clone()))?)
            }
            Err(_) => None,
        };
        let record = match &cipher {
            Some(cipher) => {
                let sealed = outer
                    .get("Encrypt")
                    .and_then(Json::as_str)
                    .ok_or_else(|| CallbackError::Encryption("it is not encrypted".to_owned()))?;
                check(&parameter("msg_signature"), &[token, &timestamp, &nonce, sealed])?;
                let opened = cipher.open(sealed).map_err(|why| CallbackError::Encryption(why.to_string()))?;
                body::read(BodyFormat::Xml, &opened, None, None).map_err(CallbackError::Unreadable)?
            }
            None if outer.get("Encrypt").is_some() => return Err(CallbackError::Encryption("no key is configured".to_owned())),
            None => {
                check(&parameter("signature"), &[token, &timestamp, &nonce])?;
                outer
            }
        };
        let (mapped, reply) = take(core, mappings, &self.routes, &record);
        let ignored = usize::from(mapped.is_none());
        let response = match reply {
            None => text(Vec::new()),
            Some(reply) => passive(&record, &reply, token, cipher.as_ref(), &nonce, now),
        };
        Ok(Callback { records: mapped.into_iter().collect(), ignored, response })
    }
}

/// A passive text reply (被动回复文本消息), sealed where the message was.
fn passive(record: &Json, reply: &str, token: &str, cipher: Option<&Cipher>, nonce: &str, now: DateTime<Utc>) -> Response {
    let member = |name: &str| record.get(name).and_then(Json::as_str).unwrap_or_default();
    let message = json!({
        "ToUserName": member("FromUserName"),
        "FromUserName": member("ToUserName"),
        "CreateTime": now.timestamp(),
        "MsgType": "text",
        "Content": reply,
    });
    let (mut bytes, media_type) = body::write(BodyFormat::Xml, &message);
    if let Some(cipher) = cipher {
        let timestamp = now.timestamp().to_string();
        let sealed = cipher
            .seal(cipher.unguessable(&[nonce.as_bytes(), &bytes, &now.timestamp_nanos_opt().unwrap_or_default().to_le_bytes()]), &bytes);
        let signature = wechat::signature(&[token, &timestamp, nonce, &sealed]);
        bytes =
            body::write(BodyFormat::Xml, &json!({"Encrypt": sealed, "MsgSignature": signature, "TimeStamp": timestamp, "Nonce": nonce})).0;
    }
    Response { status: 200, headers: vec![("Content-Type".to_owned(), media_type.to_owned())], body: bytes }
}

fn text(body: Vec<u8>) -> Response {
    Response { status: 200, headers: vec![("Content-Type".to_owned(), "text/plain; charset=utf-8".to_owned())], body }
}
