//! Supervision, cases that two bodies were given, early warnings, coverage: read the address, ask the gateway, draw.

use actix_web::{
    HttpResponse, Responder,
    web::{self, ServiceConfig},
};
use tokio::try_join;

use super::{
    decisions::{Fields, Stopped, field, ordered, signed},
    filters,
    page::{Page, Section, address},
    pages::{
        conflicts, coverage,
        failure::Failure,
        reviews::{Refusal, RefusalCause},
        supervisions, warnings,
    },
    visit::{PageError, Visit},
};
use crate::{
    app::{AppError, ConflictError, Gateway, Keep, WarningError, query::GapFilter},
    domain::access::Reach,
};

/// Days that categories are compared over.
const TREND_DAYS: u32 = 14;

/// The addresses.
pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .route("/supervisions", web::get().to(supervision_list))
        .route("/referral-conflicts", web::get().to(conflict_list))
        .route("/referral-conflicts/{id}", web::get().to(conflict))
        .route("/referral-conflicts/{id}", web::post().to(decide))
        .route("/warnings", web::get().to(warning_list))
        .route("/warnings/{id}", web::get().to(warning))
        .route("/warnings/{id}", web::post().to(acknowledge))
        .route("/coverage", web::get().to(coverage_figures))
        .route("/coverage/{organization}", web::get().to(detours));
}

async fn supervision_list(visit: Visit) -> impl Responder {
    visit
        .read(Section::Supervisions, async |visit, page| {
            let filter = filters::supervisions(page)?;
            let list = visit.gateway.supervisions(filter, filters::wanted(page)).await?;
            Ok(supervisions::list(page, &list, &visit.names())?.into())
        })
        .await
}

async fn conflict_list(visit: Visit) -> impl Responder {
    visit
        .read(Section::Conflicts, async |visit, page| {
            let filter = filters::conflicts(page)?;
            let list = visit.gateway.referral_conflicts(filter, filters::wanted(page)).await?;
            Ok(conflicts::list(page, &list, &visit.names())?.into())
        })
        .await
}

async fn conflict(visit: Visit) -> impl Responder {
    visit.read(Section::Conflicts, async |visit, page| Ok(drawn(visit, page, None).await?.into())).await
}

async fn drawn(visit: &Visit, page: &Page, refused: Option<&Refusal>) -> Result<String, PageError> {
    let found = visit.gateway.referral_conflict(&Reach::default(), visit.named("id")).await?;
    Ok(conflicts::detail(page, &found.ok_or(Failure::NotFound)?, &visit.names(), refused)?)
}

impl From<ConflictError> for Stopped {
    fn from(error: ConflictError) -> Self {
        match error {
            ConflictError::Unknown | ConflictError::Decided | ConflictError::Unlawful(_) => Self::Refused(RefusalCause::Changed),
            ConflictError::Refused(_) => Self::Refused(RefusalCause::Choice),
            ConflictError::Store(error) => Self::Failed(AppError::from(error).into()),
        }
    }
}

async fn decide(visit: Visit, fields: Fields) -> HttpResponse {
    let id = visit.named("id").to_owned();
    let again = async |visit: &Visit, page: &Page, refused| drawn(visit, page, Some(&refused)).await;
    ordered(visit, Section::Conflicts, field(&fields, "reason"), async |gateway| carried_out(gateway, &id, &fields).await, again).await
}

async fn carried_out(gateway: &Gateway, id: &str, fields: &Fields) -> Result<String, Stopped> {
    let (actor, reason) = signed(gateway, fields).await?;
    let organization = field(fields, "keeper").to_owned();
    gateway.decide_referral_conflict(id, None, Keep { organization, actor, reason }).await?;
    Ok(address(&format!("/referral-conflicts/{id}"), &[]))
}

async fn coverage_figures(visit: Visit) -> impl Responder {
    visit
        .read(Section::Coverage, async |visit, page| {
            let area = filters::area(page)?;
            Ok(coverage::show(page, &visit.gateway.coverage(&area).await?)?.into())
        })
        .await
}

async fn detours(visit: Visit) -> impl Responder {
    visit
        .read(Section::Coverage, async |visit, page| {
            let (federation, id) = (visit.gateway.federation(), visit.named("organization").to_owned());
            if federation.directory().get(&id).is_none() {
                return Err(Failure::NotFound.into());
            }
            let body = federation.organization_reference(&id);
            let list = visit.gateway.gaps(GapFilter { competent: Some(id) }, filters::wanted(page)).await?;
            Ok(coverage::detours(page, &body, &list)?.into())
        })
        .await
}

async fn warning_list(visit: Visit) -> impl Responder {
    visit
        .read(Section::Warnings, async |visit, page| {
            let (filter, area) = (filters::warnings(page)?, filters::area(page)?);
            let (list, trends) = try_join!(visit.gateway.warnings(filter, filters::wanted(page)), visit.gateway.trends(&area, TREND_DAYS))?;
            Ok(warnings::list(page, &list, &trends)?.into())
        })
        .await
}

async fn warning(visit: Visit) -> impl Responder {
    visit.read(Section::Warnings, async |visit, page| Ok(warning_page(visit, page, None).await?.into())).await
}

async fn warning_page(visit: &Visit, page: &Page, refused: Option<&Refusal>) -> Result<String, PageError> {
    let found = visit.gateway.warning(visit.named("id")).await?.ok_or(Failure::NotFound)?;
    Ok(warnings::detail(page, &found, refused)?)
}

impl From<WarningError> for Stopped {
    fn from(error: WarningError) -> Self {
        match error {
            WarningError::Unknown | WarningError::Closed => Self::Refused(RefusalCause::Changed),
            WarningError::Store(error) => Self::Failed(AppError::from(error).into()),
        }
    }
}

async fn acknowledge(visit: Visit, fields: Fields) -> HttpResponse {
    let id = visit.named("id").to_owned();
    let again = async |visit: &Visit, page: &Page, refused| warning_page(visit, page, Some(&refused)).await;
    ordered(visit, Section::Warnings, field(&fields, "reason"), async |gateway| acknowledged(gateway, &id, &fields).await, again).await
}

async fn acknowledged(gateway: &Gateway, id: &str, fields: &Fields) -> Result<String, Stopped> {
    let (actor, note) = signed(gateway, fields).await?;
    gateway.acknowledge_warning(id, &actor, &note).await?;
    Ok(address(&format!("/warnings/{id}"), &[]))
}
