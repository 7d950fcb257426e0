//! Petitioners' requests for a review of the answer, from the platforms they filed on.

use actix_web::{HttpRequest, HttpResponse, post, web};

use crate::{
    api::{
        auth::{Caller, Submit},
        body::JsonBody,
        etag,
        problem::Reply,
        responses::Reporting,
    },
    app::{Gateway, validate, view::CaseView},
    domain::review_request::ReviewRequest,
};

/// Ask for a review of the answer
///
/// Within thirty days of the written answer a review (复查), within thirty days of its result a re-review (复核), from a platform one of
/// the case's filings came from (信访工作条例, articles 35 and 36). The case goes before the nearest connected body above the one that
/// answered. The same `request_id` with the same body may be sent again.
#[utoipa::path(
    tag = "cases",
    operation_id = "requestReview",
    params(("id" = String, Path, description = "The case code")),
    request_body(content = ReviewRequest, description = "What the petitioner asks for"),
    responses(
        (status = 200, description = "The case", body = CaseView, headers(("ETag" = String, description = "This version's tag"))),
        Reporting,
    ),
)]
#[post("/v1/cases/{id}/review-requests")]
pub async fn request_review(
    caller: Caller<Submit>,
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    id: web::Path<String>,
    body: JsonBody,
) -> Reply<HttpResponse> {
    let asked = validate::review_request(&body.0, gateway.now())?;
    let case = gateway.request_review(caller.platform()?, &id, asked).await?;
    Ok(etag::case(&request, &case))
}
