//! What people decide, over HTTP.

use onecase::domain::platform::Scope;
use reqwest::Method;
use serde_json::{Value, json};

use super::{filing, reworded, unrelated};
use crate::support::{
    http::{Answer, TestServer},
    stores::on_both_stores,
};

struct Bench<'t> {
    test: &'t TestServer,
    key: String,
}

impl<'t> Bench<'t> {
    fn new(test: &'t TestServer) -> Self {
        Self { test, key: test.key(None, &[Scope::Review, Scope::Monitor]) }
    }

    /// Orders something about a case as it is now.
    async fn order(&self, case: &str, what: &str, body: Value) -> Answer {
        let tag = self.test.get(&format!("/v1/cases/{case}"), &self.key).await.header("etag").to_owned();
        self.order_about(case, &tag, what, body).await
    }

    async fn order_about(&self, case: &str, tag: &str, what: &str, body: Value) -> Answer {
        let request = self.test.request(Method::POST, &format!("/v1/cases/{case}/{what}")).bearer_auth(&self.key).header("If-Match", tag);
        Answer::of(request.json(&body)).await
    }
}

fn case_of(view: &Value) -> String {
    view["case"]["id"].as_str().unwrap().to_owned()
}

on_both_stores! {
    async fn people_merge_split_and_take_back(store: TestStore) {
        let test = TestServer::start(store).await;
        let bench = Bench::new(&test);
        let (province, mobile) = (test.platform_key("hunan"), test.platform_key("mobile"));
        let first = test.file(&province, &filing("A-1")).await;
        let twin = test.file(&mobile, &reworded("B-1")).await;
        let apart = test.file(&mobile, &unrelated("B-2")).await;
        let (case, other) = (case_of(&first), case_of(&apart));
        assert_eq!(case_of(&twin), case);

        let merge = json!({ "from": other, "reason": "同一人的同一诉求" });
        let unseen = test.post(&format!("/v1/cases/{case}/merge"), &bench.key, &merge).await;
        unseen.assert_problem("precondition_required").assert_status(428);
        bench.order_about(&case, "\"999\"", "merge", merge.clone()).await.assert_problem("precondition_failed").assert_status(412);
        bench.order(&case, "merge", json!({ "from": case, "reason": "x" })).await.assert_problem("same_case");
        bench.order(&case, "merge", json!({ "from": other, "reason": " " })).await.assert_problem("invalid_ruling");
        bench.order(&case, "merge", json!({ "from": "LJ000000000000", "reason": "x" })).await.assert_problem("not_found");

        let merged = bench.order(&case, "merge", merge).await;
        merged.assert_status(200);
        assert_eq!(merged.body["submissions"], 3);
        let through_the_old_code = test.get(&format!("/v1/cases/{other}"), &mobile).await;
        through_the_old_code.assert_status(200);
        assert_eq!(through_the_old_code.body["id"], case.as_str(), "its code keeps leading there");

        let split = bench.order(&case, "split", json!({ "submissions": [twin["id"]], "reason": "另一栋楼的问题" })).await;
        split.assert_status(201);
        let new = split.body["id"].as_str().unwrap();
        assert_eq!(split.header("location"), format!("/v1/cases/{new}"));
        assert_eq!(split.body["submissions"], 1);
        bench.order(&case, "split", json!({ "submissions": [first["id"]], "reason": "x" })).await.assert_problem("bad_split");
        bench.order(&case, "merge", json!({ "from": new, "reason": "x" })).await.assert_problem("kept_apart");
        bench.order(&case, "release", json!({ "case": new, "reason": "看错了" })).await.assert_status(200);
        bench.order(&case, "release", json!({ "case": new, "reason": "x" })).await.assert_problem("not_apart");
        bench.order(&case, "keep-apart", json!({ "case": new, "reason": "确为两事" })).await.assert_status(200);

        let rulings = test.get(&format!("/v1/cases/{case}/rulings"), &bench.key).await;
        let actions: Vec<_> = rulings.body["items"].as_array().unwrap().iter().map(|r| r["action"].as_str().unwrap().to_owned()).collect();
        assert_eq!(actions, ["merge", "split", "release", "keep_apart"]);
        assert_eq!(rulings.body["items"][1]["reason"], "另一栋楼的问题");
        assert!(!rulings.body["items"][0]["actor"].as_str().unwrap().is_empty());
        test.stop().await;
    }

    async fn what_is_uncertain_waits_in_the_queue_until_somebody_decides(store: TestStore) {
        let test = TestServer::start(store).await;
        let bench = Bench::new(&test);
        let expected = test.possible_duplicate().await;
        test.get("/v1/reviews", &test.platform_key("hunan")).await.assert_problem("forbidden");
        test.get("/v1/reviews?limit=0", &bench.key).await.assert_problem("invalid_query");
        let queue = test.get("/v1/reviews?include=text", &bench.key).await;
        queue.assert_status(200);
        let open = queue.body["open"].as_u64().unwrap();
        let review = &queue.body["items"][0];
        assert!(review["worth"].as_f64().unwrap() > 0.0 && review["evidence"]["submission"]["text"]["content"].is_string());
        let (case, other) = (review["case"]["id"].as_str().unwrap(), review["other"]["id"].as_str().unwrap());
        assert_eq!((case, other), (expected.case.id.as_str(), expected.other.id.as_str()), "the most valuable first");
        let tag = format!("\"{}\"", review["case"]["version"]);
        bench.order_about(case, &tag, "keep-apart", json!({ "case": other, "reason": "同名不同人" })).await.assert_status(200);
        assert_eq!(test.get("/v1/reviews", &bench.key).await.body["open"], open - 1);
        test.stop().await;
    }
}
