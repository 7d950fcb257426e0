//! Filings: send one, read one's own.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::{StatusCode, header::LOCATION},
    post, web,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    api::{
        auth::{Caller, Read, Submit, there},
        body::JsonBody,
        params::{self, Params},
        prefer::{self, Preference},
        problem::{Problem, Reply},
        responses::{Filing, Listing, Reading},
    },
    app::{
        Gateway, Registered,
        code::Code,
        query::SubmissionFilter,
        validate,
        view::{Decision, Paged, SubmissionState, SubmissionView},
    },
    domain::{
        blind::BlindSubmission,
        submission::{Channel, Kind, Submission},
    },
};

/// That a filing is registered durably. The link to a case follows; ask at `Location`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SubmissionReceipt {
    /// The gateway's number of the filing.
    pub id: String,
    pub state: SubmissionState,
    pub received_at: DateTime<Utc>,
}

/// Send a filing
///
/// A 2xx answer means that the filing is stored durably. The same `source_id` with the same body answers the first
/// result, so a filing may be sent again whenever the answer was lost.
#[utoipa::path(
    tag = "submissions",
    operation_id = "createSubmission",
    request_body(content = Submission, description = "The filing in exchange format v1"),
    params(
        ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, pattern = "^[ !#-~]+$", description = "A fresh value for every new request: the same value with the same body answers the first result"),
        ("Prefer" = Option<String>, Header, description = "`wait=N` waits up to N (at most 30) seconds for the link to a case; `respond-async` does not wait, as without the header"),
    ),
    responses(
        (status = 201, description = "Registered and linked within the time waited", body = SubmissionView,
            headers(("Location" = String, description = "The filing"), ("Preference-Applied" = String, description = "What was done of `Prefer`"))),
        (status = 200, description = "Registered before, and linked", body = SubmissionView,
            headers(("Location" = String, description = "The filing"), ("Preference-Applied" = String, description = "What was done of `Prefer`"))),
        (status = 202, description = "Registered; the link follows", body = SubmissionReceipt,
            headers(("Location" = String, description = "The filing"), ("Preference-Applied" = String, description = "What was done of `Prefer`"))),
        Filing,
    ),
)]
#[post("/v1/submissions")]
pub async fn create_submission(
    caller: Caller<Submit>,
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    body: JsonBody,
) -> Reply<HttpResponse> {
    let platform = caller.platform()?;
    let key = prefer::idempotency_key(request.headers())?;
    let preference = Preference::of(request.headers());
    let submission = validate::submission(&body.0, gateway.now())?;
    let registered = gateway.submit(platform, submission, key).await?;
    let linked = linked(&gateway, &registered, preference).await?;
    Ok(answer(registered, linked, preference))
}

/// Send a filing blind
///
/// For a platform that may not share content: the envelope and a fingerprint, made on its own machine with
/// `onecase fingerprint`. The filing is registered, linked, answered and found as a duplicate like any other; the
/// responsible body is told where the content can be asked for.
#[utoipa::path(
    tag = "submissions",
    operation_id = "createBlindSubmission",
    request_body(content = BlindSubmission, description = "The envelope and the fingerprint"),
    params(
        ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, pattern = "^[ !#-~]+$", description = "A fresh value for every new request: the same value with the same body answers the first result"),
        ("Prefer" = Option<String>, Header, description = "`wait=N` waits up to N (at most 30) seconds for the link to a case; `respond-async` does not wait, as without the header"),
    ),
    responses(
        (status = 201, description = "Registered and linked within the time waited", body = SubmissionView,
            headers(("Location" = String, description = "The filing"), ("Preference-Applied" = String, description = "What was done of `Prefer`"))),
        (status = 200, description = "Registered before, and linked", body = SubmissionView,
            headers(("Location" = String, description = "The filing"), ("Preference-Applied" = String, description = "What was done of `Prefer`"))),
        (status = 202, description = "Registered; the link follows", body = SubmissionReceipt,
            headers(("Location" = String, description = "The filing"), ("Preference-Applied" = String, description = "What was done of `Prefer`"))),
        Filing,
    ),
)]
#[post("/v1/submissions/blind")]
pub async fn create_blind_submission(
    caller: Caller<Submit>,
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    body: JsonBody,
) -> Reply<HttpResponse> {
    let platform = caller.platform()?;
    let key = prefer::idempotency_key(request.headers())?;
    let preference = Preference::of(request.headers());
    let filing = validate::blind_submission(&body.0, gateway.now())?;
    let registered = gateway.submit_blind(platform, filing, key).await?;
    let linked = linked(&gateway, &registered, preference).await?;
    Ok(answer(registered, linked, preference))
}

