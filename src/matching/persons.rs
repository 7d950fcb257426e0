//! Deduplicating persons alone: the person part of the model, trained by EM on the file itself.

use std::collections::{BTreeMap, HashMap};

use super::clk::Clk;
use super::em::{Estimate, Free, MISSING, estimate};
use super::evidence::probability;
use super::fingerprint::{Fingerprint, PersonPrint};
use super::frequency::{Document, Frequency};

/// Most persons under one blocking key; larger blocks say too little to be worth their pairs.
const MAX_BLOCK: usize = 60;
const MAX_ROUNDS: usize = 200;
/// Pairs drawn at random to learn how often strangers agree.
const RANDOM_PAIRS: usize = 200_000;

/// Lower bounds of the levels of each comparison, best first; what is below the last is "different".
const LEVELS: [&[f64]; COMPARISONS] = [
    &[1.0, 0.85, 0.7],
    &[1.0, 0.85],
    &[1.0, 0.95, 0.88, 0.8, 0.7, 0.6, 0.5, 0.4],
    &[1.0, 0.8, 0.6, 0.3],
    &[0.95, 0.7, 0.5, 0.3, 0.15, 0.05],
];
const COMPARISONS: usize = 5;

/// What [`deduplicate`] found.
#[derive(Debug, Clone)]
pub struct Deduplicated {
    pub estimate: Estimate,
    /// Pairs compared.
    pub pairs: usize,
    persons: usize,
    /// Log2 odds of the pairs from [`LEAST_PROBABILITY`] on, best first.
    likely: Vec<(f64, u32, u32)>,
}

/// Pairs less likely are not kept.
const LEAST_PROBABILITY: f64 = 0.01;

impl Deduplicated {
    /// For each person, in order, the first of its cluster, when pairs of at least `threshold` probability (one in a hundred
    /// at least) are joined.
    pub fn clusters(&self, threshold: f64) -> Vec<usize> {
        let kept = self.likely.partition_point(|(bits, ..)| probability(*bits) >= threshold);
        join(self.persons, &self.likely[..kept])
    }
}

/// Compares the first persons of the fingerprints. O(n × block size).
pub fn deduplicate(prints: &[Fingerprint]) -> Deduplicated {
    let nobody = PersonPrint::default();
    let persons: Vec<&PersonPrint> = prints.iter().map(|p| p.persons.first().unwrap_or(&nobody)).collect();
    let mut frequency = Frequency::new();
    for person in &persons {
        frequency.add_document(Document {
            terms: person.name_parts.iter().copied(),
            chars: std::iter::empty(),
            places: person.address.iter().copied(),
        });
    }
    frequency.take_over();
    let pairs = blocked_pairs(&persons, &frequency);
    let compare = |a: usize, b: usize| levels(persons[a], persons[b], &frequency);
    let vectors: Vec<[u8; COMPARISONS]> = pairs.iter().map(|(a, b)| compare(*a as usize, *b as usize)).collect();
    let start = start(&persons, compare);
    let mut distinct: BTreeMap<[u8; COMPARISONS], f64> = BTreeMap::new();
    for vector in &vectors {
        *distinct.entry(*vector).or_default() += 1.0;
    }
    let distinct: Vec<(Vec<u8>, f64)> = distinct.into_iter().map(|(v, n)| (v.to_vec(), n)).collect();
    let estimate = estimate(&distinct, &start, MAX_ROUNDS, Free::All);
    let mut scored: Vec<(f64, u32, u32)> = pairs
        .iter()
        .zip(&vectors)
        .map(|((a, b), v)| {
            let bits: f64 = v.iter().enumerate().map(|(i, l)| estimate.bits(i, *l)).sum();
            (estimate.prior_bits() + bits + rarity(persons[*a as usize], persons[*b as usize], v, &frequency), *a, *b)
        })
        .filter(|(bits, ..)| probability(*bits) >= LEAST_PROBABILITY)
        .collect();
    scored.sort_unstable_by(|x, y| y.0.total_cmp(&x.0).then(x.1.cmp(&y.1)).then(x.2.cmp(&y.2)));
    Deduplicated { estimate, pairs: pairs.len(), persons: persons.len(), likely: scored }
}

