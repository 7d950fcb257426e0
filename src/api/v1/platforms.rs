//! The federated platforms and how they are doing.

use actix_web::{get, web};

use super::Listed;
use crate::{
    api::{
        auth::{Caller, Monitor, Read},
        problem::{Problem, Reply},
        responses::Reading,
    },
    app::{Gateway, code::Code, view::PlatformView},
};

/// List platforms
///
/// Every federated platform with its state: what came in, what is owed to it, what fails.
#[utoipa::path(
    tag = "federation",
    operation_id = "listPlatforms",
    responses((status = 200, description = "The platforms", body = Listed<PlatformView>), Reading),
)]
#[get("/v1/platforms")]
pub async fn list_platforms(_caller: Caller<Monitor>, gateway: web::Data<Gateway>) -> Reply<web::Json<Listed<PlatformView>>> {
    Ok(web::Json(Listed { items: gateway.platforms().await? }))
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
    if caller.confined_to()?.is_some_and(|own| own != id.as_str()) {
        return Err(Problem::of(Code::NotFound));
    }
    gateway.platform(&id).await?.map(web::Json).ok_or_else(|| Problem::of(Code::NotFound))
}
