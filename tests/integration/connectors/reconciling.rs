//! A platform's ledger beside ours: what is missing is found and pulled again.

use std::sync::Arc;

use chrono::{NaiveDate, Utc};
use onecase::{
    adapter::{Adapter, Secrets},
    app::{FederatedPlatform, Federation, Gateway, view::PlatformState},
    domain::{organization::Directory, platform::PlatformKind},
    simulate::{
        Behaviour, Filing, PlatformSetting, Setting, Simulation, Software,
        scenario::{Plan, Scenario},
    },
    store::{
        platforms,
        reconciliations::{self, Reconciled},
    },
};

use crate::support::{
    gateway::{TestClock, eventually, platform, start, start_with},
    stores::on_both_stores,
};

fn federation(simulation: &Simulation) -> Federation {
    let running = simulation.platform("hunan").unwrap();
    let adapters = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters");
    let hunan = FederatedPlatform {
        adapter: Some(Arc::new(Adapter::load(&adapters.join("provincial-rest")).unwrap())),
        base_url: Some(running.base_url()),
        secrets: Secrets::new(running.secrets()),
        ..platform("hunan", PlatformKind::Provincial, "430000")
    };
    Federation::new(vec![hunan], Directory::default())
}

/// Day, theirs, ours, pulled again, still missing, gone there: of days with something in them, oldest first.
async fn found(gateway: &Gateway) -> Vec<(NaiveDate, u64, u64, u64, Vec<String>, Vec<String>)> {
    let days = gateway.reconciliation("hunan").await.unwrap().days.into_iter().rev().filter(|day| day.theirs + day.ours > 0);
    days.map(|day| (day.day, day.theirs, day.ours, day.recovered, day.missing, day.surplus)).collect()
}

on_both_stores! {
    async fn what_is_missing_is_pulled_again(store: TestStore) {
        let clock = TestClock::new();
        let setting = Setting {
            platforms: vec![PlatformSetting { id: "hunan".into(), software: Software::Provincial, port: 0 }],
            behaviour: Behaviour::default(),
            gateway: None,
            clock: clock.now(),
        };
        let simulation = Simulation::start(&setting).unwrap();
        let plan = Plan::new(1, clock.clock().now());
        let filings: Vec<Filing> = Scenario::generate(plan).filings.into_iter().take(30).enumerate()
            .map(|(at, filing)| Filing { source_id: format!("XF{at:03}"), platform: "hunan".into(), ..filing })
            .collect();
        filings.iter().for_each(|filing| simulation.file(filing.clone()).unwrap());
        let gateway = start(&store, federation(&simulation), &clock);
        let hunan = gateway.federation().platform("hunan").unwrap().clone();
        // Five filings were entered behind our back, before the place where we read on.
        gateway.store().transaction(|c| platforms::save_cursor(c, "hunan", "petitions", Some("5"), Utc::now())).unwrap();
        assert_eq!(gateway.pull(&hunan, "petitions").await.unwrap().received.registered, 25);

        let day = |filing: &Filing| filing.submitted_at.with_timezone(&chrono_tz::Asia::Shanghai).date_naive();
        let (from, until) = (filings.iter().map(day).min().unwrap(), filings.iter().map(day).max().unwrap());
        gateway.reconcile(&hunan, from, until).await.unwrap();
        let days = found(&gateway).await;
        let sums = days.iter().fold((0, 0, 0), |sum, day| (sum.0 + day.1, sum.1 + day.2, sum.2 + day.3));
        assert_eq!(sums, (30, 30, 5));
        assert!(days.iter().all(|day| day.1 == day.2 && day.4.is_empty() && day.5.is_empty()), "{days:?}");

        // Compared again, digests agree and nothing more is asked for; what only we have is shown.
        let extra = serde_json::json!({
            "source_id": "OURS", "channel": "web", "kind": "request", "submitted_at": filings[0].submitted_at, "anonymous": true,
            "subject": "路灯", "content": "路灯不亮",
        });
        crate::support::gateway::file(&gateway, "hunan", extra).await;
        // The platform takes no request twice, and at one moment two would be the same.
        clock.advance(chrono::TimeDelta::seconds(1));
        gateway.reconcile(&hunan, from, until).await.unwrap();
        let surplus: Vec<(NaiveDate, Vec<String>)> =
            found(&gateway).await.into_iter().filter(|day| !day.5.is_empty()).map(|day| (day.0, day.5)).collect();
        assert_eq!(surplus, [(day(&filings[0]), vec!["OURS".to_owned()])]);
        assert!(gateway.reconcile(&hunan, until, from).await.is_err());
        simulation.stop().await;
    }

    async fn it_is_done_once_a_day_at_its_time(store: TestStore) {
        // The tests' clock begins at 09:00 in Shanghai.
        let clock = TestClock::new();
        let setting = Setting {
            platforms: vec![PlatformSetting { id: "hunan".into(), software: Software::Provincial, port: 0 }],
            behaviour: Behaviour::default(),
            gateway: None,
            clock: clock.now(),
        };
        let simulation = Simulation::start(&setting).unwrap();
        let submitted_at = "2026-03-01T10:00:00+08:00".parse().unwrap();
        let first = Scenario::generate(Plan::new(1, clock.clock().now())).filings.into_iter().next().unwrap();
        simulation.file(Filing { source_id: "XF1".into(), platform: "hunan".into(), submitted_at, ..first }).unwrap();
        let gateway = start_with(&store, federation(&simulation), &clock, |config| {
            config.reconciliation.at = "10:30".parse().unwrap();
        });
        let hunan = gateway.federation().platform("hunan").unwrap().clone();
        let health = async || gateway.platform("hunan").await.unwrap().unwrap();
        assert!(!gateway.reconcile_daily(&hunan).await.unwrap(), "it is not time yet");
        assert_eq!(health().await.last_reconciled_at, None);
        clock.advance(chrono::TimeDelta::minutes(100));
        assert!(gateway.reconcile_daily(&hunan).await.unwrap());
        assert_eq!(found(&gateway).await, [("2026-03-01".parse().unwrap(), 1, 1, 1, vec![], vec![])]);
        assert_eq!((health().await.last_reconciled_at, health().await.ledger_days_differing), (Some(clock.clock().now()), 0));
        clock.advance(chrono::TimeDelta::minutes(1));
        assert!(!gateway.reconcile_daily(&hunan).await.unwrap(), "it was done today");
        // What is found missing and cannot be pulled shows on the platform.
        let missing = Reconciled {
            day: "2026-03-01".parse().unwrap(), their_count: 2, our_count: 1, missing: vec!["XF2".into()], surplus: vec![], recovered: 0,
            checked_at: clock.clock().now(),
        };
        gateway.store().transaction(|c| reconciliations::keep(c, "hunan", &missing)).unwrap();
        assert_eq!((health().await.state, health().await.ledger_days_differing), (PlatformState::Lagging, 1));
        simulation.stop().await;
        // A connection that is still open may be answered once more.
        eventually("refused", async || {
            clock.advance(chrono::TimeDelta::days(1));
            gateway.reconcile_daily(&hunan).await.err()
        })
        .await;
        assert!(health().await.errors.iter().any(|error| error.code == "no_connection"));
    }
}
