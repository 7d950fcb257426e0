//! The linker: a fold over the submission log that keeps an index and decides each new submission against it.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::arena::Arena;
use super::cases::{Cases, Ruling, RulingError};
use super::compare::{Comparer, division_hash, leaf, point_hash};
use super::digest::Digest;
use super::entry::{Entry, half};
use super::evidence::{Evidence, Score};
use super::fingerprint::Fingerprint;
use super::frequency::{Document, Frequency};
use super::model::Model;
use super::placement::{Outcome, Placement, Weighed};
use super::postings::{Found, Postings};
use super::tally::Tally;
use super::text::{Grams, TextProbe};

const MAX_PERSON_CANDIDATES: usize = 24;
/// What a shared cell or an equal text is worth in the choice of candidates, beside the bits of shared terms times their rank.
const NEAR_SCORE: f32 = 100.0;

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
    options: IndexOptions,
    frequency: Frequency,
    postings: Postings,
    entries: Arena,
    cases: Cases,
}

/// A submission compared with what the index held at the time.
pub struct Prepared {
    digest: Digest,
    compared: Vec<Weighed>,
    /// Entries there were.
    entries: usize,
    documents: u64,
}

impl Prepared {
    /// Submissions it was compared with: what a decision costs, whatever the index holds.
    pub fn compared(&self) -> usize {
        self.compared.len()
    }
}

