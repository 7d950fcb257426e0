//! The run itself: filings go in, the gateway dies as often as asked, and in the end all must come to rest.

use std::{sync::Arc, time::Duration};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::{Instant, sleep};

use super::{
    Args,
    child::GatewayProcess,
    client::Client,
    crashes::{Crashes, Death},
    load::{Load, Taken},
    world::World,
};
use crate::{
    app::view::{DeliveryState, Overview},
    cli::Failure,
    domain::case::CaseStatus,
    simulate::{Simulation, scenario::Scenario},
};

/// How long everything may take to come to rest.
const PATIENCE: Duration = Duration::from_secs(180);
/// How long a start may take.
const START_PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(200);
/// How closely a death is watched for.
const TICK: Duration = Duration::from_millis(10);
/// Filings a second.
const RATE: f64 = 60.0;
/// More deaths than this are not told one by one.
const FEW: u32 = 5;

/// How a run ended.
pub struct End {
    /// Everything came to rest.
    pub settled: bool,
    /// What was filed over the API.
    pub taken: Vec<Taken>,
    /// How the gateway died, if it did.
    pub deaths: Option<String>,
}

/// A run under way.
pub struct Run<'a> {
    args: &'a Args,
    simulation: &'a Simulation,
    scenario: &'a Scenario,
    world: &'a World,
    client: &'a Arc<Client>,
    progress: Progress,
    gateway: GatewayProcess,
    born: Instant,
    crashes: Crashes,
    /// How the present process is to end; `None`: it lives.
    death: Option<Death>,
}

impl<'a> Run<'a> {
    /// Starts the gateway.
    pub fn start(
        args: &'a Args,
        simulation: &'a Simulation,
        scenario: &'a Scenario,
        world: &'a World,
        client: &'a Arc<Client>,
    ) -> Result<Self, Failure> {
        let progress = Progress::new(scenario.filings.len() as u64);
        let mut crashes = Crashes::new(args.kill, args.seed);
        let death = crashes.next();
        let gateway = GatewayProcess::start(world, death.as_ref().and_then(|death| death.at.as_deref()))?;
        Ok(Self { args, simulation, scenario, world, client, progress, gateway, born: Instant::now(), crashes, death })
    }

    /// Files everything, lets the gateway die as often as asked, and waits until all is at rest.
    pub async fn through(&mut self) -> Result<End, Failure> {
        let outcome = self.file_and_wait().await;
        self.progress.clear();
        outcome
    }

    async fn file_and_wait(&mut self) -> Result<End, Failure> {
        let load = self.load()?;
        let total = self.scenario.filings.len();
        for (at, filing) in self.scenario.filings.iter().enumerate() {
            self.simulation.file(filing.clone())?;
            self.progress.filed.inc(1);
            self.live(Duration::from_secs_f64(1.0 / RATE)).await?;
            if at == total / 2
                && let Some(wechat) = self.simulation.platform("wechat")
            {
                wechat.expire_token();
            }
            if at % 20 == 0 {
                self.progress.show(&self.client.overview().await.unwrap_or_default());
            }
        }
        while self.death.is_some() {
            self.live(LOOK).await?;
        }
        self.ready().await?;
        let taken = match load {
            Some(load) => load.finish().await?,
            None => Vec::new(),
        };
        let settled = self.rest(total + taken.len()).await?;
        Ok(End { settled, taken, deaths: self.crashes.summary() })
    }

    fn load(&self) -> Result<Option<Load>, Failure> {
        let Some(rate) = self.args.load else { return Ok(None) };
        let client = Client::new(self.world.address(), &self.world.hotline_key)?;
        Ok(Some(Load::start(&Arc::new(client), &Arc::new(self.scenario.filings.clone()), rate)))
    }

    /// Lets time pass, in which the gateway may die and be started again.
    async fn live(&mut self, time: Duration) -> Result<(), Failure> {
        let until = Instant::now() + time;
        loop {
            self.look_after().await?;
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            sleep(left.min(TICK)).await;
        }
    }

    async fn look_after(&mut self) -> Result<(), Failure> {
        let Some(death) = &self.death else { return self.gateway.check() };
        let status = match self.gateway.ended()? {
            Some(status) => status,
            None if self.born.elapsed() >= death.after => self.gateway.kill()?,
            None => return Ok(()),
        };
        self.crashes.count(death, status)?;
        if self.args.kill <= FEW {
            self.progress.say("the gateway was killed; it starts again");
        }
        self.death = self.crashes.next();
        self.gateway = GatewayProcess::start(self.world, self.death.as_ref().and_then(|death| death.at.as_deref()))?;
        self.born = Instant::now();
        Ok(())
    }

    async fn ready(&mut self) -> Result<(), Failure> {
        let deadline = Instant::now() + START_PATIENCE;
        while Instant::now() < deadline {
            self.gateway.check()?;
            if self.client.is_ready().await {
                return Ok(());
            }
            sleep(TICK).await;
        }
        Err("the gateway was not ready within a minute".into())
    }

    /// Waits until nothing is left to do; false if that never was.
    async fn rest(&mut self, filings: usize) -> Result<bool, Failure> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            self.gateway.check()?;
            let overview = self.client.overview().await?;
            self.progress.show(&overview);
            if at_rest(&overview, filings as u64) {
                return Ok(true);
            }
            sleep(LOOK).await;
        }
        Ok(false)
    }
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
