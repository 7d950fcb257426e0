//! `onecase evaluate`: how well matching does where the truth is known.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use super::corpus::{CorpusError, RowReader};
use super::link::{fingerprints, run_key};
use crate::matching::{Fingerprinter, deduplicate};

/// Measure matching against known truth.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    pub what: What,
}

#[derive(Debug, clap::Subcommand)]
pub enum What {
    /// The person part of the model alone, trained by EM on the file itself
    Persons {
        /// CSV with the flat columns and a column of truth
        file: PathBuf,
        /// Column whose equal values are one person
        #[arg(long)]
        truth: String,
        /// Probability from which two records are one person
        #[arg(long, default_value_t = 0.3)]
        threshold: f64,
    },
    /// Links written by `onecase link` against a column of truth of the file that was linked
    Links {
        /// CSV that was linked, with the column of truth
        file: PathBuf,
        /// What `onecase link` wrote
        links: PathBuf,
        #[arg(long)]
        truth: String,
        /// Column of the links to compare: case or matter
        #[arg(long, default_value = "case")]
        column: String,
    },
}

/// Pairwise precision, recall and their harmonic mean.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Quality {
    pub rows: usize,
    pub precision: f64,
    pub recall: f64,
    pub f1: f64,
    pub seconds: f64,
}

pub fn run(args: Args) -> Result<ExitCode, CorpusError> {
    let quality = match args.what {
        What::Persons { file, truth, threshold } => persons(&file, &truth, threshold)?,
        What::Links { file, links, truth, column } => linked(&file, &links, &truth, &column)?,
    };
    println!("{}", serde_json::to_string(&quality).map_err(std::io::Error::from)?);
    Ok(ExitCode::SUCCESS)
}

fn persons(file: &Path, truth: &str, threshold: f64) -> Result<Quality, CorpusError> {
    let truth = column(file, truth)?;
    let started = Instant::now();
    let mut reader = RowReader::open(file)?;
    let mut rows = Vec::new();
    while let Some(row) = reader.next_row()? {
        rows.push(row);
    }
    let (prints, _) = fingerprints(&Fingerprinter::new(&run_key()), &rows);
    let found = deduplicate(&prints, threshold);
    let seconds = started.elapsed().as_secs_f64();
    Ok(quality(&found.cluster, &truth, seconds))
}

fn linked(file: &Path, links: &Path, truth: &str, links_column: &str) -> Result<Quality, CorpusError> {
    let truth: HashMap<String, String> = column(file, "id")?.into_iter().zip(column(file, truth)?).collect();
    let ids = column(links, "id")?;
    let found = column(links, links_column)?;
    let truth: Vec<String> = ids.iter().map(|id| truth.get(id).cloned().unwrap_or_default()).collect();
    Ok(quality(&found, &truth, 0.0))
}

fn column(file: &Path, name: &str) -> Result<Vec<String>, CorpusError> {
    let failed = |source| CorpusError::Csv { path: file.to_owned(), source };
    let mut reader = csv::Reader::from_path(file).map_err(failed)?;
    let at = reader.headers().map_err(failed)?.iter().position(|h| h == name);
    let at = at.ok_or_else(|| CorpusError::Usage(format!("{} has no column {name}", file.display())))?;
    reader.records().map(|r| r.map(|r| r.get(at).unwrap_or_default().to_owned()).map_err(failed)).collect()
}

/// Counts pairs by group sizes. O(rows).
pub fn quality<C: Eq + std::hash::Hash, T: Eq + std::hash::Hash>(found: &[C], truth: &[T], seconds: f64) -> Quality {
    fn pairs<K: Eq + std::hash::Hash>(keys: impl Iterator<Item = K>) -> f64 {
        let mut sizes: HashMap<K, f64> = HashMap::new();
        keys.for_each(|key| *sizes.entry(key).or_default() += 1.0);
        sizes.values().map(|n| n * (n - 1.0) / 2.0).sum()
    }
    let (predicted, actual) = (pairs(found.iter()), pairs(truth.iter()));
    let both = pairs(found.iter().zip(truth));
    let ratio = |a: f64, b: f64| if b > 0.0 { a / b } else { 1.0 };
    Quality {
        rows: truth.len(),
        precision: ratio(both, predicted),
        recall: ratio(both, actual),
        f1: ratio(2.0 * both, predicted + actual),
        seconds,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_pairs() {
        let q = quality(&[1, 1, 1, 2], &["a", "a", "b", "b"], 0.0);
        assert!((q.precision - 1.0 / 3.0).abs() < 1e-9 && (q.recall - 0.5).abs() < 1e-9 && (q.f1 - 0.4).abs() < 1e-9);
    }
}
