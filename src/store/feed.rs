//! How far those who fold the change feed, or something else that only grows, have come.

use diesel::prelude::*;

use super::{Connection, StoreError, connection::each_backend, schema::feed_positions};

/// The position of a reader; 0 before it has begun.
pub fn position(connection: &mut Connection<'_>, name: &str) -> Result<i64, StoreError> {
    let seq: Option<i64> =
        each_backend!(connection, c => feed_positions::table.find(name).select(feed_positions::seq).first(c).optional())?;
    Ok(seq.unwrap_or(0))
}

/// Remembers a reader's position.
pub fn advance(connection: &mut Connection<'_>, name: &str, seq: i64) -> Result<(), StoreError> {
    each_backend!(connection, c => diesel::insert_into(feed_positions::table)
        .values((feed_positions::name.eq(name), feed_positions::seq.eq(seq)))
        .on_conflict(feed_positions::name)
        .do_update()
        .set(feed_positions::seq.eq(seq))
        .execute(c))?;
    Ok(())
}