/// How alike two persons are in each respect, as levels.
fn levels(a: &PersonPrint, b: &PersonPrint, frequency: &Frequency) -> [u8; COMPARISONS] {
    let number = |x: (u64, super::clk::DigitFilter), y: (u64, super::clk::DigitFilter)| {
        (!x.1.is_empty() && !y.1.is_empty()).then(|| if x.0 != 0 && x.0 == y.0 { 1.0 } else { x.1.dice(y.1).min(0.99) })
    };
    let id = number((a.id, a.id_digits), (b.id, b.id_digits));
    let phone = number((a.phone, a.phone_digits), (b.phone, b.phone_digits));
    let name = (a.name != 0 && b.name != 0).then(|| name_measure(a, b, frequency));
    let birth = (a.has_birth() && b.has_birth()).then(|| birth_measure(a.birth, b.birth));
    let address = (!a.address.is_empty() && !b.address.is_empty()).then(|| {
        let bits = |t: &u16| f64::from(frequency.place_bits(*t));
        let shared: f64 = a.address.iter().filter(|t| b.address.binary_search(t).is_ok()).map(bits).sum();
        let of = |p: &PersonPrint| p.address.iter().map(bits).sum::<f64>();
        shared / of(a).min(of(b)).max(1.0)
    });
    let mut out = [MISSING; COMPARISONS];
    for ((slot, measure), bounds) in out.iter_mut().zip([id, phone, name, birth, address]).zip(LEVELS) {
        if let Some(measure) = measure {
            *slot = bounds.iter().position(|b| measure >= *b).unwrap_or(bounds.len()) as u8;
        }
    }
    out
}

fn name_measure(a: &PersonPrint, b: &PersonPrint, frequency: &Frequency) -> f64 {
    if a.name == b.name {
        return 1.0;
    }
    if a.name_parts == b.name_parts && !a.name_parts.is_empty() {
        return 0.97;
    }
    let bits = |part: &u32| f64::from(frequency.bits(*part));
    let shared: f64 = a.name_parts.iter().filter(|p| b.name_parts.binary_search(p).is_ok()).map(bits).sum();
    let of = |p: &PersonPrint| p.name_parts.iter().map(bits).sum::<f64>();
    let words = shared / of(a).min(of(b)).max(1.0);
    let dice = Clk::dice(a.name_clk, b.name_clk);
    dice.max(words * 0.9).min(0.94)
}

/// Parts that agree, of those known on both sides; year and one more is 0.8.
fn birth_measure(a: [u16; 3], b: [u16; 3]) -> f64 {
    let agree = [0, 1, 2].map(|i| a[i] == b[i] && a[i] != 0);
    match agree {
        [true, true, true] => 1.0,
        [true, true, false] | [true, false, true] => 0.85,
        [false, true, true] => 0.65,
        _ => agree.iter().filter(|x| **x).count() as f64 / 3.0,
    }
}

/// Extra bits for an equal name whose words are rarer than names are on average, fewer for a common one.
fn rarity(a: &PersonPrint, b: &PersonPrint, vector: &[u8; COMPARISONS], frequency: &Frequency) -> f64 {
    if vector[2] > 1 {
        return 0.0;
    }
    let shared = a.name_parts.iter().filter(|p| b.name_parts.contains(p));
    let bits: f64 = shared.map(|p| f64::from(frequency.bits(*p)) - AVERAGE_WORD_BITS).sum();
    bits.clamp(-4.0, 4.0) * 0.5
}

const AVERAGE_WORD_BITS: f64 = 9.0;

fn start(persons: &[&PersonPrint], compare: impl Fn(usize, usize) -> [u8; COMPARISONS]) -> Estimate {
    let mut u: Vec<Vec<f64>> = LEVELS.iter().map(|l| vec![0.5; l.len() + 1]).collect();
    let n = persons.len() as u64;
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) % n.max(1)) as usize
    };
    for _ in 0..RANDOM_PAIRS.min(persons.len() * 50) {
        let (a, b) = (draw(), draw());
        if a != b {
            for (i, level) in compare(a, b).into_iter().enumerate().filter(|(_, l)| *l != MISSING) {
                u[i][usize::from(level)] += 1.0;
            }
        }
    }
    for levels in &mut u {
        let sum: f64 = levels.iter().sum();
        levels.iter_mut().for_each(|p| *p /= sum);
    }
    // Among matches the best levels prevail and fall off by halves.
    let falling = |n: usize| {
        let weights: Vec<f64> = (0..n).map(|i| if i + 1 == n { 0.05 } else { 0.5_f64.powi(i as i32) }).collect();
        let sum: f64 = weights.iter().sum();
        weights.into_iter().map(|w| w / sum).collect()
    };
    Estimate { prior: 0.05, m: LEVELS.iter().map(|l| falling(l.len() + 1)).collect(), u, rounds: 0 }
}

