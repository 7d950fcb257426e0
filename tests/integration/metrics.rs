//! What Prometheus scrapes is there, says nothing of cases, and is what the dashboard asks for.

use std::collections::BTreeSet;

use onecase::domain::platform::Scope;
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::support::{
    files,
    gateway::{WANG, eventually, file, noise, view},
    http::TestServer,
    stores::on_both_stores,
};

/// The metrics a dashboard's expressions name.
fn asked_for(dashboard: &Value) -> BTreeSet<String> {
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let expressions = panels.flat_map(|panel| panel["targets"].as_array().unwrap()).map(|target| target["expr"].as_str().unwrap());
    let named = |text: &str| {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        words.filter(|word| word.starts_with("onecase_")).map(str::to_owned).collect::<Vec<_>>()
    };
    expressions.flat_map(named).collect()
}

/// The families that a scrape declares once there is something to tell; one without a value is left out.
fn registered() -> BTreeSet<String> {
    let source = std::fs::read_to_string(files::root().join("src/app/metrics.rs")).unwrap();
    let calls = ["gauge(\"", "register(\""].into_iter().flat_map(|call| source.split(call).skip(1).collect::<Vec<_>>());
    calls.filter_map(|rest| Some(format!("onecase_{}", rest.split_once('"')?.0))).collect()
}

/// The families a scrape declares, by their full names; of a histogram what is asked of it.
fn declared(text: &str) -> BTreeSet<String> {
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).filter_map(|line| line.split_once(' '));
    types
        .flat_map(|(name, kind)| match kind {
            "histogram" => vec![format!("{name}_bucket"), format!("{name}_count"), format!("{name}_sum")],
            _ => vec![name.to_owned()],
        })
        .collect()
}

on_both_stores! {
    async fn the_dashboard_asks_for_what_there_is(store: TestStore) {
        let server = TestServer::start(store).await;
        let filed = file(&server.gateway, "hunan", noise("A-1", WANG)).await;
        let case = eventually("linked", async || view(&server.gateway, &filed.id).await.case).await.id;
        let key = server.monitor_key();
        let scrape = async |key: Option<&str>| {
            let request = server.request(Method::GET, "/metrics").header("x-forwarded-for", "203.0.113.9");
            key.map_or_else(|| request.try_clone().unwrap(), |key| request.try_clone().unwrap().bearer_auth(key)).send().await.unwrap()
        };
        assert_eq!(scrape(None).await.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(scrape(Some(&server.key("hunan", &[Scope::Submit]))).await.status(), StatusCode::FORBIDDEN);
        assert_eq!(scrape(Some(&key)).await.status(), StatusCode::OK);
        let text = scrape(Some(&key)).await.text().await.unwrap();
        assert!(text.contains("onecase_platform_submissions{platform=\"hunan\"} 1"), "{text}");
        assert!(text.contains("onecase_http_request_duration_seconds_bucket{") && text.contains("route=\"/metrics\""), "{text}");
        for private in [case.as_str(), filed.id.as_str(), "A-1", WANG.0, WANG.1] {
            assert!(!text.contains(private), "{private}");
        }
        let dashboard: Value = serde_json::from_str(&std::fs::read_to_string(files::root().join("docs/grafana/onecase.json")).unwrap()).unwrap();
        let declared: BTreeSet<_> = declared(&text).union(&registered()).cloned().collect();
        let missing: Vec<_> = asked_for(&dashboard).difference(&declared).cloned().collect();
        assert!(missing.is_empty(), "the dashboard asks for {missing:?}");
        server.stop().await;
    }
}
