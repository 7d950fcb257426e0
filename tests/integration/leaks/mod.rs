//! What people told us is nowhere it must not be: filed in every way, refused in every way, sent on, answered and asked about, it is in no
//! log line, metric, leaf, refusal, address, event of the feed or exported table, and not in the database in clear.

mod marks;
mod stage;

use chrono::Utc;
use onecase::domain::platform::Scope;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{gateway::eventually, http::Answer, stores::on_both_stores};
use marks::{ACCOUNT, ADDRESS, COMMENT, CONTENT, EXTENSION, FILE, ID_NUMBER, MISTYPED, NAME, PHONE, PLACE, REASON, REPLY, SUBJECT, filing};
use stage::{Stage, log};

on_both_stores! {
    async fn no_personal_data_leaks(store: TestStore) {
        let log = log();
        let stage = Stage::start(store).await;
        let mut seen = Vec::new();
        file_in_every_way(&stage, &mut seen).await;
        refuse_in_every_way(&stage, &mut seen).await;
        follow(&stage, &mut seen).await;
        let feed = stage.feed().await;
        assert!(feed.contains("onecase.case.replied"), "the cases were driven through");
        seen.extend(marks::found("the change feed", feed.as_bytes()));
        seen.extend(marks::found("the metrics", stage.metrics().await.as_bytes()));
        seen.extend(marks::found("the audit log", stage.audit().await.as_bytes()));
        seen.extend(marks::found("an export", stage.exports().await.as_bytes()));
        seen.extend(marks::found("an address asked for", stage.targets().as_bytes()));
        seen.extend(marks::found("what endpoints are told", stage.told().as_bytes()));
        let said = stage.sent();
        assert!(!marks::found("", said.as_bytes()).is_empty(), "the bodies concerned are told everything");
        let stopped = stage.stop().await;
        for (place, bytes) in stopped.database() {
            seen.extend(marks::found(&place, &bytes));
        }
        let log = log.lock().unwrap().clone();
        assert!(log.len() > 100_000, "everything is logged: {} bytes", log.len());
        seen.extend(marks::found("the log", &log));
        assert!(seen.is_empty(), "{} leaks:\n{}", seen.len(), seen.join("\n"));
    }
}

/// An answer that is a refusal tells nothing of what was sent.
fn refusal(answer: &Answer, what: &str, seen: &mut Vec<String>) {
    assert!(answer.status.as_u16() >= 400, "{what}: {} {}", answer.status, answer.text);
    seen.extend(marks::found(what, answer.text.as_bytes()));
    seen.extend(marks::found(what, format!("{:?}", answer.headers).as_bytes()));
}

async fn file_in_every_way(stage: &Stage, seen: &mut Vec<String>) {
    let key = stage.server.platform_key("mobile");
    let filed = stage.server.file(&key, &filing("API-1")).await;
    seen.extend(marks::found("an address given out", filed["id"].as_str().unwrap().as_bytes()));
    let lines: Vec<String> = ["N-1", "N-2"].iter().map(|id| filing(id).to_string()).collect();
    let batch =
        stage.server.request(Method::POST, "/v1/submissions/batch").bearer_auth(&key).header("Content-Type", "application/x-ndjson");
    let answer =
        Answer::of(batch.body(format!("{}\n{}\n", lines.join("\n"), filing("N-3").to_string().replace(ID_NUMBER, MISTYPED)))).await;
    answer.assert_status(200);
    seen.extend(marks::found("a batch's result", answer.text.as_bytes()));
    let form = [
        ("api_key", key.as_str()),
        ("service_code", "request"),
        ("description", CONTENT),
        ("first_name", NAME),
        ("phone", PHONE),
        ("address_string", ADDRESS),
    ];
    let open311 = Answer::of(stage.server.request(Method::POST, "/open311/v2/requests.json").form(&form)).await;
    open311.assert_status(201);
    let blind = Answer::of(stage.server.request(Method::POST, "/v1/submissions/blind").bearer_auth(&key).json(&stage.blind("B-1"))).await;
    blind.assert_status(202);
    stage
        .wechat(&format!(
            "标题：{SUBJECT}\n内容：{CONTENT}\n姓名：{NAME}\n身份证号：{ID_NUMBER}\n手机号：{PHONE}\n所在地区：湖南省长沙市芙蓉区"
        ))
        .await;
    stage.drop_file(FILE).await;
    stage.pulled().await;
}

