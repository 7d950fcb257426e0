//! What is owed to the platforms, and every attempt to hand it over.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    api::{
        auth::{Administer, Caller, Read, there},
        params::{self, Params},
        problem::{Problem, Reply},
        responses::{Acting, Comparing, Listing, Reading},
    },
    app::{
        Gateway,
        code::Code,
        query::DeliveryFilter,
        view::{DeliveryDetail, DeliveryState, DeliveryView, Paged, Requeued},
    },
};

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct DeliveryQuery {
    /// Only for callers who watch the federation; others see their own.
    platform: Option<String>,
    state: Option<DeliveryState>,
    case: Option<String>,
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(min_length = 1, max_length = 512)]
    cursor: Option<String>,
}

/// List deliveries
///
/// What is or was owed to one's platform, newest first.
#[utoipa::path(
    tag = "deliveries",
    operation_id = "listDeliveries",
    params(DeliveryQuery),
    responses((status = 200, description = "A page of deliveries", body = Paged<DeliveryView>), Listing),
)]
#[get("/v1/deliveries")]
pub async fn list_deliveries(
    caller: Caller<Read>,
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    query: Params<DeliveryQuery>,
) -> Reply<HttpResponse> {
    let query = query.0;
    let page = params::page("deliveries", query.limit, query.cursor.as_deref())?;
    let reach = caller.reach()?;
    let filter =
        DeliveryFilter { platform: reach.platform.or(query.platform), state: query.state, case: query.case, division: reach.division };
    Ok(params::paged(&request, "deliveries", gateway.deliveries(filter, page).await?))
}

/// Read a delivery
///
/// With every attempt at it, first to last.
#[utoipa::path(
    tag = "deliveries",
    operation_id = "getDelivery",
    params(("id" = String, Path, description = "The delivery, which is also the idempotency key the platform was sent")),
    responses((status = 200, description = "The delivery", body = DeliveryDetail), Reading),
)]
#[get("/v1/deliveries/{id}")]
pub async fn get_delivery(caller: Caller<Read>, gateway: web::Data<Gateway>, id: web::Path<String>) -> Reply<web::Json<DeliveryDetail>> {
    there(gateway.sees_delivery(&caller.reach()?, &id).await?)?;
    gateway.delivery(&id).await?.map(web::Json).ok_or_else(|| Problem::of(Code::NotFound))
}

/// Requeue a dead delivery
///
/// It is tried again from now on, with a fresh number of attempts.
#[utoipa::path(
    tag = "deliveries",
    operation_id = "requeueDelivery",
    params(("id" = String, Path, description = "The delivery")),
    responses((status = 200, description = "The delivery, pending again", body = DeliveryView), Acting),
)]
#[post("/v1/deliveries/{id}/requeue")]
pub async fn requeue_delivery(
    _caller: Caller<Administer>,
    gateway: web::Data<Gateway>,
    id: web::Path<String>,
) -> Reply<web::Json<DeliveryView>> {
    if gateway.delivery(&id).await?.is_none() {
        return Err(Problem::of(Code::NotFound));
    }
    gateway.requeue(&id).await?.map(web::Json).ok_or_else(|| Problem::of(Code::DeliveryNotDead))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct RequeueQuery {
    /// Without it, those of all platforms.
    platform: Option<String>,
}

/// Requeue all dead deliveries
///
/// Of one platform, as after its outage, or of all. They are tried again from now on, in their order.
#[utoipa::path(
    tag = "deliveries",
    operation_id = "requeueDeliveries",
    params(RequeueQuery),
    responses((status = 200, description = "How many", body = Requeued), Comparing),
)]
#[post("/v1/deliveries/requeue")]
pub async fn requeue_deliveries(
    _caller: Caller<Administer>,
    gateway: web::Data<Gateway>,
    query: Params<RequeueQuery>,
) -> Reply<web::Json<Requeued>> {
    if let Some(platform) = query.0.platform.as_deref().filter(|id| gateway.federation().platform(id).is_none()) {
        return Err(Problem::new(
            Code::InvalidQuery,
            format!("`platform` cannot be used: {} is not part of the federation.", platform.chars().take(64).collect::<String>()),
        ));
    }
    Ok(web::Json(Requeued { requeued: gateway.requeue_all(query.0.platform.as_deref()).await? }))
}
