//! Whether somebody may see one case, filing, delivery or matter.
//!
//! What is not there and what belongs to somebody else take the same queries, so that the time of a refusal tells them apart no
//! better than its words do.

use diesel::{
    dsl::{exists, not},
    prelude::*,
    sql_types::Bool,
};

use super::{
    Connection, StoreError,
    cases::begins_with,
    connection::each_backend,
    schema::{cases, deliveries, links, review_requests, submissions},
};
use crate::domain::{access::Reach, division};

/// How many merges lead on from a case at most.
const MAX_MERGES: usize = 16;

/// True if the case lies in what may be seen; a case that was made part of another is seen by whoever sees that one.
pub fn sees_case(connection: &mut Connection<'_>, reach: &Reach, id: &str) -> Result<bool, StoreError> {
    let mut at = id.to_owned();
    let mut place = None;
    for _ in 0..MAX_MERGES {
        let found: Option<Placed> = each_backend!(connection, c => cases::table
            .filter(cases::id.eq(&at))
            .select((cases::division, cases::province, cases::merged_into))
            .first(c)
            .optional())?;
        let Some((division, province, merged_into)) = found else { break };
        match merged_into {
            Some(into) => at = into,
            None => {
                place = Some(division.unwrap_or(province));
                break;
            }
        }
    }
    let concerned = match &reach.platform {
        Some(platform) => concerns(connection, &at, platform)?,
        None => true,
    };
    Ok(concerned && place.is_some_and(|place| reach.covers(&place)))
}

/// Division, province, and the case it was made part of.
type Placed = (Option<String>, String, Option<String>);

/// True if the platform is a source, the handler or the reviewer of the case.
fn concerns(connection: &mut Connection<'_>, case: &str, platform: &str) -> Result<bool, StoreError> {
    let concerned: bool = each_backend!(connection, c => {
        let handled = cases::table.filter(cases::id.eq(case)).filter(cases::platform.eq(platform));
        let filed = links::table.filter(links::case_id.eq(case)).filter(links::platform.eq(platform));
        let reviewed = review_requests::table
            .filter(review_requests::case_id.eq(case))
            .filter(review_requests::reviewer_platform.eq(platform));
        diesel::select(exists(handled).or(exists(filed)).or(exists(reviewed))).get_result(c)
    })?;
    Ok(concerned)
}

/// True if the platform filed it and it lies in the division.
pub fn sees_submission(connection: &mut Connection<'_>, reach: &Reach, id: &str) -> Result<bool, StoreError> {
    let found: Option<(String, Option<String>, String)> = each_backend!(connection, c => submissions::table
        .filter(submissions::id.eq(id))
        .select((submissions::platform, submissions::division, submissions::province))
        .first(c)
        .optional())?;
    Ok(found.is_some_and(|(platform, division, province)| {
        reach.platform.as_ref().is_none_or(|own| *own == platform) && reach.covers(division.as_deref().unwrap_or(&province))
    }))
}

/// True if it is owed to the platform and its case lies in the division.
pub fn sees_delivery(connection: &mut Connection<'_>, reach: &Reach, id: &str) -> Result<bool, StoreError> {
    let found: Option<(String, Option<String>, String)> = each_backend!(connection, c => deliveries::table
        .inner_join(cases::table.on(cases::id.eq(deliveries::case_id)))
        .filter(deliveries::id.eq(id))
        .select((deliveries::platform, cases::division, cases::province))
        .first(c)
        .optional())?;
    Ok(found.is_some_and(|(platform, division, province)| {
        reach.platform.as_ref().is_none_or(|own| *own == platform) && reach.covers(division.as_deref().unwrap_or(&province))
    }))
}

/// True if every case of the matter lies in the division, and there is one.
pub fn sees_matter(connection: &mut Connection<'_>, own: &str, id: &str) -> Result<bool, StoreError> {
    let prefix = division::prefix(own);
    let (province, narrow) = (division::province(own), prefix.len() > 2);
    let pattern = begins_with(prefix);
    let seen: bool = each_backend!(connection, c => {
        let elsewhere = cases::division.is_null().or(not(cases::division.like(&pattern).escape('\\').assume_not_null()));
        let outside = cases::table
            .filter(cases::matter_id.eq(id))
            .filter(cases::province.ne(&province).or(narrow.into_sql::<Bool>().and(elsewhere)));
        let member = cases::table.filter(cases::matter_id.eq(id));
        diesel::select(exists(member).and(not(exists(outside)))).get_result(c)
    })?;
    Ok(seen)
}
