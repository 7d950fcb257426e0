//! When the gateway dies: at random moments, and at named points of its own code if the build has them.

use std::{collections::BTreeMap, os::unix::process::ExitStatusExt, process::ExitStatus, time::Duration};

use rand::{RngExt as _, SeedableRng, rngs::StdRng};

use crate::app::crash;

/// A process that was not killed for so long is killed whatever else was planned.
const LONGEST_LIFE_MS: u64 = 1_500;
const SHORTEST_LIFE_MS: u64 = 50;
/// A point is passed up to so often before it is the last.
const MOST_PASSES: u32 = 6;
/// What `abort` ends a process with.
const SIGABRT: i32 = 6;

/// How the next process is to end.
pub struct Death {
    pub after: Duration,
    /// `POINT:TIMES`; may not be reached before the time is up.
    pub at: Option<String>,
}

/// The deaths that are left, and those there were.
pub struct Crashes {
    left: u32,
    dice: StdRng,
    moments: u32,
    points: BTreeMap<String, u32>,
}

impl Crashes {
    pub fn new(times: u32, seed: u64) -> Self {
        Self { left: times, dice: StdRng::seed_from_u64(seed), moments: 0, points: BTreeMap::new() }
    }

    /// How the next process ends; `None`: it lives. Every second one is to die at a point, the points in turn.
    pub fn next(&mut self) -> Option<Death> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        let after = Duration::from_millis(self.dice.random_range(SHORTEST_LIFE_MS..LONGEST_LIFE_MS));
        let turn = usize::try_from(self.left / 2).unwrap_or_default() % crash::POINTS.len();
        let at = (crash::has_points() && self.left.is_multiple_of(2))
            .then(|| format!("{}:{}", crash::POINTS[turn], self.dice.random_range(1..=MOST_PASSES)));
        Some(Death { after: if at.is_some() { Duration::from_millis(LONGEST_LIFE_MS) } else { after }, at })
    }

    /// Counts a process that ended, by itself or killed.
    ///
    /// # Errors
    /// If it ended in a way that nobody planned.
    pub fn count(&mut self, death: &Death, status: ExitStatus) -> Result<(), String> {
        match (&death.at, status.signal()) {
            (Some(at), Some(SIGABRT)) => {
                let point = at.split(':').next().unwrap_or_default();
                *self.points.entry(point.to_owned()).or_default() += 1;
            }
            (_, Some(9)) => self.moments += 1,
            _ => return Err(format!("the gateway ended by itself ({status})")),
        }
        Ok(())
    }

    /// What there was, in a line; empty if nothing was asked for.
    pub fn summary(&self) -> Option<String> {
        let at_points: u32 = self.points.values().sum();
        let all = at_points + self.moments;
        let points = self.points.iter().map(|(point, times)| format!("{point} {times}")).collect::<Vec<_>>().join(" · ");
        let points = if points.is_empty() { points } else { format!(": {points}") };
        (all > 0).then(|| format!("{all:>5}   {} at random moments, {at_points} at points{points}", self.moments))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_has_its_turn() {
        let times = u32::try_from(crash::POINTS.len() * 2).expect("few");
        let mut crashes = Crashes::new(times, 1);
        let planned: Vec<_> = std::iter::from_fn(|| crashes.next()).collect();
        assert_eq!(planned.len(), crash::POINTS.len() * 2);
        for point in crash::POINTS {
            let planned = planned.iter().filter(|death| death.at.as_ref().is_some_and(|at| at.starts_with(&format!("{point}:")))).count();
            assert_eq!(planned, usize::from(crash::has_points()), "{point}");
        }
    }
}
