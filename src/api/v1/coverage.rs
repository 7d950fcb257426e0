//! How far the federation reaches (纵向到底, 横向到边).

use actix_web::{get, web};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    api::{
        auth::{Caller, WatchAll},
        params::Params,
        problem::{Problem, Reply},
        responses::Listing,
    },
    app::{Gateway, code::Code, view::CoverageView},
    domain::division,
};

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct CoverageQuery {
    /// GB/T 2260 code of six digits; the nation if left out.
    area: Option<String>,
}

/// Read the coverage
///
/// The directory of bodies against those that work on a platform, by level and by the divisions directly inside the area, and the bodies
/// that are not connected by how many cases that cost a detour. Their cases are in `/v1/gaps?competent=…`.
#[utoipa::path(
    tag = "oversight",
    operation_id = "getCoverage",
    params(CoverageQuery),
    responses((status = 200, description = "The coverage", body = CoverageView), Listing),
)]
#[get("/v1/coverage")]
pub async fn get_coverage(
    _caller: Caller<WatchAll>,
    gateway: web::Data<Gateway>,
    query: Params<CoverageQuery>,
) -> Reply<web::Json<CoverageView>> {
    let area = query.0.area.as_deref().unwrap_or(division::NATION);
    if area.len() != 6 || !division::is_known(area) {
        return Err(Problem::new(Code::InvalidQuery, "`area` cannot be used: expected a GB/T 2260 code of six digits."));
    }
    Ok(web::Json(gateway.coverage(area).await?))
}
