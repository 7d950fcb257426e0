//! `onecase explain` over a gateway's store.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::{
    gateway::{LI, TestClock, WANG, federation, file, link_all, noise, noise_reworded, start, view, wages},
    stores::{TestStore, on_both_stores},
};

/// Runs the program on a store; its status and what it prints.
fn explain(store: &TestStore, arguments: &[&str]) -> (Option<i32>, String) {
    let config = store.directory().join("federation.toml");
    std::fs::write(&config, format!("[store]\nurl = \"{}\"\n", store.url)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_onecase"));
    command.arg("explain").args(arguments).arg("--config").arg(&config);
    let output = command.env("ONECASE_MASTER_KEY", "07".repeat(32)).env("ONECASE_FEDERATION_KEY", "09".repeat(32)).output().unwrap();
    let said = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    (output.status.code(), String::from_utf8(said).unwrap())
}

fn parsed((status, text): (Option<i32>, String)) -> Value {
    assert_eq!(status, Some(0), "{text}");
    serde_json::from_str(&text).unwrap()
}

on_both_stores! {
    async fn why_two_filings_are_one_case_or_not(store: TestStore) {
        let gateway = start(&store, federation(), &TestClock::new());
        let first = file(&gateway, "hunan", noise("A-1", WANG)).await;
        let second = file(&gateway, "mobile", noise_reworded("M-1", WANG)).await;
        let other = file(&gateway, "wechat", wages("W-1", LI)).await;
        link_all(&gateway);
        let shown = gateway.submission_matches(&second.id, false).await.unwrap().remove(0).decided.evidence.unwrap();

        let found = parsed(explain(&store, &["hunan/A-1", &second.id, "--json"]));
        assert_eq!((&found["submission"], &found["other"], &found["decided_by"]), (&json!(second.id), &json!(first.id), &json!("linker")));
        assert_eq!((found["weight"].as_f64(), found["prior"].as_f64()), (Some(shown.weight), Some(shown.prior)), "as the API shows it");
        assert_eq!(found["comparisons"].as_array().unwrap().len(), shown.comparisons.len());
        let sum: f64 = shown.prior + found["comparisons"].as_array().unwrap().iter().map(|c| c["weight"].as_f64().unwrap()).sum::<f64>();
        assert_eq!(found["weight"].as_f64(), Some(sum), "the weights add up");

        let (_, text) = explain(&store, &["mobile/M-1", "hunan/A-1", "--lang", "zh"]);
        assert!(text.contains("比对前的先验") && text.contains("重复: 同一人、同一事：认定重复"), "{text}");
        let case = |id: &str| { let (gateway, id) = (gateway.clone(), id.to_owned()); async move { view(&gateway, &id).await.case.unwrap().id } };
        let apart = parsed(explain(&store, &[&case(&first.id).await, &case(&other.id).await, "--json"]));
        assert_eq!((apart.get("decided_by"), &apart["decision"]), (None, &json!("distinct")), "never compared, so compared now");

        for (arguments, said) in [
            (["hunan/A-1", "hunan/A-9"], "there is no filing or case hunan/A-9"),
            (["hunan/A-1", "hunan/A-1"], "both are the filing"),
        ] {
            let (status, text) = explain(&store, &arguments);
            assert!(status == Some(2) && text.contains(said), "{text}");
        }
    }
}
