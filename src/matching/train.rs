//! Training a match model on a corpus without labels.

use std::collections::{BTreeMap, HashMap};

use super::compare::Comparer;
use super::em::{Estimate, MISSING, estimate};
use super::entry::{Entry, pack};
use super::fingerprint::Fingerprint;
use super::keys::person_keys;
use super::linker::Linker;
use super::model::{Kind, Model, ModelError, Question};

/// Most submissions taken under one key into pairs.
const MAX_BLOCK: usize = 24;
const MAX_ROUNDS: usize = 200;

/// A model like `model` with the m of the person comparisons estimated on pairs that share an identity token or an
/// equal text. u and the prior stay: within such blocks they are not those of the corpus. Comparisons that no pair has values for stay as they are. O(n × block size).
pub fn train(model: &Model, prints: &[Fingerprint], name: &str) -> Result<Model, ModelError> {
    let kinds: Vec<Kind> = Kind::ALL.iter().copied().filter(|k| k.question() == Question::Person).collect();
    let mut linker = Linker::new(model.clone());
    for print in prints {
        linker.learn(print);
    }
    linker.settle();
    let comparer = Comparer { model, frequency: linker.frequency() };
    let mut vectors: BTreeMap<Vec<u8>, f64> = BTreeMap::new();
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for (a, b) in pairs(prints) {
        for (print, packed) in [(a, &mut first), (b, &mut second)] {
            packed.clear();
            pack(&prints[print], &[], packed);
        }
        let scored = comparer.persons(&Entry::read(&first), &Entry::read(&second));
        let level = |kind: &Kind| scored.iter().find(|s| s.kind == *kind).map_or(MISSING, |s| s.level);
        *vectors.entry(kinds.iter().map(level).collect()).or_default() += 1.0;
    }
    if vectors.is_empty() {
        return model.with_estimates(name, prints.len(), &[]);
    }
    let vectors: Vec<(Vec<u8>, f64)> = vectors.into_iter().collect();
    let column = |pick: fn(&super::model::Level) -> f64| -> Vec<Vec<f64>> {
        kinds.iter().map(|k| model.comparison(*k).levels.iter().map(pick).collect()).collect()
    };
    let start = Estimate { prior: 0.3, m: column(|l| l.m), u: column(|l| l.u), rounds: 0 };
    let found = estimate(&vectors, &start, MAX_ROUNDS);
    let seen = |i: usize| vectors.iter().any(|(levels, _)| levels[i] != MISSING);
    let estimates: Vec<(Kind, &[f64])> =
        kinds.iter().enumerate().filter(|(i, _)| seen(*i)).map(|(i, k)| (*k, found.m[i].as_slice())).collect();
    model.with_estimates(name, prints.len(), &estimates)
}

fn pairs(prints: &[Fingerprint]) -> Vec<(usize, usize)> {
    let mut blocks: HashMap<u32, Vec<usize>> = HashMap::new();
    for (n, print) in prints.iter().enumerate() {
        for key in person_keys(print).chain((print.text != 0).then_some(print.text)) {
            let block = blocks.entry(key).or_default();
            if block.len() < MAX_BLOCK {
                block.push(n);
            }
        }
    }
    let mut pairs = Vec::new();
    for block in blocks.values() {
        for (i, a) in block.iter().enumerate() {
            pairs.extend(block[i + 1..].iter().map(|b| (*a, *b)));
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::{FederationKey, Fingerprinter, Person, Record};

    #[test]
    fn a_trained_model_is_a_model() {
        let printer = Fingerprinter::new(&FederationKey::from_bytes([4; 32]));
        let names = ["王小明", "李建国", "赵丽华", "陈思远"];
        let phones: Vec<String> = (0..40).map(|n| format!("138000{:05}", n / 2 * 7919)).collect();
        let prints: Vec<Fingerprint> = phones
            .iter()
            .enumerate()
            .map(|(n, phone)| {
                let person = Person { name: Some(names[n / 2 % 4]), phone: Some(phone), ..Person::default() };
                printer.fingerprint(&Record { platform: "a", persons: vec![person], ..Record::default() })
            })
            .collect();
        let trained = train(&Model::default(), &prints, "test").unwrap();
        assert_eq!(trained.name(), "test");
        assert_eq!(Model::from_toml(&trained.to_toml()).unwrap().comparison(Kind::Phone), trained.comparison(Kind::Phone));
        assert_ne!(trained.digest(), Model::default().digest());
    }
}
