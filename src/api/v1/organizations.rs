//! The directory of bodies.

use actix_web::{get, web};

use super::Listed;
use crate::{
    api::{
        auth::{Caller, Read},
        problem::Reply,
        responses::Reading,
    },
    app::{Gateway, view::OrganizationView},
};

/// List bodies
///
/// The directory, by id: which body answers for which place and category, and which are connected.
#[utoipa::path(
    tag = "federation",
    operation_id = "listOrganizations",
    responses((status = 200, description = "The bodies", body = Listed<OrganizationView>), Reading),
)]
#[get("/v1/organizations")]
pub async fn list_organizations(_caller: Caller<Read>, gateway: web::Data<Gateway>) -> Reply<web::Json<Listed<OrganizationView>>> {
    Ok(web::Json(Listed { items: gateway.organizations() }))
}