/// A submission decided before, as it is kept.
#[derive(Debug, Clone)]
pub struct Decided {
    /// Its position in the log.
    pub seq: u64,
    pub fingerprint: Fingerprint,
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
        let Prepared { digest, compared, .. } = self.prepare(fingerprint);
        self.outcome(&digest, &self.placement(&digest, &compared))
    }

    /// Does what of [`Self::decide`] does not depend on the submissions right before: many can be prepared at once
    /// while the linker rests.
    pub fn prepare(&self, fingerprint: &Fingerprint) -> Prepared {
        let digest = self.digest(fingerprint);
        let compared = self.compared(&digest);
        Prepared { digest, compared, entries: self.entries.len(), documents: self.frequency.documents() }
    }

    /// Where a prepared submission belongs; equal to what [`Self::decide`] says now, whatever was folded in between.
    pub fn place(&self, fingerprint: &Fingerprint, prepared: &mut Prepared) -> Placement {
        if prepared.documents != self.frequency.documents() {
            *prepared = self.prepare(fingerprint);
        } else if self.is_touched(prepared) {
            let candidates = self.nearest(&prepared.digest);
            let known = |entry: &u32| prepared.compared.iter().find(|w| w.entry == *entry).copied();
            let new: Vec<u32> = candidates.iter().copied().filter(|entry| known(entry).is_none()).collect();
            let new = self.compare_all(&prepared.digest, &new, Weighed::new);
            let find = |entry: &u32| known(entry).or_else(|| new.iter().find(|w| w.entry == *entry).copied());
            prepared.compared = candidates.iter().filter_map(find).collect();
            prepared.entries = self.entries.len();
        }
        self.placement(&prepared.digest, &prepared.compared)
    }

    /// Whether a submission was posted under any of its keys since it was prepared.
    fn is_touched(&self, prepared: &Prepared) -> bool {
        prepared.entries != self.entries.len()
            && prepared.digest.queried().any(|key| self.postings.newest(key).is_some_and(|entry| entry as usize >= prepared.entries))
    }

    /// How many submissions may be prepared now and still be placed with what was prepared.
    pub fn preparable(&self) -> usize {
        usize::try_from(self.frequency.until_next()).unwrap_or(1).max(1)
    }

    /// The positions of the earlier submissions that one would be compared with.
    pub fn candidates(&self, fingerprint: &Fingerprint) -> Vec<u64> {
        self.nearest(&self.digest(fingerprint)).into_iter().map(|entry| self.cases.seq(entry)).collect()
    }

    /// [`Self::decide`] and [`Self::neighbours`] from one comparison with the candidates.
    pub fn decide_and_rank(&self, fingerprint: &Fingerprint, top: usize) -> (Outcome, Vec<(u64, f64)>) {
        let digest = self.digest(fingerprint);
        let compared = self.compared(&digest);
        (self.outcome(&digest, &self.placement(&digest, &compared)), self.ranked(fingerprint, &[], &compared, top))
    }

    /// The earlier submissions most likely about the same matter, best first: position and probability. A
    /// submission that itself joined an earlier one's matter stands behind it if both fit about as well. `corpus` holds
    /// the fingerprints by position, as far as they are at hand: then all their 2-grams are compared, of which the
    /// index keeps a few.
    pub fn neighbours(&self, fingerprint: &Fingerprint, corpus: &[Fingerprint], top: usize) -> Vec<(u64, f64)> {
        self.ranked(fingerprint, corpus, &self.compared(&self.digest(fingerprint)), top)
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
        self.comparer().compare(&a.entry(), &text, &b.entry())
    }

    /// Folds a decided submission into the index. `seq` must exceed all before; `case` is its own `seq` when it
    /// founds a case; `matter` `None` is a matter of its own.
    pub fn insert(&mut self, seq: u64, fingerprint: &Fingerprint, case: u64, matter: Option<u64>) {
        let digest = self.digest(fingerprint);
        self.fold(seq, fingerprint, &digest, (case, matter));
    }

    /// [`Self::insert`] of a submission just placed, with the work done for that.
    pub fn insert_placed(&mut self, seq: u64, fingerprint: &Fingerprint, prepared: &Prepared, placement: &Placement) {
        self.fold(seq, fingerprint, &prepared.digest, (placement.case.unwrap_or(seq), placement.matter));
    }

    fn fold(&mut self, seq: u64, fingerprint: &Fingerprint, digest: &Digest, (case, matter): (u64, Option<u64>)) {
        let Some(entry) = self.cases.push(seq, case, matter) else { return };
        for key in &digest.posted {
            self.postings.add(*key, entry);
        }
        self.entries.push(digest.packed());
        self.learn(fingerprint);
    }

    /// [`Self::insert`] of many in order, on all cores: how an index is rebuilt.
    pub fn insert_all(&mut self, decided: &[Decided]) {
        let mut rest = decided;
        while !rest.is_empty() {
            let (batch, after) = rest.split_at(rest.len().min(self.preparable()));
            let digests: Vec<Digest> = batch.par_iter().map(|d| self.digest(&d.fingerprint)).collect();
            let mut postings = Vec::with_capacity(batch.len() * 16);
            for (decided, digest) in batch.iter().zip(&digests) {
                let Some(entry) = self.cases.push(decided.seq, decided.case, decided.matter) else { continue };
                postings.extend(digest.posted.iter().map(|key| (*key, entry)));
                self.entries.push(digest.packed());
                self.learn(&decided.fingerprint);
            }
            self.postings.add_all(&postings);
            rest = after;
        }
    }

    /// Counts a submission's terms and names without indexing it, so that a batch starts with sensible weights.
    pub fn learn(&mut self, fingerprint: &Fingerprint) {
        let mut names: Vec<u32> = fingerprint.persons.iter().map(|p| half(p.name)).filter(|n| *n != 0).collect();
        names.sort_unstable();
        names.dedup();
        let category = Some(leaf(fingerprint.category)).filter(|l| *l != 0);
        let facts = fingerprint
            .point
            .map(point_hash)
            .into_iter()
            .chain(category)
            .chain(fingerprint.division.map(division_hash))
            .chain(fingerprint.respondent);
        let addresses = fingerprint.persons.iter().flat_map(|p| p.address.iter());
        self.frequency.add_document(Document {
            terms: fingerprint.terms.iter().map(|t| t.hash).chain(names).chain(facts),
            chars: fingerprint.chars.iter().map(|t| t.hash as u16),
            places: addresses.chain(&fingerprint.place).copied(),
        });
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

    fn digest(&self, fingerprint: &Fingerprint) -> Digest {
        Digest::new(fingerprint, &self.options, &self.frequency)
    }

    const fn comparer(&self) -> Comparer<'_> {
        Comparer { model: &self.model, frequency: &self.frequency }
    }

    fn compared(&self, digest: &Digest) -> Vec<Weighed> {
        self.compare_all(digest, &self.nearest(digest), Weighed::new)
    }

    pub(super) fn compare_all<T>(&self, digest: &Digest, entries: &[u32], take: impl Fn(u32, Score) -> T) -> Vec<T> {
        if entries.is_empty() {
            return Vec::new();
        }
        let (comparer, entry) = (self.comparer(), digest.entry());
        let text = TextProbe::new(&entry, digest.stored_topics(), &self.frequency);
        let packed: Vec<&[u8]> = entries.iter().map(|other| self.entries.get(*other)).collect();
        ask_for(packed.iter().flat_map(|bytes| [0, 64, 128].map(|at| bytes.get(at).map_or(0, |byte| u32::from(*byte)))));
        let compare = |(other, packed): (&u32, &[u8])| take(*other, comparer.compare(&entry, &text, &Entry::read(packed)));
        entries.iter().zip(packed).map(compare).collect()
    }

    /// The submissions to compare with: the newest of the same persons, then those that share most.
    fn nearest(&self, digest: &Digest) -> Vec<u32> {
        // All keys are looked up before any list is read, so that the memory's answers are waited for together.
        let find = |keys: &[u32]| -> Vec<Option<Found>> { keys.iter().map(|key| self.postings.find(*key)).collect() };
        let topics: Vec<Option<Found>> = digest.topics.iter().map(|topic| self.postings.find(topic.hash)).collect();
        let (persons_found, near) = (find(&digest.person_keys), find(&digest.near_keys));
        ask_for(topics.iter().flatten().map(|found| self.postings.first_word(*found)));
        let mut persons: Vec<u32> = Vec::new();
        for found in persons_found.into_iter().flatten() {
            self.postings.each(found, |entry| persons.push(entry));
        }
        persons.sort_unstable_by(|a, b| b.cmp(a));
        persons.dedup();
        persons.truncate(MAX_PERSON_CANDIDATES);
        let mut tally = Tally::new();
        for (topic, found) in digest.topics.iter().zip(topics) {
            if let Some(found) = found {
                self.postings.each(found, |entry| tally.add(entry, topic.rank * topic.bits));
            }
        }
        for found in near.into_iter().flatten() {
            self.postings.each(found, |entry| tally.add(entry, NEAR_SCORE));
        }
        let best = tally.best(self.options.candidates, |entry| persons.contains(&entry));
        persons.extend(best);
        persons
    }
}

/// Waits for words of memory together that would else be waited for one by one.
fn ask_for(words: impl Iterator<Item = u32>) {
    std::hint::black_box(words.fold(0, |all, word| all ^ word));
}

/// Cases with their submissions, for reports and tests: case to ascending positions.
pub fn cases_of(linker: &Linker) -> BTreeMap<u64, Vec<u64>> {
    linker.cases.groups()
}
