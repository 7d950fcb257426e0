//! Petitioners' ratings, from the platforms they filed on.

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
    domain::rating::Rating,
};

/// Rate a case
///
/// What the petitioner thinks of the answer, from a platform one of the case's filings came from. The newest rating counts. The
/// same `rating_id` with the same body may be sent again.
#[utoipa::path(
    tag = "cases",
    operation_id = "rateCase",
    params(("id" = String, Path, description = "The case code")),
    request_body(content = Rating, description = "What the petitioner thinks of the answer"),
    responses(
        (status = 200, description = "The case", body = CaseView, headers(("ETag" = String, description = "This version's tag"))),
        Reporting,
    ),
)]
#[post("/v1/cases/{id}/ratings")]
pub async fn rate_case(
    caller: Caller<Submit>,
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    id: web::Path<String>,
    body: JsonBody,
) -> Reply<HttpResponse> {
    let rating = validate::rating(&body.0, gateway.now())?;
    let case = gateway.rate(caller.platform()?, &id, rating).await?;
    Ok(etag::case(&request, &case))
}
