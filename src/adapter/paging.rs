//! How a platform's list is gone through, and where to go on after a restart.
//!
//! | kind | the cursor between pages | what may change while it is read |
//! | --- | --- | --- |
//! | own expressions | whatever they make of a page: a number, a token | what the platform's token stands for |
//! | `page` | the number of the page; the last one is read again, and `overlap` pages before it | new records at the end |
//! | `offset` | the number of records passed, less an overlap | so many deletions as the overlap has records |
//! | `since` | the latest time seen, less an overlap, and the page within it | anything with a new time |
//! | `link` | the address in the `Link` header (RFC 8288) | what the platform's link stands for |
//!
//! What is read twice is recognised by its number and body, so an overlap costs time and nothing else.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::{
    body,
    error::{ManifestFault, PageError, Problem},
    expression::{Engine, Expression, Scope},
    http::Response,
    link,
    manifest::PagingManifest,
    mapping::Core,
};

/// Bytes a cursor may have.
const MAX_CURSOR: usize = 2_048;

/// The variables a request of a pull knows.
pub(super) const VARIABLES: [&str; 6] = ["cursor", "settings", "now", "page", "offset", "since"];

pub(super) enum Paging {
    Own { next: Option<Expression> },
    Page { start: u64, size: usize, overlap: u64 },
    Offset { size: usize, overlap: usize },
    Since { time: Expression, overlap: TimeDelta, start: DateTime<Utc>, first_page: u64, size: usize },
    Link,
}

/// Where a reading by time stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Window {
    since: DateTime<Utc>,
    page: u64,
    /// The latest time seen in this window so far.
    high: DateTime<Utc>,
}

/// What a page is judged by.
pub(super) struct Turn<'a> {
    pub core: &'a Core,
    pub place: &'a str,
    pub cursor: Option<&'a str>,
    pub records: &'a [Json],
    pub response: &'a Response,
    /// The platform's base address and the path that was asked, for links.
    pub base: &'a str,
    pub path: &'a str,
    /// What the manifest's own expression says about further pages.
    pub more: Option<bool>,
    pub now: DateTime<Utc>,
}

/// Where to go on and whether at once.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Next {
    pub cursor: Option<String>,
    pub more: bool,
}

impl Paging {
    pub fn compile(
        engine: &Engine,
        manifest: Option<&PagingManifest>,
        next: Option<&str>,
        pointer: &str,
        answer: &[&str],
    ) -> Result<Self, ManifestFault> {
        let fault = |member: &str, why: &str| Err(ManifestFault::new(format!("{pointer}/paging/{member}"), why));
        let Some(manifest) = manifest else {
            let next = next.map(|source| engine.compile(source, &format!("{pointer}/next_cursor"), answer)).transpose()?;
            return Ok(Self::Own { next });
        };
        if next.is_some() {
            return Err(ManifestFault::new(format!("{pointer}/next_cursor"), "paging says already where to go on"));
        }
        match manifest {
            PagingManifest::Page { start, size, overlap } => Ok(Self::Page { start: *start, size: *size, overlap: *overlap }),
            PagingManifest::Offset { size, overlap } if overlap >= size => fault("overlap", "an overlap of a whole page never gets on"),
            PagingManifest::Offset { size, overlap } => Ok(Self::Offset { size: *size, overlap: *overlap }),
            PagingManifest::Since { time, overlap_seconds, start, first_page, size } => Ok(Self::Since {
                time: engine.compile(time, &format!("{pointer}/paging/time"), &["record", "settings"])?,
                overlap: TimeDelta::seconds((*overlap_seconds).into()),
                start: *start,
                first_page: *first_page,
                size: *size,
            }),
            PagingManifest::Link {} => Ok(Self::Link),
        }
    }

