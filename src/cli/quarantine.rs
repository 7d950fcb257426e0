//! `onecase quarantine`: records of platforms that did not map or were refused. None is lost: they are mended and offered again.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use super::{
    Failure,
    runtime::{ConfigArgs, parts, tokio_runtime},
};
use crate::{
    app::Gateway,
    store::quarantine::{self, Entry},
};

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List what is kept, newest first: the platform's number of the record and what was wrong with it
    List {
        /// Only this platform's
        #[arg(long)]
        platform: Option<String>,
        /// How many at most
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Offer a platform's records again, after its adapter was mended
    Replay {
        #[arg(long)]
        platform: String,
    },
}

pub fn run(args: Args) -> Result<ExitCode, Failure> {
    let config = args.config.load()?;
    let runtime = tokio_runtime()?;
    let _entered = runtime.enter();
    let gateway = Gateway::start(parts(&config)?);
    let declared = |id: &str| {
        gateway.federation().platform(id).ok_or_else(|| format!("platform {id} is not declared in {}", args.config.config.display()))
    };
    match args.action {
        Action::List { platform, limit, json } => {
            if let Some(id) = &platform {
                declared(id)?;
            }
            for entry in gateway.store().read(|c| quarantine::list(c, platform.as_deref(), limit.into()))? {
                println!("{}", if json { as_json(&entry) } else { as_text(&entry) });
            }
            Ok(ExitCode::SUCCESS)
        }
        Action::Replay { platform } => {
            let received = runtime.block_on(gateway.replay_quarantine(declared(&platform)?))?;
            println!("registered   {}", received.registered);
            println!("known        {}", received.known);
            println!("updates      {}", received.updates);
            println!("still kept   {}", received.quarantined);
            Ok(if received.quarantined > 0 { ExitCode::from(1) } else { ExitCode::SUCCESS })
        }
    }
}

fn as_json(entry: &Entry) -> String {
    let Entry { platform, source_ref, error, received_at } = entry;
    json!({ "platform": platform, "source_ref": source_ref, "error": error, "received_at": received_at }).to_string()
}

/// A platform's number may hold anything; it must not draw on the terminal.
fn as_text(entry: &Entry) -> String {
    let line = format!("{} {} {} {}", entry.received_at.to_rfc3339(), entry.platform, entry.source_ref, entry.error);
    line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
