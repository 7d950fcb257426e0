//! `onecase audit`: what an auditor checks without trusting anybody.

use std::{
    fs::File,
    io::{BufReader, BufWriter, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Subcommand;
use indicatif::{ProgressBar, ProgressDrawTarget};

use super::{
    Failure,
    runtime::{ConfigArgs, environment, parts},
};
use crate::{
    app::{Notary, Replay, load_model, open_store, replay},
    audit::{
        export::{self, Line, Proven},
        note::{Checkpoint, SignedNote, Verifier},
    },
    config::{Config, StoreSecrets},
    matching::Model,
    store::{Page, Store, audit, looks as store_looks},
};

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Fold the log again from nothing and compare the cases and matters it gives with the stored ones
    Replay(ReplayArgs),
    /// Print the key that checks the log's checkpoints; auditors get it once, from somebody they know
    Key(ConfigArgs),
    /// List who looked at personal data in clear, newest first, as JSON lines
    Looks(ConfigArgs),
    /// Write the signed log, to be checked elsewhere with `onecase audit verify`
    Export(ExportArgs),
    /// Check an exported log without the gateway: nothing was changed, added or taken away
    Verify(VerifyArgs),
}

#[derive(clap::Args)]
struct ReplayArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// A match model in place of the federation file's
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Print what was found as JSON
    #[arg(long)]
    json: bool,
    /// No progress on standard error
    #[arg(long)]
    quiet: bool,
}

#[derive(clap::Args)]
struct ExportArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Where to write NDJSON; standard output if absent
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// No progress on standard error
    #[arg(long)]
    quiet: bool,
}

#[derive(clap::Args)]
struct VerifyArgs {
    /// What `onecase audit export` wrote
    export: PathBuf,
    /// The log's verifier key, as `onecase audit key` prints it
    #[arg(long, value_name = "KEY")]
    key: Verifier,
    /// A witness whose co-signature must be there; may be given several times
    #[arg(long, value_name = "KEY")]
    witness: Vec<Verifier>,
    /// A checkpoint kept from before: history must not have been rewritten since
    #[arg(long, value_name = "FILE")]
    earlier: Option<PathBuf>,
    /// Print what was proven as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command: 0 if all holds, 1 if something was altered, 2 if it could not be checked.
pub fn run(args: &Args) -> Result<ExitCode, Failure> {
    match &args.action {
        Action::Replay(args) => replay_log(args),
        Action::Key(config) => {
            let (config, _, secrets) = configured(config)?;
            println!("{}", Notary::new(&config.audit, &secrets)?.verifier());
            Ok(ExitCode::SUCCESS)
        }
        Action::Export(args) => write_export(args),
        Action::Verify(args) => verify(args),
        Action::Looks(args) => looks(args),
    }
}

/// The configuration, its store, and the secrets in that.
fn configured(args: &ConfigArgs) -> Result<(Config, Store, StoreSecrets), Failure> {
    let config = args.load()?;
    let keys = config.keys.read(&environment, &|path| config.resolve(path))?;
    let (store, secrets) = open_store(&config, &keys, 2)?;
    Ok((config, store, secrets))
}

fn progress(quiet: bool) -> ProgressBar {
    ProgressBar::with_draw_target(None, if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() })
}

