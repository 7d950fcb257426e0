//! How many submissions held a term or token, learned as the corpus streams.

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
pub(super) const MAX_EPOCH: u64 = 512;

const BITS: u32 = 21;
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
        new.weigh();
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

    /// Submissions that may still be added before weights change.
    pub(super) fn until_next(&self) -> u64 {
        (self.documents / 16).clamp(1, MAX_EPOCH).saturating_sub(self.pending_documents)
    }

    /// Submissions weights are made from; tells one set of weights from the next.
    pub(super) const fn documents(&self) -> u64 {
        self.documents
    }

    /// Makes the weights those of all submissions added so far.
    pub(super) fn take_over(&mut self) {
        self.documents += std::mem::take(&mut self.pending_documents);
        for hash in self.pending.drain(..) {
            let count = &mut self.counts[slot(hash)];
            *count = count.saturating_add(1);
        }
        for (counts, pending) in [(&mut self.chars, &mut self.pending_chars), (&mut self.places, &mut self.pending_places)] {
            for hash in pending.drain(..) {
                if let Some(count) = counts.get_mut(usize::from(hash)) {
                    *count = count.saturating_add(1);
                }
            }
        }
        self.weigh();
    }

    fn weigh(&mut self) {
        self.documents_log = ((self.documents + PSEUDO_DOCUMENTS) as f32).log2();
        for (bits, count) in self.char_bits.iter_mut().zip(&self.chars) {
            *bits = (self.documents_log - log(*count)).max(0.0);
        }
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

/// log2(count + 1), from a table while it is small.
fn log(count: u32) -> f32 {
    static TABLE: std::sync::LazyLock<Vec<f32>> = std::sync::LazyLock::new(|| (1..=4_096).map(|n| (n as f32).log2()).collect());
    TABLE.get(count as usize).copied().unwrap_or_else(|| (count as f32 + 1.0).log2())
}

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
