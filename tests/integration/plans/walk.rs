//! Every page, every link and filter of it, and every reading operation with each of its parameters.

use std::collections::{BTreeSet, VecDeque};

use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::support::http::TestServer;

/// More addresses of pages than this are not walked.
const MOST: usize = 1_500;
/// Parameters that change how much is read, not what is looked for.
const ASIDE: [&str; 8] = ["limit", "wait", "cursor", "bom", "lang", "theme", "api_key", "jurisdiction_id"];
/// Of somebody who is not there: it is looked for all the same.
const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

pub struct Walk<'a> {
    server: &'a TestServer,
    seen: BTreeSet<String>,
    /// How many addresses were asked for.
    pub asked: usize,
    /// What could not be asked for so: it teaches the walk nothing.
    pub refused: Vec<String>,
}

impl<'a> Walk<'a> {
    pub fn new(server: &'a TestServer) -> Self {
        Self { server, seen: BTreeSet::new(), asked: 0, refused: Vec::new() }
    }

    /// From the overview along every link and through every form that only reads.
    pub async fn pages(&mut self) {
        let mut waiting = VecDeque::from(["/".to_owned()]);
        while let Some(address) = waiting.pop_front() {
            if self.asked >= MOST || !self.seen.insert(shape(&address)) {
                continue;
            }
            self.asked += 1;
            let response = self.server.request(Method::GET, &address).header("accept", "text/html").send().await.unwrap();
            assert!(!response.status().is_server_error(), "{address}: {}", response.status());
            if response.status() == StatusCode::BAD_REQUEST {
                self.refused.push(address.clone());
            }
            let is_page = response.headers().get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
            let text = response.text().await.unwrap();
            if is_page {
                waiting.extend(links(&text).into_iter().chain(forms(&text)));
            }
        }
    }

    /// Every operation that reads, as the holder of a key; what the key may not read answers so.
    pub async fn operations(&mut self, key: &str) {
        let contract = self.server.get("/openapi.json", key).await.body;
        for (path, operations) in contract["paths"].as_object().unwrap() {
            let Some(operation) = operations.get("get").filter(|_| is_walked(path)) else { continue };
            let Some(path) = self.named(path, key).await else { continue };
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let asked: Vec<(String, Vec<String>)> = parameters
                .iter()
                .filter(|parameter| parameter["in"] == "query" && !ASIDE.contains(&parameter["name"].as_str().unwrap()))
                .map(|parameter| (parameter["name"].as_str().unwrap().to_owned(), choices(&contract, parameter)))
                .collect();
            let is_needed = |name: &str| parameters.iter().any(|parameter| parameter["name"] == name && parameter["required"] == true);
            let needed = |but: &str| -> String {
                let needed = asked.iter().filter(|(name, _)| name != but && is_needed(name));
                needed.map(|(name, values)| format!("{name}={}&", encoded(&values[0]))).collect()
            };
            let answer = self.ask(&format!("{path}?{}", needed("")), key).await;
            if let Some(cursor) = answer["next_cursor"].as_str() {
                self.ask(&format!("{path}?{}cursor={cursor}", needed("")), key).await;
            }
            for (name, values) in &asked {
                for value in values {
                    self.ask(&format!("{path}?{}{}{name}={}", needed(name), beside(name), encoded(value)), key).await;
                }
            }
        }
    }

    async fn ask(&mut self, address: &str, key: &str) -> Value {
        self.asked += 1;
        let answer = self.server.get(address, key).await;
        assert!(!answer.status.is_server_error(), "{address}: {}", answer.text);
        if answer.body["code"] == "invalid_query" {
            self.refused.push(format!("{address}: {}", answer.text));
        }
        answer.body
    }

    /// The path with something that is there in the place of each name.
    async fn named(&mut self, path: &str, key: &str) -> Option<String> {
        let Some((list, rest)) = path.split_once("/{") else { return Some(path.to_owned()) };
        let (name, rest) = rest.split_once('}')?;
        let value = match name {
            "year" => "2026".to_owned(),
            _ => {
                let listed = self.ask(list, key).await;
                let first = &listed["items"][0];
                first["id"].as_str().unwrap_or(NOBODY).to_owned()
            }
        };
        Some(format!("{list}/{value}{rest}").replace("{format}", "json").replace("{document}", NOBODY))
    }
}

/// Streams, downloads in other forms and what only programs of the outside call are left out.
fn is_walked(path: &str) -> bool {
    (path.starts_with("/v1") || path.starts_with("/ogc")) && !path.starts_with("/v1/changes/stream")
}

/// What stands beside a parameter that means nothing alone.
fn beside(name: &str) -> String {
    match name {
        "counted" => "counted_from=2026-01-01&counted_until=2026-12-31&division=430000&".to_owned(),
        "counted_from" => "counted=accept_late&counted_until=2026-12-31&".to_owned(),
        "counted_until" => "counted=accept_late&counted_from=2026-01-01&".to_owned(),
        "until" => "from=2026-01-15&".to_owned(),
        "other_platform" => "platform=mobile&".to_owned(),
        _ => String::new(),
    }
}

