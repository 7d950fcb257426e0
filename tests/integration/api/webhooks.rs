//! Endpoints are told: in order, signed, again until taken, and not where they must not.

use std::sync::{Arc, Mutex};

use actix_web::{App, HttpResponse, HttpServer, web};
use onecase::domain::platform::Scope;
use reqwest::Method;
use serde_json::{Value, json};

use super::{filing, unrelated};
use crate::support::{
    gateway::eventually,
    http::{Answer, ORGANIZATIONS, TestServer},
    stores::{TestStore, on_both_stores},
};

/// Fast retries, and loopback allowed.
const FEDERATION: &str = r#"
organizations = "organizations.toml"
[server]
listen = "127.0.0.1:0"
[outbound]
allow_private_addresses = true
[delivery]
max_attempts = 3
give_up_after_ms = 0
base_delay_ms = 1
max_delay_ms = 5
[[platforms]]
id = "hunan"
name = "湖南省网上信访平台"
kind = "provincial"
division = "430000"
[[platforms]]
id = "mobile"
name = "手机信访"
kind = "mobile"
division = "000000"
"#;

/// What a receiver was sent.
#[derive(Clone, Debug)]
struct Got {
    id: String,
    signatures: usize,
    body: Value,
}

/// A receiver on a free port whose answer can be switched.
#[derive(Clone)]
struct Receiver {
    state: Arc<Mutex<(u16, Vec<Got>)>>,
    url: String,
}

impl Receiver {
    fn start() -> Self {
        let state = Arc::new(Mutex::new((204, Vec::new())));
        let shared = state.clone();
        let server = HttpServer::new(move || {
            let shared = shared.clone();
            let take = move |request: actix_web::HttpRequest, body: web::Bytes| {
                let header = |name: &str| request.headers().get(name).map_or("", |v| v.to_str().unwrap()).to_owned();
                let mut state = shared.lock().unwrap();
                let got = Got {
                    id: header("webhook-id"),
                    signatures: header("webhook-signature").matches("v1,").count(),
                    body: serde_json::from_slice(&body).unwrap(),
                };
                state.1.push(got);
                let status = state.0;
                async move { HttpResponse::build(actix_web::http::StatusCode::from_u16(status).unwrap()).finish() }
            };
            App::new().route("/hooks", web::post().to(take))
        })
        .workers(1)
        .disable_signals()
        .bind("127.0.0.1:0")
        .unwrap();
        let url = format!("http://{}/hooks", server.addrs()[0]);
        actix_web::rt::spawn(server.run());
        Self { state, url }
    }

    fn answer(&self, status: u16) {
        self.state.lock().unwrap().0 = status;
    }

    fn got(&self) -> Vec<Got> {
        self.state.lock().unwrap().1.clone()
    }

    /// Waits until so many calls have come.
    async fn wait(&self, calls: usize) -> Vec<Got> {
        eventually("the receiver is called", async || Some(self.got()).filter(|got| got.len() >= calls)).await
    }
}

struct Bench {
    test: TestServer,
    receiver: Receiver,
    mobile: String,
    monitor: String,
}

impl Bench {
    async fn start(store: TestStore) -> Self {
        let test = TestServer::start_with(store, FEDERATION, ORGANIZATIONS).await;
        let (mobile, monitor) = (test.platform_key("mobile"), test.monitor_key());
        Self { test, receiver: Receiver::start(), mobile, monitor }
    }

    async fn endpoint(&self, key: &str) -> String {
        let made = self.test.post("/v1/webhooks", key, &json!({ "url": self.receiver.url })).await;
        made.assert_status(201);
        assert!(made.body["secret"].as_str().unwrap().starts_with("whsec_"));
        made.body["webhook"]["id"].as_str().unwrap().to_owned()
    }

    async fn patch(&self, id: &str, change: Value) -> Answer {
        Answer::of(self.test.request(Method::PATCH, &format!("/v1/webhooks/{id}")).bearer_auth(&self.monitor).json(&change)).await
    }

    async fn state(&self, id: &str, wanted: &str) -> Value {
        eventually(wanted, async || {
            let now = self.test.get(&format!("/v1/webhooks/{id}"), &self.monitor).await.body;
            (now["state"] == wanted).then_some(now)
        })
        .await
    }

    async fn told(&self, id: &str, state: &str) -> Vec<Value> {
        let told = self.test.get(&format!("/v1/webhooks/{id}/deliveries?state={state}"), &self.monitor).await;
        told.assert_status(200);
        told.body["items"].as_array().unwrap().clone()
    }

    /// The events of the feed, in order.
    async fn feed(&self) -> Vec<Value> {
        self.test.get("/v1/changes", &self.monitor).await.body["items"].as_array().unwrap().clone()
    }
}

