//! How alike two texts are: TF-IDF cosine of their characters and words.

use super::entry::{Entry, Topic};
use super::frequency::Frequency;
use super::terms::{MAX_TERMS, Term};

/// Weight of a character that occurs once, twice, three times, more often: n / (n + 1), so that one matter told with
/// and without repetition stays alike (Robertson & Walker 1994).
const REPEAT_WEIGHT: [f32; 4] = [0.5, 0.667, 0.75, 0.82];

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

/// Twice as many as there can be characters.
const SLOTS: usize = 2 * MAX_TERMS;

const fn home(hash: u16) -> usize {
    (hash.wrapping_mul(0x9e37) >> 7) as usize % SLOTS
}

/// One text spread out for comparison with many.
pub(super) struct TextProbe {
    /// Hash and weight of each character by open addressing; hash 0 is free.
    weights: Box<[(u16, f32); SLOTS]>,
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

impl TextProbe {
    pub(super) fn new(entry: &Entry, topics: &[Topic], frequency: &Frequency) -> Self {
        let mut weights = Box::new([(0, 0.0); SLOTS]);
        let bits = frequency.chars();
        let (mut square, mut own) = (0.0, 0.0);
        for c in &entry.chars {
            own += bits.bits(c.hash).max(LEAST_BITS);
            let weight = bits.bits(c.hash) * REPEAT_WEIGHT[usize::from(c.repeat & 3)];
            let mut at = home(c.hash);
            while weights[at].0 != 0 {
                at = (at + 1) % SLOTS;
            }
            weights[at] = (c.hash, weight);
            square += weight * weight;
        }
        let mut topics: Vec<(u16, f32)> = topics.iter().map(|t| (t.short(), t.bits)).collect();
        topics.sort_unstable_by_key(|t| t.0);
        Self { weights, norm: square.sqrt(), bits: own, present: !entry.chars.is_empty(), topics }
    }

    /// `None` when either text is empty. O(characters of the other).
    pub(super) fn measure(&self, other: &Entry, frequency: &Frequency, topic_floor: f64) -> Option<TextMeasure> {
        if !self.present || other.chars.is_empty() {
            return None;
        }
        let all = frequency.chars();
        let (mut dot, mut square, mut shared, mut own, mut count) = (0.0_f32, 0.0_f32, 0.0_f32, 0.0_f32, 0_u16);
        for c in &other.chars {
            let bits = all.bits(c.hash);
            let weight = bits * REPEAT_WEIGHT[usize::from(c.repeat & 3)];
            square += weight * weight;
            own += bits.max(LEAST_BITS);
            let mine = self.weight(c.hash);
            dot += weight * mine;
            if mine > 0.0 {
                shared += bits.max(LEAST_BITS);
                count += 1;
            }
        }
        let norms = self.norm * square.sqrt();
        let cosine = if norms > 0.0 { f64::from(dot / norms).min(1.0) } else { 0.0 };
        let topic_bits = (!self.topics.is_empty() && !other.topics.is_empty()).then(|| self.topic_bits(&other.topics, topic_floor));
        Some(TextMeasure { cosine, shared_bits: f64::from(shared), shared: count, topic_bits, own_bits: f64::from(self.bits.min(own)) })
    }

    fn weight(&self, hash: u16) -> f32 {
        let mut at = home(hash);
        loop {
            let (slot, weight) = self.weights[at];
            if slot == hash {
                return weight;
            }
            if slot == 0 {
                return 0.0;
            }
            at = (at + 1) % SLOTS;
        }
    }

    fn topic_bits(&self, other: &[u16], floor: f64) -> f64 {
        let mut mine = self.topics.iter().peekable();
        let mut bits = 0.0;
        for topic in other {
            while mine.next_if(|(hash, _)| hash < topic).is_some() {}
            if let Some((_, shared)) = mine.next_if(|(hash, _)| hash == topic) {
                bits += (f64::from(*shared) - floor).max(0.0);
            }
        }
        bits
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
    use crate::matching::entry::Char;

    #[test]
    fn equal_texts_are_wholly_alike_and_empty_ones_say_nothing() {
        let frequency = Frequency::new();
        let entry = |hashes: &[u16]| Entry {
            chars: hashes.iter().map(|hash| Char { hash: *hash, repeat: 1 }).collect(),
            topics: hashes.to_vec(),
            ..Entry::default()
        };
        let topics = [Topic { hash: 3 << 16, bits: 7.0, rank: 1.0 }];
        let probe = TextProbe::new(&entry(&[3, 9]), &topics, &frequency);
        let same = probe.measure(&entry(&[3, 9]), &frequency, 2.0).unwrap();
        assert!(same.cosine > 0.9999 && same.shared_bits > 10.0 && same.topic_bits == Some(5.0));
        let other = probe.measure(&entry(&[4]), &frequency, 2.0).unwrap();
        assert!(other.cosine == 0.0 && other.topic_bits == Some(0.0));
        assert_eq!(probe.measure(&Entry::default(), &frequency, 2.0), None);
    }
}
