//! Adapters as data: a platform's formats and manners in a folder, read once, and then bytes in, exchange format out.
//!
//! An adapter is a folder with `adapter.yaml` (its public description is `adapters/schema.json`), recorded `samples/` and what
//! they must become in `expected/`. The mappings are CEL expressions; [`functions`] lists what is added to the language. Nothing
//! here knows an HTTP client, a database or a clock: requests and answers are plain data, and the moment is given.
//!
//! Every record has limits ([`MAX_RECORD`], [`MAX_PAGE`], steps of evaluation), and a record that does not map is handed out
//! as [`UnmappedRecord`] beside those that do. Errors name adapter, place, field and expression, and no value of the record.

mod body;
mod callback;
mod charset;
pub mod check;
mod delivery;
mod error;
mod exchange;
mod expression;
mod file;
mod functions;
mod http;
mod ledger;
mod link;
mod manifest;
mod mapping;
mod outcome;
mod paging;
mod places;
mod pull;
mod request;
mod samples;
mod shape;
mod signature;
mod text;
mod time;
mod token;
mod watch;
mod wechat;
mod workbook;
mod xml;

use std::{
    collections::{BTreeMap, HashMap},
    io::BufRead,
    path::Path,
    sync::Arc,
};

use chrono::{DateTime, Utc};
use serde_json::Value as Json;

pub use callback::{Callback, MAX_CALLBACK};
pub use error::{AdapterError, CallbackError, FileError, ManifestFault, MappingError, PageError, Problem, RequestError};
pub use file::FileRecords;
pub use http::{AccessToken, Request, Response, Secrets};
pub use ledger::{Ledger, LedgerDay, Question};
pub use manifest::{SCHEMA, Yields};
pub use mapping::{Inbound, MAX_RECORD, Mapped, UnmappedRecord};
pub use outcome::Outcome;
pub use pull::{Asked, MAX_PAGE, MAX_PAGE_RECORDS, Page, Pull};

use crate::domain::{case::CaseStatus, message::Message, message::MessageKind, platform::PlatformKind};
use callback::{Arrival, CallbackKind};
use delivery::Delivery;
use expression::Engine;
use file::FileKind;
use functions::{Table, Vocabulary};
use manifest::Manifest;
use mapping::{Core, Mapping};
use outcome::Rule;
use request::Authentication;
use token::TokenExchange;

/// The manifest's file name.
pub const MANIFEST: &str = "adapter.yaml";

/// One platform's adapter, compiled. Cheap to share between threads.
pub struct Adapter {
    name: String,
    version: String,
    title: String,
    platform_kind: PlatformKind,
    secrets: Vec<String>,
    core: Core,
    mappings: Vec<Mapping>,
    pulls: Vec<Pull>,
    callback: Option<CallbackKind>,
    files: Vec<FileKind>,
    ledger: Option<Ledger>,
    authentication: Authentication,
    token: Option<TokenExchange>,
    rules: Vec<Rule>,
    deliveries: HashMap<MessageKind, Delivery>,
}

impl Adapter {
    /// Reads the folder's manifest.
    pub fn load(folder: &Path) -> Result<Self, AdapterError> {
        let path = folder.join(MANIFEST);
        match std::fs::read(&path) {
            Ok(bytes) => Self::from_manifest(&bytes),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && folder.is_dir() => Err(AdapterError::NoManifest),
            Err(source) => Err(AdapterError::Read { path, source }),
        }
    }

    /// Takes the manifest from files held in memory, e.g. an adapter that is compiled in. Paths are relative to the folder.
    pub fn from_files<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Result<Self, AdapterError> {
        let manifest = files.into_iter().find(|(path, _)| *path == MANIFEST).ok_or(AdapterError::NoManifest)?;
        Self::from_manifest(manifest.1)
    }

    /// Compiles a manifest. Every expression is parsed and its names are checked.
    pub fn from_manifest(bytes: &[u8]) -> Result<Self, AdapterError> {
        Self::compile(&manifest::parse(bytes)?).map_err(AdapterError::Fault)
    }

