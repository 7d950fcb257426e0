//! How many submissions held a term or token, learned as the corpus streams.

use super::fingerprint::Fingerprint;
use super::learned::{facts, learned};
use super::terms::CHAR_HASHES;

/// Counts of characters and words of places, exactly, and of all else in a one-row counting sketch: fixed memory,
/// counts never too low, too high only by collisions.
#[derive(Clone)]
pub(super) struct Frequency {
    counts: Vec<u32>,
    chars: Vec<u32>,
    char_bits: Box<CharBits>,
    places: Vec<u32>,
    documents: u64,
    documents_log: f32,
    /// Submissions counted but not yet weighed with, and their hashes: weights stay as they are for a while, so that
    /// many submissions can be prepared at once and decide as they would one by one.
    pending: Vec<u32>,
    pending_chars: Vec<u16>,
    pending_places: Vec<u16>,
    pending_documents: u64,
}

/// What is counted of a submission, each as often as given.
pub(super) struct Document<T, C, P> {
    /// Terms of the text, and tokens of all that is no character and no word of a place.
    pub terms: T,
    pub chars: C,
    pub places: P,
}

/// Information in bits of each character, by its hash.
pub(super) type CharBits = [f32; CHAR_HASHES as usize];

/// Weights are taken over after a sixteenth more submissions, and after so many at the latest.
pub(super) const MAX_EPOCH: u64 = 1_024;

const BITS: u32 = 21;
/// Slots that one core counts beside the characters while another counts the rest.
const FEW_SLOTS: usize = 3 << (BITS - 3);
/// Submissions assumed before the first, each holding none of the terms asked about: an empty index trusts
/// neither rarity nor commonness.
const PSEUDO_DOCUMENTS: u64 = 1_000;

impl Frequency {
    pub(super) fn new() -> Self {
        let chars = CHAR_HASHES as usize;
        let mut new = Self {
            counts: vec![0; 1 << BITS],
            chars: vec![0; chars],
            char_bits: Box::new([0.0; CHAR_HASHES as usize]),
            places: vec![0; 1 << 16],
            documents: 0,
            documents_log: 0.0,
            pending: Vec::new(),
            pending_chars: Vec::new(),
            pending_places: Vec::new(),
            pending_documents: 0,
        };
        new.take_over();
        new
    }

    pub(super) fn add_document<T, C, P>(&mut self, document: Document<T, C, P>)
    where
        T: Iterator<Item = u32>,
        C: Iterator<Item = u16>,
        P: Iterator<Item = u16>,
    {
        self.pending.extend(document.terms);
        self.pending_chars.extend(document.chars);
        self.pending_places.extend(document.places);
        self.pending_documents += 1;
        if self.until_next() == 0 {
            self.take_over();
        }
    }

    /// [`Self::add_document`] of so many that weights change with the last of them at the earliest, on all cores.
    pub(super) fn add_all(&mut self, prints: &[&[Fingerprint]]) {
        let count: usize = prints.iter().map(|some| some.len()).sum();
        if count < self.until_next() {
            prints.iter().copied().flatten().for_each(|print| self.add_document(learned(print)));
            return;
        }
        self.count_pending();
        self.documents += count as u64;
        self.log_documents();
        let Self { counts, chars, char_bits, places, documents_log, .. } = self;
        let (few, most) = counts.split_at_mut(FEW_SLOTS);
        let count_few = || {
            count_terms(prints, few, 0);
            count_chars(prints, chars, places);
            weigh(*documents_log, chars, char_bits);
        };
        rayon::join(count_few, || count_terms(prints, most, FEW_SLOTS));
    }

    /// Submissions that may still be added before weights change; at least one.
    pub(super) fn until_next(&self) -> usize {
        (self.documents / 16).clamp(1, MAX_EPOCH).saturating_sub(self.pending_documents) as usize
    }

    /// Submissions weights are made from; tells one set of weights from the next.
    pub(super) const fn documents(&self) -> u64 {
        self.documents
    }

    /// Makes the weights those of all submissions added so far.
    pub(super) fn take_over(&mut self) {
        self.count_pending();
        self.log_documents();
        weigh(self.documents_log, &self.chars, &mut self.char_bits);
    }

    fn count_pending(&mut self) {
        self.documents += std::mem::take(&mut self.pending_documents);
        for hash in self.pending.drain(..) {
            add_one(&mut self.counts, slot(hash));
        }
        for (counts, pending) in [(&mut self.chars, &mut self.pending_chars), (&mut self.places, &mut self.pending_places)] {
            for hash in pending.drain(..) {
                add_one(counts, usize::from(hash));
            }
        }
    }

