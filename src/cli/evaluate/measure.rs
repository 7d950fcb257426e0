//! The measures themselves: counting, and nothing read or written.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::Hash;

use serde::Serialize;

/// Precision, recall and their harmonic mean, each 0 to 1; what has no denominator is 1: nothing found is nothing wrong.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quality {
    pub precision: f64,
    pub recall: f64,
    pub f1: f64,
}

impl Quality {
    /// From the numbers of pairs found, of pairs that are true, and of those that are both.
    pub fn of(found: f64, actual: f64, both: f64) -> Self {
        Self { precision: ratio(both, found), recall: ratio(both, actual), f1: ratio(2.0 * both, found + actual) }
    }
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 1.0 }
}

/// Pairs of rows with equal keys. O(rows).
pub fn pairs_within<K: Eq + Hash>(keys: impl Iterator<Item = K>) -> f64 {
    let mut sizes: HashMap<K, f64> = HashMap::new();
    keys.for_each(|key| *sizes.entry(key).or_default() += 1.0);
    sizes.values().map(|n| n * (n - 1.0) / 2.0).sum()
}

/// All pairs of rows: found together against truly together. O(rows).
pub fn quality<C: Eq + Hash, T: Eq + Hash>(found: &[C], truth: &[T]) -> Quality {
    Quality::of(pairs_within(found.iter()), pairs_within(truth.iter()), pairs_within(found.iter().zip(truth)))
}

/// Pairs each with a label, (true, found).
pub fn labelled(pairs: &[(bool, bool)]) -> Quality {
    let count = |wanted: fn(&(bool, bool)) -> bool| pairs.iter().filter(|pair| wanted(pair)).count() as f64;
    Quality::of(count(|(_, found)| *found), count(|(truth, _)| *truth), count(|(truth, found)| *truth && *found))
}

/// What people would still find and how much work that is: see [`reviewed`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Reviewed {
    /// Recall once every possible duplicate was decided rightly.
    pub recall_with_reviews: f64,
    /// Pairs of cases that wait for a person.
    pub reviews: usize,
    pub reviews_per_1000: f64,
}

/// `found` case and `truth` of every row; `possible` duplicates as pairs of row numbers. A person joins the cases of those
/// that are truly one, and no others.
pub fn reviewed<T: Eq + Hash>(found: &[String], truth: &[T], possible: &[(usize, usize)]) -> Reviewed {
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    let case: Vec<usize> = found
        .iter()
        .map(|name| {
            let next = numbers.len();
            *numbers.entry(name).or_insert(next)
        })
        .collect();
    let mut root: Vec<usize> = (0..numbers.len()).collect();
    let mut reviews = HashSet::new();
    for (a, b) in possible {
        let (a_case, b_case) = (case[*a], case[*b]);
        if a_case == b_case {
            continue;
        }
        reviews.insert((a_case.min(b_case), a_case.max(b_case)));
        if truth[*a] == truth[*b] {
            let (a, b) = (find(&mut root, a_case), find(&mut root, b_case));
            root[a.max(b)] = a.min(b);
        }
    }
    let joined: Vec<usize> = case.iter().map(|case| find(&mut root, *case)).collect();
    let both = pairs_within(joined.iter().zip(truth));
    Reviewed {
        recall_with_reviews: ratio(both, pairs_within(truth.iter())),
        reviews: reviews.len(),
        reviews_per_1000: 1000.0 * reviews.len() as f64 / found.len().max(1) as f64,
    }
}

fn find(root: &mut [usize], mut at: usize) -> usize {
    while root[at] != at {
        root[at] = root[root[at]];
        at = root[at];
    }
    at
}

/// Rows ranked for each row, best first.
pub type Ranked = HashMap<String, Vec<String>>;

/// Mean over the members of the share of the other members among as many first ranks (R-precision). `None` with fewer than two.
pub fn r_precision(members: &[String], ranked: &Ranked) -> Option<f64> {
    let others = members.len().checked_sub(1).filter(|others| *others > 0)?;
    let set: HashSet<&String> = members.iter().collect();
    let of = |member: &String| {
        let near = ranked.get(member).map_or(&[][..], Vec::as_slice);
        near.iter().take(others).filter(|other| set.contains(other)).count() as f64 / others as f64
    };
    Some(members.iter().map(of).sum::<f64>() / members.len() as f64)
}

/// How a labelled matter came out among the formed ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Formed {
    /// Members in the formed matter that holds most of them.
    pub in_one: usize,
    /// Rows of the file in that matter, labelled or not.
    pub size: usize,
    /// Near misses in it.
    pub near_misses_inside: usize,
}

