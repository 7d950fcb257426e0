//! The command line: one file a command. Results go to standard output, progress and errors to standard error.
//!
//! Exit status: 0 done, 1 something was found wrong, 2 the command could not run.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks to its user")]

mod adapter;
mod audit;
mod completions;
mod conformance;
mod corpus;
mod demo;
mod erase;
mod evaluate;
mod explain;
mod fingerprint;
mod ingest;
mod key;
mod keys;
mod link;
mod migrate;
mod neighbours;
mod openapi;
mod quarantine;
mod runtime;
mod sandbox;
mod serve;
mod simulate;
mod simulate_year;
mod train;

use std::{error::Error, process::ExitCode};

use clap::{Parser, Subcommand};

/// What a command ends with when it could not run.
type Failure = Box<dyn Error + Send + Sync>;

#[derive(Parser)]
#[command(name = "onecase", version, about, propagate_version = true, arg_required_else_help = true, max_term_width = 120)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// See the main job done: platforms, gateway, filings, summary
    Demo(demo::Args),
    /// Run the gateway
    Serve(serve::Args),
    /// Bring the store's schema up to date
    Migrate(migrate::Args),
    /// Make, list and revoke API keys
    Key(key::Args),
    /// Rotate the keys that personal data is sealed with
    Keys(keys::Args),
    /// Erase the personal data of a filing, for good
    Erase(erase::Args),
    /// List the records that could not be registered, and offer them again
    Quarantine(quarantine::Args),
    /// Register the records of files through an adapter, and link them
    Ingest(ingest::Args),
    /// Link the submissions of files, without a server or a store
    Link(link::Args),
    /// List for each submission of files the earlier ones most likely about the same matter
    Neighbours(neighbours::Args),
    /// Make blind filings of the records of files: fingerprints instead of content
    Fingerprint(fingerprint::Args),
    /// Show why two submissions of a store or of files are or are not duplicates, weight by weight
    Explain(explain::Args),
    /// Estimate a match model from a corpus, without labels
    Train(train::Args),
    /// Measure matching against the truth of a labelled file
    Evaluate(evaluate::Args),
    /// Write the contract's files, or compare them with what the code serves
    Openapi(openapi::Args),
    /// Work on adapters: platforms' formats as data
    Adapter(adapter::Args),
    /// Drive an implementation of the exchange format through all it must do, and report
    Conformance(conformance::Args),
    /// Check the log: replay it and compare
    Audit(audit::Args),
    /// Run petition platforms for the gateway to talk to
    Simulate(simulate::Args),
    /// Print completions for a shell
    Completions(completions::Args),
}

/// Runs the command of this process's arguments.
pub fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Demo(args) => demo::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Migrate(args) => migrate::run(&args),
        Command::Key(args) => key::run(args),
        Command::Keys(args) => keys::run(&args),
        Command::Erase(args) => erase::run(&args),
        Command::Quarantine(args) => quarantine::run(args),
        Command::Ingest(args) => ingest::run(&args),
        Command::Link(args) => link::run(&args).map_err(Into::into),
        Command::Neighbours(args) => neighbours::run(&args).map_err(Into::into),
        Command::Fingerprint(args) => fingerprint::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Train(args) => train::run(&args).map_err(Into::into),
        Command::Evaluate(args) => evaluate::run(args).map_err(Into::into),
        Command::Openapi(args) => openapi::run(args),
        Command::Adapter(args) => adapter::run(&args).map_err(Into::into),
        Command::Conformance(args) => conformance::run(&args),
        Command::Audit(args) => audit::run(&args),
        Command::Simulate(args) => simulate::run(args).map_err(Into::into),
        Command::Completions(args) => completions::run(&args),
    };
    result.unwrap_or_else(|error| {
        eprintln!("onecase: {}", chain(&*error));
        ExitCode::from(2)
    })
}

/// An error with its causes, on one line.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut at = error.source();
    while let Some(cause) = at {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        at = cause.source();
    }
    text
}
