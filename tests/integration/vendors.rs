//! The vendor's kit, as the vendors' guide shows it: every command typed, every answer compared.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use chrono::{DateTime, Utc};
use onecase::{
    app::sign_webhook,
    simulate::{
        Behaviour, Filing, PlatformSetting, Setting, Simulation, Software,
        scenario::{Plan, Scenario},
    },
};
use reqwest::Method;
use serde_json::Value;

use super::guide::compare;
use crate::support::{
    files,
    http::Answer,
    wild::{WildServer, json},
};

const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const ANYTHING: char = '…';

/// The sandbox as another process, with what it printed.
struct Sandbox {
    process: Child,
    lines: Vec<String>,
}

impl Sandbox {
    fn start(arguments: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_onecase"))
            .args(["serve", "--sandbox", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines().take(5).map(Result::unwrap).collect();
        Self { process, lines }
    }

    fn value(&self, name: &str) -> String {
        let line = self.lines.iter().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{name}: {:?}", self.lines));
        line.split_whitespace().next().unwrap().to_owned()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // It ends by itself when asked; what it had is in a folder of its own.
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}

/// A server of a vendor's: a page of filings, and an endpoint that takes only what is signed.
fn vendor() -> String {
    let page = include_str!("../../src/cli/adapter/template/page.http").split_once("\n\n").unwrap().1;
    let filings = move |request: HttpRequest| async move {
        match request.headers().get("X-API-Key").map(actix_web::http::header::HeaderValue::as_bytes) {
            Some(b"a-real-key") => HttpResponse::Ok().content_type("application/json").body(page),
            _ => HttpResponse::Unauthorized().finish(),
        }
    };
    let hooks = |request: HttpRequest, body: web::Bytes| async move {
        let header = |name: &str| request.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
        let at: Option<DateTime<Utc>> = header("webhook-timestamp").parse().ok().and_then(|at| DateTime::from_timestamp(at, 0));
        let fresh = at.is_some_and(|at| (Utc::now() - at).abs() < chrono::TimeDelta::minutes(5));
        let wanted = at.and_then(|at| sign_webhook(SECRET, &header("webhook-id"), at, &body));
        let signed = wanted.is_some_and(|wanted| header("webhook-signature").split(' ').any(|one| one == wanted));
        if fresh && signed { HttpResponse::NoContent().finish() } else { HttpResponse::Forbidden().finish() }
    };
    let app = move || App::new().route("/filings", web::get().to(filings)).route("/hooks", web::post().to(hooks));
    let server = HttpServer::new(app).workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", server.addrs()[0]);
    actix_web::rt::spawn(server.run());
    address
}

/// A client as the program's own tests have it: the provider of TLS is chosen by whoever starts first.
fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

/// True if `line` is `pattern`, in which `…` stands for anything.
fn fits(pattern: &str, line: &str) -> bool {
    let parts: Vec<&str> = pattern.split(ANYTHING).collect();
    let (first, last) = (parts[0], parts[parts.len() - 1]);
    if parts.len() == 1 {
        return pattern == line;
    }
    let Some(mut rest) = line.strip_prefix(first) else { return false };
    for part in &parts[1..parts.len() - 1] {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// The lines fit the patterns in order; a pattern of nothing but `…` stands for any lines, none as well.
fn fit(patterns: &[&str], lines: &[&str]) -> bool {
    match (patterns, lines) {
        ([], []) => true,
        (["…", rest @ ..], _) => (0..=lines.len()).any(|skipped| fit(rest, &lines[skipped..])),
        ([pattern, rest @ ..], [line, others @ ..]) => fits(pattern, line) && fit(rest, others),
        _ => false,
    }
}

/// Types each command of a block and compares what it prints.
fn console(block: &str, folder: &Path, variables: &BTreeMap<&str, String>) {
    for step in block.split("$ ").skip(1) {
        let (command, expected) = step.split_once('\n').unwrap_or((step, ""));
        let binary = Path::new(env!("CARGO_BIN_EXE_onecase")).parent().unwrap();
        let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
        let output = Command::new("sh").args(["-c", command]).current_dir(folder).envs(variables).env("PATH", path).output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let (patterns, lines): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), printed.lines().collect());
        assert!(fit(&patterns, &lines), "$ {command}\n{printed}{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Sends a request of the guide to the sandbox and compares the answer.
async fn http(sandbox: &Sandbox, request: &str, response: &str, learnt: &mut BTreeMap<String, String>) {
    let request = learnt.iter().fold(request.to_owned(), |text, (name, value)| text.replace(name, value));
    let (key, request) = request.split_once('\n').unwrap();
    let key = sandbox.value(if key == "sandbox" { "key" } else { key });
    let (head, body) = request.split_once("\n\n").unwrap_or((request.trim_end(), ""));
    let mut lines = head.lines();
    let (method, path) = lines.next().unwrap().split_once(' ').unwrap();
    let address = format!("{}{path}", sandbox.value("gateway"));
    let mut sending = client().request(method.parse::<Method>().unwrap(), address).bearer_auth(key);
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        sending = sending.header(name, value);
    }
    let answer = Answer::of(sending.body(body.to_owned())).await;
    let (status, expected) = response.split_once("\n\n").unwrap();
    answer.assert_status(status.trim().parse().unwrap());
    compare(&serde_json::from_str(expected).unwrap(), &answer.body, learnt, path);
}

async fn check(guide: &str) {
    let text = files::text(guide.as_ref()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let platform = vendor();
    let sandbox = Sandbox::start(&["--without-body"]);
    let variables = BTreeMap::from([
        ("GATEWAY", sandbox.value("gateway")),
        ("KEY", sandbox.value("key")),
        ("OFFICE", sandbox.value("office")),
        ("ENDPOINT", format!("{platform}/hooks")),
        ("PLATFORM", platform),
        ("SECRET", SECRET.to_owned()),
    ]);
    let (mut learnt, mut asked, mut run) = (BTreeMap::new(), None, 0);
    for block in text.split("\n```").filter(|block| !block.starts_with('\n')).skip(1) {
        let (info, content) = block.split_once('\n').unwrap();
        match info.split_once(' ').unwrap_or((info, "")) {
            ("console", "sandbox") => {
                let shown = content.replace("http://127.0.0.1:8311", &sandbox.value("gateway"));
                let lines: Vec<&str> = sandbox.lines.iter().map(String::as_str).collect();
                assert!(fit(&shown.lines().skip(1).collect::<Vec<_>>(), &lines), "{lines:#?}");
            }
            ("console", _) => {
                // Programs wait for answers of servers that run on this thread's runtime.
                let (content, folder, variables) = (content.to_owned(), folder.path().to_owned(), variables.clone());
                tokio::task::spawn_blocking(move || console(&content, &folder, &variables)).await.unwrap();
            }
            ("http", "response") => http(&sandbox, asked.take().unwrap(), content, &mut learnt).await,
            ("http", request) => {
                let key = request.strip_prefix("request ").unwrap();
                asked = Some(&block[block.find(key).unwrap()..]);
            }
            (other, _) => panic!("{guide}: a block of {other} is not run"),
        }
        run += 1;
    }
    assert!(run >= 13, "{run}");
    let report: Value = serde_json::from_slice(&std::fs::read(folder.path().join("report.json")).unwrap()).unwrap();
    assert!(report["results"].as_array().unwrap().iter().all(|result| result["outcome"] == "passed"), "{report}");
    assert!(std::fs::read_to_string(folder.path().join("report.md")).unwrap().contains("| `pages` |"));
}

#[actix_web::test]
async fn the_guide_says_what_happens() {
    check("docs/vendors.md").await;
}

#[actix_web::test]
async fn the_chinese_guide_says_what_happens() {
    check("docs/vendors.zh-CN.md").await;
}

/// What `onecase conformance` finds at a platform: outcome by check.
async fn driven(url: String, secrets: BTreeMap<String, String>) -> BTreeMap<String, String> {
    tokio::task::spawn_blocking(move || {
        let folder = tempfile::tempdir().unwrap();
        let adapter = Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters/provincial-rest");
        let secrets = secrets.into_iter().map(|(name, secret)| (format!("ONECASE_SECRET_{}", name.to_uppercase()), secret));
        let output = Command::new(env!("CARGO_BIN_EXE_onecase"))
            .args([
                "conformance",
                &url,
                "--allow-private",
                "--filing",
                "XF1",
                "--json",
                "report.json",
                "--junit",
                "report.xml",
                "--adapter",
            ])
            .arg(adapter)
            .envs(secrets)
            .current_dir(folder.path())
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let report: Value = serde_json::from_slice(&std::fs::read(folder.path().join("report.json")).unwrap()).unwrap();
        let found: BTreeMap<String, String> = report["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|result| (result["name"].as_str().unwrap().to_owned(), result["outcome"].as_str().unwrap().to_owned()))
            .collect();
        let failed = found.values().filter(|outcome| *outcome == "failed").count();
        assert_eq!(output.status.code(), Some(i32::from(failed > 0)), "{printed}");
        let junit = std::fs::read_to_string(folder.path().join("report.xml")).unwrap();
        assert_eq!((junit.matches("<testcase ").count(), junit.matches("<failure ").count()), (found.len(), failed), "{junit}");
        found
    })
    .await
    .unwrap()
}

#[actix_web::test]
async fn a_platform_that_is_told_of_cases_conforms_or_is_found_out() {
    let setting = Setting {
        platforms: vec![PlatformSetting { id: "hunan".into(), software: Software::Provincial, port: 0 }],
        behaviour: Behaviour::default(),
        gateway: None,
        clock: std::sync::Arc::new(Utc::now),
    };
    let simulation = Simulation::start(&setting).unwrap();
    let first = Scenario::generate(Plan::new(1, Utc::now())).filings.into_iter().next().unwrap();
    simulation.file(Filing { source_id: "XF1".into(), platform: "hunan".into(), ..first }).unwrap();
    let hunan = simulation.platform("hunan").unwrap();
    let found = driven(hunan.base_url(), hunan.secrets()).await;
    assert!(found.len() >= 13 && found.values().all(|outcome| outcome == "passed"), "{found:#?}");
    simulation.stop().await;

    // One that says yes to everything, with a new number each time.
    let count = std::sync::atomic::AtomicUsize::new(0);
    let yes = WildServer::start(move |_| {
        let number = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        json(&format!(r#"{{"code": "0000", "message": "", "data": {{"slbh": "SL{number}", "list": [], "hasMore": false}}}}"#))
    })
    .await;
    let secrets = BTreeMap::from([("app_key", "key"), ("app_secret", "secret")]);
    let found = driven(yes.base.clone(), secrets.into_iter().map(|(name, secret)| (name.to_owned(), secret.to_owned())).collect()).await;
    let failed: Vec<&str> = found.iter().filter(|(_, outcome)| *outcome == "failed").map(|(name, _)| name.as_str()).collect();
    assert_eq!(failed, ["forged", "forwarded_again", "pages", "unknown_filing"]);
}

#[test]
fn what_is_made_passes_at_once() {
    let folder = tempfile::tempdir().unwrap();
    for connector in ["pull", "webhook", "file"] {
        for auth in ["none", "api-key", "bearer", "hmac"] {
            for told in ["true", "false"] {
                let name = format!("{connector}-{auth}-{told}");
                let made = Command::new(env!("CARGO_BIN_EXE_onecase"))
                    .args(["adapter", "new", &name, "--title", "平台: \"甲\" # 乙", "--kind", "hotline", "--connector", connector])
                    .args(["--auth", auth, "--told", told])
                    .current_dir(folder.path())
                    .output()
                    .unwrap();
                let printed = String::from_utf8_lossy(&made.stdout);
                assert!(made.status.success(), "{name}: {printed}{}", String::from_utf8_lossy(&made.stderr));
                // What the one sample becomes is a whole filing.
                let expected = files_below(&folder.path().join(&name).join("expected"));
                assert!(
                    expected.iter().any(|text| text.contains("三单元楼道长期堆放杂物") && text.contains("\"phone\": \"13800000000\"")),
                    "{name}"
                );
            }
        }
    }
}

fn files_below(folder: &Path) -> Vec<String> {
    let mut texts = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { texts.extend(files_below(&path)) } else { texts.push(std::fs::read_to_string(path).unwrap()) }
    }
    texts
}

#[actix_web::test]
async fn the_sandbox_answers_and_begins_anew() {
    let sandbox = Sandbox::start(&[]);
    let (gateway, key) = (sandbox.value("gateway"), sandbox.value("key"));
    let client = client();
    let get = async |path: &str| Answer::of(client.get(format!("{gateway}{path}")).bearer_auth(&key)).await;
    let filing = serde_json::json!({
        "source_id": "S-1", "channel": "web", "kind": "request", "submitted_at": "2026-03-01T09:30:00+08:00", "anonymous": true,
        "subject": "路灯不亮", "content": "韶山北路88号门前路灯不亮。"
    });
    let filed =
        Answer::of(client.post(format!("{gateway}/v1/submissions")).bearer_auth(&key).header("Prefer", "wait=20").json(&filing)).await;
    let case = filed.body["case"]["id"].as_str().unwrap();
    let answered = crate::support::gateway::eventually("answered", async || {
        let view = get(&format!("/v1/cases/{case}")).await.body;
        (view["status"] == "answered").then_some(view)
    })
    .await;
    assert!(answered["reply"]["content"].is_string());
    let reset = |key: String| client.post(format!("{gateway}/sandbox/reset")).bearer_auth(key);
    Answer::of(reset("oc_other".into())).await.assert_status(401);
    Answer::of(reset(key.clone())).await.assert_status(202);
    crate::support::gateway::eventually("empty again", async || {
        let list = client.get(format!("{gateway}/v1/submissions")).bearer_auth(&key).send().await.ok()?;
        let list: Value = list.json().await.ok()?;
        (list["items"].as_array()?.is_empty()).then_some(())
    })
    .await;
}
