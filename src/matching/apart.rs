//! Which cases people made one, and which they ruled different: a fold over rulings alone.

use std::collections::{BTreeMap, BTreeSet};

use super::cases::Ruling;

/// What people's rulings say about pairs of cases. Needs no index, so whoever checks an order folds it the same way the
/// linker will.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Apart {
    /// Case to the one it was made part of.
    merged: BTreeMap<u64, u64>,
    /// As they were named when they were ruled apart: a case that comes back to life is still apart.
    pairs: BTreeSet<(u64, u64)>,
}

impl Apart {
    /// The case that a case's name leads to now. Each step leads to one that was not merged when it was named, so it ends.
    pub fn leading(&self, mut case: u64) -> u64 {
        while let Some(into) = self.merged.get(&case) {
            case = *into;
        }
        case
    }

    /// True if people ruled the two, or cases that are part of them, different.
    pub fn holds(&self, a: u64, b: u64) -> bool {
        let pair = ordered(self.leading(a), self.leading(b));
        self.pairs.iter().any(|named| self.leads(*named) == pair)
    }

    /// Folds the next ruling in. Whether it may be made is for the caller to check before.
    pub fn apply(&mut self, ruling: &Ruling) {
        match ruling {
            Ruling::Merge { from, into } => {
                let (from, into) = (self.leading(*from), self.leading(*into));
                if from != into {
                    self.merged.insert(from, into);
                }
            }
            Ruling::KeepApart { a, b } => {
                self.pairs.insert(ordered(self.leading(*a), self.leading(*b)));
            }
            Ruling::Release { a, b } => {
                let pair = ordered(self.leading(*a), self.leading(*b));
                let released: Vec<(u64, u64)> = self.pairs.iter().copied().filter(|named| self.leads(*named) == pair).collect();
                for named in released {
                    self.pairs.remove(&named);
                }
            }
            Ruling::Split { case, submissions, new_case } => {
                let case = self.leading(*case);
                self.merged.remove(new_case);
                // The name of a case that was made part of another leads to where its first submission is.
                for (name, into) in &mut self.merged {
                    if submissions.contains(name) {
                        *into = *new_case;
                    } else if into == new_case {
                        *into = case;
                    }
                }
                self.pairs.insert(ordered(case, *new_case));
            }
        }
    }

    /// True while nothing is merged and nothing apart.
    pub fn is_empty(&self) -> bool {
        self.merged.is_empty() && self.pairs.is_empty()
    }

    fn leads(&self, (a, b): (u64, u64)) -> (u64, u64) {
        ordered(self.leading(a), self.leading(b))
    }
}

fn ordered(a: u64, b: u64) -> (u64, u64) {
    (a.min(b), a.max(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_ruled_apart_stays_apart_through_merges_and_splits() {
        let mut apart = Apart::default();
        apart.apply(&Ruling::KeepApart { a: 1, b: 2 });
        apart.apply(&Ruling::Merge { from: 1, into: 3 });
        assert!(apart.holds(3, 2) && apart.holds(2, 1));
        apart.apply(&Ruling::Split { case: 3, submissions: vec![1], new_case: 1 });
        assert!(apart.holds(1, 2) && apart.holds(1, 3) && !apart.holds(3, 2));
        apart.apply(&Ruling::Release { a: 2, b: 1 });
        assert!(!apart.holds(1, 2) && apart.holds(1, 3));
    }

    #[test]
    fn a_case_merged_before_stays_where_it_was_moved() {
        let mut apart = Apart::default();
        apart.apply(&Ruling::Merge { from: 5, into: 3 });
        apart.apply(&Ruling::Merge { from: 3, into: 1 });
        apart.apply(&Ruling::Split { case: 1, submissions: vec![3], new_case: 3 });
        assert_eq!((apart.leading(5), apart.leading(3)), (1, 3));
    }
}
