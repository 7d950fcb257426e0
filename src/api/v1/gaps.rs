//! Gaps in the federation: cases that could not go to the competent body.

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
        view::{GapView, Paged},
    },
};

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct GapQuery {
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List routing gaps
///
/// Cases whose competent body is not connected or is the accused, newest first.
#[utoipa::path(
    tag = "federation",
    operation_id = "listGaps",
    params(GapQuery),
    responses((status = 200, description = "A page of gaps", body = Paged<GapView>), Listing),
)]
#[get("/v1/gaps")]
pub async fn list_gaps(
    _caller: Caller<Monitor>,
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    query: Params<GapQuery>,
) -> Reply<HttpResponse> {
    let page = params::page("gaps", query.0.limit, query.0.cursor.as_deref())?;
    Ok(params::paged(&request, "gaps", gateway.gaps(page).await?))
}
