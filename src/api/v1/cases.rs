//! Canonical cases, for the platforms they came from, the one that handles them, and those who watch.

use std::collections::HashSet;

use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Listed;
use crate::{
    api::{
        auth::{Caller, Read, there},
        etag,
        params::{self, Filtered, PageQuery, Params},
        problem::{Problem, Reply},
        responses::{Listing, Reading, ReadingList},
    },
    app::{
        Gateway,
        code::Code,
        query::{CaseFilter, CountedIn},
        view::{CaseView, EventView, MatchView, Paged, SubmissionView},
    },
    domain::{
        case::CaseStatus,
        division::Level,
        indicator::Measure,
        submission::{Channel, Kind},
    },
};

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct CaseQuery {
    status: Option<CaseStatus>,
    kind: Option<Kind>,
    /// GB/T 2260 code: this division and all inside it.
    pub(super) division: Option<String>,
    /// This category path and all below it.
    category: Option<String>,
    /// The responsible body.
    organization: Option<String>,
    /// How far up the responsible body stands.
    level: Option<Level>,
    /// The platform of the responsible body; with a figure of filings in `counted`, that of the filing.
    platform: Option<String>,
    /// That of the first filing; with a figure of filings in `counted`, that of the filing.
    channel: Option<Channel>,
    matter: Option<String>,
    /// Changed at this time or later.
    #[serde(deserialize_with = "params::time")]
    updated_from: Option<DateTime<Utc>>,
    /// Only the cases behind this figure of the indicators; with `counted_from` and `counted_until`.
    #[param(inline)]
    counted: Option<Measure>,
    /// First day of the figure, in Beijing.
    counted_from: Option<NaiveDate>,
    /// Last day of the figure, in Beijing.
    counted_until: Option<NaiveDate>,
}

impl CaseQuery {
    /// # Errors
    /// If a figure is asked for without a period.
    pub(super) fn filter(self, visible_to: Option<String>) -> Reply<CaseFilter> {
        let counted = match (self.counted, self.counted_from, self.counted_until) {
            (Some(measure), Some(from), Some(until)) => {
                let wrong =
                    |_| Problem::new(Code::InvalidQuery, "`counted_from` cannot be used: expected a day not after `counted_until`.");
                Some(CountedIn::new(measure, from, until).map_err(wrong)?)
            }
            (None, None, None) => None,
            _ => {
                return Err(Problem::new(Code::InvalidQuery, "`counted`, `counted_from` and `counted_until` go together; give all three."));
            }
        };
        Ok(CaseFilter {
            visible_to,
            status: self.status,
            kind: self.kind,
            division: self.division,
            category: self.category,
            organization: self.organization,
            level: self.level,
            platform: self.platform,
            channel: self.channel,
            matter: self.matter,
            updated_from: self.updated_from,
            counted,
        })
    }
}

/// List cases
///
/// Those that one's platform is a source or the handler of, most recently changed first.
#[utoipa::path(
    tag = "cases",
    operation_id = "listCases",
    params(CaseQuery, PageQuery),
    responses((status = 200, description = "A page of cases", body = Paged<CaseView>), Listing),
)]
#[get("/v1/cases")]
pub async fn list_cases(
    caller: Caller<Read>,
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    query: Filtered<CaseQuery, PageQuery>,
) -> Reply<HttpResponse> {
    let Filtered(query, page) = query;
    let page = params::page("cases", page.limit, page.cursor.as_deref())?;
    let reach = caller.reach()?;
    let division = caller.within(query.division.clone())?;
    let filter = CaseFilter { division, ..query.filter(reach.platform)? };
    Ok(params::paged(&request, "cases", gateway.cases(filter, page).await?))
}

/// How much of a case the caller may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sight {
    /// Handles or reviews it, or watches the federation.
    Whole,
    /// Filed some of its filings.
    Own,
}

/// How many merges lead on from a case at most.
const MAX_MERGES: usize = 16;

/// A case, or the one it was made part of: its code keeps leading there.
async fn current(gateway: &Gateway, id: &str) -> Reply<CaseView> {
    let mut id = id.to_owned();
    for _ in 0..MAX_MERGES {
        let case = gateway.case(&id).await?.ok_or_else(|| Problem::of(Code::NotFound))?;
        match case.merged_into {
            Some(into) => id = into,
            None => return Ok(case),
        }
    }
    Err(Problem::internal("merges form a circle"))
}

