//! What is owed reaches the platforms: in order, once in effect, and no platform waits for another.

use std::{sync::Arc, time::Duration};

use chrono::Utc;
use onecase::{
    adapter::Secrets,
    app::{
        FederatedPlatform, Federation, Gateway,
        query::{DeliveryFilter, Page},
        view::{AttemptOutcome, DeliveryState},
    },
    domain::{
        message::MessageKind,
        organization::Directory,
        platform::{Platform, PlatformKind},
    },
    simulate::{Behaviour, CallbackMode, Faults, NoticeKind, PlatformSetting, Setting, Simulation, Software},
    workers::Workers,
};
use serde_json::json;

use crate::support::{
    gateway::{LI, TestClock, WANG, anonymous, eventually, file, link_all, noise, noise_reworded, organization, start_with, view, wages},
    stores::{TestStore, on_both_stores},
};

/// Simulated platforms and what the gateway knows of them.
struct Stage {
    simulation: Simulation,
    gateway: Gateway,
}

impl Stage {
    async fn new(store: &TestStore) -> Self {
        Self::on(store, &TestClock::new()).await
    }

    async fn on(store: &TestStore, clock: &TestClock) -> Self {
        let software = [("hunan", Software::Provincial), ("national", Software::Provincial), ("mobile", Software::Mobile), ("wechat", Software::Wechat(CallbackMode::Safe))];
        let simulation = Simulation::start(&Setting {
            platforms: software.map(|(id, software)| PlatformSetting { id: id.into(), software, port: 0 }).to_vec(),
            behaviour: Behaviour { accept_after_ms: 1, work_after_ms: 1, answer_after_ms: 1, ..Behaviour::default() },
            gateway: None,
            clock: Arc::new(Utc::now),
        })
        .unwrap();
        let gateway = start_with(store, federation(&simulation), clock, |config| {
            config.delivery.base_delay_ms = 1;
            config.delivery.max_delay_ms = 5;
            config.delivery.max_attempts = 4;
            config.delivery.circuit_pause_ms = 200;
            config.outbound.total_timeout_ms = 2_000;
        });
        Self { simulation, gateway }
    }

    fn faults(&self, platform: &str, faults: Faults) {
        self.simulation.platform(platform).unwrap().set_faults(faults);
    }

    /// Files on a platform the way its simulator would, so that it knows the filing.
    async fn file(&self, platform: &str, filing: serde_json::Value) -> String {
        file(&self.gateway, platform, filing).await.id
    }

    /// Sends what is due to a platform until nothing is, without waiting for pauses.
    async fn forward(&self, platform: &str) {
        let platform = self.gateway.federation().platform(platform).unwrap().clone();
        while self.gateway.forward(&platform).await.unwrap().delivered > 0 {}
    }

    async fn deliveries(&self, platform: &str, state: Option<DeliveryState>) -> Vec<onecase::app::view::DeliveryView> {
        let filter = DeliveryFilter { platform: Some(platform.into()), state, case: None };
        self.gateway.deliveries(filter, Page { limit: 200, after: None }).await.unwrap().items
    }
}

fn federation(simulation: &Simulation) -> Federation {
    let adapters = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters");
    let platforms = simulation
        .platforms()
        .map(|running| {
            let (kind, division) = match running.id.as_str() {
                "hunan" => (PlatformKind::Provincial, "430000"),
                "national" => (PlatformKind::National, "000000"),
                "mobile" => (PlatformKind::Mobile, "000000"),
                _ => (PlatformKind::Wechat, "000000"),
            };
            FederatedPlatform {
                platform: Platform { id: running.id.clone(), name: running.id.clone(), kind, division: division.into() },
                adapter: Some(Arc::new(onecase::adapter::Adapter::load(&adapters.join(running.software.adapter())).unwrap())),
                base_url: Some(running.base_url()),
                secrets: Secrets::new(running.secrets()),
                pull_interval: Some(Duration::from_millis(20)),
            }
        })
        .collect();
    let directory = Directory::new(vec![
        organization("nation", "国家信访局", "000000", None, Some("national")),
        organization("hunan-office", "湖南省信访局", "430000", Some("nation"), Some("hunan")),
    ])
    .unwrap();
    Federation::new(platforms, directory)
}

/// With a WeChat account, where answers go.
fn with_account(mut filing: serde_json::Value, account: &str) -> serde_json::Value {
    filing["channel"] = json!("wechat");
    filing["petitioners"][0]["account"] = json!(account);
    filing
}

