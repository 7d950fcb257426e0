//! What is due: statutory clocks over all cases.

use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    api::{
        auth::{Caller, Permission, Read},
        params::{self, Filtered, PageQuery},
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
}

impl DeadlineQuery {
    /// What the caller may see of what is asked for.
    ///
    /// # Errors
    /// If the division asked for is not the caller's to see.
    pub(super) fn filter<P: Permission>(self, caller: &Caller<P>) -> Reply<DeadlineFilter> {
        Ok(DeadlineFilter {
            state: self.state.unwrap_or(DeadlineState::Running),
            clock: self.clock,
            kind: self.kind,
            division: caller.within(self.division)?,
            organization: self.organization,
            platform: caller.reach()?.platform.or(self.platform),
            due_before: self.due_before,
        })
    }
}

/// List statutory clocks
///
/// Of the cases in one's platform's hands, by when they are due, earliest first (信访工作条例, articles 22, 23, 34 to 36).
#[utoipa::path(
    tag = "cases",
    operation_id = "listDeadlines",
    params(DeadlineQuery, PageQuery),
    responses((status = 200, description = "A page of clocks", body = Paged<CaseDeadlineView>), Listing),
)]
#[get("/v1/deadlines")]
pub async fn list_deadlines(
    caller: Caller<Read>,
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    query: Filtered<DeadlineQuery, PageQuery>,
) -> Reply<HttpResponse> {
    let Filtered(query, page) = query;
    let page = params::page("deadlines", page.limit, page.cursor.as_deref())?;
    let filter = query.filter(&caller)?;
    Ok(params::paged(&request, "deadlines", gateway.deadlines(filter, page).await?))
}