/// The filing, if it is linked within the time that the caller waits.
async fn linked(gateway: &Gateway, registered: &Registered, preference: Preference) -> Reply<Option<SubmissionView>> {
    let Preference::Wait(time) = preference else { return Ok(None) };
    Ok(gateway.wait_linked(&registered.id, time).await?.filter(|view| view.state == SubmissionState::Linked))
}

fn answer(registered: Registered, linked: Option<SubmissionView>, preference: Preference) -> HttpResponse {
    let status = match (&linked, registered.new) {
        (None, _) => StatusCode::ACCEPTED,
        (Some(_), true) => StatusCode::CREATED,
        (Some(_), false) => StatusCode::OK,
    };
    let mut response = HttpResponse::build(status);
    response.insert_header((LOCATION, format!("/v1/submissions/{}", registered.id)));
    if let Some(applied) = preference.applied() {
        response.insert_header(("Preference-Applied", applied));
    }
    match linked {
        Some(view) => response.json(view),
        None => {
            response.json(SubmissionReceipt { id: registered.id, state: SubmissionState::Registered, received_at: registered.received_at })
        }
    }
}

/// Read a filing
///
/// What became of a filing of one's own: its case, who has it in hand, and what was decided about it.
#[utoipa::path(
    tag = "submissions",
    operation_id = "getSubmission",
    params(("id" = String, Path, description = "The gateway's number of the filing")),
    responses((status = 200, description = "The filing", body = SubmissionView), Reading),
)]
#[get("/v1/submissions/{id}")]
pub async fn get_submission(caller: Caller<Read>, gateway: web::Data<Gateway>, id: web::Path<String>) -> Reply<web::Json<SubmissionView>> {
    there(gateway.sees_submission(&caller.reach()?, &id).await?)?;
    let mut view = gateway.submission(&id).await?.ok_or_else(|| Problem::of(Code::NotFound))?;
    if !caller.is_platform(&view.platform) {
        view.submission = None;
    }
    Ok(web::Json(view))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct SubmissionQuery {
    /// Only for callers who watch the federation; others see their own.
    platform: Option<String>,
    /// The filing's number on its own platform.
    source_id: Option<String>,
    channel: Option<Channel>,
    kind: Option<Kind>,
    decision: Option<Decision>,
    /// Received at this time or later.
    #[serde(deserialize_with = "params::time")]
    received_from: Option<DateTime<Utc>>,
    /// Received before this time.
    #[serde(deserialize_with = "params::time")]
    received_until: Option<DateTime<Utc>>,
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(min_length = 1, max_length = 512)]
    cursor: Option<String>,
}

/// List filings
///
/// One's own, newest first.
#[utoipa::path(
    tag = "submissions",
    operation_id = "listSubmissions",
    params(SubmissionQuery),
    responses((status = 200, description = "A page of filings", body = Paged<SubmissionView>), Listing),
)]
#[get("/v1/submissions")]
pub async fn list_submissions(
    caller: Caller<Read>,
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    query: Params<SubmissionQuery>,
) -> Reply<HttpResponse> {
    let query = query.0;
    let page = params::page("submissions", query.limit, query.cursor.as_deref())?;
    let reach = caller.reach()?;
    let filter = SubmissionFilter {
        platform: reach.platform.or(query.platform),
        division: reach.division,
        source_id: query.source_id,
        channel: query.channel,
        kind: query.kind,
        decision: query.decision,
        received_from: query.received_from,
        received_until: query.received_until,
    };
    Ok(params::paged(&request, "submissions", gateway.submissions(filter, page).await?))
}