fn ids(got: &[Got]) -> Vec<&str> {
    got.iter().map(|got| got.id.as_str()).collect()
}

on_both_stores! {
    async fn an_endpoint_is_told_everything_in_order(store: TestStore) {
        let bench = Bench::start(store).await;
        let id = bench.endpoint(&bench.monitor).await;
        bench.test.file(&bench.mobile, &filing("M-1")).await;
        bench.test.file(&bench.mobile, &unrelated("M-2")).await;
        let feed = bench.feed().await;
        let got = bench.receiver.wait(feed.len()).await;
        assert_eq!(got.iter().map(|got| got.body.clone()).collect::<Vec<_>>(), feed, "the events as the feed has them");
        assert!(got.iter().all(|got| got.body["id"] == got.id.as_str() && got.signatures == 1));
        let told = eventually("noted", async || Some(bench.told(&id, "delivered").await).filter(|told| told.len() == feed.len())).await;
        assert_eq!(told[0]["event"], feed.last().unwrap()["id"]);
        let rotated = bench.test.post(&format!("/v1/webhooks/{id}/rotate-secret"), &bench.monitor, &json!({})).await;
        rotated.assert_status(200);
        assert!(rotated.body["previous_until"].is_string());
        let tried = bench.test.post(&format!("/v1/webhooks/{id}/test"), &bench.monitor, &json!({})).await;
        assert_eq!((&tried.body["delivered"], &tried.body["http_status"]), (&json!(true), &json!(204)));
        let last = bench.receiver.got().pop().unwrap();
        assert_eq!((last.body["type"].as_str(), last.signatures), (Some("onecase.webhook.test"), 2), "signed with both secrets");
        bench.test.stop().await;
    }

    async fn what_fails_is_tried_again_and_given_up_can_be_replayed(store: TestStore) {
        let bench = Bench::start(store).await;
        let id = bench.endpoint(&bench.monitor).await;
        bench.receiver.answer(500);
        bench.test.file(&bench.mobile, &filing("M-1")).await;
        let feed = bench.feed().await;
        assert_eq!(feed.len(), 2);
        let dead = eventually("given up", async || Some(bench.told(&id, "dead").await).filter(|dead| dead.len() == 2)).await;
        assert!(dead.iter().all(|dead| dead["attempts"] == 3 && dead["http_status"] == 500));
        let first = feed[0]["id"].as_str().unwrap();
        assert_eq!(ids(&bench.receiver.got())[..3], [first, first, first], "the next is not sent before");
        bench.receiver.answer(204);
        let before = bench.receiver.got().len();
        bench.test.post(&format!("/v1/webhooks/{id}/replay"), &bench.monitor, &json!({ "failed": true })).await.assert_status(202);
        let again = bench.receiver.wait(before + 2).await.split_off(before);
        assert_eq!(ids(&again), feed.iter().map(|event| event["id"].as_str().unwrap()).collect::<Vec<_>>());
        eventually("all delivered", async || Some(bench.told(&id, "delivered").await).filter(|told| told.len() == 2)).await;
        assert!(bench.told(&id, "dead").await.is_empty());
        let before = bench.receiver.got().len();
        let all = json!({ "since": "2020-01-01T00:00:00Z" });
        bench.test.post(&format!("/v1/webhooks/{id}/replay"), &bench.monitor, &all).await.assert_status(202);
        assert_eq!(bench.receiver.wait(before + 2).await.len(), before + 2, "everything once more");
        bench.test.stop().await;
    }

    async fn an_endpoint_that_is_gone_or_paused_is_left_alone(store: TestStore) {
        let bench = Bench::start(store).await;
        let id = bench.endpoint(&bench.monitor).await;
        bench.receiver.answer(410);
        bench.test.file(&bench.mobile, &filing("M-1")).await;
        let gone = bench.state(&id, "gone").await;
        assert!(gone["last_error"].as_str().unwrap().starts_with("http_410"));
        assert_eq!(bench.receiver.got().len(), 1);
        bench.receiver.answer(204);
        bench.patch(&id, json!({ "paused": true })).await.assert_status(200);
        bench.test.file(&bench.mobile, &unrelated("M-2")).await;
        let feed = bench.feed().await;
        assert_eq!(bench.receiver.got().len(), 1, "nothing is sent to it");
        bench.patch(&id, json!({ "paused": false })).await.assert_status(200);
        let got = bench.receiver.wait(1 + feed.len()).await;
        assert_eq!(ids(&got)[1..], feed.iter().map(|event| event["id"].as_str().unwrap()).collect::<Vec<_>>(), "and nothing was lost");
        let delete = bench.test.request(Method::DELETE, &format!("/v1/webhooks/{id}")).bearer_auth(&bench.monitor);
        Answer::of(delete).await.assert_status(204);
        bench.test.get(&format!("/v1/webhooks/{id}"), &bench.monitor).await.assert_problem("not_found");
        bench.test.stop().await;
    }

    async fn an_endpoint_that_fails_on_and_on_is_given_up(store: TestStore) {
        let bench = Bench::start(store).await;
        let id = bench.endpoint(&bench.monitor).await;
        bench.receiver.answer(302);
        for filed in [filing("M-1"), filing("M-2"), filing("M-3"), unrelated("M-4")] {
            bench.test.file(&bench.mobile, &filed).await;
        }
        bench.state(&id, "failing").await;
        assert_eq!(bench.told(&id, "dead").await.len(), 5);
        bench.receiver.answer(204);
        bench.patch(&id, json!({ "paused": false })).await.assert_status(200);
        eventually("up to date", async || {
            let now = bench.test.get(&format!("/v1/webhooks/{id}"), &bench.monitor).await.body;
            (now["up_to_date"] == true).then_some(())
        })
        .await;
        bench.test.stop().await;
    }

    async fn an_endpoint_ends_with_the_key_that_made_it(store: TestStore) {
        let bench = Bench::start(store).await;
        let made = bench.test.gateway.create_key(None, &[Scope::Monitor], "of somebody who left").unwrap();
        let id = bench.endpoint(&made.secret).await;
        let kept = bench.endpoint(&bench.monitor).await;
        assert!(bench.test.gateway.revoke_key(&made.id).unwrap());
        assert!(!bench.test.gateway.revoke_key(&made.id).unwrap(), "once");
        bench.state(&id, "orphaned").await;
        bench.state(&kept, "active").await;
        bench.test.file(&bench.mobile, &filing("M-1")).await;
        let feed = bench.feed().await;
        bench.receiver.wait(feed.len()).await;
        let orphan = bench.test.get(&format!("/v1/webhooks/{id}"), &bench.monitor).await.body;
        let behind = usize::try_from(orphan["behind"].as_u64().unwrap()).unwrap();
        assert!(orphan["up_to_date"] == false && behind >= feed.len(), "nothing is sent, and nothing lost: {orphan}");
        bench.patch(&id, json!({ "paused": false })).await.assert_status(200);
        bench.receiver.wait(feed.len() * 2).await;
        bench.state(&id, "active").await;
        bench.test.stop().await;
    }

    async fn endpoints_belong_to_their_platform(store: TestStore) {
        let bench = Bench::start(store).await;
        let own = bench.endpoint(&bench.mobile).await;
        let hunan = bench.test.platform_key("hunan");
        for key in [&hunan, &bench.monitor] {
            bench.test.get(&format!("/v1/webhooks/{own}"), key).await.assert_problem("not_found");
            bench.test.post(&format!("/v1/webhooks/{own}/test"), key, &json!({})).await.assert_problem("not_found");
            assert!(bench.test.get("/v1/webhooks", key).await.body["items"].as_array().unwrap().is_empty());
        }
        // What hunan alone is concerned with, mobile is not told.
        bench.test.file(&hunan, &unrelated("H-1")).await;
        let filed = bench.test.file(&bench.mobile, &filing("M-1")).await;
        let got = bench.receiver.wait(2).await;
        assert!(got.iter().all(|got| got.body["subject"] == filed["case"]["id"]), "{got:?}");
        for _ in 1..20 {
            bench.endpoint(&bench.mobile).await;
        }
        bench.test.post("/v1/webhooks", &bench.mobile, &json!({ "url": bench.receiver.url })).await.assert_problem("too_many_webhooks");
        bench.test.stop().await;
    }
}

#[actix_web::test]
async fn an_address_must_be_one_that_may_be_sent_to() {
    let strict = FEDERATION.replace("allow_private_addresses = true", "allow_private_addresses = false");
    let test = TestServer::start_with(TestStore::sqlite(), &strict, ORGANIZATIONS).await;
    let key = test.key(None, &[Scope::Monitor]);
    for url in ["https://169.254.169.254/latest", "http://example.com/", "https://[::ffff:10.0.0.1]/", "https://a:b@example.com/", "x"] {
        let refused = test.post("/v1/webhooks", &key, &json!({ "url": url })).await;
        refused.assert_problem("invalid_webhook");
        let violation = &refused.body["violations"][0];
        assert_eq!((&violation["code"], &violation["pointer"]), (&json!("address_not_allowed"), &json!("/url")));
        assert!(!refused.text.contains(url) || url.len() < 2, "the address is not repeated");
    }
    let odd = json!({ "url": "https://example.com/", "types": ["case.replied"], "colour": "red" });
    let refused = test.post("/v1/webhooks", &key, &odd).await;
    let pointers: Vec<&str> = refused.body["violations"].as_array().unwrap().iter().map(|v| v["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["/colour", "/types/0"]);
    test.stop().await;
}
