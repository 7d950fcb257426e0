//! What the sender of a case says to the objection of the body it was sent to.

use actix_web::{HttpRequest, HttpResponse, post, web};

use crate::{
    api::{
        auth::{Caller, Oversee},
        body::JsonBody,
        etag,
        problem::Reply,
        responses::Ruling,
    },
    app::{
        Decree, Gateway,
        validate::{self, ObjectionOrder},
        view::CaseView,
    },
};

/// Decide on an objection
///
/// The case goes to another body only if the sender agrees; otherwise it stays (信访工作条例, article 23). The sender is the platform of the
/// nearest connected body above the one that objects, or a reviewer of the gateway. Both bodies are told.
#[utoipa::path(
    tag = "cases",
    operation_id = "decideObjection",
    params(
        ("id" = String, Path, description = "The case code"),
        ("If-Match" = String, Header, description = "The entity tag of the version that was looked at"),
    ),
    request_body(content = ObjectionOrder, description = "Whether the sender agrees, and why"),
    responses((status = 200, description = "The case", body = CaseView, headers(("ETag" = String, description = "This version's tag"))), Ruling),
)]
#[post("/v1/cases/{id}/objection")]
pub async fn decide_objection(
    caller: Caller<Oversee>,
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    id: web::Path<String>,
    body: JsonBody,
) -> Reply<HttpResponse> {
    caller.sees_case(&gateway, &id).await?;
    let order = validate::objection_order(&body.0, gateway.now())?;
    let expected_version = Some(etag::expected_version(&request)?);
    let decree = Decree { actor: caller.actor(), reason: order.reason.clone(), expected_version, other_version: None };
    let case = gateway.decide_objection(&id, caller.on_behalf_of()?, order, decree).await?;
    Ok(etag::case(&request, &case))
}
