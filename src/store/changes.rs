//! The histories of all cases as one feed, in the order of commit. Nothing of an event's free text is read here.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::{dsl::exists, prelude::*, sql_types::Bool};

use super::{
    Connection, StoreError, cases,
    connection::each_backend,
    schema::{case_events, cases as case_table, links, review_requests},
    stored, word,
};
use crate::domain::{case::CaseStatus, division};

/// An entry in the feed, without what people wrote.
#[derive(Clone, Debug)]
pub struct Change {
    pub seq: i64,
    pub id: String,
    pub case_id: String,
    pub kind: String,
    pub source: String,
    pub status: Option<CaseStatus>,
    pub data: serde_json::Value,
    pub at: DateTime<Utc>,
}

/// Which entries a reader gets; every part narrows it.
#[derive(Clone, Debug, Default)]
pub struct ChangeFilter {
    /// Only cases this platform is a source, the handler or the reviewer of.
    pub visible_to: Option<String>,
    /// Any of these kinds; all if empty.
    pub kinds: Vec<String>,
    /// First digits of the case's division.
    pub division_prefix: Option<String>,
    pub case_id: Option<String>,
}

/// A stretch of the feed: beyond `after`, up to and with `until`.
#[derive(Clone, Copy, Debug)]
pub struct Stretch {
    pub after: i64,
    pub until: i64,
}

type Row = (i64, String, String, String, String, Option<String>, String, NaiveDateTime);

fn open((seq, id, case_id, kind, source, status, data, at): Row) -> Result<Change, StoreError> {
    Ok(Change {
        seq,
        id,
        case_id,
        kind,
        source,
        status: status.map(|status| word("event status", status)).transpose()?,
        data: serde_json::from_str(&data).map_err(|source| StoreError::corrupt("event", source))?,
        at: at.and_utc(),
    })
}

macro_rules! columns {
    () => {
        (
            case_events::seq,
            case_events::id,
            case_events::case_id,
            case_events::kind,
            case_events::source,
            case_events::status,
            case_events::data,
            case_events::at,
        )
    };
}

/// Narrows a query of `case_events` to what a reader may have.
macro_rules! visible {
    ($query:ident, $filter:ident) => {
        if let Some(platform) = &$filter.visible_to {
            let filed = links::table.filter(links::case_id.eq(case_events::case_id)).filter(links::platform.eq(platform));
            let handled = case_table::table.filter(case_table::id.eq(case_events::case_id)).filter(case_table::platform.eq(platform));
            let reviewed = review_requests::table
                .filter(review_requests::case_id.eq(case_events::case_id))
                .filter(review_requests::reviewer_platform.eq(platform));
            $query = $query.filter(exists(filed).or(exists(handled)).or(exists(reviewed)));
        }
        if let Some(prefix) = $filter.division_prefix.as_deref().filter(|prefix| !prefix.is_empty()) {
            let narrow = prefix.len() > 2;
            let inside = case_table::division.like(cases::begins_with(prefix)).escape('\\').assume_not_null();
            let there = case_table::table
                .filter(case_table::id.eq(case_events::case_id))
                .filter(case_table::province.eq(division::province(prefix)))
                .filter((!narrow).into_sql::<Bool>().or(inside));
            $query = $query.filter(exists(there));
        }
    };
}

/// Up to `limit` entries of a stretch, in order.
pub fn read(connection: &mut Connection<'_>, filter: &ChangeFilter, stretch: Stretch, limit: i64) -> Result<Vec<Change>, StoreError> {
    let rows: Vec<Row> = each_backend!(connection, c => {
        let mut query = case_events::table.select(columns!()).into_boxed();
        visible!(query, filter);
        if !filter.kinds.is_empty() {
            query = query.filter(case_events::kind.eq_any(&filter.kinds));
        }
        if let Some(case_id) = &filter.case_id {
            query = query.filter(case_events::case_id.eq(case_id));
        }
        query
            .filter(case_events::seq.gt(stretch.after))
            .filter(case_events::seq.le(stretch.until))
            .order(case_events::seq)
            .limit(limit)
            .load(c)
    })?;
    rows.into_iter().map(open).collect()
}

/// One entry, if the platform may see its case.
pub fn find(connection: &mut Connection<'_>, filter: &ChangeFilter, id: &str) -> Result<Option<Change>, StoreError> {
    let row: Option<Row> = each_backend!(connection, c => {
        let mut query = case_events::table.select(columns!()).into_boxed();
        visible!(query, filter);
        query.filter(case_events::id.eq(id)).first(c).optional()
    })?;
    row.map(open).transpose()
}

/// The newest position; 0 while nothing has happened.
pub fn head(connection: &mut Connection<'_>) -> Result<i64, StoreError> {
    let last: Option<i64> = each_backend!(connection, c => case_events::table.select(diesel::dsl::max(case_events::seq)).first(c))?;
    Ok(last.unwrap_or(0))
}

/// Entries of about the same time are not always in the order of their times: this many are looked at.
const ABOUT: i64 = 1_000;

/// The position before the first entry of this time or later.
pub fn before(connection: &mut Connection<'_>, at: DateTime<Utc>) -> Result<i64, StoreError> {
    let first: Vec<i64> = each_backend!(connection, c => case_events::table
        .filter(case_events::at.ge(stored(at)))
        .order((case_events::at, case_events::seq))
        .limit(ABOUT)
        .select(case_events::seq)
        .load(c))?;
    match first.into_iter().min() {
        Some(seq) => Ok(seq - 1),
        None => head(connection),
    }
}
