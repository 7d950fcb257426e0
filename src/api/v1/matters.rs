//! Matters: cases of different petitioners about the same thing.

use actix_web::{HttpRequest, HttpResponse, get, web};

use crate::{
    api::{
        auth::{Caller, Monitor},
        params::{self, PageQuery, Params},
        problem::Reply,
        responses::Listing,
    },
    app::{
        Gateway,
        view::{MatterView, Paged},
    },
};

/// List shared matters
///
/// Most recently grown first; their cases are at `/v1/cases?matter=`.
#[utoipa::path(
    tag = "federation",
    operation_id = "listMatters",
    params(PageQuery),
    responses((status = 200, description = "A page of matters", body = Paged<MatterView>), Listing),
)]
#[get("/v1/matters")]
pub async fn list_matters(
    _caller: Caller<Monitor>,
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    query: Params<PageQuery>,
) -> Reply<HttpResponse> {
    let page = params::page("matters", query.0.limit, query.0.cursor.as_deref())?;
    Ok(params::paged(&request, "matters", gateway.matters(page).await?))
}
