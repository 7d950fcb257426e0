//! Exports as they are accounted for.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{AuditEntry, ModelReference};
use crate::app::export::Format;

/// What a file holds and who asked for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExportManifest {
    pub id: String,
    /// The list that was exported.
    #[schema(example = "duplicates")]
    pub list: String,
    pub format: Format,
    /// What was asked for, parameter by parameter.
    pub query: BTreeMap<String, String>,
    pub columns: Vec<String>,
    pub rows: u64,
    /// False if the list goes on beyond the most rows a file may have.
    pub complete: bool,
    pub bytes: u64,
    /// Of the file, in lower-case hexadecimal.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub sha256: String,
    /// The model that decides while it was made.
    pub model: ModelReference,
    /// The key it was asked for with.
    pub made_by: String,
    pub made_at: DateTime<Utc>,
}

/// A manifest with its place in the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExportView {
    pub manifest: ExportManifest,
    /// The manifest's exact text: its SHA-256 is the `digest` in the leaf.
    pub statement: String,
    /// The leaf that records it; `/v1/audit/proofs/inclusion` proves it by its index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaf: Option<AuditEntry>,
}
