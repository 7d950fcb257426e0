//! What is written once, at the end of the year: cases, clocks, indicators, matters, platforms.

use std::collections::HashMap;

use rayon::prelude::*;

use super::{
    YearError, YearSummary,
    fill::{Life, Year},
};
use crate::{
    app::link::matter_code,
    domain::{
        deadline::{self, Deadline},
        indicator::{self, CaseFacts, Cell, Count, Filing, Tally},
    },
    store::{
        cases::{self, Case},
        changes, deadlines, indicators, matters,
        platforms::{self, PlatformState},
    },
};

/// Cases written in one transaction.
const CHUNK: usize = 10_000;
/// Counts added in one transaction.
const TALLIES: usize = 100_000;

impl Year<'_> {
    pub(super) fn settle(mut self) -> Result<YearSummary, YearError> {
        self.summary.cases = self.lives.len() as u64;
        self.summary.matters = self.matters.len() as u64;
        let lives: Vec<Life> = std::mem::take(&mut self.lives).into_values().collect();
        let founders: HashMap<i64, &str> = lives.iter().map(|life| (life.case.founding_seq, life.case.id.as_str())).collect();
        let mut tallies: HashMap<Cell, Tally> = HashMap::new();
        for chunk in lives.chunks(CHUNK) {
            let kept: Vec<(Vec<Deadline>, Vec<Count>)> = chunk.par_iter().map(|life| self.judge(life)).collect();
            for (count, cell) in kept.iter().flat_map(|(_, counts)| counts).flat_map(|count| count.cells().map(move |cell| (count, cell))) {
                tallies.entry(cell).or_default().add(count.measure, 1);
            }
            self.store().transaction(|c| {
                let new: Vec<Case> = chunk.iter().map(|life| life.case.clone()).collect();
                cases::insert(c, &new)?;
                let (clocks, counts): (Vec<_>, Vec<_>) = kept.into_iter().unzip();
                deadlines::insert(c, &chunk.iter().map(|life| &life.case).zip(clocks).collect::<Vec<_>>())?;
                let ids = chunk.iter().map(|life| life.case.id.clone());
                indicators::keep(c, &ids.zip(counts).collect::<Vec<_>>())
            })?;
        }
        let mut tallies: Vec<(&Cell, &Tally)> = tallies.iter().collect();
        // In the order of the primary key, which is how they are written fastest.
        tallies.par_sort_unstable_by_key(|(cell, _)| *cell);
        for chunk in tallies.chunks(TALLIES) {
            self.store().transaction(|c| indicators::add(c, chunk.iter().copied()))?;
        }
        self.store().transaction(|c| {
            let head = changes::head(c)?;
            indicators::advance(c, head)?;
            for (founding, (count, at)) in &self.matters {
                if let Some(case) = founders.get(founding) {
                    matters::grow(c, &matter_code(case), *founding, *count, *at)?;
                }
            }
            Ok::<_, YearError>(())
        })?;
        self.note_platforms()?;
        Ok(self.summary)
    }

    /// A case's clocks, and what it counts for.
    fn judge(&self, life: &Life) -> (Vec<Deadline>, Vec<Count>) {
        let case = &life.case;
        let deadlines = deadline::deadlines(case.kind, &life.history, &self.gateway.0.calendar);
        let filings = life.sources.iter().enumerate().map(|(at, source)| Filing {
            platform: source.platform.clone(),
            channel: source.submission.channel,
            received_at: source.received_at,
            // The first founded the case.
            is_duplicate: at > 0,
        });
        let facts = CaseFacts {
            registered_at: case.created_at,
            kind: case.kind,
            division: case.division.clone(),
            category: case.category.clone(),
            level: self.gateway.federation().level(case.organization.as_deref()),
            organization: case.organization.clone(),
            platform: case.platform.clone(),
            filings: filings.collect(),
            deadlines: deadlines.clone(),
            rating: life.rating,
            supervisions: Vec::new(),
        };
        let counts = indicator::counts(&facts);
        (deadlines, counts)
    }

    fn note_platforms(&self) -> Result<(), YearError> {
        let sent_to = self.gateway.federation().platforms().filter(|platform| platform.takes_messages());
        self.store().transaction(|c| {
            for platform in sent_to {
                let id = platform.platform.id.clone();
                let is_down = self.down.as_ref() == Some(&id);
                let state = PlatformState {
                    last_success_at: Some(if is_down { self.until - super::fill::OUTAGE } else { self.until }),
                    last_failure_at: is_down.then_some(self.until),
                    last_error: is_down.then(|| "connect: the platform cannot be reached".to_owned()),
                    consecutive_failures: i32::from(is_down),
                    platform: id.clone(),
                    ..PlatformState::default()
                };
                platforms::save_state(c, &state)?;
                if is_down {
                    platforms::count_error(c, &id, "connect", "the platform cannot be reached", self.until)?;
                }
            }
            Ok(())
        })
    }
}
