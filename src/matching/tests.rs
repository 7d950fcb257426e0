//! Properties of the linker over random logs.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use proptest::prelude::*;

use super::{
    Decided, Decision, FederationKey, Fingerprint, Fingerprinter, Linker, Model, Outcome, Person, Record, Ruling, RulingError, cases_of,
};

const TEXTS: [(&str, &str); 5] = [
    ("幸福路工地夜间施工噪音", "幸福路88号金桂苑小区东侧工地每天凌晨两点仍在打桩，噪音很大，居民无法休息，请尽快处理。"),
    ("金桂苑旁工地半夜打桩扰民", "我住在幸福路88号金桂苑小区，东侧工地凌晨两点还在打桩，噪音太大，无法休息，多次反映没有处理。"),
    ("宏达纺织厂拖欠工资", "宏达纺织厂从去年九月起拖欠六十多名工人工资，老板躲着不见，希望劳动部门帮助讨回。"),
    ("投诉", "请处理"),
    ("", ""),
];
const PHONES: [&str; 4] = ["13800000001", "13900000002", "13700000003", "15800000004"];

#[derive(Debug, Clone)]
enum Step {
    File { person: Option<usize>, text: usize, platform: usize },
    Split { at: usize },
    Merge { a: usize, b: usize },
    KeepApart { a: usize, b: usize },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (proptest::option::of(0..PHONES.len()), 0..TEXTS.len(), 0..3_usize).prop_map(|(person, text, platform)| Step::File { person, text, platform }),
        1 => (0..40_usize).prop_map(|at| Step::Split { at }),
        1 => (0..40_usize, 0..40_usize).prop_map(|(a, b)| Step::Merge { a, b }),
        1 => (0..40_usize, 0..40_usize).prop_map(|(a, b)| Step::KeepApart { a, b }),
    ]
}

/// What a store would hold of a log.
#[derive(Debug, Clone)]
enum Stored {
    Filed { seq: u64, print: Fingerprint, case: u64, matter: Option<u64> },
    Ruled(Ruling),
}

fn print(person: Option<usize>, text: usize, platform: usize, seq: u64) -> Fingerprint {
    static PRINTER: LazyLock<Fingerprinter> = LazyLock::new(|| Fingerprinter::new(&FederationKey::from_bytes([8; 32])));
    let persons = person.map(|p| Person { phone: Some(PHONES[p]), ..Person::default() }).into_iter().collect();
    let (subject, content) = TEXTS[text];
    PRINTER.fingerprint(&Record {
        platform: ["wechat", "province", "mobile"][platform],
        anonymous: person.is_none(),
        persons,
        subject,
        content,
        submitted_at: Some(1_767_225_600 + seq as i64 * 3_600),
        ..Record::default()
    })
}

fn ruling(step: &Step, linker: &Linker) -> Option<Ruling> {
    let cases = cases_of(linker);
    let nth = |n: usize| cases.keys().copied().nth(n % cases.len().max(1));
    match step {
        Step::File { .. } => None,
        Step::Split { at } => {
            let (case, members) = cases.iter().filter(|(_, m)| m.len() > 1).nth(*at % cases.len().max(1))?;
            let last = *members.last()?;
            Some(Ruling::Split { case: *case, submissions: vec![last], new_case: last })
        }
        Step::Merge { a, b } => Some(Ruling::Merge { from: nth(*a)?, into: nth(*b)? }),
        Step::KeepApart { a, b } => Some(Ruling::KeepApart { a: nth(*a)?, b: nth(*b)? }),
    }
}

