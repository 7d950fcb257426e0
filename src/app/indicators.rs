//! Indicators: folding the change feed into counts, and rates from counts.

use std::collections::{BTreeMap, HashMap};

use chrono::{Days, Months, NaiveDate};

use super::{
    AppError, Federation, Gateway,
    query::{CountedIn, IndicatorQuery},
    view::{IndicatorFigures, IndicatorGroup, Indicators, Rate, SupervisionFigures},
};
use crate::{
    domain::{
        calendar::day_begins,
        indicator::{CaseFacts, Cell, Count, Dimension, Measure, Tally, counts, local_day},
    },
    store::{Connection, StoreError, cases, changes, counted::Counted, deadlines, indicators, ratings, supervisions},
};

/// Events of the feed folded in one transaction.
const CHUNK: i64 = 500;

impl Gateway {
    /// Folds the next stretch of the change feed into the counts; `false` if there was nothing left. Blocks.
    pub fn fold_indicators(&self) -> Result<bool, StoreError> {
        self.store().transaction(|c| {
            let Some((changed, last)) = indicators::next(c, CHUNK)? else { return Ok(false) };
            let before = indicators::counted(c, &changed)?;
            let now = facts(self.federation(), c, &changed)?;
            let mut amounts: BTreeMap<Cell, Tally> = BTreeMap::new();
            let mut add = |counts: &[Count], amount: i64| {
                for (count, cell) in counts.iter().flat_map(|count| count.cells().map(move |cell| (count, cell))) {
                    amounts.entry(cell).or_default().add(count.measure, amount);
                }
            };
            let mut kept = Vec::with_capacity(changed.len());
            for case in changed {
                let new = now.get(&case).map(counts).unwrap_or_default();
                let old = before.get(&case).map(Vec::as_slice).unwrap_or_default();
                if new != old {
                    add(old, -1);
                    add(&new, 1);
                    kept.push((case, new));
                }
            }
            indicators::add(c, &amounts)?;
            indicators::keep(c, &kept)?;
            indicators::advance(c, last)?;
            Ok(true)
        })
    }

    /// The indicators of an area over a period, beside those of the period before and of a year before.
    pub async fn indicators(&self, query: IndicatorQuery) -> Result<Indicators, AppError> {
        let now = self.now();
        self.read(move |_, c| {
            let (from, until) = (query.from, query.until);
            let days = until.signed_duration_since(from).num_days().unsigned_abs() + 1;
            // What is due today may still be done today.
            let yesterday = local_day(now) - Days::new(1);
            let mut figures = |from: NaiveDate, until: NaiveDate, dimension| groups(c, &query.area, dimension, (from, until), yesterday);
            let one = |groups: Vec<(String, IndicatorFigures)>| groups.into_iter().next().map(|(_, figures)| figures).unwrap_or_default();
            let total = one(figures(from, until, Dimension::All)?);
            let before = one(figures(from - Days::new(days), from - Days::new(1), Dimension::All)?);
            let year_before = one(figures(from - Months::new(12), until - Months::new(12), Dimension::All)?);
            let by = match query.by {
                None | Some(Dimension::All) => Vec::new(),
                Some(dimension) => {
                    let groups = figures(from, until, dimension)?.into_iter();
                    groups
                        .map(|(value, figures)| IndicatorGroup { cases: behind(&query, Some((dimension, &value))), value, figures })
                        .collect()
                }
            };
            let up_to_date = indicators::position(c)? >= changes::head(c)?;
            let cases = behind(&query, None);
            Ok(Indicators { area: query.area.clone(), from, until, computed_at: now, up_to_date, total, cases, before, year_before, by })
        })
        .await
    }
}

impl Gateway {
    /// The period of a figure as moments; `None` beyond the calendar's range.
    pub(super) fn counted(&self, figure: CountedIn) -> Option<Counted> {
        let CountedIn { measure, from, until } = figure;
        Some(Counted {
            measure,
            days: (from, until),
            from: day_begins(from)?,
            until: day_begins(until.checked_add_days(Days::new(1))?)?,
            today: day_begins(local_day(self.now()))?,
        })
    }
}

