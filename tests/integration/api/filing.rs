//! Filing one at a time.

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{filing, reworded, unrelated};
use crate::support::{
    http::{Answer, TestServer},
    stores::on_both_stores,
};

on_both_stores! {
    async fn a_filing_is_registered_once(store: TestStore) {
        let test = TestServer::start(store).await;
        let key = test.platform_key("hunan");
        let first = test.post("/v1/submissions", &key, &filing("A-1")).await;
        first.assert_status(202);
        let id = first.body["id"].as_str().unwrap();
        assert_eq!(first.header("location"), format!("/v1/submissions/{id}"));
        assert_eq!(first.body["state"], "registered");

        let again = test.post("/v1/submissions", &key, &filing("A-1")).await;
        again.assert_status(202);
        assert_eq!(again.body, first.body);

        let mut other = filing("A-1");
        other["subject"] = json!("另一件事");
        let conflict = test.post("/v1/submissions", &key, &other).await;
        conflict.assert_problem("source_id_conflict");
        assert_eq!(conflict.body["existing"], id);

        let elsewhere = test.post("/v1/submissions", &test.platform_key("mobile"), &filing("A-1")).await;
        elsewhere.assert_status(202);
        assert_ne!(elsewhere.body["id"], id, "the same number on another platform is another filing");

        let read = test.get(first.header("location"), &key).await;
        read.assert_status(200);
        assert_eq!(read.body["source_id"], "A-1");
        assert_eq!(read.body["submission"]["subject"], filing("A-1")["subject"]);
        test.stop().await;
    }

    async fn a_caller_may_wait_for_the_link(store: TestStore) {
        let test = TestServer::start(store).await;
        let (province, mobile) = (test.platform_key("hunan"), test.platform_key("mobile"));
        let first = test.file(&province, &filing("A-1")).await;
        assert_eq!(first["state"], "linked");
        assert_eq!(first["case"]["organization"]["id"], "hunan-office");

        let second = test.file(&mobile, &reworded("B-1")).await;
        assert_eq!(second["decision"], "duplicate", "{second}");
        assert_eq!(second["case"]["id"], first["case"]["id"]);

        let third = test.file(&mobile, &unrelated("B-2")).await;
        assert_ne!(third["case"]["id"], first["case"]["id"]);

        let waiting = |preference: &'static str| test.request(Method::POST, "/v1/submissions").bearer_auth(&mobile).header("Prefer", preference).json(&reworded("B-1"));
        let again = Answer::of(waiting("respond-async, wait=600")).await;
        again.assert_status(200);
        assert_eq!(again.header("preference-applied"), "wait=30");
        assert_eq!(again.body["case"]["id"], first["case"]["id"]);
        let at_once = Answer::of(waiting("respond-async")).await;
        at_once.assert_status(202);
        assert_eq!(at_once.header("preference-applied"), "respond-async");
        test.stop().await;
    }

    async fn an_idempotency_key_stands_for_one_request(store: TestStore) {
        let test = TestServer::start(store).await;
        let key = test.platform_key("hunan");
        let send = async |platform_key: &str, idempotency_key: &str, source_id: &str| {
            let request = test.request(Method::POST, "/v1/submissions").bearer_auth(platform_key).header("Idempotency-Key", idempotency_key);
            Answer::of(request.json(&filing(source_id))).await
        };
        let first = send(&key, "k-1", "A-1").await;
        first.assert_status(202);
        assert_eq!(send(&key, "\"k-1\"", "A-1").await.body, first.body);
        send(&key, "k-1", "A-2").await.assert_problem("idempotency_key_reused").assert_status(422);
        send(&test.platform_key("mobile"), "k-1", "A-3").await.assert_status(202);
        let at_once = futures_util::future::join_all((0..20).map(|_| send(&key, "k-2", "A-5"))).await;
        let (done, waiting): (Vec<_>, Vec<_>) = at_once.iter().partition(|answer| answer.status == StatusCode::ACCEPTED);
        assert!(!done.is_empty() && done.iter().all(|answer| answer.body == done[0].body));
        assert!(waiting.iter().all(|answer| answer.assert_problem("idempotency_key_in_flight").status == StatusCode::CONFLICT));
        send(&key, "", "A-4").await.assert_problem("invalid_header");
        test.stop().await;
    }

    async fn thirty_at_once_are_one(store: TestStore) {
        let test = TestServer::start(store).await;
        let key = test.platform_key("hunan");
        let body = filing("A-1");
        let all = futures_util::future::join_all((0..30).map(|_| test.post("/v1/submissions", &key, &body))).await;
        assert!(all.iter().all(|answer| answer.status == StatusCode::ACCEPTED && answer.body == all[0].body));
        test.stop().await;
    }

    async fn lists_come_in_pages(store: TestStore) {
        let test = TestServer::start(store).await;
        let key = test.platform_key("hunan");
        for number in 0..5 {
            test.post("/v1/submissions", &key, &unrelated(&format!("A-{number}"))).await.assert_status(202);
        }
        test.post("/v1/submissions", &test.platform_key("mobile"), &unrelated("B-1")).await.assert_status(202);
        let (mut seen, mut next) = (Vec::new(), "/v1/submissions?kind=suggestion&limit=2".to_owned());
        for _ in 0..3 {
            let page = test.get(&next, &key).await;
            page.assert_status(200);
            let items = page.body["items"].as_array().unwrap();
            assert!(items.iter().all(|item| item.get("submission").is_none()));
            seen.extend(items.iter().map(|item| item["source_id"].as_str().unwrap().to_owned()));
            let link = page.header("link");
            match link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\"")) {
                Some(following) => {
                    assert!(following.contains(page.body["next_cursor"].as_str().unwrap()));
                    next = following.to_owned();
                }
                None => assert_eq!(page.body.get("next_cursor"), None),
            }
        }
        assert_eq!(seen, ["A-4", "A-3", "A-2", "A-1", "A-0"]);
        test.get("/v1/submissions?cursor=AAAA", &key).await.assert_problem("invalid_cursor");
        assert_eq!(test.get("/v1/submissions?source_id=A-3", &key).await.body["items"][0]["source_id"], "A-3");
        assert_eq!(test.get("/v1/submissions", &test.monitor_key()).await.body["items"].as_array().unwrap().len(), 6);
        test.stop().await;
    }
}
