//! Referrals of cases beside the gateway, the conflicts they make, and their decision.

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
        Gateway, Keep,
        code::Code,
        query::ConflictFilter,
        validate::{self, ConflictOrder},
        view::{Paged, ReferralConflictView, ReferralView},
    },
    domain::referral::{ConflictState, Referral},
};

/// Tell of a referral
///
/// A platform says that it referred (交转) a case to a body. If that body has it, nothing changes; if the body that has it passes an
/// unaccepted case on to one below, that one has it now; in every other case the case stays where it is, both bodies are told, and their
/// common superior decides (信访工作条例, article 24). The same `referral_id` with the same body may be sent again.
#[utoipa::path(
    tag = "oversight",
    operation_id = "referCase",
    params(("id" = String, Path, description = "The case code")),
    request_body(content = Referral, description = "To which body, and why"),
    responses((status = 200, description = "What came of it", body = ReferralView), Reporting),
)]
#[post("/v1/cases/{id}/referrals")]
pub async fn refer_case(
    caller: Caller<Handle>,
    gateway: web::Data<Gateway>,
    id: web::Path<String>,
    body: JsonBody,
) -> Reply<web::Json<ReferralView>> {
    let referral = validate::referral(&body.0, gateway.now())?;
    Ok(web::Json(gateway.refer(caller.platform()?, &id, referral).await?))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ConflictQuery {
    state: Option<ConflictState>,
    case: Option<String>,
    /// It came from this platform, or one of the bodies works on it.
    platform: Option<String>,
    /// One of the two bodies.
    organization: Option<String>,
    /// GB/T 2260 code: cases of this division and all inside it.
    division: Option<String>,
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(min_length = 1, max_length = 512)]
    cursor: Option<String>,
}

/// List referral conflicts
///
/// Cases that two bodies were given (多层面重复交转), newest first: those that one's platform has a part in, or all for those who watch.
#[utoipa::path(
    tag = "oversight",
    operation_id = "listReferralConflicts",
    params(ConflictQuery),
    responses((status = 200, description = "A page of conflicts", body = Paged<ReferralConflictView>), Listing),
)]
#[get("/v1/referral-conflicts")]
pub async fn list_referral_conflicts(
    caller: Caller<Supervise>,
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    query: Params<ConflictQuery>,
) -> Reply<HttpResponse> {
    let query = query.0;
    let page = params::page("referral conflicts", query.limit, query.cursor.as_deref())?;
    let filter = ConflictFilter {
        visible_to: caller.reach()?.platform,
        state: query.state,
        case: query.case,
        platform: query.platform,
        organization: query.organization,
        division: caller.within(query.division)?,
    };
    Ok(params::paged(&request, "referral conflicts", gateway.referral_conflicts(filter, page).await?))
}

/// Read a referral conflict
///
/// One that one's platform has a part in.
#[utoipa::path(
    tag = "oversight",
    operation_id = "getReferralConflict",
    params(("id" = String, Path, description = "The conflict's id")),
    responses((status = 200, description = "The conflict", body = ReferralConflictView), Reading),
)]
#[get("/v1/referral-conflicts/{id}")]
pub async fn get_referral_conflict(
    caller: Caller<Supervise>,
    gateway: web::Data<Gateway>,
    id: web::Path<String>,
) -> Reply<web::Json<ReferralConflictView>> {
    let found = gateway.referral_conflict(&caller.reach()?, &id).await?;
    Ok(web::Json(found.ok_or_else(|| Problem::of(Code::NotFound))?))
}

/// Decide a referral conflict
///
/// Which of the two bodies keeps the case, from the platform of the nearest connected body above both, or by a reviewer of the gateway.
/// Both are told; if the other one keeps it, the case is forwarded there and withdrawn here.
#[utoipa::path(
    tag = "oversight",
    operation_id = "decideReferralConflict",
    params(("id" = String, Path, description = "The conflict's id")),
    request_body(content = ConflictOrder, description = "Which body, and why"),
    responses((status = 200, description = "The conflict, decided", body = ReferralConflictView), Reporting),
)]
#[post("/v1/referral-conflicts/{id}/decision")]
pub async fn decide_referral_conflict(
    caller: Caller<Oversee>,
    gateway: web::Data<Gateway>,
    id: web::Path<String>,
    body: JsonBody,
) -> Reply<web::Json<ReferralConflictView>> {
    there(gateway.referral_conflict(&caller.division(), &id).await?.is_some())?;
    let order = validate::conflict_order(&body.0, gateway.now())?;
    let keep = Keep { organization: order.keeper, actor: caller.actor(), reason: order.reason };
    Ok(web::Json(gateway.decide_referral_conflict(&id, caller.on_behalf_of()?, keep).await?))
}
