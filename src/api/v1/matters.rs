//! Matters: cases of different petitioners about the same thing.

use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    api::{
        auth::{Caller, Monitor, there},
        params::{self, Params},
        problem::{Problem, Reply},
        responses::{Listing, Reading},
    },
    app::{
        Gateway,
        code::Code,
        query::{MatterFilter, MatterOrder},
        view::{MatterView, Paged},
    },
    domain::{division, matter::Trend},
};

/// No matter is larger than this.
const MAX_MIN_CASES: u32 = 1_000_000;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct MatterQuery {
    /// The founding case is in this division (GB/T 2260) or inside it.
    division: Option<String>,
    /// The founding case has this category path or one below it.
    category: Option<String>,
    /// Something was filed at this time or later.
    #[serde(deserialize_with = "params::time")]
    filed_from: Option<DateTime<Utc>>,
    /// Something was filed before this time.
    #[serde(deserialize_with = "params::time")]
    filed_until: Option<DateTime<Utc>>,
    trend: Option<Trend>,
    #[param(minimum = 1, maximum = 1_000_000)]
    min_cases: Option<u32>,
    /// The greatest first; `cases` unless said otherwise.
    #[param(inline)]
    sort: Option<MatterOrder>,
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before, under the same `sort`.
    cursor: Option<String>,
}

/// List shared matters
///
/// Those of the most cases first, or as `sort` says; their cases are at `/v1/cases?matter=`. Name, size and trend are
/// summarised from the filings within a minute or so; filters by them leave out what is not summarised yet.
#[utoipa::path(
    tag = "federation",
    operation_id = "listMatters",
    params(MatterQuery),
    responses((status = 200, description = "A page of matters", body = Paged<MatterView>), Listing),
)]
#[get("/v1/matters")]
pub async fn list_matters(
    caller: Caller<Monitor>,
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    query: Params<MatterQuery>,
) -> Reply<HttpResponse> {
    let query = query.0;
    if query.division.as_deref().is_some_and(|code| !division::is_known(code)) {
        return Err(Problem::new(Code::InvalidQuery, "`division` cannot be used: expected a code of GB/T 2260."));
    }
    if query.min_cases.is_some_and(|least| !(1..=MAX_MIN_CASES).contains(&least)) {
        return Err(Problem::new(Code::InvalidQuery, format!("`min_cases` cannot be used: expected a number from 1 to {MAX_MIN_CASES}.")));
    }
    let order = query.sort.unwrap_or_default();
    // A position under one order means nothing under another.
    let list = match order {
        MatterOrder::Cases => "matters",
        MatterOrder::Updated => "matters by change",
        MatterOrder::Growth => "matters by growth",
    };
    let page = params::page(list, query.limit, query.cursor.as_deref())?;
    let filter = MatterFilter {
        division: caller.within(query.division)?,
        within: caller.reach()?.division,
        category: query.category,
        filed_from: query.filed_from,
        filed_until: query.filed_until,
        trend: query.trend,
        min_cases: query.min_cases,
        order,
    };
    Ok(params::paged(&request, list, gateway.matters(filter, page).await?))
}

/// Read a shared matter
///
/// Its name, its size, and how its filings come over time.
#[utoipa::path(
    tag = "federation",
    operation_id = "getMatter",
    params(("id" = String, Path, description = "The matter's code")),
    responses((status = 200, description = "The matter", body = MatterView), Reading),
)]
#[get("/v1/matters/{id}")]
pub async fn get_matter(caller: Caller<Monitor>, gateway: web::Data<Gateway>, id: web::Path<String>) -> Reply<web::Json<MatterView>> {
    there(gateway.sees_matter(&caller.reach()?, &id).await?)?;
    gateway.matter(&id).await?.map(web::Json).ok_or_else(|| Problem::of(Code::NotFound))
}
