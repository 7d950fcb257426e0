//! `onecase explain A B`: why two submissions are, or are not, one case.

use std::path::PathBuf;
use std::process::ExitCode;

use super::corpus::{CorpusError, FlatRow};
use super::link::{MultiReader, fingerprints, load_model, run_key};
use crate::matching::{Evidence, Fingerprinter, Linker};

/// Show the evidence between two submissions of a file, weight by weight.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Read the files through this adapter folder instead of as flat columns
    #[arg(long, value_name = "DIR")]
    pub adapter: Option<PathBuf>,
    /// Id of one submission
    pub a: String,
    /// Id of the other
    pub b: String,
    /// CSV or NDJSON with the flat columns; all of it teaches which words are common
    #[arg(long = "in", required = true)]
    pub files: Vec<PathBuf>,
    /// A match model in place of the compiled-in one
    #[arg(long)]
    pub model: Option<PathBuf>,
    #[arg(long)]
    pub json: bool,
}

pub fn run(args: &Args) -> Result<ExitCode, CorpusError> {
    let mut reader = MultiReader::open(&args.files, None, true)?;
    let printer = Fingerprinter::new(&run_key());
    let mut linker = Linker::new(load_model(args.model.as_ref())?);
    let (mut found_a, mut found_b) = (None, None);
    let mut rows: Vec<FlatRow> = Vec::new();
    loop {
        rows.clear();
        let more = reader.fill(&mut rows, 8_192)?;
        let (prints, _) = fingerprints(&printer, &rows);
        for (row, print) in rows.iter().zip(prints) {
            linker.learn(&print);
            if row.id() == args.a {
                found_a = Some(print.clone());
            }
            if row.id() == args.b {
                found_b = Some(print);
            }
        }
        if !more {
            break;
        }
    }
    let missing = |id: &str| CorpusError::Usage(format!("no submission {id:?} in the files"));
    let a = found_a.ok_or_else(|| missing(&args.a))?;
    let b = found_b.ok_or_else(|| missing(&args.b))?;
    linker.settle();
    let evidence = linker.explain(&a, &b);
    if args.json {
        println!("{}", serde_json::to_string_pretty(&evidence).map_err(std::io::Error::from)?);
    } else {
        print!("{}", waterfall(&evidence));
    }
    Ok(ExitCode::SUCCESS)
}

/// The evidence as lines: prior, each comparison with its level and weight, the sums, the decision and its rule.
pub fn waterfall(evidence: &Evidence) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    let mut line = |name: &str, level: &str, weight: f64| {
        let _ = writeln!(out, "{name:<14} {level:<32} {weight:>+9.3}");
    };
    line("prior", "", evidence.prior);
    for c in &evidence.comparisons {
        line(&c.name, &c.level, c.weight);
    }
    line("sum", "", evidence.weight);
    let told = |name: &str, answer: crate::matching::Answer| {
        format!("same {name}: {:?}, {:+.3} bits, probability {:.4}\n", answer.verdict, answer.weight, answer.probability)
    };
    out.push_str(&told("person", evidence.person));
    out.push_str(&told("matter", evidence.matter));
    let _ = writeln!(out, "{:?} by rule {}", evidence.decision, evidence.rule);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_every_weight() {
        let printer = Fingerprinter::new(&run_key());
        let print =
            printer.fingerprint(&crate::matching::Record { subject: "停水", content: "幸福路停水三天", ..Default::default() });
        let text = waterfall(&Linker::new(crate::matching::Model::default()).explain(&print, &print));
        for word in ["prior", "text", "sum", "same matter", "by rule"] {
            assert!(text.contains(word), "{text}");
        }
    }
}
