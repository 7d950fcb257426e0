//! `onecase key`: API keys.

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use clap::Subcommand;

use super::{
    Failure,
    runtime::{ConfigArgs, parts, tokio_runtime},
};
use crate::{
    app::{Gateway, Grant},
    domain::{
        access::{self, Role},
        platform::Scope,
    },
    store::keys,
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
    /// Make a key and print it; it is shown this once
    Create {
        /// The platform it stands for; without one it is a key of the bureau
        #[arg(long)]
        platform: Option<String>,
        /// What it may be used for: submit, handle, monitor, audit, review, administer
        #[arg(long, value_delimiter = ',', required_unless_present = "role", value_parser = scope)]
        scopes: Vec<Scope>,
        /// Instead of scopes: vendor, handler, monitor, reviewer, auditor or administrator
        #[arg(long, conflicts_with = "scopes", value_parser = role)]
        role: Option<Role>,
        /// What it may see lies in this division (GB/T 2260); for those who watch
        #[arg(long)]
        division: Option<String>,
        /// What it is for, in a few words
        #[arg(long, default_value = "")]
        label: String,
        /// It ends after so many days; it stays for good if none are named
        #[arg(long)]
        days: Option<u32>,
    },
    /// List keys, without their secrets
    List {
        /// As JSON, one object a line
        #[arg(long)]
        json: bool,
    },
    /// Make a key invalid
    Revoke {
        /// The key's id, as `list` shows it
        id: String,
    },
}

/// A key as it is listed for machines.
#[derive(serde::Serialize)]
struct Listed {
    id: String,
    platform: Option<String>,
    scopes: Vec<&'static str>,
    division: Option<String>,
    label: String,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
}

impl From<keys::ApiKey> for Listed {
    fn from(key: keys::ApiKey) -> Self {
        let scopes = key.scopes.iter().map(|scope| scope.as_str()).collect();
        Self {
            id: key.id,
            platform: key.platform,
            scopes,
            division: key.division,
            label: key.label,
            created_at: key.created_at,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
        }
    }
}

fn scope(text: &str) -> Result<Scope, String> {
    Scope::parse(text).ok_or_else(|| "expected submit, handle, monitor, audit, review or administer".into())
}

pub(super) fn role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| "expected vendor, handler, monitor, reviewer, auditor or administrator".into())
}

pub fn run(args: Args) -> Result<ExitCode, Failure> {
    let config = args.config.load()?;
    let runtime = tokio_runtime()?;
    let _entered = runtime.enter();
    let gateway = Gateway::start(parts(&config)?);
    match args.action {
        Action::Create { platform, scopes, role, division, label, days } => {
            if let Some(id) = platform.as_deref().filter(|id| gateway.federation().platform(id).is_none()) {
                return Err(format!("platform {id} is not declared in {}", args.config.config.display()).into());
            }
            if let Some(role) = role {
                role.check(platform.as_deref(), division.as_deref())?;
            }
            let scopes = role.map_or(scopes, |role| role.scopes().to_vec());
            access::check_scopes(&scopes, division.as_deref())?;
            let expires_at = days.map(|days| gateway.now() + chrono::TimeDelta::days(i64::from(days)));
            let key = gateway.grant_key(&Grant { platform, scopes, division, label, expires_at })?;
            eprintln!("key {} made; this is the only time it is shown:", key.id);
            println!("{}", key.secret);
        }
        Action::List { json } => {
            for key in gateway.store().read(keys::list)? {
                if json {
                    println!("{}", serde_json::to_string(&Listed::from(key))?);
                    continue;
                }
                let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
                let state = match (key.revoked_at, key.expires_at) {
                    (Some(_), _) => "revoked",
                    (None, Some(ends)) if ends <= gateway.now() => "expired",
                    (None, _) => "valid",
                };
                let over = key.platform.as_deref().or(key.division.as_deref()).unwrap_or("-");
                println!("{}\t{over}\t{}\t{state}\t{}", key.id, scopes.join(","), key.label);
            }
        }
        Action::Revoke { id } => {
            if !gateway.revoke_key(&id)? {
                eprintln!("onecase: there is no valid key {id}; `onecase key list` shows them");
                return Ok(ExitCode::from(1));
            }
            println!("revoked {id}");
        }
    }
    Ok(ExitCode::SUCCESS)
}
