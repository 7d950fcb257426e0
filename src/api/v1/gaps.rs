//! Gaps in the federation: cases that could not go to the competent body.

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
        view::{GapView, Paged},
    },
};

/// List routing gaps
///
/// Cases whose competent body is not connected or is the accused, newest first.
#[utoipa::path(
    tag = "federation",
    operation_id = "listGaps",
    params(PageQuery),
    responses((status = 200, description = "A page of gaps", body = Paged<GapView>), Listing),
)]
#[get("/v1/gaps")]
pub async fn list_gaps(
    _caller: Caller<Monitor>,
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    query: Params<PageQuery>,
) -> Reply<HttpResponse> {
    let page = params::page("gaps", query.0.limit, query.0.cursor.as_deref())?;
    Ok(params::paged(&request, "gaps", gateway.gaps(page).await?))
}
