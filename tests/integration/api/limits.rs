//! What one caller may ask for, and what a node takes on.

use std::time::Duration;

use onecase::domain::platform::Scope;
use reqwest::Method;

use crate::support::{
    gateway::eventually,
    http::{Answer, TestServer},
    stores::TestStore,
};

const ORGANIZATIONS: &str = "organizations = []";

fn federation(settings: &str) -> String {
    let platforms = "[[platforms]]\nid = \"mobile\"\nname = \"手机信访\"\nkind = \"mobile\"\ndivision = \"000000\"\n";
    format!("organizations = \"organizations.toml\"\n{settings}\n{platforms}")
}

async fn start(settings: &str, more: &str) -> TestServer {
    TestServer::start_with(TestStore::sqlite(), &(federation(settings) + more), ORGANIZATIONS).await
}

#[actix_web::test]
async fn who_asks_too_much_is_told_when_to_go_on_and_disturbs_nobody_else() {
    let slow = "[[platforms]]\nid = \"slow\"\nname = \"慢平台\"\nkind = \"hotline\"\ndivision = \"430100\"\n\
        rate = { requests_per_second = 1, burst = 3 }\n";
    let test = start("[server]\nlisten = \"127.0.0.1:0\"", slow).await;
    let (slow, other) = (test.key("slow", &[Scope::Submit]), test.key("mobile", &[Scope::Submit]));
    for left in (0..3).rev() {
        let answer = test.get("/v1/cases", &slow).await;
        answer.assert_status(200);
        assert_eq!(answer.header("ratelimit-policy"), "\"caller\";q=3;w=3");
        assert!(answer.header("ratelimit").starts_with(&format!("\"caller\";r={left};t=")), "{}", answer.header("ratelimit"));
    }
    let refused = test.get("/v1/cases", &slow).await;
    refused.assert_problem("too_many_requests").assert_status(429);
    assert_eq!(refused.header("retry-after"), "1");
    assert!(refused.header("ratelimit").starts_with("\"caller\";r=0;"));
    // A second key of the platform is the same caller; another platform is not.
    let second = test.key("slow", &[Scope::Submit]);
    test.get("/v1/cases", &second).await.assert_problem("too_many_requests");
    test.get("/v1/cases", &other).await.assert_status(200);
    eventually("asked again", async || (test.get("/v1/cases", &slow).await.status == 200).then_some(())).await;
    test.stop().await;
}

#[actix_web::test]
async fn who_tries_keys_is_stopped_and_valid_keys_still_open() {
    let test = start("[server]\nlisten = \"127.0.0.1:0\"\n[limits]\nrefused_keys_per_minute = 2", "").await;
    for code in ["unauthenticated", "unauthenticated", "too_many_requests"] {
        test.get("/v1/cases", "oc_0000").await.assert_problem(code);
    }
    test.get("/v1/cases", &test.monitor_key()).await.assert_status(200);
    test.stop().await;
}

#[actix_web::test]
async fn a_full_node_says_so_at_once_and_still_lives() {
    let test = start("[server]\nlisten = \"127.0.0.1:0\"\nconcurrent_requests = 1", "").await;
    let key = test.monitor_key();
    let wait = test.request(Method::GET, "/v1/changes?start=latest&wait=20").bearer_auth(&key);
    let waiting = tokio::spawn(async move {
        loop {
            let answer = wait.try_clone().unwrap().send().await.unwrap();
            // The only place may be taken by a look at whether it is.
            if answer.status() != 503 {
                return answer.status();
            }
        }
    });
    let refused = eventually("no place is left", async || {
        let answer = test.get("/v1/platforms", &key).await;
        (answer.status == 503).then_some(answer)
    })
    .await;
    refused.assert_problem("overloaded");
    assert_eq!(refused.header("retry-after"), "1");
    Answer::of(test.request(Method::GET, "/healthz")).await.assert_status(200);
    test.gateway.end_waiting();
    assert_eq!(tokio::time::timeout(Duration::from_secs(10), waiting).await.unwrap().unwrap(), 200);
    test.get("/v1/platforms", &key).await.assert_status(200);
    test.stop().await;
}
