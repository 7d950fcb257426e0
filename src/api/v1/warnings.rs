//! Early warnings (网上判), and how categories rise.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    api::{
        auth::{Caller, Monitor, Permission, Review},
        body::JsonBody,
        params::{self, Params},
        problem::{Problem, Reply},
        responses::{Listing, Reading, Reporting},
    },
    app::{
        Gateway,
        code::Code,
        query::WarningFilter,
        validate::{self, Acknowledgement},
        view::{Paged, Trends, WarningView},
    },
    domain::{
        division,
        warning::{MAX_DAYS, WarningState},
    },
};

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct WarningQuery {
    state: Option<WarningState>,
    /// A declared rule.
    rule: Option<String>,
    matter: Option<String>,
    /// GB/T 2260 code: it rises in this division or inside it.
    area: Option<String>,
    /// This category path and all below it.
    category: Option<String>,
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(min_length = 1, max_length = 512)]
    cursor: Option<String>,
}

/// List early warnings
///
/// Shared matters, and categories in a division, that rise by the rules declared in `rules/warnings.toml`, newest first.
#[utoipa::path(
    tag = "oversight",
    operation_id = "listWarnings",
    params(WarningQuery),
    responses((status = 200, description = "A page of warnings", body = Paged<WarningView>), Listing),
)]
#[get("/v1/warnings")]
pub async fn list_warnings(
    caller: Caller<Monitor>,
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    query: Params<WarningQuery>,
) -> Reply<HttpResponse> {
    let query = query.0;
    let page = params::page("warnings", query.limit, query.cursor.as_deref())?;
    let filter = WarningFilter {
        state: query.state,
        rule: query.rule,
        matter: query.matter,
        area: caller.within(query.area)?,
        category: query.category,
    };
    Ok(params::paged(&request, "warnings", gateway.warnings(filter, page).await?))
}

/// The warning, if it rises where the caller may look.
async fn seen<P: Permission>(caller: &Caller<P>, gateway: &Gateway, id: &str) -> Reply<WarningView> {
    let reach = caller.division();
    let found = gateway.warning(id).await?;
    let lies = |view: &WarningView| reach.covers(view.area.as_deref().unwrap_or(division::NATION));
    found.filter(lies).ok_or_else(|| Problem::of(Code::NotFound))
}

/// Read an early warning
///
/// With its figures as they were last counted.
#[utoipa::path(
    tag = "oversight",
    operation_id = "getWarning",
    params(("id" = String, Path, description = "The warning's id")),
    responses((status = 200, description = "The warning", body = WarningView), Reading),
)]
#[get("/v1/warnings/{id}")]
pub async fn get_warning(caller: Caller<Monitor>, gateway: web::Data<Gateway>, id: web::Path<String>) -> Reply<web::Json<WarningView>> {
    seen(&caller, &gateway, &id).await.map(web::Json)
}

/// Acknowledge an early warning
///
/// A person has seen it, and says what follows. It stands until it has fallen again.
#[utoipa::path(
    tag = "oversight",
    operation_id = "acknowledgeWarning",
    params(("id" = String, Path, description = "The warning's id")),
    request_body(content = Acknowledgement, description = "What follows"),
    responses((status = 200, description = "The warning, acknowledged", body = WarningView), Reporting),
)]
#[post("/v1/warnings/{id}/acknowledgement")]
pub async fn acknowledge_warning(
    caller: Caller<Review>,
    gateway: web::Data<Gateway>,
    id: web::Path<String>,
    body: JsonBody,
) -> Reply<web::Json<WarningView>> {
    seen(&caller, &gateway, &id).await?;
    let order = validate::acknowledgement(&body.0, gateway.now())?;
    Ok(web::Json(gateway.acknowledge_warning(&id, &caller.actor(), &order.note).await?))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct TrendQuery {
    /// GB/T 2260 code of six digits; the nation if left out.
    area: Option<String>,
    /// Days up to today that are compared with as many before.
    #[param(minimum = 1, maximum = 92, default = 14)]
    days: Option<u32>,
}

/// Compare categories with the period before
///
/// Cases of an area by the first level of their category over the last days and over as many before, the most risen first. Rising shared
/// matters are in `/v1/matters?order=growth`.
#[utoipa::path(
    tag = "oversight",
    operation_id = "getTrends",
    params(TrendQuery),
    responses((status = 200, description = "The comparison", body = Trends), Listing),
)]
#[get("/v1/trends")]
pub async fn get_trends(caller: Caller<Monitor>, gateway: web::Data<Gateway>, query: Params<TrendQuery>) -> Reply<web::Json<Trends>> {
    let area = caller.area(query.0.area)?;
    if area.len() != 6 || !division::is_known(&area) {
        return Err(Problem::new(Code::InvalidQuery, "`area` cannot be used: expected a GB/T 2260 code of six digits."));
    }
    let days = query.0.days.unwrap_or(DEFAULT_DAYS);
    if !(1..=MAX_DAYS).contains(&days) {
        return Err(Problem::new(Code::InvalidQuery, format!("`days` cannot be used: expected 1 to {MAX_DAYS}.")));
    }
    Ok(web::Json(gateway.trends(&area, days).await?))
}

const DEFAULT_DAYS: u32 = 14;
