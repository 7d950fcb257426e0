//! Reading a platform page by page. The cursor is whatever the mapping makes of a page: a number, a time, a token.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value as Json, json};

use super::{
    body,
    error::{ManifestFault, PageError, Problem, RequestError},
    expression::{Engine, Expression},
    http::{Request, Response},
    manifest::{BodyFormat, PullManifest, Yields},
    mapping::{Core, Mapped, Mapping},
    outcome::{self, Outcome, Rule},
    request::RequestShape,
};

/// Bytes a page may have.
pub const MAX_PAGE: usize = 8 << 20;
/// Records a page may have.
pub const MAX_PAGE_RECORDS: usize = 1_000;
/// Bytes a cursor may have.
const MAX_CURSOR: usize = 1_024;

/// One thing that is read from the platform again and again.
pub struct Pull {
    pub name: String,
    pub interval: Duration,
    pub yields: Yields,
    pub(super) mapping: String,
    request: RequestShape,
    format: BodyFormat,
    records: Expression,
    next_cursor: Option<Expression>,
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
            request: RequestShape::compile(engine, &manifest.request, &format!("{pointer}/request"), &["cursor", "settings", "now"])?,
            format: manifest.format,
            records: expression(&manifest.records, "records")?,
            next_cursor: manifest.next_cursor.as_ref().map(|source| expression(source, "next_cursor")).transpose()?,
            more: manifest.more.as_ref().map(|source| expression(source, "more")).transpose()?,
            place: format!("pull {}", manifest.name),
        })
    }

    pub(super) fn request(&self, core: &Core, cursor: Option<&str>, now: DateTime<Utc>) -> Result<Request, RequestError> {
        let mut scope = super::expression::Scope::default()
            .with("cursor", &json!(cursor))
            .with("settings", &core.settings)
            .with("now", &json!(now.to_rfc3339()));
        Ok(self.request.make(core, &mut scope, &self.place)?)
    }

    /// The records of an answer as they came; none where it cannot be read.
    pub(super) fn records(&self, core: &Core, cursor: Option<&str>, response: &Response) -> Vec<Json> {
        let Ok(body) = body::read(self.format, &response.body) else { return Vec::new() };
        let scope = outcome::scope(response, &body).with("cursor", &json!(cursor)).with("settings", &core.settings);
        match core.value(&self.place, "/records", &self.records, &scope) {
            Ok(Some(Json::Array(records))) => records,
            _ => Vec::new(),
        }
    }

    pub(super) fn page(
        &self,
        core: &Core,
        rules: &[Rule],
        mapping: &Mapping,
        cursor: Option<&str>,
        response: &Response,
    ) -> Result<Page, PageError> {
        if response.body.len() > MAX_PAGE {
            return Err(PageError::TooLarge { bytes: response.body.len(), limit: MAX_PAGE });
        }
        let read = body::read(self.format, &response.body);
        let body = read.as_ref().cloned().unwrap_or_default();
        let scope = outcome::scope(response, &body).with("cursor", &json!(cursor)).with("settings", &core.settings);
        match outcome::classify(&core.engine, rules.iter(), &scope, response) {
            Outcome::Delivered { .. } => {}
            Outcome::Retry { .. } if rules.is_empty() && (200..300).contains(&response.status) => {}
            Outcome::Retry { after, reason } => return Err(PageError::Retry { after, reason }),
            Outcome::TokenExpired => return Err(PageError::TokenExpired),
            Outcome::Rejected { code, reason } => return Err(PageError::Rejected { code, reason }),
        }
        read.map_err(|why| core.problem(&self.place, Problem::Unreadable(why)))?;
        let records = match core.value(&self.place, "/records", &self.records, &scope)? {
            None => Vec::new(),
            Some(Json::Array(records)) => records,
            Some(_) => return Err(core.problem(&self.place, Problem::Invalid("records is not a list".to_owned())).into()),
        };
        if records.len() > MAX_PAGE_RECORDS {
            return Err(PageError::TooMany { records: records.len(), limit: MAX_PAGE_RECORDS });
        }
        let next = match &self.next_cursor {
            Some(expression) => core.value(&self.place, "/next_cursor", expression, &scope)?.map(|json| body::scalar(&json)),
            None => None,
        };
        if next.as_ref().is_some_and(|next| next.len() > MAX_CURSOR) {
            return Err(core.problem(&self.place, Problem::ResultTooLarge { limit: MAX_CURSOR }).into());
        }
        let next = next.or_else(|| cursor.map(str::to_owned));
        let more = match &self.more {
            Some(expression) => core.value(&self.place, "/more", expression, &scope)? == Some(Json::Bool(true)),
            None => false,
        };
        if more && next.as_deref() == cursor {
            return Err(PageError::CursorStuck);
        }
        Ok(Page { records: records.iter().map(|record| mapping.map(core, record)).collect(), cursor: next, more })
    }
}
