//! Platforms' own ledgers, day by day, against ours.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use diesel::prelude::*;

use super::{
    Connection, StoreError,
    connection::each_backend,
    schema::{reconciliations, submissions},
    stored,
};

/// One day of one platform, compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reconciled {
    pub day: NaiveDate,
    pub their_count: i64,
    pub our_count: i64,
    /// Numbers the platform has and we have not; the first few.
    pub missing: Vec<String>,
    /// Numbers we have and the platform no longer.
    pub surplus: Vec<String>,
    /// How many were missing and have been pulled by the comparison.
    pub recovered: i64,
    pub checked_at: DateTime<Utc>,
}

/// The numbers of a platform's filings that were submitted within a time, at most `limit`.
pub fn source_ids(
    connection: &mut Connection<'_>,
    platform: &str,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<String>, StoreError> {
    Ok(each_backend!(connection, c => submissions::table
        .filter(submissions::platform.eq(platform))
        .filter(submissions::submitted_at.ge(stored(from)))
        .filter(submissions::submitted_at.lt(stored(until)))
        .order(submissions::source_id)
        .limit(limit)
        .select(submissions::source_id)
        .load(c))?)
}

/// Those of some numbers that are registered, on whatever day.
pub fn registered(connection: &mut Connection<'_>, platform: &str, source_ids: &[String]) -> Result<Vec<String>, StoreError> {
    let mut found = Vec::new();
    for chunk in source_ids.chunks(super::INSERT_CHUNK) {
        let known: Vec<String> = each_backend!(connection, c => submissions::table
            .filter(submissions::platform.eq(platform))
            .filter(submissions::source_id.eq_any(chunk))
            .select(submissions::source_id)
            .load(c))?;
        found.extend(known);
    }
    Ok(found)
}

/// When a day was compared last.
pub fn checked_at(connection: &mut Connection<'_>, platform: &str, day: NaiveDate) -> Result<Option<DateTime<Utc>>, StoreError> {
    let found: Option<NaiveDateTime> = each_backend!(connection, c => reconciliations::table
        .find((platform, day))
        .select(reconciliations::checked_at)
        .first(c)
        .optional())?;
    Ok(found.map(|at| at.and_utc()))
}

/// When each platform's ledger was compared last.
pub fn last_checked(connection: &mut Connection<'_>) -> Result<HashMap<String, DateTime<Utc>>, StoreError> {
    let rows: Vec<(String, Option<NaiveDateTime>)> = each_backend!(connection, c => reconciliations::table
        .group_by(reconciliations::platform)
        .select((reconciliations::platform, diesel::dsl::max(reconciliations::checked_at)))
        .load(c))?;
    Ok(rows.into_iter().filter_map(|(platform, at)| Some((platform, at?.and_utc()))).collect())
}

/// How many days since `from` each platform has filings of that we have not.
pub fn differing(connection: &mut Connection<'_>, from: NaiveDate) -> Result<Vec<(String, i64)>, StoreError> {
    Ok(each_backend!(connection, c => reconciliations::table
        .filter(reconciliations::day.ge(from))
        .filter(reconciliations::missing.ne("[]"))
        .group_by(reconciliations::platform)
        .select((reconciliations::platform, diesel::dsl::count_star()))
        .load(c))?)
}

pub fn keep(connection: &mut Connection<'_>, platform: &str, day: &Reconciled) -> Result<(), StoreError> {
    let (missing, surplus) = (serde_json::json!(day.missing).to_string(), serde_json::json!(day.surplus).to_string());
    let set = (
        reconciliations::their_count.eq(day.their_count),
        reconciliations::our_count.eq(day.our_count),
        reconciliations::missing.eq(&missing),
        reconciliations::surplus.eq(&surplus),
        reconciliations::recovered.eq(day.recovered),
        reconciliations::checked_at.eq(stored(day.checked_at)),
    );
    each_backend!(connection, c => diesel::insert_into(reconciliations::table)
        .values((reconciliations::platform.eq(platform), reconciliations::day.eq(day.day), set))
        .on_conflict((reconciliations::platform, reconciliations::day))
        .do_update()
        .set(set)
        .execute(c))?;
    Ok(())
}

/// A platform's newest days, newest first.
pub fn list(connection: &mut Connection<'_>, platform: &str, limit: i64) -> Result<Vec<Reconciled>, StoreError> {
    type Row = (NaiveDate, i64, i64, String, String, i64, NaiveDateTime);
    let rows: Vec<Row> = each_backend!(connection, c => reconciliations::table
        .filter(reconciliations::platform.eq(platform))
        .order(reconciliations::day.desc())
        .limit(limit)
        .select((
            reconciliations::day,
            reconciliations::their_count,
            reconciliations::our_count,
            reconciliations::missing,
            reconciliations::surplus,
            reconciliations::recovered,
            reconciliations::checked_at,
        ))
        .load(c))?;
    let names = |json: &str| serde_json::from_str(json).map_err(|source| StoreError::corrupt("reconciliation", source));
    rows.into_iter()
        .map(|(day, their_count, our_count, missing, surplus, recovered, at)| {
            Ok(Reconciled {
                day,
                their_count,
                our_count,
                missing: names(&missing)?,
                surplus: names(&surplus)?,
                recovered,
                checked_at: at.and_utc(),
            })
        })
        .collect()
}
