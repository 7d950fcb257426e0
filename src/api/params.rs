//! Query parameters, cursors and the links between pages.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload, http::header::LINK, web::Query};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use utoipa::IntoParams;

use super::problem::{Problem, Reply};
use crate::app::{
    code::Code,
    query::{DEFAULT_LIMIT, MAX_LIMIT, Page},
    view::Paged,
};
use crate::domain::calendar::day_begins;

/// The query of a request as `T`. Unknown parameters are refused: a filter that is misspelt must not answer everything.
#[derive(Debug)]
pub struct Params<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Params<T> {
    type Error = Problem;
    type Future = Ready<Reply<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse(request.query_string()).map(Self))
    }
}

/// Percent-decoding replaces what is not UTF-8, which would look for something else than was asked.
fn is_utf8(query: &str) -> bool {
    let mut bytes = Vec::with_capacity(query.len());
    let mut rest = query.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let encoded = after.get(..2).filter(|_| *byte == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        match encoded.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(decoded) => {
                bytes.push(decoded);
                rest = &after[2..];
            }
            None => {
                bytes.push(*byte);
                rest = after;
            }
        }
    }
    std::str::from_utf8(&bytes).is_ok()
}

fn parse<T: DeserializeOwned>(query: &str) -> Reply<T> {
    if !is_utf8(query) {
        return Err(Problem::new(Code::InvalidQuery, "The query is not UTF-8; encode its values as UTF-8, then as percent signs."));
    }
    Query::<T>::from_query(query).map(Query::into_inner).map_err(|_| {
        // The error does not say which parameter it is about, and may repeat its value: ask for each on its own.
        let wrong = query.split('&').filter(|pair| !pair.is_empty()).find_map(|pair| {
            let error = Query::<T>::from_query(pair).err()?.to_string();
            let name: String = pair.split('=').next().unwrap_or_default().chars().take(64).collect();
            Some(match error.split_once("expected ") {
                _ if error.contains("unknown field") => format!("There is no parameter `{name}` here; remove it."),
                Some((_, expected)) => format!("`{name}` cannot be used: expected {expected}."),
                None => format!("`{name}` cannot be used; its form is in the OpenAPI document."),
            })
        });
        Problem::new(Code::InvalidQuery, wrong.unwrap_or_else(|| "A parameter is there twice; give each once.".to_owned()))
    })
}

/// A parameter that must be there. Asked for by the handler and not by the form of the query, so that a caller without a key
/// learns of that first.
///
/// # Errors
/// If it is missing.
pub fn given<T>(name: &str, value: Option<T>) -> Reply<T> {
    value.ok_or_else(|| Problem::new(Code::InvalidQuery, format!("`{name}` is missing; give it.")))
}

/// Which page of a list that has no filters.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(min_length = 1, max_length = 512)]
    pub cursor: Option<String>,
}

/// Parameters that go with any list, beside the filters that are its own.
pub trait Common: DeserializeOwned {
    const NAMES: &'static [&'static str];
}

impl Common for PageQuery {
    const NAMES: &'static [&'static str] = &["limit", "cursor"];
}

/// The query of a request as a list's own filters and what goes with any list.
#[derive(Debug)]
pub struct Filtered<F, C>(pub F, pub C);

impl<F: DeserializeOwned, C: Common> FromRequest for Filtered<F, C> {
    type Error = Problem;
    type Future = Ready<Reply<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let is_common = |pair: &&str| pair.split('=').next().is_some_and(|name| C::NAMES.contains(&name));
        let (common, own): (Vec<&str>, Vec<&str>) = request.query_string().split('&').partition(is_common);
        ready(parse(&own.join("&")).and_then(|own| Ok(Self(own, parse(&common.join("&"))?))))
    }
}

/// From when on: a time as [`time`], or a day in Beijing.
///
/// # Errors
/// If it is neither.
pub fn since<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    moment(deserializer, Days::new(0))
}

/// Until when: a time as [`time`], or a day in Beijing, which is included.
///
/// # Errors
/// If it is neither.
pub fn until<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    moment(deserializer, Days::new(1))
}

fn moment<'de, D: Deserializer<'de>>(deserializer: D, after_midnight: Days) -> Result<Option<DateTime<Utc>>, D::Error> {
    let text = String::deserialize(deserializer)?.replace(' ', "+");
    let day = || text.parse::<NaiveDate>().ok()?.checked_add_days(after_midnight).and_then(day_begins);
    let time = DateTime::parse_from_rfc3339(&text).ok().map(|time| time.to_utc()).or_else(day);
    time.map(Some).ok_or_else(|| serde::de::Error::custom("expected a time as RFC 3339 with offset, or a day as YYYY-MM-DD"))
}

/// A time in a query: RFC 3339, where an unescaped `+` has become a space.
///
/// # Errors
/// If it is not a time with an offset.
pub fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let text = String::deserialize(deserializer)?.replace(' ', "+");
    let time = DateTime::parse_from_rfc3339(&text).map_err(|_| serde::de::Error::custom("expected a time as RFC 3339 with offset"))?;
    Ok(Some(time.to_utc()))
}

