//! The linker: folds the submission log, in order, into cases.
//!
//! One transaction a batch: links, cases, matters, matches, events, owed messages and audit leaves stand or fall together,
//! under a fenced lease. The matcher's index in memory runs ahead of the transaction; if that fails, the state is thrown
//! away and rebuilt from the store.

mod fold;
mod plan;

pub(super) use fold::Rulings;
pub(super) use plan::{GATEWAY, Plan, Touched, matter_code, plan};

use chrono::{DateTime, TimeDelta, Utc};

use super::{AppError, Gateway};
use crate::{
    matching::{self, Fingerprint, FingerprintError, Linker, Outcome, RulingError},
    store::{
        StoreError,
        leases::{self, Held},
        links, rulings,
        submissions::{self, Registered},
    },
};

pub(super) const LEASE: &str = "linker";
/// Rows read at a time when the index is rebuilt.
const FOLD_CHUNK: i64 = 20_000;

#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the fingerprint of log entry {seq} cannot be read")]
    Fingerprint {
        seq: i64,
        #[source]
        source: FingerprintError,
    },
    /// The store holds something the log does not explain.
    #[error("log entry {seq} points at case {case}, which the store does not hold")]
    UnknownCase { seq: i64, case: u64 },
    /// Somebody ruled while a batch was being decided; the batch was rolled back.
    #[error("a ruling came between")]
    RulingBetween,
    #[error("ruling {seq} cannot be folded in")]
    Ruling {
        seq: i64,
        #[source]
        source: RulingError,
    },
}

impl From<crate::store::query_error::Error> for LinkError {
    fn from(error: crate::store::query_error::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<LinkError> for AppError {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Store(source) => Self::Store(source),
            other => Self::Store(StoreError::Corrupt { what: "submission log", source: Box::new(other) }),
        }
    }
}

/// The index, how far it got, and the right to go on.
pub struct LinkerState {
    linker: Linker,
    position: i64,
    /// Number of the last ruling folded in.
    ruling: i64,
    held: Held,
    renewed_at: DateTime<Utc>,
}

impl LinkerState {
    /// Position of the last linked entry.
    pub fn position(&self) -> i64 {
        self.position
    }

    /// Bytes the index takes.
    pub fn memory_bytes(&self) -> usize {
        self.linker.memory_bytes()
    }
}

/// What one batch did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkRound {
    pub linked: usize,
    pub position: i64,
}

/// A log entry and where the matcher puts it.
pub(super) struct Decided {
    pub entry: Registered,
    pub outcome: Outcome,
}

impl Gateway {
    /// Becomes the linker if nobody else is, and rebuilds the index from the store. Blocks.
    pub fn take_linker(&self) -> Result<Option<LinkerState>, LinkError> {
        let store = &self.0.store;
        let lease = self.linker_lease();
        let held = store.transaction(|c| leases::acquire(c, LEASE, &self.0.node, lease, self.now()))?;
        let Some(held) = held else { return Ok(None) };
        let mut linker = Linker::new(self.0.model.clone());
        let mut rulings = Rulings::after(store, 0);
        let mut position = 0;
        loop {
            let rows = store.read(|c| submissions::fold(c, position, FOLD_CHUNK))?;
            let full = rows.len() as i64 == FOLD_CHUNK;
            let decided: Vec<matching::Decided<'_>> = rows.iter().map(decided).collect();
            let insert = |linker: &mut Linker, some: &[matching::Decided<'_>]| {
                linker.insert_all(some).map_err(|(seq, source)| LinkError::Fingerprint { seq: signed(seq), source })
            };
            let mut folded = 0;
            for (at, row) in rows.iter().enumerate() {
                if rulings.is_due(position)? {
                    insert(&mut linker, &decided[folded..at])?;
                    folded = at;
                    rulings.fold(&mut linker, position)?;
                }
                position = row.seq;
            }
            insert(&mut linker, &decided[folded..])?;
            store.transaction(|c| leases::renew(c, &held, lease, self.now()))?;
            if !full {
                break;
            }
        }
        rulings.fold(&mut linker, position)?;
        self.0.linked.send_replace(position);
        let ruling = rulings.folded;
        Ok(Some(LinkerState { linker, position, ruling, held, renewed_at: self.now() }))
    }

