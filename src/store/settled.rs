//! Messages of a history that is filled in: owed and sent long ago.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::{
    Connection, INSERT_CHUNK, StoreError,
    attempts::{Attempt, AttemptRow},
    connection::{Log, each_backend},
    deliveries::{DeliveryRow, DeliveryState, Finish, NewDelivery, own_keys},
    schema::{deliveries, delivery_attempts},
    seal::Sealer,
    stored,
};

/// A message that was owed and how the one attempt at it ended.
#[derive(Clone, Debug)]
pub struct Settled {
    pub delivery: NewDelivery,
    pub attempt: Attempt,
    pub finish: Finish,
    pub at: DateTime<Utc>,
}

/// Keeps messages that were owed and sent already, in order: what a history is filled with.
pub fn record(connection: &mut Connection<'_>, sealer: &Sealer, settled: &[Settled]) -> Result<(), StoreError> {
    connection.lock_log(Log::Deliveries)?;
    let last: Option<i64> = each_backend!(connection, c => deliveries::table.select(diesel::dsl::max(deliveries::seq)).first(c))?;
    let keys = own_keys(connection, sealer, settled.iter().map(|one| one.delivery.about.as_ref()))?;
    let (mut rows, mut attempts) = (Vec::with_capacity(settled.len()), Vec::with_capacity(settled.len()));
    for (seq, one) in (last.unwrap_or(0) + 1..).zip(settled) {
        let mut row = DeliveryRow::new(sealer, &keys, seq, &one.delivery)?;
        row.attempts = one.attempt.number;
        row.finished_at = Some(stored(one.at));
        row.next_attempt_at = stored(one.at);
        match &one.finish {
            Finish::Delivered { receipt } => {
                row.state = DeliveryState::Delivered.as_str().to_owned();
                row.receipt.clone_from(receipt);
            }
            Finish::Skipped => row.state = DeliveryState::Skipped.as_str().to_owned(),
            Finish::Retry { at, error } => {
                row.last_error = Some(error.clone());
                row.next_attempt_at = stored(*at);
                row.finished_at = None;
            }
            Finish::Dead { error } => {
                row.state = DeliveryState::Dead.as_str().to_owned();
                row.last_error = Some(error.clone());
            }
        }
        attempts.push(AttemptRow::new(&row.id, &one.attempt));
        rows.push(row);
    }
    for chunk in rows.chunks(INSERT_CHUNK) {
        each_backend!(connection, c => diesel::insert_into(deliveries::table).values(chunk).execute(c))?;
    }
    for chunk in attempts.chunks(INSERT_CHUNK) {
        each_backend!(connection, c => diesel::insert_into(delivery_attempts::table).values(chunk).execute(c))?;
    }
    Ok(())
}