fn choices(contract: &Value, parameter: &Value) -> Vec<String> {
    let name = parameter["name"].as_str().unwrap();
    let schema = &parameter["schema"];
    let schema = schema["$ref"].as_str().and_then(|reference| contract.pointer(reference.trim_start_matches('#'))).unwrap_or(schema);
    let words = schema["enum"].as_array().or_else(|| schema["items"]["enum"].as_array());
    match words {
        Some(words) if name == "format" => vec![words[0].as_str().unwrap().to_owned()],
        Some(words) => words.iter().map(|word| word.as_str().unwrap().to_owned()).collect(),
        None => vec![number_or_time(schema).unwrap_or_else(|| example(name)).to_owned()],
    }
}

fn number_or_time(schema: &Value) -> Option<&'static str> {
    match (schema["type"].as_str()?, schema["format"].as_str()) {
        ("integer", _) => Some("7"),
        (_, Some("date")) => Some("2026-10-01"),
        (_, Some("date-time")) => Some("2026-10-01T00:00:00Z"),
        _ => None,
    }
}

/// Something to ask for under a name.
fn example(name: &str) -> &'static str {
    match name {
        "division" | "area" => "430100",
        "category" => "城乡建设",
        "organization" | "competent" | "resolving_body" | "territorial_body" => "hunan-office",
        "platform" | "other" | "other_platform" => "hunan",
        "case" | "code" => "LJ0000000000",
        "matter" => "GX0000000000",
        "rule" => "accept-over",
        "model" => "default",
        "digest" | "model_digest" => "0a0a",
        "reviewer" => "somebody",
        "subject" | "source_id" | "case_id" => "430100-1",
        "min" | "min_probability" => "0.5",
        "max" | "max_probability" => "0.9",
        "across" | "across_platforms" => "true",
        "until" | "before" | "counted_from" | "counted_until" => "2026-10-01",
        "updated_from" | "due_before" | "since" | "received_from" | "received_until" | "filed_from" | "filed_until" | "decided_from"
        | "decided_until" => "2026-10-01T00:00:00Z",
        "bbox" => "100,20,115,30",
        "datetime" => "2026-01-01T00:00:00Z/..",
        "counted" => "accept_late",
        "type" => "onecase.case.replied",
        "reason" => "x",
        _ => panic!("the walk knows nothing to ask for under {name}"),
    }
}

fn encoded(value: &str) -> String {
    value.bytes().map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// What addresses have in common that ask for the same kind of thing: the path without identifiers, the names asked for with words of
/// closed lists.
fn shape(address: &str) -> String {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let path: Vec<&str> = path.split('/').map(|part| if part.bytes().any(|b| b.is_ascii_digit()) { "*" } else { part }).collect();
    let word = |value: &str| value.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let mut asked: Vec<String> = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .filter(|(name, _)| !["lang", "theme"].contains(name))
        .map(|(name, value)| if word(value) { format!("{name}={value}") } else { name.to_owned() })
        .collect();
    asked.sort();
    format!("{}?{}", path.join("/"), asked.join("&"))
}

/// The values of an attribute in markup, in order.
fn attributes<'h>(html: &'h str, before: &'h str) -> impl Iterator<Item = String> + 'h {
    html.split(before).skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.replace("&#38;", "&").replace("&amp;", "&")))
}

/// Links to pages of ours; of files, one form.
fn links(html: &str) -> Vec<String> {
    let is_page = |address: &String| {
        let other_form = address.contains("/export") && !address.contains("format=csv");
        address.starts_with('/') && !["/docs", "/assets", "/openapi", "/live"].iter().any(|aside| address.starts_with(aside)) && !other_form
    };
    attributes(html, "href=\"").map(|address| address.split('#').next().unwrap_or_default().to_owned()).filter(is_page).collect()
}

/// What the forms that read can be asked for, one thing at a time.
fn forms(html: &str) -> Vec<String> {
    let mut addresses = Vec::new();
    for form in html.split("<form").skip(1).filter_map(|rest| rest.split_once("</form>").map(|(form, _)| form)) {
        if !form.contains("method=\"get\"") {
            continue;
        }
        let action = attributes(form, "action=\"").next().unwrap_or_default();
        for select in form.split("<select").skip(1).filter_map(|rest| rest.split_once("</select>").map(|(select, _)| select)) {
            let name = attributes(select, "name=\"").next().unwrap_or_default();
            let options = attributes(select, "value=\"").filter(|value| !value.is_empty());
            addresses.extend(options.map(|value| format!("{action}?{name}={}", encoded(&value))));
        }
        for input in form.split("<input").skip(1).filter(|input| !input.contains("type=\"hidden\"")) {
            let name = attributes(input.split('>').next().unwrap_or_default(), "name=\"").next().unwrap_or_default();
            if !ASIDE.contains(&name.as_str()) && !name.is_empty() {
                addresses.push(format!("{action}?{name}={}", encoded(form_example(&action, &name))));
            }
        }
    }
    addresses
}

/// As [`example`], where a form takes days or other numbers.
fn form_example(action: &str, name: &str) -> &'static str {
    match (action, name) {
        ("/matters", "min") => "2",
        (_, "from" | "until" | "before") => "2026-10-01",
        _ => example(name),
    }
}
