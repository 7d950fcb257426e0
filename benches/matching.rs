//! What matching costs: fingerprints, decisions and rebuilding a second, bytes a submission, as the corpus grows.
//! Prints a table; `cargo bench --bench matching -- 1000000` sets the number of submissions.
#![allow(clippy::print_stdout, reason = "a measurement's result is what it prints")]

use std::time::Instant;

use onecase::matching::{FederationKey, Fingerprint, Fingerprinter, Linker, Model, Outcome, Person, Record};

const WORDS: [&str; 16] =
    ["幸福路", "金桂苑", "小区", "夜间", "施工", "噪音", "扰民", "停水", "电梯", "故障", "物业", "拖欠", "工资", "垃圾", "路灯", "补偿"];

fn draw(state: &mut u64, n: usize) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) as usize % n
}

fn text(state: &mut u64) -> String {
    let mut text = String::new();
    for _ in 0..14 {
        text.push_str(WORDS[draw(state, WORDS.len())]);
        for _ in 0..draw(state, 5) {
            text.extend(char::from_u32(0x4e00 + draw(state, 3_000) as u32));
        }
    }
    text
}

fn fingerprints(n: usize) -> Vec<Fingerprint> {
    let printer = Fingerprinter::new(&FederationKey::from_bytes([1; 32]));
    let mut state = 42;
    let rows: Vec<(String, String)> = (0..n).map(|_| (format!("13{:09}", draw(&mut state, 1_000_000_000)), text(&mut state))).collect();
    let started = Instant::now();
    let print = |(phone, text): &(String, String)| {
        let persons = vec![Person { name: Some("王小明"), phone: Some(phone), ..Person::default() }];
        printer.fingerprint(&Record { platform: "province", persons, subject: "反映问题", content: text, ..Record::default() })
    };
    let prints = rows.iter().map(print).collect();
    rate("fingerprint", n, started);
    prints
}

fn rate(what: &str, n: usize, started: Instant) {
    let seconds = started.elapsed().as_secs_f64();
    println!("{what:<24} {n:>9} {:>12.0}/s {:>8.2} µs", n as f64 / seconds, seconds * 1e6 / n as f64);
}

fn main() {
    let n = std::env::args().filter_map(|a| a.parse().ok()).next().unwrap_or(100_000);
    let prints = fingerprints(n);
    let mut linker = Linker::new(Model::default());
    let empty = linker.memory_bytes();
    let mut outcomes: Vec<Outcome> = Vec::with_capacity(n);
    let mut started = Instant::now();
    let step = n.div_ceil(4).max(1);
    for (seq, print) in (0_u64..).zip(&prints) {
        let outcome = linker.decide(print);
        linker.insert(seq, print, outcome.case.unwrap_or(seq), outcome.matter);
        outcomes.push(outcome);
        if outcomes.len().is_multiple_of(step) {
            rate("decide and insert", step, started);
            started = Instant::now();
        }
    }
    println!("{:<24} {:>9} {:>10} B a submission", "index", n, (linker.memory_bytes() - empty) / n.max(1));
    let encoded: Vec<Vec<u8>> = prints.iter().map(Fingerprint::encode).collect();
    println!("{:<24} {:>9} {:>10} B a submission", "fingerprint, stored", n, encoded.iter().map(Vec::len).sum::<usize>() / n.max(1));
    let started = Instant::now();
    let mut rebuilt = Linker::new(Model::default());
    for ((seq, bytes), outcome) in (0_u64..).zip(&encoded).zip(&outcomes) {
        if let Ok(print) = Fingerprint::decode(bytes) {
            rebuilt.insert(seq, &print, outcome.case.unwrap_or(seq), outcome.matter);
        }
    }
    rate("rebuild", n, started);
}
