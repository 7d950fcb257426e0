//! Indicators by area, period and dimension.

use actix_web::{get, web};
use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::{
    api::{
        auth::{Caller, Monitor, Permission},
        params::Params,
        problem::{Problem, Reply},
        responses::Listing,
    },
    app::{Gateway, code::Code, query::IndicatorQuery, view::Indicators},
    domain::indicator::{Dimension, local_day},
};

/// What the figures are told apart by.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GroupBy {
    /// The divisions directly inside the area.
    Division,
    /// How far up the responsible body stands.
    Level,
    /// The responsible body.
    Organization,
    /// For filings the platform they came from, for cases that of the responsible body.
    Platform,
    Channel,
    Kind,
    /// The first level.
    Category,
}

impl From<GroupBy> for Dimension {
    fn from(by: GroupBy) -> Self {
        match by {
            GroupBy::Division => Self::Division,
            GroupBy::Level => Self::Level,
            GroupBy::Organization => Self::Organization,
            GroupBy::Platform => Self::Platform,
            GroupBy::Channel => Self::Channel,
            GroupBy::Kind => Self::Kind,
            GroupBy::Category => Self::Category,
        }
    }
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct IndicatorParams {
    /// GB/T 2260 code of six digits; the nation unless said otherwise.
    #[param(example = "430000")]
    area: Option<String>,
    /// First day, in Beijing; the first of this month unless said otherwise.
    #[param(example = "2026-01-01")]
    from: Option<NaiveDate>,
    /// Last day, in Beijing; today unless said otherwise.
    #[param(example = "2026-03-31")]
    until: Option<NaiveDate>,
    #[param(inline)]
    by: Option<GroupBy>,
}

impl IndicatorParams {
    /// # Errors
    /// If the area is not known or not the caller's to see, or the period cannot be one.
    pub(super) fn query<P: Permission>(self, caller: &Caller<P>, gateway: &Gateway) -> Reply<IndicatorQuery> {
        let today = local_day(gateway.now());
        let area = caller.within(self.area)?;
        IndicatorQuery::new(area, self.from, self.until, self.by.map(Dimension::from), today).map_err(|parameter| {
            let expected = match parameter {
                "area" => "a division code of six digits",
                _ => "a day not after `until`, at most ten years before it",
            };
            Problem::new(Code::InvalidQuery, format!("`{parameter}` cannot be used: expected {expected}."))
        })
    }
}

/// Read the indicators
///
/// Timely acceptance, on-time completion, satisfaction and the rest, with the counts behind each rate, beside those of the period before
/// and of a year before. Counts are kept as things happen, so any question is answered at once.
#[utoipa::path(
    tag = "federation",
    operation_id = "getIndicators",
    params(IndicatorParams),
    responses((status = 200, description = "The figures", body = Indicators), Listing),
)]
#[get("/v1/indicators")]
pub async fn get_indicators(
    caller: Caller<Monitor>,
    gateway: web::Data<Gateway>,
    query: Params<IndicatorParams>,
) -> Reply<web::Json<Indicators>> {
    let query = query.0.query(&caller, &gateway)?;
    Ok(web::Json(gateway.indicators(query).await?))
}