/// The page asked for of the list `list`.
///
/// # Errors
/// If the limit is out of range or the cursor is not one this list gave out.
pub fn page(list: &str, limit: Option<u32>, cursor: Option<&str>) -> Reply<Page> {
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Problem::new(Code::InvalidQuery, format!("`limit` cannot be used: expected a number from 1 to {MAX_LIMIT}.")));
    }
    let after = cursor.map(|cursor| open(list, cursor).ok_or_else(|| Problem::of(Code::InvalidCursor))).transpose()?;
    Ok(Page { limit, after })
}

const SEAL: usize = 6;

/// Ties a position to its list, so that a cursor made up or taken elsewhere is refused instead of answering nonsense.
fn seal(list: &str, position: &[u8]) -> [u8; SEAL] {
    let mut hasher = blake3::Hasher::new_derive_key("onecase list cursor v1");
    hasher.update(list.as_bytes()).update(b"\0").update(position);
    let mut out = [0; SEAL];
    hasher.finalize_xof().fill(&mut out);
    out
}

/// The cursor that leads to a position of a list.
pub fn wrap(list: &str, position: &str) -> String {
    let mut bytes = seal(list, position.as_bytes()).to_vec();
    bytes.extend_from_slice(position.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The position that a cursor of this list leads to.
pub fn open(list: &str, cursor: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (tag, position) = bytes.split_at_checked(SEAL)?;
    (tag == seal(list, position)).then(|| String::from_utf8(position.to_vec()).ok()).flatten()
}

/// The address of the page after this one, whose list goes on at a position.
pub fn next_address(request: &HttpRequest, list: &str, position: &str) -> String {
    with_cursor(request, &wrap(list, position))
}

/// Where the list goes on, with the filters of this request (RFC 8288).
pub fn next_link(request: &HttpRequest, cursor: &str) -> String {
    format!("<{}>; rel=\"next\"", with_cursor(request, cursor))
}

/// The address asked for with another cursor.
fn with_cursor(request: &HttpRequest, cursor: &str) -> String {
    let others = request.query_string().split('&').filter(|pair| !pair.is_empty() && pair.split('=').next() != Some("cursor"));
    let query: String = others.map(|pair| format!("{pair}&")).collect();
    format!("{}?{query}cursor={cursor}", request.path())
}

/// A page as the answer: cursors made opaque, and a link to the next page (RFC 8288).
pub fn paged<T: Serialize>(request: &HttpRequest, list: &str, mut page: Paged<T>) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    if let Some(position) = page.next_cursor.take() {
        let cursor = wrap(list, &position);
        response.insert_header((LINK, next_link(request, &cursor)));
        page.next_cursor = Some(cursor);
    }
    response.json(page)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;
    use crate::domain::submission::Kind;

    #[derive(Debug, Default, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Example {
        limit: Option<u32>,
        kind: Option<Kind>,
        #[serde(deserialize_with = "time")]
        since: Option<DateTime<Utc>>,
    }

    fn check(query: &str, expected: &str) {
        let said = match parse::<Example>(query) {
            Ok(_) => "fine".to_owned(),
            Err(problem) => problem.into_body().detail,
        };
        assert!(said.contains(expected), "{query}: {said}");
    }

    #[test]
    fn a_parameter_that_cannot_be_used_is_named() {
        check("", "fine");
        check("limit=3&kind=request&since=2026-03-01T09:30:00+08:00", "fine");
        check("limit=3&colour=red", "no parameter `colour`");
        check("limit=many", "`limit` cannot be used");
        check("kind=plea", "`kind` cannot be used: expected one of `request`, `suggestion`, `accusation`.");
        check("since=yesterday", "`since` cannot be used: expected a time");
        check("limit=1&limit=2", "twice");
        check("kind=%ff", "not UTF-8");
        check("limit=%E4%BA", "not UTF-8");
        check("kind=%E8%AF%B7", "`kind` cannot be used");
        check("limit=%31", "fine");
        check("limit=%3", "`limit` cannot be used");
        for query in ["kind=secret", "since=secret", "limit=secret"] {
            assert!(!parse::<Example>(query).expect_err("refused").into_body().detail.contains("secret"), "{query}");
        }
        let since = parse::<Example>("since=2026-03-01T09:30:00%2B08:00").expect("a time").since;
        assert_eq!(since, "2026-03-01T01:30:00Z".parse().ok());
    }

    #[test]
    fn a_cursor_works_only_on_its_own_list() {
        let cursor = wrap("cases", "2026|LJ1");
        assert!(!cursor.contains("2026"));
        assert_eq!(page("cases", None, Some(&cursor)).expect("a page").after.as_deref(), Some("2026|LJ1"));
        for (list, cursor) in [("gaps", cursor.as_str()), ("cases", "AAAA"), ("cases", "?"), ("cases", "")] {
            assert_eq!(page(list, None, Some(cursor)).expect_err("refused").code(), Code::InvalidCursor);
        }
        assert!(page("cases", Some(0), None).is_err() && page("cases", Some(201), None).is_err());
    }

    #[test]
    fn the_next_page_keeps_the_filters() {
        let request = TestRequest::get().uri("/v1/cases?status=routed&cursor=old&limit=2").to_http_request();
        let response = paged(&request, "cases", Paged { items: vec![1, 2], next_cursor: Some("p".into()) });
        let link = response.headers().get(LINK).and_then(|v| v.to_str().ok()).expect("a link");
        assert!(link.starts_with("</v1/cases?status=routed&limit=2&cursor=") && link.ends_with(">; rel=\"next\""), "{link}");
    }
}
