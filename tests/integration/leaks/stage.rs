//! A gateway with every way in and out, and everything that can be read of it.

use std::{
    io::Write,
    path::PathBuf,
    process::Command,
    sync::{Arc, Mutex, OnceLock},
};

use onecase::domain::platform::Scope;
use reqwest::Method;
use serde_json::{Value, json};
use sha1::{Digest, Sha1};

use super::marks::{self, ADDRESS, CONTENT, ID_NUMBER, MISTYPED, NAME, PHONE, SUBJECT};
use crate::support::{
    gateway::eventually,
    http::{Answer, ORGANIZATIONS, TestServer},
    postgres::Server,
    stores::TestStore,
    wild::{Seen, WildServer, json as answered, response},
};

type Shared = Arc<Mutex<Vec<u8>>>;

#[derive(Clone)]
struct Sink(Shared);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// All that this process logs, of every crate and at every level.
pub fn log() -> Shared {
    static LOG: OnceLock<Shared> = OnceLock::new();
    let log = LOG.get_or_init(|| {
        let log = Shared::default();
        let sink = Sink(log.clone());
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || sink.clone())
            .json()
            .flatten_event(true)
            .try_init()
            .expect("nobody else keeps the log of this process");
        log
    });
    log.clone()
}

/// Everything is sent to it and pulled from it; it answers with what it was sent, as careless software does.
const PLAIN: &str = r#"
schema: onecase/adapter/v1
name: plain
version: 1.0.0
title: A careless platform
platform_kind: provincial
mappings:
  filing:
    yields: submission
    source_ref: record.id
    fields:
      source_id: record.id
      channel: "'web'"
      kind: "'request'"
      submitted_at: "'2026-03-01T09:30:00+08:00'"
      petitioners:
        - name: record.name
          phone: record.phone
          id_document: { type: "'resident_id'", number: record.number }
      subject: record.subject
      content: record.content
      people_count: int(record.people)
pulls:
  - name: filings
    mapping: filing
    interval_seconds: 1
    request: { method: GET, path: /list, query: { after: cursor } }
    records: body.list
    next_cursor: body.next
outcomes:
  - { when: status == 200, delivered: true }
deliveries:
  case_forwarded: { request: { method: POST, path: /cases, body: { id: message.id, filing: message.forwarded } } }
  case_withdrawn: { request: { method: POST, path: /notices, body: { id: message.id } } }
  case_revised: { request: { method: POST, path: /notices, body: { id: message.id } } }
  case_notice: { request: { method: POST, path: /notices, body: { id: message.id } } }
  submission_registered: { request: { method: POST, path: /notices, body: { id: message.id, to: message.submission.?account, note: message.?note } } }
  duplicate_registered: { request: { method: POST, path: /notices, body: { id: message.id, to: message.submission.?account, note: message.?note } } }
  case_status: { request: { method: POST, path: /notices, body: { id: message.id, to: message.submission.?account, note: message.?note } } }
  case_reply: { request: { method: POST, path: /notices, body: { id: message.id, to: message.submission.?account, reply: message.reply.content } } }
"#;

fn federation(base: &str, folder: &str) -> String {
    let plain = |id: &str, kind: &str, division: &str, base: &str| {
        format!(
            "[[platforms]]\nid = \"{id}\"\nname = \"平台{id}\"\nkind = \"{kind}\"\ndivision = \"{division}\"\nadapter = \"plain\"\nbase_url = \"{base}\"\n"
        )
    };
    format!(
        r#"
organizations = "organizations.toml"
adapters = "adapters"
[server]
listen = "127.0.0.1:0"
[outbound]
allow_private_addresses = true
[delivery]
max_attempts = 3
give_up_after_ms = 0
base_delay_ms = 1
max_delay_ms = 5
[limits]
refused_keys_per_minute = 10000
{}{}{}
[[platforms]]
id = "letters"
name = "来信来访"
kind = "letters_and_visits"
division = "430000"
adapter = "file-drop"
folder = "{folder}"
[[platforms]]
id = "wechat"
name = "微信公众号"
kind = "wechat"
division = "430000"
adapter = "wechat"
[platforms.secrets]
token = {{ env = "TEST_TOKEN" }}
app_id = {{ env = "TEST_APP" }}
app_secret = {{ env = "TEST_SECRET" }}
"#,
        plain("hunan", "provincial", "430000", &format!("{base}/good")),
        plain("mobile", "mobile", "000000", &format!("{base}/good")),
        plain("plain", "provincial", "440000", &format!("{base}/bad")),
    )
}

