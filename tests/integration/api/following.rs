//! What happens to a case: reports, events, who sees what.

use reqwest::Method;
use serde_json::{Value, json};

use super::{filing, reworded, unrelated};
use crate::support::{
    http::{Answer, TestServer},
    stores::on_both_stores,
};

fn update(update_id: &str, case: &str, status: &str) -> Value {
    json!({ "update_id": update_id, "reference": { "case": case }, "status": status, "occurred_at": "2026-03-05T10:00:00+08:00" })
}

on_both_stores! {
    async fn the_handling_platform_reports_and_every_source_sees_it(store: TestStore) {
        let test = TestServer::start(store).await;
        let (province, mobile) = (test.platform_key("hunan"), test.platform_key("mobile"));
        let case = test.file(&mobile, &filing("B-1")).await["case"]["id"].as_str().unwrap().to_owned();
        let path = format!("/v1/cases/{case}");
        let updates = format!("{path}/updates");

        let accepted = test.post(&updates, &province, &update("u-1", &case, "accepted")).await;
        accepted.assert_status(200);
        assert_eq!(accepted.body["status"], "accepted");
        assert_eq!(test.post(&updates, &province, &update("u-1", &case, "accepted")).await.body, accepted.body, "sent again, nothing changes");
        test.post(&updates, &province, &update("u-1", &case, "in_progress")).await.assert_problem("update_id_conflict");
        test.post(&updates, &mobile, &update("u-2", &case, "in_progress")).await.assert_problem("not_handler");
        test.post(&updates, &province, &update("u-3", "LJ000000000000", "in_progress")).await.assert_problem("invalid_update");
        test.post("/v1/updates", &province, &update("u-3", "LJ000000000000", "in_progress")).await.assert_problem("not_found");
        test.post(&updates, &province, &update("u-4", &case, "answered")).await.assert_problem("invalid_update");

        let mut answered = update("u-5", &case, "answered");
        answered["reply"] = json!({ "content": "已清理。", "replied_at": "2026-03-05T10:00:00+08:00" });
        test.post("/v1/updates", &province, &answered).await.assert_status(200);
        let illegal = test.post(&updates, &province, &update("u-6", &case, "accepted")).await;
        illegal.assert_problem("illegal_transition");
        assert!(illegal.body["allowed"].as_array().unwrap().contains(&json!("closed")));

        let seen = test.get(&path, &mobile).await;
        assert_eq!(seen.body["status"], "answered");
        assert_eq!(seen.body["reply"]["content"], "已清理。");
        let events = test.get(&format!("{path}/events"), &mobile).await;
        let kinds: Vec<_> = events.body["items"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
        assert_eq!(kinds.first(), Some(&"onecase.case.registered"));
        assert!(kinds.contains(&"onecase.case.status_changed"), "{kinds:?}");
        assert!(events.body["items"].as_array().unwrap().iter().all(|event| event["specversion"] == "1.0" && event["subject"] == case.as_str()));
        test.stop().await;
    }

    async fn an_unchanged_case_is_not_sent_again(store: TestStore) {
        let test = TestServer::start(store).await;
        let key = test.platform_key("hunan");
        let case = test.file(&key, &filing("A-1")).await["case"]["id"].as_str().unwrap().to_owned();
        let path = format!("/v1/cases/{case}");
        let first = test.get(&path, &key).await;
        let tag = first.header("etag").to_owned();
        assert_eq!(first.header("cache-control"), "private, no-cache");
        let again = Answer::of(test.request(Method::GET, &path).bearer_auth(&key).header("If-None-Match", &tag)).await;
        again.assert_status(304);
        assert_eq!((again.text.as_str(), again.header("etag")), ("", tag.as_str()));
        test.post(&format!("{path}/updates"), &key, &update("u-1", &case, "accepted")).await.assert_status(200);
        let changed = Answer::of(test.request(Method::GET, &path).bearer_auth(&key).header("If-None-Match", &tag)).await;
        changed.assert_status(200);
        assert_ne!(changed.header("etag"), tag);
        test.stop().await;
    }

    async fn what_belongs_to_others_is_not_there(store: TestStore) {
        let test = TestServer::start(store).await;
        let (province, mobile, other, monitor) =
            (test.platform_key("hunan"), test.platform_key("mobile"), test.platform_key("other"), test.monitor_key());
        let first = test.file(&mobile, &filing("B-1")).await;
        let second = test.file(&other, &reworded("C-1")).await;
        assert_eq!(second["decision"], "duplicate", "{second}");
        let apart = test.file(&mobile, &unrelated("B-2")).await;
        let case = first["case"]["id"].as_str().unwrap();
        let apart_case = apart["case"]["id"].as_str().unwrap();
        let id = first["id"].as_str().unwrap();

        // A filing belongs to its platform; those who watch see it without its content.
        test.get(&format!("/v1/submissions/{id}"), &other).await.assert_problem("not_found");
        test.get(&format!("/v1/submissions/{id}"), &province).await.assert_problem("not_found");
        let watched = test.get(&format!("/v1/submissions/{id}"), &monitor).await;
        watched.assert_status(200);
        assert!(!watched.text.contains("11010519491231002X") && watched.body.get("submission").is_none());

        // A case belongs to its sources and its handler.
        for (key, status) in [(&province, 200), (&mobile, 200), (&other, 200), (&monitor, 200)] {
            test.get(&format!("/v1/cases/{case}"), key).await.assert_status(status);
        }
        test.get(&format!("/v1/cases/{apart_case}"), &other).await.assert_problem("not_found");
        for part in ["events", "submissions", "matches"] {
            test.get(&format!("/v1/cases/{apart_case}/{part}"), &other).await.assert_problem("not_found");
        }
        let count = async |path: &str, key: &str| test.get(path, key).await.body["items"].as_array().unwrap().len();
        assert_eq!(count("/v1/cases", &other).await, 1);
        assert_eq!(count("/v1/cases", &mobile).await, 2);
        assert_eq!(count("/v1/cases", &province).await, 2);
        assert_eq!(count(&format!("/v1/cases/{case}/submissions"), &other).await, 1, "a source sees its own filings");
        assert_eq!(count(&format!("/v1/cases/{case}/submissions"), &province).await, 2, "the handler sees all");
        let matches = test.get(&format!("/v1/cases/{case}/matches"), &other).await;
        assert!(matches.body["items"].as_array().unwrap().iter().all(|m| m["submission"] == second["id"]));

        let report = test.get("/v1/duplicates?include=text&across_platforms=true", &monitor).await;
        report.assert_status(200);
        let pair = &report.body["items"][0];
        assert_eq!(pair["match"]["decision"], "duplicate");
        assert_eq!(pair["submission"]["text"]["subject"], reworded("C-1")["subject"]);
        assert!(!report.text.contains("张三") && !report.text.contains("11010519491231002X"));
        let evidence = &pair["match"]["evidence"];
        let weights: f64 = evidence["comparisons"].as_array().unwrap().iter().map(|c| c["weight"].as_f64().unwrap()).sum();
        assert!((evidence["prior"].as_f64().unwrap() + weights - evidence["weight"].as_f64().unwrap()).abs() < 1e-6, "{evidence}");
        assert!(test.get("/v1/duplicates", &monitor).await.body["items"][0]["submission"].get("text").is_none());

        test.get("/v1/platforms/mobile", &mobile).await.assert_status(200);
        test.get("/v1/platforms/mobile", &province).await.assert_problem("not_found");
        assert_eq!(count("/v1/platforms", &monitor).await, 3);
        assert_eq!(count("/v1/organizations", &mobile).await, 2);
        assert!(count("/v1/gaps", &monitor).await >= 1, "the district's office is not connected");
        assert_eq!(test.get("/v1/matters", &monitor).await.status, 200);
        test.stop().await;
    }
}
