//! The log is the truth: however it was cut into batches and whenever the linker was restarted, the same filings and
//! rulings give the same cases; a replay from nothing agrees; and every filing is in exactly one case.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use onecase::{
    app::{Decree, Gateway, LinkerState, RuleError, What, replay},
    matching::Model,
    store::links,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{
    gateway::{LI, TestClock, WANG, anonymous, federation, file, filing, link_on, start_with, view},
    stores::{TestStore, on_both_stores},
};

const PLATFORMS: [&str; 4] = ["hunan", "mobile", "wechat", "national"];
const TEXTS: [(&str, &str); 5] = [
    ("幸福路工地夜间施工噪音", "幸福路88号金桂苑小区东侧工地每天凌晨两点仍在打桩，噪音很大，居民无法休息，请尽快处理。"),
    ("金桂苑旁工地半夜打桩扰民", "我住在幸福路88号金桂苑小区，东侧工地凌晨两点还在打桩，噪音太大，无法休息，多次反映没有处理。"),
    ("宏达纺织厂拖欠工资", "宏达纺织厂从去年九月起拖欠六十多名工人工资，老板躲着不见，希望劳动部门帮助讨回。"),
    ("宏达纺织厂欠薪", "宏达纺织厂去年九月起一直拖欠工人工资，六十多人没拿到钱，请劳动部门帮忙。"),
    ("投诉", "请处理"),
];

/// One thing that happens. Numbers choose among what is there by then.
#[derive(Clone, Debug)]
enum Step {
    File {
        platform: usize,
        person: usize,
        text: usize,
    },
    /// The linker catches up.
    Link,
    Merge(usize, usize),
    KeepApart(usize, usize),
    Release(usize, usize),
    /// Takes the filings whose bits are set out of the case.
    Split(usize, u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let pair = || (0..16_usize, 0..16_usize);
    let step = prop_oneof![
        8 => (0..PLATFORMS.len(), 0..3_usize, 0..TEXTS.len()).prop_map(|(platform, person, text)| Step::File { platform, person, text }),
        2 => Just(Step::Link),
        3 => pair().prop_map(|(a, b)| Step::Merge(a, b)),
        1 => pair().prop_map(|(a, b)| Step::KeepApart(a, b)),
        1 => pair().prop_map(|(a, b)| Step::Release(a, b)),
        3 => (0..16_usize, any::<u8>()).prop_map(|(case, bits)| Step::Split(case, bits)),
    ];
    proptest::collection::vec(step, 1..40)
}

/// A gateway with its linker, and the filings in the order they came.
struct Run<'t> {
    store: &'t TestStore,
    clock: TestClock,
    batch: usize,
    /// The linker starts anew after so many steps; 0 is never.
    restart: usize,
    gateway: Gateway,
    state: LinkerState,
    filings: Vec<String>,
}

fn open(store: &TestStore, clock: &TestClock, batch: usize) -> Gateway {
    start_with(store, federation(), clock, |config| config.linker.batch = batch)
}

impl<'t> Run<'t> {
    fn new(store: &'t TestStore, batch: usize, restart: usize) -> Self {
        let clock = TestClock::new();
        let gateway = open(store, &clock, batch);
        let state = gateway.take_linker().unwrap().unwrap();
        Self { store, clock, batch, restart, gateway, state, filings: Vec::new() }
    }

    fn restart(&mut self) {
        self.gateway.release_linker(&self.state).unwrap();
        self.gateway = open(self.store, &self.clock, self.batch);
        self.state = self.gateway.take_linker().unwrap().unwrap();
    }

    async fn run(&mut self, steps: &[Step]) {
        for (number, step) in steps.iter().enumerate() {
            if self.restart > 0 && number % self.restart == self.restart - 1 {
                self.restart();
            }
            self.step(step).await;
        }
        link_on(&self.gateway, &mut self.state);
    }

