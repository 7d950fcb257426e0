//! The leaves of the audit log.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use super::{
    Connection, INSERT_CHUNK, Page, StoreError,
    connection::{Log, each_backend},
    schema::audit_leaves,
    stored,
};
use crate::audit::{Entry, Hash, leaf_hash};

/// A stored leaf.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// Position, beginning at 1.
    pub seq: i64,
    pub at: DateTime<Utc>,
    /// The entry's exact bytes, which the hash is over.
    pub entry: String,
    pub hash: Hash,
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = audit_leaves)]
struct LeafRow {
    seq: i64,
    at: NaiveDateTime,
    entry: String,
    hash: Vec<u8>,
}

impl TryFrom<LeafRow> for Leaf {
    type Error = StoreError;

    fn try_from(row: LeafRow) -> Result<Self, StoreError> {
        let hash = row.hash.try_into().map_err(|_| StoreError::corrupt("audit leaf", "its hash does not have 32 bytes"))?;
        Ok(Self { seq: row.seq, at: row.at.and_utc(), entry: row.entry, hash })
    }
}

/// Appends entries in order. Call in the transaction of the changes they record.
pub fn append(connection: &mut Connection<'_>, entries: &[Entry]) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    connection.lock_log(Log::Audit)?;
    let last: Option<i64> = each_backend!(connection, c => audit_leaves::table.select(diesel::dsl::max(audit_leaves::seq)).first(c))?;
    let rows: Vec<LeafRow> = (last.unwrap_or(0) + 1..)
        .zip(entries)
        .map(|(seq, entry)| {
            let text = entry.to_json();
            LeafRow { seq, at: stored(entry.at), hash: leaf_hash(text.as_bytes()).to_vec(), entry: text }
        })
        .collect();
    for chunk in rows.chunks(INSERT_CHUNK) {
        each_backend!(connection, c => diesel::insert_into(audit_leaves::table).values(chunk).execute(c))?;
    }
    Ok(())
}

/// Leaves after a position, in order.
pub fn read(connection: &mut Connection<'_>, page: Page) -> Result<Vec<Leaf>, StoreError> {
    let rows: Vec<LeafRow> = each_backend!(connection, c => audit_leaves::table
        .filter(audit_leaves::seq.gt(page.above()))
        .order(audit_leaves::seq)
        .limit(page.limit)
        .select(LeafRow::as_select())
        .load(c))?;
    rows.into_iter().map(Leaf::try_from).collect()
}

/// The hashes of all leaves up to a size, in order.
pub fn hashes(connection: &mut Connection<'_>, size: i64) -> Result<Vec<Hash>, StoreError> {
    let rows: Vec<Vec<u8>> = each_backend!(connection, c => audit_leaves::table
        .filter(audit_leaves::seq.le(size))
        .order(audit_leaves::seq)
        .select(audit_leaves::hash)
        .load(c))?;
    rows.into_iter().map(|hash| hash.try_into().map_err(|_| StoreError::corrupt("audit leaf", "its hash does not have 32 bytes"))).collect()
}

pub fn size(connection: &mut Connection<'_>) -> Result<i64, StoreError> {
    Ok(each_backend!(connection, c => audit_leaves::table.count().get_result(c))?)
}
