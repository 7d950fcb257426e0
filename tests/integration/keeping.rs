//! What is kept for a time only, what is listed for machines, and what says that a node needs help.

use std::process::Command;

use chrono::TimeDelta;
use onecase::{
    app::Tidied,
    domain::submission::Submission,
    store::webhooks::{self, Told, ToldState},
};
use serde_json::{Value, json};

use crate::support::{
    gateway::{LI, TestClock, WANG, federation, noise, start, wages},
    stores::{TestStore, on_both_stores},
};

fn submission(filing: Value) -> Submission {
    serde_json::from_value(filing).unwrap()
}

on_both_stores! {
    async fn an_idempotency_key_is_forgotten_after_a_week(store: TestStore) {
        let clock = TestClock::new();
        let gateway = start(&store, federation(), &clock);
        let first = submission(noise("M-1", WANG));
        let filed = gateway.submit("mobile", first.clone(), Some("key-1".into())).await.unwrap();
        clock.advance(TimeDelta::days(6));
        assert_eq!(gateway.tidy().unwrap(), Tidied::default());
        assert!(gateway.submit("mobile", submission(wages("M-2", LI)), Some("key-1".into())).await.is_err(), "the key is another request's");
        clock.advance(TimeDelta::days(2));
        assert_eq!(gateway.tidy().unwrap(), Tidied { keys: 1, reports: 0, told: 0 });
        gateway.submit("mobile", submission(wages("M-2", LI)), Some("key-1".into())).await.unwrap();
        let again = gateway.submit("mobile", first, None).await.unwrap();
        assert_eq!((again.id, again.new), (filed.id, false), "its number still tells a filing that is sent again");
    }

    async fn what_endpoints_were_told_is_forgotten_in_time(store: TestStore) {
        let clock = TestClock::new();
        let gateway = start(&store, federation(), &clock);
        let note = |seq, state| {
            let told = Told {
                event_seq: seq, event_id: format!("E-{seq}"), kind: "case.replied".into(), state, attempts: 1, http_status: None, error: None,
                attempted_at: gateway.now(),
            };
            gateway.store().transaction(|c| webhooks::note(c, "W-1", &told)).unwrap();
        };
        let left = || -> Vec<i64> {
            let page = onecase::store::Page::new(None, 10);
            gateway.store().read(|c| webhooks::told(c, "W-1", None, page)).unwrap().iter().map(|told| told.event_seq).collect()
        };
        note(1, ToldState::Delivered);
        note(2, ToldState::Dead);
        note(3, ToldState::Pending);
        clock.advance(TimeDelta::days(29));
        note(4, ToldState::Delivered);
        for (days, told, kept) in [(0, 0, vec![4, 3, 2, 1]), (2, 1, vec![4, 3, 2]), (60, 2, vec![3])] {
            clock.advance(TimeDelta::days(days));
            assert_eq!(gateway.tidy().unwrap().told, told);
            assert_eq!(left(), kept, "what is still to be told stays");
        }
    }

    async fn a_linker_that_keeps_failing_makes_the_node_unready(store: TestStore) {
        let gateway = start(&store, federation(), &TestClock::new());
        for well in [true, false, false] {
            gateway.linker_went(well);
        }
        assert!(gateway.ready().await.ready, "once or twice is no pattern");
        gateway.linker_went(false);
        let readiness = gateway.ready().await;
        let linker = readiness.checks.iter().find(|check| check.name == "linker").unwrap();
        assert!(!readiness.ready && !linker.ok && linker.detail.as_ref().unwrap().contains("3 times"));
        gateway.linker_went(true);
        assert!(gateway.ready().await.ready);
    }
}

#[test]
fn keys_are_listed_for_machines() {
    let store = TestStore::sqlite();
    let config = store.directory().join("federation.toml");
    std::fs::write(&config, format!("[store]\nurl = \"{}\"\n", store.url)).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_onecase"));
        command.args(["key", "--config"]).arg(&config).args(arguments);
        let output = command.env("ONECASE_MASTER_KEY", "07".repeat(32)).env("ONECASE_FEDERATION_KEY", "09".repeat(32)).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let secret = run(&["create", "--scopes", "monitor,review", "--label", "审计"]);
    let listed = run(&["list", "--json"]);
    let key: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(
        (&key["scopes"], &key["label"], &key["platform"], &key["revoked_at"]),
        (&json!(["monitor", "review"]), &json!("审计"), &json!(null), &json!(null))
    );
    assert!(!listed.contains(secret.trim()));
}