    async fn step(&mut self, step: &Step) {
        if let Step::File { platform, person, text } = step {
            let (subject, content) = TEXTS[*text];
            let person_of = [WANG, LI];
            let body = filing(&format!("F-{}", self.filings.len()), person_of[person % 2], subject, content);
            let body = if *person == 2 { anonymous(body) } else { body };
            self.filings.push(file(&self.gateway, PLATFORMS[*platform], body).await.id);
            return;
        }
        // Rulings are about what is linked: the log is linked to its end first, in every run.
        link_on(&self.gateway, &mut self.state);
        let cases = self.cases().await;
        if cases.is_empty() {
            return;
        }
        let named = |number: usize| cases[number % cases.len()].0.clone();
        let decree = || Decree { actor: "审核员甲".into(), reason: "当面核实".into(), expected_version: None, other_version: None };
        let outcome = match step {
            Step::File { .. } | Step::Link => return,
            Step::Merge(a, b) => self.gateway.merge(&named(*a), &named(*b), decree()).await,
            Step::KeepApart(a, b) => self.gateway.keep_apart(&named(*a), &named(*b), decree()).await,
            Step::Release(a, b) => self.gateway.release(&named(*a), &named(*b), decree()).await,
            Step::Split(case, bits) => {
                let members = cases[case % cases.len()].1.clone();
                let leaving = members.into_iter().enumerate().filter(|(at, _)| bits >> (at % 8) & 1 == 1).map(|(_, id)| id).collect();
                self.gateway.split(&named(*case), leaving, decree()).await
            }
        };
        match outcome {
            Ok(_) | Err(RuleError::SameCase | RuleError::KeptApart | RuleError::NotApart | RuleError::BadSplit) => {}
            Err(error) => panic!("{error}"),
        }
    }

    /// Cases with their filings, by the first of them: runs name cases differently, but order them alike.
    async fn cases(&self) -> Vec<(String, Vec<String>)> {
        let mut cases: Vec<(String, Vec<String>)> = Vec::new();
        for id in &self.filings {
            let case = view(&self.gateway, id).await.case.unwrap().id;
            match cases.iter_mut().find(|(known, _)| *known == case) {
                Some((_, filings)) => filings.push(id.clone()),
                None => cases.push((case, vec![id.clone()])),
            }
        }
        cases
    }

    /// For every filing, the first filing of its case and of its matter.
    async fn partition(&self) -> Vec<(usize, Value)> {
        let mut first = BTreeMap::new();
        let mut matters = BTreeMap::new();
        let mut partition = Vec::new();
        for (at, id) in self.filings.iter().enumerate() {
            let case = view(&self.gateway, id).await.case.unwrap().id;
            let matter = self.gateway.case(&case).await.unwrap().unwrap().matter;
            let in_case = *first.entry(case).or_insert(at);
            partition.push((in_case, matter.map_or(Value::Null, |matter| json!(*matters.entry(matter).or_insert(at)))));
        }
        partition
    }
}

