//! `onecase demo`: the main job, watched.
//!
//! Petition platforms run in this process as HTTP servers of their own; the gateway runs as a process of its own, as an
//! operator would run it. A few hundred made-up filings go through, and what came of them is compared with the truth.

mod child;
mod client;
mod crashes;
mod load;
mod proof;
mod run;
mod summary;
mod world;

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use tokio::signal::unix::{SignalKind, signal};

use super::{Failure, runtime::tokio_runtime};
use crate::{
    app::Clock,
    simulate::{
        Behaviour, Faults, PlatformSetting, Setting, Simulation,
        scenario::{Plan, Scenario},
    },
};
use client::Client;
use run::Run;
use world::World;

#[derive(clap::Args)]
pub struct Args {
    /// End after the summary, with status 0 only if every expectation held
    #[arg(long)]
    exit: bool,
    /// Where the gateway listens; 0 for a free port
    #[arg(long, default_value_t = 8311)]
    port: u16,
    /// Keep the gateway's data here instead of in a folder that is removed at the end
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,
    /// A PostgreSQL database to use instead of the embedded SQLite
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// Seed of the made-up filings
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Platforms that never fail; otherwise they are slow, refuse, lose replies and call twice
    #[arg(long)]
    calm: bool,
    /// Kill the gateway (SIGKILL) and start it again, so many times, at random moments; a debug build also dies at named points
    /// of its own code
    #[arg(long, default_value_t = 0, value_name = "TIMES")]
    kill: u32,
    /// File over the API as well, so many filings a second, until the last kill
    #[arg(long, value_name = "PER_SECOND", value_parser = rate)]
    load: Option<f64>,
}

pub fn run(args: &Args) -> Result<ExitCode, Failure> {
    tokio_runtime()?.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        // Ended from outside too, the gateway's process must not be left behind: dropping it kills it.
        tokio::select! {
            ended = demo(args) => ended,
            _ = terminate.recv() => Err("ended by SIGTERM".into()),
        }
    })
}

async fn demo(args: &Args) -> Result<ExitCode, Failure> {
    let system = Clock::system();
    let scenario = Scenario::generate(Plan::new(args.seed, system.now()));
    let simulation = Simulation::start(&Setting {
        platforms: super::simulate::PLATFORMS.map(|(id, software)| PlatformSetting { id: id.to_owned(), software, port: 0 }).to_vec(),
        behaviour: Behaviour::default(),
        gateway: None,
        clock: Arc::new(move || system.now()),
    })?;
    let world = World::create(args, &simulation, &scenario)?;
    eprintln!("platforms");
    for platform in simulation.platforms() {
        eprintln!("  {:<9} {}  adapter {}", platform.id, platform.base_url(), platform.software.adapter());
    }
    let client = Arc::new(Client::new(world.address(), &world.key)?);
    let mut run = Run::start(args, &simulation, &scenario, &world, &client)?;
    eprintln!("gateway\n  {}  (log: {})\n", world.address(), world.log().display());
    simulation.set_gateway(world.address());
    if !args.calm {
        inject_faults(&simulation, args.seed);
    }
    let end = run.through().await?;
    let held = summary::print(&simulation, &scenario, &world, &client, &end).await?;
    if args.exit {
        return Ok(if held { ExitCode::SUCCESS } else { ExitCode::from(1) });
    }
    eprintln!(
        "\nThe gateway stays up.\n  pages         {0}/\n  API reference {0}/docs\n  API key       {1}  (bureau: monitor, administer)\nCtrl-C ends it.",
        world.address(),
        world.key
    );
    tokio::signal::ctrl_c().await?;
    Ok(if held { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// What real platforms do on a bad day.
fn inject_faults(simulation: &Simulation, seed: u64) {
    for platform in simulation.platforms() {
        let faults = match platform.id.as_str() {
            "hunan" => Faults { seed, lost_reply_share: 0.05, error_share: 0.05, ..Faults::default() },
            "sichuan" => Faults { seed, too_many_share: 0.08, retry_after_seconds: 1, slow_ms: 40, ..Faults::default() },
            "mobile" => Faults { seed, duplicate_webhook_share: 0.2, error_share: 0.03, ..Faults::default() },
            "wechat" => Faults { seed, slow_ms: 25, lost_reply_share: 0.03, duplicate_webhook_share: 0.1, ..Faults::default() },
            _ => Faults { seed, error_share: 0.02, ..Faults::default() },
        };
        platform.set_faults(faults);
    }
}

fn rate(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|rate| (0.1..=10_000.0).contains(rate)).ok_or_else(|| "expected 0.1 to 10000 filings a second".to_owned())
}
