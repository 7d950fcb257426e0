//! A matter over time: filings a week, and whether they become more.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Weeks that are looked back at.
pub const WEEKS: usize = 12;
/// Weeks that are compared with as many before.
const SPAN: usize = 4;
/// How many standard deviations a change must exceed.
const DEVIATIONS: f64 = 2.0;

/// Whether a matter's filings become more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Trend {
    Rising,
    Steady,
    Falling,
}

impl Trend {
    pub const ALL: [Self; 3] = [Self::Rising, Self::Steady, Self::Falling];

    /// The name on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rising => "rising",
            Self::Steady => "steady",
            Self::Falling => "falling",
        }
    }

    /// Of filings a week, oldest first: the last four weeks against the four before. Two counts of independent events differ
    /// by chance with a standard deviation of the root of their sum (Poisson); more than two of them is a change.
    pub fn of(weeks: &[u32]) -> Self {
        let (recent, before) = recent_and_before(weeks);
        let (change, chance) = (recent as f64 - before as f64, ((recent + before) as f64).sqrt());
        match change {
            c if c > DEVIATIONS * chance => Self::Rising,
            c if c < -DEVIATIONS * chance => Self::Falling,
            _ => Self::Steady,
        }
    }
}

/// Filings of the last four weeks, and of the four before.
pub fn recent_and_before(weeks: &[u32]) -> (u64, u64) {
    let sum = |skip: usize| weeks.iter().rev().skip(skip).take(SPAN).map(|n| u64::from(*n)).sum();
    (sum(0), sum(SPAN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_must_exceed_chance() {
        for (weeks, trend) in [
            (vec![], Trend::Steady),
            (vec![0, 0, 0, 0, 1, 1, 1, 1], Trend::Steady),
            (vec![0, 0, 0, 0, 1, 1, 1, 2], Trend::Rising),
            (vec![2, 2, 2, 2, 3, 3, 3, 3], Trend::Steady),
            (vec![20, 20, 20, 20, 30, 30, 30, 30], Trend::Rising),
            (vec![9, 9, 9, 2, 2, 1, 0, 0, 0, 0, 0], Trend::Falling),
            (vec![3, 0, 0, 2, 0, 0, 0, 0], Trend::Falling),
            (vec![100, 100, 100, 100, 0, 0, 0, 0, 0, 0, 0, 0], Trend::Steady),
            (vec![u32::MAX; 12], Trend::Steady),
        ] {
            assert_eq!(Trend::of(&weeks), trend, "{weeks:?}");
        }
    }
}
