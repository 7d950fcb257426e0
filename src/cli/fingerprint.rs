//! `onecase fingerprint`: blind filings from files, made where the content may stay.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use chrono::{DateTime, FixedOffset, SecondsFormat};
use serde::Serialize;

use super::{
    Failure,
    corpus::FlatRow,
    link::{MultiReader, fingerprints},
    runtime::environment,
};
use crate::{
    config::{KeysConfig, SecretSource},
    domain::{
        division,
        submission::{Channel, Kind},
    },
    matching::{FederationKey, Fingerprint, Fingerprinter},
};

/// Rows in memory at a time.
const BATCH: usize = 4_096;
/// Beijing's, in seconds.
const OFFSET: i32 = 8 * 3_600;

#[derive(clap::Args)]
pub struct Args {
    /// CSV or NDJSON with the flat columns
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The platform's id in the federation; without it the column `platform` says so
    #[arg(long)]
    platform: Option<String>,
    /// The division of rows that name none: the platform's own in the federation
    #[arg(long)]
    division: Option<String>,
    /// What the filings ask for
    #[arg(long, default_value = "request", value_parser = kind)]
    kind: Kind,
    /// A file with the federation's key; without it the environment's ONECASE_FEDERATION_KEY
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Where to write one blind filing a line; standard output if absent
    #[arg(long, short)]
    output: Option<PathBuf>,
    /// No progress on standard error
    #[arg(long)]
    quiet: bool,
}

fn kind(text: &str) -> Result<Kind, String> {
    serde_json::from_value(text.into()).map_err(|_| "expected request, suggestion or accusation".to_owned())
}

/// One line of the output: the body of `POST /v1/submissions/blind`.
#[derive(Serialize)]
struct Line<'r> {
    source_id: &'r str,
    channel: Channel,
    kind: Kind,
    submitted_at: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    anonymous: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    division: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<&'r str>,
    fingerprint: &'r Fingerprint,
}

/// Runs the command: 0, or 1 if some lines lack what the gateway asks for.
pub fn run(args: &Args) -> Result<ExitCode, Failure> {
    let printer = Fingerprinter::new(&FederationKey::from_bytes(federation_key(args.key.as_deref())?));
    let target: Box<dyn Write> = match &args.output {
        Some(path) => Box::new(File::create(path).map_err(|error| format!("{}: {error}", path.display()))?),
        None => Box::new(std::io::stdout().lock()),
    };
    let mut out = BufWriter::new(target);
    let mut reader = MultiReader::open(&args.files, None, args.quiet)?;
    let (mut rows, mut written, mut incomplete) = (Vec::with_capacity(BATCH), 0_u64, 0_u64);
    loop {
        rows.clear();
        let more = reader.fill(&mut rows, BATCH)?;
        for row in &mut rows {
            complete(args, row)?;
        }
        let (prints, _) = fingerprints(&printer, &rows);
        for (row, print) in rows.iter().zip(&prints) {
            let line = line(args.kind, row, print);
            incomplete += u64::from(line.source_id.is_empty() || line.submitted_at.is_none());
            serde_json::to_writer(&mut out, &line)?;
            out.write_all(b"\n")?;
            written += 1;
        }
        if !more {
            break;
        }
    }
    out.flush()?;
    reader.finish();
    if !args.quiet {
        eprintln!("{written} fingerprints");
    }
    if incomplete > 0 {
        eprintln!("onecase: {incomplete} lines have no id or no time that can be read; the gateway refuses them");
        return Ok(ExitCode::from(1));
    }
    Ok(ExitCode::SUCCESS)
}

fn federation_key(file: Option<&Path>) -> Result<[u8; 32], Failure> {
    let source = file.map_or_else(|| KeysConfig::default().federation, |path| SecretSource::File(path.to_owned()));
    Ok(source.read_key("the federation's key", &environment, &Path::to_path_buf)?)
}

/// Fills in what the command line says of every row: tokens depend on the platform and, for routing, the division.
fn complete(args: &Args, row: &mut FlatRow) -> Result<(), Failure> {
    if let Some(platform) = &args.platform {
        row.set("platform", platform);
    }
    if row.platform().is_empty() {
        return Err("name the platform's id in the federation with --platform, or give the files a column `platform`".into());
    }
    if let Some(division) = args.division.as_deref().filter(|_| row.division().is_empty()) {
        row.set("division", division);
    }
    if parsed::<Channel>(row.channel()).is_none() {
        row.set("channel", "other");
    }
    Ok(())
}

fn line<'r>(kind: Kind, row: &'r FlatRow, print: &'r Fingerprint) -> Line<'r> {
    Line {
        source_id: row.id(),
        channel: parsed(row.channel()).unwrap_or(Channel::Other),
        kind,
        submitted_at: print.submitted_at().and_then(local),
        anonymous: [row.name(), row.id_number(), row.phone(), row.account()].iter().all(|given| given.is_empty()),
        division: Some(row.division()).filter(|code| division::is_known(code)),
        category: Some(row.category()).filter(|path| !path.is_empty()),
        fingerprint: print,
    }
}

fn parsed<T: serde::de::DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(word.into()).ok()
}

fn local(seconds: i64) -> Option<String> {
    let at = DateTime::from_timestamp(seconds, 0)?.with_timezone(&FixedOffset::east_opt(OFFSET)?);
    Some(at.to_rfc3339_opts(SecondsFormat::Secs, false))
}
