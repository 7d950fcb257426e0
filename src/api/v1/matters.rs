//! Matters: cases of different petitioners about the same thing.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    api::{
        auth::{Caller, Monitor},
        params::{self, Params},
        problem::Reply,
        responses::Listing,
    },
    app::{
        Gateway,
        view::{MatterView, Paged},
    },
};

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct MatterQuery {
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List shared matters
///
/// Most recently grown first; their cases are at `/v1/cases?matter=`.
#[utoipa::path(
    tag = "federation",
    operation_id = "listMatters",
    params(MatterQuery),
    responses((status = 200, description = "A page of matters", body = Paged<MatterView>), Listing),
)]
#[get("/v1/matters")]
pub async fn list_matters(
    _caller: Caller<Monitor>,
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    query: Params<MatterQuery>,
) -> Reply<HttpResponse> {
    let page = params::page("matters", query.0.limit, query.0.cursor.as_deref())?;
    Ok(params::paged(&request, "matters", gateway.matters(page).await?))
}