    fn log_documents(&mut self) {
        self.documents_log = ((self.documents + PSEUDO_DOCUMENTS) as f32).log2();
    }

    pub(super) fn count(&self, hash: u32) -> u32 {
        self.counts[slot(hash)]
    }

    /// Information in bits of meeting a term: log2 of the inverse smoothed document frequency; at least 0.
    pub(super) fn bits(&self, hash: u32) -> f32 {
        (self.documents_log - log(self.count(hash))).max(0.0)
    }

    /// The same for characters.
    pub(super) const fn char_bits(&self) -> &CharBits {
        &self.char_bits
    }

    /// The same for words of places and addresses.
    pub(super) fn place_bits(&self, hash: u16) -> f32 {
        let count = self.places.get(usize::from(hash)).copied().unwrap_or_default();
        (self.documents_log - log(count)).max(0.0)
    }

    /// Relative frequency of a token, drawn towards `prior` while little has been seen.
    pub(super) fn relative(&self, hash: u32, prior: f64) -> f64 {
        let pseudo = PSEUDO_DOCUMENTS as f64;
        (f64::from(self.count(hash)) + prior * pseudo) / (self.documents as f64 + pseudo)
    }

    pub(super) fn memory_bytes(&self) -> usize {
        (self.counts.len() + self.chars.len() + self.char_bits.len() + self.places.len()) * size_of::<u32>()
    }
}

fn add_one(counts: &mut [u32], at: usize) {
    if let Some(count) = counts.get_mut(at) {
        *count = count.saturating_add(1);
    }
}

fn weigh(documents_log: f32, chars: &[u32], char_bits: &mut CharBits) {
    for (bits, count) in char_bits.iter_mut().zip(chars) {
        *bits = (documents_log - log(*count)).max(0.0);
    }
}

/// Counts the terms whose slots are in `counts`, of which the first is slot number `first`.
fn count_terms(prints: &[&[Fingerprint]], counts: &mut [u32], first: usize) {
    for print in prints.iter().copied().flatten() {
        // They ascend, and their slots with them.
        let from = print.terms.partition_point(|term| slot(term.hash) < first);
        for at in print.terms[from..].iter().map(|term| slot(term.hash) - first) {
            let Some(count) = counts.get_mut(at) else { break };
            *count = count.saturating_add(1);
        }
        for at in facts(print).filter_map(|hash| slot(hash).checked_sub(first)) {
            add_one(counts, at);
        }
    }
}

fn count_chars(prints: &[&[Fingerprint]], chars: &mut [u32], places: &mut [u32]) {
    for document in prints.iter().copied().flatten().map(learned) {
        document.chars.for_each(|hash| add_one(chars, usize::from(hash)));
        document.places.for_each(|hash| add_one(places, usize::from(hash)));
    }
}

/// log2(count + 1); beyond a table's end that of its first bits, less than a thousandth too low.
fn log(count: u32) -> f32 {
    static TABLE: std::sync::LazyLock<Box<[f32; LOGS]>> = std::sync::LazyLock::new(|| Box::new(std::array::from_fn(|n| (n as f32).log2())));
    let number = count.saturating_add(1);
    let shift = (u32::BITS - LOGS.ilog2()).saturating_sub(number.leading_zeros());
    shift as f32 + TABLE[(number >> shift) as usize % LOGS]
}

const LOGS: usize = 1 << 12;

const fn slot(hash: u32) -> usize {
    (hash >> (32 - BITS)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rarer_is_heavier() {
        let mut frequency = Frequency::new();
        let (common, rare) = (0x1000_0000, 0x2000_0000);
        for i in 0..2_000 {
            frequency.add_document(Document {
                terms: [common].into_iter().chain((i == 0).then_some(rare)),
                chars: [1].into_iter().chain((i == 0).then_some(2)),
                places: std::iter::once(3),
            });
        }
        frequency.take_over();
        assert!(frequency.bits(rare) > frequency.bits(common) + 5.0);
        assert!(frequency.bits(common) < 1.0);
        assert!(frequency.char_bits()[2] > frequency.char_bits()[1] + 5.0);
        assert!(frequency.place_bits(4) > frequency.place_bits(3) + 5.0);
        assert!((frequency.relative(common, 1e-6) - 2.0 / 3.0).abs() < 1e-3);
    }
}
