//! WeChat's side of an official account: callbacks to the gateway, access tokens, customer-service messages.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
    time::Duration,
};

use actix_web::{
    HttpResponse,
    web::{self, Bytes, ServiceConfig},
};
use aes::{
    Aes256,
    cipher::{Array, BlockModeEncrypt, KeyIvInit, block_padding::NoPadding},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use sha1::{Digest, Sha1};

use super::{
    caller::{Call, CallError},
    categories,
    filing::Filing,
    record::{Notice, NoticeKind, Notices, Received},
    server::{Shared, Simulated, finish},
};
use crate::domain::{division, submission::Kind};

/// Customer-service messages are allowed this long after the person's last message.
const CONTACT: Duration = Duration::from_hours(48);
const TOKEN_SECONDS: i64 = 7_200;
/// A 43-character EncodingAESKey: 32 bytes in base64 without the padding.
const AES_KEY: [u8; 32] = *b"a simulated official account key";

/// How callbacks are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CallbackMode {
    Plain,
    /// 安全模式: encrypted.
    #[default]
    Safe,
}

pub(super) struct Wechat {
    shared: Arc<Shared>,
    mode: CallbackMode,
    token: String,
    app_id: String,
    app_secret: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    tokens_given: u32,
    current: Option<(String, DateTime<Utc>)>,
    contacts: HashMap<String, DateTime<Utc>>,
    notices: Notices,
}

impl Wechat {
    pub fn new(shared: Shared, mode: CallbackMode) -> Self {
        let (token, app_id, app_secret) =
            (format!("{}Token", shared.id), format!("wx{:0>16}", shared.id), format!("{}-app-secret", shared.id));
        Self { shared: Arc::new(shared), mode, token, app_id, app_secret, state: Mutex::default() }
    }

    /// What WeChat does when the callback address is entered: the gateway must echo.
    pub async fn verify(&self) -> Result<bool, CallError> {
        let (timestamp, nonce, echo) = (self.shared.now().timestamp().to_string(), "1320562132", "5927782489442352469");
        let signature = sha1(&[&self.token, &timestamp, nonce]);
        let target = format!("/wechat/{}?signature={signature}&timestamp={timestamp}&nonce={nonce}&echostr={echo}", self.shared.id);
        let answer = self.shared.gateway.call(&Call { method: "GET", target, headers: Vec::new(), body: Vec::new() }).await?;
        Ok(answer.status == 200 && answer.body == echo.as_bytes())
    }

    fn callback(&self, message_id: &str, message: &str) -> Call {
        let (timestamp, nonce) = (self.shared.now().timestamp().to_string(), &digits(message_id)[..9]);
        let signature = sha1(&[&self.token, &timestamp, nonce]);
        let mut target = format!("/wechat/{}?signature={signature}&timestamp={timestamp}&nonce={nonce}", self.shared.id);
        let body = match self.mode {
            CallbackMode::Plain => message.to_owned(),
            CallbackMode::Safe => {
                let sealed = seal(message_id, message.as_bytes(), &self.app_id);
                target.push_str(&format!("&encrypt_type=aes&msg_signature={}", sha1(&[&self.token, &timestamp, nonce, &sealed])));
                format!("<xml><ToUserName><![CDATA[gh_{}]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>", self.shared.id)
            }
        };
        Call { method: "POST", target, headers: vec![("Content-Type".into(), "text/xml".into())], body: body.into_bytes() }
    }

    /// WeChat's errcode for a token that is not the current one.
    fn token_fault(&self, token: &str, now: DateTime<Utc>) -> Option<i64> {
        let state = self.state.lock().ok()?;
        match &state.current {
            Some((current, until)) if current == token => (*until <= now).then_some(42_001),
            _ => Some(40_001),
        }
    }
}

