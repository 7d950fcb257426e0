//! What a replay of the log compares the store with.

use std::collections::HashMap;

use diesel::prelude::*;

use super::{
    Connection, StoreError,
    connection::each_backend,
    schema::{cases, links, matches, matters, submissions},
};

/// Where a linked submission was put, and where it is now, by founding positions.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct Placed {
    pub seq: i64,
    pub id: String,
    pub fingerprint: Vec<u8>,
    pub decided_case: i64,
    pub decided_matter: Option<i64>,
    pub case: i64,
    /// Of the case; `None` is a matter of its own.
    pub matter: Option<i64>,
}

/// Linked entries after a position, in order, with where each was put and where it is.
pub fn placed(connection: &mut Connection<'_>, after: i64, limit: i64) -> Result<Vec<Placed>, StoreError> {
    Ok(each_backend!(connection, c => submissions::table
        .inner_join(links::table.on(links::submission_seq.eq(submissions::seq)))
        .inner_join(cases::table.on(cases::id.eq(links::case_id)))
        .left_join(matters::table.on(matters::id.nullable().eq(cases::matter_id)))
        .filter(submissions::seq.gt(after))
        .order(submissions::seq)
        .limit(limit)
        .select((
            submissions::seq,
            submissions::id,
            submissions::fingerprint,
            links::decided_case,
            links::decided_matter,
            cases::founding_seq,
            matters::founding_seq.nullable(),
        ))
        .load(c))?)
}

/// Digests of the models that stored matches name.
pub fn model_digests(connection: &mut Connection<'_>) -> Result<Vec<String>, StoreError> {
    Ok(each_backend!(connection, c => matches::table.select(matches::model_digest).distinct().order(matches::model_digest).load(c))?)
}

/// Entries of the log up to a position that have no link; there must be none.
pub fn missing(connection: &mut Connection<'_>, last: i64, limit: i64) -> Result<Vec<(i64, String)>, StoreError> {
    Ok(each_backend!(connection, c => submissions::table
        .left_join(links::table.on(links::submission_seq.eq(submissions::seq)))
        .filter(links::submission_seq.is_null())
        .filter(submissions::seq.le(last))
        .order(submissions::seq)
        .limit(limit)
        .select((submissions::seq, submissions::id))
        .load(c))?)
}

/// Matters whose stored number of cases is not what it is: id, stored, counted.
pub fn wrong_matter_sizes(connection: &mut Connection<'_>) -> Result<Vec<(String, i64, i64)>, StoreError> {
    let counted: Vec<(Option<String>, i64)> = each_backend!(connection, c => cases::table
        .filter(cases::merged_into.is_null())
        .filter(cases::matter_id.is_not_null())
        .group_by(cases::matter_id)
        .select((cases::matter_id, diesel::dsl::count_star()))
        .load(c))?;
    let counted: HashMap<String, i64> = counted.into_iter().filter_map(|(id, n)| Some((id?, n))).collect();
    let stored: Vec<(String, i32)> = each_backend!(connection, c => matters::table.select((matters::id, matters::case_count)).load(c))?;
    let sizes = stored.into_iter().map(|(id, said)| {
        let counted = counted.get(&id).copied().unwrap_or_default();
        (id, i64::from(said), counted)
    });
    Ok(sizes.filter(|(_, said, counted)| said != counted).collect())
}

/// Cases whose stored number of submissions is not what it is: id, stored, counted.
pub fn wrong_sizes(connection: &mut Connection<'_>) -> Result<Vec<(String, i64, i64)>, StoreError> {
    let counted: Vec<(String, i32, i64)> = each_backend!(connection, c => cases::table
        .left_join(links::table.on(links::case_id.eq(cases::id)))
        .group_by((cases::id, cases::submission_count))
        .select((cases::id, cases::submission_count, diesel::dsl::count(links::submission_seq.nullable())))
        .load(c))?;
    let sizes = counted.into_iter().map(|(id, said, counted)| (id, i64::from(said), counted));
    Ok(sizes.filter(|(_, said, counted)| said != counted).collect())
}
