//! `onecase neighbours`: for every row the submissions most likely about the same matter, best first.

use std::path::PathBuf;
use std::process::ExitCode;

use super::corpus::CorpusError;
use super::link::{MultiReader, fingerprints, load_model, run_key};
use crate::matching::{Fingerprinter, IndexOptions, Linker};

/// Rank, for every row, the earlier submissions most likely about the same matter.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Read the files through this adapter folder instead of as flat columns
    #[arg(long, value_name = "DIR")]
    pub adapter: Option<PathBuf>,
    /// CSV, NDJSON or Parquet with the flat columns
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// How many neighbours a row
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub top: u16,
    /// Where to write `id,rank,neighbour,probability`; standard output if absent
    #[arg(long, short)]
    pub output: Option<PathBuf>,
    /// A match model in place of the compiled-in one
    #[arg(long)]
    pub model: Option<PathBuf>,
    /// Rank all other rows, not the earlier ones only
    #[arg(long)]
    pub all: bool,
    /// No progress on standard error
    #[arg(long)]
    pub quiet: bool,
}

pub fn run(args: &Args) -> Result<ExitCode, CorpusError> {
    let target: Box<dyn std::io::Write> = match &args.output {
        Some(path) => Box::new(std::fs::File::create(path).map_err(|source| CorpusError::File { path: path.clone(), source })?),
        None => Box::new(std::io::stdout()),
    };
    let mut writer = csv::Writer::from_writer(target);
    writer.write_record(["id", "rank", "neighbour", "probability"])?;
    let mut reader = MultiReader::open(&args.files, args.adapter.as_deref(), args.quiet)?;
    let mut rows = Vec::new();
    reader.fill(&mut rows, usize::MAX)?;
    let (prints, _) = fingerprints(&Fingerprinter::new(&run_key()), &rows);
    let mut linker = Linker::with_options(load_model(args.model.as_ref())?, IndexOptions::THOROUGH);
    for print in &prints {
        linker.learn(print);
    }
    linker.settle();
    let top = usize::from(args.top);
    if args.all {
        for (seq, print) in (0_u64..).zip(&prints) {
            linker.insert(seq, print, seq, None);
        }
    }
    for (seq, (row, print)) in (0_u64..).zip(rows.iter().zip(&prints)) {
        let near = if args.all {
            linker.neighbours(print, &prints, top + 1)
        } else {
            let (outcome, near) = linker.decide_and_rank(print, top);
            linker.insert(seq, print, outcome.case.unwrap_or(seq), outcome.matter);
            near
        };
        let others = near.iter().filter(|(other, _)| *other != seq).take(top);
        for (rank, (other, probability)) in others.enumerate() {
            let neighbour = rows.get(*other as usize).map_or("", |r| r.id());
            writer.write_record([row.id(), &(rank + 1).to_string(), neighbour, &format!("{probability:.6}")])?;
        }
    }
    reader.finish();
    writer.flush()?;
    Ok(ExitCode::SUCCESS)
}
