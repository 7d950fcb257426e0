//! How alike two texts are: TF-IDF cosine of their characters and words.

use std::cell::Cell;

use super::entry::{CODE_HASH_BITS, CharCodes, Entry, Topic, Words};
use super::frequency::Frequency;
use super::terms::{CHAR_HASHES, MAX_TERMS, Term};

/// Weight of a character that occurs once, twice, three times, more often: n / (n + 1), so that one matter told with
/// and without repetition stays alike (Robertson & Walker 1994).
const REPEAT_WEIGHT: [f32; 4] = [0.5, 0.667, 0.75, 0.82];
/// The same, after what an absent character weighs.
const HELD_WEIGHT: [f32; 8] = [0.0, REPEAT_WEIGHT[0], REPEAT_WEIGHT[1], REPEAT_WEIGHT[2], REPEAT_WEIGHT[3], 0.0, 0.0, 0.0];

/// What a shared character is worth at least: a text sent ten thousand times makes its own words common.
const LEAST_BITS: f32 = 0.5;
/// Texts this alike are the same text.
const EQUAL: f64 = 0.98;

/// From this share of its information found in the longer text, the shorter one is likely an extract of it: one that a
/// platform cut off at its limit, say. Among 300,000 random pairs of complaints it is met by 20, most of one matter.
const CONTAINED: f64 = 0.8;
/// What texts are alike at least when one is contained just so, and how much more when wholly.
const CONTAINED_LIKENESS: (f64, f64) = (0.6, 0.35);

impl TextMeasure {
    pub(super) fn is_equal(&self) -> bool {
        self.cosine >= EQUAL
    }

    /// How alike the texts are in `0.0..=1.0`: their cosine, or more where the poorer is found within the richer.
    pub(super) fn likeness(&self) -> f64 {
        let contained = if self.own_bits > 0.0 { (self.shared_bits / self.own_bits).min(1.0) } else { 0.0 };
        if contained < CONTAINED {
            return self.cosine;
        }
        let (least, more) = CONTAINED_LIKENESS;
        self.cosine.max(least + more * (contained - CONTAINED) / (1.0 - CONTAINED))
    }
}

const HASHES: usize = CHAR_HASHES as usize;

/// Of each character how often a text holds it: 0 never, else its repeats plus one.
type Held = [u8; HASHES];

thread_local! {
    /// A table that holds nothing, left by the probe before: clearing a text's characters is cheaper than the table.
    static SPARE: Cell<Option<Box<Held>>> = const { Cell::new(None) };
}

/// One text spread out for comparison with many.
pub(super) struct TextProbe {
    /// There until the probe is dropped.
    held: Option<Box<Held>>,
    codes: CharCodes,
    len: usize,
    norm: f32,
    bits: f32,
    present: bool,
    /// Short hashes of its topics, ascending, with their information.
    topics: Vec<(u16, f32)>,
}

/// How alike two texts are.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct TextMeasure {
    /// Cosine of the characters and words in `0.0..=1.0`.
    pub cosine: f64,
    /// Information in bits of the characters and words both hold.
    pub shared_bits: f64,
    /// Distinct characters and words both hold.
    pub shared: u16,
    /// Information in bits, each beyond a floor, of the topics both have; `None` unless both have any.
    pub topic_bits: Option<f64>,
    /// Information in bits of the poorer text.
    pub own_bits: f64,
}

/// Sums that go on side by side.
const LANES: usize = 4;

#[derive(Default)]
struct Sums {
    dot: Lanes,
    square: Lanes,
    shared: Lanes,
    own: Lanes,
    /// Whole, and far from where an `f32` skips numbers.
    count: Lanes,
}

