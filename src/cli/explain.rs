//! `onecase explain A B`: why two submissions are, or are not, one case.

use std::path::PathBuf;
use std::process::ExitCode;

use chrono::DateTime;

use super::Failure;
use super::corpus::{CorpusError, FlatRow};
use super::link::{MultiReader, fingerprints, load_model, run_key};
use super::runtime::{ConfigArgs, environment};
use crate::app::{self, Explained};
use crate::matching::{Answer, Evidence, Fingerprinter, Linker, Model};
use crate::web::{page::Page, texts::Lang};

/// Show the evidence between two submissions of a gateway's store, or of files, weight by weight.
///
/// In a store a submission is named by its id or as PLATFORM/SOURCE_ID, a case by its code; the evidence is the stored one, and is made
/// anew where the two were never compared. In files a submission is named by its id.
#[derive(clap::Args)]
pub struct Args {
    /// One submission, or one case
    pub a: String,
    /// The other
    pub b: String,
    #[command(flatten)]
    pub config: ConfigArgs,
    /// CSV, NDJSON or Parquet with the flat columns, instead of a store; all of it teaches which words are common
    #[arg(long = "in", value_name = "FILE", conflicts_with = "config")]
    pub files: Vec<PathBuf>,
    /// Read the files through this adapter folder instead of as flat columns
    #[arg(long, value_name = "DIR", requires = "files")]
    pub adapter: Option<PathBuf>,
    /// A match model in place of the federation file's, or of the compiled-in one
    #[arg(long, value_name = "FILE")]
    pub model: Option<PathBuf>,
    /// The words: zh or en
    #[arg(long, default_value = "en", value_parser = lang)]
    pub lang: Lang,
    #[arg(long)]
    pub json: bool,
}

fn lang(tag: &str) -> Result<Lang, String> {
    Lang::parse(tag).ok_or_else(|| "expected zh or en".to_owned())
}

pub fn run(args: &Args) -> Result<ExitCode, Failure> {
    if args.files.is_empty() {
        let found = of_store(args)?;
        if args.json {
            println!("{}", serde_json::to_string_pretty(&found)?);
        } else {
            print!("{}", waterfall(&found.evidence, args.lang));
            println!("{} {} ({})", found.model, found.model_digest, found.decided_by.as_deref().unwrap_or("-"));
        }
    } else {
        let evidence = of_files(args)?;
        if args.json {
            println!("{}", serde_json::to_string_pretty(&evidence)?);
        } else {
            print!("{}", waterfall(&evidence, args.lang));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn of_store(args: &Args) -> Result<Explained, Failure> {
    let config = args.config.load()?;
    let keys = config.keys.read(&environment, &|path| config.resolve(path))?;
    let (store, _) = app::open_store(&config, &keys, 2)?;
    let model: Model = match &args.model {
        Some(_) => load_model(args.model.as_ref())?,
        None => app::load_model(&config)?,
    };
    Ok(app::explain(&store, model, &args.a, &args.b)?)
}

fn of_files(args: &Args) -> Result<Evidence, CorpusError> {
    let mut reader = MultiReader::open(&args.files, args.adapter.as_deref(), true)?;
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
    Ok(linker.explain(&a, &b))
}

/// The evidence as lines: prior, each comparison with its level and weight, the sum, both answers, the decision and its rule.
pub fn waterfall(evidence: &Evidence, lang: Lang) -> String {
    // The words are the pages'.
    let words = Page::new(lang, None, DateTime::UNIX_EPOCH, "/", Vec::new());
    let line = |name: &str, level: &str, weight: f64| format!("{} {} {weight:>+9.3}\n", padded(name, 26), padded(level, 30));
    let mut out = line(words.t("duplicates.prior"), "", evidence.prior);
    for c in &evidence.comparisons {
        out.push_str(&line(&words.word("comparison", &c.name), &words.word("level", &c.level), c.weight));
    }
    out.push_str(&line(words.t("duplicates.total"), "", evidence.weight));
    let told = |question: &str, answer: Answer| {
        let verdict = words.label("verdict", &answer.verdict).into_owned();
        format!("{} {} {:>+9.3}  {:.4}\n", padded(question, 26), padded(&verdict, 30), answer.weight, answer.probability)
    };
    out.push_str(&told(words.t("duplicates.person"), evidence.person));
    out.push_str(&told(words.t("duplicates.matter"), evidence.matter));
    out.push_str(&format!("{}: {}\n", words.label("decision", &evidence.decision), words.word("rule", &evidence.rule)));
    out
}

/// Filled up with spaces to a width, in which characters of East Asian scripts take two places.
fn padded(text: &str, width: usize) -> String {
    let taken: usize = text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum();
    format!("{text}{}", " ".repeat(width.saturating_sub(taken)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_every_weight_in_both_languages() {
        let printer = Fingerprinter::new(&run_key());
        let print =
            printer.fingerprint(&crate::matching::Record { subject: "停水", content: "幸福路停水三天", ..Default::default() });
        let evidence = Linker::new(Model::default()).explain(&print, &print);
        for (lang, words) in
            [(Lang::En, ["Before any comparison", "Total", "Same matter"]), (Lang::Zh, ["比对前的先验", "总分", "同一事的概率"])]
        {
            let text = waterfall(&evidence, lang);
            for word in words {
                assert!(text.contains(word), "{text}");
            }
            assert_eq!(text.lines().count(), evidence.comparisons.len() + 5, "{text}");
        }
    }

    #[test]
    fn columns_stand_under_each_other() {
        assert_eq!((padded("总分", 6), padded("ab", 4), padded("abc", 2)), ("总分  ".to_owned(), "ab  ".to_owned(), "abc".to_owned()));
    }
}
