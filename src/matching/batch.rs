//! Many submissions at once, on all cores; each is decided as if they came one by one.
//!
//! Weights change in steps only, so that between two of them a submission's digest, its candidates among those before it
//! and how it compares with them depend on no decision: all that is worked out side by side. What is left to be done in
//! order is little: which case and which matter.

use rayon::prelude::*;

use super::digest::{Digest, Kept};
use super::encoding::decode_into;
use super::fingerprint::{Fingerprint, FingerprintError};
use super::frequency::Frequency;
use super::linker::{Decided, IndexOptions, Linker};
use super::newcomers::Newcomers;
use super::placement::{Compared, Placement};

/// Submissions placed at once at most: each passes over the newer ones that share a frequent term.
const PLACED_AT_ONCE: usize = 512;
/// Submissions one core works at before another may take the next.
const SHARE: usize = 8;
const REBUILT_SHARE: usize = 32;
/// Pairs of key and entry that are added to the index at once.
const POSTED_AT_ONCE: usize = 1 << 19;

impl Linker {
    /// Decides submissions in order and folds each in, as [`Self::decide`] and [`Self::insert`] would one by one. Their
    /// positions are `first` and those after it; nothing is done unless `first` exceeds all before.
    pub fn place_all(&mut self, first: u64, prints: &[Fingerprint]) -> Vec<Placement> {
        let mut placements = Vec::with_capacity(prints.len());
        let mut rest = prints;
        while !rest.is_empty() && self.cases.accepts(first + placements.len() as u64) {
            let (batch, after) = rest.split_at(rest.len().min(self.frequency.until_next()).min(PLACED_AT_ONCE));
            self.place_batch(first + placements.len() as u64, batch, &mut placements);
            rest = after;
        }
        placements
    }

    /// The positions of those each submission would be compared with; each is folded in as a case of its own, at the
    /// positions from `first` on.
    pub fn candidates_all(&mut self, first: u64, prints: &[Fingerprint]) -> Vec<Vec<u64>> {
        let mut found = Vec::with_capacity(prints.len());
        let mut rest = prints;
        while !rest.is_empty() && self.cases.accepts(first + found.len() as u64) {
            let (batch, after) = rest.split_at(rest.len().min(self.frequency.until_next()).min(PLACED_AT_ONCE));
            let (digests, pairs, newcomers, base) = self.arrive(batch);
            for seq in (first + found.len() as u64..).take(batch.len()) {
                self.cases.push(seq, seq, None);
            }
            let look = |(row, digest): (usize, &Digest)| -> Vec<u64> {
                self.nearest(digest, &newcomers, base + row as u32).into_iter().map(|entry| self.cases.seq(entry)).collect()
            };
            found.par_extend(digests.par_iter().enumerate().with_min_len(SHARE).map(look));
            self.postings.add_all(&pairs);
            self.frequency.add_all(&[batch]);
            rest = after;
        }
        found
    }

    /// Digests a batch, keeps its entries and names the keys they will be posted under. No weights may change within it.
    fn arrive(&mut self, batch: &[Fingerprint]) -> (Vec<Digest>, Vec<(u32, u32)>, Newcomers, u32) {
        let base = self.entries.len() as u32;
        let digests: Vec<Digest> = batch.par_iter().with_min_len(SHARE).map(|print| self.digest(print)).collect();
        let mut pairs = Vec::with_capacity(digests.len() * 16);
        for (entry, digest) in (base..).zip(&digests) {
            self.entries.push(digest.packed());
            pairs.extend(digest.posted().iter().map(|key| (*key, entry)));
        }
        let newcomers = Newcomers::new(&pairs);
        (digests, pairs, newcomers, base)
    }