fn run(steps: &[Step]) -> (Linker, Vec<Stored>, Vec<Outcome>) {
    let mut linker = Linker::new(Model::default());
    let (mut stored, mut outcomes) = (Vec::new(), Vec::new());
    for (n, step) in steps.iter().enumerate() {
        if let Step::File { person, text, platform } = step {
            let seq = n as u64 + 1;
            let print = print(*person, *text, *platform, seq);
            let outcome = linker.decide(&print);
            let case = outcome.case.unwrap_or(seq);
            linker.insert(seq, &print, case, outcome.matter);
            stored.push(Stored::Filed { seq, print, case, matter: outcome.matter });
            outcomes.push(outcome);
        } else if let Some(ruling) = ruling(step, &linker)
            && linker.apply(&ruling).is_ok()
        {
            stored.push(Stored::Ruled(ruling));
        }
    }
    (linker, stored, outcomes)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_same_log_gives_the_same_cases(steps in proptest::collection::vec(step(), 1..60)) {
        let (one, _, first) = run(&steps);
        let (two, _, second) = run(&steps);
        prop_assert_eq!(cases_of(&one), cases_of(&two));
        prop_assert_eq!(first, second);
    }

    #[test]
    fn a_restart_changes_nothing(steps in proptest::collection::vec(step(), 2..60)) {
        let (before, stored, _) = run(&steps);
        let mut after = Linker::new(Model::default());
        for item in &stored {
            match item {
                Stored::Filed { seq, print, case, matter } => {
                    let read = Fingerprint::decode(&print.encode()).unwrap();
                    after.insert(*seq, &read, *case, *matter);
                }
                Stored::Ruled(ruling) => after.apply(ruling).unwrap(),
            }
        }
        prop_assert_eq!(cases_of(&before), cases_of(&after));
        if stored.iter().all(|item| matches!(item, Stored::Filed { .. })) {
            let filed = stored.iter().filter_map(|item| match item {
                Stored::Filed { seq, print, case, matter } => {
                    Some((*seq, print.encode(), *case, *matter))
                }
                Stored::Ruled(_) => None,
            });
            let mut at_once = Linker::new(Model::default());
            let filed: Vec<_> = filed.collect();
            let decided = filed.iter().map(|(seq, fingerprint, case, matter)| Decided { seq: *seq, fingerprint, case: *case, matter: *matter });
            at_once.insert_all(&decided.collect::<Vec<_>>()).unwrap();
            prop_assert_eq!(cases_of(&before), cases_of(&at_once));
            prop_assert_eq!(before.decide(&print(Some(1), 1, 1, 1_000)), at_once.decide(&print(Some(1), 1, 1, 1_000)));
        }
        let next = print(Some(1), 1, 1, 1_000);
        prop_assert_eq!(before.decide(&next), after.decide(&next));
    }

    #[test]
    fn batches_decide_as_one_by_one(
        texts in proptest::collection::vec((proptest::option::of(0..4_usize), 0..5_usize, 0..3_usize), 1..120),
        size in 1..60_usize,
    ) {
        let prints: Vec<Fingerprint> = (1..).zip(&texts).map(|(seq, (person, text, platform))| print(*person, *text, *platform, seq)).collect();
        // What was learned before makes weights change seldom, so that many come between two changes.
        let known: Vec<Fingerprint> = (0..5).map(|text| print(None, text, 0, 1)).collect();
        let learned = || {
            let mut linker = Linker::new(Model::default());
            known.iter().cycle().take(800).for_each(|print| linker.learn(print));
            linker.settle();
            linker
        };
        let (mut one_by_one, mut together, mut searched) = (learned(), learned(), learned());
        let mut placed = Vec::new();
        for batch in prints.chunks(size) {
            placed.extend(together.place_all(placed.len() as u64 + 1, batch));
        }
        prop_assert_eq!(placed.len(), prints.len());
        let candidates = searched.candidates_all(1, &prints);
        for (((seq, print), placement), candidates) in (1..).zip(&prints).zip(placed).zip(candidates) {
            let outcome = one_by_one.decide(print);
            prop_assert_eq!((placement.case, placement.matter), (outcome.case, outcome.matter));
            prop_assert_eq!(placement.best().map(|best| best.0), outcome.matches.first().map(|best| best.decision));
            prop_assert_eq!(candidates, one_by_one.candidates(print));
            one_by_one.insert(seq, print, outcome.case.unwrap_or(seq), outcome.matter);
        }
        prop_assert_eq!(cases_of(&together), cases_of(&one_by_one));
        let next = print(Some(1), 1, 1, 1_000);
        prop_assert_eq!(together.decide(&next), one_by_one.decide(&next));
        prop_assert_eq!(together.memory_bytes(), one_by_one.memory_bytes());
    }

    #[test]
    fn the_anonymous_are_never_merged(texts in proptest::collection::vec(0..5_usize, 1..30)) {
        let steps: Vec<Step> = texts.iter().map(|text| Step::File { person: None, text: *text, platform: 0 }).collect();
        let (linker, ..) = run(&steps);
        prop_assert!(cases_of(&linker).values().all(|members| members.len() == 1));
    }

    #[test]
    fn weights_add_up(steps in proptest::collection::vec(step(), 1..40)) {
        let (_, _, outcomes) = run(&steps);
        for m in outcomes.iter().flat_map(|o| &o.matches) {
            let sum = m.evidence.comparisons.iter().fold(m.evidence.prior, |sum, c| sum + c.weight);
            prop_assert!(sum == m.evidence.weight);
            prop_assert_ne!(m.decision, Decision::Distinct);
        }
    }
}

#[test]
fn thousands_of_equal_texts_stay_bounded() {
    let mut linker = Linker::new(Model::default());
    let mut founded: BTreeMap<u64, u64> = BTreeMap::new();
    for seq in 1..=3_000 {
        let print = print(Some(seq as usize % 4), 0, 0, seq);
        let outcome = linker.decide(&print);
        assert!(outcome.matches.len() <= super::MAX_MATCHES);
        let case = outcome.case.unwrap_or(seq);
        *founded.entry(case).or_default() += 1;
        linker.insert(seq, &print, case, outcome.matter);
    }
    assert_eq!(founded.len(), 4);
}

pub(super) fn printer() -> Fingerprinter {
    Fingerprinter::new(&FederationKey::from_bytes([5; 32]))
}

