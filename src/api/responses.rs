//! The problem responses operations share in the OpenAPI document.

use std::collections::BTreeMap;

use utoipa::{
    IntoResponses,
    openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder},
};

use super::problem::{MEDIA_TYPE, Problem};
use crate::app::code::Code;

macro_rules! problem_sets {
    ($($(#[$doc:meta])* $name:ident: $($status:literal)+;)+) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                [$($status),+].into_iter().map(|status: u16| (status.to_string(), RefOr::Ref(Ref::from_response_name(component(status))))).collect()
            }
        }
    )+};
}

problem_sets! {
    /// Of a list.
    Listing: 400 401 403 414 429 431 500 503 504;
    /// Of one object.
    Reading: 401 403 404 414 429 431 500 503 504;
    /// Of a list that belongs to one object.
    ReadingList: 400 401 403 404 414 429 431 500 503 504;
    /// Of the change feed.
    Following: 400 401 403 406 414 429 431 500 503 504;
    /// Of filing.
    Filing: 400 401 403 408 409 413 414 415 422 429 431 500 503 504;
    /// Of filing many.
    FilingMany: 401 403 414 415 429 431 500 503;
    /// Of reporting on a case.
    Reporting: 400 401 403 404 408 409 413 414 415 422 429 431 500 503 504;
    /// Of a ruling about a case.
    Ruling: 400 401 403 404 408 409 412 413 414 415 422 428 429 431 500 503 504;
    /// Of an action on one object that has parameters.
    Comparing: 400 401 403 404 409 414 429 431 500 503 504;
    /// Of setting up or changing an endpoint.
    Subscribing: 400 401 403 404 408 409 413 414 415 422 429 431 500 503 504;
    /// Of an action on one object.
    Acting: 401 403 404 409 414 429 431 500 503 504;
    /// Of what asks for nothing.
    Asking: 414 431;
    /// Of what anybody may ask.
    Open: 400 404 414 429 431 500 503 504;
}

/// The name of the response component for a status.
pub fn component(status: u16) -> String {
    format!("Problem{status}")
}

/// Every status that a code has, with the response component that tells its codes apart.
pub fn components() -> BTreeMap<String, RefOr<Response>> {
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    // What is documented has its methods; 405 is for those that are not.
    for code in Code::ALL.iter().filter(|code| code.status() != 405) {
        by_status.entry(code.status()).or_default().push(*code);
    }
    by_status.into_iter().map(|(status, codes)| (component(status), RefOr::T(response(&codes)))).collect()
}

fn response(codes: &[Code]) -> Response {
    // Violations share the status of the body they stand in; what a caller tells apart here is the problem's own code.
    let whole: Vec<_> = codes.iter().filter(|code| !is_violation(**code)).collect();
    let lines: Vec<String> = whole.iter().map(|code| format!("`{code}`: {}", code.title())).collect();
    let example = whole.first().map(|code| {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        serde_json::to_value(Problem::of(**code).at("/v1/submissions", trace).into_body()).unwrap_or_default()
    });
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).example(example).build();
    ResponseBuilder::new().description(lines.join("; ")).content(MEDIA_TYPE, content).build()
}

/// True for codes that stand only in `violations`.
pub fn is_violation(code: Code) -> bool {
    code.status() == 422
        && !matches!(
            code,
            Code::IdempotencyKeyReused
                | Code::InvalidSubmission
                | Code::InvalidUpdate
                | Code::InvalidRuling
                | Code::InvalidRating
                | Code::InvalidWebhook
                | Code::BadSplit
        )
}
