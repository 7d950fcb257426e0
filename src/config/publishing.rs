//! `[export]`, `[map]` and `[public]`: how much leaves as files, how exactly places are told, what people are told before they file.

use std::path::PathBuf;

use serde::Deserialize;

/// `[export]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExportConfig {
    /// Rows a file has at most; the manifest says if there were more.
    pub max_rows: u64,
    /// Files made or fetched at the same time.
    pub concurrency: usize,
}

impl Default for ExportConfig {
    fn default() -> Self {
        Self { max_rows: 1_000_000, concurrency: 2 }
    }
}

impl ExportConfig {
    pub(super) fn check(&self) -> Result<(), String> {
        if self.max_rows == 0 {
            return Err("export.max_rows must be at least 1".into());
        }
        if self.concurrency == 0 || self.concurrency > 64 {
            return Err("export.concurrency must lie between 1 and 64".into());
        }
        Ok(())
    }
}

/// Coarsest grid of the map, thousandths of a degree.
const MAX_GRID: i32 = 1_000;

/// `[map]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MapConfig {
    /// Width of the cells that places are kept and told in, thousandths of a degree; 10 is about 1.1 km from north to south. A coarser
    /// grid counts at once, a finer one for cases to come: what is coarser than a cell was never kept.
    pub grid: i32,
}

impl Default for MapConfig {
    fn default() -> Self {
        Self { grid: 10 }
    }
}

impl MapConfig {
    pub(super) fn check(&self) -> Result<(), String> {
        if (1..=MAX_GRID).contains(&self.grid) { Ok(()) } else { Err(format!("map.grid must lie between 1 and {MAX_GRID}")) }
    }
}

/// `[public]`: progress without a key.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PublicConfig {
    /// Texts other than those compiled in.
    pub guidance: Option<PathBuf>,
}
