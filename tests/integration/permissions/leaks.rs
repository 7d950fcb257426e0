//! Two provinces: neither sees, counts, exports or follows what is the other's, whatever it asks.

use std::{collections::BTreeSet, time::Duration};

use futures_util::StreamExt;
use onecase::{
    api::openapi,
    app::query::{CaseFilter, ChangeFilter, MatterFilter, Page},
    domain::access::Role,
};
use reqwest::Method;
use serde_json::{Value, json};

use super::{matrix::values, role_key};
use crate::support::{
    gateway::{LI, WANG, eventually, file, noise, noise_reworded, view, wages},
    http::{Answer, TestServer},
    stores::on_both_stores,
};

/// A district of Guangzhou.
const ELSEWHERE: &str = "440103";

fn elsewhere(mut filing: Value) -> Value {
    filing["division"] = json!(ELSEWHERE);
    filing["location"] = json!({ "type": "Point", "coordinates": [113.24, 23.12] });
    filing
}

/// What may never be said to whom: names of things of the other province.
struct Foreign {
    cases: Vec<String>,
    submissions: Vec<String>,
    /// Matters with a case there; a case of Hunan that founded one is named by it too.
    matters: Vec<String>,
    /// Everything else, also source numbers and events.
    names: BTreeSet<String>,
}

/// Files in Hunan and in Guangdong; what is Guangdong's.
async fn filed(test: &TestServer) -> Foreign {
    file(&test.gateway, "hunan", noise("HN-1", WANG)).await;
    file(&test.gateway, "mobile", noise_reworded("HN-2", WANG)).await;
    let mut submissions = Vec::new();
    for (platform, filing) in [
        ("other", noise("GD-1", LI)),
        ("mobile", noise_reworded("GD-2", LI)),
        ("other", wages("GD-3", LI)),
        ("other", wages("GD-4", ("赵六", "420106199003070015"))),
    ] {
        submissions.push(file(&test.gateway, platform, elsewhere(filing)).await.id);
    }
    eventually("linked", async || view(&test.gateway, submissions.last().unwrap()).await.case).await;
    let all = Page { limit: 200, after: None };
    let theirs = CaseFilter { division: Some("440000".to_owned()), ..CaseFilter::default() };
    let cases: Vec<String> = test.gateway.cases(theirs, all.clone()).await.unwrap().items.into_iter().map(|case| case.id).collect();
    let matters = test.gateway.matters(MatterFilter::default(), all).await.unwrap().items;
    let events = ChangeFilter { division: Some("440000".to_owned()), ..ChangeFilter::default() };
    let events = test.gateway.changes(&events, 0, 200).await.unwrap().items;
    assert!(cases.len() >= 2 && !matters.is_empty() && events.len() >= 4, "{} {} {}", cases.len(), matters.len(), events.len());
    let mut names: BTreeSet<String> = cases.iter().chain(&submissions).cloned().collect();
    names.extend(["GD-1", "GD-2", "GD-3", "GD-4"].map(str::to_owned));
    names.extend(events.into_iter().map(|event| event.id));
    Foreign { cases, submissions, matters: matters.into_iter().map(|matter| matter.id).collect(), names }
}

/// The answer without what differs from request to request.
fn told(answer: &Answer) -> Value {
    let mut body = answer.body.clone();
    if let Some(members) = body.as_object_mut() {
        members.remove("instance");
        members.remove("trace_id");
    }
    json!([answer.status.as_u16(), body])
}

fn assert_silent(text: &str, foreign: &Foreign, what: &str) {
    for name in &foreign.names {
        assert!(!text.contains(name.as_str()), "{what} tells of {name}: {text}");
    }
}

/// Asks for every list and every thing that can be named.
async fn ask_everything(test: &TestServer, key: &str, foreign: &Foreign) {
    for (path, item) in openapi::document()["paths"].as_object().unwrap() {
        let Some(operation) = item.get("get").filter(|operation| operation["security"] != json!([{}])) else { continue };
        let id = operation["operationId"].as_str().unwrap();
        if !path.contains('{') {
            let answer = test.get(&format!("{path}{}", required(id)), key).await;
            assert!(matches!(answer.status.as_u16(), 200 | 403), "{id}: {}", answer.text);
            assert_silent(&answer.text, foreign, id);
            if id == "listMatters" && answer.status == 200 {
                assert_eq!(answer.body["items"], json!([]), "every matter here has a case elsewhere");
            }
            continue;
        }
        let begins = path.find('{').unwrap();
        let ends = path.find('}').unwrap();
        let at = |name: &str| format!("{}{name}{}{}", &path[..begins], &path[ends + 1..], required(id));
        let nothing = told(&test.get(&at("nothing"), key).await);
        for name in foreign.names.iter().chain(&foreign.matters) {
            let answer = test.get(&at(name), key).await;
            assert_eq!(told(&answer), nothing, "{id} tells {name} from nothing");
        }
    }
}

/// Parameters without which an operation refuses to answer.
fn required(operation: &str) -> &'static str {
    match operation {
        "getInclusionProof" => "?index=0",
        "getConsistencyProof" => "?from=1",
        _ => "",
    }
}