impl Sums {
    /// Adds characters by their information, and what their repeats weigh here and in the probe. Half of all characters
    /// are shared, at random: a branch would not be foretold.
    fn add(&mut self, bits: Lanes, here: Lanes, held: Lanes) {
        let (weight, mine) = (times(bits, here), times(bits, held));
        let least = bits.map(|bits| if bits > LEAST_BITS { bits } else { LEAST_BITS });
        self.dot = plus(self.dot, times(weight, mine));
        self.square = plus(self.square, times(weight, weight));
        self.own = plus(self.own, least);
        self.shared = plus(self.shared, std::array::from_fn(|lane| if mine[lane] > 0.0 { least[lane] } else { 0.0 }));
        self.count = plus(self.count, mine.map(|mine| if mine > 0.0 { 1.0 } else { 0.0 }));
    }
}

type Lanes = [f32; LANES];

fn plus(a: Lanes, b: Lanes) -> Lanes {
    std::array::from_fn(|lane| a[lane] + b[lane])
}

fn times(a: Lanes, b: Lanes) -> Lanes {
    std::array::from_fn(|lane| a[lane] * b[lane])
}

impl TextProbe {
    pub(super) fn new(entry: &Entry<'_>, topics: &[Topic], frequency: &Frequency) -> Self {
        let mut held = SPARE.take().unwrap_or_else(|| Box::new([0; HASHES]));
        let all = frequency.char_bits();
        let (mut square, mut own) = (0.0, 0.0);
        let mut codes: CharCodes = [0; MAX_TERMS];
        let len = entry.chars.unpack(&mut codes);
        for code in &codes[..len] {
            let (hash, repeats) = (usize::from(*code) % HASHES, usize::from(code >> CODE_HASH_BITS));
            own += all[hash].max(LEAST_BITS);
            let weight = all[hash] * REPEAT_WEIGHT[repeats];
            held[hash] = repeats as u8 + 1;
            square += weight * weight;
        }
        let mut topics: Vec<(u16, f32)> = topics.iter().map(|t| (t.short(), t.bits)).collect();
        topics.sort_unstable_by_key(|t| t.0);
        Self { held: Some(held), codes, len, norm: square.sqrt(), bits: own, present: !entry.chars.is_empty(), topics }
    }

    /// `None` when either text is empty. O(characters of the other).
    pub(super) fn measure(&self, other: &Entry<'_>, frequency: &Frequency, topic_floor: f64) -> Option<TextMeasure> {
        if !self.present || other.chars.is_empty() {
            return None;
        }
        let (all, held) = (frequency.char_bits(), self.held.as_deref()?);
        let mut codes: CharCodes = [0; MAX_TERMS];
        let len = other.chars.unpack(&mut codes);
        let (mut bits, mut here, mut mine) = ([0.0; MAX_TERMS], [0.0; MAX_TERMS], [0.0; MAX_TERMS]);
        // Looked up one by one, added up side by side.
        for (((code, bits), here), mine) in codes[..len].iter().zip(&mut bits).zip(&mut here).zip(&mut mine) {
            let hash = usize::from(*code) % HASHES;
            *bits = all[hash];
            *here = REPEAT_WEIGHT[usize::from(code >> CODE_HASH_BITS)];
            *mine = HELD_WEIGHT[usize::from(held[hash] & 7)];
        }
        let mut sums = Sums::default();
        let fours = bits.as_chunks().0.iter().zip(here.as_chunks().0).zip(mine.as_chunks().0);
        for ((bits, here), mine) in fours.take(len.div_ceil(LANES)) {
            sums.add(*bits, *here, *mine);
        }
        let total = |lanes: Lanes| (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
        let (dot, square, shared) = (total(sums.dot), total(sums.square), total(sums.shared));
        let own = total(sums.own) - (len.next_multiple_of(LANES) - len) as f32 * LEAST_BITS;
        let count = total(sums.count);
        let norms = self.norm * square.sqrt();
        let cosine = if norms > 0.0 { f64::from(dot / norms).min(1.0) } else { 0.0 };
        let topic_bits = (!self.topics.is_empty() && !other.topics.is_empty()).then(|| self.topic_bits(other.topics, topic_floor));
        Some(TextMeasure {
            cosine,
            shared_bits: f64::from(shared),
            shared: count as u16,
            topic_bits,
            own_bits: f64::from(self.bits.min(own)),
        })
    }

    fn topic_bits(&self, other: Words<'_>, floor: f64) -> f64 {
        let mut mine = self.topics.iter().peekable();
        let mut bits = 0.0;
        for topic in other.iter() {
            while mine.next_if(|(hash, _)| *hash < topic).is_some() {}
            if let Some((_, shared)) = mine.next_if(|(hash, _)| *hash == topic) {
                bits += (f64::from(*shared) - floor).max(0.0);
            }
        }
        bits
    }
}

impl Drop for TextProbe {
    fn drop(&mut self) {
        let Some(mut held) = self.held.take() else { return };
        for code in &self.codes[..self.len] {
            held[usize::from(*code) % HASHES] = 0;
        }
        SPARE.set(Some(held));
    }
}

/// A text's 2-grams and words, for TF-IDF cosine with others.
pub(super) struct Grams {
    /// Hash and weight, ascending.
    weights: Vec<(u32, f32)>,
    norm: f32,
}

impl Grams {
    pub(super) fn new(terms: &[Term], frequency: &Frequency) -> Self {
        let weights: Vec<(u32, f32)> = terms.iter().map(|t| (t.hash, gram_weight(*t, frequency))).collect();
        let norm = weights.iter().map(|(_, w)| w * w).sum::<f32>().sqrt();
        Self { weights, norm }
    }

