//! Rotating keys while the gateway serves: a new data key, everything sealed again by it, the old one destroyed.
//!
//! Every step is a transaction of its own under a lease, so that any node, or a command beside them, can go on where another was stopped.

use chrono::{DateTime, TimeDelta, Utc};

use super::Gateway;
use crate::{
    audit::{Entry, sha256},
    store::{
        Connection, StoreError, audit,
        data_keys::{self, DataKey, KeyState, Pass},
        leases,
        reseal::{self, COLUMNS},
    },
};

const LEASE: &str = "keys";
const LEASE_FOR: TimeDelta = TimeDelta::seconds(60);
/// Until every node has read a new key: they read them anew every few seconds before they do anything.
const SETTLE: TimeDelta = TimeDelta::seconds(30);
/// Until nobody can be sealing with the key before: who has not read the keys for two minutes seals nothing.
const DRAIN: TimeDelta = TimeDelta::seconds(180);
/// Rows of one transaction.
const BATCH: i64 = 500;

/// How a rotation stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    pub keys: Vec<DataKey>,
    pub pass: Option<Pass>,
}

impl Rotation {
    /// True while more than one data key is needed.
    pub fn is_under_way(&self) -> bool {
        self.keys.iter().any(|key| key.state != KeyState::Active)
    }

    /// Columns that the pass is through with, of how many.
    pub fn columns_done(&self) -> (usize, usize) {
        let at = |pass: &Pass| COLUMNS.iter().position(|column| column.name() == pass.place).unwrap_or(COLUMNS.len());
        (self.pass.as_ref().map_or(0, at), COLUMNS.len())
    }
}

/// What a step of a rotation came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RotationStep {
    /// There is nothing to do.
    Idle,
    /// Somebody else is at it.
    Elsewhere,
    /// Nothing can be done before this time.
    WaitUntil(DateTime<Utc>),
    /// There is more to do at once.
    More,
    /// The old key is destroyed.
    Finished,
}

impl Gateway {
    /// Makes a new data key, wrapped by the current master key like every other from now on; `false` if a rotation is under way.
    /// Blocks.
    pub fn begin_rotation(&self, actor: &str) -> Result<bool, StoreError> {
        let (store, now) = (self.store(), self.now());
        let begun = store.transaction(|c| {
            let begun = data_keys::begin(c, store.sealer(), now)?;
            if begun {
                record(c, "keys.rotation_begun", actor, now)?;
            }
            Ok::<_, StoreError>(begun)
        })?;
        store.reread_keys();
        Ok(begun)
    }

    /// How the data keys and their rotation stand. Blocks.
    pub fn rotation(&self) -> Result<Rotation, StoreError> {
        self.store().read(|c| Ok(Rotation { keys: data_keys::list(c)?, pass: data_keys::pass(c)? }))
    }

    /// Does the next piece of a rotation. Blocks for one transaction of a bounded size.
    pub fn rotate(&self) -> Result<RotationStep, StoreError> {
        let keys = self.store().read(data_keys::list)?;
        if keys.iter().all(|key| key.state == KeyState::Active) {
            return Ok(RotationStep::Idle);
        }
        let (store, now) = (self.store(), self.now());
        store.transaction(|c| match leases::acquire(c, LEASE, &self.0.node, LEASE_FOR, now)? {
            Some(_) => self.rotate_on(c, now),
            None => Ok(RotationStep::Elsewhere),
        })
    }

    fn rotate_on(&self, c: &mut Connection<'_>, now: DateTime<Utc>) -> Result<RotationStep, StoreError> {
        let keys = data_keys::list(c)?;
        let of = |state: KeyState| keys.iter().find(|key| key.state == state);
        if let Some(coming) = of(KeyState::Coming) {
            let settled = coming.since + SETTLE;
            if now < settled {
                return Ok(RotationStep::WaitUntil(settled));
            }
            data_keys::activate(c, now)?;
            // What this transaction's sealer knows is behind; the next one reads it.
            self.store().reread_keys();
            return Ok(RotationStep::More);
        }
        let Some(old) = of(KeyState::Old) else { return Ok(RotationStep::Idle) };
        let drained = old.since + DRAIN;
        let pass = match data_keys::pass(c)? {
            Some(pass) if !pass.place.is_empty() => pass,
            // A whole pass that began when nobody sealed with the old key any more has left nothing of it.
            Some(pass) if pass.started_at >= drained => {
                data_keys::destroy_old(c)?;
                record(c, "keys.rotation_finished", super::link::GATEWAY, now)?;
                self.store().reread_keys();
                return Ok(RotationStep::Finished);
            }
            Some(_) if now < drained => return Ok(RotationStep::WaitUntil(drained)),
            earlier => begun_pass(earlier.map_or(0, |pass| pass.resealed), now),
        };
        let pass = self.seal_on(c, pass)?;
        data_keys::keep_pass(c, &pass)?;
        Ok(RotationStep::More)
    }

    /// Seals the next rows of a pass again.
    fn seal_on(&self, c: &mut Connection<'_>, mut pass: Pass) -> Result<Pass, StoreError> {
        let Some(at) = COLUMNS.iter().position(|column| column.name() == pass.place) else {
            // A column that this release does not know: begin anew.
            return Ok(begun_pass(pass.resealed, self.now()));
        };
        let done = reseal::batch(c, self.store().sealer(), &COLUMNS[at], &pass.position, BATCH)?;
        pass.resealed += done.resealed;
        match done.position {
            Some(position) => pass.position = position,
            None => {
                pass.place = COLUMNS.get(at + 1).map(reseal::SealedColumn::name).unwrap_or_default();
                pass.position = String::new();
            }
        }
        Ok(pass)
    }
}

fn begun_pass(resealed: i64, now: DateTime<Utc>) -> Pass {
    let place = COLUMNS.first().map(reseal::SealedColumn::name).unwrap_or_default();
    Pass { started_at: now, place, position: String::new(), resealed }
}

fn record(c: &mut Connection<'_>, action: &'static str, actor: &str, at: DateTime<Utc>) -> Result<(), StoreError> {
    let numbers: Vec<String> = data_keys::list(c)?.iter().map(|key| key.number.to_string()).collect();
    let digest = sha256(numbers.join("\n").as_bytes());
    audit::append(c, &[Entry { at, action, subject: "keys".to_owned(), actor: actor.to_owned(), digest }])
}
