//! The duplicate report: which filings were linked, or may have to be, and why.

use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::{
    api::{
        auth::{Caller, Monitor, Permission},
        params::{self, Filtered, PageQuery, Params},
        problem::{Problem, Reply},
        responses::Listing,
    },
    app::{
        Gateway,
        code::Code,
        query::{DuplicateFilter, Order},
        view::{Decision, DuplicateCounts, DuplicateView, Paged},
    },
    domain::{division, submission::Channel},
};

/// What a list can be asked to carry beside its items.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Include {
    /// The words of both filings.
    Text,
}

/// What the duplicate report is narrowed by.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct DuplicateQuery {
    /// Without it: `duplicate` and `possible_duplicate`.
    decision: Option<Decision>,
    /// One of the two filings came from this platform.
    platform: Option<String>,
    /// The other came from this one: with `platform`, the pairs between the two, whichever came first.
    other_platform: Option<String>,
    /// Only filings from two platforms.
    #[param(default = false)]
    across_platforms: bool,
    /// One of the two filings came by it.
    channel: Option<Channel>,
    /// GB/T 2260 code: the later filing lies in this division or inside it.
    division: Option<String>,
    /// The body responsible for the case.
    organization: Option<String>,
    case: Option<String>,
    /// Code of the rule that made the decision.
    #[param(example = "same_person_same_matter")]
    rule: Option<String>,
    /// Name of the model it was decided with, which holds its version.
    model: Option<String>,
    /// First digits of that model's digest.
    #[param(min_length = 4, max_length = 64, pattern = "^[0-9a-f]+$")]
    model_digest: Option<String>,
    /// Who settled it, as rulings name them in `actor`.
    reviewer: Option<String>,
    #[param(minimum = 0, maximum = 1)]
    min_probability: Option<f64>,
    #[param(minimum = 0, maximum = 1)]
    max_probability: Option<f64>,
    /// Decided at this time or later; a day (YYYY-MM-DD) begins in Beijing.
    #[serde(deserialize_with = "params::since")]
    decided_from: Option<DateTime<Utc>>,
    /// Decided before this time; a day (YYYY-MM-DD) in Beijing is included.
    #[serde(deserialize_with = "params::until")]
    decided_until: Option<DateTime<Utc>>,
    /// By when the later filing came in.
    #[param(inline)]
    order: Option<Order>,
    #[param(inline)]
    include: Option<Include>,
}

impl DuplicateQuery {
    /// Pairs of whose filings one lies beyond the caller's division are left out.
    ///
    /// # Errors
    /// If a value is out of range.
    pub(super) fn filter<P: Permission>(self, caller: &Caller<P>) -> Reply<DuplicateFilter> {
        for (name, value) in [("min_probability", self.min_probability), ("max_probability", self.max_probability)] {
            if value.is_some_and(|value| !(0.0..=1.0).contains(&value)) {
                return Err(Problem::new(Code::InvalidQuery, format!("`{name}` cannot be used: expected a number from 0 to 1.")));
            }
        }
        if self.division.as_deref().is_some_and(|code| !division::is_known(code)) {
            return Err(Problem::new(Code::InvalidQuery, "`division` cannot be used: expected a code of GB/T 2260."));
        }
        let hexadecimal = |digest: &str| (4..=64).contains(&digest.len()) && digest.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if self.model_digest.as_deref().is_some_and(|digest| !hexadecimal(digest)) {
            return Err(Problem::new(Code::InvalidQuery, "`model_digest` cannot be used: expected 4 to 64 hexadecimal digits."));
        }
        Ok(DuplicateFilter {
            decision: self.decision,
            platform: self.platform,
            other_platform: self.other_platform,
            across_platforms: self.across_platforms,
            channel: self.channel,
            division: caller.within(self.division)?,
            within: caller.reach()?.division,
            organization: self.organization,
            case: self.case,
            rule: self.rule,
            model: self.model,
            model_digest: self.model_digest,
            reviewer: self.reviewer,
            min_probability: self.min_probability,
            max_probability: self.max_probability,
            decided_from: self.decided_from,
            decided_until: self.decided_until,
            order: self.order.unwrap_or_default(),
            with_text: self.include == Some(Include::Text),
        })
    }
}

/// Report duplicates
///
/// Pairs of filings with the decision about them and the evidence for it, newest later filing first unless asked otherwise. All filings
/// of a case and the evidence between them: `/v1/cases/{id}/submissions` and `/v1/cases/{id}/matches`. With `include=text` it is recorded that
/// the key read the words of these cases.
#[utoipa::path(
    tag = "federation",
    operation_id = "listDuplicates",
    params(DuplicateQuery, PageQuery),
    responses((status = 200, description = "A page of the report", body = Paged<DuplicateView>), Listing),
)]
#[get("/v1/duplicates")]
pub async fn list_duplicates(
    caller: Caller<Monitor>,
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    query: Filtered<DuplicateQuery, PageQuery>,
) -> Reply<HttpResponse> {
    let Filtered(query, page) = query;
    let page = params::page("duplicates", page.limit, page.cursor.as_deref())?;
    let found = gateway.duplicates(query.filter(&caller)?, page).await?;
    let read = found.items.iter().flat_map(DuplicateView::cases_with_text).collect();
    gateway.note_reading(&caller.actor(), "GET /v1/duplicates?include=text", read).await?;
    Ok(params::paged(&request, "duplicates", found))
}

/// Count duplicates
///
/// How many lines the report has with these filters, and between which platforms.
#[utoipa::path(
    tag = "federation",
    operation_id = "countDuplicates",
    params(DuplicateQuery),
    responses((status = 200, description = "The counts", body = DuplicateCounts), Listing),
)]
#[get("/v1/duplicates/counts")]
pub async fn count_duplicates(
    caller: Caller<Monitor>,
    gateway: web::Data<Gateway>,
    query: Params<DuplicateQuery>,
) -> Reply<web::Json<DuplicateCounts>> {
    Ok(web::Json(gateway.duplicate_counts(query.0.filter(&caller)?).await?))
}