/// A record that maps, one that does not, one that is refused, and then an answer that is none.
fn records(seen: &Seen) -> crate::support::wild::Answer {
    let record = |id: &str, number: &str, people: Value| json!({ "id": id, "name": NAME, "phone": PHONE, "number": number, "subject": SUBJECT, "content": CONTENT, "people": people });
    let list = [record("P-1", ID_NUMBER, json!(1)), record("P-2", ID_NUMBER, json!(NAME)), record("P-3", MISTYPED, json!(1))];
    if seen.target().contains("after=2") {
        return response("500 Internal Server Error", "Content-Type: text/html\r\n", format!("<b>{NAME}{ADDRESS}</b>"));
    }
    if seen.target().contains("after=1") {
        return answered(&format!("{{\"list\": [{{\"id\": \"{NAME}\"}}], \"next\": \"2\", {CONTENT}"));
    }
    answered(&json!({ "list": list, "next": "1" }).to_string())
}

pub struct Stage {
    pub server: TestServer,
    url: String,
    folder: PathBuf,
    /// Lives as long as the platforms are needed.
    _platforms: WildServer,
    targets: Arc<Mutex<String>>,
    sent: Arc<Mutex<String>>,
    told: Arc<Mutex<String>>,
}

impl Stage {
    pub async fn start(store: TestStore) -> Self {
        let (targets, sent, told) = <(Arc<Mutex<String>>, Arc<Mutex<String>>, Arc<Mutex<String>>)>::default();
        let (asked, took, heard) = (targets.clone(), sent.clone(), told.clone());
        let platforms = WildServer::start(move |seen| {
            asked.lock().unwrap().push_str(&format!("{}\n", seen.head));
            if seen.target().starts_with("/hooks") {
                heard.lock().unwrap().push_str(&seen.body);
                return response("500 Internal Server Error", "", &seen.body);
            }
            if seen.head.starts_with("GET") {
                return if seen.target().contains("/good/") { answered(r#"{"list": [], "next": null}"#) } else { records(seen) };
            }
            took.lock().unwrap().push_str(&seen.body);
            let status = if seen.target().contains("/good/") { "200 OK" } else { "400 Bad Request" };
            response(status, "Content-Type: text/plain\r\n", &seen.body)
        })
        .await;
        let folder = store.directory().to_owned();
        std::fs::create_dir_all(folder.join("adapters/plain")).unwrap();
        std::fs::create_dir_all(folder.join("drop")).unwrap();
        std::fs::write(folder.join("adapters/plain/adapter.yaml"), PLAIN).unwrap();
        let url = store.url.clone();
        let configuration = federation(&platforms.base, &folder.join("drop").display().to_string());
        let hook = format!("{}/hooks", platforms.base);
        let server = TestServer::start_with(store, &configuration, ORGANIZATIONS).await;
        let stage = Self { server, url, folder, _platforms: platforms, targets, sent, told };
        let key = stage.server.key(None, &[Scope::Monitor, Scope::Administer]);
        stage.server.post("/v1/webhooks", &key, &json!({ "url": hook })).await.assert_status(201);
        stage
    }

    fn signed(nonce: &str) -> String {
        let timestamp = chrono::Utc::now().timestamp().to_string();
        let mut parts = ["test", &timestamp, nonce];
        parts.sort_unstable();
        let signature = Sha1::digest(parts.concat()).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        format!("signature={signature}&timestamp={timestamp}&nonce={nonce}")
    }

    fn message(number: &str, text: &str) -> String {
        let account = marks::ACCOUNT;
        format!(
            "<xml><ToUserName>gh_1</ToUserName><FromUserName>{account}</FromUserName><CreateTime>1772328600</CreateTime>\
             <MsgType>text</MsgType><Content><![CDATA[{text}]]></Content><MsgId>{number}</MsgId></xml>"
        )
    }

    /// One that maps, one with a mistyped number, and one that is no message.
    pub async fn wechat(&self, text: &str) {
        for (nonce, body) in [
            ("n1", Self::message("1", text)),
            ("n2", Self::message("2", &text.replace(ID_NUMBER, MISTYPED))),
            ("n3", Self::message("3", text).replace("</xml>", "")),
        ] {
            let request = self.server.request(Method::POST, &format!("/callbacks/wechat?{}", Self::signed(nonce)));
            let answer = Answer::of(request.header("Content-Type", "text/xml").body(body)).await;
            assert!(marks::found("", answer.text.as_bytes()).is_empty(), "{}", answer.text);
        }
    }

    pub async fn forged_wechat(&self, text: &str) -> Answer {
        let query = Self::signed("n4").replace("signature=", "signature=0");
        Answer::of(self.server.request(Method::POST, &format!("/callbacks/wechat?{query}")).body(Self::message("4", text))).await
    }

    /// Good rows, bad rows, and a file that is none, all named after somebody.
    pub async fn drop_file(&self, name: &str) {
        let header = "登记编号,登记日期,信访形式,信访人,证件号码,联系电话,住址,主题,内容\n";
        let row = |id: &str, date: &str| format!("{id},{date},来信,{NAME},{ID_NUMBER},{PHONE},{ADDRESS},{SUBJECT},{CONTENT}\n");
        let rows = format!("{header}{}{}{NAME},{PHONE}\n", row("L-1", "2026/03/01 09:30"), row("L-2", NAME));
        std::fs::write(self.folder.join(format!("drop/信访登记表{name}.csv")), rows).unwrap();
        std::fs::write(self.folder.join(format!("drop/{name}.jpg")), NAME).unwrap();
        self.eventually_filed("letters", "L-1").await;
    }

    pub async fn pulled(&self) {
        self.eventually_filed("plain", "P-1").await;
        eventually("the broken answer is met", async || {
            let errors = self.server.gateway.platform("plain").await.unwrap().unwrap().errors;
            (errors.len() > 1).then_some(())
        })
        .await;
    }

    async fn eventually_filed(&self, platform: &str, number: &str) {
        let monitor = self.server.monitor_key();
        eventually(number, async || {
            let listed = self.server.get(&format!("/v1/submissions?platform={platform}&source_id={number}"), &monitor).await;
            listed.body["items"].as_array().is_some_and(|items| !items.is_empty()).then_some(())
        })
        .await;
    }

    /// The envelope and fingerprint of a filing, as the program makes them on the platform's own machine.
    pub fn blind(&self, number: &str) -> Value {
        let path = self.folder.join("blind.csv");
        let columns = "id,platform,channel,submitted_at,name,id_number,division,subject,content";
        std::fs::write(
            &path,
            format!("{columns}\n{number},mobile,web,2026-03-01T09:30:00+08:00,{NAME},{ID_NUMBER},430102,{SUBJECT},{CONTENT}\n"),
        )
        .unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_onecase"));
        let output = command.arg("fingerprint").arg(&path).env("ONECASE_FEDERATION_KEY", "02".repeat(32)).output().unwrap();
        assert!(output.status.success());
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Waits until platforms were sent what the cases owe.
    pub async fn sent_everything(&self) {
        eventually("sent", async || self.sent().contains(marks::REPLY).then_some(())).await;
        eventually("told", async || self.told().contains("onecase.case.registered").then_some(())).await;
    }

    pub fn sent(&self) -> String {
        self.sent.lock().unwrap().clone()
    }

    pub fn told(&self) -> String {
        self.told.lock().unwrap().clone()
    }

    /// Request lines and headers that platforms and endpoints saw.
    pub fn targets(&self) -> String {
        self.targets.lock().unwrap().clone()
    }

    async fn all(&self, path: &str) -> String {
        let key = self.server.key(None, &[Scope::Monitor, Scope::Audit, Scope::Administer]);
        let (mut text, mut cursor) = (String::new(), String::new());
        loop {
            let answer = self.server.get(&format!("{path}?limit=200{cursor}"), &key).await;
            answer.assert_status(200);
            text.push_str(&answer.text);
            match answer.body["next_cursor"].as_str() {
                Some(next) if answer.body["items"].as_array().is_some_and(|items| !items.is_empty()) => cursor = format!("&cursor={next}"),
                _ => return text,
            }
        }
    }

    pub async fn feed(&self) -> String {
        self.all("/v1/changes").await
    }

    pub async fn audit(&self) -> String {
        self.all("/v1/audit/entries").await
    }

    pub async fn metrics(&self) -> String {
        let key = self.server.monitor_key();
        self.server.get("/metrics", &key).await.text
    }

    pub async fn exports(&self) -> String {
        let key = self.server.key(None, &[Scope::Monitor, Scope::Administer]);
        let mut all = String::new();
        for list in ["cases", "duplicates", "deadlines"] {
            let answer = self.server.get(&format!("/v1/{list}/export?format=csv"), &key).await;
            answer.assert_status(200);
            all.push_str(&answer.text);
        }
        all
    }

    pub async fn stop(self) -> Stopped {
        let Self { server, url, .. } = self;
        let gateway = server.gateway.clone();
        let kept = server.stop_keeping().await;
        drop(gateway);
        Stopped { url, store: kept }
    }
}

/// What is left when nothing runs.
pub struct Stopped {
    url: String,
    store: TestStore,
}

impl Stopped {
    /// Every byte of SQLite's files; every value of PostgreSQL's tables.
    pub fn database(&self) -> Vec<(String, Vec<u8>)> {
        if !self.store.is_postgres() {
            let files = std::fs::read_dir(self.store.directory()).unwrap().map(|entry| entry.unwrap().path());
            let files: Vec<_> = files.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("onecase.db")).collect();
            assert!(!files.is_empty());
            return files.into_iter().map(|path| (path.display().to_string(), std::fs::read(&path).unwrap())).collect();
        }
        let (server, database) = (Server::shared(), self.url.rsplit('/').next().unwrap());
        let tables = server.sql(database, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'");
        let rows = |table: &str| server.sql(database, &format!("SELECT row_to_json(t)::text || t::text FROM {table} t")).into_bytes();
        tables.lines().map(|table| (table.to_owned(), rows(table))).collect()
    }
}