    /// In `0.0..=1.0`; 0 when either is empty. O(terms of both).
    pub(super) fn cosine(&self, other: &[Term], frequency: &Frequency) -> f64 {
        let mut mine = self.weights.iter().peekable();
        let (mut dot, mut square) = (0.0_f32, 0.0_f32);
        for term in other {
            let weight = gram_weight(*term, frequency);
            square += weight * weight;
            while mine.next_if(|(hash, _)| *hash < term.hash).is_some() {}
            if let Some((_, own)) = mine.next_if(|(hash, _)| *hash == term.hash) {
                dot += own * weight;
            }
        }
        let norms = self.norm * square.sqrt();
        if norms > 0.0 { f64::from(dot / norms).min(1.0) } else { 0.0 }
    }
}

/// (1 + ln n) · idf.
fn gram_weight(term: Term, frequency: &Frequency) -> f32 {
    (1.0 + f32::from(term.count.max(1)).ln()) * frequency.bits(term.hash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::entry::pack;
    use crate::matching::fingerprint::Fingerprint;

    #[test]
    fn equal_texts_are_wholly_alike_and_empty_ones_say_nothing() {
        let frequency = Frequency::new();
        let topic = |short: u32| Topic { hash: short << 16, bits: 7.0, rank: 1.0 };
        let packed = |hashes: &[u32]| {
            let chars = hashes.iter().map(|hash| Term { hash: *hash, count: 2 }).collect();
            let topics: Vec<Topic> = hashes.iter().map(|hash| topic(*hash)).collect();
            let mut bytes = Vec::new();
            pack(&Fingerprint { chars, ..Fingerprint::default() }, &topics, &mut bytes);
            bytes
        };
        let (one, other, empty) = (packed(&[3, 9]), packed(&[4]), packed(&[]));
        let probe = TextProbe::new(&Entry::read(&one), &[topic(3)], &frequency);
        let same = probe.measure(&Entry::read(&one), &frequency, 2.0).unwrap();
        assert!(same.cosine > 0.9999 && same.shared_bits > 10.0 && same.topic_bits == Some(5.0));
        let other = probe.measure(&Entry::read(&other), &frequency, 2.0).unwrap();
        assert!(other.cosine == 0.0 && other.topic_bits == Some(0.0));
        assert_eq!(probe.measure(&Entry::read(&empty), &frequency, 2.0), None);
    }
}
