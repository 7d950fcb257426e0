//! The audit log: its leaves, the Merkle tree over them, signed checkpoints and their checking. Pure.
//!
//! A leaf is the exact text of an [`Entry`]: identifiers and digests, never personal data. The tree is that of RFC 9162,
//! section 2; checkpoints and signatures are those of C2SP (`tlog-checkpoint`, `signed-note`, `tlog-cosignature`).

mod entry;
pub mod export;
pub mod note;
pub mod tree;

pub use entry::{Entry, hex};
pub use tree::{Hash, leaf_hash, sha256};
