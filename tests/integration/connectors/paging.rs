//! Every way to go through a list, while the list grows, and over a restart.

use std::sync::{Arc, Mutex};

use onecase::app::PullError;
use serde_json::{Value, json};

use super::{errors, federation, manifest, pull_all, registered};
use crate::support::{
    gateway::{TestClock, start},
    stores::on_both_stores,
    wild::{Answer, Seen, WildServer, json, response},
};

type List = Arc<Mutex<Vec<Value>>>;

fn parameter(seen: &Seen, name: &str) -> Option<String> {
    let (_, query) = seen.target().split_once('?')?;
    let value = query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name)?.1;
    Some(value.replace("%3A", ":"))
}

fn number(seen: &Seen, name: &str) -> usize {
    parameter(seen, name).and_then(|value| value.parse().ok()).unwrap_or(0)
}

fn page_of(list: &List, from: usize, size: usize) -> Answer {
    let list = list.lock().unwrap();
    let page: Vec<&Value> = list.iter().skip(from).take(size).collect();
    json(&json!(page).to_string())
}

fn grow(list: &List, ids: std::ops::RangeInclusive<usize>) {
    let at = |id: usize| format!("2026-03-01T{:02}:{:02}:00Z", id / 60, id % 60);
    list.lock().unwrap().extend(ids.map(|id| json!({"id": id, "t": at(id)})));
}

fn upto(last: usize) -> Vec<String> {
    (1..=last).map(|id| id.to_string()).collect()
}

/// Reads what is there, restarts, and reads what came since.
async fn check(store: &crate::support::stores::TestStore, pull: &str, list: List, server: WildServer) {
    let federation = || federation(&manifest(pull), &server.base);
    let clock = TestClock::new();
    assert_eq!(pull_all(&start(store, federation(), &clock)).await, upto(list.lock().unwrap().len()));
    let last = list.lock().unwrap().len();
    grow(&list, last + 1..=last + 5);
    let before = server.requests();
    let restarted = start(store, federation(), &clock);
    assert_eq!(pull_all(&restarted).await, upto(last + 5));
    assert!(server.requests() - before <= 4, "{pull}: it went on where it was, in {} requests", server.requests() - before);
    assert_eq!(errors(&restarted).await, []);
}

