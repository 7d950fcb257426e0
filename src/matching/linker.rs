//! The linker: a fold over the submission log that keeps an index and decides each new submission against it.

use std::collections::BTreeMap;

use super::arena::Arena;
use super::cases::{Cases, Ruling, RulingError};
use super::compare::Comparer;
use super::digest::Digest;
use super::entry::Entry;
use super::evidence::{Evidence, Score};
use super::fingerprint::Fingerprint;
use super::frequency::Frequency;
use super::learned::learned;
use super::model::Model;
use super::newcomers::Newcomers;
use super::placement::{Outcome, Weighed};
use super::postings::{Postings, ask_for};
use super::sharing::Sharing;
use super::text::{Grams, TextProbe};

/// How much the index spends on finding submissions by their text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexOptions {
    /// Terms under which a submission can be found.
    pub posted_terms: usize,
    /// Terms by which it looks for others.
    pub queried_terms: usize,
    /// Terms kept to compare texts by, beside their characters; at most 255, and no more than are queried.
    pub stored_terms: usize,
    /// Most entries under one term; the newest win.
    pub list_length: usize,
    /// Most submissions compared with one for their text or place; as many as 24 more for their persons.
    pub candidates: usize,
}

impl IndexOptions {
    /// For linking as a stream: about 300 bytes a submission.
    pub const STREAM: Self = Self { posted_terms: 9, queried_terms: 16, stored_terms: 12, list_length: 32, candidates: 14 };
    /// For ranking all of a corpus: several times the memory and time, for the last percent of recall.
    pub const THOROUGH: Self = Self { posted_terms: 256, queried_terms: 256, stored_terms: 16, list_length: 1_024, candidates: 256 };
}

/// The index and the state of all cases. Equal logs give equal linkers.
pub struct Linker {
    model: Model,
    pub(super) options: IndexOptions,
    pub(super) frequency: Frequency,
    pub(super) postings: Postings,
    pub(super) entries: Arena,
    pub(super) cases: Cases,
}

/// A submission decided before, as it is stored.
#[derive(Debug, Clone, Copy)]
pub struct Decided<'a> {
    /// Its position in the log.
    pub seq: u64,
    /// In the form of [`Fingerprint::encode`].
    pub fingerprint: &'a [u8],
    /// Its own position if it founded a case.
    pub case: u64,
    /// `None` is a matter of its own.
    pub matter: Option<u64>,
}

impl Linker {
    pub fn new(model: Model) -> Self {
        Self::with_options(model, IndexOptions::STREAM)
    }

    pub fn with_options(model: Model, options: IndexOptions) -> Self {
        Self {
            model,
            options,
            frequency: Frequency::new(),
            postings: Postings::new(options.list_length),
            entries: Arena::default(),
            cases: Cases::default(),
        }
    }

    pub const fn model(&self) -> &Model {
        &self.model
    }