/// The address of the cases behind the figures of an area, and of one group in it, with a place for the measure (RFC 6570).
fn behind(query: &IndicatorQuery, group: Option<(Dimension, &str)>) -> String {
    let (from, until) = (query.from, query.until);
    let division = match group {
        Some((Dimension::Division, division)) => division,
        _ => &query.area,
    };
    let mut address = format!("/v1/cases?counted_from={from}&counted_until={until}&division={division}");
    if let Some((dimension, value)) = group.filter(|(dimension, _)| *dimension != Dimension::Division) {
        let value = utf8_percent_encode(value);
        address.push_str(&format!("&{}={value}", dimension.as_str()));
    }
    address.push_str("{&counted}");
    address
}

/// Percent-encodes what is not unreserved (RFC 3986, section 2.3).
fn utf8_percent_encode(text: &str) -> String {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    text.bytes().map(|byte| if unreserved(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// What the cases count by; those that are part of others count there.
fn facts(federation: &Federation, c: &mut Connection<'_>, ids: &[String]) -> Result<HashMap<String, CaseFacts>, StoreError> {
    let mut filings = indicators::filings(c, ids)?;
    let mut clocks = deadlines::of_cases(c, ids)?;
    let ratings = ratings::newest(c, ids)?;
    let mut supervisions = supervisions::counted(c, ids)?;
    let cases = cases::find_many(c, ids)?.into_iter().filter(|case| case.merged_into.is_none());
    Ok(cases
        .map(|case| {
            let facts = CaseFacts {
                registered_at: case.created_at,
                kind: case.kind,
                division: case.division,
                category: case.category,
                level: federation.level(case.organization.as_deref()),
                organization: case.organization,
                platform: case.platform,
                filings: filings.remove(&case.id).unwrap_or_default(),
                deadlines: clocks.remove(&case.id).unwrap_or_default(),
                rating: ratings.get(&case.id).map(|(satisfaction, _)| *satisfaction),
                supervisions: supervisions.remove(&case.id).unwrap_or_default(),
            };
            (case.id, facts)
        })
        .collect())
}

pub(super) fn groups(
    c: &mut Connection<'_>,
    area: &str,
    dimension: Dimension,
    (from, until): (NaiveDate, NaiveDate),
    yesterday: NaiveDate,
) -> Result<Vec<(String, IndicatorFigures)>, StoreError> {
    let mut sums = indicators::sums(c, area, dimension, from, until)?;
    // Duties whose last day is not over are not due yet.
    if until > yesterday {
        for (value, early) in indicators::sums(c, area, dimension, from.max(yesterday + Days::new(1)), until)? {
            if let Some(counted) = sums.get_mut(&value) {
                Measure::ALL
                    .into_iter()
                    .filter(|measure| measure.is_of_duty())
                    .for_each(|measure| counted.add(measure, -early.get(measure)));
            }
        }
    }
    Ok(sums.into_iter().map(|(value, tally)| (value, figures(&tally))).collect())
}

fn figures(tally: &Tally) -> IndicatorFigures {
    let sum = |measure| u64::try_from(tally.get(measure)).unwrap_or_default();
    let (submissions, answered, rated) = (sum(Measure::Submissions), sum(Measure::Answered), sum(Measure::Rated));
    let raised = [Measure::Reminders, Measure::ReturnCalls, Measure::Supervisions, Measure::Proposals];
    IndicatorFigures {
        submissions,
        cases: sum(Measure::Cases),
        answered,
        timely_acceptance: Rate::new(sum(Measure::AcceptMet), sum(Measure::AcceptDue)),
        on_time_completion: Rate::new(sum(Measure::AnswerMet), sum(Measure::AnswerDue)),
        satisfaction: Rate::new(sum(Measure::Satisfied), rated),
        rating_participation: Rate::new(rated, answered),
        online_share: Rate::new(sum(Measure::Online), submissions),
        duplicate_share: Rate::new(sum(Measure::Duplicates), submissions),
        supervision: SupervisionFigures {
            reminders: sum(Measure::Reminders),
            return_calls: sum(Measure::ReturnCalls),
            supervisions: sum(Measure::Supervisions),
            answered: Rate::new(sum(Measure::SupervisionAnswers), raised.into_iter().map(sum).sum()),
            adopted: Rate::new(sum(Measure::Adopted), sum(Measure::Proposals)),
        },
    }
}