on_both_stores! {
    async fn pages_are_counted(store: TestStore) {
        let list = List::default();
        grow(&list, 1..=7);
        let shown = Arc::clone(&list);
        let server = WildServer::start(move |seen| page_of(&shown, (number(seen, "p") - 1) * 3, 3)).await;
        let pull = "    request: {method: GET, path: /list, query: {p: page}}\n    records: body\n    paging: {kind: page, start: 1, size: 3}";
        check(&store, pull, list, server).await;
    }

    async fn offsets_overlap_so_that_a_deletion_costs_nothing(store: TestStore) {
        let list = List::default();
        grow(&list, 1..=7);
        let shown = Arc::clone(&list);
        // The first record disappears after the first page: all others move up by one.
        let server = WildServer::start(move |seen| {
            let from = number(seen, "o");
            let gone = usize::from(from > 0);
            page_of(&shown, from + gone, 3)
        })
        .await;
        let pull = "    request: {method: GET, path: /list, query: {o: offset}}\n    records: body\n    paging: {kind: offset, size: 3, overlap: 1}";
        check(&store, pull, list, server).await;
    }

    async fn times_overlap(store: TestStore) {
        let list = List::default();
        grow(&list, 61..=67);
        list.lock().unwrap().iter_mut().for_each(|record| record["id"] = json!(record["id"].as_u64().unwrap() - 60));
        let shown = Arc::clone(&list);
        let server = WildServer::start(move |seen| {
            let since = parameter(seen, "since").unwrap();
            let list = shown.lock().unwrap();
            let newer: Vec<&Value> = list.iter().filter(|record| record["t"].as_str().unwrap() >= since.as_str()).collect();
            json(&json!(newer.chunks(3).nth(number(seen, "p")).unwrap_or_default()).to_string())
        })
        .await;
        let pull = "    request: {method: GET, path: /list, query: {since: since, p: page}}\n    records: body\n    paging: {kind: since, time: record.t, overlap_seconds: 60, start: '2026-03-01T00:00:00Z', size: 3}";
        let gateway = start(&store, federation(&manifest(pull), &server.base), &TestClock::new());
        assert_eq!(pull_all(&gateway).await, upto(7));
        // A record that a slow clock dates a little back is still seen.
        list.lock().unwrap().push(json!({"id": 8, "t": "2026-03-01T01:06:30Z"}));
        assert_eq!(pull_all(&gateway).await, upto(8));
    }

    async fn time_that_goes_backwards_takes_nothing_back(store: TestStore) {
        let list = Arc::new(Mutex::new(vec![json!({"id": 1, "t": "2026-03-01T05:00:00Z"})]));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (shown, heard) = (Arc::clone(&list), Arc::clone(&asked));
        let server = WildServer::start(move |seen| {
            heard.lock().unwrap().push(parameter(seen, "since").unwrap());
            json(&json!(*shown.lock().unwrap()).to_string())
        })
        .await;
        let pull = "    request: {method: GET, path: /list, query: {since: since}}\n    records: body\n    paging: {kind: since, time: record.t, overlap_seconds: 60, start: '2026-03-01T00:00:00Z', size: 3}";
        let gateway = start(&store, federation(&manifest(pull), &server.base), &TestClock::new());
        pull_all(&gateway).await;
        // Its clock was set back by years; what is filed then is taken, and the place where we are is kept.
        *list.lock().unwrap() = vec![json!({"id": 2, "t": "2020-01-01T00:00:00Z"})];
        assert_eq!(pull_all(&gateway).await, upto(2));
        pull_all(&gateway).await;
        let asked = asked.lock().unwrap().clone();
        assert!(asked.is_sorted() && asked[1] == asked[2] && asked[0] < asked[1], "{asked:?}");
    }

    async fn links_are_followed(store: TestStore) {
        let list = List::default();
        grow(&list, 1..=7);
        let shown = Arc::clone(&list);
        let server = WildServer::start(move |seen| {
            let page = number(seen, "page");
            let list = shown.lock().unwrap();
            let body = json!(list.chunks(3).nth(page).unwrap_or_default()).to_string();
            let link = if list.len() > (page + 1) * 3 {
                format!("Link: </list?page=0>; rel=\"first\", </list?page={}>; rel=\"next\"\r\n", page + 1)
            } else {
                String::new()
            };
            response("200 OK", &link, body)
        })
        .await;
        check(&store, "    request: {method: GET, path: /list}\n    records: body\n    paging: {kind: link}", list, server).await;
    }

    async fn a_token_that_leads_back_is_a_loop(store: TestStore) {
        let server = WildServer::start(|seen| {
            let page = number(seen, "token");
            json(&json!({"list": [{"id": page + 1}], "next": ((page + 1) % 60).to_string()}).to_string())
        })
        .await;
        let pull = "    request: {method: GET, path: /list, query: {token: cursor}}\n    records: body.list\n    next_cursor: body.next\n    more: true";
        let pull = pull.replace("more: true", "more: \"true\"");
        let gateway = start(&store, federation(&manifest(&pull), &server.base), &TestClock::new());
        let platform = gateway.federation().platform("plain").unwrap().clone();
        assert!(gateway.pull(&platform, "filings").await.unwrap().more, "a round is bounded");
        let error = gateway.pull(&platform, "filings").await.unwrap_err();
        assert!(matches!(error, PullError::Loop), "{error}");
        assert_eq!(registered(&gateway).await, upto(60), "what the pages held is kept");
        let classes: Vec<(String, u64)> = errors(&gateway).await.into_iter().map(|e| (e.code, e.count)).collect();
        assert_eq!(classes, [("cursor_loop".to_owned(), 1)]);
    }
}
