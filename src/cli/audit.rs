//! `onecase audit`: what an auditor checks without trusting anybody.

use std::{path::PathBuf, process::ExitCode};

use clap::Subcommand;
use indicatif::{ProgressBar, ProgressDrawTarget};

use super::{
    Failure,
    runtime::{ConfigArgs, environment},
};
use crate::{
    app::{Replay, load_model, replay},
    matching::Model,
    store::{Sealer, Store, StoreOptions},
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
    /// Fold the log again from nothing and compare the cases and matters it gives with the stored ones
    Replay {
        /// A match model in place of the federation file's
        #[arg(long, value_name = "FILE")]
        model: Option<PathBuf>,
        /// Print what was found as JSON
        #[arg(long)]
        json: bool,
        /// No progress on standard error
        #[arg(long)]
        quiet: bool,
    },
}

/// Runs the command: 0 if the log gives what is stored, 1 if not.
pub fn run(args: &Args) -> Result<ExitCode, Failure> {
    let Action::Replay { model, json, quiet } = &args.action;
    let config = args.config.load()?;
    let keys = config.keys.read(&environment, &|path| config.resolve(path))?;
    let options = StoreOptions { url: config.store_url(), connections: 2, wait: std::time::Duration::from_secs(10) };
    let store = Store::open(&options, Sealer::new(&keys.seal))?;
    let model = match model {
        Some(path) => Model::from_toml(&std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?)?,
        None => load_model(&config)?,
    };
    let bar = ProgressBar::with_draw_target(None, if *quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() });
    let found = replay(&store, model, |done| bar.set_position(done))?;
    bar.finish_and_clear();
    if *json {
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
