//! `onecase conformance`: drives an implementation of the exchange format, somebody else's or ours, through everything it must
//! do, over HTTP alone, and reports what it does.

mod api;
mod receiver;
mod report;

use std::{path::PathBuf, process::ExitCode};

use super::{Failure, runtime::tokio_runtime};
use report::Report;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where it is: the API's base address, or with --secret the endpoint that receives events
    #[arg(value_name = "URL")]
    url: String,
    /// A key of a platform that files (`submit`)
    #[arg(long, env = "ONECASE_CONFORMANCE_KEY", required_unless_present = "secret")]
    key: Option<String>,
    /// A key of the platform whose body is competent (`handle`); without it, reports of status and reply are left out
    #[arg(long, env = "ONECASE_CONFORMANCE_HANDLER_KEY")]
    handler_key: Option<String>,
    /// Drive an endpoint that receives events, signed with this `whsec_…` secret
    #[arg(long, env = "ONECASE_CONFORMANCE_SECRET", conflicts_with_all = ["key", "handler_key"])]
    secret: Option<String>,
    /// Where to write the report as Markdown
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Where to write the report as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Exit status: 0 if everything passed, 1 if something failed, 2 if nothing answers there.
pub fn run(args: &Args) -> Result<ExitCode, Failure> {
    let url = args.url.trim_end_matches('/');
    let report = tokio_runtime()?.block_on(async {
        match (&args.secret, &args.key) {
            (Some(secret), _) => receiver::drive(url, secret).await,
            (None, Some(key)) => api::drive(url, key, args.handler_key.as_deref()).await,
            (None, None) => Err("name a --key or a --secret".into()),
        }
    })?;
    print!("{}", report.text());
    if let Some(path) = &args.markdown {
        std::fs::write(path, report.markdown())?;
    }
    if let Some(path) = &args.json {
        std::fs::write(path, serde_json::to_string_pretty(&report)? + "\n")?;
    }
    Ok(if report.failed() == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
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
