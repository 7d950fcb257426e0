//! Texts alone, beside rensa's MinHash and LSH on the same file: fingerprint, look for candidates, insert, as a stream.
//!
//! `cargo bench --bench texts -- CORPUS.csv [PYTHON]`: a CSV with a column `content`, such as `onecase simulate corpus`
//! writes, and a Python that has `rensa` installed.
#![allow(clippy::print_stdout, reason = "a measurement's result is what it prints")]

mod common;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use common::clock;
use onecase::matching::{FederationKey, Fingerprint, Fingerprinter, Linker, Model, Record};
use rayon::prelude::*;

/// Texts that are fingerprinted at once.
const READ_AHEAD: usize = 4_096;
/// Pairs that share fewer of their 3-grams are not what is looked for.
const LEAST_JACCARD: f64 = 0.5;

fn texts(path: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let mut reader = csv::Reader::from_path(path)?;
    let column = reader.headers()?.iter().position(|name| name == "content").ok_or("the file has no column `content`")?;
    reader.records().map(|record| Ok(record?.get(column).unwrap_or_default().to_owned())).collect()
}

/// What each text would be compared with.
fn candidates(texts: &[String]) -> Vec<Vec<u64>> {
    let printer = Fingerprinter::new(&FederationKey::from_bytes([1; 32]));
    let mut linker = Linker::new(Model::default());
    let mut found = Vec::with_capacity(texts.len());
    for some in texts.chunks(READ_AHEAD) {
        let print = |text: &String| printer.fingerprint(&Record { platform: "a", content: text, ..Record::default() });
        let prints: Vec<Fingerprint> = some.par_iter().with_min_len(16).map(print).collect();
        found.extend(linker.candidates_all(found.len() as u64, &prints));
    }
    found
}

fn grams(text: &str) -> HashSet<[char; 3]> {
    let chars: Vec<char> = text.chars().collect();
    chars.windows(3).map(|gram| [gram[0], gram[1], gram[2]]).collect()
}

fn jaccard(a: &HashSet<[char; 3]>, b: &HashSet<[char; 3]>) -> f64 {
    let shared = a.intersection(b).count();
    shared as f64 / (a.len() + b.len() - shared).max(1) as f64
}

/// Of the pairs the peer proposes that are alike indeed: by later text.
fn alike(texts: &[String], pairs: &Path) -> Result<BTreeMap<usize, BTreeSet<u64>>, Box<dyn Error>> {
    let mut alike: BTreeMap<usize, BTreeSet<u64>> = BTreeMap::new();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(pairs)?;
    let mut of: Option<(usize, HashSet<[char; 3]>)> = None;
    for pair in reader.deserialize() {
        let (later, earlier): (usize, usize) = pair?;
        let (_, mine) = match of.take() {
            Some(known) if known.0 == later => of.insert(known),
            _ => of.insert((later, grams(&texts[later]))),
        };
        if jaccard(mine, &grams(&texts[earlier])) >= LEAST_JACCARD {
            alike.entry(later).or_default().insert(earlier as u64);
        }
    }
    Ok(alike)
}

fn rate(what: &str, texts: usize, processor: f64, wall: f64) {
    let texts = texts as f64;
    println!("{what:<24} {:>9.0}/s each core, {:>9.0}/s by the wall", texts / processor, texts / wall);
}

fn main() -> Result<(), Box<dyn Error>> {
    let given: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let Some(corpus) = given.first() else {
        println!("texts: give a CSV with a column `content`");
        return Ok(());
    };
    let texts = texts(corpus)?;
    let (started, before) = (Instant::now(), clock(Instant::now()));
    let found = candidates(&texts);
    rate(
        &format!("onecase, {} cores", rayon::current_num_threads()),
        texts.len(),
        clock(started) - before,
        started.elapsed().as_secs_f64(),
    );
    let Some(python) = given.get(1) else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let pairs = folder.path().join("pairs.csv");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/rensa_texts.py");
    let output = Command::new(python).arg(script).arg(corpus).arg(&pairs).output()?;
    let told: serde_json::Value =
        serde_json::from_slice(&output.stdout).map_err(|_| String::from_utf8_lossy(&output.stderr).into_owned())?;
    let seconds = |of: &str| told[of].as_f64().unwrap_or(f64::NAN);
    rate("rensa", texts.len(), seconds("processor"), seconds("seconds"));
    let alike = alike(&texts, &pairs)?;
    let all: usize = alike.values().map(BTreeSet::len).sum();
    let shared: usize = alike.iter().map(|(later, earlier)| found[*later].iter().filter(|seq| earlier.contains(seq)).count()).sum();
    let reached = alike.iter().filter(|(later, earlier)| found[**later].iter().any(|seq| earlier.contains(seq))).count();
    println!("pairs rensa proposes: {}, of Jaccard {LEAST_JACCARD} and more: {all}, of them candidates here: {shared}", told["pairs"]);
    println!("texts with such a pair: {}, of them with one as a candidate here: {reached}", alike.len());
    Ok(())
}
