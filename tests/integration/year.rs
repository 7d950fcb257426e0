//! A simulated year is what the gateway itself would have written: nothing tells the two apart, on both stores.

use std::{collections::BTreeMap, process::Command};

use chrono::{DateTime, NaiveDate, Utc};
use onecase::{
    app::{
        Gateway,
        query::{CaseFilter, IndicatorQuery, Page},
        replay,
        view::CaseView,
    },
    domain::{calendar::Calendar, deadline::deadlines, division, indicator::Dimension, platform::Scope},
    matching::Model,
    store::{StoreError, audit, deadlines as stored_deadlines, indicators},
    web::page::Section,
};
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::support::{
    gateway::eventually,
    http::TestServer,
    stores::{TestStore, on_both_stores},
};

pub const FEDERATION: &str = r#"
organizations = "organizations.toml"
[server]
listen = "127.0.0.1:0"
[[platforms]]
id = "national"
name = "国家信访信息系统"
kind = "national"
division = "000000"
adapter = "provincial-rest"
base_url = "http://127.0.0.1:9"
pull_interval_ms = 3600000
[platforms.secrets]
app_key = { file = "secret" }
app_secret = { file = "secret" }
[[platforms]]
id = "hunan"
name = "湖南省网上信访"
kind = "provincial"
division = "430000"
[[platforms]]
id = "mobile"
name = "手机信访"
kind = "mobile"
division = "000000"
"#;

pub const ORGANIZATIONS: &str = r#"
[[organizations]]
id = "nation"
name = "国家信访局"
division = "000000"
platform = "national"
[[organizations]]
id = "hunan-office"
name = "湖南省信访局"
division = "430000"
parent = "nation"
platform = "hunan"
"#;

const UNTIL: &str = "2026-03-02T01:00:00Z";

/// Runs `onecase simulate year` on the store, for a year that ends at a time; answers its exit status and its summary.
pub fn simulate(store: &TestStore, cases: u32, until: &str) -> (Option<i32>, Value) {
    let folder = store.directory();
    std::fs::write(folder.join("organizations.toml"), ORGANIZATIONS).unwrap();
    std::fs::write(folder.join("secret"), "test").unwrap();
    std::fs::write(folder.join("year.toml"), format!("{FEDERATION}\n[store]\nurl = \"{}\"\n", store.url)).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_onecase"))
        .args(["simulate", "year", "--json", "--seed", "5", "--until", until, "--cases", &cases.to_string(), "--config"])
        .arg(folder.join("year.toml"))
        .env("ONECASE_MASTER_KEY", "01".repeat(32))
        .env("ONECASE_FEDERATION_KEY", "02".repeat(32))
        .output()
        .unwrap();
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_default())
}

async fn all_cases(gateway: &Gateway) -> Vec<CaseView> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = gateway.cases(CaseFilter::default(), Page { limit: 200, after }).await.unwrap();
        all.extend(page.items);
        match page.next_cursor {
            Some(cursor) => after = Some(cursor),
            None => return all,
        }
    }
}

/// The clocks that are kept are those of the histories.
fn the_clocks_are_those_of_the_histories(gateway: &Gateway, cases: &[CaseView]) {
    let calendar = Calendar::compiled_in().unwrap();
    let ids: Vec<String> = cases.iter().map(|case| case.id.clone()).collect();
    let (mut histories, mut kept) = gateway
        .store()
        .read(|c| {
            let names: Vec<&str> = ids.iter().map(String::as_str).collect();
            Ok::<_, StoreError>((stored_deadlines::histories(c, &names)?, stored_deadlines::of_cases(c, &ids)?))
        })
        .unwrap();
    for case in cases {
        let expected = deadlines(case.kind, &histories.remove(&case.id).unwrap(), &calendar);
        assert_eq!(kept.remove(&case.id).unwrap(), expected, "{}", case.id);
    }
}

/// What each case counts for is found by folding the whole feed again.
async fn the_indicators_are_a_recount(gateway: &Gateway, cases: &[CaseView]) {
    let until: NaiveDate = UNTIL.parse::<DateTime<Utc>>().unwrap().date_naive();
    let query = |by| IndicatorQuery { area: division::NATION.into(), from: until - chrono::Days::new(366), until, by };
    // What the workers find on their first look is folded in as well.
    let before = eventually("folded", async || {
        let found = gateway.indicators(query(Some(Dimension::Level))).await.unwrap();
        found.up_to_date.then_some(found)
    })
    .await;
    gateway.store().transaction(|c| indicators::advance(c, 0)).unwrap();
    while gateway.fold_indicators().unwrap() {}
    let after = gateway.indicators(query(Some(Dimension::Level))).await.unwrap();
    assert_eq!((&before.total, &before.by), (&after.total, &after.by), "folding it all again changes nothing");
    assert_eq!(before.total.cases, cases.len() as u64);
    assert_eq!(before.total.submissions, cases.iter().map(|case| case.submissions).sum::<u64>());

    let mut expected: BTreeMap<String, u64> = BTreeMap::new();
    for case in cases {
        *expected.entry(case.platform.clone().unwrap_or_default()).or_default() += 1;
    }
    let by = gateway.indicators(query(Some(Dimension::Platform))).await.unwrap().by;
    let found: BTreeMap<String, u64> =
        by.iter().filter(|group| group.figures.cases > 0).map(|group| (group.value.clone(), group.figures.cases)).collect();
    assert_eq!(found, expected);
}

async fn every_page_answers(server: &TestServer, cases: &[CaseView]) {
    let mut pages: Vec<String> = Section::ALL.iter().map(|section| section.path().to_owned()).collect();
    pages.extend([format!("/cases/{}", cases[0].id), "/platforms/national".to_owned()]);
    for page in pages {
        let response = server.request(Method::GET, &page).header("accept", "text/html").send().await.unwrap();
        let answers = response.status().is_success() || response.status().is_redirection();
        assert!(answers, "{page}: {}", response.status());
    }
    let key = server.key(None, &[Scope::Monitor]);
    for path in ["/v1/overview", "/v1/platforms", "/v1/deadlines", "/v1/audit/checkpoint"] {
        assert_eq!(server.get(path, &key).await.status, StatusCode::OK, "{path}");
    }
}

on_both_stores! {
    async fn a_simulated_year_is_what_the_gateway_would_have_written(store: TestStore) {
        let (status, summary) = simulate(&store, 220, UNTIL);
        assert_eq!(status, Some(0));
        assert_eq!(simulate(&store, 10, UNTIL).0, Some(2), "a store that holds something is refused");

        let server = TestServer::start_with(store, FEDERATION, ORGANIZATIONS).await;
        let cases = all_cases(&server.gateway).await;
        assert_eq!((summary["cases"].as_u64().unwrap(), summary["cases"].as_u64().unwrap() > 180), (cases.len() as u64, true));
        the_clocks_are_those_of_the_histories(&server.gateway, &cases);
        the_indicators_are_a_recount(&server.gateway, &cases).await;
        every_page_answers(&server, &cases).await;
        let replayed = replay(server.gateway.store(), Model::default(), |_| {}).unwrap();
        assert_eq!((replayed.differences, replayed.cases), (0, cases.len() as u64), "{:#?}", replayed.first);
        let leaves = server.gateway.store().read(audit::size).unwrap();
        assert!(leaves >= summary["audit_leaves"].as_u64().unwrap());
        let proof = server.gateway.inclusion_proof(7, None).await.unwrap();
        assert!(proof.is_some(), "the year's log is signed");
        server.stop().await;
    }
}
