//! What is due: statutory clocks over all cases.

use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    api::{
        auth::{Caller, Read},
        params::{self, Params},
        problem::Reply,
        responses::Listing,
    },
    app::{
        Gateway,
        query::DeadlineFilter,
        view::{CaseDeadlineView, Paged},
    },
    domain::{
        deadline::{Clock, DeadlineState},
        submission::Kind,
    },
};

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct DeadlineQuery {
    /// `running` unless said otherwise.
    state: Option<DeadlineState>,
    clock: Option<Clock>,
    kind: Option<Kind>,
    /// GB/T 2260 code: this division and all inside it.
    division: Option<String>,
    /// The responsible body.
    organization: Option<String>,
    /// The platform of the responsible body; only for callers who watch the federation, others see their own.
    platform: Option<String>,
    /// Due before this time.
    #[serde(deserialize_with = "params::time")]
    due_before: Option<DateTime<Utc>>,
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List statutory clocks
///
/// Of the cases in one's platform's hands, by when they are due, earliest first (信访工作条例, articles 22, 23, 34 to 36).
#[utoipa::path(
    tag = "cases",
    operation_id = "listDeadlines",
    params(DeadlineQuery),
    responses((status = 200, description = "A page of clocks", body = Paged<CaseDeadlineView>), Listing),
)]
#[get("/v1/deadlines")]
pub async fn list_deadlines(
    caller: Caller<Read>,
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    query: Params<DeadlineQuery>,
) -> Reply<HttpResponse> {
    let query = query.0;
    let page = params::page("deadlines", query.limit, query.cursor.as_deref())?;
    let filter = DeadlineFilter {
        state: query.state.unwrap_or(DeadlineState::Running),
        clock: query.clock,
        kind: query.kind,
        division: query.division,
        organization: query.organization,
        platform: caller.confined_to()?.map(str::to_owned).or(query.platform),
        due_before: query.due_before,
    };
    Ok(params::paged(&request, "deadlines", gateway.deadlines(filter, page).await?))
}
