//! The linker: a fold over the submission log that keeps an index and decides each new submission against it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::arena::Arena;
use super::cases::{Cases, Ruling, RulingError};
use super::compare::{Comparer, division_hash, leaf, place_hash, point_hash};
use super::entry::{Entry, Topic, half};
use super::evidence::{Decision, Evidence, Score, Verdict};
use super::fingerprint::Fingerprint;
use super::frequency::Frequency;
use super::model::Model;
use super::postings::{Postings, Tally};
use super::terms::Term;
use super::text::{Grams, TextProbe};

/// Most matches reported of one submission.
pub const MAX_MATCHES: usize = 16;
/// 1 + ln(n): what a term that occurs n times is worth in the choice of topics.
const REPEAT_RANK: [f32; 16] = [1.0, 1.0, 1.693, 2.099, 2.386, 2.609, 2.792, 2.946, 3.079, 3.197, 3.303, 3.398, 3.485, 3.565, 3.639, 3.708];
/// Most matters whose members are asked whether a submission fits.
/// The rule that sends a submission to a person although it resembles one of a case's submissions.
const MEMBERS_DISAGREE: &str = "members_disagree";
const MAX_MATTERS_TRIED: usize = 3;
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

/// An earlier submission and what it is to the new one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Match {
    /// The earlier submission's position in the log.
    pub seq: u64,
    /// The case it belongs to now, named by the position of the case's founding submission.
    pub case: u64,
    pub decision: Decision,
    pub evidence: Evidence,
}

