//! Counts by day, area and dimension, and what each case counts for: kept by folding the change feed.

use std::collections::{BTreeMap, HashMap};

use chrono::{NaiveDate, NaiveDateTime};
use diesel::{prelude::*, upsert::excluded};

use super::{
    Connection, StoreError,
    connection::{Log, each_backend},
    feed,
    schema::{case_events, indicator_cases, indicator_counts, links, submissions},
    word,
};
use crate::{
    domain::indicator::{Cell, Count, Dimension, Filing, Packed, Tally, pieces},
    matching::Decision,
};

/// Rows in one statement; SQLite binds at most 32,766 values.
const CHUNK: usize = 1_000;

const FEED: &str = "indicators";
const COUNTS: &str = "indicator counts";

/// The next stretch of the feed: the cases in it, and its last position. Nobody else folds until the transaction ends.
pub fn next(connection: &mut Connection<'_>, limit: i64) -> Result<Option<(Vec<String>, i64)>, StoreError> {
    connection.lock_log(Log::Indicators)?;
    let position = position(connection)?;
    let rows: Vec<(i64, String)> = each_backend!(connection, c => case_events::table
        .filter(case_events::seq.gt(position))
        .order(case_events::seq)
        .limit(limit)
        .select((case_events::seq, case_events::case_id))
        .load(c))?;
    let Some((last, _)) = rows.last() else { return Ok(None) };
    let last = *last;
    let mut cases: Vec<String> = rows.into_iter().map(|(_, case)| case).collect();
    cases.sort_unstable();
    cases.dedup();
    Ok(Some((cases, last)))
}

/// How far the feed is folded.
pub fn position(connection: &mut Connection<'_>) -> Result<i64, StoreError> {
    feed::position(connection, FEED)
}

/// Remembers how far the feed is folded.
pub fn advance(connection: &mut Connection<'_>, seq: i64) -> Result<(), StoreError> {
    feed::advance(connection, FEED, seq)
}

/// The filings of cases, by case, in the order they came. Nothing sealed is opened.
pub fn filings(connection: &mut Connection<'_>, cases: &[String]) -> Result<HashMap<String, Vec<Filing>>, StoreError> {
    let rows: Vec<(String, String, String, NaiveDateTime, String)> = each_backend!(connection, c => links::table
        .inner_join(submissions::table.on(submissions::seq.eq(links::submission_seq)))
        .filter(links::case_id.eq_any(cases))
        .order(links::submission_seq)
        .select((links::case_id, links::platform, submissions::channel, submissions::received_at, links::decision))
        .load(c))?;
    let mut found: HashMap<String, Vec<Filing>> = HashMap::new();
    for (case, platform, channel, received_at, decision) in rows {
        let decision: Decision = word("decision", decision)?;
        let filing = Filing {
            platform,
            channel: word("channel", channel)?,
            received_at: received_at.and_utc(),
            is_duplicate: decision == Decision::Duplicate,
        };
        found.entry(case).or_default().push(filing);
    }
    Ok(found)
}

/// What these cases count for so far.
pub fn counted(connection: &mut Connection<'_>, cases: &[String]) -> Result<HashMap<String, Vec<Count>>, StoreError> {
    let rows: Vec<(String, String)> = each_backend!(connection, c => indicator_cases::table
        .filter(indicator_cases::case_id.eq_any(cases))
        .select((indicator_cases::case_id, indicator_cases::counts))
        .load(c))?;
    rows.into_iter()
        .map(|(case, counts)| {
            let packed: Packed = serde_json::from_str(&counts).map_err(|source| StoreError::corrupt(COUNTS, source))?;
            Ok((case, packed.counts().ok_or_else(|| StoreError::corrupt(COUNTS, "a number that stands for no day or measure"))?))
        })
        .collect()
}

/// Keeps what a case counts for from now on.
pub fn keep(connection: &mut Connection<'_>, cases: &[(String, Vec<Count>)]) -> Result<(), StoreError> {
    let rows = cases
        .iter()
        .map(|(case, counts)| {
            let counts = serde_json::to_string(&Packed::new(counts)).map_err(|source| StoreError::corrupt(COUNTS, source))?;
            Ok((indicator_cases::case_id.eq(case), indicator_cases::counts.eq(counts)))
        })
        .collect::<Result<Vec<_>, StoreError>>()?;
    for chunk in rows.chunks(CHUNK) {
        each_backend!(connection, c => diesel::insert_into(indicator_cases::table)
            .values(chunk.to_vec())
            .on_conflict(indicator_cases::case_id)
            .do_update()
            .set(indicator_cases::counts.eq(excluded(indicator_cases::counts)))
            .execute(c))?;
    }
    Ok(())
}

