//! `onecase keys`: the keys that personal data is sealed with.

use std::{process::ExitCode, time::Duration};

use clap::Subcommand;
use indicatif::{ProgressBar, ProgressDrawTarget};
use serde_json::json;

use super::{
    Failure,
    runtime::{ConfigArgs, parts, tokio_runtime},
};
use crate::app::{Gateway, Rotation, RotationStep};

/// Between looks while nothing can be done.
const PAUSE: Duration = Duration::from_millis(500);

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Seal everything again with a new data key, while the gateway serves; stopped, it goes on where it was
    ///
    /// To change the master key: name the new one in keys.master and the old one in keys.previous, restart, rotate, and remove the old one.
    Rotate {
        /// Begin, and leave the rest to the running gateway
        #[arg(long)]
        detach: bool,
        /// No progress on standard error
        #[arg(long)]
        quiet: bool,
    },
    /// List the data keys, and how far a rotation has come
    Status {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

pub fn run(args: &Args) -> Result<ExitCode, Failure> {
    let config = args.config.load()?;
    let runtime = tokio_runtime()?;
    let _entered = runtime.enter();
    let gateway = Gateway::start(parts(&config)?);
    match args.action {
        Action::Rotate { detach, quiet } => {
            if !gateway.begin_rotation("command line")? {
                eprintln!("a rotation is under way and goes on");
            }
            if !detach {
                runtime.block_on(rotate(&gateway, quiet))?;
            }
        }
        Action::Status { json } => status(&gateway.rotation()?, json),
    }
    Ok(ExitCode::SUCCESS)
}

/// Does the steps of a rotation, or watches who does them, until it is through.
async fn rotate(gateway: &Gateway, quiet: bool) -> Result<(), Failure> {
    let bar = ProgressBar::with_draw_target(None, if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() });
    loop {
        let worker = gateway.clone();
        let step = tokio::task::spawn_blocking(move || worker.rotate()).await??;
        bar.set_message(told(&gateway.rotation()?));
        match step {
            RotationStep::Idle | RotationStep::Finished => break,
            RotationStep::More => {}
            RotationStep::Elsewhere | RotationStep::WaitUntil(_) => tokio::time::sleep(PAUSE).await,
        }
    }
    bar.finish_and_clear();
    println!("everything is sealed by the new data key, and the old one is destroyed");
    Ok(())
}

fn told(rotation: &Rotation) -> String {
    let (done, all) = rotation.columns_done();
    format!("{} values sealed again, {done} of {all} columns", rotation.pass.as_ref().map_or(0, |pass| pass.resealed))
}

fn status(rotation: &Rotation, as_json: bool) {
    if as_json {
        let keys: Vec<_> = rotation
            .keys
            .iter()
            .map(|key| json!({ "number": key.number, "state": key.state, "master": key.master, "since": key.since }))
            .collect();
        let pass =
            rotation.pass.as_ref().map(|pass| json!({ "started_at": pass.started_at, "column": pass.place, "resealed": pass.resealed }));
        println!("{}", json!({ "data_keys": keys, "rotation": pass }));
        return;
    }
    for key in &rotation.keys {
        println!("{}\t{}\twrapped by {}\tsince {}", key.number, key.state.as_str(), key.master, key.since.to_rfc3339());
    }
    if rotation.is_under_way() {
        println!("rotation under way: {}", told(rotation));
    }
}
