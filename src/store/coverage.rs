//! Which bodies that are not connected cost how many cases a detour; counted when a case is routed.

use std::collections::BTreeMap;

use diesel::{prelude::*, upsert::excluded};

use super::{Connection, INSERT_CHUNK, StoreError, cases::begins_with, connection::each_backend, schema::gap_counts};

/// A body and its division.
pub type Body = (String, String);

/// Adds to what bodies cost.
pub fn add(connection: &mut Connection<'_>, detours: &BTreeMap<Body, i64>) -> Result<(), StoreError> {
    let rows: Vec<_> = detours
        .iter()
        .map(|((organization, division), cases)| {
            (gap_counts::organization.eq(organization), gap_counts::division.eq(division), gap_counts::cases.eq(*cases))
        })
        .collect();
    for chunk in rows.chunks(INSERT_CHUNK) {
        each_backend!(connection, c => diesel::insert_into(gap_counts::table)
            .values(chunk.to_vec())
            .on_conflict(gap_counts::organization)
            .do_update()
            .set(gap_counts::cases.eq(gap_counts::cases + excluded(gap_counts::cases)))
            .execute(c))?;
    }
    Ok(())
}

/// The bodies inside a division, by the first digits of its code, that cost the most cases, with how many.
pub fn costliest(connection: &mut Connection<'_>, division_prefix: &str, limit: i64) -> Result<Vec<(String, i64)>, StoreError> {
    Ok(each_backend!(connection, c => gap_counts::table
        .filter(gap_counts::division.like(begins_with(division_prefix)).escape('\\'))
        .order((gap_counts::cases.desc(), gap_counts::organization))
        .limit(limit)
        .select((gap_counts::organization, gap_counts::cases))
        .load(c))?)
}