    fn compile(manifest: &Manifest) -> Result<Self, ManifestFault> {
        let engine = Engine::new(Arc::new(vocabulary(manifest)));
        let secrets: Vec<&str> = manifest.secrets.keys().map(String::as_str).collect();
        let mappings: Vec<Mapping> =
            manifest.mappings.iter().map(|(name, mapping)| Mapping::compile(&engine, name, mapping)).collect::<Result<_, _>>()?;
        let find = |name: &str, pointer: String| {
            let found = mappings.iter().position(|mapping| mapping.name == name);
            found.ok_or_else(|| ManifestFault::new(pointer, format!("there is no mapping {name}")))
        };
        let mut pulls = Vec::new();
        for (at, pull) in manifest.pulls.iter().enumerate() {
            let mapping = find(&pull.mapping, format!("/pulls/{at}/mapping"))?;
            pulls.push(Pull::compile(&engine, pull, at, &mappings[mapping])?);
        }
        let mut files = Vec::new();
        for (at, file) in manifest.files.iter().enumerate() {
            let pointer = format!("/files/{at}");
            files.push(FileKind::compile(file, &pointer, find(&file.mapping, format!("{pointer}/mapping"))?)?);
        }
        let callback = manifest.callback.as_ref().map(|c| CallbackKind::compile(&engine, c, &mappings, &secrets)).transpose()?;
        let (authentication, token) = authentication(&engine, manifest, &secrets)?;
        let mut rules: Vec<Rule> = manifest
            .outcomes
            .iter()
            .enumerate()
            .map(|(at, rule)| Rule::compile(&engine, rule, &format!("/outcomes/{at}")))
            .collect::<Result<_, _>>()?;
        if token.is_some() {
            rules.push(Rule::unauthorized(&engine)?);
        }
        let deliveries = deliveries(&engine, manifest)?;
        let ledger = manifest.ledger.as_ref().map(|ledger| Ledger::compile(&engine, ledger, &mappings)).transpose()?;
        Ok(Self {
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            title: manifest.title.clone(),
            platform_kind: manifest.platform_kind,
            secrets: manifest.secrets.keys().cloned().collect(),
            core: Core { name: manifest.name.as_str().into(), engine, settings: Json::Object(manifest.settings.clone()) },
            mappings,
            pulls,
            callback,
            files,
            ledger,
            authentication,
            token,
            rules,
            deliveries,
        })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn version(&self) -> &str {
        &self.version
    }

    pub fn title(&self) -> &str {
        &self.title
    }

    pub fn platform_kind(&self) -> PlatformKind {
        self.platform_kind
    }

    /// The secrets the configuration must hold for a platform of this kind.
    pub fn secret_names(&self) -> &[String] {
        &self.secrets
    }

    pub fn pulls(&self) -> &[Pull] {
        &self.pulls
    }

    pub fn has_callback(&self) -> bool {
        self.callback.is_some()
    }

    pub fn takes_files(&self) -> bool {
        !self.files.is_empty()
    }

    /// True if the adapter can send anything at all.
    pub fn delivers(&self) -> bool {
        self.deliveries.values().any(|delivery| matches!(delivery, Delivery::Sent { .. }))
    }

    /// True if requests need an access token from [`Self::token_request`].
    pub fn needs_token(&self) -> bool {
        self.token.is_some()
    }

    /// The request for the page after `cursor`; for the first page without one.
    pub fn pull_request(
        &self,
        pull: &Pull,
        cursor: Option<&str>,
        token: Option<&AccessToken>,
        secrets: &Secrets,
        now: DateTime<Utc>,
    ) -> Result<Request, RequestError> {
        let mut request = pull.request(&self.core, cursor, now)?;
        self.authentication.apply(&mut request, secrets, token.map(|t| t.value.as_str()), now)?;
        Ok(request)
    }

    /// Reads a page. On an error nothing of it was taken and the cursor stays where it is.
    pub fn pull_page(&self, pull: &Pull, asked: &Asked) -> Result<Page, PageError> {
        let mapping = self.mapping(&pull.mapping).ok_or_else(|| self.core.problem(&pull.name, Problem::NoRoute))?;
        pull.page(&self.core, &self.rules, mapping, asked)
    }

    /// How the platform's own ledger is asked, if it has one.
    pub fn ledger(&self) -> Option<&Ledger> {
        self.ledger.as_ref()
    }

    /// The request for a part of the platform's ledger.
    pub fn ledger_request(
        &self,
        ledger: &Ledger,
        question: &Question,
        token: Option<&AccessToken>,
        secrets: &Secrets,
        now: DateTime<Utc>,
    ) -> Result<Request, RequestError> {
        let mut request = ledger.request(&self.core, question, now)?;
        self.authentication.apply(&mut request, secrets, token.map(|t| t.value.as_str()), now)?;
        Ok(request)
    }

    /// Reads the answer to [`Question::Days`].
    pub fn ledger_days(&self, ledger: &Ledger, response: &Response) -> Result<Vec<LedgerDay>, PageError> {
        ledger.read_days(&self.core, &self.rules, response)
    }

    /// Reads the answer to [`Question::Numbers`]: the numbers, and whether there is another page of them.
    pub fn ledger_numbers(&self, ledger: &Ledger, response: &Response) -> Result<(Vec<String>, bool), PageError> {
        ledger.read_numbers(&self.core, &self.rules, response)
    }

    /// Reads the answer to [`Question::Record`].
    pub fn ledger_record(&self, ledger: &Ledger, response: &Response) -> Result<Mapped, PageError> {
        let mapping = self.mapping(&ledger.mapping).ok_or_else(|| self.core.problem("ledger record", Problem::NoRoute))?;
        ledger.read_record(&self.core, &self.rules, mapping, response)
    }

    /// The records of a page as they came, to be shown beside what they became.
    pub fn pull_records(&self, pull: &Pull, asked: &Asked) -> Vec<Json> {
        pull.records(&self.core, &self.rules, asked)
    }

    /// Takes in a request a platform sent. Answer `response` once the records are stored, a 5xx if they could not be.
    pub fn callback(&self, request: &Request, secrets: &Secrets, now: DateTime<Utc>) -> Result<Callback, CallbackError> {
        let callback = self.callback.as_ref().ok_or(CallbackError::NotDeclared)?;
        callback.receive(Arrival { core: &self.core, mappings: &self.mappings, request, secrets, now })
    }

    /// The records of a file, whose name says its kind. Read as the iterator is.
    pub fn file<'a, R: BufRead + 'a>(&'a self, name: &str, reader: R) -> Result<FileRecords<'a, R>, FileError> {
        let kind = self.files.iter().find(|kind| kind.takes(name)).ok_or(FileError::NoFormat)?;
        kind.open(&self.core, &self.mappings[kind.mapping], reader)
    }

    /// Maps a record again that was handed out as [`UnmappedRecord`], by its mapping and raw form.
    pub fn replay(&self, mapping: &str, raw: &[u8]) -> Mapped {
        let unmapped = |problem: Problem| {
            let error = self.core.problem(&format!("mapping {mapping}"), problem);
            Err(Box::new(UnmappedRecord { source_ref: None, mapping: Some(mapping.to_owned()), raw: raw.to_vec(), error }))
        };
        let Some(found) = self.mapping(mapping) else { return unmapped(Problem::NoRoute) };
        match serde_json::from_slice(raw) {
            Ok(record) => found.map(&self.core, &record),
            Err(_) => unmapped(Problem::Unreadable("it is not JSON".to_owned())),
        }
    }

    /// Offers a record again that no route of the callback took; `None` where a route leaves it out on purpose now.
    pub fn replay_unrouted(&self, raw: &[u8]) -> Option<Mapped> {
        let unmapped = |problem: Problem| {
            let error = self.core.problem("callback", problem);
            Some(Err(Box::new(UnmappedRecord { source_ref: None, mapping: None, raw: raw.to_vec(), error })))
        };
        match (&self.callback, serde_json::from_slice(raw)) {
            (Some(callback), Ok(record)) => callback.take_again(&self.core, &self.mappings, &record),
            (None, Ok(_)) => unmapped(Problem::NoRoute),
            (_, Err(_)) => unmapped(Problem::Unreadable("it is not JSON".to_owned())),
        }
    }

    /// The request for a new access token; `None` if the platform has none.
    pub fn token_request(&self, secrets: &Secrets) -> Result<Option<Request>, RequestError> {
        self.token.as_ref().map(|token| token.request(secrets)).transpose()
    }

    pub fn token_response(&self, response: &Response) -> Result<AccessToken, PageError> {
        let token = self.token.as_ref().ok_or_else(|| self.core.problem("access token", Problem::NoRoute))?;
        token.response(&self.core, &self.rules, response)
    }

    /// The request that carries a message; `None` where the manifest says that the platform is not told of this kind.
    pub fn delivery(
        &self,
        message: &Message,
        token: Option<&AccessToken>,
        secrets: &Secrets,
        now: DateTime<Utc>,
    ) -> Result<Option<Request>, RequestError> {
        let delivery = self.deliveries.get(&message.kind).ok_or(RequestError::NotDeclared)?;
        self.carried(delivery, message, token, secrets, now)
    }

    /// The request that carries a message the other way, after [`Outcome::Otherwise`]; `None` where there is none.
    pub fn delivery_otherwise(
        &self,
        message: &Message,
        token: Option<&AccessToken>,
        secrets: &Secrets,
        now: DateTime<Utc>,
    ) -> Result<Option<Request>, RequestError> {
        let Some(other) = self.deliveries.get(&message.kind).and_then(Delivery::otherwise) else { return Ok(None) };
        self.carried(other, message, token, secrets, now)
    }

    fn carried(
        &self,
        delivery: &Delivery,
        message: &Message,
        token: Option<&AccessToken>,
        secrets: &Secrets,
        now: DateTime<Utc>,
    ) -> Result<Option<Request>, RequestError> {
        let Some(mut request) = delivery.request(&self.core, message, now)? else { return Ok(None) };
        self.authentication.apply(&mut request, secrets, token.map(|t| t.value.as_str()), now)?;
        Ok(Some(request))
    }

    /// What the platform's answer to [`Self::delivery`] means.
    pub fn delivery_outcome(&self, response: &Response, kind: MessageKind) -> Outcome {
        self.outcome(self.deliveries.get(&kind), response)
    }

    /// What the platform's answer to [`Self::delivery_otherwise`] means.
    pub fn otherwise_outcome(&self, response: &Response, kind: MessageKind) -> Outcome {
        self.outcome(self.deliveries.get(&kind).and_then(Delivery::otherwise), response)
    }

    fn outcome(&self, delivery: Option<&Delivery>, response: &Response) -> Outcome {
        let own = delivery.map(Delivery::rules).unwrap_or_default();
        let format = delivery.map(Delivery::answer_format).unwrap_or_default();
        outcome::of_answer(&self.core.engine, own.iter().chain(&self.rules), format, response)
    }

    /// Each kind of message that is declared and whether it is sent.
    fn declared_deliveries(&self) -> impl Iterator<Item = (&'static str, bool)> {
        let declared = delivery::KINDS.into_iter().filter_map(|kind| Some((kind, self.deliveries.get(&kind)?)));
        declared.map(|(kind, delivery)| (kind.as_str(), matches!(delivery, Delivery::Sent { .. })))
    }

    fn delivery_expressions(&self, kind: MessageKind) -> BTreeMap<String, String> {
        self.deliveries.get(&kind).map(Delivery::expressions).unwrap_or_default()
    }

    fn mapping(&self, name: &str) -> Option<&Mapping> {
        self.mappings.iter().find(|mapping| mapping.name == name)
    }
}

fn vocabulary(manifest: &Manifest) -> Vocabulary {
    let tables = manifest
        .tables
        .iter()
        .map(|(name, table)| (name.clone(), Table { entries: table.entries.clone(), default: table.default.clone() }))
        .collect();
    let (mut from_platform, mut to_platform) = (BTreeMap::new(), BTreeMap::new());
    if let Some(statuses) = &manifest.statuses {
        from_platform.extend(statuses.from_platform.iter().map(|(code, status)| (code.clone(), status.as_str().to_owned())));
        to_platform.extend(statuses.to_platform.iter().map(|(status, code)| (status.as_str().to_owned(), code.clone())));
    }
    Vocabulary { tables, from_platform, to_platform }
}

fn authentication(
    engine: &Engine,
    manifest: &Manifest,
    secrets: &[&str],
) -> Result<(Authentication, Option<TokenExchange>), ManifestFault> {
    let Some(declared) = &manifest.authentication else { return Ok((Authentication::default(), None)) };
    let authentication = Authentication::compile(declared, secrets)?;
    let token = declared.access_token.as_ref().map(|token| TokenExchange::compile(engine, token, secrets)).transpose()?;
    if authentication.uses_token() != token.is_some() {
        return Err(ManifestFault::new("/authentication", "{token} and access_token are declared together or not at all"));
    }
    Ok((authentication, token))
}

/// Each kind of message is declared or declared as not sent, and each status has a word: silence would be a guess.
fn deliveries(engine: &Engine, manifest: &Manifest) -> Result<HashMap<MessageKind, Delivery>, ManifestFault> {
    let Some(declared) = &manifest.deliveries else { return Ok(HashMap::new()) };
    let mut deliveries = HashMap::new();
    for kind in delivery::KINDS {
        let missing =
            || ManifestFault::new("/deliveries", format!("{} is missing; say not_sent if the platform is not told", kind.as_str()));
        deliveries.insert(kind, Delivery::compile(engine, kind, declared.get(&kind).ok_or_else(missing)?)?);
    }
    let to_platform = manifest.statuses.as_ref().map(|statuses| &statuses.to_platform);
    if let Some(map) = to_platform.filter(|map| !map.is_empty())
        && let Some(status) = CaseStatus::ALL.into_iter().find(|status| !map.contains_key(status))
    {
        return Err(ManifestFault::new("/statuses/to_platform", format!("the status {status} has no word")));
    }
    Ok(deliveries)
}
