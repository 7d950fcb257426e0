//! The examples of the API guide, run against a gateway.

use std::collections::BTreeMap;

use onecase::{api::responses::is_violation, app::code::Code, config::Config};
use reqwest::Method;
use serde_json::Value;

use crate::support::{
    files,
    http::{Answer, TestServer},
    stores::TestStore,
};

/// Stands for any value in an answer.
const ANYTHING: &str = "…";

pub struct Example {
    pub platform: String,
    request: String,
    response: String,
}

/// The fenced blocks `http request PLATFORM` and the `http response` that follows each.
pub fn examples(guide: &str) -> Vec<Example> {
    let mut blocks = guide.split("```http ").skip(1).map(|rest| rest.split("```").next().unwrap());
    let mut found = Vec::new();
    while let Some(request) = blocks.next() {
        let (head, request) = request.split_once('\n').unwrap();
        let platform = head.strip_prefix("request ").unwrap_or_else(|| panic!("{head}: a request comes first")).to_owned();
        let response = blocks.next().and_then(|block| block.strip_prefix("response\n")).expect("a response follows its request");
        found.push(Example { platform, request: request.to_owned(), response: response.to_owned() });
    }
    found
}

/// `expected` is part of `got`; what stands in angle brackets there is learnt, or must be what was learnt before.
pub fn compare(expected: &Value, got: &Value, learnt: &mut BTreeMap<String, String>, at: &str) {
    match (expected, got) {
        (Value::String(text), _) if text == ANYTHING => assert!(!got.is_null(), "{at} is missing"),
        (Value::String(name), Value::String(value)) if name.starts_with('<') && name.ends_with('>') => {
            let known = learnt.entry(name.clone()).or_insert_with(|| value.clone());
            assert_eq!(known, value, "{at}");
        }
        (Value::Object(members), _) => members.iter().for_each(|(name, value)| compare(value, &got[name], learnt, &format!("{at}/{name}"))),
        (Value::Array(items), Value::Array(others)) => {
            assert_eq!(items.len(), others.len(), "{at}: {got}");
            items.iter().zip(others).enumerate().for_each(|(index, (item, other))| compare(item, other, learnt, &format!("{at}/{index}")));
        }
        _ => assert_eq!(expected, got, "{at}"),
    }
}

pub async fn run(test: &TestServer, example: &Example, key: &str, learnt: &mut BTreeMap<String, String>) {
    let request = learnt.iter().fold(example.request.clone(), |text, (name, value)| text.replace(name, value));
    let (head, body) = request.split_once("\n\n").map_or((request.as_str(), None), |(head, body)| (head, Some(body.to_owned())));
    let mut lines = head.lines();
    let (method, path) = lines.next().unwrap().split_once(' ').unwrap();
    let mut sending = test.request(method.parse::<Method>().unwrap(), path).bearer_auth(key);
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap();
        sending = sending.header(name, value);
    }
    let answer = Answer::of(if let Some(body) = body { sending.body(body) } else { sending }).await;
    let (status, expected) = example.response.split_once("\n\n").unwrap();
    answer.assert_status(status.trim().parse().unwrap());
    let (expected, got) = if answer.header("content-type") == "application/x-ndjson" {
        let values = |text: &str| text.trim().lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>();
        (Value::Array(values(expected)), Value::Array(values(&answer.text)))
    } else {
        (serde_json::from_str(expected).unwrap(), answer.body)
    };
    compare(&expected, &got, learnt, path);
}

async fn check(guide: &str) {
    let test = TestServer::start(TestStore::sqlite()).await;
    let keys = BTreeMap::from([("hunan", test.platform_key("hunan")), ("mobile", test.platform_key("mobile"))]);
    let text = files::text(guide.as_ref()).unwrap();
    let examples = examples(&text);
    assert!(examples.len() >= 7, "{guide}: {}", examples.len());
    let mut learnt = BTreeMap::new();
    for example in &examples {
        run(&test, example, &keys[example.platform.as_str()], &mut learnt).await;
    }
    test.stop().await;
}

#[actix_web::test]
async fn the_guide_says_what_happens() {
    check("docs/api.md").await;
}

#[actix_web::test]
async fn the_chinese_guide_says_what_happens() {
    check("docs/api.zh-CN.md").await;
}

/// The table of codes as both guides must show it.
fn table() -> String {
    let mut table = String::from("| code | status | what it means | what to do |\n| --- | --- | --- | --- |\n");
    let mut codes = Code::ALL.to_vec();
    codes.sort_by_key(|code| is_violation(*code));
    for code in codes {
        let status = if is_violation(code) { "in `violations`".to_owned() } else { code.status().to_string() };
        table.push_str(&format!("| `{code}` | {status} | {} | {} |\n", code.title(), code.advice().replace('|', "\\|")));
    }
    table
}

#[test]
fn the_guides_have_every_code() {
    for guide in ["docs/api.md", "docs/api.zh-CN.md"] {
        let text = files::text(guide.as_ref()).unwrap();
        let shown = text.split("<!-- codes -->\n").nth(1).and_then(|rest| rest.split("<!-- /codes -->").next()).expect("the marks");
        assert!(shown == table(), "{guide}: the table of codes must be\n{}", table());
    }
}

#[test]
fn the_settings_shown_to_operators_can_be_used() {
    for guide in ["docs/operating.md", "docs/operating.zh-CN.md"] {
        let text = std::fs::read_to_string(files::root().join(guide)).unwrap();
        let blocks: Vec<_> = text.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
        assert!(blocks.len() >= 3, "{guide}");
        for block in blocks {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("federation.toml");
            std::fs::write(&path, block).unwrap();
            Config::load(&path, &|_| None).unwrap_or_else(|error| panic!("{guide}: {error:?}\n{block}"));
        }
    }
}