fn sha1(parts: &[&str]) -> String {
    let mut parts = parts.to_vec();
    parts.sort_unstable();
    Sha1::digest(parts.concat().as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn digits(seed: &str) -> String {
    blake3::hash(seed.as_bytes()).as_bytes().iter().map(|byte| char::from(b'0' + byte % 10)).collect()
}

fn seal(seed: &str, message: &[u8], app_id: &str) -> String {
    let mut plain = digits(seed).as_bytes()[..16].to_vec();
    plain.extend_from_slice(&u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes());
    plain.extend_from_slice(message);
    plain.extend_from_slice(app_id.as_bytes());
    let padding = 32 - plain.len() % 32;
    plain.resize(plain.len() + padding, u8::try_from(padding).unwrap_or(0));
    let length = plain.len();
    let mut iv = [0; 16];
    iv.copy_from_slice(&AES_KEY[..16]);
    let cipher = cbc::Encryptor::<Aes256>::new(&Array::from(AES_KEY), &Array::from(iv));
    STANDARD.encode(cipher.encrypt_padded::<NoPadding>(&mut plain, length).unwrap_or_default())
}

impl Simulated for Wechat {
    fn shared(&self) -> &Shared {
        &self.shared
    }

    fn file(self: Arc<Self>, filing: Filing) {
        let open_id = open_id(&filing);
        if let Ok(mut state) = self.state.lock() {
            state.contacts.insert(open_id.clone(), self.shared.now());
        }
        let message = message(&filing, &open_id, &self.shared.id);
        let platform = Arc::clone(&self);
        let id = filing.source_id.clone();
        self.shared.send(filing.source_id, move || platform.callback(&id, &message));
    }

    fn received(&self) -> Received {
        let notices = self.state.lock().map(|state| state.notices.list().to_vec()).unwrap_or_default();
        Received { notices, ..self.shared.received() }
    }

    fn secrets(&self) -> BTreeMap<String, String> {
        let mut secrets: BTreeMap<String, String> = [("token", &self.token), ("app_id", &self.app_id), ("app_secret", &self.app_secret)]
            .map(|(name, value)| (name.to_owned(), value.clone()))
            .into();
        if self.mode == CallbackMode::Safe {
            secrets.insert("encoding_aes_key".to_owned(), STANDARD.encode(AES_KEY).trim_end_matches('=').to_owned());
        }
        secrets
    }

    fn expire(&self) {
        if let Ok(mut state) = self.state.lock()
            && let Some((_, until)) = &mut state.current
        {
            *until = DateTime::UNIX_EPOCH;
        }
    }
}

/// Even a person who gives no name writes from an account.
fn open_id(filing: &Filing) -> String {
    let own = filing.persons.first().and_then(|person| person.account.clone());
    own.unwrap_or_else(|| format!("oAnon{}", filing.source_id))
}

/// The form people fill in, in one text message.
fn message(filing: &Filing, open_id: &str, account: &str) -> String {
    let mut lines = vec![format!("标题：{}", filing.subject), format!("内容：{}", filing.content)];
    match filing.persons.first() {
        None => lines.push("匿名：是".to_owned()),
        Some(person) => {
            lines.push(format!("姓名：{}", person.name));
            lines.extend(person.id_number.iter().map(|number| format!("身份证号：{number}")));
            lines.extend(person.phone.iter().map(|phone| format!("手机号：{phone}")));
        }
    }
    lines.push(format!("所在地区：{}", division::full_name(&filing.division)));
    lines.push(format!("具体地点：{}", filing.place));
    lines.push(format!("问题类别：{}", categories::wechat_word(&filing.category)));
    match filing.kind {
        Kind::Request => {}
        Kind::Suggestion => lines.push("信访目的：建议".to_owned()),
        Kind::Accusation => lines.push("信访目的：举报".to_owned()),
    }
    lines.extend(filing.respondent.iter().map(|name| format!("反映单位：{name}")));
    format!(
        "<xml><ToUserName><![CDATA[gh_{account}]]></ToUserName><FromUserName><![CDATA[{open_id}]]></FromUserName>\
         <CreateTime>{}</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{}]]></Content><MsgId>{}</MsgId></xml>",
        filing.submitted_at.timestamp(),
        lines.join("\n"),
        filing.source_id,
    )
}

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/cgi-bin/token", web::get().to(token))
        .route("/cgi-bin/message/custom/send", web::post().to(send))
        .route("/cgi-bin/message/subscribe/bizsend", web::post().to(notify));
}

fn error(code: i64, message: &str) -> HttpResponse {
    HttpResponse::Ok().json(json!({"errcode": code, "errmsg": message}))
}

#[derive(Deserialize)]
struct TokenQuery {
    grant_type: String,
    appid: String,
    secret: String,
}

/// A new token ends the one before: there is one holder.
async fn token(platform: web::Data<Wechat>, query: web::Query<TokenQuery>) -> HttpResponse {
    let lose = match platform.shared.admit("token").await {
        Ok(lose) => lose,
        Err(response) => return response,
    };
    if query.grant_type != "client_credential" || query.appid != platform.app_id || query.secret != platform.app_secret {
        platform.shared.refuse();
        return error(40_125, "invalid appsecret");
    }
    let Ok(mut state) = platform.state.lock() else { return error(-1, "system error") };
    state.tokens_given += 1;
    let value = format!("92_{}{}", digits(&platform.app_id), state.tokens_given);
    state.current = Some((value.clone(), platform.shared.now() + chrono::Duration::seconds(TOKEN_SECONDS)));
    finish(HttpResponse::Ok().json(json!({"access_token": value, "expires_in": TOKEN_SECONDS})), lose)
}

#[derive(Deserialize)]
struct SendQuery {
    access_token: String,
}

async fn send(platform: web::Data<Wechat>, query: web::Query<SendQuery>, body: Bytes) -> HttpResponse {
    let document: Json = serde_json::from_slice(&body).unwrap_or_default();
    let text = |pointer: &str| document.pointer(pointer).and_then(Json::as_str).unwrap_or_default().to_owned();
    let (open_id, words) = (text("/touser"), text("/text/content"));
    let key = format!("{open_id} {words}");
    let lose = match platform.shared.admit(&format!("send {key}")).await {
        Ok(lose) => lose,
        Err(response) => return response,
    };
    let now = platform.shared.now();
    if let Some(code) = platform.token_fault(&query.access_token, now) {
        platform.shared.refuse();
        return error(code, "access_token is invalid or expired");
    }
    if text("/msgtype") != "text" || words.is_empty() || words.len() > 2_048 {
        return error(45_002, "content size out of limit");
    }
    let Ok(mut state) = platform.state.lock() else { return error(-1, "system error") };
    match state.contacts.get(&open_id) {
        None => return error(40_003, "invalid openid"),
        Some(contact) if now - *contact > chrono::Duration::from_std(CONTACT).unwrap_or_default() => {
            return error(45_015, "response out of time limit or subscription is canceled");
        }
        Some(_) => {}
    }
    let kind = match words.split('】').next() {
        Some("【答复意见") => NoticeKind::Reply,
        Some("【办理进度") => NoticeKind::Status,
        _ if words.contains("已并入") => NoticeKind::Duplicate,
        _ => NoticeKind::Registered,
    };
    let case = words.find("LJ").and_then(|at| words.get(at..at + 14)).unwrap_or_default().to_owned();
    let notice = Notice { delivery: None, kind, about: open_id, case, status: None, text: Some(words), times: 1 };
    state.notices.enter(key, notice);
    finish(error(0, "ok"), lose)
}

/// A subscription message: a template filled in, allowed at any time to who subscribed, which everybody here has.
async fn notify(platform: web::Data<Wechat>, query: web::Query<SendQuery>, body: Bytes) -> HttpResponse {
    let document: Json = serde_json::from_slice(&body).unwrap_or_default();
    let text = |pointer: &str| document.pointer(pointer).and_then(Json::as_str).unwrap_or_default().to_owned();
    let (open_id, words) = (text("/touser"), text("/data/thing3/value"));
    let key = format!("{open_id} {} {} {words}", text("/data/character_string1/value"), text("/data/phrase2/value"));
    let lose = match platform.shared.admit(&format!("notify {key}")).await {
        Ok(lose) => lose,
        Err(response) => return response,
    };
    if let Some(code) = platform.token_fault(&query.access_token, platform.shared.now()) {
        platform.shared.refuse();
        return error(code, "access_token is invalid or expired");
    }
    if text("/template_id").is_empty() || words.chars().count() > 20 {
        return error(47_003, "argument invalid");
    }
    let Ok(mut state) = platform.state.lock() else { return error(-1, "system error") };
    if !state.contacts.contains_key(&open_id) {
        return error(40_003, "invalid openid");
    }
    let case = text("/data/character_string1/value");
    let notice = Notice { delivery: None, kind: NoticeKind::Subscribed, about: open_id, case, status: None, text: Some(words), times: 1 };
    state.notices.enter(key, notice);
    finish(error(0, "ok"), lose)
}
