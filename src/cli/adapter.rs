//! `onecase adapter`: the vendor's tools.

use std::{path::PathBuf, process::ExitCode};

use crate::adapter::check::{self, CheckError, Report};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Run the samples of adapter folders against what they must become.
    ///
    /// Exit status: 0 if all is well, 1 if something is off, 2 if a folder could not be checked.
    Check(Check),
}

#[derive(Debug, clap::Args)]
struct Check {
    /// Folders with an adapter.yaml.
    #[arg(required = true, value_name = "DIR")]
    folders: Vec<PathBuf>,
    /// Print the reports as JSON, one a line.
    #[arg(long)]
    json: bool,
    /// Write what the samples become to expected/, to be read before it is committed.
    #[arg(long)]
    accept: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum AdapterCommandError {
    #[error("{folder}: {source}")]
    Check {
        folder: PathBuf,
        #[source]
        source: CheckError,
    },
    #[error("the report cannot be written")]
    Json(#[from] serde_json::Error),
}

/// Runs the command; an error means that it could not do its work (status 2).
pub fn run(args: Args) -> Result<ExitCode, AdapterCommandError> {
    let Command::Check(arguments) = args.command;
    let mut sound = true;
    for folder in &arguments.folders {
        let report =
            check::check(folder, arguments.accept).map_err(|source| AdapterCommandError::Check { folder: folder.clone(), source })?;
        sound &= report.findings.is_empty();
        if arguments.json {
            println!("{}", serde_json::to_string(&report)?);
        } else {
            print(&report);
        }
    }
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn print(report: &Report) {
    let state = if report.findings.is_empty() { "ok".to_owned() } else { format!("{} findings", report.findings.len()) };
    println!("{} {}: {} samples, {state}", report.adapter, report.version, report.samples);
    for finding in &report.findings {
        println!("  {finding}");
    }
}
