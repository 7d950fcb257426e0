//! `onecase simulate year`: a store as it looks after a year of running.

use std::{process::ExitCode, time::Instant};

use chrono::{DateTime, Utc};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{
    Failure,
    corpus::{Places, YearFilings},
    runtime::{ConfigArgs, environment, tokio_runtime},
};
use crate::app::{Clock, Gateway, Parts, YearClock, YearPlan, YearProgress};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    /// About how many cases; a fifth more is filed
    #[arg(long, default_value_t = 1_000_000)]
    cases: u64,
    /// The same seed gives the same filings and fates
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// When the year ends; now, if absent
    #[arg(long, value_name = "RFC 3339")]
    until: Option<DateTime<Utc>>,
    /// Print the summary as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args) -> Result<ExitCode, Failure> {
    let config = args.config.load()?;
    let clock = YearClock::default();
    let until = args.until.unwrap_or_else(|| Clock::system().now());
    clock.set(until);
    let runtime = tokio_runtime()?;
    let _entered = runtime.enter();
    let gateway = Gateway::start(Parts::from_config(&config, &environment, clock.clock())?);
    let filings = YearFilings::new(args.cases, args.seed, until, Places::new(gateway.federation()));
    let bar = ProgressBar::with_draw_target(Some(filings.size_hint().0 as u64), ProgressDrawTarget::stderr());
    bar.set_style(ProgressStyle::with_template("{msg:12} {wide_bar} {percent:>3}% {eta}").unwrap_or_else(|_| ProgressStyle::default_bar()));
    let begun = Instant::now();
    let show = |progress: YearProgress| match progress {
        YearProgress::Linked(count) => {
            bar.set_message("linking");
            bar.set_position(count);
        }
        YearProgress::Settling => bar.set_message("cases"),
        YearProgress::Indexing => bar.set_message("indexes"),
        YearProgress::Summarising => bar.set_message("matters"),
    };
    let summary = gateway.simulate_year(&clock, YearPlan { seed: args.seed, until }, filings, &show)?;
    runtime.block_on(gateway.sign_checkpoint())?;
    bar.finish_and_clear();
    if args.json {
        println!("{}", serde_json::to_string_pretty(&summary)?);
    } else {
        println!("submissions   {:>10}", summary.submissions);
        println!("cases         {:>10}", summary.cases);
        println!("matters       {:>10}", summary.matters);
        println!("events        {:>10}", summary.events);
        println!("deliveries    {:>10}", summary.deliveries);
        println!("ratings       {:>10}", summary.ratings);
        println!("audit leaves  {:>10}", summary.audit_leaves);
        println!("time          {:>10.1} s", begun.elapsed().as_secs_f64());
    }
    Ok(ExitCode::SUCCESS)
}
