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
    domain::indicator::{Cell, Count, Dimension, Filing},
    matching::Decision,
};

/// Rows in one statement; SQLite binds at most 32,766 values.
const CHUNK: usize = 500;

const FEED: &str = "indicators";

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
        .map(|(case, counts)| Ok((case, serde_json::from_str(&counts).map_err(|source| StoreError::corrupt("indicator counts", source))?)))
        .collect()
}

/// Keeps what a case counts for from now on.
pub fn keep(connection: &mut Connection<'_>, cases: &[(String, Vec<Count>)]) -> Result<(), StoreError> {
    let rows = cases
        .iter()
        .map(|(case, counts)| {
            let counts = serde_json::to_string(counts).map_err(|source| StoreError::corrupt("indicator counts", source))?;
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

/// Adds to cells; a negative amount takes back.
pub fn add(connection: &mut Connection<'_>, amounts: &BTreeMap<Cell, i64>) -> Result<(), StoreError> {
    let rows: Vec<_> = amounts
        .iter()
        .filter(|(_, amount)| **amount != 0)
        .map(|(cell, amount)| {
            (
                indicator_counts::area.eq(&cell.area),
                indicator_counts::dimension.eq(cell.dimension.as_str()),
                indicator_counts::day.eq(cell.day),
                indicator_counts::measure.eq(cell.measure.as_str()),
                indicator_counts::value.eq(&cell.value),
                indicator_counts::count.eq(*amount),
            )
        })
        .collect();
    for chunk in rows.chunks(CHUNK) {
        each_backend!(connection, c => diesel::insert_into(indicator_counts::table)
            .values(chunk.to_vec())
            .on_conflict((
                indicator_counts::area,
                indicator_counts::dimension,
                indicator_counts::day,
                indicator_counts::measure,
                indicator_counts::value,
            ))
            .do_update()
            .set(indicator_counts::count.eq(indicator_counts::count + excluded(indicator_counts::count)))
            .execute(c))?;
    }
    Ok(())
}

/// Sums of an area over days, by (value, measure). Both ends belong to it.
pub fn sums(
    connection: &mut Connection<'_>,
    area: &str,
    dimension: Dimension,
    from: NaiveDate,
    until: NaiveDate,
) -> Result<Vec<(String, String, i64)>, StoreError> {
    Ok(each_backend!(connection, c => indicator_counts::table
        .filter(indicator_counts::area.eq(area))
        .filter(indicator_counts::dimension.eq(dimension.as_str()))
        .filter(indicator_counts::day.ge(from).and(indicator_counts::day.le(until)))
        .group_by((indicator_counts::value, indicator_counts::measure))
        .select((indicator_counts::value, indicator_counts::measure, diesel::dsl::sql::<diesel::sql_types::BigInt>("CAST(SUM(count) AS BIGINT)")))
        .load(c))?)
}
