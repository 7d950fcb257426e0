//! A platform's own ledger: how many filings it has of each day, their numbers, and one record by its number. With it a
//! platform and the gateway can be compared, and what one of them missed is found.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use serde_json::{Value as Json, json};

use super::{
    body,
    error::{ManifestFault, PageError, Problem, RequestError},
    expression::{Engine, Expression, Scope},
    http::{Request, Response},
    manifest::{BodyFormat, LedgerManifest, LedgerQueryManifest},
    mapping::{Core, Mapped, Mapping},
    outcome::{self, Rule},
    request::RequestShape,
};

/// Days one answer may tell of.
const MAX_DAYS: usize = 400;
/// Numbers one page may have.
const MAX_NUMBERS: usize = 10_000;

/// How a platform's ledger is asked.
pub struct Ledger {
    /// Where the platform's days begin.
    pub zone: Tz,
    days: Query,
    day: Expression,
    count: Expression,
    digest: Option<Expression>,
    numbers: Query,
    more: Option<Expression>,
    record: Query,
    pub(super) mapping: String,
}

/// What a platform says of one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerDay {
    pub day: NaiveDate,
    pub count: u64,
    /// SHA-256, hexadecimal, of the numbers, sorted by their bytes and each followed by a line feed; where the platform gives it.
    pub digest: Option<String>,
}

/// What a ledger can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Counts of the days from one to another, both included.
    Days { from: NaiveDate, until: NaiveDate },
    /// A page, from 0, of the numbers of one day's filings.
    Numbers { day: NaiveDate, page: u64 },
    /// The record of a number.
    Record { number: String },
}

/// One question: its request and where the answer lies.
struct Query {
    request: RequestShape,
    format: BodyFormat,
    answer: Expression,
    place: &'static str,
}

impl Query {
    fn compile(
        engine: &Engine,
        manifest: &LedgerQueryManifest,
        place: &'static str,
        pointer: &str,
        asks: &[&str],
    ) -> Result<Self, ManifestFault> {
        Ok(Self {
            request: RequestShape::compile(engine, &manifest.request, &format!("{pointer}/request"), asks)?,
            format: manifest.format,
            answer: engine.compile(&manifest.answer, &format!("{pointer}/answer"), &VARIABLES)?,
            place,
        })
    }

    fn request<'a>(&'a self, core: &Core, asks: &[(&'a str, Json)], now: DateTime<Utc>) -> Result<Request, RequestError> {
        let scope = Scope::default().with("settings", &core.settings).with("now", &json!(now.to_rfc3339()));
        let mut scope = asks.iter().fold(scope, |scope, (name, value)| scope.with(name, value));
        Ok(self.request.make(core, &mut scope, self.place)?)
    }

    /// What the answer expression makes of the body, and what further expressions make of it.
    fn read(&self, core: &Core, rules: &[Rule], response: &Response, more: Option<&Expression>) -> Result<(Json, bool), PageError> {
        let body = outcome::page(core, rules, self.place, self.format, None, response)?;
        let scope = outcome::scope(response, &body).with("settings", &core.settings);
        let answer = core.value(self.place, "/answer", &self.answer, &scope)?.unwrap_or_default();
        let more = more.map(|expression| core.value(self.place, "/more", expression, &scope)).transpose()?.flatten();
        Ok((answer, more == Some(Json::Bool(true))))
    }
}

const VARIABLES: [&str; 4] = ["status", "headers", "body", "settings"];
const DAYS: [&str; 4] = ["from", "until", "settings", "now"];
const NUMBERS: [&str; 4] = ["day", "page", "settings", "now"];
const RECORD: [&str; 3] = ["number", "settings", "now"];

impl Ledger {
    pub(super) fn compile(engine: &Engine, manifest: &LedgerManifest, mappings: &[Mapping]) -> Result<Self, ManifestFault> {
        let pointer = "/ledger";
        let zone = manifest.zone.parse().map_err(|_| ManifestFault::new("/ledger/zone", "the zone is not in the IANA database"))?;
        let of_day = |source: &str, part: &str| engine.compile(source, &format!("{pointer}/days/{part}"), &["entry", "settings"]);
        if !mappings.iter().any(|mapping| mapping.name == manifest.mapping) {
            return Err(ManifestFault::new("/ledger/mapping", format!("there is no mapping {}", manifest.mapping)));
        }
        Ok(Self {
            zone,
            days: Query::compile(engine, &manifest.days.query, "ledger days", "/ledger/days", &DAYS)?,
            day: of_day(&manifest.days.day, "day")?,
            count: of_day(&manifest.days.count, "count")?,
            digest: manifest.days.digest.as_ref().map(|source| of_day(source, "digest")).transpose()?,
            numbers: Query::compile(engine, &manifest.numbers.query, "ledger numbers", "/ledger/numbers", &NUMBERS)?,
            more: manifest.numbers.more.as_ref().map(|source| engine.compile(source, "/ledger/numbers/more", &VARIABLES)).transpose()?,
            record: Query::compile(engine, &manifest.record, "ledger record", "/ledger/record", &RECORD)?,
            mapping: manifest.mapping.clone(),
        })
    }

