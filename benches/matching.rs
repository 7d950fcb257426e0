//! What matching costs: fingerprints, decisions and rebuilding a second, bytes a submission, as the corpus grows.
//! Prints a table; `cargo bench --bench matching -- 1000000` sets the number of submissions, and with several, ascending,
//! `-- 100000 1000000 10000000`, what a decision costs in an index of each size.
#![allow(clippy::print_stdout, reason = "a measurement's result is what it prints")]

mod common;

use std::time::Instant;

use common::clock;
use onecase::matching::{Decided, FederationKey, Fingerprint, Fingerprinter, Linker, Model, Person, Record};
use rayon::prelude::*;

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

/// Rows of which no two calls make the same.
struct Rows {
    printer: Fingerprinter,
    state: u64,
}

impl Rows {
    fn new() -> Self {
        Self { printer: Fingerprinter::new(&FederationKey::from_bytes([1; 32])), state: 42 }
    }

    fn texts(&mut self, n: usize) -> Vec<(String, String)> {
        let mut row = || (format!("13{:09}", draw(&mut self.state, 1_000_000_000)), text(&mut self.state));
        (0..n).map(|_| row()).collect()
    }

    fn print(&self, (phone, text): &(String, String)) -> Fingerprint {
        let persons = vec![Person { name: Some("王小明"), phone: Some(phone), ..Person::default() }];
        self.printer.fingerprint(&Record { platform: "province", persons, subject: "反映问题", content: text, ..Record::default() })
    }
}

fn rate(what: &str, n: usize, seconds: f64) {
    println!("{what:<36} {n:>9} {:>12.0}/s {:>8.2} µs", n as f64 / seconds, seconds * 1e6 / n as f64);
}

/// Case and matter of a submission by its place.
type Placed = (u64, Option<u64>);

fn decide(linker: &mut Linker, prints: &[Fingerprint]) -> Vec<Placed> {
    let first = linker.len() as u64;
    let placements = linker.place_all(first, prints);
    (first..).zip(placements).map(|(seq, placement)| (placement.case.unwrap_or(seq), placement.matter)).collect()
}

/// Folds stored fingerprints in.
fn insert(linker: &mut Linker, encoded: &[Vec<u8>], placed: &[Placed]) {
    let rows = (linker.len() as u64..).zip(encoded).zip(placed);
    let decided: Vec<Decided<'_>> =
        rows.map(|((seq, fingerprint), (case, matter))| Decided { seq, fingerprint, case: *case, matter: *matter }).collect();
    if let Err((seq, error)) = linker.insert_all(&decided) {
        println!("{seq}: {error}");
    }
}

/// Fingerprints, decisions, the index and its rebuilding.
fn costs(n: usize) {
    let started = Instant::now();
    let mut rows = Rows::new();
    let texts = rows.texts(n);
    let before = clock(started);
    let prints: Vec<Fingerprint> = texts.iter().map(|row| rows.print(row)).collect();
    rate("fingerprint, one core", n, clock(started) - before);
    let mut linker = Linker::new(Model::default());
    let empty = linker.memory_bytes();
    let mut placed = Vec::with_capacity(n);
    for part in prints.chunks(n.div_ceil(4).max(1)) {
        let before = clock(started);
        placed.extend(decide(&mut linker, part));
        rate("decide and insert, each core", part.len(), clock(started) - before);
    }
    println!("{:<36} {:>9} {:>10} B a submission", "index", n, (linker.memory_bytes() - empty) / n.max(1));
    let encoded: Vec<Vec<u8>> = prints.iter().map(Fingerprint::encode).collect();
    println!("{:<36} {:>9} {:>10} B a submission", "fingerprint, stored", n, encoded.iter().map(Vec::len).sum::<usize>() / n.max(1));
    let (wall, before) = (Instant::now(), clock(started));
    let mut rebuilt = Linker::new(Model::default());
    for (encoded, placed) in encoded.chunks(REBUILD_ROWS).zip(placed.chunks(REBUILD_ROWS)) {
        insert(&mut rebuilt, encoded, placed);
    }
    rate("rebuild, each core", n, clock(started) - before);
    rate(&format!("rebuild, {} cores, by the wall", rayon::current_num_threads()), n, wall.elapsed().as_secs_f64());
}

/// What a decision costs in an index of each size.
fn growth(sizes: &[usize]) {
    let started = Instant::now();
    let (mut rows, mut linker) = (Rows::new(), Linker::new(Model::default()));
    for size in sizes {
        while linker.len() < *size {
            let texts = rows.texts(REBUILD_ROWS.min(size - linker.len()));
            let first = linker.len() as u64;
            let encoded: Vec<Vec<u8>> = texts.par_iter().map(|row| rows.print(row).encode()).collect();
            let placed: Vec<Placed> = (first..).take(encoded.len()).map(|seq| (seq, None)).collect();
            insert(&mut linker, &encoded, &placed);
        }
        let texts = rows.texts(MEASURED_ROWS);
        let before = clock(started);
        let prints: Vec<Fingerprint> = texts.iter().map(|row| rows.print(row)).collect();
        let printed = clock(started) - before;
        decide(&mut linker, &prints);
        let seconds = clock(started) - before;
        rate(&format!("decide and insert, of {size}"), MEASURED_ROWS, seconds - printed);
        rate(&format!("from text to case, of {size}"), MEASURED_ROWS, seconds);
        println!("{:<36} {:>9} {:>10} B a submission", "index", size, linker.memory_bytes() / linker.len());
    }
}

/// Rows read at once when an index is rebuilt.
const REBUILD_ROWS: usize = 20_000;
const MEASURED_ROWS: usize = 50_000;

fn main() {
    let sizes: Vec<usize> = std::env::args().filter_map(|a| a.parse().ok()).collect();
    match sizes.as_slice() {
        [] => costs(100_000),
        [n] => costs(*n),
        sizes => growth(sizes),
    }
}
