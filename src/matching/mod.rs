//! Record linkage for petitions: who filed the same matter before?
//!
//! A [`Record`] becomes a [`Fingerprint`] under the federation's key; a [`Linker`] folds fingerprints, in the order
//! of the submission log, into an index and decides each new one against it under a [`Model`]. Two questions are
//! answered apart, by Fellegi & Sunter's weights: same person, and same matter. A duplicate needs both.
//!
//! Nothing here does input or output, and everything is bounded and deterministic: the same log, rulings and model
//! give the same cases.

mod address;
mod apart;
mod arena;
mod batch;
mod cases;
mod clk;
mod compare;
mod digest;
mod em;
mod encoding;
mod entry;
mod evidence;
mod fingerprint;
mod frequency;
mod highest;
mod key;
mod keys;
mod learned;
mod linker;
mod lists;
mod model;
mod names;
mod newcomers;
mod normalise;
mod numbers;
mod persons;
mod placement;
mod postings;
mod record;
pub mod resident_id;
mod search;
mod seqs;
mod sharing;
mod tally;
mod terms;
mod text;
mod train;

#[cfg(test)]
mod form_tests;
#[cfg(test)]
mod tests;

pub use apart::Apart;
pub use cases::{Ruling, RulingError};
pub use em::{Estimate, Free, MISSING, estimate};
pub use evidence::{Answer, ComparisonResult, Decision, Evidence, SHARED_LEVEL, Verdict};
pub use fingerprint::{Fingerprint, FingerprintError, Fingerprinter, MAX_PERSONS};
pub use key::FederationKey;
pub use linker::{Decided, IndexOptions, Linker, cases_of};
pub use model::{Model, ModelError, Question};
pub use persons::{Deduplicated, deduplicate};
pub use placement::{MAX_MATCHES, Match, Outcome, Placement};
pub use record::{Person, Record, Role};
pub use terms::{MAX_CHARS, MAX_TERMS, Term};
pub use train::train;
