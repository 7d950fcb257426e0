//! `[deadlines]`: which days are worked.

use std::path::PathBuf;

use serde::Deserialize;

/// `[deadlines]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeadlinesConfig {
    /// A calendar other than the one compiled in, in the form of `rules/calendar.toml`.
    pub calendar: Option<PathBuf>,
}
