//! Filing many, as NDJSON.

use std::{convert::Infallible, time::Duration};

use futures_util::StreamExt;
use reqwest::Method;
use serde_json::Value;

use super::filing;
use crate::support::{
    http::{Answer, TestServer},
    stores::{TestStore, on_both_stores},
};

fn results(answer: &Answer) -> Vec<Value> {
    answer.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn send(test: &TestServer, key: &str, body: impl Into<reqwest::Body>) -> Answer {
    Answer::of(
        test.request(Method::POST, "/v1/submissions/batch").bearer_auth(key).header("Content-Type", "application/x-ndjson").body(body),
    )
    .await
}

on_both_stores! {
    async fn a_bad_line_never_stops_the_rest(store: TestStore) {
        let test = TestServer::start(store).await;
        let key = test.platform_key("hunan");
        let unknown = filing("A-2").to_string().replace("430102", "999999");
        let long = filing("A-4").to_string().replace("楼道", &"长".repeat(200_000));
        let lines = [filing("A-1").to_string(), unknown, String::new(), "{not json".into(), long, filing("A-5").to_string(), filing("A-1").to_string()];
        let answer = send(&test, &key, lines.join("\n")).await;
        answer.assert_status(200);
        assert_eq!(answer.header("content-type"), "application/x-ndjson");
        let results = results(&answer);
        let seen: Vec<_> = results.iter().map(|r| (r["line"].as_u64().unwrap(), r["status"].as_u64().unwrap())).collect();
        assert_eq!(seen, [(1, 202), (2, 422), (4, 400), (5, 413), (6, 202), (7, 202)]);
        assert_eq!(results[1]["problem"]["violations"][0]["code"], "unknown_division");
        assert_eq!(results[1]["problem"]["violations"][0]["pointer"], "/division");
        assert_eq!(results[2]["problem"]["code"], "malformed_json");
        assert_eq!(results[3]["problem"]["code"], "payload_too_large");
        assert_eq!(results[5]["id"], results[0]["id"], "sent again, the same filing");
        test.stop().await;
    }

    async fn thousands_of_lines_arrive_whole_and_in_order(store: TestStore) {
        let test = TestServer::start(store).await;
        let key = test.platform_key("hunan");
        let body: String = (0..2000).map(|number| format!("{}\n", filing(&format!("A-{number}")))).collect();
        let results = results(&send(&test, &key, body).await);
        assert_eq!(results.len(), 2000);
        assert!(results.iter().enumerate().all(|(index, r)| r["line"] == index as u64 + 1 && r["status"] == 202));
        test.stop().await;
    }
}

#[actix_web::test]
async fn results_come_while_lines_are_still_being_sent() {
    let test = TestServer::start(TestStore::sqlite()).await;
    let key = test.platform_key("hunan");
    let (lines, sent) = tokio::sync::mpsc::unbounded_channel::<String>();
    let body =
        futures_util::stream::unfold(sent, |mut sent| async move { sent.recv().await.map(|line| (Ok::<_, Infallible>(line), sent)) });
    lines.send(format!("{}\n", filing("A-1"))).unwrap();
    let request = test.request(Method::POST, "/v1/submissions/batch").bearer_auth(&key).header("Content-Type", "application/x-ndjson");
    let response = request.body(reqwest::Body::wrap_stream(body)).send().await.unwrap();
    let mut chunks = response.bytes_stream();
    for number in 2..=4 {
        let chunk =
            tokio::time::timeout(Duration::from_secs(10), chunks.next()).await.expect("a result before the next line").unwrap().unwrap();
        let result: Value = serde_json::from_slice(&chunk).unwrap();
        assert_eq!((result["line"].as_u64(), result["status"].as_u64()), (Some(number - 1), Some(202)));
        lines.send(format!("{}\n", filing(&format!("A-{number}")))).unwrap();
    }
    drop(lines);
    let rest: Vec<_> = chunks.collect().await;
    assert_eq!(rest.len(), 1);
    test.stop().await;
}

#[actix_web::test]
async fn a_full_intake_makes_a_batch_wait_and_single_filings_come_again() {
    let federation = "organizations = \"organizations.toml\"\n[server]\nlisten = \"127.0.0.1:0\"\nintake_queue = 1\n\
        [[platforms]]\nid = \"hunan\"\nname = \"湖南\"\nkind = \"provincial\"\ndivision = \"430000\"\n";
    let test = TestServer::start_with(TestStore::sqlite(), federation, "organizations = []").await;
    let key = test.platform_key("hunan");
    let bodies: Vec<_> = (0..60).map(|number| filing(&format!("S-{number}"))).collect();
    let answers = futures_util::future::join_all(bodies.iter().map(|body| test.post("/v1/submissions", &key, body))).await;
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status != 202).collect();
    assert!(!refused.is_empty(), "sixty at once are more than a queue of one takes");
    assert!(refused.iter().all(|answer| answer.assert_problem("overloaded").header("retry-after") == "1"));

    let body: String = (0..200).map(|number| format!("{}\n", filing(&format!("B-{number}")))).collect();
    let results = results(&send(&test, &key, body).await);
    assert_eq!(results.iter().filter(|result| result["status"] == 202).count(), 200);
    test.stop().await;
}

#[actix_web::test]
async fn a_batch_is_refused_as_a_whole_only_before_it_begins() {
    let test = TestServer::start(TestStore::sqlite()).await;
    let key = test.platform_key("hunan");
    let plain = test.request(Method::POST, "/v1/submissions/batch").bearer_auth(&key).header("Content-Type", "text/csv").body("a,b");
    Answer::of(plain).await.assert_problem("unsupported_media_type");
    assert_eq!(send(&test, &key, "").await.text, "");
    test.stop().await;
}
