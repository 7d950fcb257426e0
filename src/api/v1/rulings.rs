//! What people decide about cases: merge, split, keep apart, and take that back. The linker never goes against it.

use actix_web::{HttpRequest, HttpResponse, get, http::header::LOCATION, post, web};

use super::Listed;
use crate::{
    api::{
        auth::{Caller, Monitor, Review, there},
        body::JsonBody,
        etag,
        problem::{Problem, Reply},
        responses::{Reading, Ruling},
    },
    app::{
        Decree, Gateway,
        code::Code,
        validate::{self, MergeOrder, PairOrder, SplitOrder},
        view::{CaseView, RulingView},
    },
};

fn decree(caller: &Caller<Review>, request: &HttpRequest, reason: String) -> Reply<Decree> {
    Ok(Decree { actor: caller.actor(), reason, expected_version: Some(etag::expected_version(request)?), other_version: None })
}

/// The case after a ruling.
async fn answer(gateway: &Gateway, request: &HttpRequest, id: &str) -> Reply<HttpResponse> {
    let case = gateway.case(id).await?.ok_or_else(|| Problem::of(Code::NotFound))?;
    Ok(etag::case(request, &case))
}

/// Merge a case into this one
///
/// Its filings move here, and every platform concerned is told where the matter is handled now. The linker never undoes it.
#[utoipa::path(
    tag = "cases",
    operation_id = "mergeCase",
    params(
        ("id" = String, Path, description = "The code of the case that stays"),
        ("If-Match" = String, Header, description = "The entity tag of the version that was looked at"),
    ),
    request_body(content = MergeOrder, description = "Which case, and why"),
    responses((status = 200, description = "The case that stays", body = CaseView, headers(("ETag" = String, description = "This version's tag"))), Ruling),
)]
#[post("/v1/cases/{id}/merge")]
pub async fn merge_case(
    caller: Caller<Review>,
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    id: web::Path<String>,
    body: JsonBody,
) -> Reply<HttpResponse> {
    caller.sees_case(&gateway, &id).await?;
    let MergeOrder { from, reason } = validate::merge_order(&body.0, gateway.now())?;
    caller.sees_case(&gateway, &from).await?;
    let case = gateway.merge(&id, &from, decree(&caller, &request, reason)?).await?;
    answer(&gateway, &request, &case).await
}

/// Split filings off a case
///
/// They found a case of their own, which is routed anew; the two stay apart until people take that back.
#[utoipa::path(
    tag = "cases",
    operation_id = "splitCase",
    params(
        ("id" = String, Path, description = "The case code"),
        ("If-Match" = String, Header, description = "The entity tag of the version that was looked at"),
    ),
    request_body(content = SplitOrder, description = "Which filings, and why"),
    responses((status = 201, description = "The new case", body = CaseView, headers(("Location" = String, description = "The new case"))), Ruling),
)]
#[post("/v1/cases/{id}/split")]
pub async fn split_case(
    caller: Caller<Review>,
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    id: web::Path<String>,
    body: JsonBody,
) -> Reply<HttpResponse> {
    caller.sees_case(&gateway, &id).await?;
    let SplitOrder { submissions, reason } = validate::split_order(&body.0, gateway.now())?;
    let new = gateway.split(&id, submissions, decree(&caller, &request, reason)?).await?;
    let case = gateway.case(&new).await?.ok_or_else(|| Problem::of(Code::NotFound))?;
    Ok(HttpResponse::Created().insert_header((LOCATION, format!("/v1/cases/{new}"))).json(case))
}

/// Keep two cases apart
///
/// They are different, whatever the linker finds.
#[utoipa::path(
    tag = "cases",
    operation_id = "keepCaseApart",
    params(
        ("id" = String, Path, description = "The case code"),
        ("If-Match" = String, Header, description = "The entity tag of the version that was looked at"),
    ),
    request_body(content = PairOrder, description = "From which case, and why"),
    responses((status = 200, description = "The case", body = CaseView, headers(("ETag" = String, description = "This version's tag"))), Ruling),
)]
#[post("/v1/cases/{id}/keep-apart")]
pub async fn keep_case_apart(
    caller: Caller<Review>,
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    id: web::Path<String>,
    body: JsonBody,
) -> Reply<HttpResponse> {
    caller.sees_case(&gateway, &id).await?;
    let PairOrder { case, reason } = validate::pair_order(&body.0, gateway.now())?;
    caller.sees_case(&gateway, &case).await?;
    let case = gateway.keep_apart(&id, &case, decree(&caller, &request, reason)?).await?;
    answer(&gateway, &request, &case).await
}

/// Take back that two cases are different
///
/// After a `keep-apart` or a split; what the linker finds counts again from then on.
#[utoipa::path(
    tag = "cases",
    operation_id = "releaseCase",
    params(
        ("id" = String, Path, description = "The case code"),
        ("If-Match" = String, Header, description = "The entity tag of the version that was looked at"),
    ),
    request_body(content = PairOrder, description = "From which case, and why"),
    responses((status = 200, description = "The case", body = CaseView, headers(("ETag" = String, description = "This version's tag"))), Ruling),
)]
#[post("/v1/cases/{id}/release")]
pub async fn release_case(
    caller: Caller<Review>,
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    id: web::Path<String>,
    body: JsonBody,
) -> Reply<HttpResponse> {
    caller.sees_case(&gateway, &id).await?;
    let PairOrder { case, reason } = validate::pair_order(&body.0, gateway.now())?;
    caller.sees_case(&gateway, &case).await?;
    let case = gateway.release(&id, &case, decree(&caller, &request, reason)?).await?;
    answer(&gateway, &request, &case).await
}

/// List the rulings about a case
///
/// What people decided, who did, and why; first to last.
#[utoipa::path(
    tag = "cases",
    operation_id = "listCaseRulings",
    params(("id" = String, Path, description = "The case code")),
    responses((status = 200, description = "The rulings", body = Listed<RulingView>), Reading),
)]
#[get("/v1/cases/{id}/rulings")]
pub async fn list_case_rulings(
    caller: Caller<Monitor>,
    gateway: web::Data<Gateway>,
    id: web::Path<String>,
) -> Reply<web::Json<Listed<RulingView>>> {
    there(gateway.sees_case(&caller.division(), &id).await?)?;
    let items = gateway.rulings(&id).await.map_err(Problem::internal)?;
    Ok(web::Json(Listed { items }))
}