/// Where a submission belongs.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Outcome {
    /// The case it is a duplicate of; `None` founds a new case named by its own position.
    pub case: Option<u64>,
    /// The matter it joins; `None` is a matter of its own.
    pub matter: Option<u64>,
    /// At most [`MAX_MATCHES`], best first, none of them distinct.
    pub matches: Vec<Match>,
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
        self.decide_prepared(fingerprint, &self.prepare(fingerprint))
    }

    /// Does what of [`Self::decide`] does not depend on the submissions right before: many can be prepared at once
    /// while the linker rests.
    pub fn prepare(&self, fingerprint: &Fingerprint) -> Prepared {
        let probe = self.probe(fingerprint);
        let scores = self.compare_all(&probe, &self.candidates(fingerprint, &probe.topics));
        Prepared { probe, scores, documents: self.frequency.documents() }
    }

    /// [`Self::decide`] with work done before; equal to it whatever was folded in between.
    pub fn decide_prepared(&self, fingerprint: &Fingerprint, prepared: &Prepared) -> Outcome {
        if prepared.documents != self.frequency.documents() {
            return self.decide(fingerprint);
        }
        let candidates = self.candidates(fingerprint, &prepared.probe.topics);
        let mut scores = Vec::with_capacity(candidates.len());
        for entry in candidates {
            match prepared.scores.iter().find(|(e, _)| *e == entry) {
                Some(known) => scores.push(*known),
                None => scores.extend(self.compare_all(&prepared.probe, &[entry])),
            }
        }
        self.outcome(&prepared.probe, scores)
    }

    /// How many submissions may be prepared now and still be decided with what was prepared.
    pub fn preparable(&self) -> usize {
        usize::try_from(self.frequency.until_next()).unwrap_or(1).max(1)
    }

    /// [`Self::decide`] and [`Self::neighbours`] from one comparison with the candidates.
    pub fn decide_and_rank(&self, fingerprint: &Fingerprint, top: usize) -> (Outcome, Vec<(u64, f64)>) {
        let probe = self.probe(fingerprint);
        let compared = self.compared(fingerprint, &probe);
        let near = self.ranked(fingerprint, &[], &compared, top);
        (self.outcome(&probe, compared), near)
    }

    fn outcome(&self, probe: &Probe, mut compared: Vec<(u32, Score)>) -> Outcome {
        let filings = compared.iter().filter(|(_, score)| score.person.verdict == Verdict::Yes).count();
        let lower_by = self.model.prior().lower_by(filings);
        if lower_by > 0.0 {
            for (_, score) in compared.iter_mut().filter(|(_, score)| score.person.verdict == Verdict::Yes) {
                *score = score.with_lower_prior(&self.model, lower_by);
            }
        }
        let (case, refused) = self.fitting_case(&compared);
        let matches = worth_telling(compared);
        let matter = match case {
            Some(case) => self.matter_of(case),
            None => self.fitting_matter(probe, &matches),
        };
        let told = |(entry, score): &(u32, Score)| {
            let (case, mut evidence) = (self.cases.case(*entry), score.evidence(&self.model));
            if evidence.decision == Decision::Duplicate && refused.contains(&case) {
                evidence.decision = Decision::PossibleDuplicate;
                MEMBERS_DISAGREE.clone_into(&mut evidence.rule);
            }
            Match { seq: self.cases.seq(*entry), case, decision: evidence.decision, evidence }
        };
        Outcome { case, matter, matches: matches.iter().take(MAX_MATCHES).map(told).collect() }
    }

    /// The case of the best duplicate that at least half of the case's compared members agree with, and the cases refused
    /// for want of that: a chain of resemblances, each to the one before, is not one matter.
    fn fitting_case(&self, compared: &[(u32, Score)]) -> (Option<u64>, Vec<u64>) {
        let mut duplicates: Vec<&(u32, Score)> = compared.iter().filter(|(_, s)| s.decision == Decision::Duplicate).collect();
        duplicates.sort_unstable_by(|a, b| b.1.weight.total_cmp(&a.1.weight).then(a.0.cmp(&b.0)));
        let mut refused = Vec::new();
        for (entry, _) in duplicates {
            let case = self.cases.case(*entry);
            if refused.contains(&case) {
                continue;
            }
            let members = compared.iter().filter(|(other, _)| self.cases.case(*other) == case);
            let (all, agree) =
                members.fold((0, 0), |(all, agree), (_, score)| (all + 1, agree + usize::from(score.decision == Decision::Duplicate)));
            if agree * 2 >= all {
                return (Some(case), refused);
            }
            refused.push(case);
        }
        (None, refused)
    }

    /// The matter of the best match that its other members agree with: one resemblance does not chain two matters.
    fn fitting_matter(&self, probe: &Probe, matches: &[(u32, Score)]) -> Option<u64> {
        let mut alike: Vec<(u32, f64)> =
            matches.iter().filter(|(_, s)| s.matter.verdict == Verdict::Yes).map(|(entry, s)| (*entry, s.matter.weight)).collect();
        alike.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let mut tried: Vec<u64> = Vec::new();
        for (entry, _) in alike {
            let matter = self.cases.matter(entry);
            if tried.len() == MAX_MATTERS_TRIED {
                break;
            }
            if !tried.contains(&matter) {
                if self.agrees(probe, matter) {
                    return Some(matter);
                }
                tried.push(matter);
            }
        }
        None
    }

    fn agrees(&self, probe: &Probe, matter: u64) -> bool {
        let members = self.cases.members(matter);
        if members.is_empty() {
            return true;
        }
        let joining = self.model.joining();
        let (mut sum, mut agree) = (0.0, 0.0);
        for (_, score) in self.compare_all(probe, members) {
            sum += score.matter.weight;
            agree += f64::from(u8::from(score.matter.weight >= joining.agreeing_bits));
        }
        let count = members.len() as f64;
        super::evidence::probability(sum / count) >= self.model.thresholds().matter_maybe && agree / count >= joining.agreeing_share
    }

    /// The earlier submissions most likely about the same matter, best first: position and probability. A
    /// submission that itself joined an earlier one's matter stands behind it if both fit about as well. `corpus` holds
    /// the fingerprints by position, as far as they are at hand: then all their 2-grams are compared, of which the
    /// index keeps a few.
    pub fn neighbours(&self, fingerprint: &Fingerprint, corpus: &[Fingerprint], top: usize) -> Vec<(u64, f64)> {
        self.ranked(fingerprint, corpus, &self.compared(fingerprint, &self.probe(fingerprint)), top)
    }

    fn ranked(&self, fingerprint: &Fingerprint, corpus: &[Fingerprint], compared: &[(u32, Score)], top: usize) -> Vec<(u64, f64)> {
        let grams = Grams::new(&fingerprint.terms, &self.frequency);
        let gram_bits = self.model.ranking().gram_bits;
        let weight = |(entry, score): &(u32, Score)| {
            let other = usize::try_from(self.cases.seq(*entry)).ok().and_then(|seq| corpus.get(seq));
            let alike = other.map_or(0.0, |other| grams.cosine(&other.terms, &self.frequency));
            (*entry, score.matter.weight + gram_bits * alike)
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
        let comparer = Comparer { model: &self.model, frequency: &self.frequency };
        let (a_topics, b_topics) = (self.topics(a), self.topics(b));
        let (a, b) = (Entry::new(a, &a_topics), Entry::new(b, &b_topics));
        comparer.compare(&a, &TextProbe::new(&a, &a_topics, &self.frequency), &b).evidence(&self.model)
    }

    /// Folds a decided submission into the index. `seq` must exceed all before; `case` is its own `seq` when it
    /// founds a case; `matter` `None` is a matter of its own.
    pub fn insert(&mut self, seq: u64, fingerprint: &Fingerprint, case: u64, matter: Option<u64>) {
        let Some(entry) = self.cases.push(seq, case, matter) else { return };
        let topics = self.topics(fingerprint);
        let posted = topics.iter().take(self.options.posted_terms).map(|t| t.hash);
        let mut keys: Vec<u32> = person_keys(fingerprint).chain(matter_keys(fingerprint)).chain(posted).collect();
        keys.sort_unstable();
        keys.dedup();
        for key in keys {
            self.postings.add(key, entry);
        }
        let mut packed = Vec::with_capacity(256);
        Entry::new(fingerprint, &topics[..topics.len().min(self.options.stored_terms)]).pack(&mut packed);
        self.entries.push(&packed);
        self.learn(fingerprint);
    }

    /// Counts a submission's terms and names without indexing it, so that a batch starts with sensible weights.
    pub fn learn(&mut self, fingerprint: &Fingerprint) {
        let persons = fingerprint.persons.iter();
        let mut names: Vec<u32> = fingerprint.persons.iter().map(|p| half(p.name)).filter(|n| *n != 0).collect();
        names.sort_unstable();
        names.dedup();
        let places = persons.flat_map(|p| p.address.iter()).chain(&fingerprint.place).map(|term| place_hash(*term));
        let facts = fingerprint
            .point
            .map(point_hash)
            .into_iter()
            .chain(Some(leaf(fingerprint.category)).filter(|l| *l != 0))
            .chain(fingerprint.division.map(division_hash))
            .chain(fingerprint.respondent);
        let terms = fingerprint.terms.iter().map(|t| t.hash);
        self.frequency.add_document(terms.chain(names).chain(places).chain(facts), fingerprint.chars.iter().map(|t| t.hash));
    }

    /// Makes the weights those of all submissions learned or folded in so far, which otherwise follow with a delay.
    pub fn settle(&mut self) {
        self.frequency.take_over();
    }

    pub(super) const fn frequency(&self) -> &Frequency {
        &self.frequency
    }

    /// Folds a person's decision, which the machine never overrides.
    pub fn apply(&mut self, ruling: &Ruling) -> Result<(), RulingError> {
        self.cases.apply(ruling)
    }

    fn probe(&self, fingerprint: &Fingerprint) -> Probe {
        let topics = self.topics(fingerprint);
        let stored = &topics[..topics.len().min(self.options.stored_terms)];
        let entry = Entry::new(fingerprint, stored);
        let text = TextProbe::new(&entry, stored, &self.frequency);
        Probe { entry, text, topics }
    }

    fn compared(&self, fingerprint: &Fingerprint, probe: &Probe) -> Vec<(u32, Score)> {
        self.compare_all(probe, &self.candidates(fingerprint, &probe.topics))
    }

    fn compare_all(&self, probe: &Probe, entries: &[u32]) -> Vec<(u32, Score)> {
        let comparer = Comparer { model: &self.model, frequency: &self.frequency };
        let mut other = Entry::default();
        let compare = |entry: &u32| {
            other.unpack(self.entries.get(*entry));
            (*entry, comparer.compare(&probe.entry, &probe.text, &other))
        };
        entries.iter().map(compare).collect()
    }

    /// The terms a text is about, as many as are queried: subject and repeated terms first, the rarer the better.
    pub(super) fn topics(&self, fingerprint: &Fingerprint) -> Vec<Topic> {
        let topic = |t: &Term| {
            let bits = self.frequency.bits(t.hash);
            Topic { hash: t.hash, bits, rank: REPEAT_RANK[usize::from(t.count & 15)] * bits.sqrt() }
        };
        let mut topics: Vec<Topic> = fingerprint.terms.iter().map(topic).collect();
        let order = |a: &Topic, b: &Topic| b.rank.total_cmp(&a.rank).then(a.hash.cmp(&b.hash));
        let most = self.options.queried_terms;
        if topics.len() > most && most > 0 {
            topics.select_nth_unstable_by(most - 1, order);
        }
        topics.truncate(most);
        topics.sort_unstable_by(order);
        topics
    }

    fn candidates(&self, fingerprint: &Fingerprint, topics: &[Topic]) -> Vec<u32> {
        let mut persons: Vec<u32> = Vec::new();
        for key in person_keys(fingerprint) {
            self.postings.each(key, |entry| persons.push(entry));
        }
        persons.sort_unstable_by(|a, b| b.cmp(a));
        persons.dedup();
        persons.truncate(MAX_PERSON_CANDIDATES);
        let mut tally = Tally::new();
        for topic in topics {
            self.postings.each(topic.hash, |entry| tally.add(entry, topic.rank * topic.bits));
        }
        for key in near_keys(fingerprint) {
            self.postings.each(key, |entry| tally.add(entry, NEAR_SCORE));
        }
        let best = tally.best(self.options.candidates, |entry| persons.contains(&entry));
        persons.extend(best);
        persons
    }
}

