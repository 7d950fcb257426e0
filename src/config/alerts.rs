//! `[alerts]`

use std::path::PathBuf;

use serde::Deserialize;

/// When the duty officer is told.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AlertsConfig {
    /// Rules like `rules/alerts.toml`, which is compiled in and used if none are named.
    pub rules: Option<PathBuf>,
}