/// A case the caller may see. What others have is not there.
async fn visible(caller: &Caller<Read>, gateway: &Gateway, id: &str) -> Reply<(CaseView, Sight)> {
    let reach = caller.reach()?;
    there(gateway.sees_case(&reach, id).await?)?;
    let case = current(gateway, id).await?;
    match reach.platform.as_deref() {
        None => Ok((case, Sight::Whole)),
        Some(own) if [&case.platform, &case.reviewer_platform].iter().any(|handler| handler.as_deref() == Some(own)) => {
            Ok((case, Sight::Whole))
        }
        Some(own) if case.platforms.iter().any(|source| source == own) => Ok((case, Sight::Own)),
        Some(_) => Err(Problem::of(Code::NotFound)),
    }
}

/// Read a case
///
/// Its entity tag changes with every change; send it back in `If-None-Match` to be answered 304 until then. The code
/// of a case that was made part of another keeps leading there.
#[utoipa::path(
    tag = "cases",
    operation_id = "getCase",
    params(
        ("id" = String, Path, description = "The case code"),
        ("If-None-Match" = Option<String>, Header, description = "The entity tag of the version one has"),
    ),
    responses(
        (status = 200, description = "The case", body = CaseView, headers(("ETag" = String, description = "This version's tag"))),
        (status = 304, description = "Unchanged"),
        Reading,
    ),
)]
#[get("/v1/cases/{id}")]
pub async fn get_case(
    caller: Caller<Read>,
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Reply<HttpResponse> {
    let (case, _) = visible(&caller, &gateway, &id).await?;
    Ok(etag::case(&request, &case))
}

/// List a case's events
///
/// Its history as CloudEvents 1.0, oldest first.
#[utoipa::path(
    tag = "cases",
    operation_id = "listCaseEvents",
    params(("id" = String, Path, description = "The case code"), PageQuery),
    responses((status = 200, description = "A page of events", body = Paged<EventView>), ReadingList),
)]
#[get("/v1/cases/{id}/events")]
pub async fn list_case_events(
    caller: Caller<Read>,
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    id: web::Path<String>,
    query: Params<PageQuery>,
) -> Reply<HttpResponse> {
    let list = format!("events of {id}");
    let page = params::page(&list, query.0.limit, query.0.cursor.as_deref())?;
    // The history of a case that was made part of another is its own up to then.
    visible(&caller, &gateway, &id).await?;
    Ok(params::paged(&request, &list, gateway.case_events(&id, page).await?))
}

/// List a case's filings
///
/// All of them for the handling platform and those who watch; for a source platform its own.
#[utoipa::path(
    tag = "cases",
    operation_id = "listCaseSubmissions",
    params(("id" = String, Path, description = "The case code")),
    responses((status = 200, description = "The filings", body = Listed<SubmissionView>), Reading),
)]
#[get("/v1/cases/{id}/submissions")]
pub async fn list_case_submissions(
    caller: Caller<Read>,
    gateway: web::Data<Gateway>,
    id: web::Path<String>,
) -> Reply<web::Json<Listed<SubmissionView>>> {
    let (case, sight) = visible(&caller, &gateway, &id).await?;
    let mut items = gateway.case_submissions(&case.id).await?;
    if sight == Sight::Own {
        items.retain(|view| caller.is_platform(&view.platform));
    }
    for view in &mut items {
        view.submission = None;
    }
    Ok(web::Json(Listed { items }))
}

/// List a case's matches
///
/// Why its filings were linked: the evidence of every comparison. A source platform sees that of its own filings.
#[utoipa::path(
    tag = "cases",
    operation_id = "listCaseMatches",
    params(("id" = String, Path, description = "The case code")),
    responses((status = 200, description = "The matches", body = Listed<MatchView>), Reading),
)]
#[get("/v1/cases/{id}/matches")]
pub async fn list_case_matches(
    caller: Caller<Read>,
    gateway: web::Data<Gateway>,
    id: web::Path<String>,
) -> Reply<web::Json<Listed<MatchView>>> {
    let (case, sight) = visible(&caller, &gateway, &id).await?;
    let mut items = gateway.case_matches(&case.id).await?;
    if sight == Sight::Own {
        let filings = gateway.case_submissions(&case.id).await?;
        let own: HashSet<_> = filings.into_iter().filter(|view| caller.is_platform(&view.platform)).map(|view| view.id).collect();
        items.retain(|view| own.contains(&view.submission));
    }
    Ok(web::Json(Listed { items }))
}
