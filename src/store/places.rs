//! Cases by where they are.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::{
    Connection, Position, StoreError,
    cases::{Case, CaseRow, begins_with},
    connection::each_backend,
    schema::cases,
    stored,
};
use crate::domain::{
    case::CaseStatus,
    spot::{Range, Spot},
    submission::Kind,
};

/// Which cases a map shows; every part narrows it. Only cases that have a place are shown.
#[derive(Clone, Debug, Default)]
pub struct PlaceFilter {
    /// Corners of cells.
    pub latitudes: Option<Range>,
    /// One of these.
    pub longitudes: Option<(Range, Option<Range>)>,
    pub registered_from: Option<DateTime<Utc>>,
    /// Exclusive.
    pub registered_until: Option<DateTime<Utc>>,
    pub status: Option<CaseStatus>,
    pub kind: Option<Kind>,
    pub category: Option<String>,
    pub organization: Option<String>,
    /// First digits of the division.
    pub division_prefix: Option<String>,
    /// First digits of divisions that are left out.
    pub without: Vec<String>,
}

/// Where a case stands in the order of [`list`]: by latitude, longitude, and age.
pub fn position(case: &Case) -> Position {
    let spot = case.spot.unwrap_or(Spot { latitude: 0, longitude: 0 });
    ((i64::from(spot.latitude) + LATITUDES) * STRIDE + i64::from(spot.longitude) + LONGITUDES, case.founding_seq)
}

const LATITUDES: i64 = 90_000;
const LONGITUDES: i64 = 180_000;
const STRIDE: i64 = 1_000_000;

/// The latitude and longitude of a position; `None` if it is none of ours.
fn spot_of(major: i64) -> Option<(i32, i32)> {
    let (latitude, longitude) = (major.div_euclid(STRIDE) - LATITUDES, major.rem_euclid(STRIDE) - LONGITUDES);
    Some((i32::try_from(latitude).ok()?, i32::try_from(longitude).ok()?))
}

/// Puts a filter's conditions onto a boxed query of either backend.
macro_rules! narrowed {
    ($query:expr, $filter:expr) => {{
        let (mut query, filter) = ($query, $filter);
        if let Some((least, most)) = filter.latitudes {
            query = query.filter(cases::latitude.ge(least).and(cases::latitude.le(most)));
        }
        match filter.longitudes {
            Some(((least, most), None)) => query = query.filter(cases::longitude.ge(least).and(cases::longitude.le(most))),
            Some(((least, most), Some((second_least, second_most)))) => {
                query = query.filter(
                    cases::longitude
                        .ge(least)
                        .and(cases::longitude.le(most))
                        .or(cases::longitude.ge(second_least).and(cases::longitude.le(second_most))),
                );
            }
            None => {}
        }
        if let Some(from) = filter.registered_from {
            query = query.filter(cases::created_at.ge(stored(from)));
        }
        if let Some(until) = filter.registered_until {
            query = query.filter(cases::created_at.lt(stored(until)));
        }
        if let Some(status) = filter.status {
            query = query.filter(cases::status.eq(status.as_str()));
        }
        if let Some(kind) = filter.kind {
            query = query.filter(cases::kind.eq(kind.as_str()));
        }
        if let Some(category) = &filter.category {
            query = query.filter(cases::category.eq(category).or(cases::category.like(begins_with(&format!("{category}/"))).escape('\\')));
        }
        if let Some(organization) = &filter.organization {
            query = query.filter(cases::organization.eq(organization));
        }
        if let Some(prefix) = &filter.division_prefix {
            query = query.filter(cases::division.like(begins_with(prefix)).escape('\\'));
        }
        for prefix in &filter.without {
            query = query.filter(cases::division.not_like(begins_with(prefix)).escape('\\'));
        }
        query
    }};
}

/// Cases from south to north, each row from west to east, beyond a position.
pub fn list(connection: &mut Connection<'_>, filter: &PlaceFilter, after: Option<Position>, limit: i64) -> Result<Vec<Case>, StoreError> {
    let after = after.and_then(|(major, seq)| spot_of(major).map(|(latitude, longitude)| (latitude, longitude, seq)));
    let rows: Vec<CaseRow> = each_backend!(connection, c => {
        let mut query = cases::table
            .filter(cases::latitude.is_not_null())
            .filter(cases::merged_into.is_null())
            .select(CaseRow::as_select())
            .into_boxed();
        query = narrowed!(query, filter);
        if let Some((latitude, longitude, seq)) = after {
            query = query.filter(cases::latitude.ge(latitude)).filter(
                cases::latitude.gt(latitude)
                    .or(cases::longitude.gt(longitude))
                    .or(cases::longitude.eq(longitude).and(cases::founding_seq.gt(seq).assume_not_null())),
            );
        }
        query.order((cases::latitude, cases::longitude, cases::founding_seq)).limit(limit).load(c)
    })?;
    rows.into_iter().map(Case::try_from).collect()
}

/// How many cases a map shows; `None`: more than `most`.
pub fn count(connection: &mut Connection<'_>, filter: &PlaceFilter, most: i64) -> Result<Option<u64>, StoreError> {
    let found: Vec<i64> = each_backend!(connection, c => {
        let query = cases::table
            .filter(cases::latitude.is_not_null())
            .filter(cases::merged_into.is_null())
            .select(cases::founding_seq)
            .into_boxed();
        narrowed!(query, filter).limit(most + 1).load(c)
    })?;
    let found = i64::try_from(found.len()).unwrap_or(i64::MAX);
    Ok(u64::try_from(found).ok().filter(|_| found <= most))
}

/// How many cases lie in each cell of a province, or of a division inside it; at most `limit` cells, those with most cases.
pub fn cells(connection: &mut Connection<'_>, province: &str, prefix: &str, limit: i64) -> Result<Vec<(Spot, i64)>, StoreError> {
    let rows: Vec<(Option<i32>, Option<i32>, i64)> = each_backend!(connection, c => cases::table
        .filter(cases::latitude.is_not_null())
        .filter(cases::merged_into.is_null())
        .filter(cases::province.eq(province))
        .filter(cases::division.like(begins_with(prefix)).escape('\\'))
        .group_by((cases::latitude, cases::longitude))
        .order(diesel::dsl::count_star().desc())
        .limit(limit)
        .select((cases::latitude, cases::longitude, diesel::dsl::count_star()))
        .load(c))?;
    Ok(rows
        .into_iter()
        .filter_map(|(latitude, longitude, count)| Some((Spot { latitude: latitude?, longitude: longitude? }, count)))
        .collect())
}
