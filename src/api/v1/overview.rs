//! The federation at a glance.

use actix_web::{get, web};

use crate::{
    api::{
        auth::{Caller, WatchAll},
        problem::Reply,
        responses::Reading,
    },
    app::{Gateway, view::Overview},
};

/// Count everything
///
/// Submissions by platform and channel and by decision, cases by status, shared matters, routing gaps, deliveries by
/// platform, kind and state.
#[utoipa::path(
    tag = "federation",
    operation_id = "getOverview",
    responses((status = 200, description = "The counts", body = Overview), Reading),
)]
#[get("/v1/overview")]
pub async fn get_overview(_caller: Caller<WatchAll>, gateway: web::Data<Gateway>) -> Reply<web::Json<Overview>> {
    Ok(web::Json(gateway.overview().await?))
}
