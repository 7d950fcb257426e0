//! What matters come to: name, size and trend, summarised from their filings from time to time and kept.
//!
//! A summary reads the dates of all filings of the matter, a page at a time, and the words of a few. It is made again when
//! something was filed or ruled, and every day while its weeks still move, but no more than once a minute.

mod name;

use std::collections::HashSet;

use chrono::{DateTime, Days, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Asia::Shanghai;

use super::Gateway;
use crate::{
    domain::{
        matter::{Trend, WEEKS, recent_and_before},
        submission::Submission,
    },
    store::{
        StoreError,
        matters::{self, Filed, Summary},
        submissions::{self, Registered},
    },
};

use name::MAX_MEMBERS;
pub use name::{Background, MAX_BACKGROUND, Member, name};

/// Matters of one round.
const ROUND: i64 = 32;
/// A summary is at least this old before it is made again.
const LEAST_AGE: TimeDelta = TimeDelta::minutes(1);
/// Filings read at a time.
const CHUNK: i64 = 5_000;

impl Gateway {
    /// Makes the summaries that are due, at most a round of them; answers how many. Blocks.
    pub fn summarise_matters(&self) -> Result<usize, StoreError> {
        let (store, now) = (self.store(), self.now());
        let due = store.read(|c| matters::due(c, now, now - LEAST_AGE, ROUND))?;
        if due.is_empty() {
            return Ok(0);
        }
        let background = self.background()?;
        for id in &due {
            let Some((mut summary, sample)) = self.survey(id, now)? else {
                store.transaction(|c| matters::mark_empty(c, id, now))?;
                continue;
            };
            let members = store.read(|c| submissions::find_many(c, store.sealer(), &sample))?;
            let members: Vec<Member> = members.iter().filter(|found| found.is_open()).map(member).collect();
            summary.name = name(&members, &background, |seq| i64::try_from(seq).is_ok_and(|seq| sample.contains(&seq)));
            store.transaction(|c| matters::summarise(c, store.sealer(), id, &summary, now))?;
        }
        Ok(due.len())
    }

    /// Words of filings from all over the log, evenly spread, by which is told what is common.
    fn background(&self) -> Result<Background, StoreError> {
        let store = self.store();
        store.read(|c| {
            let last = submissions::last_seq(c)?;
            let wanted = last.min(MAX_BACKGROUND as i64);
            let seqs: Vec<i64> = (1..=wanted).map(|at| at * last / wanted).collect();
            let found = submissions::find_many(c, store.sealer(), &seqs)?;
            let open = found.into_iter().filter(Registered::is_open);
            Ok(Background::new(open.map(|found| (found.seq.unsigned_abs(), words(&found.submission)))))
        })
    }

    /// Counts the filings of a matter; with the positions of those whose words may name it: the first filings of its oldest
    /// and of its newest cases. `None` if it has no filings.
    fn survey(&self, id: &str, now: DateTime<Utc>) -> Result<Option<(Summary, Vec<i64>)>, StoreError> {
        let mut survey = Survey::new(now);
        loop {
            let filed = self.store().read(|c| matters::filed(c, id, survey.position, CHUNK))?;
            let full = filed.len() as i64 == CHUNK;
            filed.iter().for_each(|filing| survey.count(filing));
            if !full {
                return Ok(survey.finish());
            }
        }
    }
}

struct Survey {
    position: i64,
    until: DateTime<Utc>,
    weeks: Vec<u32>,
    submissions: i64,
    platforms: HashSet<String>,
    cases: HashSet<String>,
    /// First filings of cases: the first half of the sample, then the newest of the others.
    sample: Vec<i64>,
    filed: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

impl Survey {
    fn new(now: DateTime<Utc>) -> Self {
        Self {
            position: 0,
            until: end_of_day(now),
            weeks: vec![0; WEEKS],
            submissions: 0,
            platforms: HashSet::new(),
            cases: HashSet::new(),
            sample: Vec::with_capacity(MAX_MEMBERS),
            filed: None,
        }
    }

    fn count(&mut self, filing: &Filed) {
        let at = filing.submitted_at;
        self.position = filing.seq;
        self.submissions += 1;
        self.platforms.insert(filing.platform.clone());
        let (first, last) = self.filed.unwrap_or((at, at));
        self.filed = Some((first.min(at), last.max(at)));
        // What carries a date of tomorrow was filed by a clock ahead of ours: it belongs to the last week.
        let ago =
            usize::try_from(((self.until - at).num_milliseconds() - 1).max(0) / TimeDelta::weeks(1).num_milliseconds()).unwrap_or(WEEKS);
        if let Some(week) = WEEKS.checked_sub(ago + 1).and_then(|at| self.weeks.get_mut(at)) {
            *week = week.saturating_add(1);
        }
        if self.cases.insert(filing.case_id.clone()) {
            if self.sample.len() == MAX_MEMBERS {
                self.sample.remove(MAX_MEMBERS / 2);
            }
            self.sample.push(filing.seq);
        }
    }

    fn finish(self) -> Option<(Summary, Vec<i64>)> {
        let (first_filed_at, last_filed_at) = self.filed?;
        let (recent, before) = recent_and_before(&self.weeks);
        let moves = self.weeks.iter().any(|filings| *filings > 0);
        let summary = Summary {
            name: None,
            submissions: self.submissions,
            platforms: i64::try_from(self.platforms.len()).unwrap_or(i64::MAX),
            trend: Trend::of(&self.weeks),
            growth: i64::try_from(recent).unwrap_or(i64::MAX) - i64::try_from(before).unwrap_or(i64::MAX),
            weeks: self.weeks,
            weeks_until: self.until,
            first_filed_at,
            last_filed_at,
            stale_at: moves.then_some(self.until),
        };
        Some((summary, self.sample))
    }
}

/// Midnight in Beijing, where petition days are counted.
fn end_of_day(now: DateTime<Utc>) -> DateTime<Utc> {
    let day = now.with_timezone(&Shanghai).date_naive();
    let next = day.checked_add_days(Days::new(1)).unwrap_or(day).and_time(NaiveTime::MIN);
    Shanghai.from_local_datetime(&next).earliest().map_or(now, |at| at.to_utc())
}

fn words(submission: &Submission) -> String {
    format!("{}\n{}", submission.subject, submission.content)
}

fn member(found: &Registered) -> Member {
    let people = found.submission.petitioners.iter();
    let hidden = people
        .flat_map(|person| {
            let number = person.id_document.as_ref().map(|document| document.number.clone());
            [person.name.clone(), person.phone.clone(), person.account.clone(), number].into_iter().flatten()
        })
        .collect();
    Member { text: words(&found.submission), hidden }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filing(seq: i64, case: &str, platform: &str, at: &str) -> Filed {
        Filed { seq, case_id: case.into(), platform: platform.into(), submitted_at: at.parse().expect("a time") }
    }

    #[test]
    fn filings_are_counted_by_weeks_that_end_tonight() {
        // Nine in the morning of 2 March in Beijing.
        let mut survey = Survey::new("2026-03-02T01:00:00Z".parse().expect("a time"));
        assert_eq!(survey.until, "2026-03-02T16:00:00Z".parse::<DateTime<Utc>>().expect("a time"));
        for (seq, case, platform, at) in [
            (1, "a", "x", "2025-01-01T00:00:00Z"),
            (2, "a", "x", "2026-02-23T15:59:59Z"),
            (3, "b", "y", "2026-02-23T16:00:00Z"),
            (4, "c", "y", "2026-03-09T00:00:00Z"),
        ] {
            survey.count(&filing(seq, case, platform, at));
        }
        let (summary, sample) = survey.finish().expect("filings");
        assert_eq!(summary.weeks, [[0; 10].as_slice(), &[1, 2]].concat());
        assert_eq!((summary.submissions, summary.platforms, summary.growth), (4, 2, 3));
        assert_eq!(sample, [1, 3, 4]);
        assert_eq!(summary.stale_at, Some(summary.weeks_until));
    }

    #[test]
    fn the_sample_holds_the_oldest_and_the_newest_cases() {
        let mut survey = Survey::new("2026-03-02T01:00:00Z".parse().expect("a time"));
        for seq in 0..100 {
            survey.count(&filing(seq, &seq.to_string(), "x", "2020-01-01T00:00:00Z"));
        }
        let (summary, sample) = survey.finish().expect("filings");
        let half = MAX_MEMBERS as i64 / 2;
        assert_eq!(sample, (0..half).chain(100 - half..100).collect::<Vec<_>>());
        assert_eq!(summary.stale_at, None, "nothing was filed in the weeks that are counted");
    }
}
