//! The change feed: CloudEvents in one sequence, as pages, as a batch, or as a stream.

use std::{convert::Infallible, str::FromStr, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header::{ACCEPT, CONTENT_ENCODING, LINK},
    web::{self, Bytes},
};
use chrono::{DateTime, Utc};
use futures_util::{Stream, stream};
use serde::{Deserialize, Deserializer};
use tokio::time::Instant;
use utoipa::{IntoParams, ToSchema};

use crate::{
    api::{
        auth::{Caller, Read},
        params::{self, Params},
        problem::{Problem, Reply},
        responses::{Following, Reading},
    },
    app::{
        Changes, Follower, Gateway,
        code::Code,
        query::{ChangeFilter, DEFAULT_LIMIT, MAX_LIMIT},
        view::{ChangePage, ChangeView, EventKind},
    },
    domain::division,
};

const FEED: &str = "changes";
const BATCH: &str = "application/cloudevents-batch+json";
const SINGLE: &str = "application/cloudevents+json";
const STREAM: &str = "text/event-stream";

/// The longest wait for a change.
const MAX_WAIT: u32 = 30;
/// A stream says that it lives this often; proxies close what is silent.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// A stream ends after this and is taken up again with `Last-Event-ID`: a revoked key does not read on for ever.
const STREAM_LIFE: Duration = Duration::from_secs(600);
/// How long a reader pauses before it takes a stream up again, milliseconds.
const RETRY_MS: u32 = 2_000;

/// Where a reader without a cursor begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Start {
    /// With the first change there ever was.
    #[default]
    Earliest,
    /// With the next one.
    Latest,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ChangeQuery {
    /// Only these types, separated by commas.
    #[serde(rename = "type", deserialize_with = "kinds")]
    #[param(value_type = Option<Vec<EventKind>>, style = Form, explode = false)]
    kinds: Vec<EventKind>,
    /// GB/T 2260 code: cases of this division and all inside it.
    division: Option<String>,
    case: Option<String>,
    /// Where to begin without a cursor.
    #[param(inline)]
    start: Option<Start>,
    /// Without a cursor: begin with the first change of this time or later.
    #[serde(deserialize_with = "params::time")]
    since: Option<DateTime<Utc>>,
    /// Seconds to wait for a change if there is none.
    #[param(minimum = 0, maximum = 30, default = 0)]
    wait: Option<u32>,
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before, or the id of a stream's last event.
    #[param(min_length = 1, max_length = 512)]
    cursor: Option<String>,
}

fn kinds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<EventKind>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let parsed = text.split(',').map(|name| EventKind::parse(name.trim()));
    parsed.collect::<Option<Vec<_>>>().ok_or_else(|| {
        let known: Vec<_> = EventKind::ALL.into_iter().map(|kind| format!("`{}`", kind.as_str())).collect();
        serde::de::Error::custom(format!("expected some of {}, separated by commas", known.join(", ")))
    })
}

/// The form an answer is wanted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Page,
    Batch,
    Stream,
}

impl Form {
    /// The first form offered that the caller accepts (RFC 9110, section 12.5.1; weights are not weighed).
    fn of(request: &HttpRequest) -> Reply<Self> {
        let mut accepted = request.headers().get_all(ACCEPT).filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
        let Some(first) = accepted.next() else { return Ok(Self::Page) };
        std::iter::once(first)
            .chain(accepted)
            .find_map(|range| match range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
                "application/json" | "application/*" | "*/*" => Some(Self::Page),
                BATCH => Some(Self::Batch),
                STREAM | "text/*" => Some(Self::Stream),
                _ => None,
            })
            .ok_or_else(|| Problem::new(Code::NotAcceptable, format!("Accept `application/json`, `{BATCH}` or `{STREAM}`.")))
    }
}

/// Follow changes
///
/// What happens to the cases one's platform is a source or the handler of (to all, for those who watch), oldest first, as
/// CloudEvents 1.0 without personal data. The feed has no end: `next_cursor` always leads on, and with `wait` an empty page
/// comes only after that time. As `application/cloudevents-batch+json` the events come bare and `Link` leads on; as
/// `text/event-stream` they keep coming, each with the cursor behind it as its id, which `Last-Event-ID` takes up again.
#[utoipa::path(
    tag = "changes",
    operation_id = "listChanges",
    params(ChangeQuery, ("Last-Event-ID" = Option<String>, Header, description = "Where a stream broke off; counts instead of `cursor`")),
    responses(
        (status = 200, description = "Changes", headers(("Link" = String, description = "The next page")), content(
            (ChangePage = "application/json"),
            (Vec<ChangeView> = "application/cloudevents-batch+json"),
            (String = "text/event-stream"),
        )),
        Following,
    ),
)]
#[get("/v1/changes")]
pub async fn list_changes(
    caller: Caller<Read>,
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    query: Params<ChangeQuery>,
) -> Reply<HttpResponse> {
    let query = query.0;
    let form = Form::of(&request)?;
    let limit = bounded("limit", query.limit, 1..=MAX_LIMIT, DEFAULT_LIMIT)?;
    let wait = bounded("wait", query.wait, 0..=MAX_WAIT, 0)?;
    if query.division.as_deref().is_some_and(|code| !division::is_known(code)) {
        return Err(Problem::new(Code::InvalidQuery, "`division` cannot be used: expected a GB/T 2260 code."));
    }
    let position = begin(&gateway, &request, &query).await?;
    let filter = ChangeFilter {
        visible_to: caller.reach()?.platform,
        kinds: query.kinds,
        division: caller.within(query.division)?,
        case: query.case,
    };
    if form == Form::Stream {
        let place = gateway.follow_changes()?;
        return Ok(streaming(Reader { gateway: gateway.get_ref().clone(), filter, position, _place: place }));
    }
    let changes = gateway.changes_within(&filter, position, limit, Duration::from_secs(u64::from(wait))).await?;
    Ok(page(&request, form, changes))
}