/// The measures, in the order of [`crate::domain::indicator::Measure::ALL`], handed to a macro that makes something of each.
macro_rules! measures {
    (@count $measure:ident) => {
        i64
    };
    ($make:ident) => {
        $make! {
            submissions, online, duplicates, cases, accept_due, accept_met, accept_late, answer_due, answer_met, answer_late, answered,
            rated, satisfied, reminders, return_calls, supervisions, proposals, supervision_answers, adopted
        }
    };
}

macro_rules! tally_row {
    ($($measure:ident),+) => {
        #[derive(Clone, Insertable)]
        #[diesel(table_name = indicator_counts, treat_none_as_default_value = false)]
        struct TallyRow {
            area: String,
            dimension: &'static str,
            unit: &'static str,
            day: NaiveDate,
            value: String,
            $($measure: i64,)+
        }

        impl TallyRow {
            fn new(cell: &Cell, tally: &Tally) -> Self {
                let [$($measure),+] = *tally.counts();
                let Cell { area, dimension, unit, day, value } = cell.clone();
                Self { area, dimension: dimension.as_str(), unit: unit.as_str(), day, value, $($measure),+ }
            }
        }

        /// A sum of each measure, as it is read.
        type Sums = ($(measures!(@count $measure),)+);

        fn tally(($($measure,)+): Sums) -> Tally {
            Tally::new([$($measure),+])
        }
    };
}
measures!(tally_row);

macro_rules! added {
    ($($measure:ident),+) => {
        ($(indicator_counts::$measure.eq(indicator_counts::$measure + excluded(indicator_counts::$measure)),)+)
    };
}

macro_rules! summed {
    ($($measure:ident),+) => {
        (
            indicator_counts::value,
            ($(diesel::dsl::sql::<diesel::sql_types::BigInt>(concat!("CAST(SUM(", stringify!($measure), ") AS BIGINT)")),)+),
        )
    };
}

/// Adds to cells; a negative amount takes back.
pub fn add<'a>(connection: &mut Connection<'_>, amounts: impl IntoIterator<Item = (&'a Cell, &'a Tally)>) -> Result<(), StoreError> {
    let rows: Vec<TallyRow> =
        amounts.into_iter().filter(|(_, tally)| !tally.is_zero()).map(|(cell, tally)| TallyRow::new(cell, tally)).collect();
    for chunk in rows.chunks(CHUNK) {
        each_backend!(connection, c => diesel::insert_into(indicator_counts::table)
            .values(chunk.to_vec())
            .on_conflict((
                indicator_counts::area,
                indicator_counts::dimension,
                indicator_counts::unit,
                indicator_counts::day,
                indicator_counts::value,
            ))
            .do_update()
            .set(measures!(added))
            .execute(c))?;
    }
    Ok(())
}

/// Sums of an area over days, by value. Both ends belong to it.
pub fn sums(
    connection: &mut Connection<'_>,
    area: &str,
    dimension: Dimension,
    from: NaiveDate,
    until: NaiveDate,
) -> Result<BTreeMap<String, Tally>, StoreError> {
    let mut sums: BTreeMap<String, Tally> = BTreeMap::new();
    for (unit, from, until) in pieces(from, until) {
        let rows: Vec<(String, Sums)> = each_backend!(connection, c => indicator_counts::table
            .filter(indicator_counts::area.eq(area))
            .filter(indicator_counts::dimension.eq(dimension.as_str()))
            .filter(indicator_counts::unit.eq(unit.as_str()))
            .filter(indicator_counts::day.ge(from).and(indicator_counts::day.le(until)))
            .group_by(indicator_counts::value)
            .select(measures!(summed))
            .load(c))?;
        for (value, counts) in rows {
            *sums.entry(value).or_default() += tally(counts);
        }
    }
    Ok(sums)
}
