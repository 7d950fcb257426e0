//! Alerts on the health of the federation.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::{
    api::{
        auth::{Caller, WatchAll},
        params::{self, Params},
        problem::Reply,
        responses::Listing,
    },
    app::{
        Gateway,
        query::AlertFilter,
        view::{AlertView, Paged},
    },
    domain::alert::{Severity, Watch},
};

const LIST: &str = "alerts";

/// Whether an alert is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    Firing,
    Resolved,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct AlertQuery {
    #[param(inline)]
    state: Option<AlertState>,
    severity: Option<Severity>,
    watch: Option<Watch>,
    platform: Option<String>,
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(min_length = 1, max_length = 512)]
    cursor: Option<String>,
}

/// List alerts
///
/// What is or was wrong with the federation by the declared rules, newest first. Each also comes as an event of the change feed when it
/// begins and when it ends.
#[utoipa::path(
    tag = "federation",
    operation_id = "listAlerts",
    params(AlertQuery),
    responses((status = 200, description = "A page of alerts", body = Paged<AlertView>), Listing),
)]
#[get("/v1/alerts")]
pub async fn list_alerts(
    _caller: Caller<WatchAll>,
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    query: Params<AlertQuery>,
) -> Reply<HttpResponse> {
    let query = query.0;
    let page = params::page(LIST, query.limit, query.cursor.as_deref())?;
    let filter = AlertFilter {
        firing: query.state.map(|state| state == AlertState::Firing),
        severity: query.severity,
        watch: query.watch,
        platform: query.platform,
    };
    Ok(params::paged(&request, LIST, gateway.alerts(filter, page).await?))
}
