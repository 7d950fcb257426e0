//! The change feed: nothing is missed, nothing of others is seen, nothing personal is said.

use futures_util::StreamExt;
use onecase::domain::platform::Scope;
use reqwest::Method;
use serde_json::{Value, json};

use super::{filing, reworded, unrelated};
use crate::support::{
    http::{Answer, TestServer},
    stores::{TestStore, on_both_stores},
};

/// Every page from the beginning; the events and the cursor behind them.
async fn read_all(test: &TestServer, key: &str, filter: &str) -> (Vec<Value>, String) {
    let (mut events, mut cursor) = (Vec::new(), String::new());
    loop {
        let at = if cursor.is_empty() { String::new() } else { format!("&cursor={cursor}") };
        let page = test.get(&format!("/v1/changes?limit=2{filter}{at}"), key).await;
        page.assert_status(200);
        cursor = page.body["next_cursor"].as_str().unwrap().to_owned();
        match page.body["items"].as_array().unwrap() {
            none if none.is_empty() => return (events, cursor),
            items => events.extend(items.clone()),
        }
    }
}

fn types(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

async fn answer(test: &TestServer, key: &str, case: &Value) -> Answer {
    let update = json!({
        "update_id": "U-1", "reference": { "case": case }, "status": "answered", "occurred_at": "2026-03-20T16:00:00+08:00",
        "reply": { "content": "王小明同志：经核查已清理。", "organization": "芙蓉区住建局", "replied_at": "2026-03-20T16:00:00+08:00" }
    });
    test.post("/v1/updates", key, &update).await
}

on_both_stores! {
    async fn the_feed_is_whole_in_order_and_scoped(store: TestStore) {
        let test = TestServer::start(store).await;
        let (hunan, mobile, other) = (test.platform_key("hunan"), test.platform_key("mobile"), test.platform_key("other"));
        let monitor = test.monitor_key();
        let first = test.file(&mobile, &filing("M-1")).await;
        test.file(&other, &reworded("O-1")).await;
        test.file(&mobile, &unrelated("M-2")).await;
        answer(&test, &hunan, &first["case"]["id"]).await.assert_status(200);

        let (all, _) = read_all(&test, &monitor, "").await;
        let case = first["case"]["id"].as_str().unwrap();
        let of_case: Vec<Value> = all.iter().filter(|event| event["subject"] == case).cloned().collect();
        assert_eq!(
            types(&of_case),
            ["onecase.case.registered", "onecase.case.routed", "onecase.submission.linked", "onecase.case.status_changed", "onecase.case.replied"]
        );
        assert!(!format!("{all:?}").contains("王小明"), "what people wrote is fetched, not told");
        assert_eq!(of_case[0]["data"]["href"], format!("/v1/cases/{case}"));
        // A source sees its own case and not the other one; the handler sees what it was given.
        assert_eq!(read_all(&test, &other, "").await.0, of_case);
        assert!(read_all(&test, &mobile, "").await.0.len() > of_case.len());
        let replied = read_all(&test, &monitor, "&type=onecase.case.replied,onecase.case.split").await.0;
        assert_eq!(types(&replied), ["onecase.case.replied"]);
        assert_eq!(read_all(&test, &monitor, &format!("&case={case}")).await.0, of_case);
        assert_eq!(read_all(&test, &monitor, "&division=430100").await.0, all);
        assert!(read_all(&test, &monitor, "&division=440000").await.0.is_empty());
        assert_eq!(read_all(&test, &monitor, "&since=2020-01-01T00:00:00Z").await.0, all);
        assert!(read_all(&test, &monitor, "&since=2099-01-01T00:00:00Z").await.0.is_empty());

        let id = of_case[0]["id"].as_str().unwrap();
        let one = test.get(&format!("/v1/changes/{id}"), &other).await;
        assert_eq!((one.body.clone(), one.header("content-type")), (of_case[0].clone(), "application/cloudevents+json"));
        let hidden = all.iter().find(|event| event["subject"] != case).unwrap()["id"].as_str().unwrap();
        test.get(&format!("/v1/changes/{hidden}"), &other).await.assert_problem("not_found");
        test.stop().await;
    }

    async fn a_reader_waits_for_what_comes_next(store: TestStore) {
        let test = TestServer::start(store).await;
        let (mobile, monitor) = (test.platform_key("mobile"), test.monitor_key());
        let end = test.get("/v1/changes?start=latest", &monitor).await.body["next_cursor"].as_str().unwrap().to_owned();
        let path = format!("/v1/changes?wait=30&cursor={end}");
        let new = filing("M-1");
        let (page, filed) = tokio::join!(test.get(&path, &monitor), test.file(&mobile, &new));
        assert_eq!(page.body["items"][0]["subject"], filed["case"]["id"]);
        let batch = Answer::of(
            test.request(Method::GET, "/v1/changes").bearer_auth(&monitor).header("Accept", "application/cloudevents-batch+json"),
        )
        .await;
        assert_eq!(batch.header("content-type"), "application/cloudevents-batch+json");
        assert!(batch.header("link").contains("rel=\"next\"") && batch.body.as_array().unwrap().len() >= 2);
        test.stop().await;
    }

    async fn what_no_store_can_hold_is_not_asked_for(store: TestStore) {
        let test = TestServer::start(store).await;
        let monitor = test.monitor_key();
        for (path, code) in [
            ("/v1/changes?case=%00", "invalid_query"),
            ("/v1/cases?category=a%00b", "invalid_query"),
            ("/v1/submissions?source_id=%ff", "invalid_query"),
            ("/v1/cases/%00", "not_found"),
            ("/v1/changes/%E5%BC", "not_found"),
            ("/v1/webhooks/%00", "not_found"),
        ] {
            test.get(path, &monitor).await.assert_problem(code);
        }
        test.stop().await;
    }

    async fn a_stream_goes_on_where_it_broke_off(store: TestStore) {
        let test = TestServer::start(store).await;
        let (mobile, monitor) = (test.platform_key("mobile"), test.monitor_key());
        test.file(&mobile, &filing("M-1")).await;
        let before = read_all(&test, &monitor, "").await.0.len();
        let (events, last) = stream(&test, &monitor, None, before).await;
        assert_eq!(events.len(), before);
        let new = unrelated("M-2");
        let (more, second) = tokio::join!(stream(&test, &monitor, Some(&last), 1), test.file(&mobile, &new));
        assert_eq!(more.0[0]["subject"], second["case"]["id"], "the first one after the last one seen");
        test.stop().await;
    }
}

/// Reads a stream until so many events have come; also the last id.
async fn stream(test: &TestServer, key: &str, after: Option<&str>, wanted: usize) -> (Vec<Value>, String) {
    let mut request = test.request(Method::GET, "/v1/changes").bearer_auth(key).header("Accept", "text/event-stream");
    if let Some(after) = after {
        request = request.header("Last-Event-ID", after);
    }
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let (mut chunks, mut text) = (response.bytes_stream(), String::new());
    loop {
        let found = |name: &str| text.lines().filter_map(|line| line.strip_prefix(name).map(str::to_owned)).collect::<Vec<_>>();
        let (events, ids) = (found("data: "), found("id: "));
        if events.len() >= wanted && !ids.is_empty() && text.ends_with("\n\n") {
            return (events.iter().map(|event| serde_json::from_str(event).unwrap()).collect(), ids.last().unwrap().clone());
        }
        text.push_str(std::str::from_utf8(&chunks.next().await.expect("the stream goes on").unwrap()).unwrap());
    }
}

#[actix_web::test]
async fn what_cannot_be_asked_is_refused() {
    let test = TestServer::start(TestStore::sqlite()).await;
    let monitor = test.monitor_key();
    for (query, code) in [
        ("type=case.replied", "invalid_query"),
        ("wait=31", "invalid_query"),
        ("limit=0", "invalid_query"),
        ("division=1", "invalid_query"),
        ("start=middle", "invalid_query"),
        ("cursor=AAAA", "invalid_cursor"),
    ] {
        test.get(&format!("/v1/changes?{query}"), &monitor).await.assert_problem(code);
    }
    let request = test.request(Method::GET, "/v1/changes").bearer_auth(&monitor).header("Accept", "application/xml");
    Answer::of(request).await.assert_problem("not_acceptable");
    let bureau = test.key(None, &[Scope::Submit]);
    test.get("/v1/changes", &bureau).await.assert_problem("platform_key_required");
    test.stop().await;
}