async fn refuse_in_every_way(stage: &Stage, seen: &mut Vec<String>) {
    let key = stage.server.platform_key("mobile");
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut filing = filing("API-2");
        change(&mut filing);
        filing.to_string()
    };
    let bodies = [
        (
            "another body",
            changed(&|f| {
                f["source_id"] = json!("API-1");
                f["content"] = json!(NAME);
            }),
        ),
        ("a mistyped number", changed(&|f| f["petitioners"][0]["id_document"]["number"] = json!(MISTYPED))),
        ("an unknown value", changed(&|f| f["channel"] = json!(NAME))),
        ("a wrong type", changed(&|f| f["people_count"] = json!(NAME))),
        ("an unknown division", changed(&|f| f["division"] = json!(PHONE))),
        ("a time that is none", changed(&|f| f["submitted_at"] = json!(SUBJECT))),
        ("too long", changed(&|f| f["petitioners"][0]["phone"] = json!(PHONE.repeat(9)))),
        (
            "an address that is none",
            changed(&|f| f["attachments"] = json!([{ "name": NAME, "media_type": "a/b", "sha256": ID_NUMBER, "url": ADDRESS }])),
        ),
        ("a blank category", changed(&|f| f["category"] = json!(format!("{NAME}//")))),
        ("not JSON", changed(&|_| ()).replace(':', "=")),
        ("cut", changed(&|_| ())[..300].to_owned()),
        ("twice the same member", changed(&|_| ()).replacen("\"phone\"", "\"name\"", 1)),
        ("an unknown member", changed(&|f| f["more"] = json!(EXTENSION))),
    ];
    for (what, body) in bodies {
        let request = stage.server.request(Method::POST, "/v1/submissions").bearer_auth(&key).header("Content-Type", "application/json");
        refusal(&Answer::of(request.body(body)).await, what, seen);
    }
    let repeated =
        |body: Value| stage.server.request(Method::POST, "/v1/submissions").bearer_auth(&key).header("Idempotency-Key", "k-1").json(&body);
    Answer::of(repeated(filing("API-3"))).await.assert_status(202);
    refusal(&Answer::of(repeated(filing("API-4"))).await, "a key used again", seen);
    // Whoever puts it into an address has it in his own log; it is not in ours, and our refusals do not repeat it.
    for path in ["/v1/cases?status=", "/v1/submissions?received_from=", "/v1/cases?nobody=", "/v1/cases?cursor="] {
        let key = stage.server.monitor_key();
        let answer = Answer::of(stage.server.request(Method::GET, &format!("{path}{NAME}")).bearer_auth(&key)).await;
        if answer.status.as_u16() >= 400 {
            refusal(&answer, path, seen);
        }
    }
    refusal(&stage.forged_wechat(CONTENT).await, "a forged callback", seen);
    let invalid = json!({ "update_id": "u", "reference": { "case": NAME }, "status": REPLY, "occurred_at": REASON, "reason": REASON });
    refusal(&stage.server.post("/v1/updates", &stage.server.platform_key("hunan"), &invalid).await, "a report", seen);
    refusal(&stage.server.get("/v1/cases", NAME_AS_KEY).await, "a key that is none", seen);
}

/// Nothing that is sent as a key is told or logged either.
const NAME_AS_KEY: &str = PHONE;

async fn follow(stage: &Stage, seen: &mut Vec<String>) {
    let (monitor, mobile, hunan) = (stage.server.monitor_key(), stage.server.platform_key("mobile"), stage.server.platform_key("hunan"));
    let id = eventually("filed", async || {
        let listed = stage.server.get("/v1/submissions?platform=mobile&source_id=API-1", &monitor).await;
        listed.body["items"][0]["case"]["id"].as_str().map(str::to_owned)
    })
    .await;
    let update = |number: u32, status: &str, more: Value| {
        let mut update =
            json!({ "update_id": format!("u-{number}"), "reference": { "case": id }, "status": status, "occurred_at": Utc::now() });
        update.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        update
    };
    let path = format!("/v1/cases/{id}/updates");
    let reply = json!({ "reply": { "content": REPLY, "replied_at": Utc::now() } });
    for body in [update(1, "accepted", json!({})), update(2, "in_progress", json!({ "reason": REASON })), update(3, "answered", reply)] {
        stage.server.post(&path, &hunan, &body).await.assert_status(200);
    }
    let rating = json!({ "rating_id": "r-1", "satisfaction": "satisfied", "comment": COMMENT, "rated_at": Utc::now() });
    stage.server.post(&format!("/v1/cases/{id}/ratings"), &mobile, &rating).await.assert_status(200);
    stage.server.gateway.look(&id, "审核员甲", REASON).await.unwrap();
    let admin = stage.server.key(None, &[Scope::Administer]);
    let filed = stage.server.get("/v1/submissions?platform=mobile&source_id=N-2", &monitor).await;
    let erased = filed.body["items"][0]["id"].as_str().unwrap().to_owned();
    stage.server.post(&format!("/v1/submissions/{erased}/erasure"), &admin, &json!({ "reason": REASON })).await.assert_status(200);
    // Pages cover what they show; a page of the bureau is opened with a key.
    for page in ["/", "/cases", &format!("/cases/{id}"), "/duplicates", "/reviews", "/platforms/plain", "/platforms/letters", "/deliveries"]
    {
        let answer = Answer::of(stage.server.request(Method::GET, page).bearer_auth(&monitor)).await;
        answer.assert_status(200);
        for mark in [NAME, ID_NUMBER, PHONE, ACCOUNT, PLACE, FILE] {
            if answer.text.contains(mark) {
                seen.push(format!("the page {page} shows {mark}"));
            }
        }
    }
    stage.sent_everything().await;
}
