//! Status and reply from the platform that handles a case.

use actix_web::{HttpRequest, HttpResponse, post, web};

use crate::{
    api::{
        auth::{Caller, Handle},
        body::JsonBody,
        etag,
        problem::{Problem, Reply},
        responses::Reporting,
    },
    app::{
        Gateway,
        code::Code,
        validate::{self, Violation, Violations},
        view::CaseView,
    },
    domain::update::{CaseReference, CaseUpdate},
};

/// Report on a case
///
/// A status or the written answer, from the platform the case was forwarded to; it goes on to every platform the
/// petitioner used. The same `update_id` with the same body may be sent again.
#[utoipa::path(
    tag = "cases",
    operation_id = "updateCase",
    params(("id" = String, Path, description = "The case code, which `reference.case` must repeat")),
    request_body(content = CaseUpdate, description = "What the responsible body did"),
    responses(
        (status = 200, description = "The case as it is now", body = CaseView, headers(("ETag" = String, description = "This version's tag"))),
        Reporting,
    ),
)]
#[post("/v1/cases/{id}/updates")]
pub async fn update_case(
    caller: Caller<Handle>,
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    id: web::Path<String>,
    body: JsonBody,
) -> Reply<HttpResponse> {
    let update = validate::case_update(&body.0, gateway.now())?;
    if update.reference != CaseReference::Case(id.into_inner()) {
        return Err(mismatch().into());
    }
    report(caller.platform()?, &gateway, &request, update).await
}

/// Report on a case by receipt
///
/// The same for platforms that know a case by their own number, which they answered the forward with.
#[utoipa::path(
    tag = "cases",
    operation_id = "reportUpdate",
    request_body(content = CaseUpdate, description = "What the responsible body did"),
    responses(
        (status = 200, description = "The case as it is now", body = CaseView, headers(("ETag" = String, description = "This version's tag"))),
        Reporting,
    ),
)]
#[post("/v1/updates")]
pub async fn report_update(
    caller: Caller<Handle>,
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    body: JsonBody,
) -> Reply<HttpResponse> {
    let update = validate::case_update(&body.0, gateway.now())?;
    report(caller.platform()?, &gateway, &request, update).await
}

async fn report(platform: &str, gateway: &Gateway, request: &HttpRequest, update: CaseUpdate) -> Reply<HttpResponse> {
    let case = gateway.update_case(platform, update).await.map_err(Problem::from)?;
    Ok(etag::case(request, &case))
}

fn mismatch() -> Violations {
    let detail = "Repeat the case code of the address in `reference.case`; reports by receipt go to /v1/updates.".to_owned();
    Violations {
        code: Code::InvalidUpdate,
        list: vec![Violation { code: Code::ReferenceMismatch, pointer: "/reference".to_owned(), detail }],
        more: false,
    }
}
