//! What a case counts for, in few bytes: it is kept of every case.

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

use super::{Count, Dimension, Measure, by};

/// As JSON: the division; level, body, kind and category, which all counts of a case share; then runs of counts with one platform and
/// channel, each a number of the day and the measure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packed(Option<String>, [Option<String>; 4], Vec<Run>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Run(Option<String>, Option<String>, Vec<i64>);

const SHARED: [Dimension; 4] = [Dimension::Level, Dimension::Organization, Dimension::Kind, Dimension::Category];
/// The first of January 1970, in days of the common era.
const EPOCH: i32 = 719_163;
/// More than there are measures.
const MEASURES: i64 = 32;

impl Packed {
    /// The counts of one case.
    pub fn new(counts: &[Count]) -> Self {
        let Some(first) = counts.first() else { return Self::default() };
        let mut runs: Vec<Run> = Vec::new();
        for count in counts {
            let (platform, channel) = (count.value(Dimension::Platform), count.value(Dimension::Channel));
            let number = i64::from(count.day.num_days_from_ce() - EPOCH) * MEASURES + count.measure as i64;
            match runs.last_mut().filter(|run| run.0.as_deref() == platform && run.1.as_deref() == channel) {
                Some(run) => run.2.push(number),
                None => runs.push(Run(platform.map(str::to_owned), channel.map(str::to_owned), vec![number])),
            }
        }
        Self(first.division.clone(), SHARED.map(|dimension| first.value(dimension).map(str::to_owned)), runs)
    }

    /// The counts as they were; `None` if this never was made of any.
    pub fn counts(&self) -> Option<Vec<Count>> {
        let Self(division, [level, organization, kind, category], runs) = self;
        let numbers = runs.iter().flat_map(|run| run.2.iter().map(move |number| (run, *number)));
        let count = |(Run(platform, channel, _), number): (&Run, i64)| {
            let day = i32::try_from(number.div_euclid(MEASURES)).ok()?.checked_add(EPOCH)?;
            Some(Count {
                day: NaiveDate::from_num_days_from_ce_opt(day)?,
                measure: *Measure::ALL.get(usize::try_from(number.rem_euclid(MEASURES)).ok()?)?,
                division: division.clone(),
                by: by([level, organization, platform, channel, kind, category].map(Option::as_deref)),
            })
        };
        numbers.map(count).collect()
    }
}
