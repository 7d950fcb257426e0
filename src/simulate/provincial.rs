//! A provincial petition system with a REST interface (省级网上信访信息系统). The national system is simulated by the same software.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex},
};

use actix_web::{
    HttpRequest, HttpResponse,
    web::{self, Bytes, ServiceConfig},
};
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use super::{
    categories,
    filing::{Filing, Person},
    handling::{self, Behaviour, Desk, Progress, Step, Taken, beijing},
    record::{Forward, Notice, NoticeKind, Notices, Received},
    server::{Shared, Simulated, finish},
};
use crate::domain::submission::{Channel, Kind, PetitionerRole};

const TIME: &str = "%Y-%m-%d %H:%M:%S";
/// How far a caller's clock may be off, in milliseconds.
const CLOCK_TOLERANCE: i64 = 300_000;
const MAX_PAGE: usize = 100;

pub(super) struct Provincial {
    shared: Arc<Shared>,
    behaviour: Behaviour,
    app_key: String,
    app_secret: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    filings: Vec<Filing>,
    desk: Desk,
    notices: Notices,
    nonces: HashSet<String>,
}

impl Provincial {
    pub fn new(shared: Shared, behaviour: Behaviour) -> Self {
        let app_key = format!("LJ-{}", shared.id.to_uppercase());
        let app_secret = format!("{}-signing-secret", shared.id);
        Self { shared: Arc::new(shared), behaviour, app_key, app_secret, state: Mutex::default() }
    }

    /// The business code of a refused request: what is wrong with its signature or time.
    fn unfit(&self, request: &HttpRequest, body: &[u8]) -> Option<&'static str> {
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (timestamp, nonce) = (header("X-XF-Timestamp"), header("X-XF-Nonce"));
        let signed = format!(
            "{}\n{}\n{}\n{}\n{timestamp}\n{nonce}\n{}",
            request.method(),
            request.path(),
            request.query_string(),
            self.app_key,
            hex(&Sha256::digest(body)),
        );
        let mac = Hmac::<Sha256>::new_from_slice(self.app_secret.as_bytes()).map(|mac| mac.chain_update(signed.as_bytes()));
        let expected = mac.map(|mac| hex(&mac.finalize().into_bytes())).unwrap_or_default();
        if header("X-XF-AppKey") != self.app_key || header("X-XF-Sign") != expected {
            return Some("1001");
        }
        let sent: i64 = timestamp.parse().unwrap_or_default();
        if (self.shared.now().timestamp_millis() - sent).abs() > CLOCK_TOLERANCE {
            return Some("1002");
        }
        let new = self.state.lock().is_ok_and(|mut state| state.nonces.insert(nonce.to_owned()));
        (!new).then_some("1003")
    }

    async fn admit(&self, request: &HttpRequest, body: &[u8], key: &str) -> Result<bool, HttpResponse> {
        let lose = self.shared.admit(key).await?;
        match self.unfit(request, body) {
            None => Ok(lose),
            Some(code) => {
                self.shared.refuse();
                Err(answer(code, "签名、时间戳或随机数不正确", &Json::Null))
            }
        }
    }
}

impl Simulated for Provincial {
    fn shared(&self) -> &Shared {
        &self.shared
    }

    fn file(self: Arc<Self>, filing: Filing) {
        if let Ok(mut state) = self.state.lock() {
            state.filings.push(filing);
        }
    }

    fn received(&self) -> Received {
        let Ok(mut state) = self.state.lock() else { return Received::default() };
        state.desk.advance(&self.behaviour, self.shared.now());
        Received { forwards: state.desk.forwards(status_code), notices: state.notices.list().to_vec(), ..self.shared.received() }
    }

    fn secrets(&self) -> BTreeMap<String, String> {
        [("app_key", &self.app_key), ("app_secret", &self.app_secret)].map(|(name, value)| (name.to_owned(), value.clone())).into()
    }
}

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/openapi/xf/v1/xfj/list", web::get().to(petitions))
        .route("/openapi/xf/v1/xfj/detail", web::get().to(detail))
        .route("/openapi/xf/v1/dz/days", web::get().to(ledger_days))
        .route("/openapi/xf/v1/dz/numbers", web::get().to(ledger_numbers))
        .route("/openapi/xf/v1/bljd/list", web::get().to(progress))
        .route("/openapi/xf/v1/zbj/receive", web::post().to(receive))
        .route("/openapi/xf/v1/zbj/withdraw", web::post().to(withdraw))
        .route("/openapi/xf/v1/zbj/supplement", web::post().to(supplement))
        .route("/openapi/xf/v1/xfj/notice", web::post().to(notice));
}

