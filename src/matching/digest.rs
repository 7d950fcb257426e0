//! What a linker makes of a fingerprint under the frequencies seen so far, once for finding, comparing and keeping it.

use super::entry::{Entry, Topic, pack};
use super::fingerprint::Fingerprint;
use super::frequency::Frequency;
use super::highest::bring_forward;
use super::keys::{matter_keys, near_keys, person_keys};
use super::linker::IndexOptions;
use super::terms::{MAX_TERMS, Term};

/// (1 + ln(n))²: what a term that occurs n times is worth in the choice of topics, squared as its information is.
const REPEAT_RANK: [f32; 16] =
    [1.0, 1.0, 2.867, 4.404, 5.694, 6.809, 7.794, 8.678, 9.483, 10.222, 10.907, 11.546, 12.145, 12.709, 13.243, 13.75];

/// A fingerprint's packed entry and the keys it is found by and finds by.
pub(super) struct Digest {
    /// The terms the text is about, as many as are queried: subject and repeated terms first, the rarer the better.
    pub topics: Vec<Topic>,
    /// Keys of the persons, keys by which it looks for others near, and distinct keys under which it is posted.
    keys: Vec<u32>,
    persons: usize,
    near: usize,
    packed: Vec<u8>,
    stored: usize,
}

impl Digest {
    pub(super) fn new(fingerprint: &Fingerprint, options: &IndexOptions, frequency: &Frequency) -> Self {
        let mut best = [0; MAX_TERMS];
        let topics: Vec<Topic> = topics(&fingerprint.terms, options.queried_terms, frequency, &mut best).collect();
        let stored = topics.len().min(options.stored_terms);
        let mut keys = Vec::with_capacity(KEYS);
        keys.extend(person_keys(fingerprint));
        let persons = keys.len();
        keys.extend(near_keys(fingerprint));
        let near = keys.len();
        push_posted(fingerprint, &topics, options, &mut keys);
        let mut packed = Vec::with_capacity(PACKED);
        pack(fingerprint, &topics[..stored], &mut packed);
        Self { topics, keys, persons, near, packed, stored }
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

    pub(super) fn person_keys(&self) -> &[u32] {
        &self.keys[..self.persons]
    }

    pub(super) fn near_keys(&self) -> &[u32] {
        &self.keys[self.persons..self.near]
    }

    /// Distinct keys under which the entry is posted.
    pub(super) fn posted(&self) -> &[u32] {
        &self.keys[self.near..]
    }
}

/// Packed entries one behind the other, and the keys each is posted under: all that is kept of many fingerprints.
#[derive(Default)]
pub(super) struct Kept {
    packed: Vec<u8>,
    posted: Vec<u32>,
    /// Where each ends in both.
    ends: Vec<(usize, usize)>,
}

impl Kept {
    /// Adds what a [`Digest`] would hold of the fingerprint.
    pub(super) fn push(&mut self, fingerprint: &Fingerprint, options: &IndexOptions, frequency: &Frequency) {
        let mut best = [0; MAX_TERMS];
        let mut held = [Topic::default(); MAX_TERMS];
        let most = options.posted_terms.max(options.stored_terms).min(options.queried_terms);
        let mut count = 0;
        for (slot, topic) in held.iter_mut().zip(topics(&fingerprint.terms, most, frequency, &mut best)) {
            *slot = topic;
            count += 1;
        }
        push_posted(fingerprint, &held[..count], options, &mut self.posted);
        pack(fingerprint, &held[..count.min(options.stored_terms)], &mut self.packed);
        self.ends.push((self.packed.len(), self.posted.len()));
    }

    pub(super) fn clear(&mut self) {
        self.packed.clear();
        self.posted.clear();
        self.ends.clear();
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u32])> {
        let mut start = (0, 0);
        self.ends.iter().map(move |end| {
            let (from, to) = (std::mem::replace(&mut start, *end), *end);
            (&self.packed[from.0..to.0], &self.posted[from.1..to.1])
        })
    }
}

/// Room for the keys and bytes of most filings.
const KEYS: usize = 40;
const PACKED: usize = 384;

/// Appends the distinct keys of persons, text, place and topics, ascending.
fn push_posted(fingerprint: &Fingerprint, topics: &[Topic], options: &IndexOptions, keys: &mut Vec<u32>) {
    let start = keys.len();
    keys.extend(person_keys(fingerprint).chain(matter_keys(fingerprint)));
    keys.extend(topics.iter().take(options.posted_terms).map(|t| t.hash));
    let posted = &mut keys[start..];
    posted.sort_unstable();
    let mut distinct = 0;
    for at in 0..posted.len() {
        if at == 0 || posted[at] != posted[distinct - 1] {
            posted[distinct] = posted[at];
            distinct += 1;
        }
    }
    keys.truncate(start + distinct);
}

/// The `most` terms of the highest rank, best first, the lower hash first among equals. `best` is room to work in.
fn topics<'a>(
    terms: &[Term],
    most: usize,
    frequency: &'a Frequency,
    best: &'a mut [u64; MAX_TERMS],
) -> impl Iterator<Item = Topic> + use<'a> {
    // The rank is its root, which orders alike. Floats that are not negative order as their bits do.
    let squared = |t: &Term| REPEAT_RANK[usize::from(t.count & 15)] * frequency.bits(t.hash);
    let order = |t: &Term| u64::from(squared(t).to_bits()) << 32 | u64::from(!t.hash);
    for (slot, term) in best.iter_mut().zip(terms) {
        *slot = order(term);
    }
    let most = bring_forward(&mut best[..terms.len().min(MAX_TERMS)], most);
    best[..most].iter().map(move |ranked| {
        let hash = !(*ranked as u32);
        Topic { hash, bits: frequency.bits(hash), rank: f32::from_bits((*ranked >> 32) as u32).sqrt() }
    })
}
