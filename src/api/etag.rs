//! Entity tags made from a version (RFC 9110, section 8.8.3).

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, ETAG, IF_MATCH, IF_NONE_MATCH},
};

use super::problem::{Problem, Reply};
use crate::app::{code::Code, view::CaseView};

/// A case with its entity tag, or 304 if the caller has this version already.
pub fn case(request: &HttpRequest, case: &CaseView) -> HttpResponse {
    let tag = format!("\"{}\"", case.version);
    let known = request.headers().get_all(IF_NONE_MATCH).filter_map(|value| value.to_str().ok()).any(|list| matches(list, &tag));
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((ETAG, tag));
    // Kept by the caller alone, and asked about before use.
    response.insert_header((CACHE_CONTROL, "private, no-cache"));
    if known { response.finish() } else { response.json(case) }
}

/// The version of a case that the caller wants to change (RFC 9110, section 13.1.1), which must be given: what people
/// decide, they decide about what they have seen (RFC 6585, section 3).
///
/// # Errors
/// If `If-Match` is missing, or is not a tag of ours.
pub fn expected_version(request: &HttpRequest) -> Reply<u64> {
    let header = request.headers().get(IF_MATCH).ok_or_else(|| Problem::of(Code::PreconditionRequired))?;
    let tag = header.to_str().ok().map(str::trim);
    let version = tag.and_then(|tag| tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok());
    // A tag that is not ours names no version of the case, so the case cannot have it.
    version.ok_or_else(|| Problem::of(Code::PreconditionFailed))
}

/// `If-None-Match` compares weakly (section 13.1.2).
fn matches(list: &str, tag: &str) -> bool {
    list.split(',').map(str::trim).any(|candidate| candidate == "*" || candidate.strip_prefix("W/").unwrap_or(candidate) == tag)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn tags_compare_weakly() {
        for (list, known) in
            [("\"7\"", true), ("W/\"7\"", true), ("\"6\", \"7\"", true), ("*", true), ("\"77\"", false), ("7", false), ("", false)]
        {
            assert_eq!(matches(list, "\"7\""), known, "{list}");
        }
    }
}