    fn place_batch(&mut self, first: u64, batch: &[Fingerprint], placements: &mut Vec<Placement>) {
        let (digests, pairs, newcomers, base) = self.arrive(batch);
        let compare = |(row, digest): (usize, &Digest)| {
            let candidates = self.nearest(digest, &newcomers, base + row as u32);
            let mut compared = self.compared(digest, &candidates);
            self.foresee(digest, &mut compared, base);
            compared
        };
        let mut compared: Vec<Compared> = digests.par_iter().enumerate().with_min_len(SHARE).map(compare).collect();
        let mut postings = std::mem::take(&mut self.postings);
        let place = || {
            for ((seq, digest), compared) in (first..).zip(&digests).zip(&mut compared) {
                let placement = self.placement(digest, compared);
                self.cases.push(seq, placement.case.unwrap_or(seq), placement.matter);
                placements.push(placement);
            }
        };
        rayon::join(place, || postings.add_all(&pairs));
        self.postings = postings;
        self.frequency.add_all(&[batch]);
    }

    /// [`Self::insert`] of many stored ones in order, on all cores: how an index is rebuilt. After an error, which names the
    /// position, the linker must be thrown away.
    pub fn insert_all(&mut self, decided: &[Decided<'_>]) -> Result<(), (u64, FingerprintError)> {
        let mut posted: Vec<(u32, u32)> = Vec::with_capacity(POSTED_AT_ONCE.min(decided.len() * 16));
        let (mut batch, mut rest) = decided.split_at(decided.len().min(self.frequency.until_next()));
        let (mut kept, mut next_kept) = (Vec::new(), Vec::new());
        keep(batch, &mut kept, &self.options, &self.frequency)?;
        while !batch.is_empty() {
            let prints: Vec<&[Fingerprint]> = kept.iter().map(Keeping::prints).collect();
            self.frequency.add_all(&prints);
            let (next, after) = rest.split_at(rest.len().min(self.frequency.until_next()));
            let Self { options, frequency, entries, cases, .. } = self;
            let fold = || {
                for (decided, (packed, keys)) in batch.iter().zip(kept.iter().flat_map(|keeping| keeping.kept.iter())) {
                    if let Some(entry) = cases.push(decided.seq, decided.case, decided.matter) {
                        entries.push(packed);
                        posted.extend(keys.iter().map(|key| (*key, entry)));
                    }
                }
            };
            let ((), done) = rayon::join(fold, || keep(next, &mut next_kept, options, frequency));
            done?;
            if posted.len() >= POSTED_AT_ONCE - POSTED_AT_ONCE / 8 {
                self.postings.add_all(&posted);
                posted.clear();
            }
            std::mem::swap(&mut kept, &mut next_kept);
            (batch, rest) = (next, after);
        }
        self.postings.add_all(&posted);
        Ok(())
    }
}

/// Stored submissions being read, and what is kept of them. The room is used again.
#[derive(Default)]
struct Keeping {
    prints: Vec<Fingerprint>,
    read: usize,
    kept: Kept,
}

impl Keeping {
    fn prints(&self) -> &[Fingerprint] {
        &self.prints[..self.read]
    }

    fn keep(&mut self, some: &[Decided<'_>], options: &IndexOptions, frequency: &Frequency) -> Result<(), (u64, FingerprintError)> {
        self.prints.resize_with(self.prints.len().max(some.len()), Fingerprint::default);
        self.read = some.len();
        self.kept.clear();
        for (decided, print) in some.iter().zip(&mut self.prints) {
            decode_into(decided.fingerprint, print).map_err(|error| (decided.seq, error))?;
            self.kept.push(print, options, frequency);
        }
        Ok(())
    }
}

/// Reads and digests submissions in order, some at a time.
fn keep(
    batch: &[Decided<'_>],
    kept: &mut Vec<Keeping>,
    options: &IndexOptions,
    frequency: &Frequency,
) -> Result<(), (u64, FingerprintError)> {
    kept.resize_with(batch.len().div_ceil(REBUILT_SHARE), Keeping::default);
    let work = kept.par_iter_mut().zip(batch.par_chunks(REBUILT_SHARE));
    work.try_for_each(|(keeping, some)| keeping.keep(some, options, frequency))
}