/// `matter` is the formed matter of every row of the file. `None` if no member is among them.
pub fn formed(members: &[String], near_misses: &[String], matter: &HashMap<String, String>) -> Option<Formed> {
    let mut counts: BTreeMap<&String, usize> = BTreeMap::new();
    members.iter().filter_map(|member| matter.get(member)).for_each(|name| *counts.entry(name).or_default() += 1);
    let (largest, in_one) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    let size = matter.values().filter(|name| *name == largest).count();
    let near_misses_inside = near_misses.iter().filter(|row| matter.get(*row) == Some(largest)).count();
    Some(Formed { in_one, size, near_misses_inside })
}

/// How early the true original is ranked.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Ranking {
    pub pairs: usize,
    /// Pairs of rows the file does not hold, or whose original comes later.
    pub left_out: usize,
    pub first: f64,
    pub first_five: f64,
}

/// `pairs` are (child, parent); `order` is the place of every row in the file.
pub fn ranking(pairs: &[(String, String)], order: &HashMap<String, usize>, ranked: &Ranked) -> Ranking {
    let earlier = |child: &String, parent: &String| order.get(parent).zip(order.get(child)).is_some_and(|(parent, child)| parent < child);
    let asked: Vec<&(String, String)> = pairs.iter().filter(|(child, parent)| earlier(child, parent)).collect();
    let within = |top: usize| {
        let hit = |(child, parent): &&&(String, String)| ranked.get(child).is_some_and(|near| near.iter().take(top).any(|n| n == parent));
        ratio(asked.iter().filter(hit).count() as f64, asked.len() as f64)
    };
    Ranking { pairs: asked.len(), left_out: pairs.len() - asked.len(), first: within(1), first_five: within(5) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn counts_pairs() {
        let q = quality(&[1, 1, 1, 2], &["a", "a", "b", "b"]);
        assert!(near(q.precision, 1.0 / 3.0) && near(q.recall, 0.5) && near(q.f1, 0.4), "{q:?}");
        let q = labelled(&[(true, true), (true, false), (false, true), (false, false)]);
        assert!(near(q.precision, 0.5) && near(q.recall, 0.5), "{q:?}");
        assert!(near(labelled(&[(false, false)]).precision, 1.0));
    }

    #[test]
    fn a_review_joins_what_is_one_and_costs_one_decision_a_pair_of_cases() {
        let (found, truth) = (names("p q q r s"), names("a a a b b"));
        for (possible, recall, reviews) in [
            (vec![], 1.0 / 4.0, 0),
            (vec![(1, 0), (2, 0)], 3.0 / 4.0, 1),
            (vec![(3, 0)], 1.0 / 4.0, 1),
            (vec![(1, 0), (4, 3), (3, 0)], 1.0, 3),
            (vec![(1, 2)], 1.0 / 4.0, 0),
        ] {
            let got = reviewed(&found, &truth, &possible);
            assert!(near(got.recall_with_reviews, recall) && got.reviews == reviews, "{possible:?}: {got:?}");
            assert!(near(got.reviews_per_1000, 200.0 * reviews as f64));
        }
    }

    #[test]
    fn a_matter_is_measured_by_ranks_and_as_formed() {
        let members = names("a b c");
        let ranked: Ranked =
            [("a", "b c x"), ("b", "x a"), ("c", "x y a b")].map(|(row, near)| (row.to_owned(), names(near))).into_iter().collect();
        assert!(r_precision(&members, &ranked).is_some_and(|value| near(value, (1.0 + 0.5 + 0.0) / 3.0)));
        assert_eq!(r_precision(&names("a"), &ranked), None);
        let matter: HashMap<String, String> = [("a", "1"), ("b", "1"), ("c", "2"), ("x", "1"), ("y", "3")]
            .map(|(row, m)| (row.to_owned(), m.to_owned()))
            .into_iter()
            .collect();
        assert_eq!(formed(&members, &names("x y"), &matter), Some(Formed { in_one: 2, size: 3, near_misses_inside: 1 }));
        assert_eq!(formed(&names("unknown"), &[], &matter), None);
    }

    #[test]
    fn ranks_count_only_for_earlier_originals() {
        let order: HashMap<String, usize> = names("a b c d").into_iter().zip(0..).collect();
        let ranked: Ranked = [("c", "b a"), ("d", "a b c")].map(|(row, near)| (row.to_owned(), names(near))).into_iter().collect();
        let pairs = [("c", "b"), ("d", "c"), ("a", "b"), ("d", "z")].map(|(child, parent)| (child.to_owned(), parent.to_owned()));
        assert_eq!(ranking(&pairs, &order, &ranked), Ranking { pairs: 2, left_out: 2, first: 0.5, first_five: 1.0 });
    }
}
