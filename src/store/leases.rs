//! Named leases: one node at a time, fenced (Kleppmann 2016, "How to do distributed locking").

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use diesel::prelude::*;

use super::{Connection, StoreError, connection::each_backend, schema::leases, stored};

/// A lease held. Every takeover raises the fence, so a holder that slept through its expiry is found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub name: String,
    pub owner: String,
    pub fence: i64,
}

/// Takes the lease if it is free, expired or ours. Call inside a transaction.
pub fn acquire(
    connection: &mut Connection<'_>,
    name: &str,
    owner: &str,
    duration: TimeDelta,
    now: DateTime<Utc>,
) -> Result<Option<Held>, StoreError> {
    let until = stored(now + duration);
    let inserted = each_backend!(connection, c => diesel::insert_into(leases::table)
        .values((leases::name.eq(name), leases::owner.eq(owner), leases::fence.eq(1), leases::until.eq(until)))
        .on_conflict_do_nothing()
        .execute(c))?;
    if inserted == 0 {
        let taken = each_backend!(connection, c => diesel::update(leases::table)
            .filter(leases::name.eq(name))
            .filter(leases::owner.eq(owner).or(leases::until.lt(stored(now))))
            .set((leases::owner.eq(owner), leases::fence.eq(leases::fence + 1), leases::until.eq(until)))
            .execute(c))?;
        if taken == 0 {
            return Ok(None);
        }
    }
    let fence: i64 = each_backend!(connection, c => leases::table.find(name).select(leases::fence).first(c))?;
    Ok(Some(Held { name: name.to_owned(), owner: owner.to_owned(), fence }))
}

/// Extends a held lease; fails if somebody took it over. In a transaction this also keeps others out until it ends.
pub fn renew(connection: &mut Connection<'_>, held: &Held, duration: TimeDelta, now: DateTime<Utc>) -> Result<(), StoreError> {
    let renewed = each_backend!(connection, c => diesel::update(leases::table)
        .filter(leases::name.eq(&held.name))
        .filter(leases::owner.eq(&held.owner))
        .filter(leases::fence.eq(held.fence))
        .set(leases::until.eq(stored(now + duration)))
        .execute(c))?;
    if renewed == 1 { Ok(()) } else { Err(StoreError::LeaseLost(held.name.clone())) }
}

/// Keeps the holder's transactions out until this one ends, whoever holds the lease.
pub fn pause(connection: &mut Connection<'_>, name: &str) -> Result<(), StoreError> {
    each_backend!(connection, c => diesel::update(leases::table)
        .filter(leases::name.eq(name))
        .set(leases::name.eq(name))
        .execute(c))?;
    Ok(())
}

/// Gives a lease up, so that another node need not wait for its expiry.
pub fn release(connection: &mut Connection<'_>, held: &Held, now: DateTime<Utc>) -> Result<(), StoreError> {
    let expired: NaiveDateTime = stored(now - TimeDelta::seconds(1));
    each_backend!(connection, c => diesel::update(leases::table)
        .filter(leases::name.eq(&held.name))
        .filter(leases::owner.eq(&held.owner))
        .filter(leases::fence.eq(held.fence))
        .set(leases::until.eq(expired))
        .execute(c))?;
    Ok(())
}
