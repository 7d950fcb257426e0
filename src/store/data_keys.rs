//! Data keys, wrapped by a master key, and how far their rotation has come.
//!
//! A rotation goes through states that every node sees before the next is entered, so that no node ever meets a value whose key it
//! has not read, and none seals with a key that is gone: the new key is there (`coming`) before it seals (`active`), and the one
//! before (`old`) is destroyed only when nothing sealed by it is left and nobody can be sealing with it any more.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use super::{
    Connection, StoreError,
    connection::each_backend,
    schema::{data_keys, key_rotation},
    seal::{Sealer, StoredKey, Wrapped, data_key_context},
    stored, word,
};

/// The number under which the root secret lies, which seals nothing: the store's other secrets are derived from it.
const ROOT: i32 = 0;

/// What a data key is used for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// Opens what other nodes may seal with it already.
    Coming,
    /// Seals.
    Active,
    /// Opens what is not sealed again yet.
    Old,
}

impl KeyState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Coming => "coming",
            Self::Active => "active",
            Self::Old => "old",
        }
    }
}

/// A data key without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataKey {
    pub number: u32,
    pub state: KeyState,
    /// Id of the master key that wraps it.
    pub master: String,
    /// Since when it is in this state; the first key of a store since 1970.
    pub since: DateTime<Utc>,
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = data_keys)]
struct Row {
    number: i32,
    state: String,
    master: String,
    wrapped: Vec<u8>,
    since: NaiveDateTime,
}

impl Row {
    fn number(&self) -> u32 {
        self.number.unsigned_abs()
    }

    fn wrapped(&self) -> Wrapped {
        Wrapped { master: self.master.clone(), bytes: self.wrapped.clone() }
    }
}

fn rows(connection: &mut Connection<'_>) -> Result<Vec<Row>, StoreError> {
    Ok(each_backend!(connection, c => data_keys::table.order(data_keys::number).select(Row::as_select()).load(c))?)
}

/// All data keys, wrapped.
pub(super) fn load(connection: &mut Connection<'_>) -> Result<Vec<StoredKey>, StoreError> {
    // Before the first migration there is no table, and nothing that is sealed.
    if !has_table(connection)? {
        return Ok(Vec::new());
    }
    let keys = rows(connection)?.into_iter().filter(|row| row.number != ROOT);
    Ok(keys.map(|row| StoredKey { number: row.number(), wrapped: row.wrapped(), active: row.state == KeyState::Active.as_str() }).collect())
}

#[derive(diesel::QueryableByName)]
struct Found {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    found: i64,
}

fn has_table(connection: &mut Connection<'_>) -> Result<bool, StoreError> {
    let found: Found = match connection {
        Connection::Sqlite(c) => {
            diesel::sql_query("SELECT count(*) AS found FROM sqlite_master WHERE type = 'table' AND name = 'data_keys'").get_result(*c)?
        }
        Connection::Postgres(c) => diesel::sql_query("SELECT count(to_regclass('data_keys')) AS found").get_result(*c)?,
    };
    Ok(found.found > 0)
}

fn wrap(sealer: &Sealer, number: i32, state: &str, key: &[u8; 32], since: DateTime<Utc>) -> Result<Row, StoreError> {
    let wrapped = sealer.kms().wrap(&data_key_context(number.unsigned_abs()), key).map_err(super::SealError::from)?;
    Ok(Row { number, state: state.to_owned(), master: wrapped.master, wrapped: wrapped.bytes, since: stored(since) })
}

/// Gives a new store its root secret and its first data key. Of two that do so at once, one is heeded.
pub(super) fn ensure(connection: &mut Connection<'_>, sealer: &Sealer) -> Result<(), StoreError> {
    if !rows(connection)?.is_empty() {
        return Ok(());
    }
    for (number, state) in [(ROOT, "root"), (ROOT + 1, KeyState::Active.as_str())] {
        let row = wrap(sealer, number, state, &rand::random(), DateTime::UNIX_EPOCH)?;
        each_backend!(connection, c => diesel::insert_into(data_keys::table).values(&row).on_conflict_do_nothing().execute(c))?;
    }
    Ok(())
}

/// The secret that the store's other secrets are derived from. It stays as it is whatever is rotated.
pub fn root(connection: &mut Connection<'_>, sealer: &Sealer) -> Result<[u8; 32], StoreError> {
    let row: Row = each_backend!(connection, c => data_keys::table.find(ROOT).select(Row::as_select()).first(c))?;
    Ok(sealer.kms().unwrap(&data_key_context(row.number()), &row.wrapped()).map_err(super::SealError::from)?)
}

