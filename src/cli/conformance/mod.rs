//! `onecase conformance`: drives an implementation of the exchange format, somebody else's or ours, through everything it must
//! do, over HTTP alone, and reports what it does: the API, an endpoint that is told of changes, or a platform behind an adapter.

mod api;
mod platform;
mod receiver;
mod report;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use super::{
    Failure,
    adapter::call::{Place, secrets_from_environment},
    runtime::tokio_runtime,
};
use crate::adapter::Adapter;
use report::Report;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where it is: the base address of the API or, with --adapter, of the platform's; with --secret the endpoint that receives events
    #[arg(value_name = "URL")]
    url: String,
    /// A key of a platform that files (`submit`)
    #[arg(long, env = "ONECASE_CONFORMANCE_KEY", required_unless_present_any = ["secret", "adapter"])]
    key: Option<String>,
    /// A key of the platform whose body is competent (`handle`); without it, reports of status and reply are left out
    #[arg(long, env = "ONECASE_CONFORMANCE_HANDLER_KEY")]
    handler_key: Option<String>,
    /// Drive an endpoint that receives events, signed with this `whsec_…` secret
    #[arg(long, env = "ONECASE_CONFORMANCE_SECRET", conflicts_with_all = ["key", "handler_key"])]
    secret: Option<String>,
    /// Drive a platform that is told of cases, through this adapter folder; its secrets come from ONECASE_SECRET_NAME
    #[arg(long, value_name = "DIR", conflicts_with_all = ["key", "handler_key", "secret"])]
    adapter: Option<PathBuf>,
    /// With --adapter: the number of a filing that the platform has; without it, notices about filings are left out
    #[arg(long, value_name = "NUMBER", requires = "adapter")]
    filing: Option<String>,
    /// With --filing: whose it is there, for platforms that answer accounts
    #[arg(long, requires = "filing")]
    account: Option<String>,
    /// With --adapter: let the address be one inside: loopback, private, link-local
    #[arg(long, requires = "adapter")]
    allow_private: bool,
    /// Where to write the report as Markdown
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Where to write the report as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Where to write the report as JUnit XML, which build servers read
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

/// Exit status: 0 if everything passed, 1 if something failed, 2 if nothing answers there.
pub fn run(args: &Args) -> Result<ExitCode, Failure> {
    let url = args.url.trim_end_matches('/');
    let report = tokio_runtime()?.block_on(async {
        match (&args.adapter, &args.secret, &args.key) {
            (Some(folder), ..) => platform::drive(url, driven(args, folder, url)?).await,
            (None, Some(secret), _) => receiver::drive(url, secret).await,
            (None, None, Some(key)) => api::drive(url, key, args.handler_key.as_deref()).await,
            (None, None, None) => Err("name a --key, a --secret or an --adapter".into()),
        }
    })?;
    print!("{}", report.text());
    if let Some(path) = &args.markdown {
        std::fs::write(path, report.markdown())?;
    }
    if let Some(path) = &args.json {
        std::fs::write(path, serde_json::to_string_pretty(&report)? + "\n")?;
    }
    if let Some(path) = &args.junit {
        std::fs::write(path, report.junit())?;
    }
    Ok(if report.failed() == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn driven(args: &Args, folder: &Path, url: &str) -> Result<platform::Driven, Failure> {
    let adapter = Adapter::load(folder)?;
    let place = Place::new(url, secrets_from_environment(&adapter), args.allow_private)?;
    Ok(platform::Driven { adapter, place, filing: args.filing.clone(), account: args.account.clone() })
}

/// Runs checks one after another; each tells by its result whether it passed.
macro_rules! checks {
    ($report:ident, $bench:ident, $($name:literal $title:literal $check:ident;)+) => {
        $($report.note($name, $title, $bench.$check().await);)+
    };
}
use checks;

/// What a check found.
enum Found {
    Passed,
    /// It needs something that was not given.
    Skipped(&'static str),
    Failed(String),
}

impl From<Result<(), String>> for Found {
    fn from(result: Result<(), String>) -> Self {
        match result {
            Ok(()) => Self::Passed,
            Err(why) => Self::Failed(why),
        }
    }
}

fn client() -> Result<reqwest::Client, Failure> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let timeout = std::time::Duration::from_secs(60);
    Ok(reqwest::Client::builder().timeout(timeout).redirect(reqwest::redirect::Policy::none()).build()?)
}

fn new_report(what: &str, url: &str) -> Report {
    Report { what: what.to_owned(), url: url.to_owned(), results: Vec::new() }
}
