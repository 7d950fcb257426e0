//! What no corpus can make expensive: a decision is compared with a bounded number of earlier filings, whatever they are.

use std::sync::LazyLock;

use onecase::matching::{Decision, FederationKey, Fingerprint, Fingerprinter, Linker, Model, Person, Record};

/// Candidates for the person and for the text or place, as `docs/matching.md` states them.
const MOST_COMPARED: usize = 24 + 14;
/// A few times what an entry takes as a rule; growth beyond it would be growth without bound.
const MOST_BYTES: usize = 600;

static PRINTER: LazyLock<Fingerprinter> = LazyLock::new(|| Fingerprinter::new(&FederationKey::from_bytes([5; 32])));

fn filing(name: &str, phone: &str, text: &str) -> Fingerprint {
    let person = Person { name: Some(name), phone: Some(phone).filter(|phone| !phone.is_empty()), ..Person::default() };
    let record = Record {
        platform: "hunan",
        persons: vec![person],
        subject: text,
        content: text,
        submitted_at: Some(1_772_328_600),
        ..Record::default()
    };
    PRINTER.fingerprint(&record)
}

/// Different people's names, of three characters.
fn name(number: usize) -> String {
    let characters: Vec<char> = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏".chars().collect();
    let at = |place: usize| characters[number / characters.len().pow(place as u32) % characters.len()];
    [at(0), at(1), at(2)].iter().collect()
}

/// Folds so many filings in, each a case of its own, and answers how many bytes each took.
fn fill(linker: &mut Linker, rows: usize, filing: impl Fn(usize) -> Fingerprint) -> usize {
    let before = (linker.memory_bytes(), linker.len());
    for number in 0..rows {
        let seq = (before.1 + number + 1) as u64;
        linker.insert(seq, &filing(number), seq, None);
    }
    (linker.memory_bytes() - before.0) / rows
}

/// Comparisons of a newcomer when the index holds few alike, and when it holds many.
fn check(what: &str, rows: usize, alike: impl Fn(usize) -> Fingerprint) {
    let mut linker = Linker::new(Model::default());
    let mut compared = Vec::new();
    let mut bytes = 0;
    for rows in [rows / 10, rows] {
        bytes = fill(&mut linker, rows, &alike);
        compared.push(linker.candidates(&alike(7)).len());
    }
    assert!(compared.iter().all(|compared| *compared <= MOST_COMPARED), "{what}: {compared:?}");
    assert!(bytes <= MOST_BYTES, "{what}: {bytes} bytes a filing");
}

const LETTER: &str = "尊敬的领导：幸福路88号金桂苑小区东侧工地每天凌晨两点仍在打桩，噪音很大，居民无法休息，请尽快处理。";

#[test]
fn a_letter_of_thousands_costs_as_much_as_one_of_hundreds() {
    check("one letter of many people", 10_000, |number| filing(&name(number), "", LETTER));
}

#[test]
fn one_phone_on_thousands_of_filings_costs_as_much_as_on_hundreds() {
    check("one phone", 10_000, |number| {
        filing(&name(number), "13812341234", &format!("第{}件事：{}路面破损", name(number / 3), name(number)))
    });
}

#[test]
fn filings_that_say_nothing_cost_nothing_and_are_nobodys_duplicate() {
    for text in ["", "噪", "。。。"] {
        check("nothing said", 4_000, |number| filing(&name(number), "", text));
        let mut linker = Linker::new(Model::default());
        let same = filing("王小明", "13812341234", text);
        linker.insert(1, &same, 1, None);
        let outcome = linker.decide(&same);
        assert_eq!(outcome.case, None, "{text:?}: a machine's duplicate needs words");
        assert!(outcome.matches.iter().all(|found| found.decision != Decision::Duplicate));
    }
}

#[test]
fn a_text_of_fifty_thousand_bytes_is_read_up_to_a_bound() {
    let long: String = (0..5_600).map(name).collect();
    assert!(long.len() > 50_000);
    let print = filing("王小明", "13812341234", &long);
    assert!(print.encode().len() <= 4 * 1_024, "{} bytes", print.encode().len());
    let mut linker = Linker::new(Model::default());
    // Tables grow in steps, so that few filings say little.
    assert!(fill(&mut linker, 4_000, |_| print.clone()) <= 4 * MOST_BYTES);
    assert!(linker.candidates(&print).len() <= MOST_COMPARED);

    let mut linker = Linker::new(Model::default());
    fill(&mut linker, 500, |number| filing(&name(number), "", &(0..40).map(|word| name(number * 41 + word)).collect::<String>()));
    linker.insert(1_000, &print, 1_000, None);
    assert_eq!(linker.decide(&print).case, Some(1_000), "the same long text of the same person is found");
}

#[test]
fn a_newcomer_reaches_the_matter_of_a_letter_through_its_newest_copies() {
    let mut linker = Linker::new(Model::default());
    linker.insert(1, &filing(&name(1), "", LETTER), 1, None);
    for number in 2..3_000 {
        linker.insert(number as u64, &filing(&name(number), "", LETTER), number as u64, Some(1));
    }
    assert_eq!(linker.decide(&filing("欧阳大海", "", LETTER)).matter, Some(1));
}

#[test]
fn a_phone_of_many_names_weighs_little_and_one_of_a_household_as_ever() {
    let problem = |number: usize| format!("第{}件事：{}路面破损，车辆和行人很不安全，请尽快派人修补", name(number / 3), name(number));
    let wait = |names: usize| {
        let mut linker = Linker::new(Model::default());
        let mut waiting = Vec::new();
        for number in 0..1_200 {
            let (seq, print) = (number as u64 + 1, filing(&name(number % names * 7_919), "13812341234", &problem(number)));
            let outcome = linker.decide(&print);
            waiting.push(outcome.matches.iter().any(|found| found.decision == Decision::PossibleDuplicate));
            linker.insert(seq, &print, outcome.case.unwrap_or(seq), outcome.matter);
        }
        let next = linker.decide(&filing(&name(7_919), "13812341234", &problem(1)));
        let phone = next.matches[0].evidence.comparisons.iter().find(|c| c.name == "phone").unwrap().clone();
        let sum = next.matches[0].evidence.comparisons.iter().fold(next.matches[0].evidence.prior, |sum, c| sum + c.weight);
        assert!(sum == next.matches[0].evidence.weight, "weights add up");
        (waiting.iter().skip(200).filter(|waits| **waits).count(), phone)
    };
    let (household, many) = (wait(2), wait(1_200));
    assert!((household.1.level.as_str(), household.1.weight.round()) == ("same", 20.0), "{:?}", household.1);
    assert!(many.1.level != "same" && many.1.weight < household.1.weight - 8.0, "{:?}", many.1);
    assert!(many.0 <= 50, "{} of 1,000 wait for a person", many.0);
}
