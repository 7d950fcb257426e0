//! What is owed reaches the platforms: in order, once in effect, and no platform waits for another.

use std::{sync::Arc, time::Duration};

use crate::support::{
    gateway::{LI, TestClock, WANG, anonymous, eventually, file, link_all, noise, organization, start_with, view, wages},
    stores::{TestStore, on_both_stores},
};
use chrono::{DateTime, Utc};
use onecase::{
    adapter::Secrets,
    app::{
        FederatedPlatform, Federation, Gateway,
        query::{DeliveryFilter, Page, SubmissionFilter},
        view::{AttemptOutcome, DeliveryState},
    },
    domain::{
        case::CaseStatus,
        message::MessageKind,
        organization::Directory,
        platform::{Platform, PlatformKind},
        submission::{Channel, Kind, PetitionerRole},
    },
    simulate::{
        Behaviour, CallbackMode, Faults, Filing, Notice, NoticeKind, Person, PlatformSetting, Setting, Simulation, Situation, Software,
        Truth,
    },
    workers::Workers,
};

/// Simulated platforms and what the gateway knows of them.
struct Stage {
    simulation: Simulation,
    gateway: Gateway,
}

impl Stage {
    async fn new(store: &TestStore, clock: &TestClock) -> Self {
        let software = [
            ("hunan", Software::Provincial),
            ("national", Software::Provincial),
            ("mobile", Software::Mobile),
            ("sichuan", Software::Provincial),
        ];
        let simulation = Simulation::start(&Setting {
            platforms: software.map(|(id, software)| PlatformSetting { id: id.into(), software, port: 0 }).to_vec(),
            behaviour: Behaviour { accept_after_ms: 1, work_after_ms: 1, answer_after_ms: 1, extend_share: 0.0, ..Behaviour::default() },
            gateway: None,
            clock: clock.now(),
        })
        .unwrap();
        let gateway = start_with(store, federation(&simulation), clock, |config| {
            config.delivery.base_delay_ms = 1;
            config.delivery.max_delay_ms = 5;
            config.delivery.max_attempts = 4;
            config.delivery.give_up_after_ms = 0;
            config.delivery.circuit_pause_ms = 200;
            config.outbound.total_timeout_ms = 2_000;
        });
        Self { simulation, gateway }
    }

    fn faults(&self, platform: &str, faults: Faults) {
        self.simulation.platform(platform).unwrap().set_faults(faults);
    }

    /// A person files on a simulated platform, and the gateway asks that platform what is new; answers the submission's id.
    async fn file(&self, platform: &str, source_id: &str, person: (&str, &str), text: (&str, &str)) -> String {
        self.simulation.file(filed(platform, source_id, person, text, self.gateway.now())).unwrap();
        let federated = self.gateway.federation().platform(platform).unwrap().clone();
        self.gateway.pull(&federated, "petitions").await.unwrap();
        let filter = SubmissionFilter { platform: Some(platform.into()), source_id: Some(source_id.into()), ..SubmissionFilter::default() };
        self.gateway.submissions(filter, Page::default()).await.unwrap().items.remove(0).id
    }

    /// The case's body reports, and the gateway hears of it.
    async fn hear(&self, platform: &str) {
        let federated = self.gateway.federation().platform(platform).unwrap().clone();
        self.gateway.pull(&federated, "progress").await.unwrap();
    }

    fn notices(&self, platform: &str) -> Vec<Notice> {
        self.simulation.platform(platform).unwrap().received().notices
    }

    /// Sends what is due to a platform until nothing is, without waiting for pauses.
    async fn forward(&self, platform: &str) {
        let platform = self.gateway.federation().platform(platform).unwrap().clone();
        while self.gateway.forward(&platform).await.unwrap().delivered > 0 {}
    }

    async fn deliveries(&self, platform: &str, state: Option<DeliveryState>) -> Vec<onecase::app::view::DeliveryView> {
        let filter = DeliveryFilter { platform: Some(platform.into()), state, ..DeliveryFilter::default() };
        self.gateway.deliveries(filter, Page { limit: 200, after: None }).await.unwrap().items
    }
}

