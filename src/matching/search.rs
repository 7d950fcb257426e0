//! The earlier submissions worth comparing with: those under the same keys.

use std::cell::Cell;

use super::digest::Digest;
use super::linker::Linker;
use super::newcomers::Newcomers;
use super::postings::{Found, ask_for};
use super::tally::Tally;

const MAX_PERSON_CANDIDATES: usize = 24;
/// What a shared cell or an equal text is worth in the choice of candidates, beside the bits of shared terms times their rank.
const NEAR_SCORE: f32 = 100.0;

/// Room to search in, used again.
struct Desk {
    found: Vec<Option<Found>>,
    tally: Tally,
}

thread_local! {
    static DESK: Cell<Option<Desk>> = const { Cell::new(None) };
}

impl Linker {
    /// The entries below `own` to compare with: the newest of the same persons, then those that share most. `newcomers` are
    /// not in the index yet.
    pub(super) fn nearest(&self, digest: &Digest, newcomers: &Newcomers, own: u32) -> Vec<u32> {
        let mut desk = DESK.take().unwrap_or_else(|| Desk { found: Vec::new(), tally: Tally::new() });
        let (topics, persons, near) = (&digest.topics, digest.person_keys(), digest.near_keys());
        let keys = || topics.iter().map(|topic| topic.hash).chain(persons.iter().chain(near).copied());
        // All keys are looked up before any list is read, so that the memory's answers are waited for together.
        ask_for(keys().map(|key| self.postings.first_slot(key)));
        desk.found.clear();
        desk.found.extend(keys().map(|key| self.postings.find(key)));
        ask_for(desk.found.iter().flatten().map(|found| self.postings.first_word(*found)));
        let (topics_found, others) = desk.found.split_at(topics.len());
        let (persons_found, near_found) = others.split_at(persons.len());
        let mut nearest: Vec<u32> = Vec::with_capacity(MAX_PERSON_CANDIDATES + self.options.candidates);
        for (key, found) in persons.iter().zip(persons_found) {
            self.each(newcomers, (own, *key), *found, |entry| nearest.push(entry));
        }
        nearest.sort_unstable_by(|a, b| b.cmp(a));
        nearest.dedup();
        nearest.truncate(MAX_PERSON_CANDIDATES);
        for (topic, found) in topics.iter().zip(topics_found) {
            let weight = topic.rank * topic.bits;
            self.each(newcomers, (own, topic.hash), *found, |entry| desk.tally.add(entry, weight));
        }
        for (key, found) in near.iter().zip(near_found) {
            self.each(newcomers, (own, *key), *found, |entry| desk.tally.add(entry, NEAR_SCORE));
        }
        let persons = nearest.clone();
        desk.tally.take_best(self.options.candidates, |entry| persons.contains(&entry), &mut nearest);
        DESK.set(Some(desk));
        nearest
    }

    /// Calls back with the newest entries below `own` under a key, as many as the index would keep.
    fn each(&self, newcomers: &Newcomers, (own, key): (u32, u32), found: Option<Found>, mut callback: impl FnMut(u32)) {
        let newer = newcomers.each_before(own, key, self.postings.length(), &mut callback);
        if let Some(found) = found {
            self.postings.each(found, self.postings.length() - newer, callback);
        }
    }
}
