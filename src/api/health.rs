//! Whether the process lives, and whether it can do its work.

use actix_web::{HttpResponse, get, http::header::CACHE_CONTROL, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::responses::Asking;
use crate::app::{Gateway, view::Readiness};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    #[schema(example = "ok")]
    pub status: String,
}

/// Is the process alive?
///
/// Asks nothing else; a process that does not answer should be started again.
#[utoipa::path(
    tag = "operation",
    operation_id = "getHealth",
    security(()),
    responses((status = 200, description = "It is", body = Health), Asking),
)]
#[get("/healthz")]
pub async fn get_health() -> HttpResponse {
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(Health { status: "ok".to_owned() })
}

/// Can the gateway do its work?
///
/// A gateway that is not ready should get no requests, and be left running.
#[utoipa::path(
    tag = "operation",
    operation_id = "getReadiness",
    security(()),
    responses(
        (status = 200, description = "It can", body = Readiness),
        (status = 503, description = "It cannot; the checks say why", body = Readiness),
        Asking,
    ),
)]
#[get("/readyz")]
pub async fn get_readiness(gateway: web::Data<Gateway>) -> HttpResponse {
    let readiness = gateway.ready().await;
    let mut response = if readiness.ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    response.insert_header((CACHE_CONTROL, "no-store")).json(readiness)
}