fn answer(code: &str, message: &str, data: &Json) -> HttpResponse {
    HttpResponse::Ok().json(json!({"code": code, "msg": message, "data": data}))
}

fn page(list: &[Json], next: u64, more: bool) -> HttpResponse {
    answer("0000", "成功", &json!({"list": list, "nextSeq": next.to_string(), "hasMore": if more { "1" } else { "0" }}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageQuery {
    start_seq: u64,
    page_size: usize,
}

async fn petitions(platform: web::Data<Provincial>, request: HttpRequest, query: web::Query<PageQuery>) -> HttpResponse {
    let lose = match platform.admit(&request, &[], &format!("petitions {}", query.start_seq)).await {
        Ok(lose) => lose,
        Err(response) => return response,
    };
    let Ok(state) = platform.state.lock() else { return answer("9001", "系统繁忙", &Json::Null) };
    let from = usize::try_from(query.start_seq).unwrap_or(usize::MAX).min(state.filings.len());
    let to = (from + query.page_size.min(MAX_PAGE)).min(state.filings.len());
    let list = state.filings[from..to].iter().map(petition).collect::<Vec<_>>();
    finish(page(&list, to as u64, to < state.filings.len()), lose)
}

#[derive(Deserialize)]
struct DetailQuery {
    xfjbh: String,
}

async fn detail(platform: web::Data<Provincial>, request: HttpRequest, query: web::Query<DetailQuery>) -> HttpResponse {
    let lose = match platform.admit(&request, &[], &format!("detail {}", query.xfjbh)).await {
        Ok(lose) => lose,
        Err(response) => return response,
    };
    let Ok(state) = platform.state.lock() else { return answer("9001", "系统繁忙", &Json::Null) };
    match state.filings.iter().find(|filing| filing.source_id == query.xfjbh) {
        Some(filing) => finish(answer("0000", "成功", &petition(filing)), lose),
        None => answer("1404", "信访件不存在", &Json::Null),
    }
}

fn day_of(filing: &Filing) -> String {
    beijing(filing.submitted_at.to_utc()).format("%Y-%m-%d").to_string()
}

#[derive(Deserialize)]
struct DaysQuery {
    qsrq: String,
    jzrq: String,
}

/// 对账：每日件数和编号摘要。
async fn ledger_days(platform: web::Data<Provincial>, request: HttpRequest, query: web::Query<DaysQuery>) -> HttpResponse {
    let lose = match platform.admit(&request, &[], &format!("ledger {}", query.qsrq)).await {
        Ok(lose) => lose,
        Err(response) => return response,
    };
    let Ok(state) = platform.state.lock() else { return answer("9001", "系统繁忙", &Json::Null) };
    let mut days: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for filing in &state.filings {
        days.entry(day_of(filing)).or_default().push(&filing.source_id);
    }
    let within = days.range(query.qsrq.clone()..=query.jzrq.clone());
    let list: Vec<Json> = within
        .map(|(day, numbers)| {
            let mut numbers = numbers.clone();
            numbers.sort_unstable();
            let lines: String = numbers.iter().map(|number| format!("{number}\n")).collect();
            json!({"rq": day, "sl": numbers.len().to_string(), "zy": hex(&Sha256::digest(lines.as_bytes()))})
        })
        .collect();
    finish(answer("0000", "成功", &json!({"list": list})), lose)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NumbersQuery {
    rq: String,
    page_no: usize,
}

async fn ledger_numbers(platform: web::Data<Provincial>, request: HttpRequest, query: web::Query<NumbersQuery>) -> HttpResponse {
    let lose = match platform.admit(&request, &[], &format!("numbers {} {}", query.rq, query.page_no)).await {
        Ok(lose) => lose,
        Err(response) => return response,
    };
    let Ok(state) = platform.state.lock() else { return answer("9001", "系统繁忙", &Json::Null) };
    let numbers: Vec<&str> =
        state.filings.iter().filter(|filing| day_of(filing) == query.rq).map(|filing| filing.source_id.as_str()).collect();
    let page = numbers.chunks(MAX_PAGE).nth(query.page_no).unwrap_or_default();
    let more = if numbers.len() > (query.page_no + 1) * MAX_PAGE { "1" } else { "0" };
    finish(answer("0000", "成功", &json!({"list": page, "hasMore": more})), lose)
}

async fn progress(platform: web::Data<Provincial>, request: HttpRequest, query: web::Query<PageQuery>) -> HttpResponse {
    let lose = match platform.admit(&request, &[], &format!("progress {}", query.start_seq)).await {
        Ok(lose) => lose,
        Err(response) => return response,
    };
    let Ok(mut state) = platform.state.lock() else { return answer("9001", "系统繁忙", &Json::Null) };
    state.desk.advance(&platform.behaviour, platform.shared.now());
    let entries = state.desk.after(query.start_seq);
    let shown = &entries[..entries.len().min(query.page_size.min(MAX_PAGE))];
    let next = shown.last().map_or(query.start_seq, |entry| entry.sequence);
    let list = shown.iter().filter_map(|entry| Some(progress_entry(entry, state.desk.forward(&entry.receipt)?))).collect::<Vec<_>>();
    finish(page(&list, next, shown.len() < entries.len()), lose)
}

fn progress_entry(entry: &Progress, forward: &Forward) -> Json {
    let mut json = json!({
        "jdxh": entry.sequence,
        "slbh": entry.receipt,
        "lyjbh": forward.case,
        "blzt": status_code(entry.step),
        "blsj": entry.at.format(TIME).to_string(),
        "bldwmc": forward.organization.as_deref().unwrap_or_default(),
        "dfyj": "",
        "dfsj": "",
        "yysm": "",
    });
    match entry.step {
        Step::Answer => {
            json["dfyj"] = json!(handling::reply(forward));
            json["dfsj"] = json["blsj"].clone();
        }
        Step::Refuse => json["yysm"] = json!("该诉求依法应当通过诉讼、仲裁、行政复议等途径解决，不属于信访受理范围。"),
        Step::Extend => json["yysm"] = json!("情况复杂，经负责人批准延长办理期限三十日。"),
        Step::Accept | Step::Work => {}
    }
    json
}

const fn status_code(step: Step) -> &'static str {
    match step {
        Step::Accept => "20",
        Step::Refuse => "21",
        Step::Work => "30",
        Step::Extend => "31",
        Step::Answer => "40",
    }
}

async fn receive(platform: web::Data<Provincial>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let document: Json = serde_json::from_slice(&body).unwrap_or_default();
    let text = |pointer: &str| document.pointer(pointer).and_then(Json::as_str).unwrap_or_default().to_owned();
    let delivery = text("/bwbh");
    let lose = match platform.admit(&request, &body, &format!("forward {delivery}")).await {
        Ok(lose) => lose,
        Err(response) => return response,
    };
    for required in ["/bwbh", "/lyjbh", "/xfj/xfbt", "/xfj/xfnr", "/xfj/djsj", "/xfj/xfmd"] {
        if text(required).is_empty() {
            return answer("1101", &format!("必填项为空：{required}"), &Json::Null);
        }
    }
    let Ok(mut state) = platform.state.lock() else { return answer("9001", "系统繁忙", &Json::Null) };
    let now = platform.shared.now();
    let forward = Forward {
        receipt: format!(
            "ZB{}{}",
            beijing(now).format("%Y%m%d%H%M%S"),
            &hex(blake3::hash(delivery.as_bytes()).as_bytes())[..8].to_uppercase()
        ),
        delivery,
        case: text("/lyjbh"),
        organization: Some(text("/zrdwmc")).filter(|name| !name.is_empty()),
        subject: text("/xfj/xfbt"),
        times: 0,
        status: String::new(),
    };
    let response = match state.desk.take(forward, &platform.behaviour, now) {
        Taken::New(receipt) => answer("0000", "成功", &json!({"slbh": receipt, "slsj": beijing(now).format(TIME).to_string()})),
        Taken::Again(receipt) => answer("1009", "报文重复，以首次结果为准", &json!({"slbh": receipt})),
    };
    finish(response, lose)
}

async fn notice(platform: web::Data<Provincial>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let document: Json = serde_json::from_slice(&body).unwrap_or_default();
    let text = |name: &str| document.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    let delivery = text("bwbh");
    let lose = match platform.admit(&request, &body, &format!("notice {delivery}")).await {
        Ok(lose) => lose,
        Err(response) => return response,
    };
    let kind = match text("tzlx").as_str() {
        "01" => NoticeKind::Registered,
        "02" => NoticeKind::Duplicate,
        "03" => NoticeKind::Status,
        "04" => NoticeKind::Reply,
        _ => return answer("1101", "通知类型不正确", &Json::Null),
    };
    let Ok(mut state) = platform.state.lock() else { return answer("9001", "系统繁忙", &Json::Null) };
    if !state.filings.iter().any(|filing| filing.source_id == text("xfjbh")) {
        return answer("1404", "信访件不存在", &Json::Null);
    }
    let words = [text("dfyj"), text("tzsm")].into_iter().find(|text| !text.is_empty());
    let notice = Notice {
        delivery: Some(delivery.clone()),
        kind,
        about: text("xfjbh"),
        case: text("lyjbh"),
        status: Some(text("blzt")),
        text: words,
        times: 1,
    };
    let new = state.notices.enter(delivery, notice);
    finish(if new { answer("0000", "成功", &json!({})) } else { answer("1009", "报文重复，以首次结果为准", &json!({})) }, lose)
}

async fn withdraw(platform: web::Data<Provincial>, request: HttpRequest, body: Bytes) -> HttpResponse {
    about_forward(&platform, &request, &body, NoticeKind::Withdrawn, "chsm").await
}

async fn supplement(platform: web::Data<Provincial>, request: HttpRequest, body: Bytes) -> HttpResponse {
    about_forward(&platform, &request, &body, NoticeKind::Revised, "bzsm").await
}

/// Something about a case that was forwarded before; what it says stands in the member `words`.
async fn about_forward(platform: &Provincial, request: &HttpRequest, body: &Bytes, kind: NoticeKind, words: &str) -> HttpResponse {
    let document: Json = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| document.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    let delivery = text("bwbh");
    let lose = match platform.admit(request, body, &format!("{kind:?} {delivery}")).await {
        Ok(lose) => lose,
        Err(response) => return response,
    };
    let Ok(mut state) = platform.state.lock() else { return answer("9001", "系统繁忙", &Json::Null) };
    let notice = Notice {
        delivery: Some(delivery.clone()),
        kind,
        about: String::new(),
        case: text("lyjbh"),
        status: None,
        text: Some(text(words)),
        times: 1,
    };
    let new = state.notices.enter(delivery, notice);
    finish(if new { answer("0000", "成功", &json!({})) } else { answer("1009", "报文重复，以首次结果为准", &json!({})) }, lose)
}

/// A filing as the system writes it.
fn petition(filing: &Filing) -> Json {
    let first = filing.persons.first();
    let text = |value: Option<&String>| value.cloned().unwrap_or_default();
    json!({
        "xfjbh": filing.source_id,
        "xfxs": match filing.channel {
            Channel::Letter => "1",
            Channel::Visit => "2",
            Channel::Web => "3",
            Channel::Phone => "4",
            Channel::Email => "5",
            Channel::Wechat => "6",
            Channel::MobileApp => "7",
            Channel::Other => "9",
        },
        "xfmd": match filing.kind {
            Kind::Request => "01",
            Kind::Suggestion => "02",
            Kind::Accusation => "03",
        },
        "djsj": filing.submitted_at.format(TIME).to_string(),
        "sfnm": if first.is_none() { "1" } else { "0" },
        "xfrs": filing.persons.len().max(1).to_string(),
        "sfdm": role_code(first),
        "xfrxm": first.map(|p| p.name.clone()).unwrap_or_default(),
        "zjlx": "111",
        "zjhm": text(first.and_then(|p| p.id_number.as_ref())),
        "lxdh": text(first.and_then(|p| p.phone.as_ref())),
        "txdz": text(first.and_then(|p| p.address.as_ref())),
        "lmrlb": filing.persons.iter().skip(1).map(|p| json!({
            "xm": p.name, "sfdm": role_code(Some(p)), "zjlx": "111", "zjhm": text(p.id_number.as_ref()), "lxdh": text(p.phone.as_ref()),
        })).collect::<Vec<_>>(),
        "xfbt": filing.subject,
        "xfnr": filing.content,
        "wtsdqh": filing.division,
        "wtsddz": filing.place,
        "nrfl": categories::provincial_code(&filing.category),
        "bfydw": text(filing.respondent.as_ref()),
    })
}

fn role_code(person: Option<&Person>) -> &'static str {
    match person.map(|p| p.role) {
        Some(PetitionerRole::CoSigner) => "2",
        Some(PetitionerRole::Representative) => "3",
        _ => "1",
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
