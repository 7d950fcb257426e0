//! The audit log as its readers see it. Hashes are SHA-256 in base64 (RFC 4648, section 4), as in a checkpoint.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A leaf of the audit log (审计日志).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// Position, beginning at 0.
    #[schema(example = 41)]
    pub index: u64,
    /// The leaf's exact text, which the hash is over: JSON with time, action, subject, actor and the SHA-256 of what was done.
    pub entry: String,
    /// SHA-256(00 ‖ entry).
    pub leaf_hash: String,
}

/// That a leaf is in the log (RFC 9162, section 2.1.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InclusionProof {
    pub index: u64,
    pub size: u64,
    pub leaf_hash: String,
    pub root: String,
    /// From the leaf upwards.
    pub hashes: Vec<String>,
}

/// That an earlier log is a beginning of a later one (RFC 9162, section 2.1.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConsistencyProof {
    pub from: u64,
    pub to: u64,
    pub from_root: String,
    pub to_root: String,
    pub hashes: Vec<String>,
}
