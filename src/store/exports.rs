//! Manifests of exports, as they were recorded in the audit log.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::{Connection, StoreError, connection::each_backend, schema::exports, stored};

/// Keeps a manifest: `statement` is its exact text, `sha256` that of the file.
pub fn insert(connection: &mut Connection<'_>, id: &str, sha256: &str, statement: &str, at: DateTime<Utc>) -> Result<(), StoreError> {
    each_backend!(connection, c => diesel::insert_into(exports::table)
        .values((exports::id.eq(id), exports::sha256.eq(sha256), exports::statement.eq(statement), exports::made_at.eq(stored(at))))
        .execute(c))?;
    Ok(())
}

/// The id and text of a manifest, by its id or by the digest of its file; the newest of several files that are the same.
pub fn find(connection: &mut Connection<'_>, name: &str) -> Result<Option<(String, String)>, StoreError> {
    Ok(each_backend!(connection, c => exports::table
        .filter(exports::id.eq(name).or(exports::sha256.eq(name)))
        .order(exports::made_at.desc())
        .select((exports::id, exports::statement))
        .first(c)
        .optional())?)
}
