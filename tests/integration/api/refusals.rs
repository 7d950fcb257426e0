//! Whatever is refused, and by whomever: a problem.

use reqwest::Method;
use serde_json::json;

use super::filing;
use crate::support::{
    http::{Answer, TestServer},
    stores::TestStore,
};

#[actix_web::test]
async fn every_refusal_is_a_problem() {
    let test = TestServer::start(TestStore::sqlite()).await;
    let key = test.platform_key("hunan");
    let post = |path: &str| test.request(Method::POST, path).bearer_auth(&key);
    let json_body = |body: Vec<u8>| post("/v1/submissions").header("Content-Type", "application/json").body(body);

    test.get("/v1/nothing", &key).await.assert_problem("not_found");
    test.get("/nothing", &key).await.assert_problem("not_found");
    let put = Answer::of(test.request(Method::PUT, "/v1/submissions").bearer_auth(&key)).await;
    put.assert_problem("method_not_allowed");
    assert!(put.header("allow").contains("POST") && put.header("allow").contains("GET"));
    Answer::of(test.request(Method::DELETE, "/v1/cases/LJ1").bearer_auth(&key)).await.assert_problem("method_not_allowed");
    let delete = Answer::of(test.request(Method::DELETE, "/v1/cases").bearer_auth(&key)).await;
    assert_eq!(delete.assert_problem("method_not_allowed").header("allow"), "GET, HEAD");
    Answer::of(post("/v1/submissions").body("{}")).await.assert_problem("unsupported_media_type");
    Answer::of(json_body(b"{".to_vec())).await.assert_problem("malformed_json");
    Answer::of(json_body(b"\"\xff\"".to_vec())).await.assert_problem("invalid_utf8");
    Answer::of(json_body(vec![b' '; 600 * 1024])).await.assert_problem("payload_too_large");
    Answer::of(json_body(b"{}".to_vec())).await.assert_problem("invalid_submission");
    test.get("/v1/cases?limit=0", &key).await.assert_problem("invalid_query");
    test.get("/v1/cases?category=%ff", &key).await.assert_problem("invalid_query");
    test.get("/v1/cases?colour=red", &key).await.assert_problem("invalid_query");
    test.get("/v1/cases?status=done", &key).await.assert_problem("invalid_query");
    test.get(&format!("/v1/cases?category={}", "x".repeat(9000)), &key).await.assert_problem("uri_too_long");
    let heavy = test.request(Method::GET, "/v1/cases").bearer_auth(&key).header("X-Heavy", "x".repeat(40 * 1024));
    Answer::of(heavy).await.assert_problem("headers_too_large");
    test.get("/v1/cases", "oc_wrong").await.assert_problem("unauthenticated");
    let nobody = Answer::of(test.request(Method::GET, "/v1/cases")).await;
    assert!(nobody.assert_problem("unauthenticated").header("www-authenticate").starts_with("Bearer"));
    test.get("/v1/submissions/nothing", &key).await.assert_problem("not_found");
    test.get("/v1/deliveries/nothing", &test.monitor_key()).await.assert_problem("not_found");
    Answer::of(post("/callbacks/nobody").body("x")).await.assert_problem("not_found");
    Answer::of(test.request(Method::GET, "/wechat/nobody?echostr=1")).await.assert_problem("not_found");
    test.stop().await;
}

#[actix_web::test]
async fn every_violation_has_its_place() {
    let test = TestServer::start(TestStore::sqlite()).await;
    let key = test.platform_key("hunan");
    let mut body = filing("A-1");
    body["colour"] = json!("red");
    body["division"] = json!("999999");
    body["submitted_at"] = json!("2026-03-01T09:30:00");
    body["petitioners"][0]["id_document"]["number"] = json!("110105194912310021");
    let refused = test.post("/v1/submissions", &key, &body).await;
    refused.assert_problem("invalid_submission").assert_status(422);
    let mut seen: Vec<_> = refused.body["violations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| format!("{} {}", v["code"].as_str().unwrap(), v["pointer"].as_str().unwrap()))
        .collect();
    seen.sort();
    assert_eq!(
        seen,
        [
            "invalid_resident_id_check_digit /petitioners/0/id_document/number",
            "time_without_offset /submitted_at",
            "unknown_division /division",
            "unknown_member /colour"
        ]
    );
    assert!(!refused.text.contains("110105194912310021"), "what was found there is not repeated");
    test.stop().await;
}

#[actix_web::test]
async fn a_trace_is_taken_up() {
    let test = TestServer::start(TestStore::sqlite()).await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let request = test.request(Method::GET, "/v1/nothing").header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"));
    let answer = Answer::of(request).await;
    assert_eq!(answer.assert_problem("not_found").body["trace_id"], trace);
    assert_eq!(answer.body["instance"], "/v1/nothing");
    assert_ne!(Answer::of(test.request(Method::GET, "/healthz")).await.header("x-trace-id"), trace);
    test.stop().await;
}

#[actix_web::test]
async fn documents_health_and_headers() {
    let test = TestServer::start(TestStore::sqlite()).await;
    let get = async |path: &str| Answer::of(test.request(Method::GET, path)).await;
    let served = get("/openapi.json").await;
    served.assert_status(200);
    assert_eq!(served.body, onecase::api::openapi::document());
    let known = test.request(Method::GET, "/openapi.json").header("If-None-Match", served.header("etag"));
    Answer::of(known).await.assert_status(304);

    assert_eq!(get("/docs").await.header("location"), "/docs/");
    let ui = get("/docs/").await;
    ui.assert_status(200);
    assert!(ui.text.contains("swagger-ui") && !ui.text.contains("https://"), "nothing is loaded from elsewhere");
    assert!(get("/docs/swagger-initializer.js").await.text.contains("/openapi.json"));
    get("/docs/swagger-ui-bundle.js").await.assert_status(200);
    get("/docs/nothing.js").await.assert_problem("not_found");
    assert!(get("/docs/errors").await.text.contains("id=\"invalid_submission\""));

    assert_eq!(get("/healthz").await.body["status"], "ok");
    let ready = get("/readyz").await;
    assert_eq!(ready.status.as_u16() == 200, ready.body["ready"] == true, "{}", ready.text);
    let head = Answer::of(test.request(Method::HEAD, "/healthz")).await;
    head.assert_status(200);
    assert_eq!(head.text, "");

    for path in ["/healthz", "/docs/", "/v1/cases", "/nothing"] {
        let answer = get(path).await;
        for header in ["x-content-type-options", "referrer-policy", "x-frame-options", "content-security-policy", "x-trace-id"] {
            assert!(!answer.header(header).is_empty(), "{path} lacks {header}");
        }
    }
    assert_eq!(get("/v1/cases").await.header("cache-control"), "no-store");
    test.stop().await;
}