    /// Submissions folded in.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.len() == 0
    }

    /// Bytes held, the fixed tables included.
    pub fn memory_bytes(&self) -> usize {
        self.frequency.memory_bytes() + self.postings.memory_bytes() + self.cases.memory_bytes() + self.entries.memory_bytes()
    }

    /// The case a submission belongs to now, rulings applied.
    pub fn case_of(&self, seq: u64) -> Option<u64> {
        self.cases.entry_of(seq).map(|entry| self.cases.case(entry))
    }

    /// The matter a submission belongs to now.
    pub fn matter_of(&self, seq: u64) -> Option<u64> {
        self.cases.entry_of(seq).map(|entry| self.cases.matter(entry))
    }

    /// Decides where a submission belongs, changing nothing. Bounded by [`IndexOptions::candidates`] comparisons.
    pub fn decide(&self, fingerprint: &Fingerprint) -> Outcome {
        self.decide_and_rank(fingerprint, 0).0
    }

    /// The positions of the earlier submissions that one would be compared with.
    pub fn candidates(&self, fingerprint: &Fingerprint) -> Vec<u64> {
        self.nearest(&self.digest(fingerprint), &Newcomers::none(), u32::MAX).into_iter().map(|entry| self.cases.seq(entry)).collect()
    }

    /// [`Self::decide`] and [`Self::neighbours`] from one comparison with the candidates.
    pub fn decide_and_rank(&self, fingerprint: &Fingerprint, top: usize) -> (Outcome, Vec<(u64, f64)>) {
        let digest = self.digest(fingerprint);
        let mut compared = self.compared(&digest, &self.nearest(&digest, &Newcomers::none(), u32::MAX));
        let outcome = self.outcome(&digest, &self.placement(&digest, &mut compared));
        let ranked = if top == 0 { Vec::new() } else { self.ranked(fingerprint, &[], compared.candidates(), top) };
        (outcome, ranked)
    }

    /// The earlier submissions most likely about the same matter, best first: position and probability. A
    /// submission that itself joined an earlier one's matter stands behind it if both fit about as well. `corpus` holds
    /// the fingerprints by position, as far as they are at hand: then all their 2-grams are compared, of which the
    /// index keeps a few.
    pub fn neighbours(&self, fingerprint: &Fingerprint, corpus: &[Fingerprint], top: usize) -> Vec<(u64, f64)> {
        let digest = self.digest(fingerprint);
        let compared = self.compared(&digest, &self.nearest(&digest, &Newcomers::none(), u32::MAX));
        self.ranked(fingerprint, corpus, compared.candidates(), top)
    }

    fn ranked(&self, fingerprint: &Fingerprint, corpus: &[Fingerprint], compared: &[Weighed], top: usize) -> Vec<(u64, f64)> {
        let grams = Grams::new(&fingerprint.terms, &self.frequency);
        let gram_bits = self.model.ranking().gram_bits;
        let weight = |found: &Weighed| {
            let other = usize::try_from(self.cases.seq(found.entry)).ok().and_then(|seq| corpus.get(seq));
            let alike = other.map_or(0.0, |other| grams.cosine(&other.terms, &self.frequency));
            (found.entry, found.matter_weight + gram_bits * alike)
        };
        let mut near: Vec<(u32, f64)> = compared.iter().map(weight).collect();
        let founder_bits = self.model.ranking().founder_bits;
        let mut best: BTreeMap<u64, f64> = BTreeMap::new();
        for (entry, weight) in &near {
            let group = best.entry(self.cases.matter(*entry)).or_insert(*weight);
            *group = group.max(*weight);
        }
        for (entry, weight) in &mut near {
            let group = best.get(&self.cases.matter(*entry)).copied().unwrap_or(*weight);
            if self.cases.seq(*entry) == self.cases.matter(*entry) && *weight >= group - founder_bits {
                *weight = group;
            }
        }
        near.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let alike = near.first().map_or(0.0, |(_, best)| best - self.model.ranking().alike_bits);
        let head = near.iter().take_while(|(_, weight)| *weight >= alike).count();
        near[..head].sort_by_key(|(entry, _)| *entry);
        near.truncate(top);
        near.into_iter().map(|(entry, weight)| (self.cases.seq(entry), super::evidence::probability(weight))).collect()
    }

    /// The evidence between any two submissions under the frequencies seen so far.
    pub fn explain(&self, a: &Fingerprint, b: &Fingerprint) -> Evidence {
        self.score(a, b).evidence(&self.model)
    }

    pub(super) fn score(&self, a: &Fingerprint, b: &Fingerprint) -> Score {
        let (a, b) = (self.digest(a), self.digest(b));
        let text = TextProbe::new(&a.entry(), a.stored_topics(), &self.frequency);
        let comparer = Comparer { model: &self.model, frequency: &self.frequency, sharing: Sharing::default() };
        comparer.compare(&a.entry(), &text, &b.entry())
    }

    /// Folds a decided submission into the index. `seq` must exceed all before; `case` is its own `seq` when it
    /// founds a case; `matter` `None` is a matter of its own.
    pub fn insert(&mut self, seq: u64, fingerprint: &Fingerprint, case: u64, matter: Option<u64>) {
        let digest = self.digest(fingerprint);
        let Some(entry) = self.cases.push(seq, case, matter) else { return };
        for key in digest.posted() {
            self.postings.add(*key, entry);
        }
        self.entries.push(digest.packed());
        self.learn(fingerprint);
    }

    /// Counts a submission's terms and names without indexing it, so that a batch starts with sensible weights.
    pub fn learn(&mut self, fingerprint: &Fingerprint) {
        self.frequency.add_document(learned(fingerprint));
    }

    /// Makes the weights those of all submissions learned or folded in so far, which otherwise follow with a delay.
    pub fn settle(&mut self) {
        self.frequency.take_over();
    }

    pub(super) const fn frequency(&self) -> &Frequency {
        &self.frequency
    }

    pub(super) const fn cases(&self) -> &Cases {
        &self.cases
    }

    /// Folds a person's decision, which the machine never overrides.
    pub fn apply(&mut self, ruling: &Ruling) -> Result<(), RulingError> {
        self.cases.apply(ruling)
    }

    pub(super) fn digest(&self, fingerprint: &Fingerprint) -> Digest {
        Digest::new(fingerprint, &self.options, &self.frequency)
    }

    pub(super) fn compare_all<T>(&self, digest: &Digest, entries: &[u32], sharing: Sharing, take: impl Fn(u32, Score) -> T) -> Vec<T> {
        if entries.is_empty() {
            return Vec::new();
        }
        let (comparer, entry) = (Comparer { model: &self.model, frequency: &self.frequency, sharing }, digest.entry());
        let text = TextProbe::new(&entry, digest.stored_topics(), &self.frequency);
        let packed: Vec<&[u8]> = entries.iter().map(|other| self.entries.get(*other)).collect();
        ask_for(packed.iter().flat_map(|bytes| [0, 64, 128].map(|at| bytes.get(at).map_or(0, |byte| u32::from(*byte)))));
        let compare = |(other, packed): (&u32, &[u8])| take(*other, comparer.compare(&entry, &text, &Entry::read(packed)));
        entries.iter().zip(packed).map(compare).collect()
    }
}

/// Cases with their submissions, for reports and tests: case to ascending positions.
pub fn cases_of(linker: &Linker) -> BTreeMap<u64, Vec<u64>> {
    linker.cases.groups()
}