fn replay_log(args: &ReplayArgs) -> Result<ExitCode, Failure> {
    let (config, store, _) = configured(&args.config)?;
    let model = match &args.model {
        Some(path) => Model::from_toml(&std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?)?,
        None => load_model(&config)?,
    };
    let bar = progress(args.quiet);
    let found = replay(&store, model, |done| bar.set_position(done))?;
    bar.finish_and_clear();
    if args.json {
        println!("{}", serde_json::to_string_pretty(&found)?);
    } else {
        report(&found);
    }
    Ok(if found.differences == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn report(found: &Replay) {
    println!(
        "replayed {} submissions and {} rulings under {} ({}): {} cases, {} matters",
        found.submissions,
        found.rulings,
        found.model,
        found.model_digest.get(..12).unwrap_or(&found.model_digest),
        found.cases,
        found.matters
    );
    if found.unlinked > 0 {
        println!("{} submissions wait to be linked", found.unlinked);
    }
    if !found.other_models.is_empty() {
        println!("stored matches also name other models: {}; replay with --model to check those", found.other_models.join(", "));
    }
    for difference in &found.first {
        let what = serde_json::to_value(difference.what).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
        let subject = difference.subject.as_deref().unwrap_or("-");
        println!("{what}\t{}\t{subject}\tstored: {}\treplayed: {}", difference.position, difference.stored, difference.replayed);
    }
    match found.differences {
        0 => println!("the log gives exactly what is stored"),
        count => println!("{count} differences; the first are listed"),
    }
}

/// Leaves read from the store at once.
const EXPORT_PAGE: i64 = 1_000;

fn write_export(args: &ExportArgs) -> Result<ExitCode, Failure> {
    let (config, store, secrets) = configured(&args.config)?;
    let notary = Notary::new(&config.audit, &secrets)?;
    let signed = store.read(|c| audit::checkpoint(c, None, notary.verifier().name()))?;
    let signed = signed.ok_or("the log has no checkpoint yet; `onecase serve` signs one every minute")?;
    let mut out: Box<dyn Write> = match &args.output {
        Some(path) => Box::new(BufWriter::new(File::create(path).map_err(|error| format!("{}: {error}", path.display()))?)),
        None => Box::new(BufWriter::new(std::io::stdout())),
    };
    Line::Head { checkpoint: signed.note() }.write(&mut out)?;
    let bar = progress(args.quiet);
    bar.set_length(signed.size);
    let mut next = 0;
    while next < signed.size {
        for leaf in store.read(|c| audit::read(c, None, next, signed.size, EXPORT_PAGE))? {
            if leaf.index != next {
                return Err(format!("leaf {next} is missing in the store").into());
            }
            Line::Leaf { index: leaf.index, entry: leaf.entry }.write(&mut out)?;
            next += 1;
        }
        bar.set_position(next);
    }
    out.flush()?;
    bar.finish_and_clear();
    if let Some(path) = &args.output {
        eprintln!("{} leaves written to {}; check them with: onecase audit verify {0} --key '{}'", next, path.display(), notary.verifier());
    }
    Ok(ExitCode::SUCCESS)
}

fn looks(args: &ConfigArgs) -> Result<ExitCode, Failure> {
    let store = parts(&args.load()?)?.store;
    let mut after = None;
    loop {
        let found = store.read(|c| store_looks::list(c, store.sealer(), None, Page::new(after, Page::MAX_LIMIT)))?;
        let Some(last) = found.last() else { return Ok(ExitCode::SUCCESS) };
        after = Some((last.seq, 0));
        for look in &found {
            println!("{}", serde_json::json!({ "at": look.at, "case": look.case_id, "actor": look.actor, "reason": look.reason }));
        }
    }
}

fn verify(args: &VerifyArgs) -> Result<ExitCode, Failure> {
    let file = File::open(&args.export).map_err(|error| format!("{}: {error}", args.export.display()))?;
    let earlier = args.earlier.as_deref().map(|path| earlier(path, &args.key)).transpose()?;
    let proven = match export::verify(BufReader::new(file), &args.key, &args.witness, earlier.as_ref()) {
        Ok(proven) => proven,
        Err(export::ExportError::Read(error)) => return Err(error.into()),
        Err(error) => {
            eprintln!("NOT PROVEN: {error}");
            return Ok(ExitCode::from(1));
        }
    };
    if args.json {
        println!("{}", serde_json::to_string_pretty(&proven)?);
    } else {
        proof(&proven);
    }
    let missing: Vec<&str> =
        args.witness.iter().map(Verifier::name).filter(|name| !proven.witnesses.iter().any(|(seen, _)| seen == name)).collect();
    if missing.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("NOT PROVEN: there is no signature that fits of {}", missing.join(", "));
    Ok(ExitCode::from(1))
}

fn earlier(path: &Path, key: &Verifier) -> Result<Checkpoint, Failure> {
    let note = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    SignedNote::parse(&note).and_then(|note| note.checkpoint(key)).map_err(|error| format!("{}: {error}", path.display()).into())
}

fn proof(proven: &Proven) {
    println!("proven: {} signed exactly these {} leaves", proven.checkpoint.origin, proven.checkpoint.size);
    if let Some(earlier) = proven.earlier {
        println!("proven: the first {earlier} of them are those of the earlier checkpoint");
    }
    for (name, time) in &proven.witnesses {
        let time = i64::try_from(*time).ok().and_then(|time| chrono::DateTime::from_timestamp(time, 0));
        println!("proven: {name} saw this checkpoint at {}", time.map(|time| time.to_rfc3339()).unwrap_or_default());
    }
}
