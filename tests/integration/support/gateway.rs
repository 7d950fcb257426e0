//! A gateway for tests: federation in code, store given, time set by the test.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use onecase::{
    adapter::Secrets,
    app::{Clock, FederatedPlatform, Federation, Gateway, LinkerState, Parts, Registered, SubmitError, view::SubmissionView},
    config::{Config, KeyMaterial},
    domain::{
        organization::{Directory, Organization},
        platform::{Platform, PlatformKind},
        submission::Submission,
    },
};
use serde_json::{Value, json};

use super::stores::TestStore;

/// A clock that stands still until it is moved.
#[derive(Clone)]
pub struct TestClock(Arc<AtomicI64>);

impl TestClock {
    pub fn new() -> Self {
        let start: DateTime<Utc> = "2026-03-02T01:00:00Z".parse().unwrap();
        Self(Arc::new(AtomicI64::new(start.timestamp_millis())))
    }

    pub fn advance(&self, by: TimeDelta) {
        self.0.fetch_add(by.num_milliseconds(), Ordering::SeqCst);
    }

    /// The same time for a simulation.
    pub fn now(&self) -> Arc<dyn Fn() -> DateTime<Utc> + Send + Sync> {
        let clock = self.clock();
        Arc::new(move || clock.now())
    }

    pub fn clock(&self) -> Clock {
        let millis = Arc::clone(&self.0);
        Clock::new(move || DateTime::from_timestamp_millis(millis.load(Ordering::SeqCst)).unwrap())
    }
}

/// A platform that speaks the exchange format itself.
pub fn platform(id: &str, kind: PlatformKind, division: &str) -> FederatedPlatform {
    FederatedPlatform {
        platform: Platform { id: id.into(), name: format!("平台{id}"), kind, division: division.into() },
        adapter: None,
        base_url: None,
        secrets: Secrets::default(),
        pull_interval: None,
        folder: None,
        tls: None,
    }
}

pub fn organization(id: &str, name: &str, division: &str, parent: Option<&str>, platform: Option<&str>) -> Organization {
    Organization {
        id: id.into(),
        name: name.into(),
        division: division.into(),
        parent: parent.map(Into::into),
        platform: platform.map(Into::into),
        categories: Vec::new(),
    }
}

/// Hunan, a mobile application and a WeChat account; one city's office is not connected.
pub fn federation() -> Federation {
    let directory = Directory::new(vec![
        organization("nation", "国家信访局", "000000", None, Some("national")),
        organization("hunan-office", "湖南省信访局", "430000", Some("nation"), Some("hunan")),
        organization("changsha-office", "长沙市信访局", "430100", Some("hunan-office"), None),
        organization("zhuzhou-office", "株洲市信访局", "430200", Some("hunan-office"), Some("hunan")),
    ])
    .unwrap();
    let platforms = vec![
        platform("national", PlatformKind::National, "000000"),
        platform("hunan", PlatformKind::Provincial, "430000"),
        platform("mobile", PlatformKind::Mobile, "000000"),
        platform("wechat", PlatformKind::Wechat, "000000"),
    ];
    Federation::new(platforms, directory)
}

/// The nation, a province and a city, each on a platform of its own.
pub fn three_levels() -> Federation {
    let directory = Directory::new(vec![
        organization("nation", "国家信访局", "000000", None, Some("national")),
        organization("hunan-office", "湖南省信访局", "430000", Some("nation"), Some("hunan")),
        organization("changsha-office", "长沙市信访局", "430100", Some("hunan-office"), Some("changsha")),
        organization("zhuzhou-office", "株洲市信访局", "430200", Some("hunan-office"), Some("hunan")),
        organization("xiangtan-office", "湘潭市信访局", "430300", Some("hunan-office"), None),
    ])
    .unwrap();
    let platforms = vec![
        platform("national", PlatformKind::National, "000000"),
        platform("hunan", PlatformKind::Provincial, "430000"),
        platform("changsha", PlatformKind::Provincial, "430100"),
        platform("mobile", PlatformKind::Mobile, "000000"),
    ];
    Federation::new(platforms, directory)
}