on_both_stores! {
    async fn one_canonical_case_is_forwarded_and_every_source_is_told(store: TestStore) {
        let stage = Stage::new(&store).await;
        let first = stage.file("wechat", with_account(noise("10001", WANG), "openid-wang")).await;
        let second = stage.file("wechat", with_account(noise_reworded("10002", WANG), "openid-wang")).await;
        link_all(&stage.gateway);
        for platform in ["hunan", "wechat"] {
            stage.forward(platform).await;
        }
        let case = view(&stage.gateway, &first).await.case.unwrap();
        assert_eq!(view(&stage.gateway, &second).await.case.unwrap().id, case.id);
        let forwards = stage.simulation.platform("hunan").unwrap().received().forwards;
        assert_eq!(forwards.len(), 1, "a duplicate produces no second forward");
        assert_eq!(forwards[0].case, case.id);
        let notices = stage.simulation.platform("wechat").unwrap().received().notices;
        let kinds: Vec<_> = notices.iter().map(|notice| notice.kind).collect();
        assert_eq!(kinds, [NoticeKind::Registered, NoticeKind::Duplicate], "in the order of what happened");
        assert!(notices[1].text.as_ref().unwrap().contains("湖南省信访局"), "told where it is handled");
    }

    async fn status_and_reply_come_back_to_all_sources(store: TestStore) {
        let stage = Stage::new(&store).await;
        stage.file("wechat", with_account(noise("10001", WANG), "openid-wang")).await;
        stage.file("wechat", with_account(noise_reworded("10002", WANG), "openid-wang")).await;
        let workers = Workers::start(&stage.gateway);
        let replies = || async {
            let notices = stage.simulation.platform("wechat").unwrap().received().notices;
            let replies = notices.iter().filter(|notice| notice.kind == NoticeKind::Reply).count();
            (replies == 2).then_some(notices)
        };
        let notices = eventually("the answer is back for both filings", replies).await;
        assert!(notices.iter().any(|notice| notice.kind == NoticeKind::Status));
        workers.stop().await;
        for delivery in stage.deliveries("wechat", None).await {
            let detail = stage.gateway.delivery(&delivery.id).await.unwrap().unwrap();
            assert_eq!(delivery.state, DeliveryState::Delivered);
            let last = detail.attempts.last().unwrap();
            assert_eq!(last.outcome, AttemptOutcome::Delivered);
            assert_eq!(last.request_sha256.as_ref().unwrap().len(), 64, "each delivery can be proved");
            assert_eq!(last.response_sha256.as_ref().unwrap().len(), 64);
        }
    }

    async fn a_lost_reply_leads_to_one_effect(store: TestStore) {
        let clock = TestClock::new();
        let stage = Stage::on(&store, &clock).await;
        stage.faults("hunan", Faults { lost_reply_share: 0.9, seed: 3, ..Faults::default() });
        for number in 0..6 {
            stage.file("mobile", anonymous(wages(&format!("1000{number}"), WANG))).await;
        }
        link_all(&stage.gateway);
        stage.forward("hunan").await;
        stage.faults("hunan", Faults::default());
        let delivered = || async {
            clock.advance(chrono::TimeDelta::minutes(1));
            stage.forward("hunan").await;
            stage.deliveries("hunan", Some(DeliveryState::Pending)).await.is_empty().then_some(())
        };
        eventually("all is delivered", delivered).await;
        let forwards = stage.simulation.platform("hunan").unwrap().received().forwards;
        assert_eq!(forwards.len(), 6, "each case once");
        assert!(forwards.iter().any(|forward| forward.times > 1), "and some were sent again");
    }

    async fn a_dead_platform_delays_no_other(store: TestStore) {
        let stage = Stage::new(&store).await;
        stage.faults("hunan", Faults { down: true, ..Faults::default() });
        stage.file("wechat", with_account(noise("10001", WANG), "openid-wang")).await;
        stage.file("wechat", with_account(wages("10002", LI), "openid-li")).await;
        link_all(&stage.gateway);
        let workers = Workers::start(&stage.gateway);
        let told = || async { (stage.simulation.platform("wechat").unwrap().received().notices.len() == 2).then_some(()) };
        eventually("the living platform is told", told).await;
        assert!(stage.deliveries("hunan", Some(DeliveryState::Delivered)).await.is_empty());
        workers.stop().await;
        let hunan = stage.gateway.platform("hunan").await.unwrap().unwrap();
        assert!(hunan.last_error.is_some(), "and the dead one's page says why");
    }

    async fn what_is_given_up_can_be_requeued(store: TestStore) {
        let clock = TestClock::new();
        let stage = Stage::on(&store, &clock).await;
        stage.faults("hunan", Faults { error_share: 1.0, ..Faults::default() });
        stage.file("mobile", noise("10001", WANG)).await;
        link_all(&stage.gateway);
        for _ in 0..4 {
            stage.forward("hunan").await;
            clock.advance(chrono::TimeDelta::minutes(1));
        }
        let dead = stage.deliveries("hunan", Some(DeliveryState::Dead)).await;
        assert_eq!((dead.len(), dead[0].attempts, dead[0].kind), (1, 4, MessageKind::CaseForwarded));
        assert!(dead[0].last_error.is_some());
        stage.faults("hunan", Faults::default());
        stage.gateway.requeue(&dead[0].id).await.unwrap();
        stage.forward("hunan").await;
        assert_eq!(stage.deliveries("hunan", Some(DeliveryState::Delivered)).await.len(), 1);
        let detail = stage.gateway.delivery(&dead[0].id).await.unwrap().unwrap();
        assert_eq!(detail.attempts.len(), 5, "every attempt is kept");
    }
}