/// The data keys by number, without their secrets.
pub fn list(connection: &mut Connection<'_>) -> Result<Vec<DataKey>, StoreError> {
    rows(connection)?
        .into_iter()
        .filter(|row| row.number != ROOT)
        .map(|row| {
            Ok(DataKey {
                number: row.number(),
                state: word("state of a data key", row.state)?,
                master: row.master,
                since: row.since.and_utc(),
            })
        })
        .collect()
}

/// Makes a new data key, and has the current master key wrap all there are; `false` if a rotation is under way already.
pub fn begin(connection: &mut Connection<'_>, sealer: &Sealer, now: DateTime<Utc>) -> Result<bool, StoreError> {
    let rows = rows(connection)?;
    if rows.iter().any(|row| row.number != ROOT && row.state != KeyState::Active.as_str()) {
        return Ok(false);
    }
    for row in &rows {
        let key = sealer.kms().unwrap(&data_key_context(row.number()), &row.wrapped()).map_err(super::SealError::from)?;
        let again = wrap(sealer, row.number, &row.state, &key, now)?;
        each_backend!(connection, c => diesel::update(data_keys::table.find(row.number))
            .set((data_keys::master.eq(&again.master), data_keys::wrapped.eq(&again.wrapped)))
            .execute(c))?;
    }
    let next = rows.iter().map(|row| row.number).max().unwrap_or(ROOT) + 1;
    let row = wrap(sealer, next, KeyState::Coming.as_str(), &rand::random(), now)?;
    // Two that begin at once would both make this number: one of them is told that it exists.
    each_backend!(connection, c => diesel::insert_into(data_keys::table).values(&row).execute(c))?;
    Ok(true)
}

/// Lets the coming key seal, and the active one no more.
pub fn activate(connection: &mut Connection<'_>, now: DateTime<Utc>) -> Result<(), StoreError> {
    for (from, to) in [(KeyState::Active, KeyState::Old), (KeyState::Coming, KeyState::Active)] {
        each_backend!(connection, c => diesel::update(data_keys::table.filter(data_keys::state.eq(from.as_str())))
            .set((data_keys::state.eq(to.as_str()), data_keys::since.eq(stored(now))))
            .execute(c))?;
    }
    Ok(())
}

/// Destroys the old key: what it sealed opens no more. Call when nothing is sealed by it.
pub fn destroy_old(connection: &mut Connection<'_>) -> Result<(), StoreError> {
    each_backend!(connection, c => diesel::delete(data_keys::table.filter(data_keys::state.eq(KeyState::Old.as_str()))).execute(c))?;
    each_backend!(connection, c => diesel::delete(key_rotation::table).execute(c))?;
    Ok(())
}

/// One way through everything that is sealed, so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pass {
    pub started_at: DateTime<Utc>,
    /// The column it is in, as `table.column`; empty when it is at the end.
    pub place: String,
    /// The last row of it that is done.
    pub position: String,
    /// Values sealed again in all passes of this rotation.
    pub resealed: i64,
}

#[derive(Insertable, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = key_rotation)]
struct PassRow {
    id: i32,
    started_at: NaiveDateTime,
    place: String,
    position: String,
    resealed: i64,
}

/// The pass that is under way or was the last of this rotation.
pub fn pass(connection: &mut Connection<'_>) -> Result<Option<Pass>, StoreError> {
    let row: Option<PassRow> =
        each_backend!(connection, c => key_rotation::table.find(1).select(PassRow::as_select()).first(c).optional())?;
    Ok(row.map(|row| Pass { started_at: row.started_at.and_utc(), place: row.place, position: row.position, resealed: row.resealed }))
}

/// Keeps how far a pass has come.
pub fn keep_pass(connection: &mut Connection<'_>, pass: &Pass) -> Result<(), StoreError> {
    let row = PassRow {
        id: 1,
        started_at: stored(pass.started_at),
        place: pass.place.clone(),
        position: pass.position.clone(),
        resealed: pass.resealed,
    };
    each_backend!(connection, c => diesel::insert_into(key_rotation::table)
        .values(&row)
        .on_conflict(key_rotation::id)
        .do_update()
        .set(&row)
        .execute(c))?;
    Ok(())
}