pub fn start(store: &TestStore, federation: Federation, clock: &TestClock) -> Gateway {
    start_with(store, federation, clock, |_| {})
}

/// As [`start`], with a configuration of the test's own.
pub fn start_with(store: &TestStore, federation: Federation, clock: &TestClock, configure: impl FnOnce(&mut Config)) -> Gateway {
    let mut config = Config::default();
    config.store.url = store.url.clone();
    config.store.connections = 4;
    config.outbound.allow_private_addresses = true;
    configure(&mut config);
    let keys = KeyMaterial::new([7; 32], [9; 32]);
    Gateway::start(Parts::new(&config, &keys, federation, clock.clock()).unwrap())
}

/// Registers a filing and answers its id.
pub async fn file(gateway: &Gateway, platform: &str, submission: Value) -> Registered {
    try_file(gateway, platform, submission).await.unwrap()
}

pub async fn try_file(gateway: &Gateway, platform: &str, submission: Value) -> Result<Registered, SubmitError> {
    let submission: Submission = serde_json::from_value(submission).unwrap();
    gateway.submit(platform, submission, None).await
}

/// Becomes the linker and links all there is.
pub fn link_all(gateway: &Gateway) {
    let mut state = gateway.take_linker().unwrap().expect("nobody else links");
    link_on(gateway, &mut state);
    gateway.release_linker(&state).unwrap();
}

pub fn link_on(gateway: &Gateway, state: &mut LinkerState) {
    while gateway.link_batch(state).unwrap().linked > 0 {}
}

pub async fn view(gateway: &Gateway, id: &str) -> SubmissionView {
    gateway.submission(id).await.unwrap().expect("a registered submission")
}

/// Waits for something to become true; fails after half a minute.
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    for _ in 0..1_500 {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("not within 30 s: {what}");
}

/// People with valid identity numbers.
pub const WANG: (&str, &str) = ("王小明", "11010519491231002X");
pub const LI: (&str, &str) = ("李建国", "440524188001010014");

/// A filing about noise at a building site, as one person puts it.
pub fn noise(source_id: &str, person: (&str, &str)) -> Value {
    filing(
        source_id,
        person,
        "幸福路工地夜间施工噪音",
        "幸福路88号金桂苑小区东侧工地每天凌晨两点仍在打桩，噪音很大，居民无法休息，请尽快处理。",
    )
}

/// The same matter in other words.
pub fn noise_reworded(source_id: &str, person: (&str, &str)) -> Value {
    filing(
        source_id,
        person,
        "金桂苑旁工地半夜打桩扰民",
        "我住在幸福路88号金桂苑小区，东侧工地凌晨两点还在打桩，噪音太大，无法休息，多次反映没有处理。",
    )
}

pub fn wages(source_id: &str, person: (&str, &str)) -> Value {
    filing(source_id, person, "宏达纺织厂拖欠工资", "宏达纺织厂从去年九月起拖欠六十多名工人工资，老板躲着不见，希望劳动部门帮助讨回。")
}

pub fn filing(source_id: &str, (name, number): (&str, &str), subject: &str, content: &str) -> Value {
    json!({
        "source_id": source_id, "channel": "web", "kind": "request", "submitted_at": "2026-03-01T09:30:00+08:00",
        "petitioners": [{ "name": name, "id_document": { "type": "resident_id", "number": number } }],
        "subject": subject, "content": content, "division": "430102"
    })
}

/// Takes the petitioners away.
pub fn anonymous(mut filing: Value) -> Value {
    filing["anonymous"] = json!(true);
    filing["petitioners"] = json!([]);
    filing
}

/// Hunan's platform reports on a case; `number` tells its reports on it apart, `more` are further members.
pub async fn report(gateway: &Gateway, case: &str, number: u32, status: &str, more: Value) {
    let mut update = json!({
        "update_id": format!("{case}-{number}"), "reference": { "case": case }, "status": status,
        "occurred_at": gateway.now().to_rfc3339(),
    });
    update.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    gateway.report("hunan", serde_json::from_value(update).unwrap()).await.unwrap();
}
