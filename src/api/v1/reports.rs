//! The yearly report.

use actix_web::{get, web};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    api::{
        auth::{Caller, Monitor},
        params::Params,
        problem::{Problem, Reply},
        responses::ReadingList,
    },
    app::{Gateway, code::Code, view::YearReport},
    domain::division,
};

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ReportQuery {
    /// GB/T 2260 code of six digits; the nation unless said otherwise.
    #[param(example = "430000")]
    area: Option<String>,
}

/// Read the yearly report
///
/// What article 41 of the Regulations on Letters and Visits asks a yearly report to tell: volume, fields, the bodies most complained
/// about, how matters were routed and handled, duplicates found; beside the same days of the year before. A year that is not over is
/// reported up to today.
#[utoipa::path(
    tag = "federation",
    operation_id = "getYearReport",
    params(("year" = i32, Path, description = "The year"), ReportQuery),
    responses((status = 200, description = "The report", body = YearReport), ReadingList),
)]
#[get("/v1/reports/{year}")]
pub async fn get_year_report(
    caller: Caller<Monitor>,
    gateway: web::Data<Gateway>,
    year: web::Path<String>,
    query: Params<ReportQuery>,
) -> Reply<web::Json<YearReport>> {
    let area = caller.area(query.0.area)?;
    if area.len() != 6 || !division::is_known(&area) {
        return Err(Problem::new(Code::InvalidQuery, "`area` cannot be used: expected a division code of six digits."));
    }
    let missing = || Problem::of(Code::NotFound);
    let year = year.parse().map_err(|_| missing())?;
    gateway.year_report(year, area).await?.map(web::Json).ok_or_else(missing)
}
