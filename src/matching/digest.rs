//! What a linker makes of a fingerprint under the frequencies seen so far, once for finding, comparing and keeping it.

use super::entry::{Entry, Topic, pack};
use super::fingerprint::Fingerprint;
use super::frequency::Frequency;
use super::keys::{matter_keys, near_keys, person_keys};
use super::linker::IndexOptions;
use super::terms::Term;

/// 1 + ln(n): what a term that occurs n times is worth in the choice of topics.
const REPEAT_RANK: [f32; 16] = [1.0, 1.0, 1.693, 2.099, 2.386, 2.609, 2.792, 2.946, 3.079, 3.197, 3.303, 3.398, 3.485, 3.565, 3.639, 3.708];

/// A fingerprint's packed entry and the keys it is found by and finds by.
pub(super) struct Digest {
    /// The terms the text is about, as many as are queried: subject and repeated terms first, the rarer the better.
    pub topics: Vec<Topic>,
    pub person_keys: Vec<u32>,
    pub near_keys: Vec<u32>,
    /// Distinct keys under which the entry is posted.
    pub posted: Vec<u32>,
    packed: Vec<u8>,
    stored: usize,
}

impl Digest {
    pub(super) fn new(fingerprint: &Fingerprint, options: &IndexOptions, frequency: &Frequency) -> Self {
        let topics = topics(&fingerprint.terms, options.queried_terms, frequency);
        let stored = topics.len().min(options.stored_terms);
        let person_keys: Vec<u32> = person_keys(fingerprint).collect();
        let terms = topics.iter().take(options.posted_terms).map(|t| t.hash);
        let mut posted: Vec<u32> = person_keys.iter().copied().chain(matter_keys(fingerprint)).chain(terms).collect();
        posted.sort_unstable();
        posted.dedup();
        let mut packed = Vec::with_capacity(512);
        pack(fingerprint, &topics[..stored], &mut packed);
        Self { topics, person_keys, near_keys: near_keys(fingerprint).collect(), posted, packed, stored }
    }

    pub(super) fn packed(&self) -> &[u8] {
        &self.packed
    }

    pub(super) fn entry(&self) -> Entry<'_> {
        Entry::read(&self.packed)
    }

    /// The topics the packed entry holds.
    pub(super) fn stored_topics(&self) -> &[Topic] {
        &self.topics[..self.stored]
    }

    /// All keys by which it looks for others.
    pub(super) fn queried(&self) -> impl Iterator<Item = u32> {
        self.topics.iter().map(|t| t.hash).chain(self.person_keys.iter().copied()).chain(self.near_keys.iter().copied())
    }
}

/// The `most` terms of the highest rank, best first, the lower hash first among equals.
fn topics(terms: &[Term], most: usize, frequency: &Frequency) -> Vec<Topic> {
    let rank_of = |t: &Term| REPEAT_RANK[usize::from(t.count & 15)] * frequency.bits(t.hash).sqrt();
    // Floats that are not negative order as their bits do.
    let order = |t: &Term| u64::from(rank_of(t).to_bits()) << 32 | u64::from(!t.hash);
    let mut ranked: Vec<u64> = terms.iter().map(order).collect();
    if ranked.len() > most && most > 0 {
        ranked.select_nth_unstable_by(most - 1, |a, b| b.cmp(a));
    }
    ranked.truncate(most);
    ranked.sort_unstable_by(|a, b| b.cmp(a));
    let topic = |ranked: u64| {
        let hash = !(ranked as u32);
        Topic { hash, bits: frequency.bits(hash), rank: f32::from_bits((ranked >> 32) as u32) }
    };
    ranked.into_iter().map(topic).collect()
}
