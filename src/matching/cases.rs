//! Which submission belongs to which case and matter, as a fold over machine decisions and people's rulings.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::apart::Apart;
use super::arena::push_tight;
use super::seqs::Seqs;

/// What a person decided. Cases are named by the position of their founding submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "ruling")]
pub enum Ruling {
    /// `from` becomes part of `into`; its name keeps leading there.
    Merge { from: u64, into: u64 },
    /// The two cases are different, whatever the machine finds.
    KeepApart { a: u64, b: u64 },
    /// `submissions` leave `case` and found `new_case`, the position of the first of them; the two stay apart.
    Split { case: u64, submissions: Vec<u64>, new_case: u64 },
    /// Takes a `KeepApart` (also a split's) back.
    Release { a: u64, b: u64 },
}

/// Why a ruling cannot be folded. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RulingError {
    #[error("case {0} is not known")]
    UnknownCase(u64),
    #[error("submission {0} is not in the case")]
    NotInCase(u64),
    #[error("cases {0} and {1} were ruled apart")]
    KeptApart(u64, u64),
    #[error("both are case {0}")]
    SameCase(u64),
    #[error("a split must leave and take at least one submission, and name the new case by the first it takes")]
    EmptySplit,
}

/// Most members of a matter a newcomer is measured by.
const MAX_MEMBERS: usize = 8;

#[derive(Clone, Default)]
pub(super) struct Cases {
    seqs: Seqs,
    /// Case and matter of each entry as stored, by the entry that founded them; merges lead on.
    case: Vec<u32>,
    matter: Vec<u32>,
    /// Of matters of more than one case: some members, by which a newcomer is measured.
    members: HashMap<u64, Vec<u32>>,
    apart: Apart,
    /// Rulings moved submissions: an entry's matter is then its case's.
    moved: bool,
}

impl Cases {
    /// `None`, and nothing changes, unless `seq` exceeds all before.
    pub(super) fn push(&mut self, seq: u64, case: u64, matter: Option<u64>) -> Option<u32> {
        let entry = self.seqs.push(seq)?;
        let founder = self.entry_of(case).unwrap_or(entry);
        push_tight(&mut self.case, founder);
        let joined = matter.and_then(|m| self.entry_of(m)).unwrap_or(founder);
        push_tight(&mut self.matter, joined);
        if let Some(matter) = matter.filter(|m| *m != seq && case == seq) {
            self.remember(matter, entry);
        }
        Some(entry)
    }

    /// Whether [`Self::push`] would take this position.
    pub(super) fn accepts(&self, seq: u64) -> bool {
        self.seqs.accepts(seq)
    }

    /// Keeps the founder, the next members, and in the last places the newest ones.
    fn remember(&mut self, matter: u64, entry: u32) {
        let founder = self.entry_of(matter);
        let members = self.members.entry(matter).or_insert_with(|| founder.into_iter().collect());
        if members.len() < MAX_MEMBERS {
            members.push(entry);
        } else {
            members.remove(MAX_MEMBERS / 2);
            members.push(entry);
        }
    }

    /// Some members of a matter; empty while it has but one case.
    pub(super) fn members(&self, matter: u64) -> &[u32] {
        self.members.get(&matter).map_or(&[], Vec::as_slice)
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.seqs.memory_bytes() + (self.case.capacity() + self.matter.capacity()) * size_of::<u32>()
    }

    pub(super) fn entry_of(&self, seq: u64) -> Option<u32> {
        self.seqs.entry_of(seq)
    }

    pub(super) fn seq(&self, entry: u32) -> u64 {
        self.seqs.get(entry)
    }

    pub(super) fn case(&self, entry: u32) -> u64 {
        self.leading(self.seq(self.case[entry as usize]))
    }

    /// That of the case it belongs to now, as the case's founder was put into it.
    pub(super) fn matter(&self, entry: u32) -> u64 {
        let founder = if self.moved { self.entry_of(self.case(entry)) } else { None };
        self.seq(self.matter[founder.unwrap_or(entry) as usize])
    }

    fn leading(&self, case: u64) -> u64 {
        self.apart.leading(case)
    }

    pub(super) fn apply(&mut self, ruling: &Ruling) -> Result<(), RulingError> {
        match ruling {
            Ruling::Merge { from, into } => {
                let (a, b) = self.pair(*from, *into)?;
                if self.apart.holds(a, b) {
                    return Err(RulingError::KeptApart(a, b));
                }
                self.moved = true;
            }
            Ruling::KeepApart { a, b } | Ruling::Release { a, b } => {
                self.pair(*a, *b)?;
            }
            Ruling::Split { case, submissions, new_case } => self.split(*case, submissions, *new_case)?,
        }
        self.apart.apply(ruling);
        Ok(())
    }

    fn known(&self, case: u64) -> Result<u64, RulingError> {
        let entry = self.entry_of(case).ok_or(RulingError::UnknownCase(case))?;
        let leading = self.leading(case);
        if leading == case && self.case[entry as usize] != entry { Err(RulingError::UnknownCase(case)) } else { Ok(leading) }
    }

    fn pair(&self, a: u64, b: u64) -> Result<(u64, u64), RulingError> {
        let (a, b) = (self.known(a)?, self.known(b)?);
        if a == b { Err(RulingError::SameCase(a)) } else { Ok((a.min(b), a.max(b))) }
    }

    fn split(&mut self, case: u64, submissions: &[u64], new_case: u64) -> Result<(), RulingError> {
        let case = self.known(case)?;
        let mut taken = Vec::with_capacity(submissions.len());
        for seq in submissions {
            let entry = self.entry_of(*seq).filter(|e| self.case(*e) == case).ok_or(RulingError::NotInCase(*seq))?;
            taken.push(entry);
        }
        let members: Vec<u32> = (0..self.seqs.len()).filter(|e| self.case(*e) == case).collect();
        taken.sort_unstable();
        taken.dedup();
        if taken.is_empty() || taken.len() == members.len() || submissions.iter().min() != Some(&new_case) || new_case == case {
            return Err(RulingError::EmptySplit);
        }
        let leaving = self.entry_of(new_case).ok_or(RulingError::NotInCase(new_case))?;
        let staying = self.entry_of(case).ok_or(RulingError::UnknownCase(case))?;
        // Who came by a merge of the revived case and is not taken stays.
        for entry in members {
            self.case[entry as usize] = if taken.binary_search(&entry).is_ok() { leaving } else { staying };
        }
        self.moved = true;
        Ok(())
    }

    pub(super) fn groups(&self) -> BTreeMap<u64, Vec<u64>> {
        let mut groups: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for entry in 0..self.seqs.len() {
            groups.entry(self.case(entry)).or_default().push(self.seqs.get(entry));
        }
        groups
    }
}