fn blocked_pairs(persons: &[&PersonPrint], frequency: &Frequency) -> Vec<(u32, u32)> {
    let mut blocks: HashMap<u64, Vec<u32>> = HashMap::new();
    let mut keys = Vec::new();
    for (n, person) in persons.iter().enumerate() {
        keys.clear();
        block_keys(person, frequency, &mut keys);
        keys.sort_unstable();
        keys.dedup();
        for key in &keys {
            let block = blocks.entry(*key).or_default();
            if block.len() <= MAX_BLOCK {
                block.push(n as u32);
            }
        }
    }
    let mut pairs: Vec<(u32, u32)> = Vec::new();
    for block in blocks.values().filter(|b| b.len() <= MAX_BLOCK) {
        for (i, a) in block.iter().enumerate() {
            pairs.extend(block[i + 1..].iter().map(|b| (*a, *b)));
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

/// Pairs of things that seldom agree by chance: a number alone, the whole birth date, a word of the name with a part
/// of the birth date or a rare word of the address, two rare words of the address.
fn block_keys(person: &PersonPrint, frequency: &Frequency, keys: &mut Vec<u64>) {
    let mut push =
        |kind: u64, a: u64, b: u64| keys.push((a ^ kind << 56).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ b.wrapping_mul(0xc2b2_ae3d_27d4_eb4f));
    for (kind, token) in [(1, person.id), (2, person.phone), (3, person.name)] {
        if token != 0 {
            push(kind, token, 0);
        }
    }
    let birth = person.birth.map(u64::from);
    let mut rare: Vec<(f32, u16)> = person.address.iter().map(|t| (frequency.place_bits(*t), *t)).collect();
    rare.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    rare.truncate(4);
    if person.has_birth() {
        push(4, birth[0] << 32 | birth[1] << 16 | birth[2], 0);
        for (_, term) in rare.iter().take(2) {
            push(5, u64::from(*term), birth[0]);
        }
    }
    for part in &person.name_parts {
        for (kind, value) in [(6, birth[0]), (7, birth[1] << 16 | birth[2])] {
            if value != 0 {
                push(kind, u64::from(*part), value);
            }
        }
        for (_, term) in &rare {
            push(8, u64::from(*part), u64::from(*term));
        }
    }
    for (i, (_, a)) in rare.iter().enumerate() {
        for (_, b) in &rare[i + 1..] {
            push(9, u64::from(*a.min(b)), u64::from(*a.max(b)));
        }
    }
}

/// Joins pairs, best first, where a share of [`LEAST_DENSITY`] of all pairs between two clusters match: one
/// resemblance does not chain two people (between single and average linkage). The representative of a cluster is
/// its first person.
fn join(n: usize, pairs: &[(f64, u32, u32)]) -> Vec<usize> {
    let mut clusters = Clusters { parent: (0..n).collect(), size: vec![1; n], links: vec![BTreeMap::new(); n] };
    for (_, a, b) in pairs {
        clusters.link(*a as usize, *b as usize);
    }
    (0..n).map(|at| clusters.root(at)).collect()
}

/// Least share of matching pairs between two clusters that makes them one.
const LEAST_DENSITY: f64 = 0.2;

struct Clusters {
    parent: Vec<usize>,
    size: Vec<usize>,
    /// For each root, how many matching pairs lead to which other root.
    links: Vec<BTreeMap<usize, usize>>,
}

impl Clusters {
    fn root(&mut self, mut at: usize) -> usize {
        while self.parent[at] != at {
            self.parent[at] = self.parent[self.parent[at]];
            at = self.parent[at];
        }
        at
    }

    fn link(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        if a == b {
            return;
        }
        *self.links[a].entry(b).or_default() += 1;
        *self.links[b].entry(a).or_default() += 1;
        let mut open = vec![(a.min(b), a.max(b))];
        while let Some((a, b)) = open.pop() {
            let (a, b) = (self.root(a), self.root(b));
            let links = if a == b { 0 } else { self.links[a].get(&b).copied().unwrap_or_default() };
            if links > 0 && links as f64 >= LEAST_DENSITY * (self.size[a] * self.size[b]) as f64 {
                let (kept, gone) = (a.min(b), a.max(b));
                self.merge(kept, gone);
                open.extend(self.links[kept].keys().map(|other| (kept, *other)));
            }
        }
    }

    fn merge(&mut self, kept: usize, gone: usize) {
        self.parent[gone] = kept;
        self.size[kept] += self.size[gone];
        for (other, count) in std::mem::take(&mut self.links[gone]) {
            self.links[other].remove(&gone);
            if other != kept {
                *self.links[kept].entry(other).or_default() += count;
                *self.links[other].entry(kept).or_default() += count;
            }
        }
    }
}