/// A submission compared with what the index held at the time.
pub struct Prepared {
    probe: Probe,
    scores: Vec<(u32, Score)>,
    documents: u64,
}

/// A new submission made ready for comparison.
struct Probe {
    entry: Entry,
    text: TextProbe,
    topics: Vec<Topic>,
}

/// All but the distinct, best first.
fn worth_telling(mut compared: Vec<(u32, Score)>) -> Vec<(u32, Score)> {
    compared.retain(|(_, score)| score.decision != Decision::Distinct);
    compared.sort_unstable_by(|(i, a), (j, b)| a.decision.cmp(&b.decision).then(b.weight.total_cmp(&a.weight)).then(i.cmp(j)));
    compared
}

fn key(kind: u64, value: u64) -> u32 {
    let mixed = (value ^ kind.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    (mixed >> 32) as u32
}

pub(super) fn person_keys(fingerprint: &Fingerprint) -> impl Iterator<Item = u32> + '_ {
    fingerprint.persons.iter().flat_map(|p| {
        let birth = u64::from(p.birth[0]) << 32 | u64::from(p.birth[1]) << 16 | u64::from(p.birth[2]);
        [
            (p.id != 0).then(|| key(1, p.id)),
            (p.phone != 0).then(|| key(2, p.phone)),
            (p.account != 0).then(|| key(3, p.account)),
            (p.name != 0 && p.has_birth()).then(|| key(4, p.name ^ birth)),
        ]
        .into_iter()
        .flatten()
    })
}

