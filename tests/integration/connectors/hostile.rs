//! What a platform must not be able to do: each is bounded, named, counted, and loses nothing.

use std::{io::Write, time::Duration};

use super::{errors, federation, manifest, pull_all, registered};
use crate::support::{
    gateway::{TestClock, start_with},
    stores::{TestStore, on_both_stores},
    wild::{Answer, Seen, WildServer, json, response},
};

const JSON: &str = "    request: {method: GET, path: /list, query: {p: cursor}}\n    records: body.list\n    next_cursor: body.next";

/// Pulls from a server that goes bad after its first page, and then becomes good again.
async fn check(store: &TestStore, pull: &str, good: fn(usize) -> Answer, bad: impl Fn() -> Answer + Send + Sync + 'static, code: &str) {
    let page = move |seen: &Seen| seen.target().chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap_or(0);
    let first = WildServer::start(move |seen| if page(seen) == 0 { good(0) } else { bad() }).await;
    let clock = TestClock::new();
    let gateway = start_with(store, federation(&manifest(pull), &first.base), &clock, |config| {
        config.outbound.total_timeout_ms = 600;
        config.outbound.max_response_bytes = 1 << 20;
    });
    let platform = gateway.federation().platform("plain").unwrap().clone();
    assert_eq!(pull_all(&gateway).await, ["1"], "{code}");
    let begun = std::time::Instant::now();
    for count in 1..=2 {
        let result = gateway.pull(&platform, "filings").await;
        assert!(result.is_err() || result.unwrap().received.quarantined > 0, "{code}");
        let classes: Vec<(String, u64)> = errors(&gateway).await.into_iter().map(|e| (e.code, e.count)).collect();
        // A record that is refused for ever is kept once, and counted once.
        let expected = if gateway.platform("plain").await.unwrap().unwrap().records_quarantined > 0 { 1 } else { count };
        assert_eq!(classes, [(code.to_owned(), expected)]);
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "{code} took {:?}", begun.elapsed());
    assert_eq!(registered(&gateway).await, ["1"]);
    let second = WildServer::start(move |seen| good(page(seen))).await;
    let mended = start_with(store, federation(&manifest(pull), &second.base), &clock, |_| {});
    assert_eq!(pull_all(&mended).await, ["1", "2"], "{code}: it goes on where it was");
}

fn good_json(page: usize) -> Answer {
    json(&format!(r#"{{"list": [{{"id": {}}}], "next": "1"}}"#, page + 1))
}

fn good_xml(page: usize) -> Answer {
    response("200 OK", "Content-Type: text/xml\r\n", format!("<r><list><id>{}</id></list><next>1</next></r>", page + 1))
}

fn xml_pull() -> String {
    format!("{}\n    format: xml", JSON.replace("body.list", "listed(body.list)"))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

on_both_stores! {
    async fn a_page_without_end(store: TestStore) {
        let head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"list\": [".to_vec();
        check(&store, JSON, good_json, move || Answer::Endless(head.clone(), vec![b' '; 65_536]), "answer_too_large").await;
    }

    async fn a_page_of_a_gigabyte(store: TestStore) {
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n".to_vec();
        check(&store, JSON, good_json, move || Answer::Endless(head.clone(), vec![b'x'; 65_536]), "answer_too_large").await;
    }

    async fn a_gzip_bomb(store: TestStore) {
        let bomb = gzip(&vec![b' '; 64 << 20]);
        assert!(bomb.len() < 100_000);
        let headers = "Content-Encoding: gzip\r\nContent-Type: application/json\r\n";
        check(&store, JSON, good_json, move || response("200 OK", headers, &bomb), "answer_too_large").await;
    }

    async fn a_byte_at_a_time(store: TestStore) {
        let head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n".to_vec();
        check(&store, JSON, good_json, move || Answer::Drip(head.clone(), Duration::from_millis(50)), "timeout").await;
    }

    async fn a_redirect_without_end(store: TestStore) {
        check(&store, JSON, good_json, || response("302 Found", "Location: /list?p=1\r\n", ""), "not_now").await;
    }

    async fn nobody_there(store: TestStore) {
        check(&store, JSON, good_json, || Answer::Bytes(Vec::new()), "connection_broken").await;
    }

    async fn an_entity_bomb(store: TestStore) {
        let bomb = "<!DOCTYPE r [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]><r>&b;</r>";
        check(&store, &xml_pull(), good_xml, move || response("200 OK", "", bomb), "forbidden_xml").await;
    }

    async fn broken_xml(store: TestStore) {
        check(&store, &xml_pull(), good_xml, || response("200 OK", "", "<r><list></r>"), "unreadable").await;
    }

    async fn a_wrong_character_set(store: TestStore) {
        let body = b"<r><list><id>\xd0\xc5\xb7\xc3</id></list></r>";
        let headers = "Content-Type: text/xml; charset=utf-8\r\n";
        check(&store, &xml_pull(), good_xml, move || response("200 OK", headers, body), "wrong_charset").await;
    }

    async fn a_page_token_that_stays(store: TestStore) {
        let pull = format!("{JSON}\n    more: body.?more.orValue(false)");
        check(&store, &pull, good_json, || json(r#"{"list": [], "next": "1", "more": true}"#), "cursor_stuck").await;
    }

    async fn a_page_that_says_no_list(store: TestStore) {
        check(&store, JSON, good_json, || json(r#"{"list": "none", "next": "1"}"#), "invalid").await;
    }

    async fn a_record_that_does_not_map(store: TestStore) {
        check(&store, JSON, good_json, || json(r#"{"list": [{"id": {"a": 1}}], "next": "1"}"#), "expression_failed").await;
    }

    async fn a_link_to_somebody_else(store: TestStore) {
        let pull = "    request: {method: GET, path: /list}\n    records: body\n    paging: {kind: link}";
        let server = WildServer::start(|_| response("200 OK", "Link: <http://169.254.169.254/latest>; rel=next\r\n", "[]")).await;
        let gateway = start_with(&store, federation(&manifest(pull), &server.base), &TestClock::new(), |_| {});
        let platform = gateway.federation().platform("plain").unwrap().clone();
        gateway.pull(&platform, "filings").await.unwrap_err();
        assert_eq!(errors(&gateway).await[0].code, "foreign_link");
    }

    async fn an_address_inside(store: TestStore) {
        let server = WildServer::start(|_| json("{}")).await;
        for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "169.254.169.254"] {
            let base = server.base.replace("127.0.0.1", host);
            let gateway = start_with(&store, federation(&manifest(JSON), &base), &TestClock::new(), |config| {
                config.outbound.allow_private_addresses = false;
            });
            let platform = gateway.federation().platform("plain").unwrap().clone();
            gateway.pull(&platform, "filings").await.unwrap_err();
            assert_eq!(errors(&gateway).await[0].code, "private_address", "{host}");
        }
        assert_eq!(server.requests(), 0);
    }
}