    /// Folds rulings in that were made since the last batch.
    fn fold_rulings(&self, state: &mut LinkerState) -> Result<(), LinkError> {
        let mut rulings = Rulings::after(&self.0.store, state.ruling);
        rulings.fold(&mut state.linker, state.position)?;
        state.ruling = rulings.folded;
        Ok(())
    }

    /// Keeps the right to link while there is nothing to do. Blocks.
    pub fn renew_linker(&self, state: &mut LinkerState) -> Result<(), StoreError> {
        let now = self.now();
        // A third of the lease leaves time for two more tries before it ends.
        if now - state.renewed_at < self.linker_lease() / 3 {
            return Ok(());
        }
        self.0.store.transaction(|c| leases::renew(c, &state.held, self.linker_lease(), now))?;
        state.renewed_at = now;
        Ok(())
    }

    /// Gives the right to link up, for an orderly end. Blocks.
    pub fn release_linker(&self, state: &LinkerState) -> Result<(), StoreError> {
        self.0.store.transaction(|c| leases::release(c, &state.held, self.now()))
    }

    /// Links the next batch of the log. After an error the state must be thrown away. Blocks.
    pub fn link_batch(&self, state: &mut LinkerState) -> Result<LinkRound, LinkError> {
        let limit = i64::try_from(self.0.linker.batch).unwrap_or(i64::MAX);
        let store = &self.0.store;
        self.fold_rulings(state)?;
        let entries = store.read(|c| submissions::read_log(c, store.sealer(), state.position, limit))?;
        if entries.is_empty() {
            self.tell_revisions()?;
            return Ok(LinkRound { linked: 0, position: state.position });
        }
        let mut batch = Vec::with_capacity(entries.len());
        for entry in entries {
            let fingerprint = decode(entry.seq, &entry.fingerprint)?;
            let outcome = state.linker.decide(&fingerprint);
            let seq = unsigned(entry.seq);
            state.linker.insert(seq, &fingerprint, outcome.case.unwrap_or(seq), outcome.matter);
            batch.push(Decided { entry, outcome });
        }
        let linked = batch.len();
        let position = batch.last().map_or(state.position, |decided| decided.entry.seq);
        self.0.crash.pass("link.decided");
        let owed = store.transaction(|c| {
            leases::renew(c, &state.held, self.linker_lease(), self.now())?;
            if rulings::last(c)? != state.ruling {
                return Err(LinkError::RulingBetween);
            }
            plan::write(self, c, &batch)
        })?;
        self.0.crash.pass("link.committed");
        state.position = position;
        state.renewed_at = self.now();
        self.0.linked.send_replace(position);
        if owed > 0 {
            self.0.owed.send_modify(|count| *count += 1);
        }
        Ok(LinkRound { linked, position })
    }

    /// How much of the log waits to be linked. Blocks.
    pub fn link_backlog(&self) -> Result<i64, StoreError> {
        self.0.store.read(links::backlog)
    }

    fn linker_lease(&self) -> TimeDelta {
        TimeDelta::milliseconds(i64::try_from(self.0.linker.lease_ms).unwrap_or(i64::MAX))
    }
}

pub(super) fn decode(seq: i64, bytes: &[u8]) -> Result<Fingerprint, LinkError> {
    Fingerprint::decode(bytes).map_err(|source| LinkError::Fingerprint { seq, source })
}

fn decided(row: &submissions::Folded) -> matching::Decided<'_> {
    matching::Decided {
        seq: unsigned(row.seq),
        fingerprint: &row.fingerprint,
        case: unsigned(row.case_seq),
        matter: row.matter_seq.map(unsigned),
    }
}

/// Log positions begin at 1, so neither direction loses anything.
pub(super) fn unsigned(seq: i64) -> u64 {
    seq.unsigned_abs()
}

pub(super) fn signed(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}
