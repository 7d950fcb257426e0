//! `onecase demo`: the main job, watched.
//!
//! Petition platforms run in this process as HTTP servers of their own; the gateway runs as a process of its own, as an
//! operator would run it. A few hundred made-up filings go through, and what came of them is compared with the truth.

mod child;
mod client;
mod summary;
mod world;

use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::{
    signal::unix::{SignalKind, signal},
    time::{Instant, sleep},
};

use super::{Failure, runtime::tokio_runtime};
use crate::{
    app::{
        Clock,
        view::{DeliveryState, Overview},
    },
    domain::case::CaseStatus,
    simulate::{
        Behaviour, Faults, PlatformSetting, Setting, Simulation,
        scenario::{Plan, Scenario},
    },
};
use child::GatewayProcess;
use client::Client;
use world::World;

/// How long everything may take to come to rest.
const PATIENCE: Duration = Duration::from_secs(180);
const LOOK: Duration = Duration::from_millis(200);
/// Filings a second.
const RATE: f64 = 60.0;

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
    /// Kill the gateway (SIGKILL) in the middle and start it again, so many times
    #[arg(long, default_value_t = 0, value_name = "TIMES")]
    kill: u32,
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
    let mut gateway = GatewayProcess::start(&world)?;
    let client = Client::new(world.address(), &world.key)?;
    client.wait_ready(&mut gateway).await?;
    eprintln!("gateway\n  {}  (log: {})\n", world.address(), world.log().display());
    simulation.set_gateway(world.address());
    if !args.calm {
        inject_faults(&simulation, args.seed);
    }
    let progress = Progress::new(scenario.filings.len() as u64);
    let outcome = run_through(args, &simulation, &scenario, &world, &mut gateway, &client, &progress).await;
    progress.clear();
    let settled = outcome?;
    let held = summary::print(&simulation, &scenario, &client, settled).await?;
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

/// Files everything, kills the gateway as often as asked, and waits until all is at rest; false if it never was.
async fn run_through(
    args: &Args,
    simulation: &Simulation,
    scenario: &Scenario,
    world: &World,
    gateway: &mut GatewayProcess,
    client: &Client,
    progress: &Progress,
) -> Result<bool, Failure> {
    let total = scenario.filings.len();
    let kills = usize::try_from(args.kill)?;
    for (at, filing) in scenario.filings.iter().enumerate() {
        simulation.file(filing.clone())?;
        progress.filed.inc(1);
        sleep(Duration::from_secs_f64(1.0 / RATE)).await;
        let due = (1..=kills).any(|kill| at + 1 == total * kill / (kills + 1));
        if due {
            progress.say("SIGKILL to the gateway; it starts again");
            gateway.kill()?;
            *gateway = GatewayProcess::start(world)?;
            client.wait_ready(gateway).await?;
        }
        if at == total / 2
            && let Some(wechat) = simulation.platform("wechat")
        {
            wechat.expire_token();
        }
        if at % 20 == 0 {
            progress.show(&client.overview().await.unwrap_or_default());
        }
    }
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        gateway.check()?;
        let overview = client.overview().await?;
        progress.show(&overview);
        if at_rest(&overview, total as u64) {
            return Ok(true);
        }
        sleep(LOOK).await;
    }
    Ok(false)
}

/// Nothing waits to be registered, linked, delivered or answered.
fn at_rest(overview: &Overview, filings: u64) -> bool {
    let registered: u64 = overview.submissions.iter().map(|s| s.count).sum();
    let waiting = overview.deliveries.iter().any(|d| matches!(d.state, DeliveryState::Pending | DeliveryState::Sending));
    registered >= filings && overview.unlinked == 0 && !waiting && open(overview) == 0
}

/// Cases that their bodies have not answered or refused.
fn open(overview: &Overview) -> u64 {
    let ended = |status| matches!(status, CaseStatus::Answered | CaseStatus::Refused | CaseStatus::Closed | CaseStatus::Registered);
    overview.cases.iter().filter(|c| !ended(c.status)).map(|c| c.count).sum()
}

/// Live bars on a terminal; silent elsewhere.
struct Progress {
    bars: MultiProgress,
    filed: ProgressBar,
    linked: ProgressBar,
    delivered: ProgressBar,
    answered: ProgressBar,
}

impl Progress {
    fn new(filings: u64) -> Self {
        let bars = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let style =
            ProgressStyle::with_template("{prefix:>10} {bar:40} {pos}/{len} {msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = |prefix: &'static str, length| bars.add(ProgressBar::new(length)).with_style(style.clone()).with_prefix(prefix);
        let (filed, linked) = (bar("filed", filings), bar("linked", filings));
        let (delivered, answered) = (bar("delivered", 0), bar("answered", 0));
        Self { filed, linked, delivered, answered, bars }
    }

    fn show(&self, overview: &Overview) {
        let registered: u64 = overview.submissions.iter().map(|s| s.count).sum();
        self.linked.set_position(registered.saturating_sub(overview.unlinked));
        let delivered = overview.deliveries.iter().filter(|d| matches!(d.state, DeliveryState::Delivered | DeliveryState::Skipped));
        self.delivered.set_position(delivered.map(|d| d.count).sum());
        self.delivered.set_length(overview.deliveries.iter().map(|d| d.count).sum());
        let cases: u64 = overview.cases.iter().map(|c| c.count).sum();
        self.answered.set_length(cases);
        self.answered.set_position(cases.saturating_sub(open(overview)));
        self.linked.set_message(format!("{cases} cases, {} shared matters", overview.matters));
    }

    fn say(&self, text: &str) {
        if self.bars.println(text).is_err() || self.bars.is_hidden() {
            eprintln!("{text}");
        }
    }

    fn clear(&self) {
        // A terminal that is gone needs no clearing.
        let _ = self.bars.clear();
    }
}
