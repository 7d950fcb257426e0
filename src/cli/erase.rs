//! `onecase erase`: the personal data of a filing, for good.

use std::process::ExitCode;

use super::{
    Failure,
    runtime::{ConfigArgs, parts, tokio_runtime},
};
use crate::app::{EraseError, Gateway};

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    /// The gateway's number of the filing
    submission: String,
    /// Why; kept sealed
    #[arg(long)]
    reason: String,
    /// Who has it erased; recorded in the audit log
    #[arg(long)]
    by: String,
}

pub fn run(args: &Args) -> Result<ExitCode, Failure> {
    if args.reason.trim().is_empty() || args.by.trim().is_empty() {
        return Err("--reason and --by must say something".into());
    }
    let config = args.config.load()?;
    let runtime = tokio_runtime()?;
    let _entered = runtime.enter();
    let gateway = Gateway::start(parts(&config)?);
    match runtime.block_on(gateway.erase(&args.submission, args.by.trim(), args.reason.trim())) {
        Ok(erased) => {
            println!("{} erased at {} by {}", erased.submission, erased.erased_at, erased.actor);
            eprintln!(
                "copies of the store open it as long as they hold its key: rotate the master key (`onecase keys rotate`), and destroy the old one"
            );
            Ok(ExitCode::SUCCESS)
        }
        Err(EraseError::Unknown) => {
            eprintln!("onecase: there is no submission {}", args.submission);
            Ok(ExitCode::from(1))
        }
        Err(error) => Err(error.into()),
    }
}
