//! `onecase adapter try`: one page asked for from the platform itself, raw and mapped; nothing is sent to it and nothing stored.

use std::{path::PathBuf, process::ExitCode};

use serde::Serialize;
use serde_json::Value;

use super::{
    super::runtime::{environment, tokio_runtime},
    AdapterCommandError,
    call::{Place, secrets_from_environment},
};
use crate::{
    adapter::{Adapter, Asked, Inbound, Mapped, Pull, Secrets},
    app::{
        Clock,
        validate::{self, Violation, Violations},
    },
    config::Config,
};

/// Stands where a secret was.
const HIDDEN: &str = "•••";

#[derive(Debug, clap::Args)]
pub struct Try {
    /// The folder with the adapter.yaml
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Where the platform's API is; its secrets come from ONECASE_SECRET_NAME in the environment
    #[arg(long, value_name = "URL", required_unless_present = "platform")]
    base_url: Option<String>,
    /// Take address and secrets of this platform from the federation file
    #[arg(long, value_name = "ID", conflicts_with = "base_url")]
    platform: Option<String>,
    /// The federation file
    #[arg(long, value_name = "FILE", default_value = "federation.toml", env = "ONECASE_CONFIG")]
    config: PathBuf,
    /// Which pull of the manifest; the first one unless said otherwise
    #[arg(long, value_name = "NAME")]
    pull: Option<String>,
    /// Where to go on from
    #[arg(long)]
    cursor: Option<String>,
    /// How many records to show
    #[arg(long, default_value_t = 5)]
    records: usize,
    /// Let the address be one inside: loopback, private, link-local
    #[arg(long)]
    allow_private: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What came of it.
#[derive(Debug, Serialize)]
struct Shown {
    method: String,
    target: String,
    status: u16,
    records: Vec<ShownRecord>,
    /// Records of the page that are not shown.
    more_records: usize,
    cursor: Option<String>,
    more: bool,
}

/// A record as it came and what it became.
#[derive(Debug, Serialize)]
struct ShownRecord {
    raw: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    mapped: Option<Value>,
    /// Why it did not map: field, expression, problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// What the exchange format does not allow.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    violations: Vec<Violation>,
}

pub fn run(arguments: &Try) -> Result<ExitCode, AdapterCommandError> {
    let adapter = Adapter::load(&arguments.folder).map_err(|source| failed(arguments, source))?;
    let names: Vec<&str> = adapter.pulls().iter().map(|pull| pull.name.as_str()).collect();
    let pull = match &arguments.pull {
        None => adapter.pulls().first(),
        Some(name) => adapter.pulls().iter().find(|pull| pull.name == *name),
    };
    let pull = pull.ok_or_else(|| AdapterCommandError::NoPull { known: names.join(", ") })?;
    let place = place(arguments, &adapter)?;
    let shown = tokio_runtime().map_err(|error| failed(arguments, error))?.block_on(ask(arguments, &adapter, pull, &place))?;
    let hide = |text: String| {
        place.secrets.values().filter(|secret| secret.len() >= 4).fold(text, |text, secret| text.replace(secret.as_str(), HIDDEN))
    };
    if arguments.json {
        println!("{}", hide(serde_json::to_string(&shown)?));
    } else {
        println!("{}", hide(print(&shown)?));
    }
    let sound = shown.records.iter().all(|record| record.error.is_none() && record.violations.is_empty());
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn failed(arguments: &Try, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> AdapterCommandError {
    AdapterCommandError::Try { folder: arguments.folder.clone(), source: source.into() }
}

fn place(arguments: &Try, adapter: &Adapter) -> Result<Place, AdapterCommandError> {
    let Some(id) = &arguments.platform else {
        let base_url = arguments.base_url.as_deref().unwrap_or_default();
        let place = Place::new(base_url, secrets_from_environment(adapter), arguments.allow_private);
        return place.map_err(|error| failed(arguments, error));
    };
    let config = Config::load(&arguments.config, &environment).map_err(|error| failed(arguments, error))?;
    let platform = config.platforms.iter().find(|platform| platform.id == *id);
    let platform = platform.ok_or_else(|| failed(arguments, format!("the federation file declares no platform {id}")))?;
    let secrets = platform.read_secrets(&environment, &|path| config.resolve(path)).map_err(|error| failed(arguments, error))?;
    let base_url = platform.base_url.as_deref().ok_or_else(|| failed(arguments, format!("platform {id} has no base_url")))?;
    Place::new(base_url, secrets, arguments.allow_private).map_err(|error| failed(arguments, error))
}

async fn ask(arguments: &Try, adapter: &Adapter, pull: &Pull, place: &Place) -> Result<Shown, AdapterCommandError> {
    let secrets = Secrets::new(place.secrets.clone());
    let now = Clock::system().now();
    let token = place.token(adapter, &secrets).await.map_err(|error| failed(arguments, error))?;
    let cursor = arguments.cursor.as_deref();
    let request = adapter.pull_request(pull, cursor, token.as_ref(), &secrets, now).map_err(|error| failed(arguments, error))?;
    let (method, target) = (request.method.clone(), request.target.clone());
    let response = place.send(request).await.map_err(|error| failed(arguments, error))?;
    let asked = Asked { cursor, response: &response, base: &place.base_url, now };
    let page = adapter.pull_page(pull, &asked).map_err(|error| failed(arguments, format!("HTTP {}: {error}", response.status)))?;
    let raw = adapter.pull_records(pull, &asked);
    let count = page.records.len();
    let records = raw.into_iter().zip(page.records).take(arguments.records).map(|(raw, mapped)| shown(raw, mapped, now));
    Ok(Shown {
        method,
        target,
        status: response.status,
        records: records.collect(),
        more_records: count.saturating_sub(arguments.records),
        cursor: page.cursor,
        more: page.more,
    })
}

fn shown(raw: Value, mapped: Mapped, now: chrono::DateTime<chrono::Utc>) -> ShownRecord {
    let wrong = |checked: Result<(), Violations>| checked.err().map(|violations| violations.list).unwrap_or_default();
    match mapped {
        Err(unmapped) => ShownRecord { raw, mapped: None, error: Some(unmapped.error.to_string()), violations: Vec::new() },
        Ok(Inbound::Submission(submission)) => {
            let value = serde_json::to_value(submission).unwrap_or_default();
            let violations = wrong(validate::submission_value(value.clone(), now).map(|_| ()));
            ShownRecord { raw, mapped: Some(value), error: None, violations }
        }
        Ok(Inbound::Withdrawal(withdrawal)) => {
            let value = serde_json::to_value(withdrawal).unwrap_or_default();
            ShownRecord { raw, mapped: Some(value), error: None, violations: Vec::new() }
        }
        Ok(Inbound::Update(update)) => {
            let value = serde_json::to_value(update).unwrap_or_default();
            let violations = wrong(validate::case_update_value(value.clone(), now).map(|_| ()));
            ShownRecord { raw, mapped: Some(value), error: None, violations }
        }
    }
}

/// Lines with `-` are as they came, with `+` as they became, with `!` what is wrong.
fn print(shown: &Shown) -> Result<String, AdapterCommandError> {
    let mut lines = vec![format!("{} {} → HTTP {}", shown.method, shown.target, shown.status)];
    let mut block = |sign: char, text: &str| lines.extend(text.lines().map(|line| format!("{sign} {line}")));
    for record in &shown.records {
        block('-', &serde_json::to_string_pretty(&record.raw)?);
        if let Some(mapped) = &record.mapped {
            block('+', &serde_json::to_string_pretty(mapped)?);
        }
        if let Some(error) = &record.error {
            block('!', error);
        }
        for violation in &record.violations {
            block('!', &format!("{} {}: {}", violation.pointer, violation.code, violation.detail));
        }
    }
    if shown.more_records > 0 {
        lines.push(format!("… and {} more records", shown.more_records));
    }
    lines.push(format!("cursor {}, more {}", shown.cursor.as_deref().unwrap_or("none"), shown.more));
    Ok(lines.join("\n"))
}
