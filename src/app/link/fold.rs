//! Rulings at their places between the submissions of the log.

use std::collections::VecDeque;

use super::LinkError;
use crate::{
    matching::Linker,
    store::{Page, Store, rulings},
};

/// Reads rulings in order and folds each in where it was made.
pub(in crate::app) struct Rulings<'a> {
    store: &'a Store,
    read: VecDeque<rulings::Order>,
    /// Number of the last ruling read.
    last_read: i64,
    /// There were none beyond it: who waits for more asks anew.
    ended: bool,
    /// Number of the last ruling folded in.
    pub folded: i64,
    /// Folded in so far.
    pub count: u64,
}

impl<'a> Rulings<'a> {
    /// Those after a number; 0 for all.
    pub fn after(store: &'a Store, number: i64) -> Self {
        Self { store, read: VecDeque::new(), last_read: number, ended: false, folded: number, count: 0 }
    }

    /// Whether a ruling waits that was made when the log was linked no further than `position`.
    pub fn is_due(&mut self, position: i64) -> Result<bool, LinkError> {
        if self.read.is_empty() && !self.ended {
            let after = self.last_read;
            self.read = self.store.read(|c| rulings::orders(c, Page::beyond(after)))?.into();
            self.last_read = self.read.back().map_or(after, |order| order.seq);
            self.ended = self.read.is_empty();
        }
        Ok(self.read.front().is_some_and(|order| order.after_seq <= position))
    }

    /// The next ruling made when the log was linked no further than `position`.
    pub fn next_up_to(&mut self, position: i64) -> Result<Option<rulings::Order>, LinkError> {
        let order = if self.is_due(position)? { self.read.pop_front() } else { None };
        if let Some(order) = &order {
            self.folded = order.seq;
            self.count += 1;
        }
        Ok(order)
    }

    /// Folds in all that were made when the log was linked no further than `position`.
    pub fn fold(&mut self, linker: &mut Linker, position: i64) -> Result<(), LinkError> {
        while let Some(order) = self.next_up_to(position)? {
            linker.apply(&order.ruling).map_err(|source| LinkError::Ruling { seq: order.seq, source })?;
        }
        Ok(())
    }
}