pub(super) struct Log {
    printer: Fingerprinter,
    linker: Linker,
    seq: u64,
}

impl Log {
    pub(super) fn new() -> Self {
        Self { printer: printer(), linker: Linker::new(Model::default()), seq: 0 }
    }

    pub(super) fn file(&mut self, record: &Record<'_>) -> Outcome {
        self.seq += 1;
        let print = self.printer.fingerprint(record);
        let outcome = self.linker.decide(&print);
        self.linker.insert(self.seq, &print, outcome.case.unwrap_or(self.seq), outcome.matter);
        outcome
    }
}

pub(super) fn petitioner(id: u8) -> Person<'static> {
    let ids = ["11010519491231002X", "430102198001010019", "430102197503120029"];
    Person {
        name: Some(["王小明", "李建国", "赵丽华"][usize::from(id)]), id_number: Some(ids[usize::from(id)]), ..Person::default()
    }
}

pub(super) const NOISE: (&str, &str) =
    ("幸福路工地夜间施工噪音", "幸福路88号金桂苑小区东侧工地每天凌晨两点仍在打桩，噪音很大，居民无法休息，请尽快处理。");
pub(super) const NOISE_AGAIN: (&str, &str) =
    ("金桂苑旁工地半夜打桩扰民", "我住在幸福路88号金桂苑小区，东侧工地凌晨两点还在打桩，噪音太大，无法休息，多次反映没有处理。");
pub(super) const WAGES: (&str, &str) =
    ("宏达纺织厂拖欠工资", "宏达纺织厂从去年九月起拖欠六十多名工人工资，老板躲着不见，希望劳动部门帮助讨回。");

pub(super) fn record<'a>(platform: &'a str, persons: Vec<Person<'a>>, text: (&'a str, &'a str), day: i64) -> Record<'a> {
    Record {
        platform,
        persons,
        subject: text.0,
        content: text.1,
        submitted_at: Some(1_767_225_600 + day * 86_400),
        division: Some("430102"),
        ..Record::default()
    }
}

#[test]
fn one_person_one_matter_two_platforms_is_a_duplicate() {
    let mut log = Log::new();
    log.file(&record("wechat", vec![petitioner(0)], NOISE, 0));
    assert_eq!(log.file(&record("province", vec![petitioner(0)], NOISE_AGAIN, 9)).case, Some(1));
}

#[test]
fn one_person_two_matters_are_two_cases() {
    let mut log = Log::new();
    log.file(&record("wechat", vec![petitioner(0)], NOISE, 0));
    let other = log.file(&record("province", vec![petitioner(0)], WAGES, 9));
    assert_eq!((other.case, other.matter), (None, None));
}

#[test]
fn a_form_letter_makes_a_matter_and_no_duplicate() {
    let mut log = Log::new();
    log.file(&record("wechat", vec![petitioner(0)], NOISE, 0));
    let second = log.file(&record("province", vec![petitioner(1)], NOISE, 1));
    assert_eq!((second.case, second.matter), (None, Some(1)));
    assert!(second.matches.iter().all(|m| m.decision == Decision::Related));
}

#[test]
fn the_anonymous_never_merge() {
    let mut log = Log::new();
    for day in 0..5 {
        let outcome = log.file(&Record { anonymous: true, ..record("wechat", vec![], NOISE, day) });
        assert_eq!(outcome.case, None);
    }
}

#[test]
fn a_short_text_alone_never_merges() {
    let mut log = Log::new();
    log.file(&record("wechat", vec![petitioner(0)], ("投诉", "请处理"), 0));
    assert_eq!(log.file(&record("province", vec![petitioner(0)], ("投诉", "请处理"), 200)).case, None);
    log.file(&record("wechat", vec![petitioner(1)], ("", ""), 0));
    assert_eq!(log.file(&record("province", vec![petitioner(1)], ("", ""), 1)).case, None);
}

#[test]
fn a_co_signer_counts() {
    let mut log = Log::new();
    log.file(&record("wechat", vec![petitioner(0), petitioner(2)], NOISE, 0));
    assert_eq!(log.file(&record("province", vec![petitioner(2)], NOISE_AGAIN, 3)).case, Some(1));
}

#[test]
fn rulings_hold() {
    let mut log = Log::new();
    log.file(&record("wechat", vec![petitioner(0)], NOISE, 0));
    log.file(&record("province", vec![petitioner(0)], NOISE_AGAIN, 9));
    log.linker.apply(&Ruling::Split { case: 1, submissions: vec![2], new_case: 2 }).unwrap();
    assert_eq!(log.linker.case_of(2), Some(2));
    assert_eq!(log.linker.apply(&Ruling::Merge { from: 2, into: 1 }), Err(RulingError::KeptApart(1, 2)));
    log.linker.apply(&Ruling::Release { a: 1, b: 2 }).unwrap();
    log.linker.apply(&Ruling::Merge { from: 2, into: 1 }).unwrap();
    assert_eq!(cases_of(&log.linker), BTreeMap::from([(1, vec![1, 2])]));
}
