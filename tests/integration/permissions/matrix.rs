//! Every operation is called by every role, confined and not; what came of it is the committed matrix.

use std::fmt::Write as _;

use onecase::{
    api::openapi,
    domain::access::{HeldOver, Role},
};
use reqwest::Method;
use serde_json::{Value, json};

use super::role_key;
use crate::support::{
    files,
    http::{Answer, TestServer},
    stores::TestStore,
};

/// Around the part of the guide that is made here.
const BEGINS: &str = "<!-- operations: begin -->\n";
const ENDS: &str = "<!-- operations: end -->";

/// What one role gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    Refused,
    /// What concerns its platform.
    Own,
    /// What lies in its division, or everything if it is confined to none.
    Division,
    /// Only if it is confined to no division.
    Federation,
}

impl Cell {
    fn text(self, chinese: bool) -> &'static str {
        match (self, chinese) {
            (Self::Refused, _) => "–",
            (Self::Own, false) => "own",
            (Self::Own, true) => "本平台",
            (Self::Division, false) => "division",
            (Self::Division, true) => "辖区",
            (Self::Federation, false) => "federation",
            (Self::Federation, true) => "全网",
        }
    }
}

struct Operation {
    method: Method,
    path: String,
    id: String,
}

/// All operations that ask for a key.
fn operations() -> Vec<Operation> {
    let document = openapi::document();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation["security"] != json!([{}]) {
                let id = operation["operationId"].as_str().unwrap().to_owned();
                found.push(Operation { method: method.to_uppercase().parse().unwrap(), path: path.clone(), id });
            }
        }
    }
    found
}

/// True if the role is let in: whatever is answered then, it is not about permission.
async fn is_let_in(test: &TestServer, operation: &Operation, key: &str) -> bool {
    let mut path = operation.path.clone();
    while let (Some(begins), Some(ends)) = (path.find('{'), path.find('}')) {
        path.replace_range(begins..=ends, "nothing");
    }
    let media_type = if operation.id == "createSubmissions" { "application/x-ndjson" } else { "application/json" };
    let request = test.request(operation.method.clone(), &path).header("Content-Type", media_type).header("X-API-Key", key);
    let request = if operation.method == Method::GET { request } else { request.header("If-Match", "\"1\"").body("{}") };
    let answer = Answer::of(request).await;
    assert!(answer.status.as_u16() < 500 && answer.status != 401, "{}: {}", operation.id, answer.text);
    !matches!(answer.body["code"].as_str(), Some("forbidden" | "platform_key_required"))
}

async fn cell(test: &TestServer, operation: &Operation, role: Role, keys: &[Option<String>; 2]) -> Cell {
    let [whole, confined] = keys;
    let mut let_in = [false; 2];
    for (one, key) in let_in.iter_mut().zip([whole, confined]) {
        if let Some(key) = key {
            *one = is_let_in(test, operation, key).await;
        }
    }
    match (role.held_over(), let_in) {
        (_, [false, confined]) => {
            assert!(!confined, "{}: who is confined may more than who is not", operation.id);
            Cell::Refused
        }
        (HeldOver::Platform, _) => Cell::Own,
        (_, [true, true]) => Cell::Division,
        (_, [true, false]) => Cell::Federation,
    }
}

fn table(rows: &[(String, String, Vec<Cell>)], chinese: bool) -> String {
    let names = if chinese {
        ["承建方 vendor", "办理人员 handler", "监测人员 monitor", "复核人员 reviewer", "审计人员 auditor", "管理员 administrator"]
    } else {
        ["vendor", "handler", "monitor", "reviewer", "auditor", "administrator"]
    };
    let (operation, address) = if chinese { ("操作", "地址") } else { ("operation", "address") };
    let mut text = format!("| {operation} | {address} | {} |\n|---|---|{}\n", names.join(" | "), "---|".repeat(names.len()));
    for (id, address, cells) in rows {
        let cells: Vec<&str> = cells.iter().map(|cell| cell.text(chinese)).collect();
        writeln!(text, "| `{id}` | `{address}` | {} |", cells.join(" | ")).unwrap();
    }
    text
}

/// The part of a guide between the marks is `made`; with `INSTA_UPDATE=always` it is written there, like a snapshot.
pub(super) fn compare(path: &str, (begins, ends): (&str, &str), made: &str) {
    let file = files::root().join(path);
    let text = std::fs::read_to_string(&file).unwrap();
    let (before, rest) = text.split_once(begins).expect("the mark where the table begins");
    let (committed, after) = rest.split_once(ends).expect("the mark where it ends");
    if committed != made && std::env::var("INSTA_UPDATE").is_ok_and(|mode| mode == "always") {
        std::fs::write(&file, format!("{before}{begins}{made}{ends}{after}")).unwrap();
        return;
    }
    assert_eq!(committed, made, "{path} is not what the gateway does; INSTA_UPDATE=always writes it anew");
}

#[actix_web::test]
async fn every_role_gets_on_every_operation_what_the_matrix_says() {
    let test = TestServer::start(TestStore::sqlite()).await;
    let mut keys = Vec::new();
    for role in Role::ALL {
        let confined = (role.held_over() == HeldOver::Division).then(|| role_key(&test, role, true));
        keys.push((role, [Some(role_key(&test, role, false)), confined]));
    }
    let mut rows = Vec::new();
    for operation in operations() {
        let mut cells = Vec::new();
        for (role, keys) in &keys {
            cells.push(cell(&test, &operation, *role, keys).await);
        }
        assert!(cells.iter().any(|cell| *cell != Cell::Refused), "{} is refused to everybody", operation.id);
        rows.push((operation.id.clone(), format!("{} {}", operation.method, operation.path), cells));
    }
    compare("docs/permissions.md", (BEGINS, ENDS), &table(&rows, false));
    compare("docs/permissions.zh-CN.md", (BEGINS, ENDS), &table(&rows, true));
    test.stop().await;
}

/// The values of one member anywhere in a document.
pub(super) fn values<'v>(value: &'v Value, name: &str, found: &mut Vec<&'v str>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get(name).and_then(Value::as_str));
            members.values().for_each(|value| values(value, name, found));
        }
        Value::Array(items) => items.iter().for_each(|value| values(value, name, found)),
        _ => {}
    }
}