    /// Adds what the request's expressions may ask for.
    pub fn fill<'a>(&self, scope: Scope<'a>, cursor: Option<&str>) -> Scope<'a> {
        let number = || cursor.and_then(|cursor| cursor.parse::<u64>().ok());
        let (page, offset, since) = match self {
            Self::Page { start, .. } => (json!(number().unwrap_or(*start)), Json::Null, Json::Null),
            Self::Offset { .. } => (Json::Null, json!(number().unwrap_or(0)), Json::Null),
            Self::Since { size, first_page, .. } => {
                let window = self.window(cursor);
                let passed = window.page.saturating_sub(*first_page).saturating_mul(u64::try_from(*size).unwrap_or(u64::MAX));
                (json!(window.page), json!(passed), json!(rfc3339(window.since)))
            }
            Self::Own { .. } | Self::Link => (Json::Null, Json::Null, Json::Null),
        };
        scope.with("cursor", &json!(cursor)).with("page", &page).with("offset", &offset).with("since", &since)
    }

    /// The address a link named, instead of the request's own.
    pub fn target<'a>(&self, cursor: Option<&'a str>) -> Option<&'a str> {
        if matches!(self, Self::Link) { cursor } else { None }
    }

    fn window(&self, cursor: Option<&str>) -> Window {
        let (start, first) = match self {
            Self::Since { start, first_page, .. } => (*start, *first_page),
            _ => (DateTime::UNIX_EPOCH, 0),
        };
        let kept = cursor.and_then(|cursor| serde_json::from_str(cursor).ok());
        kept.unwrap_or(Window { since: start, page: first, high: start })
    }

    /// Where to go on after a page.
    pub fn next(&self, turn: &Turn, scope: &Scope) -> Result<Next, PageError> {
        let next = match self {
            Self::Own { next } => own(next.as_ref(), turn, scope)?,
            Self::Page { start, size, overlap } => {
                let page = turn.cursor.and_then(|cursor| cursor.parse().ok()).unwrap_or(*start);
                let more = turn.more.unwrap_or(turn.records.len() >= *size);
                let next = if more { page.saturating_add(1) } else { page.saturating_sub(*overlap).max(*start) };
                Next { cursor: Some(next.to_string()), more }
            }
            Self::Offset { size, overlap } => {
                let passed: usize = turn.cursor.and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
                let more = turn.more.unwrap_or(turn.records.len() >= *size) && turn.records.len() > *overlap;
                let reached = passed.saturating_add(turn.records.len()).saturating_sub(*overlap);
                // The overlap alone was read again: nothing is new.
                Next { cursor: Some(reached.max(passed).to_string()), more }
            }
            Self::Since { .. } => self.later(turn)?,
            Self::Link => linked(turn)?,
        };
        if next.cursor.as_ref().is_some_and(|cursor| cursor.len() > MAX_CURSOR) {
            return Err(turn.core.problem(turn.place, Problem::ResultTooLarge { limit: MAX_CURSOR }).into());
        }
        Ok(next)
    }

    /// Time only goes forward: a platform whose times go back, or lie ahead of our clock, moves nothing.
    fn later(&self, turn: &Turn) -> Result<Next, PageError> {
        let Self::Since { time, overlap, first_page, size, .. } = self else { return Ok(Next { cursor: None, more: false }) };
        let mut window = self.window(turn.cursor);
        for record in turn.records {
            let scope = Scope::default().with("record", record).with("settings", &turn.core.settings);
            // A record whose time cannot be read is no reason to stop: it goes its way as any other.
            let read = turn.core.engine.evaluate(time, &scope).ok().flatten();
            let at = read.and_then(|json| DateTime::parse_from_rfc3339(json.as_str()?).ok()).map(|at| at.to_utc());
            window.high = window.high.max(at.unwrap_or(window.high).min(turn.now));
        }
        let more = turn.more.unwrap_or(turn.records.len() >= *size);
        let next = if more {
            Window { page: window.page.saturating_add(1), ..window }
        } else {
            let since = (window.high - *overlap).max(window.since);
            Window { since, page: *first_page, high: window.high }
        };
        Ok(Next { cursor: serde_json::to_string(&next).ok(), more })
    }
}

fn own(next: Option<&Expression>, turn: &Turn, scope: &Scope) -> Result<Next, PageError> {
    let made = next.map(|expression| turn.core.value(turn.place, "/next_cursor", expression, scope)).transpose()?.flatten();
    let cursor = made.map(|json| body::scalar(&json)).or_else(|| turn.cursor.map(str::to_owned));
    let more = turn.more.unwrap_or(false);
    if more && cursor.as_deref() == turn.cursor {
        return Err(PageError::CursorStuck);
    }
    Ok(Next { cursor, more })
}

