//! Gaps in the federation: cases that could not go to the competent body.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    api::{
        auth::{Caller, WatchAll},
        params::{self, Params},
        problem::Reply,
        responses::Listing,
    },
    app::{
        Gateway,
        query::GapFilter,
        view::{GapView, Paged},
    },
};

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct GapQuery {
    /// The body that was competent and could not take the case.
    competent: Option<String>,
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(min_length = 1, max_length = 512)]
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
    _caller: Caller<WatchAll>,
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    query: Params<GapQuery>,
) -> Reply<HttpResponse> {
    let page = params::page("gaps", query.0.limit, query.0.cursor.as_deref())?;
    let filter = GapFilter { competent: query.0.competent };
    Ok(params::paged(&request, "gaps", gateway.gaps(filter, page).await?))
}
