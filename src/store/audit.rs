//! The audit log: its leaves, the roots of its complete subtrees, its signed checkpoints.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use super::{
    Connection, INSERT_CHUNK, StoreError,
    connection::{Log, each_backend},
    schema::{audit_leaves, audit_subtrees, checkpoint_signatures, checkpoints},
    stored,
};
use crate::audit::{
    Entry, Hash, leaf_hash,
    tree::{FAN_OUT, Subtrees, root_over},
};

/// A stored leaf.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// Position, beginning at 0.
    pub index: u64,
    /// The entry's exact bytes, which the hash is over.
    pub entry: String,
    pub hash: Hash,
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = audit_leaves)]
struct LeafRow {
    seq: i64,
    at: NaiveDateTime,
    subject: String,
    entry: String,
    hash: Vec<u8>,
}

impl TryFrom<LeafRow> for Leaf {
    type Error = StoreError;

    fn try_from(row: LeafRow) -> Result<Self, StoreError> {
        Ok(Self { index: row.seq.unsigned_abs().saturating_sub(1), entry: row.entry, hash: hash(row.hash)? })
    }
}

fn hash(bytes: Vec<u8>) -> Result<Hash, StoreError> {
    bytes.try_into().map_err(|_| StoreError::corrupt("audit log", "a hash does not have 32 bytes"))
}

/// Appends entries in order. Call in the transaction of the changes they record.
pub fn append(connection: &mut Connection<'_>, entries: &[Entry]) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    connection.lock_log(Log::Audit)?;
    let before = size(connection)?;
    let rows: Vec<LeafRow> = (before as i64 + 1..)
        .zip(entries)
        .map(|(seq, entry)| {
            let text = entry.to_json();
            LeafRow { seq, at: stored(entry.at), subject: entry.subject.clone(), hash: leaf_hash(text.as_bytes()).to_vec(), entry: text }
        })
        .collect();
    for chunk in rows.chunks(INSERT_CHUNK) {
        each_backend!(connection, c => diesel::insert_into(audit_leaves::table).values(chunk).execute(c))?;
    }
    complete_subtrees(connection, before, before + rows.len() as u64)
}

/// Keeps the roots of the subtrees that became complete as the log grew from `before` to `after` leaves.
fn complete_subtrees(connection: &mut Connection<'_>, before: u64, after: u64) -> Result<(), StoreError> {
    let (mut level, mut span) = (1, FAN_OUT);
    while after / span > 0 {
        for position in before / span..after / span {
            let root = root_over(&connection.subtrees(level - 1, position * FAN_OUT, FAN_OUT)?);
            let row = (
                audit_subtrees::level.eq(level as i32),
                audit_subtrees::position.eq(position as i64),
                audit_subtrees::hash.eq(root.to_vec()),
            );
            each_backend!(connection, c => diesel::insert_into(audit_subtrees::table).values(row.clone()).execute(c))?;
        }
        level += 1;
        span *= FAN_OUT;
    }
    Ok(())
}

impl Subtrees for Connection<'_> {
    type Error = StoreError;

    fn subtrees(&mut self, level: u32, first: u64, count: u64) -> Result<Vec<Hash>, StoreError> {
        let (first, end) = (first as i64, (first + count) as i64);
        let found: Vec<Vec<u8>> = if level == 0 {
            each_backend!(self, c => audit_leaves::table
                .filter(audit_leaves::seq.gt(first).and(audit_leaves::seq.le(end)))
                .order(audit_leaves::seq)
                .select(audit_leaves::hash)
                .load(c))?
        } else {
            each_backend!(self, c => audit_subtrees::table
                .filter(audit_subtrees::level.eq(level as i32))
                .filter(audit_subtrees::position.ge(first).and(audit_subtrees::position.lt(end)))
                .order(audit_subtrees::position)
                .select(audit_subtrees::hash)
                .load(c))?
        };
        if found.len() as u64 != count {
            return Err(StoreError::corrupt("audit log", "hashes are missing"));
        }
        found.into_iter().map(hash).collect()
    }
}

