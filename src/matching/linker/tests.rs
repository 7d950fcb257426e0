use super::*;
use crate::matching::{FederationKey, Fingerprinter, Person, Record};

struct Log {
    printer: Fingerprinter,
    linker: Linker,
    seq: u64,
}

impl Log {
    fn new() -> Self {
        Self { printer: Fingerprinter::new(&FederationKey::from_bytes([5; 32])), linker: Linker::new(Model::default()), seq: 0 }
    }

    fn file(&mut self, record: &Record<'_>) -> Outcome {
        self.seq += 1;
        let print = self.printer.fingerprint(record);
        let outcome = self.linker.decide(&print);
        self.linker.insert(self.seq, &print, outcome.case.unwrap_or(self.seq), outcome.matter);
        outcome
    }
}

fn petitioner(id: u8) -> Person<'static> {
    let ids = ["11010519491231002X", "430102198001010019", "430102197503120029"];
    Person {
        name: Some(["王小明", "李建国", "赵丽华"][usize::from(id)]), id_number: Some(ids[usize::from(id)]), ..Person::default()
    }
}

const NOISE: (&str, &str) =
    ("幸福路工地夜间施工噪音", "幸福路88号金桂苑小区东侧工地每天凌晨两点仍在打桩，噪音很大，居民无法休息，请尽快处理。");
const NOISE_AGAIN: (&str, &str) =
    ("金桂苑旁工地半夜打桩扰民", "我住在幸福路88号金桂苑小区，东侧工地凌晨两点还在打桩，噪音太大，无法休息，多次反映没有处理。");
const WAGES: (&str, &str) = ("宏达纺织厂拖欠工资", "宏达纺织厂从去年九月起拖欠六十多名工人工资，老板躲着不见，希望劳动部门帮助讨回。");

fn record<'a>(platform: &'a str, persons: Vec<Person<'a>>, text: (&'a str, &'a str), day: i64) -> Record<'a> {
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
