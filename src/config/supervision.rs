//! `[supervision]`: when bodies are reminded and called to account.

use std::path::PathBuf;

use serde::Deserialize;

/// `[supervision]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SupervisionConfig {
    /// Rules other than those compiled in, in the form of `rules/supervision.toml`.
    pub rules: Option<PathBuf>,
}
