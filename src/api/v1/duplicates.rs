//! The duplicate report: which filings were linked, or may have to be, and why.

use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::{
    api::{
        auth::{Caller, Monitor},
        params::{self, Params},
        problem::{Problem, Reply},
        responses::Listing,
    },
    app::{
        Gateway,
        code::Code,
        query::DuplicateFilter,
        view::{Decision, DuplicateView, Paged},
    },
};

/// What a list can be asked to carry beside its items.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Include {
    /// The words of both filings.
    Text,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct DuplicateQuery {
    /// Without it: `duplicate` and `possible_duplicate`.
    decision: Option<Decision>,
    /// One of the two filings came from this platform.
    platform: Option<String>,
    /// So did the other, or the same, from this one: with `platform`, the pairs between the two.
    other_platform: Option<String>,
    case: Option<String>,
    /// Only filings from two platforms.
    #[param(default = false)]
    across_platforms: bool,
    #[param(minimum = 0, maximum = 1)]
    min_probability: Option<f64>,
    /// Decided at this time or later.
    #[serde(deserialize_with = "params::time")]
    decided_from: Option<DateTime<Utc>>,
    #[param(inline)]
    include: Option<Include>,
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(min_length = 1, max_length = 512)]
    cursor: Option<String>,
}

/// Report duplicates
///
/// Pairs of filings with the decision about them and the evidence for it, newest decision first.
#[utoipa::path(
    tag = "federation",
    operation_id = "listDuplicates",
    params(DuplicateQuery),
    responses((status = 200, description = "A page of the report", body = Paged<DuplicateView>), Listing),
)]
#[get("/v1/duplicates")]
pub async fn list_duplicates(
    _caller: Caller<Monitor>,
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    query: Params<DuplicateQuery>,
) -> Reply<HttpResponse> {
    let query = query.0;
    let page = params::page("duplicates", query.limit, query.cursor.as_deref())?;
    if query.min_probability.is_some_and(|least| !(0.0..=1.0).contains(&least)) {
        return Err(Problem::new(Code::InvalidQuery, "`min_probability` cannot be used: expected a number from 0 to 1."));
    }
    let filter = DuplicateFilter {
        decision: query.decision,
        platform: query.platform,
        other_platform: query.other_platform,
        case: query.case,
        across_platforms: query.across_platforms,
        min_probability: query.min_probability,
        decided_from: query.decided_from,
        with_text: query.include == Some(Include::Text),
    };
    Ok(params::paged(&request, "duplicates", gateway.duplicates(filter, page).await?))
}
