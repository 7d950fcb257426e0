//! `onecase simulate`: petition platforms to play with.

use std::{collections::BTreeMap, process::ExitCode, sync::Arc, time::Duration};

use super::corpus::{self, CorpusError};
use crate::simulate::{
    Behaviour, CallbackMode, Clock, Faults, PlatformSetting, Setting, Simulation, SimulationError, Software,
    scenario::{Plan, Scenario},
};

/// The platforms of the demonstration, in the order of their ports.
pub const PLATFORMS: [(&str, Software); 5] = [
    ("national", Software::Provincial),
    ("hunan", Software::Provincial),
    ("sichuan", Software::Provincial),
    ("mobile", Software::Mobile),
    ("wechat", Software::Wechat(CallbackMode::Safe)),
];

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// The first port; each platform takes the next. 0 for free ones.
    #[arg(long, default_value_t = 7_201, value_name = "PORT")]
    listen_base_port: u16,
    /// The gateway that mobile and WeChat call, e.g. http://127.0.0.1:8080. Without one they wait.
    #[arg(long, value_name = "URL")]
    gateway: Option<String>,
    /// A fault, e.g. `hunan:slow_ms=500`, `mobile:duplicate_webhook_share=0.5`, `wechat:down=true`. Also set while
    /// running, by POST /_control/faults.
    #[arg(long = "fault", value_name = "PLATFORM:NAME=VALUE")]
    faults: Vec<String>,
    /// File a few hundred made-up petitions, so many a second.
    #[arg(long, value_name = "PER_SECOND")]
    file: Option<f64>,
    /// Seed of the made-up petitions.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Write a corpus of made-up submissions with the truth about them, as CSV: duplicates, typos, missing and masked
    /// fields, shared matters, form letters
    Corpus(Corpus),
    /// Fill an empty store with a simulated year: filings, links, histories, messages, clocks, indicators, audit log. If it is
    /// interrupted, remove the store and begin again
    Year(super::simulate_year::Args),
}

#[derive(Debug, clap::Args)]
struct Corpus {
    #[arg(long, default_value_t = 100_000)]
    rows: u64,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where to write; standard output if absent
    #[arg(long, short, value_name = "FILE")]
    output: Option<std::path::PathBuf>,
}

#[derive(Debug, thiserror::Error)]
pub enum SimulateCommandError {
    #[error("the fault {0} is not PLATFORM:NAME=VALUE with a known platform and name")]
    Fault(String),
    #[error(transparent)]
    Simulation(#[from] SimulationError),
    #[error("the runtime cannot start")]
    Runtime(#[from] std::io::Error),
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    #[error(transparent)]
    Year(#[from] super::Failure),
}

/// Runs the platforms until the person presses Ctrl-C.
pub fn run(args: Args) -> Result<ExitCode, SimulateCommandError> {
    match args.command {
        Some(Command::Corpus(corpus)) => {
            write_corpus(&corpus)?;
            return Ok(ExitCode::SUCCESS);
        }
        Some(Command::Year(year)) => return Ok(super::simulate_year::run(&year)?),
        None => {}
    }
    let faults = parse_faults(&args.faults)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(simulate(args, faults))?;
    Ok(ExitCode::SUCCESS)
}

fn write_corpus(corpus: &Corpus) -> Result<(), CorpusError> {
    let plan = corpus::Plan { rows: corpus.rows, seed: corpus.seed };
    match &corpus.output {
        Some(path) => {
            let file = std::fs::File::create(path).map_err(|source| CorpusError::File { path: path.clone(), source })?;
            corpus::write_corpus(plan, file)
        }
        None => corpus::write_corpus(plan, std::io::stdout().lock()),
    }
}

async fn simulate(args: Args, faults: BTreeMap<String, Faults>) -> Result<(), SimulateCommandError> {
    let port =
        |at: usize| if args.listen_base_port == 0 { 0 } else { args.listen_base_port.saturating_add(u16::try_from(at).unwrap_or(0)) };
    let platforms = PLATFORMS
        .into_iter()
        .enumerate()
        .map(|(at, (id, software))| PlatformSetting { id: id.to_owned(), software, port: port(at) })
        .collect();
    let system = crate::app::Clock::system();
    let clock: Clock = Arc::new(move || system.now());
    let simulation =
        Simulation::start(&Setting { platforms, behaviour: Behaviour::default(), gateway: args.gateway.clone(), clock: clock.clone() })?;
    for platform in simulation.platforms() {
        if let Some(faults) = faults.get(&platform.id) {
            platform.set_faults(faults.clone());
        }
        println!("{:<9} {}  adapter {}", platform.id, platform.base_url(), platform.software.adapter());
        for (name, value) in platform.secrets() {
            println!("          {name} = {value}");
        }
    }
    println!("control: GET /_control/state, POST /_control/faults, POST /_control/filings; Ctrl-C ends");
    if let Some(per_second) = args.file.filter(|rate| *rate > 0.0) {
        let pause = Duration::from_secs_f64((1.0 / per_second).min(60.0));
        for filing in Scenario::generate(Plan::new(args.seed, clock())).filings {
            tokio::select! {
                () = tokio::time::sleep(pause) => simulation.file(filing)?,
                _ = tokio::signal::ctrl_c() => { simulation.stop().await; return Ok(()); }
            }
        }
        println!("every petition is filed");
    }
    tokio::signal::ctrl_c().await?;
    simulation.stop().await;
    Ok(())
}

fn parse_faults(texts: &[String]) -> Result<BTreeMap<String, Faults>, SimulateCommandError> {
    let mut by_platform: BTreeMap<String, serde_json::Map<String, serde_json::Value>> = BTreeMap::new();
    for text in texts {
        let fault = || SimulateCommandError::Fault(text.clone());
        let (platform, assignment) = text.split_once(':').ok_or_else(fault)?;
        let (name, value) = assignment.split_once('=').ok_or_else(fault)?;
        if !PLATFORMS.iter().any(|(id, _)| *id == platform) {
            return Err(fault());
        }
        let value = serde_json::from_str(value).map_err(|_| fault())?;
        let members = by_platform.entry(platform.to_owned()).or_default();
        members.insert(name.to_owned(), value);
        serde_json::from_value::<Faults>(members.clone().into()).map_err(|_| fault())?;
    }
    let read = |(platform, members): (String, serde_json::Map<String, serde_json::Value>)| {
        Some((platform, serde_json::from_value(members.into()).ok()?))
    };
    Ok(by_platform.into_iter().filter_map(read).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read() {
        let read =
            parse_faults(&["hunan:slow_ms=500".into(), "hunan:down=true".into(), "wechat:lost_reply_share=0.5".into()]).expect("faults");
        assert_eq!(read["hunan"], Faults { slow_ms: 500, down: true, ..Faults::default() });
        for wrong in ["hunan", "hunan:slow_ms", "hunan:sluggish=1", "nowhere:down=true", "hunan:slow_ms=soon"] {
            assert!(parse_faults(&[wrong.to_owned()]).is_err(), "{wrong}");
        }
    }
}
