//! `onecase adapter new`: a folder that passes `adapter check` at once, to be changed step by step.

use std::{
    collections::BTreeMap,
    io::{IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use super::AdapterCommandError;
use crate::{
    adapter::check,
    domain::{
        case::CaseStatus,
        message::{CaseSummary, Message, MessageKind, OrganizationReference, SubmissionReference},
        submission::{Channel, Submission},
        update::Reply,
    },
};

#[derive(Debug, clap::Args)]
pub struct New {
    /// The folder to make; its name is the adapter's
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    /// What the platform is called
    #[arg(long)]
    title: Option<String>,
    /// What kind of platform it is
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// How its filings come
    #[arg(long, value_enum)]
    connector: Option<Connector>,
    /// How it knows us, or we know it
    #[arg(long, value_enum)]
    auth: Option<Auth>,
    /// Whether it can be told of cases, statuses and replies
    #[arg(long)]
    told: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    Provincial,
    National,
    Ministry,
    Mobile,
    Hotline,
    LettersAndVisits,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Provincial => "provincial",
            Self::National => "national",
            Self::Ministry => "ministry",
            Self::Mobile => "mobile",
            Self::Hotline => "hotline",
            Self::LettersAndVisits => "letters_and_visits",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Connector {
    /// We ask its REST interface again and again
    Pull,
    /// It sends each filing to us
    Webhook,
    /// It leaves files
    File,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Auth {
    None,
    /// A key in the header X-API-Key
    ApiKey,
    /// `Authorization: Bearer`
    Bearer,
    /// An HMAC-SHA256 signature over time and body
    Hmac,
}

/// What a new adapter shall be.
#[derive(Clone, Debug)]
pub struct Plan {
    pub name: String,
    pub title: String,
    pub kind: Kind,
    pub connector: Connector,
    pub auth: Auth,
    pub told: bool,
}

/// Makes the folder; asks on a terminal for what no flag says.
pub fn run(new: &New) -> Result<ExitCode, AdapterCommandError> {
    let folder = match &new.folder {
        Some(folder) => folder.clone(),
        None => PathBuf::from(ask("Folder to make (its name is the adapter's)", "my-platform")?),
    };
    let plan = plan(new, &folder)?;
    if folder.exists() {
        return Err(AdapterCommandError::Exists(folder));
    }
    for (path, text) in files(&plan) {
        write(&folder.join(path), &text)?;
    }
    let failed = |source| AdapterCommandError::Check { folder: folder.clone(), source };
    check::check(&folder, true).map_err(failed)?;
    let report = check::check(&folder, false).map_err(failed)?;
    super::print(&report);
    if !report.findings.is_empty() {
        return Ok(ExitCode::from(1));
    }
    println!("made {}; read its README.md, then change adapter.yaml and samples/ to what the platform sends", folder.display());
    Ok(ExitCode::SUCCESS)
}

fn plan(new: &New, folder: &Path) -> Result<Plan, AdapterCommandError> {
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let fits = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    if !(1..=63).contains(&name.len()) || name.starts_with('-') || !name.bytes().all(fits) {
        return Err(AdapterCommandError::Name(name));
    }
    Ok(Plan {
        title: match &new.title {
            Some(title) => title.clone(),
            None => ask("What the platform is called", &name)?,
        },
        kind: choose("What kind of platform it is", new.kind, Kind::Provincial)?,
        connector: choose("How its filings come", new.connector, Connector::Pull)?,
        auth: choose("How it is authenticated", new.auth, Auth::ApiKey)?,
        told: match new.told {
            Some(told) => told,
            None => ask("Can it be told of cases, statuses and replies? (yes, no)", "yes")?.starts_with(['y', 'Y', '是']),
        },
        name,
    })
}

/// Asks a question on a terminal; elsewhere, and for an empty answer, it is the default.
fn ask(question: &str, default: &str) -> Result<String, AdapterCommandError> {
    if !std::io::stdin().is_terminal() {
        return Ok(default.to_owned());
    }
    eprint!("{question} [{default}]: ");
    std::io::stderr().flush().map_err(AdapterCommandError::Ask)?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(AdapterCommandError::Ask)?;
    let answer = answer.trim();
    Ok(if answer.is_empty() { default } else { answer }.to_owned())
}

/// Asks for one of a few words, again until it is one of them.
fn choose<T: clap::ValueEnum + Copy>(question: &str, given: Option<T>, default: T) -> Result<T, AdapterCommandError> {
    if let Some(given) = given {
        return Ok(given);
    }
    let word = |value: &T| value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    let words: Vec<String> = T::value_variants().iter().map(word).collect();
    loop {
        let answer = ask(&format!("{question} ({})", words.join(", ")), &word(&default))?;
        match T::from_str(&answer, true) {
            Ok(value) => return Ok(value),
            Err(_) => eprintln!("one of {}, please", words.join(", ")),
        }
    }
}

fn write(path: &Path, text: &str) -> Result<(), AdapterCommandError> {
    let failed = |source| AdapterCommandError::Write { path: path.to_owned(), source };
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    std::fs::write(path, text).map_err(failed)
}

const HEAD: &str = include_str!("template/head.yaml");
const PULL: &str = include_str!("template/pull.yaml");
const WEBHOOK: &str = include_str!("template/webhook.yaml");
const FILE: &str = include_str!("template/file.yaml");
const TOLD: &str = include_str!("template/told.yaml");
const DELIVERY: &str = include_str!("template/delivery.yaml");
const README: &str = include_str!("template/README.md");
const PAGE: &str = include_str!("template/page.http");
const CALL: &str = include_str!("template/call.http");
const ROWS: &str = include_str!("template/rows.csv");

/// Every file of the folder but `expected/`, by its path.
pub fn files(plan: &Plan) -> BTreeMap<String, String> {
    let secrets = secrets(plan);
    let declared: String = secrets.iter().map(|(name, meaning)| format!("  {name}: {meaning}\n")).collect();
    let made_up: String = secrets.iter().map(|(name, _)| format!("  {name}: made-up-{}\n", name.replace('_', "-"))).collect();
    let block = |head: &str, lines: &str| if lines.is_empty() { String::new() } else { format!("{head}:\n{lines}") };
    let fill = |text: &str| {
        text.replace("@name@", &plan.name)
            .replace("@title@", &quoted(&plan.title))
            .replace("@heading@", &plan.title)
            .replace("@kind@", plan.kind.word())
            .replace("@secrets@", &block("secrets", &declared))
            .replace("@authentication@", authentication(plan))
    };
    let mut manifest = HEAD.to_owned();
    manifest.push_str(match plan.connector {
        Connector::Pull => PULL,
        Connector::Webhook => WEBHOOK,
        Connector::File => FILE,
    });
    let mut files = BTreeMap::from([
        ("README.md".to_owned(), fill(README)),
        ("samples/sample.yaml".to_owned(), format!("now: 2026-03-01T10:00:00+08:00\n{}", block("secrets", &made_up))),
    ]);
    let (path, sample) = match plan.connector {
        Connector::Pull => ("samples/pulls/filings/page.http", PAGE),
        Connector::Webhook => ("samples/callbacks/filed.http", CALL),
        Connector::File => ("samples/files/filings-20260301.csv", ROWS),
    };
    files.insert(path.to_owned(), sample.to_owned());
    if plan.told {
        manifest.push_str(TOLD);
        for (kind, message) in messages() {
            manifest.push_str(&DELIVERY.replace("@message@", kind.as_str()).replace("@more@", more(kind)));
            let sample = serde_json::to_string_pretty(&message).unwrap_or_default();
            files.insert(format!("samples/deliveries/{}.json", kind.as_str()), sample + "\n");
            let taken = "HTTP/1.1 200 OK\nContent-Type: application/json\n\n{\"receipt\": \"R-2026-000017\"}\n";
            files.insert(format!("samples/answers/{}/taken.http", kind.as_str()), taken.to_owned());
        }
    }
    files.insert("adapter.yaml".to_owned(), fill(&manifest));
    files
}

/// A text as YAML takes it, whatever is in it: JSON is YAML.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn secrets(plan: &Plan) -> Vec<(&'static str, &'static str)> {
    let mut secrets = match plan.auth {
        _ if plan.connector != Connector::Pull && !plan.told => Vec::new(),
        Auth::None => Vec::new(),
        Auth::ApiKey => vec![("api_key", "the key the platform gave us")],
        Auth::Bearer => vec![("token", "the token the platform gave us")],
        Auth::Hmac => vec![("signing_secret", "signs our requests to the platform")],
    };
    if plan.connector == Connector::Webhook {
        secrets.push(("webhook_secret", "signs the platform's requests to us"));
    }
    secrets
}

fn authentication(plan: &Plan) -> &'static str {
    match plan.auth {
        _ if plan.connector != Connector::Pull && !plan.told => "",
        Auth::None => "",
        Auth::ApiKey => "authentication:\n  headers:\n    X-API-Key: \"{secret:api_key}\"\n",
        Auth::Bearer => "authentication:\n  headers:\n    Authorization: \"Bearer {secret:token}\"\n",
        Auth::Hmac => {
            "authentication:\n  timestamp: seconds\n  headers:\n    X-Timestamp: \"{timestamp}\"\n    X-Signature: \"{signature}\"\n  \
             signature:\n    algorithm: hmac-sha256\n    encoding: hex\n    key: signing_secret\n    signed: \"{timestamp}.{body}\"\n"
        }
    }
}

/// What a message carries beyond what all do.
const fn more(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::CaseForwarded => "        filing: message.forwarded\n",
        MessageKind::CaseRevised => "        filing: message.?forwarded\n",
        MessageKind::CaseReply => "        reply: message.reply.content\n",
        MessageKind::SubmissionRegistered | MessageKind::DuplicateRegistered | MessageKind::CaseStatus | MessageKind::CaseWithdrawn => "",
    }
}

/// A message of every kind, as the gateway makes them.
fn messages() -> Vec<(MessageKind, Message)> {
    let kinds = [
        MessageKind::CaseForwarded,
        MessageKind::SubmissionRegistered,
        MessageKind::DuplicateRegistered,
        MessageKind::CaseStatus,
        MessageKind::CaseReply,
        MessageKind::CaseWithdrawn,
        MessageKind::CaseRevised,
    ];
    let at = |text: &str| text.parse().unwrap_or_default();
    let message = |(index, kind): (usize, MessageKind)| {
        let about = matches!(kind, MessageKind::CaseForwarded | MessageKind::CaseWithdrawn | MessageKind::CaseRevised);
        let message = Message {
            id: format!("01953b2a-7000-7000-8000-00000000000{}", index + 1),
            kind,
            created_at: at("2026-03-01T02:00:00Z"),
            case: CaseSummary {
                id: "LJ7K2M9QX4TB3C".into(),
                status: if kind == MessageKind::CaseReply { CaseStatus::Answered } else { CaseStatus::Routed },
                organization: Some(OrganizationReference { id: "furong-housing".into(), name: "芙蓉区住房和城乡建设局".into() }),
                query_code: None,
            },
            submission: (!about).then(|| SubmissionReference {
                id: "01953b2a-6c10-7a70-8a1e-5f0a4d0c1b2e".into(),
                source_id: "F-1".into(),
                channel: Channel::Web,
                account: None,
            }),
            forwarded: matches!(kind, MessageKind::CaseForwarded | MessageKind::CaseRevised).then(forwarded).flatten(),
            reply: (kind == MessageKind::CaseReply).then(|| Reply {
                content: "经现场核查，已清理完毕。".into(),
                organization: Some("芙蓉区住房和城乡建设局".into()),
                replied_at: "2026-03-20T16:00:00+08:00".parse().unwrap_or_default(),
            }),
            note: None,
        };
        (kind, message)
    };
    kinds.into_iter().enumerate().map(message).collect()
}

fn forwarded() -> Option<Box<Submission>> {
    let filing = serde_json::json!({
        "source_id": "F-1", "channel": "web", "kind": "request", "submitted_at": "2026-03-01T09:30:00+08:00",
        "petitioners": [{ "name": "张三", "phone": "13800000000" }],
        "subject": "楼道堆放杂物", "content": "三单元楼道长期堆放杂物，请求清理。", "division": "430102"
    });
    serde_json::from_value(filing).ok().map(Box::new)
}
