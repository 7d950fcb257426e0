//! `[supervision]` and `[warnings]`: when bodies are reminded and called to account, and when something that rises is warned of.

use std::path::PathBuf;

use serde::Deserialize;

/// `[supervision]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SupervisionConfig {
    /// Rules other than those compiled in, in the form of `rules/supervision.toml`.
    pub rules: Option<PathBuf>,
}

/// `[warnings]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WarningsConfig {
    /// Rules other than those compiled in, in the form of `rules/warnings.toml`.
    pub rules: Option<PathBuf>,
}