/// Acts on what is another's; nothing may come of it.
async fn act_on_everything(test: &TestServer, key: &str, foreign: &Foreign) {
    let case = foreign.cases.first().unwrap();
    let other = foreign.cases.last().unwrap();
    let orders = |id: &str| {
        [
            ("merge", json!({ "from": other, "reason": "x" }), id.to_owned()),
            ("keep-apart", json!({ "case": other, "reason": "x" }), id.to_owned()),
            ("release", json!({ "case": other, "reason": "x" }), id.to_owned()),
            ("split", json!({ "submissions": [foreign.submissions[1]], "reason": "x" }), id.to_owned()),
            ("objection", json!({ "agree": false, "reason": "x" }), id.to_owned()),
        ]
    };
    let nothing = orders("nothing");
    for ((order, body, id), (_, _, missing)) in orders(case).into_iter().zip(nothing) {
        let ask = async |id: &str| {
            let request = test.request(Method::POST, &format!("/v1/cases/{id}/{order}")).bearer_auth(key).header("If-Match", "\"1\"");
            told(&Answer::of(request.json(&body)).await)
        };
        let answer = ask(&id).await;
        assert_eq!(answer, ask(&missing).await, "{order}");
        assert_eq!(answer[0], 404, "{order}: {answer}");
    }
}

async fn stream(test: &TestServer, key: &str) -> String {
    let request = test.request(Method::GET, "/v1/changes?start=earliest").bearer_auth(key);
    let response = request.header("Accept", "text/event-stream").send().await.unwrap();
    assert_eq!(response.status(), 200);
    let (mut chunks, mut text) = (response.bytes_stream(), String::new());
    while !(text.contains("data: ") && text.ends_with("\n\n")) {
        let chunk = tokio::time::timeout(Duration::from_secs(30), chunks.next()).await.expect("something comes");
        text.push_str(std::str::from_utf8(&chunk.unwrap().unwrap()).unwrap());
    }
    text
}

on_both_stores! {
    async fn a_province_never_sees_what_is_anothers(store: TestStore) {
        let test = TestServer::start(store).await;
        let foreign = filed(&test).await;
        for role in [Role::Monitor, Role::Reviewer, Role::Auditor] {
            ask_everything(&test, &role_key(&test, role, true), &foreign).await;
        }
        ask_everything(&test, &test.platform_key("hunan"), &foreign).await;
        act_on_everything(&test, &role_key(&test, Role::Reviewer, true), &foreign).await;

        let monitor = role_key(&test, Role::Monitor, true);
        assert_silent(&stream(&test, &monitor).await, &foreign, "the stream");
        for format in ["csv", "ndjson"] {
            for list in ["cases", "duplicates", "deadlines", "indicators"] {
                let answer = test.get(&format!("/v1/{list}/export?format={format}"), &monitor).await;
                assert_silent(&answer.assert_status(200).text, &foreign, list);
            }
        }
        test.stop().await;
    }

    async fn what_is_counted_and_continued_is_ones_own(store: TestStore) {
        let test = TestServer::start(store).await;
        let foreign = filed(&test).await;
        let (monitor, everything) = (role_key(&test, Role::Monitor, true), test.monitor_key());
        // Their division, by name: refused the same whatever is there.
        for query in [
            "cases?division=440000", "duplicates?division=440103", "duplicates/counts?division=440103", "deadlines?division=440000",
            "indicators?area=440000", "matters?division=440000", "changes?division=440000", "trends?area=440000", "warnings?area=440000",
            "supervisions?division=440000", "referral-conflicts?division=440000", "reports/2026?area=440000",
        ] {
            test.get(&format!("/v1/{query}"), &monitor).await.assert_problem("forbidden");
        }
        test.get("/ogc/collections/cases/items?division=440000", &monitor).await.assert_problem("forbidden");
        // Figures.
        let counts = test.get("/v1/duplicates/counts", &monitor).await.body;
        let all = test.get("/v1/duplicates/counts", &everything).await.body;
        assert!(counts["total"].as_u64() < all["total"].as_u64(), "{counts} {all}");
        let lines = test.get("/v1/duplicates?limit=200", &monitor).await.body["items"].as_array().unwrap().len();
        assert_eq!(counts["total"].as_u64(), Some(lines as u64));
        // A position in the whole list leads on in one's own.
        for list in ["cases", "submissions", "duplicates", "changes"] {
            let page = test.get(&format!("/v1/{list}?limit=1"), &everything).await.body;
            let cursor = page["next_cursor"].as_str().expect("there is more");
            let on = test.get(&format!("/v1/{list}?limit=200&cursor={cursor}"), &monitor).await;
            assert_silent(&on.assert_status(200).text, &foreign, list);
        }
        // One's own is there.
        let own = test.get("/v1/submissions", &monitor).await.body;
        let mut found = Vec::new();
        values(&own, "source_id", &mut found);
        found.sort_unstable();
        assert_eq!(found, ["HN-1", "HN-2"]);
        test.stop().await;
    }
}
