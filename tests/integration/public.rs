//! Progress without a key: what a petitioner may see, and what nobody else finds.

use std::time::Duration;

use onecase::domain::platform::Scope;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::{
    gateway::{WANG, file, noise, view},
    http::{Answer, TestServer},
    stores::{TestStore, on_both_stores},
};

async fn ask(test: &TestServer, path: &str) -> Answer {
    Answer::of(test.request(Method::GET, path)).await
}

on_both_stores! {
    async fn a_petitioner_sees_process_manner_and_result_and_nothing_written(store: TestStore) {
        let test = TestServer::start(store).await;
        let first = file(&test.gateway, "mobile", noise("M-1", WANG)).await.id;
        let linked = test.gateway.wait_linked(&first, Duration::from_secs(30)).await.unwrap().unwrap();
        let case = linked.case.unwrap();
        let code = case.query_code.expect("the filing platform is told the code");
        assert!(code.starts_with(&case.id));
        let at = test.gateway.now().to_rfc3339();
        for (number, status, reply) in [(1, "accepted", json!(null)), (2, "answered", json!({ "content": "已责令金桂苑工地停工", "organization": "湖南省信访局", "replied_at": at }))] {
            let mut update = json!({ "update_id": format!("U-{number}"), "reference": { "case": case.id }, "status": status, "occurred_at": at });
            if reply.is_object() {
                update["reply"] = reply;
            }
            test.gateway.report("hunan", serde_json::from_value(update).unwrap()).await.unwrap();
        }
        let shown = ask(&test, &format!("/v1/public/cases/{}", code.to_lowercase())).await;
        shown.assert_status(200);
        assert_eq!((&shown.body["status"], &shown.body["result"]["outcome"]), (&json!("answered"), &json!("answered")));
        assert_eq!(shown.body["manner"], json!(["routed", "handled", "written_answer"]));
        assert_eq!(shown.body["actions"][0]["action"], "rate");
        assert_eq!(shown.body["actions"][1]["action"], "ask_review");
        assert_eq!(shown.body["due"][0]["clock"], "review_request");
        let page = test.request(Method::GET, &format!("/public/cases/{code}")).header("Accept", "text/html").send().await.unwrap();
        assert_eq!(page.status(), StatusCode::OK);
        let html = page.text().await.unwrap();
        assert!(html.contains("已答复") && html.contains("提出信访事项前请先看"), "{html}");
        for told in [&shown.text, &html] {
            assert!(!["金桂苑", WANG.0, WANG.1, "M-1"].iter().any(|secret| told.contains(secret)), "{told}");
        }
        let data = test.request(Method::GET, &format!("/public/cases/{code}")).header("Accept", "application/json").send().await.unwrap();
        assert_eq!(data.json::<serde_json::Value>().await.unwrap(), shown.body);
        test.stop().await;
    }
}

#[actix_web::test]
async fn a_case_code_alone_opens_nothing_and_guessing_is_slowed_down() {
    let test = TestServer::start(TestStore::sqlite()).await;
    let first = file(&test.gateway, "mobile", noise("M-1", WANG)).await.id;
    test.gateway.wait_linked(&first, Duration::from_secs(30)).await.unwrap();
    let case = view(&test.gateway, &first).await.case.unwrap();
    for code in [case.id.clone(), format!("{}-00000000", case.id), "LJ000000000000-00000000".to_owned()] {
        ask(&test, &format!("/v1/public/cases/{code}")).await.assert_problem("not_found");
    }
    for _ in 3..60 {
        ask(&test, "/v1/public/cases/x").await.assert_problem("not_found");
    }
    let refused = ask(&test, &format!("/v1/public/cases/{}", case.query_code.unwrap())).await;
    refused.assert_problem("too_many_requests");
    assert!(refused.headers.contains_key("retry-after"));
    let page = test.request(Method::GET, "/public/cases/x").header("Accept", "text/html").send().await.unwrap();
    assert_eq!(page.status(), StatusCode::TOO_MANY_REQUESTS);
    test.stop().await;
}

#[actix_web::test]
async fn guidance_is_of_the_nearest_region_and_has_a_tag() {
    let test = TestServer::start(TestStore::sqlite()).await;
    let visit = ask(&test, "/v1/guidance?division=430102&channel=visit").await;
    visit.assert_status(200);
    assert_eq!((&visit.body["division"], &visit.body["channel"]), (&json!("000000"), &json!("visit")));
    assert!(ask(&test, "/v1/guidance?channel=web").await.body.get("channel").is_none());
    let tag = visit.headers["etag"].to_str().unwrap().to_owned();
    let again = test.request(Method::GET, "/v1/guidance?division=430102&channel=visit").header("If-None-Match", tag);
    Answer::of(again).await.assert_status(304);
    ask(&test, "/v1/guidance?division=999999").await.assert_problem("invalid_query");
    let watched = test.key(None, &[Scope::Monitor]);
    test.get("/v1/guidance", &watched).await.assert_status(200);
    test.stop().await;
}
