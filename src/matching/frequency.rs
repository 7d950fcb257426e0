//! How many submissions held a term or token, learned as the corpus streams.

/// A one-row counting sketch (Charikar, Chen & Farach-Colton 2002 without signs): fixed memory, counts never too
/// low, too high only by collisions.
#[derive(Clone)]
pub(super) struct Frequency {
    counts: Vec<u32>,
    documents: u64,
}

const BITS: u32 = 21;
/// Submissions assumed before the first, each holding none of the terms asked about: an empty index trusts
/// neither rarity nor commonness.
const PSEUDO_DOCUMENTS: f64 = 1_000.0;

impl Frequency {
    pub(super) fn new() -> Self {
        Self { counts: vec![0; 1 << BITS], documents: 0 }
    }

    pub(super) fn add_document(&mut self, hashes: impl Iterator<Item = u32>) {
        self.documents += 1;
        for hash in hashes {
            let count = &mut self.counts[slot(hash)];
            *count = count.saturating_add(1);
        }
    }

    pub(super) const fn documents(&self) -> u64 {
        self.documents
    }

    pub(super) fn count(&self, hash: u32) -> u32 {
        self.counts[slot(hash)]
    }

    /// Information in bits of meeting the term: log2 of the inverse smoothed document frequency; at least 0.
    pub(super) fn bits(&self, hash: u32) -> f32 {
        let documents = self.documents as f32 + PSEUDO_DOCUMENTS as f32;
        (documents / (self.counts[slot(hash)] as f32 + 1.0)).log2().max(0.0)
    }

    /// Relative frequency of a token, drawn towards `prior` while little has been seen.
    pub(super) fn relative(&self, hash: u32, prior: f64) -> f64 {
        (f64::from(self.count(hash)) + prior * PSEUDO_DOCUMENTS) / (self.documents as f64 + PSEUDO_DOCUMENTS)
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.counts.len() * size_of::<u32>()
    }
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
            frequency.add_document([common].into_iter().chain((i == 0).then_some(rare)));
        }
        assert_eq!(frequency.documents(), 2_000);
        assert!(frequency.bits(rare) > frequency.bits(common) + 5.0);
        assert!(frequency.bits(common) < 1.0);
        assert!((frequency.relative(common, 1e-6) - 2.0 / 3.0).abs() < 1e-3);
    }
}