/// At most `limit` leaves from `from` on, below `size`; only those about `subject`, if one is named.
pub fn read(connection: &mut Connection<'_>, subject: Option<&str>, from: u64, size: u64, limit: i64) -> Result<Vec<Leaf>, StoreError> {
    let (after, last) = (from as i64, size as i64);
    let rows: Vec<LeafRow> = each_backend!(connection, c => {
        let mut query = audit_leaves::table
            .filter(audit_leaves::seq.gt(after).and(audit_leaves::seq.le(last)))
            .order(audit_leaves::seq)
            .limit(limit)
            .select(LeafRow::as_select())
            .into_boxed();
        if let Some(subject) = subject {
            query = query.filter(audit_leaves::subject.eq(subject));
        }
        query.load(c)
    })?;
    rows.into_iter().map(Leaf::try_from).collect()
}

/// How many leaves the log has.
pub fn size(connection: &mut Connection<'_>) -> Result<u64, StoreError> {
    let last: Option<i64> = each_backend!(connection, c => audit_leaves::table.select(diesel::dsl::max(audit_leaves::seq)).first(c))?;
    Ok(last.unwrap_or(0).unsigned_abs())
}

/// A signed checkpoint: the text, and the signature lines it has so far, the log's own first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCheckpoint {
    pub size: u64,
    pub text: String,
    pub lines: Vec<String>,
    pub at: DateTime<Utc>,
}

impl StoredCheckpoint {
    /// The signed note.
    pub fn note(&self) -> String {
        let lines = self.lines.iter().flat_map(|line| [line.as_str(), "\n"]);
        [self.text.as_str(), "\n"].into_iter().chain(lines).collect()
    }
}

/// Keeps a checkpoint; another node may have made the one of this size already, which then stays.
pub fn insert_checkpoint(
    connection: &mut Connection<'_>,
    size: u64,
    text: &str,
    signature: (&str, &str),
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let row = (checkpoints::size.eq(size as i64), checkpoints::text.eq(text), checkpoints::at.eq(stored(at)));
    let inserted = each_backend!(connection, c => diesel::insert_into(checkpoints::table).values(row).on_conflict_do_nothing().execute(c))?;
    if inserted == 1 { insert_signature(connection, size, signature) } else { Ok(()) }
}

/// Adds `(name, line)` to a checkpoint; the first of a name stays.
pub fn insert_signature(connection: &mut Connection<'_>, size: u64, (name, line): (&str, &str)) -> Result<(), StoreError> {
    let row = (checkpoint_signatures::size.eq(size as i64), checkpoint_signatures::name.eq(name), checkpoint_signatures::line.eq(line));
    each_backend!(connection, c => diesel::insert_into(checkpoint_signatures::table).values(row).on_conflict_do_nothing().execute(c))?;
    Ok(())
}

/// The checkpoint over most leaves; over exactly `size`, if one is named. `own` is the log's name.
pub fn checkpoint(connection: &mut Connection<'_>, size: Option<u64>, own: &str) -> Result<Option<StoredCheckpoint>, StoreError> {
    let found: Option<(i64, String, NaiveDateTime)> = each_backend!(connection, c => {
        let mut query = checkpoints::table.order(checkpoints::size.desc()).into_boxed();
        if let Some(size) = size {
            query = query.filter(checkpoints::size.eq(size as i64));
        }
        query.first(c).optional()
    })?;
    let Some((size, text, at)) = found else { return Ok(None) };
    let mut signatures: Vec<(String, String)> = each_backend!(connection, c => checkpoint_signatures::table
        .filter(checkpoint_signatures::size.eq(size))
        .order(checkpoint_signatures::name)
        .select((checkpoint_signatures::name, checkpoint_signatures::line))
        .load(c))?;
    signatures.sort_by_key(|(name, _)| name != own);
    let lines = signatures.into_iter().map(|(_, line)| line).collect();
    Ok(Some(StoredCheckpoint { size: size.unsigned_abs(), text, lines, at: at.and_utc() }))
}

/// The size of the newest checkpoint that `name` signed; 0 if there is none.
pub fn signed_size(connection: &mut Connection<'_>, name: &str) -> Result<u64, StoreError> {
    let size: Option<i64> = each_backend!(connection, c => checkpoint_signatures::table
        .filter(checkpoint_signatures::name.eq(name))
        .select(diesel::dsl::max(checkpoint_signatures::size))
        .first(c))?;
    Ok(size.unwrap_or(0).unsigned_abs())
}
