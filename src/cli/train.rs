//! `onecase train`: estimates a match model on a file, without labels.

use std::path::PathBuf;
use std::process::ExitCode;

use super::corpus::CorpusError;
use super::link::{MultiReader, fingerprints, load_model, run_key};
use crate::matching::{Fingerprinter, train};

/// Estimate m, u and the priors of a match model by expectation–maximisation.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Read the files through this adapter folder instead of as flat columns
    #[arg(long, value_name = "DIR")]
    pub adapter: Option<PathBuf>,
    /// CSV, NDJSON or Parquet with the flat columns
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// The model to start from; the compiled-in one if absent
    #[arg(long)]
    pub model: Option<PathBuf>,
    /// What the new model is called
    #[arg(long, default_value = "trained")]
    pub name: String,
    /// Where to write the model; standard output if absent
    #[arg(long, short)]
    pub output: Option<PathBuf>,
    /// No progress on standard error
    #[arg(long)]
    pub quiet: bool,
}

pub fn run(args: &Args) -> Result<ExitCode, CorpusError> {
    let model = load_model(args.model.as_ref())?;
    let mut reader = MultiReader::open(&args.files, args.adapter.as_deref(), args.quiet)?;
    let mut rows = Vec::new();
    reader.fill(&mut rows, usize::MAX)?;
    let (prints, _) = fingerprints(&Fingerprinter::new(&run_key()), &rows);
    reader.finish();
    let trained = train(&model, &prints, &args.name)?;
    let text = trained.to_toml();
    match &args.output {
        Some(path) => std::fs::write(path, text).map_err(|source| CorpusError::File { path: path.clone(), source })?,
        None => print!("{text}"),
    }
    Ok(ExitCode::SUCCESS)
}
