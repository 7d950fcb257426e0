//! `onecase adapter`: the vendor's tools.

pub(in crate::cli) mod call;
mod live;
mod new;

use std::{path::PathBuf, process::ExitCode};

use crate::adapter::check::{self, CheckError, Report};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Make a folder for a new platform, which passes `check` at once.
    ///
    /// Asks on a terminal for what no flag says.
    New(new::New),
    /// Ask a platform for one page, and show each record as it came and as it became; nothing is sent and nothing is stored.
    ///
    /// Exit status: 0 if every record maps, 1 if one does not, 2 if there was no page.
    Try(live::Try),
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
    #[error("{0} is there already; name a folder that is not")]
    Exists(PathBuf),
    #[error("{0:?} is no name for an adapter: 1 to 63 lower-case letters, digits and hyphens, not beginning with one")]
    Name(String),
    #[error("{path} cannot be written")]
    Write {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the terminal cannot be asked")]
    Ask(#[source] std::io::Error),
    #[error("there is no such pull; the manifest declares: {known}")]
    NoPull { known: String },
    #[error("{folder} cannot be tried")]
    Try {
        folder: PathBuf,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Runs the command; an error means that it could not do its work (status 2).
pub fn run(args: &Args) -> Result<ExitCode, AdapterCommandError> {
    match &args.command {
        Command::New(new) => new::run(new),
        Command::Try(arguments) => live::run(arguments),
        Command::Check(arguments) => run_check(arguments),
    }
}

fn run_check(arguments: &Check) -> Result<ExitCode, AdapterCommandError> {
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
