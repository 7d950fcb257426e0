//! A whole gateway on a free port: store, workers, HTTP.

use std::time::Duration;

use onecase::{
    api::server,
    app::{Clock, Gateway, Parts, view::ReviewView},
    config::Config,
    domain::platform::Scope,
    net::ServerCertificate,
    workers::Workers,
};
use reqwest::{Method, RequestBuilder, Response, StatusCode, header::HeaderMap};
use serde_json::{Value, json};

use super::{
    gateway::{WANG, eventually, file, filing, view},
    stores::TestStore,
};

/// Who takes part unless a test says otherwise: a province that handles, a mobile platform and a WeChat account that only file.
const FEDERATION: &str = r#"
organizations = "organizations.toml"
[server]
listen = "127.0.0.1:0"
[outbound]
allow_private_addresses = true
[limits]
refused_keys_per_minute = 10000
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
[[platforms]]
id = "other"
name = "别省平台"
kind = "provincial"
division = "440000"
"#;

/// A province's office on its platform, and a district's that is not connected.
pub const ORGANIZATIONS: &str = r#"
[[organizations]]
id = "hunan-office"
name = "湖南省信访局"
division = "430000"
platform = "hunan"
[[organizations]]
id = "furong-office"
name = "芙蓉区信访局"
division = "430102"
parent = "hunan-office"
"#;

/// A gateway that serves; stop it at the end of the test.
pub struct TestServer {
    pub gateway: Gateway,
    pub address: String,
    /// Lives as long as the server.
    store: TestStore,
    client: reqwest::Client,
    server: actix_web::dev::ServerHandle,
    workers: Workers,
}

impl TestServer {
    pub async fn start(store: TestStore) -> Self {
        Self::start_with(store, FEDERATION, ORGANIZATIONS).await
    }

    /// With a federation file of the test's own; its store's address is set here.
    pub async fn start_with(store: TestStore, federation: &str, organizations: &str) -> Self {
        let folder = store.directory();
        std::fs::write(folder.join("organizations.toml"), organizations).unwrap();
        std::fs::write(folder.join("federation.toml"), federation).unwrap();
        let environment = |name: &str| match name {
            "ONECASE_MASTER_KEY" => Some("01".repeat(32)),
            "ONECASE_FEDERATION_KEY" => Some("02".repeat(32)),
            // Secrets of a test's own platforms.
            _ if name.starts_with("TEST_") => Some("test".to_owned()),
            _ => None,
        };
        let mut config = Config::load(&folder.join("federation.toml"), &environment).unwrap();
        config.store.url = store.url.clone();
        let gateway = Gateway::start(Parts::from_config(&config, &environment, Clock::system()).unwrap());
        let certificate = config.server.tls.as_ref().map(|tls| ServerCertificate::open(tls.certificate.clone(), tls.key.clone()).unwrap());
        let scheme = if certificate.is_some() { "https" } else { "http" };
        let listening =
            server::listen(gateway.clone(), &config.server, certificate, onecase::web::configure, onecase::web::ADDRESSES).unwrap();
        let address = format!("{scheme}://{}", listening.addresses[0]);
        let server = listening.server.handle();
        tokio::spawn(listening.server);
        let workers = Workers::start(&gateway);
        let client =
            reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(Duration::from_secs(60)).build().unwrap();
        Self { gateway, address, store, client, server, workers }
    }

    /// Stops everything in the order `serve` does.
    pub async fn stop(self) {
        self.stop_keeping().await;
    }

    /// The same; what was stored stays as long as the answer.
    pub async fn stop_keeping(self) -> TestStore {
        self.gateway.end_waiting();
        self.server.stop(true).await;
        self.workers.stop().await;
        self.store
    }

    pub fn key(&self, platform: impl Into<Option<&'static str>>, scopes: &[Scope]) -> String {
        self.gateway.create_key(platform.into(), scopes, "test").unwrap().secret
    }

    /// A key of a platform that files and handles.
    pub fn platform_key(&self, platform: &'static str) -> String {
        self.key(platform, &[Scope::Submit, Scope::Handle])
    }

    pub fn monitor_key(&self) -> String {
        self.key(None, &[Scope::Monitor])
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.address))
    }

    pub async fn get(&self, path: &str, key: &str) -> Answer {
        Answer::of(self.request(Method::GET, path).bearer_auth(key)).await
    }

    pub async fn post(&self, path: &str, key: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::POST, path).bearer_auth(key).json(body)).await
    }

    /// Files pairs that no model could be sure of, one way or another, and answers the most valuable decision.
    pub async fn possible_duplicate(&self) -> ReviewView {
        let named = |source_id: &str, number: Option<&str>, (subject, content): (&str, &str)| {
            let mut filing = filing(source_id, WANG, subject, content);
            filing["petitioners"] = json!([{ "name": WANG.0, "phone": number }]);
            filing
        };
        let by_name = ("幸福路工地夜间施工噪音", "幸福路88号金桂苑小区东侧工地每天凌晨两点仍在打桩，噪音很大，居民无法休息，请尽快处理。");
        let by_phone = ("宏达纺织厂拖欠工资", "宏达纺织厂从去年九月起拖欠六十多名工人工资，老板躲着不见，希望劳动部门帮助讨回。");
        file(&self.gateway, "hunan", named("A-1", None, by_name)).await;
        file(&self.gateway, "mobile", named("M-1", None, by_name)).await;
        file(&self.gateway, "hunan", named("A-2", Some("13812341234"), by_phone)).await;
        file(&self.gateway, "mobile", named("M-2", Some("13812341235"), by_phone)).await;
        file(&self.gateway, "hunan", filing("A-3", WANG, "投诉", "请处理")).await;
        let last = file(&self.gateway, "mobile", filing("M-3", WANG, "投诉", "请处理")).await;
        eventually("linked", async || view(&self.gateway, &last.id).await.case).await;
        self.gateway.reviews(1, false, None).await.unwrap().items.pop().expect("one of the pairs is uncertain")
    }

    /// Files and waits for the link; the view of the filing.
    pub async fn file(&self, key: &str, filing: &Value) -> Value {
        let request = self.request(Method::POST, "/v1/submissions").bearer_auth(key).header("Prefer", "wait=20");
        let answer = Answer::of(request.json(filing)).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
        answer.body
    }
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// `null` if the body is no JSON.
    pub body: Value,
    pub text: String,
}

impl Answer {
    pub async fn of(request: RequestBuilder) -> Self {
        Self::read(request.send().await.unwrap()).await
    }

    async fn read(response: Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.unwrap();
        Self { status, headers, body: serde_json::from_str(&text).unwrap_or_default(), text }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// It is a problem with this code, as RFC 9457 wants it.
    #[track_caller]
    pub fn assert_problem(&self, code: &str) -> &Self {
        assert_eq!(self.body["code"], code, "{} {}", self.status, self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.body["status"], self.status.as_u16());
        assert_eq!(self.body["type"], format!("/docs/errors#{code}"));
        assert_eq!(self.body["trace_id"], self.header("x-trace-id"));
        assert!(self.body["title"].is_string() && self.body["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
        self
    }

    #[track_caller]
    pub fn assert_status(&self, status: u16) -> &Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }
}
