//! The federated platforms and how they are doing.

use actix_web::{get, post, web};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Listed;
use crate::{
    api::{
        auth::{Administer, Caller, Monitor, Read, there},
        params::{self, Params},
        problem::{Problem, Reply},
        responses::{Comparing, Reading},
    },
    app::{
        Gateway,
        code::Code,
        view::{ParkedUpdateView, PlatformView, Reconciliation},
    },
};

/// List platforms
///
/// Every federated platform, of one's own division, with its state: what came in, what is owed to it, what fails.
#[utoipa::path(
    tag = "federation",
    operation_id = "listPlatforms",
    responses((status = 200, description = "The platforms", body = Listed<PlatformView>), Reading),
)]
#[get("/v1/platforms")]
pub async fn list_platforms(caller: Caller<Monitor>, gateway: web::Data<Gateway>) -> Reply<web::Json<Listed<PlatformView>>> {
    let reach = caller.reach()?;
    let mut items = gateway.platforms().await?;
    items.retain(|platform| gateway.sees_platform(&reach, &platform.id));
    Ok(web::Json(Listed { items }))
}

/// Read a platform
///
/// One's own, or any for those who watch.
#[utoipa::path(
    tag = "federation",
    operation_id = "getPlatform",
    params(("id" = String, Path, description = "The platform")),
    responses((status = 200, description = "The platform", body = PlatformView), Reading),
)]
#[get("/v1/platforms/{id}")]
pub async fn get_platform(caller: Caller<Read>, gateway: web::Data<Gateway>, id: web::Path<String>) -> Reply<web::Json<PlatformView>> {
    there(gateway.sees_platform(&caller.reach()?, &id))?;
    gateway.platform(&id).await?.map(web::Json).ok_or_else(|| Problem::of(Code::NotFound))
}

/// List the reports that wait
///
/// A report that names a receipt nobody has heard of is kept until it is known, for thirty days: the answer to the forward may have
/// been lost. The one that has waited longest first, at most 200. One's own, or any for those who watch.
#[utoipa::path(
    tag = "federation",
    operation_id = "listParkedUpdates",
    params(("id" = String, Path, description = "The platform")),
    responses((status = 200, description = "The reports", body = Listed<ParkedUpdateView>), Reading),
)]
#[get("/v1/platforms/{id}/parked-updates")]
pub async fn list_parked_updates(
    caller: Caller<Read>,
    gateway: web::Data<Gateway>,
    id: web::Path<String>,
) -> Reply<web::Json<Listed<ParkedUpdateView>>> {
    there(gateway.sees_platform(&caller.reach()?, &id))?;
    Ok(web::Json(Listed { items: gateway.parked_updates(&id).await? }))
}

/// Read a platform's reconciliation
///
/// What the comparisons of its own ledger with ours found, newest day first. One's own, or any for those who watch.
#[utoipa::path(
    tag = "federation",
    operation_id = "getReconciliation",
    params(("id" = String, Path, description = "The platform")),
    responses((status = 200, description = "The days that were compared", body = Reconciliation), Reading),
)]
#[get("/v1/platforms/{id}/reconciliation")]
pub async fn get_reconciliation(
    caller: Caller<Read>,
    gateway: web::Data<Gateway>,
    id: web::Path<String>,
) -> Reply<web::Json<Reconciliation>> {
    there(gateway.sees_platform(&caller.reach()?, &id))?;
    Ok(web::Json(gateway.reconciliation(&id).await?))
}

/// Which days to compare.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DaysQuery {
    /// The first day, in the platform's own zone.
    // Asked for by the handler, after the key: who has none learns nothing about the parameters.
    #[param(required = true, value_type = String, format = Date)]
    pub from: Option<chrono::NaiveDate>,
    /// The last day, at most 30 later and not in the future.
    #[param(required = true, value_type = String, format = Date)]
    pub until: Option<chrono::NaiveDate>,
}

/// Reconcile a platform
///
/// Asks the platform for its ledger of some days, compares it with ours, and pulls again what is missing here. Answers with
/// all days that were compared so far.
#[utoipa::path(
    tag = "federation",
    operation_id = "reconcilePlatform",
    params(("id" = String, Path, description = "The platform"), DaysQuery),
    responses((status = 200, description = "The days that were compared", body = Reconciliation), Comparing),
)]
#[post("/v1/platforms/{id}/reconciliation")]
pub async fn reconcile_platform(
    _caller: Caller<Administer>,
    gateway: web::Data<Gateway>,
    id: web::Path<String>,
    days: Params<DaysQuery>,
) -> Reply<web::Json<Reconciliation>> {
    let platform = gateway.federation().platform(&id).cloned().ok_or_else(|| Problem::of(Code::NotFound))?;
    gateway.reconcile(&platform, params::given("from", days.0.from)?, params::given("until", days.0.until)?).await?;
    Ok(web::Json(gateway.reconciliation(&id).await?))
}
