//! Reading a platform page by page. The cursor is whatever the mapping makes of a page: a number, a time, a token.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value as Json, json};

use super::{
    charset::Charset,
    error::{ManifestFault, PageError, Problem, RequestError},
    expression::{Engine, Expression, Scope},
    http::{Request, Response},
    manifest::{BodyFormat, PullManifest, Yields},
    mapping::{Core, Mapped, Mapping},
    outcome::{self, Rule},
    paging::{self, Paging, Turn},
    request::RequestShape,
};

/// Bytes a page may have.
pub const MAX_PAGE: usize = 8 << 20;
/// Records a page may have.
pub const MAX_PAGE_RECORDS: usize = 1_000;
/// One thing that is read from the platform again and again.
pub struct Pull {
    pub name: String,
    pub interval: Duration,
    pub yields: Yields,
    pub(super) mapping: String,
    request: RequestShape,
    format: BodyFormat,
    charset: Option<Charset>,
    records: Expression,
    paging: Paging,
    more: Option<Expression>,
    place: String,
}

/// One page, read.
#[derive(Debug)]
pub struct Page {
    pub records: Vec<Mapped>,
    /// Where to go on. Store it after the records are; absent on an empty first page.
    pub cursor: Option<String>,
    /// True if the next page can be asked for at once.
    pub more: bool,
}

/// A page that came, and what was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// What [`super::Adapter::pull_request`] was given.
    pub cursor: Option<&'a str>,
    pub response: &'a Response,
    /// The platform's base address: links must lie below it.
    pub base: &'a str,
    pub now: DateTime<Utc>,
}

/// The character set a manifest names.
pub(super) fn charset(label: Option<&str>, pointer: &str) -> Result<Option<Charset>, ManifestFault> {
    let known = |label: &str| {
        Charset::of(label)
            .ok_or_else(|| ManifestFault::new(format!("{pointer}/charset"), format!("the character set {label} is not known")))
    };
    label.map(known).transpose()
}

impl Pull {
    pub(super) fn compile(engine: &Engine, manifest: &PullManifest, at: usize, mapping: &Mapping) -> Result<Self, ManifestFault> {
        let pointer = format!("/pulls/{at}");
        let answer = [&outcome::VARIABLES[..], &["cursor", "settings"]].concat();
        let expression = |source: &str, part: &str| engine.compile(source, &format!("{pointer}/{part}"), &answer);
        Ok(Self {
            name: manifest.name.clone(),
            interval: Duration::from_secs(manifest.interval_seconds),
            yields: mapping.yields,
            mapping: mapping.name.clone(),
            request: RequestShape::compile(engine, &manifest.request, &format!("{pointer}/request"), &paging::VARIABLES)?,
            format: manifest.format,
            charset: charset(manifest.charset.as_deref(), &pointer)?,
            records: expression(&manifest.records, "records")?,
            paging: Paging::compile(engine, manifest.paging.as_ref(), manifest.next_cursor.as_deref(), &pointer, &answer)?,
            more: manifest.more.as_ref().map(|source| expression(source, "more")).transpose()?,
            place: format!("pull {}", manifest.name),
        })
    }

    pub(super) fn request(&self, core: &Core, cursor: Option<&str>, now: DateTime<Utc>) -> Result<Request, RequestError> {
        let scope = Scope::default().with("settings", &core.settings).with("now", &json!(now.to_rfc3339()));
        let mut scope = self.paging.fill(scope, cursor);
        let mut request = self.request.make(core, &mut scope, &self.place)?;
        if let Some(target) = self.paging.target(cursor) {
            target.clone_into(&mut request.target);
        }
        Ok(request)
    }

    /// The records of an answer as they came; none where it cannot be read.
    pub(super) fn records(&self, core: &Core, rules: &[Rule], asked: &Asked) -> Vec<Json> {
        let Ok(body) = outcome::page(core, rules, &self.place, self.format, self.charset, asked.response) else { return Vec::new() };
        let scope = outcome::scope(asked.response, &body).with("cursor", &json!(asked.cursor)).with("settings", &core.settings);
        match core.value(&self.place, "/records", &self.records, &scope) {
            Ok(Some(Json::Array(records))) => records,
            _ => Vec::new(),
        }
    }

    pub(super) fn page(&self, core: &Core, rules: &[Rule], mapping: &Mapping, asked: &Asked) -> Result<Page, PageError> {
        let Asked { cursor, response, base, now } = *asked;
        let body = outcome::page(core, rules, &self.place, self.format, self.charset, response)?;
        let scope = outcome::scope(response, &body).with("cursor", &json!(cursor)).with("settings", &core.settings);
        let records = match core.value(&self.place, "/records", &self.records, &scope)? {
            None => Vec::new(),
            Some(Json::Array(records)) => records,
            Some(_) => return Err(core.problem(&self.place, Problem::Invalid("records is not a list".to_owned())).into()),
        };
        if records.len() > MAX_PAGE_RECORDS {
            return Err(PageError::TooMany { records: records.len(), limit: MAX_PAGE_RECORDS });
        }
        let more = match &self.more {
            Some(expression) => Some(core.value(&self.place, "/more", expression, &scope)? == Some(Json::Bool(true))),
            None => None,
        };
        let (place, path) = (self.place.as_str(), self.request.path());
        let turn = Turn { core, place, cursor, records: &records, response, base, path, more, now };
        let next = self.paging.next(&turn, &scope)?;
        Ok(Page { records: records.iter().map(|record| mapping.map(core, record)).collect(), cursor: next.cursor, more: next.more })
    }
}
