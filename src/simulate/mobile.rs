//! A mobile petition app: pushes what people file, is told of progress.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use actix_web::{
    HttpRequest, HttpResponse,
    web::{self, Bytes, ServiceConfig},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value as Json, json};
use sha2::Sha256;

use super::{
    caller::Call,
    categories,
    filing::{Filing, Person},
    record::{Notice, NoticeKind, Notices, Received},
    server::{Shared, Simulated, finish},
};
use crate::domain::submission::Kind;

const CLOCK_TOLERANCE: i64 = 300_000;

pub(super) struct Mobile {
    shared: Arc<Shared>,
    webhook_secret: String,
    client_id: String,
    client_secret: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    filings: Vec<String>,
    notices: Notices,
}

impl Mobile {
    pub fn new(shared: Shared) -> Self {
        let secret = |what: &str| format!("{}-{what}", shared.id);
        let (webhook_secret, client_id, client_secret) = (secret("webhook-secret"), secret("client"), secret("client-secret"));
        Self { shared: Arc::new(shared), webhook_secret, client_id, client_secret, state: Mutex::default() }
    }

    fn fits(&self, request: &HttpRequest, body: &[u8]) -> bool {
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let timestamp = header("X-Timestamp");
        let mut signed = format!("{timestamp}.{}.{}.", request.method(), request.path()).into_bytes();
        signed.extend_from_slice(body);
        let late = timestamp.parse().map_or(i64::MAX, |sent: i64| (self.shared.now().timestamp_millis() - sent).abs());
        header("X-Client-Id") == self.client_id
            && header("X-Signature") == STANDARD.encode(mac(&self.client_secret, &signed))
            && late <= CLOCK_TOLERANCE
    }
}

fn mac(key: &str, message: &[u8]) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(key.as_bytes()).map(|mac| mac.chain_update(message).finalize().into_bytes().to_vec()).unwrap_or_default()
}

impl Simulated for Mobile {
    fn shared(&self) -> &Shared {
        &self.shared
    }

    fn file(self: Arc<Self>, filing: Filing) {
        if let Ok(mut state) = self.state.lock() {
            state.filings.push(filing.source_id.clone());
        }
        let body = appeal(&filing).to_string();
        let platform = Arc::clone(&self);
        self.shared.send(filing.source_id, move || {
            let timestamp = platform.shared.now().timestamp_millis();
            let signature = mac(&platform.webhook_secret, format!("{timestamp}.{body}").as_bytes());
            let hex: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
            Call {
                method: "POST",
                target: format!("/callbacks/{}", platform.shared.id),
                headers: vec![
                    ("Content-Type".into(), "application/json".into()),
                    ("X-Appeal-Timestamp".into(), timestamp.to_string()),
                    ("X-Appeal-Signature".into(), format!("sha256={hex}")),
                ],
                body: body.clone().into_bytes(),
            }
        });
    }

    fn received(&self) -> Received {
        let notices = self.state.lock().map(|state| state.notices.list().to_vec()).unwrap_or_default();
        Received { notices, ..self.shared.received() }
    }

    fn secrets(&self) -> BTreeMap<String, String> {
        [("webhook_secret", &self.webhook_secret), ("client_id", &self.client_id), ("client_secret", &self.client_secret)]
            .map(|(name, value)| (name.to_owned(), value.clone()))
            .into()
    }
}

pub(super) fn routes(config: &mut ServiceConfig) {
    config.route("/open-api/v2/notifications", web::post().to(notification));
}

fn answer(code: u32, message: &str, data: &Json) -> HttpResponse {
    HttpResponse::Ok().json(json!({"code": code, "msg": message, "data": data}))
}

async fn notification(platform: web::Data<Mobile>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let document: Json = serde_json::from_slice(&body).unwrap_or_default();
    let text = |pointer: &str| document.pointer(pointer).and_then(Json::as_str).map(str::to_owned);
    let id = text("/notificationId").unwrap_or_default();
    let lose = match platform.shared.admit(&format!("notification {id}")).await {
        Ok(lose) => lose,
        Err(response) => return response,
    };
    if !platform.fits(&request, &body) {
        platform.shared.refuse();
        return HttpResponse::Unauthorized().json(json!({"code": 40100, "msg": "invalid signature"}));
    }
    let kind = match text("/type").as_deref() {
        Some("REGISTERED") => NoticeKind::Registered,
        Some("MERGED") => NoticeKind::Duplicate,
        Some("PROGRESS") => NoticeKind::Status,
        Some("REPLY") => NoticeKind::Reply,
        _ => return answer(40001, "unknown type", &Json::Null),
    };
    let (Some(appeal), Some(case)) = (text("/appealNo"), text("/caseNo")) else {
        return answer(40001, "appealNo and caseNo are required", &Json::Null);
    };
    let Ok(mut state) = platform.state.lock() else { return answer(50000, "internal error", &Json::Null) };
    if !state.filings.contains(&appeal) {
        return answer(40404, "appeal not found", &Json::Null);
    }
    let words = text("/reply/content").or_else(|| text("/remark"));
    let notice = Notice { delivery: Some(id.clone()), kind, about: appeal, case, status: text("/statusCode"), text: words, times: 1 };
    let number = json!({"notificationNo": format!("N-{id}")});
    let new = state.notices.enter(id, notice);
    finish(if new { answer(0, "success", &number) } else { answer(40901, "notification already accepted", &number) }, lose)
}

/// A filing as the app writes it.
fn appeal(filing: &Filing) -> Json {
    let person =
        |p: &Person| json!({"userId": p.account, "realName": p.name, "idCardNo": p.id_number, "mobile": p.phone, "address": p.address});
    json!({
        "eventId": format!("evt_{}", filing.source_id),
        "eventType": "APPEAL_SUBMITTED",
        "appVersion": "3.2.1",
        "data": {
            "appealNo": filing.source_id,
            "appealType": match filing.kind {
                Kind::Request => "APPEAL",
                Kind::Suggestion => "ADVICE",
                Kind::Accusation => "REPORT",
            },
            "submitTime": filing.submitted_at.timestamp_millis(),
            "anonymous": filing.persons.is_empty(),
            "peopleCount": filing.persons.len().max(1),
            "submitter": filing.persons.first().map(person),
            "coSigners": filing.persons.iter().skip(1).map(person).collect::<Vec<_>>(),
            "title": filing.subject,
            "content": filing.content,
            "topicCode": categories::mobile_topic(&filing.category),
            "regionCode": filing.division,
            "location": {"name": filing.place},
            "target": {"orgName": filing.respondent},
        },
    })
}