/// Side of a cell of the grid of points, in 1e-6 degrees (about 220 m of latitude).
const CELL: i32 = 2_000;

fn cell_key(x: i32, y: i32) -> u32 {
    key(6, (u64::from(x.cast_unsigned()) << 32) | u64::from(y.cast_unsigned()))
}

fn matter_keys(fingerprint: &Fingerprint) -> impl Iterator<Item = u32> {
    let text = (fingerprint.text != 0).then(|| key(5, u64::from(fingerprint.text)));
    let cell = fingerprint.point.map(|(lon, lat)| cell_key(lon.div_euclid(CELL), lat.div_euclid(CELL)));
    text.into_iter().chain(cell)
}

fn near_keys(fingerprint: &Fingerprint) -> impl Iterator<Item = u32> {
    let text = (fingerprint.text != 0).then(|| key(5, u64::from(fingerprint.text)));
    let cells = fingerprint.point.into_iter().flat_map(|(lon, lat)| {
        let (x, y) = (lon.div_euclid(CELL), lat.div_euclid(CELL));
        (-1..=1).flat_map(move |dx| (-1..=1).map(move |dy| cell_key(x + dx, y + dy)))
    });
    text.into_iter().chain(cells)
}

/// Cases with their submissions, for reports and tests: case to ascending positions.
pub fn cases_of(linker: &Linker) -> BTreeMap<u64, Vec<u64>> {
    linker.cases.groups()
}
