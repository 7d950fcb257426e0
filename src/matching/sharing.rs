//! Identity tokens that many share. An equal token weighs by how often it is met (Winkler 1989): not by filings, for one
//! person may file often, but by the different names under it among the submissions compared.

use super::model::{Kind, Model};
use super::placement::Weighed;

/// Comparisons of tokens, in the order of the bits of [`TokenMask`].
const TOKENS: [Kind; 3] = [Kind::IdNumber, Kind::Phone, Kind::Account];

/// Which tokens two persons have equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct TokenMask(u8);

impl TokenMask {
    pub(super) fn add(&mut self, kind: Kind) {
        self.0 |= TOKENS.iter().position(|token| *token == kind).map_or(0, |bit| 1 << bit);
    }

    const fn has(self, bit: usize) -> bool {
        self.0 >> bit & 1 == 1
    }
}

/// By how many bits each equal token of a submission weighs less.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Sharing([f64; TOKENS.len()]);

impl Sharing {
    /// What the candidates tell. O(candidates · log candidates).
    pub(super) fn among(compared: &[Weighed], model: &Model) -> Self {
        Self(std::array::from_fn(|bit| {
            let mut names: Vec<u32> = compared.iter().filter(|c| c.same.has(bit) && c.name != 0).map(|c| c.name).collect();
            names.sort_unstable();
            names.dedup();
            model.sharing().lower_by(names.len())
        }))
    }

    pub(super) fn is_none(&self) -> bool {
        self.0 == [0.0; TOKENS.len()]
    }

    /// Whether any of these tokens weighs less.
    pub(super) fn touches(&self, same: TokenMask) -> bool {
        self.0.iter().enumerate().any(|(bit, lower)| *lower > 0.0 && same.has(bit))
    }

    pub(super) fn lower_by(&self, kind: Kind) -> f64 {
        TOKENS.iter().zip(self.0).find(|(token, _)| **token == kind).map_or(0.0, |(_, lower)| lower)
    }
}
