//! How the outbox of each platform stands.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use super::{Connection, StoreError, connection::each_backend, deliveries::DeliveryState, schema::deliveries, stored};

/// The outbox of a platform.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outbox {
    /// Since when the oldest message waits.
    pub oldest_waiting_at: Option<DateTime<Utc>>,
    /// Messages it took since the time asked for.
    pub delivered: i64,
}

/// The outboxes of these platforms; `since` should not be long ago.
pub fn of(connection: &mut Connection<'_>, platforms: &[&str], since: DateTime<Utc>) -> Result<HashMap<String, Outbox>, StoreError> {
    let mut all = HashMap::new();
    for platform in platforms {
        let mut oldest = |state: DeliveryState| -> Result<Option<DateTime<Utc>>, StoreError> {
            let at: Option<NaiveDateTime> = each_backend!(connection, c => deliveries::table
                .filter(deliveries::platform.eq(platform))
                .filter(deliveries::state.eq(state.as_str()))
                .select(diesel::dsl::min(deliveries::created_at))
                .first(c))?;
            Ok(at.map(|at| at.and_utc()))
        };
        let waiting = [oldest(DeliveryState::Pending)?, oldest(DeliveryState::Leased)?];
        // What was delivered was due for the last time when it was; the index goes by that.
        let delivered: i64 = each_backend!(connection, c => deliveries::table
            .filter(deliveries::platform.eq(platform))
            .filter(deliveries::state.eq(DeliveryState::Delivered.as_str()))
            .filter(deliveries::next_attempt_at.ge(stored(since)))
            .count()
            .get_result(c))?;
        all.insert((*platform).to_owned(), Outbox { oldest_waiting_at: waiting.into_iter().flatten().min(), delivered });
    }
    Ok(all)
}