fn check(store: &TestStore, steps: &[Step], batch: usize, restart: usize) {
    actix_web::rt::System::new().block_on(async {
        let plain_store = TestStore::sqlite();
        let mut plain = Run::new(&plain_store, 256, 0);
        let mut run = Run::new(store, batch, restart);
        plain.run(steps).await;
        run.run(steps).await;
        assert_eq!(run.partition().await, plain.partition().await, "batches of {batch}, a restart every {restart} steps");

        let cases = run.cases().await;
        let in_cases: usize = cases.iter().map(|(_, filings)| filings.len()).sum();
        let different: BTreeSet<&String> = cases.iter().flat_map(|(_, filings)| filings).collect();
        assert_eq!((in_cases, different.len()), (run.filings.len(), run.filings.len()), "every filing is in exactly one case");
        for (case, filings) in &cases {
            assert_eq!(run.gateway.case(case).await.unwrap().unwrap().submissions, filings.len() as u64, "{case}");
        }

        let replayed = replay(run.gateway.store(), Model::default(), |_| {}).unwrap();
        assert_eq!(replayed.differences, 0, "{:#?}", replayed.first);
        assert_eq!((replayed.submissions, replayed.cases), (run.filings.len() as u64, cases.len() as u64));
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, max_shrink_iters: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_same_log_gives_the_same_cases(steps in steps(), batch in 1..6_usize, restart in 0..7_usize) {
        check(&TestStore::sqlite(), &steps, batch, restart);
    }
}

proptest! {
    // A database is made for each: fewer, and the same store for all would mix their logs.
    #![proptest_config(ProptestConfig { cases: 6, max_shrink_iters: 20, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_same_log_gives_the_same_cases_on_postgres(steps in steps(), batch in 1..6_usize, restart in 0..7_usize) {
        check(&TestStore::postgres(), &steps, batch, restart);
    }
}

/// Somebody changes what the store holds behind the program's back.
fn alter(store: &TestStore, sql: &str) -> usize {
    use diesel::{Connection, PgConnection, RunQueryDsl, SqliteConnection, sql_query};
    if store.is_postgres() {
        sql_query(sql).execute(&mut PgConnection::establish(&store.url).unwrap()).unwrap()
    } else {
        let path = store.url.trim_start_matches("sqlite:");
        sql_query(sql).execute(&mut SqliteConnection::establish(path).unwrap()).unwrap()
    }
}

/// Runs the program on a store; its status and what it says.
fn audit(store: &TestStore, arguments: &[&str]) -> (Option<i32>, Value) {
    let config = store.directory().join("federation.toml");
    std::fs::write(&config, format!("[store]\nurl = \"{}\"\n", store.url)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_onecase"));
    command.args(["audit", "replay", "--config"]).arg(&config).args(["--json", "--quiet"]).args(arguments);
    let output = command.env("ONECASE_MASTER_KEY", "07".repeat(32)).env("ONECASE_FEDERATION_KEY", "09".repeat(32)).output().unwrap();
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_default())
}

on_both_stores! {
    async fn a_replay_finds_what_the_log_does_not_explain(store: TestStore) {
        let mut run = Run::new(&store, 2, 0);
        let file = |person, text| Step::File { platform: text, person, text };
        run.run(&[file(0, 0), file(0, 1), file(1, 2), Step::Merge(0, 1), file(1, 3), Step::Split(0, 2)]).await;
        let (status, found) = audit(&store, &[]);
        assert_eq!((status, &found["differences"], &found["submissions"], &found["rulings"]), (Some(0), &json!(0), &json!(4), &json!(2)), "{found}");

        let cases = run.cases().await;
        run.gateway.store().transaction(|c| links::move_to(c, &[1], &cases[1].0)).unwrap();
        let replayed = replay(run.gateway.store(), Model::default(), |_| {}).unwrap();
        assert!(replayed.first.iter().any(|difference| difference.what == What::Case && difference.position == 1), "{replayed:#?}");
        assert!(replayed.first.iter().any(|difference| difference.what == What::CaseSize));
        let (status, found) = audit(&store, &[]);
        assert_eq!((status, &found["first"][0]["what"]), (Some(1), &json!("case")), "{found}");
        assert_eq!(audit(&store, &["--model", "none.toml"]).0, Some(2));
    }

    async fn a_replay_fails_when_a_row_was_altered(store: TestStore) {
        let fresh = || if store.is_postgres() { TestStore::postgres() } else { TestStore::sqlite() };
        let file = |platform, person, text| Step::File { platform, person, text };
        // Two cases of one matter, of two filings each; a case of its own; two that a person merged.
        let log = [
            file(0, 0, 0), file(1, 1, 0), file(2, 0, 1), file(3, 1, 1), file(0, 0, 2), file(1, 1, 4), file(2, 0, 4), Step::Merge(3, 4),
        ];
        for (sql, what) in [
            ("UPDATE cases SET submission_count = submission_count + 0", None),
            ("UPDATE links SET decided_case = 5 WHERE submission_seq = 3", Some(What::Decision)),
            ("UPDATE links SET case_id = (SELECT case_id FROM links WHERE submission_seq = 5) WHERE submission_seq = 1", Some(What::Case)),
            ("DELETE FROM links WHERE submission_seq = 4", Some(What::NotLinked)),
            ("UPDATE cases SET submission_count = submission_count + 1 WHERE founding_seq = 1", Some(What::CaseSize)),
            ("UPDATE matters SET case_count = case_count + 1", Some(What::MatterSize)),
            ("UPDATE cases SET matter_id = NULL WHERE founding_seq = 2", Some(What::Matter)),
            ("DELETE FROM rulings", Some(What::Case)),
            (
                "UPDATE submissions SET fingerprint = (SELECT fingerprint FROM submissions WHERE seq = 5) WHERE seq = 3",
                Some(What::Decision),
            ),
        ] {
            let store = fresh();
            let mut run = Run::new(&store, 3, 0);
            run.run(&log).await;
            assert!(alter(&store, sql) > 0, "{sql}: nothing was altered");
            let found = replay(run.gateway.store(), Model::default(), |_| {}).unwrap();
            assert_eq!(found.differences > 0, what.is_some(), "{sql}: {found:#?}");
            assert!(what.is_none_or(|what| found.first.iter().any(|difference| difference.what == what)), "{sql}: {found:#?}");
        }
    }
}