/// Read a change
///
/// One event of the feed by its id.
#[utoipa::path(
    tag = "changes",
    operation_id = "getChange",
    params(("id" = String, Path, description = "The event's id")),
    responses((status = 200, description = "The event", body = ChangeView, content_type = "application/cloudevents+json"), Reading),
)]
#[get("/v1/changes/{id}")]
pub async fn get_change(caller: Caller<Read>, gateway: web::Data<Gateway>, id: web::Path<String>) -> Reply<HttpResponse> {
    let change = gateway.change(caller.reach()?, &id).await?.ok_or_else(|| Problem::of(Code::NotFound))?;
    Ok(HttpResponse::Ok().content_type(SINGLE).body(json(&change)))
}

fn bounded(name: &str, value: Option<u32>, range: std::ops::RangeInclusive<u32>, default: u32) -> Reply<u32> {
    let value = value.unwrap_or(default);
    if range.contains(&value) {
        return Ok(value);
    }
    let detail = format!("`{name}` cannot be used: expected a number from {} to {}.", range.start(), range.end());
    Err(Problem::new(Code::InvalidQuery, detail))
}

/// Where the reader goes on, or begins.
async fn begin(gateway: &Gateway, request: &HttpRequest, query: &ChangeQuery) -> Reply<i64> {
    let last = request.headers().get("Last-Event-ID").map(|value| value.to_str().unwrap_or_default());
    if let Some(cursor) = last.or(query.cursor.as_deref()) {
        let position = params::open(FEED, cursor).and_then(|position| i64::from_str(&position).ok());
        return position.ok_or_else(|| Problem::of(Code::InvalidCursor));
    }
    Ok(match (query.since, query.start.unwrap_or_default()) {
        (Some(since), _) => gateway.changes_since(since).await?,
        (None, Start::Earliest) => 0,
        (None, Start::Latest) => gateway.head().await?,
    })
}

fn page(request: &HttpRequest, form: Form, changes: Changes) -> HttpResponse {
    let cursor = params::wrap(FEED, &changes.position.to_string());
    let mut response = HttpResponse::Ok();
    response.insert_header((LINK, params::next_link(request, &cursor)));
    match form {
        Form::Batch => response.content_type(BATCH).body(json(&changes.items)),
        Form::Page | Form::Stream => response.json(ChangePage { items: changes.items, next_cursor: cursor }),
    }
}

/// Our own views always serialise.
fn json(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

/// A reader of the stream.
struct Reader {
    gateway: Gateway,
    filter: ChangeFilter,
    position: i64,
    _place: Follower,
}

fn streaming(following: Reader) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(STREAM)
        // A compressor would hold events back until its buffer is full.
        .insert_header((CONTENT_ENCODING, "identity"))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(events(following))
}

/// Server-sent events, and a line without data now and then that moves the reader's position on.
fn events(following: Reader) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let end = Instant::now() + STREAM_LIFE;
    let opening = stream::iter([Ok(Bytes::from(format!("retry: {RETRY_MS}\n\n")))]);
    let rest = stream::unfold(following, move |mut following| async move {
        let now = Instant::now();
        if now >= end {
            return None;
        }
        let found = following.gateway.changes(&following.filter, following.position, DEFAULT_LIMIT).await.ok()?;
        following.position = found.position;
        if !found.items.is_empty() {
            return Some((Ok(lines(&found)), following));
        }
        let come = following.gateway.change_beyond(following.position, end.min(now + HEARTBEAT)).await.ok()?;
        if !come && following.gateway.is_ending() {
            return None;
        }
        let heartbeat = if come { Bytes::new() } else { Bytes::from(format!("id: {}\n\n", cursor(following.position))) };
        Some((Ok(heartbeat), following))
    });
    futures_util::StreamExt::chain(opening, rest)
}

fn cursor(position: i64) -> String {
    params::wrap(FEED, &position.to_string())
}

/// The last event carries the cursor behind it; those before it would be read again, which a reader sees by their ids.
fn lines(changes: &Changes) -> Bytes {
    let last = changes.items.len().saturating_sub(1);
    let mut text = Vec::new();
    for (index, change) in changes.items.iter().enumerate() {
        if index == last {
            text.extend_from_slice(format!("id: {}\n", cursor(changes.position)).as_bytes());
        }
        text.extend_from_slice(b"data: ");
        text.extend_from_slice(&json(change));
        text.extend_from_slice(b"\n\n");
    }
    Bytes::from(text)
}
