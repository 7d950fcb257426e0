//! `onecase ingest`: files through an adapter into the log, and linked.

use std::{fs::File, io::BufReader, path::PathBuf, process::ExitCode, sync::Arc, time::Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use super::{
    Failure,
    runtime::{ConfigArgs, Scratch, parts, tokio_runtime},
};
use crate::{
    adapter::{Adapter, Inbound, Secrets},
    app::{Clock, FederatedPlatform, Federation, Gateway, Parts, view::Decision},
    config::{Config, KeyMaterial},
    domain::{division, organization::Directory, platform::Platform, submission::Submission},
    store::{Page, links, submissions::Appended},
};

/// Records registered in one transaction.
const BATCH: usize = 1_000;

#[derive(clap::Args)]
pub struct Args {
    /// The adapter's folder
    #[arg(long, value_name = "DIR")]
    adapter: PathBuf,
    /// Register into the store of this federation file, as its platform `--platform`; without it a store is made for this run only
    #[arg(long, short, value_name = "FILE", requires = "platform")]
    config: Option<PathBuf>,
    /// The platform the records come from; the adapter's name if no federation file is given
    #[arg(long)]
    platform: Option<String>,
    /// Write `id,case,matter,probability` for every record
    #[arg(long, value_name = "FILE")]
    links: Option<PathBuf>,
    /// Print the summary as JSON
    #[arg(long)]
    json: bool,
    /// Files in the adapter's format; the name decides which of its formats
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// What an import did.
#[derive(Debug, Default, Serialize)]
struct Summary {
    registered: u64,
    /// Known already, with the same body.
    known: u64,
    /// Known already, with another body.
    conflicts: u64,
    /// Did not map or was refused.
    refused: u64,
    cases: u64,
    duplicates: u64,
    possible_duplicates: u64,
    related: u64,
    matters: u64,
    register_seconds: f64,
    link_seconds: f64,
    records_per_second: f64,
    /// Largest memory the process held.
    #[serde(skip_serializing_if = "Option::is_none")]
    peak_memory_mib: Option<u64>,
    #[serde(skip)]
    first_refusals: Vec<String>,
}

pub fn run(args: &Args) -> Result<ExitCode, Failure> {
    let runtime = tokio_runtime()?;
    let _entered = runtime.enter();
    let adapter = Arc::new(Adapter::load(&args.adapter)?);
    let platform = args.platform.clone().unwrap_or_else(|| adapter.name().to_owned());
    // Removed at the end, if it was used.
    let scratch = Scratch::new("ingest")?;
    let parts = match &args.config {
        Some(config) => parts(&ConfigArgs { config: config.clone() }.load()?)?,
        None => scratch_parts(&scratch, &adapter, &platform)?,
    };
    let gateway = Gateway::start(parts);
    if gateway.federation().platform(&platform).is_none() {
        return Err(format!("platform {platform} is not declared in the federation file").into());
    }
    let mut summary = Summary::default();
    let begun = Instant::now();
    for path in &args.files {
        register(&gateway, &adapter, &platform, path, &mut summary)?;
    }
    summary.register_seconds = begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    link(&gateway)?;
    summary.link_seconds = begun.elapsed().as_secs_f64();
    runtime.block_on(count(&gateway, &mut summary))?;
    if let Some(path) = &args.links {
        write_links(&gateway, path)?;
    }
    summary.records_per_second = summary.registered as f64 / (summary.register_seconds + summary.link_seconds).max(0.001);
    summary.peak_memory_mib = peak_memory_mib();
    report(&summary, args.json)?;
    Ok(if summary.refused + summary.conflicts > 0 { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

/// A store of its own, keys of its own, one platform.
fn scratch_parts(scratch: &Scratch, adapter: &Arc<Adapter>, platform: &str) -> Result<Parts, Failure> {
    let mut config = Config::default();
    config.store.url = format!("sqlite:{}", scratch.path().join("ingest.db").display());
    let (master, federation): ([u8; 32], [u8; 32]) = (rand::random(), rand::random());
    let federated = FederatedPlatform {
        platform: Platform {
            id: platform.to_owned(),
            name: adapter.title().to_owned(),
            kind: adapter.platform_kind(),
            division: division::NATION.to_owned(),
        },
        adapter: Some(Arc::clone(adapter)),
        base_url: None,
        secrets: Secrets::default(),
        pull_interval: None,
        folder: None,
        tls: None,
    };
    let federation_of_one = Federation::new(vec![federated], Directory::default());
    Ok(Parts::new(&config, &KeyMaterial::new(master, federation), federation_of_one, Clock::system())?)
}

fn register(gateway: &Gateway, adapter: &Adapter, platform: &str, path: &PathBuf, summary: &mut Summary) -> Result<(), Failure> {
    let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let bar = progress(file.metadata()?.len(), "registering");
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let reader = BufReader::with_capacity(1 << 20, bar.wrap_read(file));
    let mut batch: Vec<Submission> = Vec::with_capacity(BATCH);
    for record in adapter.file(&name, reader)? {
        match record? {
            Ok(Inbound::Submission(submission)) => {
                let value = serde_json::to_value(&submission)?;
                match crate::app::validate::submission_value(value, gateway.now()) {
                    Ok(valid) => batch.push(valid),
                    Err(violations) => refuse(summary, &format!("{}: {violations}", submission.source_id)),
                }
            }
            Ok(Inbound::Update(update)) => refuse(summary, &format!("{}: a case update, not a submission", update.update_id)),
            Ok(Inbound::Withdrawal(withdrawal)) => refuse(summary, &format!("{}: a withdrawal, not a submission", withdrawal.source_id)),
            Err(unmapped) => refuse(summary, &unmapped.to_string()),
        }
        if batch.len() >= BATCH {
            submit(gateway, platform, std::mem::take(&mut batch), summary)?;
        }
    }
    submit(gateway, platform, batch, summary)?;
    bar.finish_and_clear();
    Ok(())
}

fn refuse(summary: &mut Summary, why: &str) {
    summary.refused += 1;
    if summary.first_refusals.len() < 5 {
        summary.first_refusals.push(why.to_owned());
    }
}

fn submit(gateway: &Gateway, platform: &str, batch: Vec<Submission>, summary: &mut Summary) -> Result<(), Failure> {
    if batch.is_empty() {
        return Ok(());
    }
    for outcome in gateway.submit_many(platform, batch)? {
        match outcome {
            Appended::New { .. } => summary.registered += 1,
            Appended::Known { .. } => summary.known += 1,
            Appended::SourceIdConflict { .. } | Appended::KeyReused => summary.conflicts += 1,
        }
    }
    Ok(())
}

fn link(gateway: &Gateway) -> Result<(), Failure> {
    let Some(mut state) = gateway.take_linker()? else {
        eprintln!("another process links this store; the records are registered and it will link them");
        return Ok(());
    };
    let bar = progress(u64::try_from(gateway.link_backlog()?)?, "linking");
    loop {
        let round = gateway.link_batch(&mut state)?;
        if round.linked == 0 {
            break;
        }
        bar.inc(round.linked as u64);
    }
    bar.finish_and_clear();
    gateway.release_linker(&state)?;
    Ok(())
}

async fn count(gateway: &Gateway, summary: &mut Summary) -> Result<(), Failure> {
    let overview = gateway.overview().await?;
    summary.cases = overview.cases.iter().map(|status| status.count).sum();
    summary.matters = overview.matters;
    for counted in overview.decisions {
        match counted.decision {
            Decision::Duplicate => summary.duplicates = counted.count,
            Decision::PossibleDuplicate => summary.possible_duplicates = counted.count,
            Decision::Related => summary.related = counted.count,
            Decision::Distinct => {}
        }
    }
    Ok(())
}

fn write_links(gateway: &Gateway, path: &PathBuf) -> Result<(), Failure> {
    let mut out = csv::Writer::from_path(path)?;
    out.write_record(["id", "case", "matter", "probability"])?;
    let mut after = 0;
    loop {
        let rows = gateway.store().read(|c| links::export(c, Page::beyond(after)))?;
        let Some(last) = rows.last() else { break };
        after = last.submission_seq;
        for row in rows {
            let matter = row.matter_id.as_deref().unwrap_or(&row.case_id);
            // A platform's number may hold commas and quotes.
            out.write_record([&*row.source_id, &*row.case_id, matter, &*row.probability.unwrap_or(0.0).to_string()])?;
        }
    }
    Ok(out.flush()?)
}

fn report(summary: &Summary, json: bool) -> Result<(), Failure> {
    for refusal in &summary.first_refusals {
        eprintln!("refused: {refusal}");
    }
    if json {
        println!("{}", serde_json::to_string_pretty(summary)?);
        return Ok(());
    }
    println!("registered          {}", summary.registered);
    if summary.known + summary.conflicts + summary.refused > 0 {
        println!("known already       {}", summary.known);
        println!("with another body   {}", summary.conflicts);
        println!("refused             {}", summary.refused);
    }
    println!("cases               {}", summary.cases);
    println!("duplicates          {}", summary.duplicates);
    println!("possible duplicates {}", summary.possible_duplicates);
    println!("related             {}", summary.related);
    println!("shared matters      {}", summary.matters);
    println!("time                {:.1} s to register, {:.1} s to link", summary.register_seconds, summary.link_seconds);
    if let Some(memory) = summary.peak_memory_mib {
        println!("peak memory         {memory} MiB");
    }
    Ok(())
}

fn progress(length: u64, message: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg:12} {wide_bar} {percent:>3}% {eta}").unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr()).with_style(style).with_message(message)
}

/// The kernel's high-water mark of this process, where it tells (Linux).
fn peak_memory_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib / 1024)
}
