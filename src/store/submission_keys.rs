//! The key that each filing has of its own, sealed by a data key. It seals what the filing says wherever that is kept; without it, none
//! of that opens again, in no copy of the store that does not hold the key itself.

use std::collections::HashMap;

use diesel::prelude::*;

use super::{
    Connection, INSERT_CHUNK, StoreError,
    connection::each_backend,
    schema::submission_keys,
    seal::{OwnKey, Sealer},
};

/// A filing's own key, as it is stored.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = submission_keys)]
pub(super) struct KeyRow {
    pub submission_id: String,
    pub sealed: Vec<u8>,
}

fn context(submission_id: &str) -> String {
    format!("submission_key:{submission_id}")
}

/// A new key for a filing; write the row in the same transaction as what it seals.
pub(super) fn make(sealer: &Sealer, submission_id: &str) -> Result<(OwnKey, KeyRow), StoreError> {
    let (key, sealed) = sealer.make_own_key(&context(submission_id))?;
    Ok((key, KeyRow { submission_id: submission_id.to_owned(), sealed }))
}

pub(super) fn insert(connection: &mut Connection<'_>, rows: &[KeyRow]) -> Result<(), StoreError> {
    for chunk in rows.chunks(INSERT_CHUNK) {
        each_backend!(connection, c => diesel::insert_into(submission_keys::table).values(chunk).execute(c))?;
    }
    Ok(())
}

/// Opens a stored key.
pub(super) fn open(sealer: &Sealer, submission_id: &str, sealed: &[u8]) -> Result<OwnKey, StoreError> {
    Ok(sealer.own_key(&context(submission_id), sealed)?)
}

/// The keys of these filings; an erased one has none.
pub(super) fn of(connection: &mut Connection<'_>, sealer: &Sealer, ids: &[&str]) -> Result<HashMap<String, OwnKey>, StoreError> {
    let mut keys = HashMap::with_capacity(ids.len());
    for chunk in ids.chunks(INSERT_CHUNK) {
        let found: Vec<(String, Vec<u8>)> = each_backend!(connection, c => submission_keys::table
            .filter(submission_keys::submission_id.eq_any(chunk))
            .select((submission_keys::submission_id, submission_keys::sealed))
            .load(c))?;
        for (id, sealed) in found {
            let key = open(sealer, &id, &sealed)?;
            keys.insert(id, key);
        }
    }
    Ok(keys)
}

/// Destroys a filing's key.
pub(super) fn destroy(connection: &mut Connection<'_>, submission_id: &str) -> Result<(), StoreError> {
    each_backend!(connection, c => diesel::delete(submission_keys::table.find(submission_id)).execute(c))?;
    Ok(())
}