/// As a person filed it two hours ago.
fn filed(platform: &str, source_id: &str, person: (&str, &str), text: (&str, &str), now: DateTime<Utc>) -> Filing {
    Filing {
        source_id: source_id.into(),
        platform: platform.into(),
        channel: Channel::Web,
        kind: Kind::Request,
        submitted_at: (now - chrono::TimeDelta::hours(2)).fixed_offset(),
        persons: vec![Person {
            role: PetitionerRole::Petitioner,
            name: person.0.into(),
            id_number: Some(person.1.into()),
            phone: None,
            address: None,
            account: None,
        }],
        subject: text.0.into(),
        content: text.1.into(),
        division: "430102".into(),
        place: "金桂苑小区".into(),
        category: "环境保护/环境污染/噪音污染".into(),
        respondent: None,
        truth: Truth { case: source_id.into(), matter: source_id.into(), situation: Situation::Single },
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
                "sichuan" => (PlatformKind::Provincial, "510000"),
                _ => (PlatformKind::Mobile, "000000"),
            };
            FederatedPlatform {
                platform: Platform { id: running.id.clone(), name: running.id.clone(), kind, division: division.into() },
                adapter: Some(Arc::new(onecase::adapter::Adapter::load(&adapters.join(running.software.adapter())).unwrap())),
                base_url: Some(running.base_url()),
                secrets: Secrets::new(running.secrets()),
                pull_interval: Some(Duration::from_millis(20)),
                folder: None,
                tls: None,
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

const NOISE: (&str, &str) =
    ("幸福路工地夜间施工噪音", "幸福路88号金桂苑小区东侧工地每天凌晨两点仍在打桩，噪音很大，居民无法休息，请尽快处理。");
const NOISE_AGAIN: (&str, &str) =
    ("金桂苑旁工地半夜打桩扰民", "我住在幸福路88号金桂苑小区，东侧工地凌晨两点还在打桩，噪音太大，无法休息，多次反映没有处理。");
const WAGES: (&str, &str) = ("宏达纺织厂拖欠工资", "宏达纺织厂从去年九月起拖欠六十多名工人工资，老板躲着不见，希望劳动部门帮助讨回。");

on_both_stores! {
    async fn one_canonical_case_is_forwarded_and_every_source_is_told(store: TestStore) {
        let clock = TestClock::new();
        let stage = Stage::new(&store, &clock).await;
        let first = stage.file("national", "GJ-1", WANG, NOISE).await;
        let second = stage.file("sichuan", "SC-1", WANG, NOISE_AGAIN).await;
        link_all(&stage.gateway);
        for platform in ["hunan", "national", "sichuan"] {
            stage.forward(platform).await;
        }
        let case = view(&stage.gateway, &first).await.case.unwrap();
        assert_eq!(view(&stage.gateway, &second).await.case.unwrap().id, case.id);
        let forwards = stage.simulation.platform("hunan").unwrap().received().forwards;
        assert_eq!(forwards.len(), 1, "a duplicate produces no second forward");
        assert_eq!(forwards[0].case, case.id);
        assert_eq!(stage.notices("national")[0].kind, NoticeKind::Registered);
        let told = &stage.notices("sichuan")[0];
        assert_eq!(told.kind, NoticeKind::Duplicate);
        assert!(told.text.as_ref().unwrap().contains("湖南省信访局"), "told where it is handled");
    }

    async fn status_and_reply_come_back_to_all_sources(store: TestStore) {
        let clock = TestClock::new();
        let stage = Stage::new(&store, &clock).await;
        stage.file("national", "GJ-1", WANG, NOISE).await;
        stage.file("sichuan", "SC-1", WANG, NOISE_AGAIN).await;
        link_all(&stage.gateway);
        stage.forward("hunan").await;
        clock.advance(chrono::TimeDelta::seconds(5));
        stage.hear("hunan").await;
        for platform in ["national", "sichuan"] {
            stage.forward(platform).await;
            let kinds: Vec<_> = stage.notices(platform).iter().map(|notice| notice.kind).collect();
            assert!(matches!(kinds[0], NoticeKind::Registered | NoticeKind::Duplicate), "{kinds:?}");
            assert_eq!(kinds[1..], [NoticeKind::Status, NoticeKind::Status, NoticeKind::Status, NoticeKind::Reply], "in the order of what happened");
            for delivery in stage.deliveries(platform, None).await {
                let detail = stage.gateway.delivery(&delivery.id).await.unwrap().unwrap();
                assert_eq!(delivery.state, DeliveryState::Delivered);
                let last = detail.attempts.last().unwrap();
                assert_eq!(last.outcome, AttemptOutcome::Delivered);
                assert_eq!(last.request_sha256.as_ref().unwrap().len(), 64, "each delivery can be proved");
                assert_eq!(last.response_sha256.as_ref().unwrap().len(), 64);
            }
        }
    }

    async fn wechat_is_written_to_within_48_hours_and_notified_after_them(store: TestStore) {
        let clock = TestClock::new();
        let setting = Setting {
            platforms: vec![PlatformSetting { id: "wechat".into(), software: Software::Wechat(CallbackMode::Safe), port: 0 }],
            behaviour: Behaviour::default(),
            gateway: None,
            clock: clock.now(),
        };
        let simulation = Simulation::start(&setting).unwrap();
        let gateway = start_with(&store, federation(&simulation), &clock, |_| {});
        let wechat = gateway.federation().platform("wechat").unwrap().clone();
        let filing = filed("wechat", "WX-1", WANG, NOISE, gateway.now());
        let filing = Filing { persons: vec![Person { account: Some("oWang".into()), ..filing.persons[0].clone() }], ..filing };
        simulation.file(filing).unwrap();
        let told = async |source_id: &str| {
            let mut submission = noise(source_id, WANG);
            submission["petitioners"][0]["account"] = "oWang".into();
            file(&gateway, "wechat", submission).await;
            link_all(&gateway);
            while gateway.forward(&wechat).await.unwrap().delivered > 0 {}
            simulation.platform("wechat").unwrap().received().notices.into_iter().map(|notice| notice.kind).collect::<Vec<_>>()
        };
        clock.advance(chrono::TimeDelta::hours(47));
        assert_eq!(told("WX-1").await, [NoticeKind::Registered]);
        clock.advance(chrono::TimeDelta::hours(2));
        // The access token has ended meanwhile, too: a new one is asked for.
        assert_eq!(told("WX-2").await, [NoticeKind::Registered, NoticeKind::Subscribed]);
        simulation.stop().await;
    }

    async fn a_report_that_comes_before_its_receipt_waits_for_it(store: TestStore) {
        let clock = TestClock::new();
        let stage = Stage::new(&store, &clock).await;
        let filed = stage.file("national", "GJ-1", WANG, NOISE).await;
        link_all(&stage.gateway);
        stage.faults("hunan", Faults { lost_reply_share: 1.0, ..Faults::default() });
        stage.forward("hunan").await;
        stage.faults("hunan", Faults::default());
        clock.advance(chrono::TimeDelta::seconds(5));
        stage.hear("hunan").await;
        assert_eq!(view(&stage.gateway, &filed).await.case.unwrap().status, CaseStatus::Routed, "nobody knows the receipt yet");
        let waiting = stage.gateway.parked_updates("hunan").await.unwrap();
        assert!(!waiting.is_empty() && waiting.iter().all(|report| report.expires_at == report.received_at + chrono::TimeDelta::days(30)));
        clock.advance(chrono::TimeDelta::minutes(1));
        stage.forward("hunan").await;
        assert_eq!(view(&stage.gateway, &filed).await.case.unwrap().status, CaseStatus::Answered);
        assert_eq!(stage.gateway.parked_updates("hunan").await.unwrap(), []);
    }

    async fn a_lost_reply_leads_to_one_effect(store: TestStore) {
        let clock = TestClock::new();
        let stage = Stage::new(&store, &clock).await;
        stage.faults("hunan", Faults { lost_reply_share: 0.9, seed: 3, ..Faults::default() });
        for number in 0..6 {
            file(&stage.gateway, "mobile", anonymous(wages(&format!("1000{number}"), WANG))).await;
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
        let clock = TestClock::new();
        let stage = Stage::new(&store, &clock).await;
        stage.faults("hunan", Faults { down: true, ..Faults::default() });
        stage.file("national", "GJ-1", WANG, NOISE).await;
        stage.file("national", "GJ-2", LI, WAGES).await;
        link_all(&stage.gateway);
        let workers = Workers::start(&stage.gateway);
        let told = || async {
            clock.advance(chrono::TimeDelta::milliseconds(100));
            (stage.notices("national").len() == 2).then_some(())
        };
        eventually("the living platform is told", told).await;
        assert!(stage.deliveries("hunan", Some(DeliveryState::Delivered)).await.is_empty());
        workers.stop().await;
        let hunan = stage.gateway.platform("hunan").await.unwrap().unwrap();
        assert!(hunan.last_error.is_some(), "and the dead one's page says why");
    }

    async fn what_is_given_up_can_be_requeued(store: TestStore) {
        let clock = TestClock::new();
        let stage = Stage::new(&store, &clock).await;
        stage.faults("hunan", Faults { error_share: 1.0, ..Faults::default() });
        file(&stage.gateway, "mobile", noise("10001", WANG)).await;
        link_all(&stage.gateway);
        for _ in 0..4 {
            stage.forward("hunan").await;
            clock.advance(chrono::TimeDelta::minutes(1));
        }
        let dead = stage.deliveries("hunan", Some(DeliveryState::Dead)).await;
        assert_eq!((dead.len(), dead[0].attempts, dead[0].kind), (1, 4, MessageKind::CaseForwarded));
        assert!(dead[0].last_error.is_some());
        stage.faults("hunan", Faults::default());
        assert_eq!(stage.gateway.requeue_all(Some("mobile")).await.unwrap(), 0, "nothing of that platform is dead");
        assert_eq!(stage.gateway.requeue_all(Some("hunan")).await.unwrap(), 1);
        assert_eq!(stage.gateway.requeue(&dead[0].id).await.unwrap(), None, "it is not dead any more");
        stage.forward("hunan").await;
        assert_eq!(stage.deliveries("hunan", Some(DeliveryState::Delivered)).await.len(), 1);
        let detail = stage.gateway.delivery(&dead[0].id).await.unwrap().unwrap();
        assert_eq!(detail.attempts.len(), 5, "every attempt is kept");
    }
}
