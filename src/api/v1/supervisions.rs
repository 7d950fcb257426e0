//! Supervision (网上督): what bodies were reminded of or called to account for, and their answers.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    api::{
        auth::{Caller, Handle, Oversee, Supervise, there},
        body::JsonBody,
        params::{self, Params},
        problem::{Problem, Reply},
        responses::{Listing, Reading, Reporting},
    },
    app::{
        AdoptionVerdict, Gateway,
        code::Code,
        query::SupervisionFilter,
        validate::{self, AdoptionOrder, SupervisionAnswer},
        view::{Paged, SupervisionView},
    },
    domain::supervision::{SupervisionKind, SupervisionState},
};

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct SupervisionQuery {
    state: Option<SupervisionState>,
    kind: Option<SupervisionKind>,
    /// A declared rule.
    rule: Option<String>,
    case: Option<String>,
    /// The body addressed.
    organization: Option<String>,
    /// The platform addressed; only for callers who watch the federation, others see their own.
    platform: Option<String>,
    /// GB/T 2260 code: cases of this division and all inside it.
    division: Option<String>,
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(min_length = 1, max_length = 512)]
    cursor: Option<String>,
}

/// List supervisions
///
/// Reminders, return calls, supervisions and proposals to hold accountable that one's platform was addressed with, newest first. Which
/// rules set them off is declared in `rules/supervision.toml`.
#[utoipa::path(
    tag = "oversight",
    operation_id = "listSupervisions",
    params(SupervisionQuery),
    responses((status = 200, description = "A page of supervisions", body = Paged<SupervisionView>), Listing),
)]
#[get("/v1/supervisions")]
pub async fn list_supervisions(
    caller: Caller<Supervise>,
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    query: Params<SupervisionQuery>,
) -> Reply<HttpResponse> {
    let query = query.0;
    let page = params::page("supervisions", query.limit, query.cursor.as_deref())?;
    let filter = SupervisionFilter {
        state: query.state,
        kind: query.kind,
        rule: query.rule,
        case: query.case,
        organization: query.organization,
        platform: caller.reach()?.platform.or(query.platform),
        division: caller.within(query.division)?,
    };
    Ok(params::paged(&request, "supervisions", gateway.supervisions(filter, page).await?))
}

/// Read a supervision
///
/// One that one's platform was addressed with.
#[utoipa::path(
    tag = "oversight",
    operation_id = "getSupervision",
    params(("id" = String, Path, description = "The supervision's id")),
    responses((status = 200, description = "The supervision", body = SupervisionView), Reading),
)]
#[get("/v1/supervisions/{id}")]
pub async fn get_supervision(
    caller: Caller<Supervise>,
    gateway: web::Data<Gateway>,
    id: web::Path<String>,
) -> Reply<web::Json<SupervisionView>> {
    let found = gateway.supervision_by_id(&caller.reach()?, &id).await?;
    Ok(web::Json(found.ok_or_else(|| Problem::of(Code::NotFound))?))
}

/// Answer a supervision
///
/// From the platform that was addressed, while it is open: what was done, or will be. The same answer may be sent again.
#[utoipa::path(
    tag = "oversight",
    operation_id = "answerSupervision",
    params(("id" = String, Path, description = "The supervision's id, as `notice.id` of the message carries it")),
    request_body(content = SupervisionAnswer, description = "What the body answers"),
    responses((status = 200, description = "The supervision, answered", body = SupervisionView), Reporting),
)]
#[post("/v1/supervisions/{id}/answer")]
pub async fn answer_supervision(
    caller: Caller<Handle>,
    gateway: web::Data<Gateway>,
    id: web::Path<String>,
    body: JsonBody,
) -> Reply<web::Json<SupervisionView>> {
    let answer = validate::supervision_answer(&body.0, gateway.now())?;
    Ok(web::Json(gateway.answer_supervision(caller.platform()?, &id, answer).await?))
}

/// Record what became of a proposal
///
/// Whether a proposal to hold a body accountable (kind `accountability`) was adopted, from the platform of the body it was addressed to, or
/// by a reviewer of the gateway. What was recorded before is replaced; the yearly report counts the proposals and those that were adopted.
#[utoipa::path(
    tag = "oversight",
    operation_id = "recordAdoption",
    params(("id" = String, Path, description = "The supervision's id")),
    request_body(content = AdoptionOrder, description = "Whether it was adopted, and what was done about it"),
    responses((status = 200, description = "The supervision with what became of it", body = SupervisionView), Reporting),
)]
#[post("/v1/supervisions/{id}/adoption")]
pub async fn record_adoption(
    caller: Caller<Oversee>,
    gateway: web::Data<Gateway>,
    id: web::Path<String>,
    body: JsonBody,
) -> Reply<web::Json<SupervisionView>> {
    there(gateway.supervision_by_id(&caller.division(), &id).await?.is_some())?;
    let order = validate::adoption_order(&body.0, gateway.now())?;
    let verdict = AdoptionVerdict { adopted: order.adopted, note: order.note, actor: caller.actor() };
    Ok(web::Json(gateway.record_adoption(&id, caller.on_behalf_of()?, verdict).await?))
}