    pub(super) fn request(&self, core: &Core, question: &Question, now: DateTime<Utc>) -> Result<Request, RequestError> {
        match question {
            Question::Days { from, until } => self.days.request(core, &[("from", json!(from)), ("until", json!(until))], now),
            Question::Numbers { day, page } => self.numbers.request(core, &[("day", json!(day)), ("page", json!(page))], now),
            Question::Record { number } => self.record.request(core, &[("number", json!(number))], now),
        }
    }

    pub(super) fn read_days(&self, core: &Core, rules: &[Rule], response: &Response) -> Result<Vec<LedgerDay>, PageError> {
        let place = self.days.place;
        let (answer, _) = self.days.read(core, rules, response, None)?;
        let Json::Array(entries) = answer else { return Err(invalid(core, place, "the days are not a list")) };
        if entries.len() > MAX_DAYS {
            return Err(PageError::TooMany { records: entries.len(), limit: MAX_DAYS });
        }
        let day = |entry: &Json| {
            let scope = Scope::default().with("entry", entry).with("settings", &core.settings);
            let text = |field: &str, expression: &Expression| {
                Ok::<_, PageError>(core.value(place, field, expression, &scope)?.map(|json| body::scalar(&json)).unwrap_or_default())
            };
            let day = text("/day", &self.day)?.parse().map_err(|_| invalid(core, place, "a day is not YYYY-MM-DD"))?;
            let count = text("/count", &self.count)?.parse().map_err(|_| invalid(core, place, "a count is not a number"))?;
            let digest = self.digest.as_ref().map(|expression| text("/digest", expression)).transpose()?;
            Ok(LedgerDay { day, count, digest: digest.filter(|text| !text.is_empty()).map(|text| text.to_ascii_lowercase()) })
        };
        entries.iter().map(day).collect()
    }

    /// The numbers and whether there is another page of them.
    pub(super) fn read_numbers(&self, core: &Core, rules: &[Rule], response: &Response) -> Result<(Vec<String>, bool), PageError> {
        let (answer, more) = self.numbers.read(core, rules, response, self.more.as_ref())?;
        let Json::Array(numbers) = answer else { return Err(invalid(core, self.numbers.place, "the numbers are not a list")) };
        if numbers.len() > MAX_NUMBERS {
            return Err(PageError::TooMany { records: numbers.len(), limit: MAX_NUMBERS });
        }
        let texts: Vec<String> = numbers.iter().map(body::scalar).filter(|number| (1..=128).contains(&number.len())).collect();
        // An empty page that promises another would never end.
        Ok((texts, more && !numbers.is_empty()))
    }

    pub(super) fn read_record(&self, core: &Core, rules: &[Rule], mapping: &Mapping, response: &Response) -> Result<Mapped, PageError> {
        let (record, _) = self.record.read(core, rules, response, None)?;
        Ok(mapping.map(core, &record))
    }
}

fn invalid(core: &Core, place: &str, why: &str) -> PageError {
    core.problem(place, Problem::Invalid(why.to_owned())).into()
}