/// Without a further link the last page is asked for again next time.
fn linked(turn: &Turn) -> Result<Next, PageError> {
    let Some(found) = turn.response.headers_named("link").find_map(link::next) else {
        return Ok(Next { cursor: turn.cursor.map(str::to_owned), more: false });
    };
    let target = link::within(turn.base, turn.path, &found).ok_or(PageError::ForeignLink)?;
    if Some(target.as_str()) == turn.cursor {
        return Err(PageError::CursorStuck);
    }
    Ok(Next { cursor: Some(target), more: turn.more.unwrap_or(true) })
}

fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::adapter::functions::Vocabulary;

    const NOW: &str = "2026-03-02T00:00:00Z";

    fn core() -> Core {
        Core { name: "a".into(), engine: Engine::new(Arc::new(Vocabulary::default())), settings: json!({}) }
    }

    /// Goes through pages of records and tells each cursor; `!` marks that there is more.
    fn walk(paging: &str, pages: &[Vec<Json>]) -> Vec<String> {
        let core = core();
        let manifest: PagingManifest = serde_json::from_value(yaml_serde::from_str(paging).expect("yaml")).expect("a manifest");
        let paging = Paging::compile(&core.engine, Some(&manifest), None, "", &[]).map_err(|f| f.to_string()).expect("compiles");
        let response = Response { status: 200, headers: Vec::new(), body: Vec::new() };
        let mut cursor: Option<String> = None;
        let mut told = Vec::new();
        for records in pages {
            let turn = Turn {
                core: &core,
                place: "pull",
                cursor: cursor.as_deref(),
                records,
                response: &response,
                base: "http://p",
                path: "/",
                more: None,
                now: NOW.parse().expect("a time"),
            };
            let next = paging.next(&turn, &Scope::default()).expect("goes on");
            told.push(format!("{}{}", next.cursor.as_deref().unwrap_or("-"), if next.more { "!" } else { "" }));
            cursor = next.cursor;
        }
        told
    }

    fn numbers(count: usize) -> Vec<Json> {
        vec![json!(0); count]
    }

    #[test]
    fn pages_and_offsets_go_on_where_they_stopped() {
        assert_eq!(
            walk("{kind: page, start: 1, size: 2}", &[numbers(2), numbers(2), numbers(1), numbers(2), numbers(0)]),
            ["2!", "3!", "3", "4!", "4"]
        );
        assert_eq!(walk("{kind: page, size: 2, overlap: 1}", &[numbers(2), numbers(1), numbers(2)]), ["1!", "0", "1!"]);
        assert_eq!(walk("{kind: offset, size: 3, overlap: 1}", &[numbers(3), numbers(3), numbers(1), numbers(2)]), ["2!", "4!", "4", "5"]);
    }

    #[test]
    fn time_goes_forward_and_overlaps() {
        let at = |times: &[&str]| times.iter().map(|time| json!({"t": format!("2026-03-01T{time}:00Z")})).collect::<Vec<_>>();
        let told = walk(
            "{kind: since, time: record.t, overlap_seconds: 300, start: '2026-03-01T00:00:00Z', size: 2}",
            &[at(&["01:00", "03:00"]), at(&["02:00"]), at(&["00:30"]), vec![json!({"t": "2030-01-01T00:00:00Z"})], vec![json!({})]],
        );
        let windows: Vec<(String, bool)> = told.iter().map(|w| (w.trim_end_matches('!').to_owned(), w.ends_with('!'))).collect();
        let since: Vec<(String, u64, bool)> = windows
            .iter()
            .map(|(json, more)| {
                let window: Window = serde_json::from_str(json).expect("a window");
                (rfc3339(window.since), window.page, *more)
            })
            .collect();
        let expected = [
            ("2026-03-01T00:00:00Z", 1, true),
            ("2026-03-01T02:55:00Z", 0, false),
            // Time went back: nothing moves.
            ("2026-03-01T02:55:00Z", 0, false),
            // A time ahead of our clock counts as now.
            ("2026-03-01T23:55:00Z", 0, false),
            ("2026-03-01T23:55:00Z", 0, false),
        ];
        assert_eq!(since.iter().map(|(s, p, m)| (s.as_str(), *p, *m)).collect::<Vec<_>>(), expected);
    }
}
