//! `onecase fingerprint`: what a platform sends that may not share content.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use super::corpus::{CorpusError, FlatRow};
use super::link::{MultiReader, fingerprints};
use crate::matching::{FederationKey, Fingerprinter};

/// Turn submissions into fingerprints for blind submission: one JSON object a line, `id`, `platform`, `fingerprint`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// CSV or NDJSON with the flat columns
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// File with the federation key: 64 hexadecimal digits
    #[arg(long, env = "ONECASE_FEDERATION_KEY_FILE")]
    pub key_file: PathBuf,
    /// Where to write; standard output if absent
    #[arg(long, short)]
    pub output: Option<PathBuf>,
    /// No progress on standard error
    #[arg(long)]
    pub quiet: bool,
}

pub fn run(args: Args) -> Result<ExitCode, CorpusError> {
    let text = std::fs::read_to_string(&args.key_file).map_err(|source| CorpusError::File { path: args.key_file.clone(), source })?;
    let printer = Fingerprinter::new(&key(text.trim())?);
    let target: Box<dyn Write> = match &args.output {
        Some(path) => Box::new(std::fs::File::create(path).map_err(|source| CorpusError::File { path: path.clone(), source })?),
        None => Box::new(std::io::stdout()),
    };
    let mut out = std::io::BufWriter::new(target);
    let mut reader = MultiReader::open(&args.files, None, args.quiet)?;
    let mut rows: Vec<FlatRow> = Vec::new();
    loop {
        rows.clear();
        let more = reader.fill(&mut rows, 4_096)?;
        let (prints, _) = fingerprints(&printer, &rows);
        for (row, print) in rows.iter().zip(&prints) {
            let line = serde_json::json!({ "id": row.id(), "platform": row.platform(), "fingerprint": print });
            writeln!(out, "{line}")?;
        }
        if !more {
            break;
        }
    }
    out.flush()?;
    reader.finish();
    Ok(ExitCode::SUCCESS)
}

fn key(hex: &str) -> Result<FederationKey, CorpusError> {
    let digits: Option<Vec<u8>> = hex.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect();
    let digits = digits.filter(|d| d.len() == 64).ok_or_else(|| CorpusError::Key("must be 64 hexadecimal digits".to_owned()))?;
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = pair[0] << 4 | pair[1];
    }
    Ok(FederationKey::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_checked() {
        assert!(key(&"a5".repeat(32)).is_ok());
        for bad in ["", "zz", &"a".repeat(63)] {
            assert!(key(bad).is_err());
        }
    }
}
