//! The addresses of the pages: read the address, ask the gateway, draw.

use actix_web::{
    HttpRequest, HttpResponse, Responder,
    guard::{self, GuardContext},
    http::header,
    web::{self, ServiceConfig},
};
use tokio::try_join;

use super::{
    assets, filters,
    page::{Page, Section, address},
    pages::{
        alerts, cases, deadlines, deliveries, duplicates, failure::Failure, indicators, matters, overview, platforms, reviews::Refusal,
    },
    visit::{Answer, PageError, Visit},
};
use crate::{
    app::{
        AppError, Gateway,
        query::{CaseFilter, DeliveryFilter, GapFilter, MAX_LIMIT, Page as Wanted, SupervisionFilter},
        view::{Decision, DeliveryDetail, DuplicateView, Paged},
    },
    domain::case::CaseStatus,
};

/// Rows of a list that stands on a page about something else.
const FEW: u32 = 8;
/// Deliveries of one case that are shown with all their attempts.
const DETAILED: u32 = 40;
/// Bodies in one choice; any other can be named over the API.
const MAX_CHOICES: usize = 2_000;
/// Addresses that only programs ask for: what is not there is not a page that is missing.
const FOR_PROGRAMS: [&str; 9] = ["/v1", "/docs", "/openapi", "/metrics", "/healthz", "/readyz", "/callbacks", "/wechat", "/assets"];

/// Every address of the pages and the methods it takes, for whoever comes with another; a test compares it with what is mounted.
pub const ADDRESSES: &[(&str, &str)] = &[
    ("/", "GET, HEAD"),
    ("/platforms", "GET, HEAD"),
    ("/platforms/{id}", "GET, HEAD"),
    ("/cases", "GET, HEAD"),
    ("/cases/{id}", "GET, HEAD"),
    ("/deadlines", "GET, HEAD"),
    ("/duplicates", "GET, HEAD"),
    ("/duplicates/{submission}", "GET, HEAD"),
    ("/matters", "GET, HEAD"),
    ("/indicators", "GET, HEAD"),
    ("/deliveries", "GET, HEAD"),
    ("/deliveries/{id}/requeue", "POST"),
    ("/assets/{file}", "GET, HEAD"),
    ("/reviews", "GET, HEAD"),
    ("/reviews/{submission}", "GET, HEAD, POST"),
    ("/cases/{id}/split", "POST"),
    ("/cases/{id}/release", "POST"),
    ("/cases/{id}/rulings/{ruling}", "GET, HEAD"),
    ("/platforms/{id}/reconcile", "POST"),
    ("/platforms/{id}/quarantine", "POST"),
    ("/platforms/{id}/endpoints/{endpoint}", "POST"),
    ("/endpoints", "GET, HEAD"),
    ("/endpoints/{endpoint}", "POST"),
    ("/cases/export", "GET, HEAD"),
    ("/deadlines/export", "GET, HEAD"),
    ("/duplicates/export", "GET, HEAD"),
    ("/indicators/export", "GET, HEAD"),
    ("/map", "GET, HEAD"),
    ("/reports", "GET, HEAD"),
    ("/reports/{year}", "GET, HEAD"),
    ("/public", "GET, HEAD"),
    ("/public/cases/{code}", "GET, HEAD"),
    ("/alerts", "GET, HEAD"),
    ("/cases/{id}/erase", "POST"),
    ("/cases/{id}/look", "POST"),
    ("/cases/{id}/objection", "POST"),
    ("/coverage", "GET, HEAD"),
    ("/coverage/{organization}", "GET, HEAD"),
    ("/live", "GET, HEAD"),
    ("/metrics", "GET, HEAD"),
    ("/referral-conflicts", "GET, HEAD"),
    ("/referral-conflicts/{id}", "GET, HEAD, POST"),
    ("/supervisions", "GET, HEAD"),
    ("/supervisions/{id}", "GET, HEAD"),
    ("/supervisions/{id}/answer", "POST"),
    ("/supervisions/{id}/adoption", "POST"),
    ("/warnings", "GET, HEAD"),
    ("/warnings/{id}", "GET, HEAD, POST"),
];

/// Mounts the pages. Mounted last: it also answers for every address that a browser asks for and nobody has.
pub fn configure(config: &mut ServiceConfig) {
    config
        .configure(super::exports::configure)
        .configure(super::geography::configure)
        .configure(super::public::configure)
        .route("/", web::get().to(overview))
        .route("/platforms", web::get().to(platform_list))
        .route("/platforms/{id}", web::get().to(platform))
        .route("/cases", web::get().to(case_list))
        .route("/cases/{id}", web::get().to(case))
        .route("/deadlines", web::get().to(deadline_list))
        .route("/duplicates", web::get().to(duplicate_list))
        .route("/duplicates/{submission}", web::get().to(duplicate))
        .configure(super::decisions::configure)
        .configure(super::oversight::configure)
        .configure(super::supervision::configure)
        .configure(super::orders::configure)
        .route("/matters", web::get().to(matter_list))
        .route("/indicators", web::get().to(indicator_figures))
        .route("/alerts", web::get().to(alert_list))
        .route("/deliveries", web::get().to(delivery_list))
        .route("/deliveries/{id}/requeue", web::post().to(requeue))
        .route("/live", web::get().to(super::live::follow))
        .route("/metrics", web::get().to(super::live::metrics))
        .route("/assets/{file}", web::get().to(asset))
        .service(web::resource("/{tail:.*}").guard(guard::fn_guard(is_for_a_person)).route(web::get().to(missing)));
}

fn is_for_a_person(context: &GuardContext<'_>) -> bool {
    let head = context.head();
    let accepts = head.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let path = head.uri.path();
    head.method == actix_web::http::Method::GET
        && accepts.is_some_and(|accepts| accepts.contains("text/html"))
        && !FOR_PROGRAMS.iter().any(|program| path.starts_with(program))
}

async fn missing(visit: Visit) -> impl Responder {
    visit.missing()
}

async fn asset(request: HttpRequest) -> HttpResponse {
    let Some(asset) = assets::find(request.path()) else { return HttpResponse::NotFound().finish() };
    HttpResponse::Ok()
        .content_type(asset.media_type)
        // The address changes when the content does.
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .body(asset.body)
}

async fn overview(visit: Visit) -> impl Responder {
    visit
        .read(Section::Overview, async |visit, page| {
            let gateway = &visit.gateway;
            let (overview, platforms, cases, gaps) = try_join!(
                gateway.overview(),
                gateway.platforms(),
                gateway.cases(CaseFilter::default(), filters::first(FEW)),
                gateway.gaps(GapFilter::default(), filters::first(FEW)),
            )?;
            let glance = overview::Glance { overview, platforms, cases: cases.items, gaps: gaps.items };
            Ok(overview::render(page, &glance)?.into())
        })
        .await
}

async fn platform_list(visit: Visit) -> impl Responder {
    visit.read(Section::Platforms, async |visit, page| Ok(platforms::list(page, &visit.gateway.platforms().await?)?.into())).await
}

async fn platform(visit: Visit) -> impl Responder {
    visit
        .read(Section::Platforms, async |visit, page| {
            let platform = visit.gateway.platform(visit.named("id")).await?.ok_or(Failure::NotFound)?;
            let of_cases = CaseFilter { platform: Some(platform.id.clone()), ..CaseFilter::default() };
            let of_deliveries = DeliveryFilter { platform: Some(platform.id.clone()), ..DeliveryFilter::default() };
            let (cases, deliveries, reconciliation, endpoints, parked, quarantined) = try_join!(
                visit.gateway.cases(of_cases, filters::first(FEW)),
                visit.gateway.deliveries(of_deliveries, filters::first(FEW)),
                visit.gateway.reconciliation(&platform.id),
                visit.gateway.webhooks(Some(&platform.id)),
                visit.gateway.parked_updates(&platform.id),
                visit.gateway.quarantined(&platform.id, MAX_LIMIT),
            )?;
            let (cases, deliveries) = (cases.items, deliveries.items);
            let names = visit.names();
            let detail = platforms::PlatformDetail { platform, names, cases, deliveries, reconciliation, endpoints, parked, quarantined };
            Ok(platforms::detail(page, &detail)?.into())
        })
        .await
}

async fn case_list(visit: Visit) -> impl Responder {
    visit
        .read(Section::Cases, async |visit, page| {
            let filter = filters::cases(page)?;
            let list = match filters::text(page, "code").map(|code| code.to_ascii_uppercase()) {
                None => visit.gateway.cases(filter, filters::wanted(page)).await?,
                Some(code) if visit.gateway.case(&code).await?.is_some() => {
                    return Ok(Answer::SeeOther(address(&format!("/cases/{code}"), &[])));
                }
                Some(_) => Paged { items: Vec::new(), next_cursor: None },
            };
            Ok(cases::list(page, &list, &visit.names())?.into())
        })
        .await
}

async fn deadline_list(visit: Visit) -> impl Responder {
    visit
        .read(Section::Deadlines, async |visit, page| {
            let filter = filters::deadlines(page)?;
            let state = filter.state;
            let list = visit.gateway.deadlines(filter, filters::wanted(page)).await?;
            Ok(deadlines::list(page, &list, state, &visit.names())?.into())
        })
        .await
}

async fn indicator_figures(visit: Visit) -> impl Responder {
    visit
        .read(Section::Indicators, async |visit, page| {
            let query = filters::indicators(page)?;
            let by = query.by;
            let figures = visit.gateway.indicators(query).await?;
            let bodies = visit.gateway.federation().directory().iter().map(|body| (body.id.clone(), body.name.clone())).collect();
            Ok(indicators::show(page, &figures, by, &visit.names(), &bodies)?.into())
        })
        .await
}

async fn case(visit: Visit) -> impl Responder {
    visit.read(Section::Cases, async |visit, page| Ok(case_page(visit, page, None).await?.into())).await
}

/// One case; with why an order about it was refused, if one was.
pub(super) async fn case_page(visit: &Visit, page: &Page, refused: Option<Refusal>) -> Result<String, PageError> {
    let (gateway, id) = (&visit.gateway, visit.named("id"));
    let case = gateway.case(id).await?.ok_or(Failure::NotFound)?;
    let of_case = DeliveryFilter { case: Some(case.id.clone()), ..DeliveryFilter::default() };
    let supervised = SupervisionFilter { case: Some(case.id.clone()), ..SupervisionFilter::default() };
    let (events, submissions, matches, owed, supervisions) = try_join!(
        gateway.case_events(id, Wanted { limit: MAX_LIMIT, after: None }),
        gateway.case_submissions(id),
        gateway.case_matches(id),
        gateway.deliveries(of_case, filters::first(DETAILED)),
        gateway.supervisions(supervised, filters::first(DETAILED)),
    )?;
    let mut deliveries: Vec<DeliveryDetail> = Vec::with_capacity(owed.items.len());
    for delivery in owed.items {
        deliveries.extend(gateway.delivery(&delivery.id).await?);
    }
    let rulings = gateway.rulings(id).await.map_err(AppError::from)?;
    let looks = gateway.looks(id).await?;
    let bodies = if case.status == CaseStatus::Objected { connected_bodies(gateway) } else { Vec::new() };
    let detail = cases::CaseDetail {
        looks,
        case,
        names: visit.names(),
        events: events.items,
        submissions,
        matches,
        deliveries,
        rulings,
        bodies,
        supervisions: supervisions.items,
        refused,
    };
    Ok(cases::detail(page, &detail)?)
}

fn connected_bodies(gateway: &Gateway) -> Vec<(String, String)> {
    let connected = gateway.federation().directory().iter().filter(|body| body.platform.is_some());
    connected.take(MAX_CHOICES).map(|body| (body.id.clone(), body.name.clone())).collect()
}

async fn duplicate_list(visit: Visit) -> impl Responder {
    visit
        .read(Section::Duplicates, async |visit, page| {
            let filter = filters::duplicates(page)?;
            let (list, counts) =
                try_join!(visit.gateway.duplicates(filter.clone(), filters::wanted(page)), visit.gateway.duplicate_counts(filter),)?;
            Ok(duplicates::list(page, &list, &counts, &visit.names())?.into())
        })
        .await
}

async fn duplicate(visit: Visit) -> impl Responder {
    visit
        .read(Section::Duplicates, async |visit, page| {
            let mut found = visit.gateway.submission_matches(visit.named("submission"), true).await?;
            let shown = chosen(page, &found).ok_or(Failure::NotFound)?;
            let shown = found.remove(shown);
            Ok(duplicates::detail(page, &shown, &found, &visit.names())?.into())
        })
        .await
}

/// The comparison asked for with `with`, else the one that decided: the strongest of those that led to a link.
fn chosen(page: &Page, found: &[DuplicateView]) -> Option<usize> {
    let asked = page.asked("with");
    let linked = |view: &DuplicateView| matches!(view.decided.decision, Decision::Duplicate | Decision::PossibleDuplicate);
    found
        .iter()
        .position(|view| !asked.is_empty() && view.compared_with.id == asked)
        .or_else(|| found.iter().position(linked))
        .or_else(|| (!found.is_empty()).then_some(0))
}

async fn matter_list(visit: Visit) -> impl Responder {
    visit
        .read(Section::Matters, async |visit, page| {
            let list = visit.gateway.matters(filters::matters(page)?, filters::wanted(page)).await?;
            Ok(matters::list(page, &list)?.into())
        })
        .await
}

async fn alert_list(visit: Visit) -> impl Responder {
    visit
        .read(Section::Alerts, async |visit, page| {
            let filter = filters::alerts(page)?;
            let list = visit.gateway.alerts(filter, filters::wanted(page)).await?;
            Ok(alerts::list(page, &list, &visit.names())?.into())
        })
        .await
}

async fn delivery_list(visit: Visit) -> impl Responder {
    visit
        .read(Section::Deliveries, async |visit, page| {
            let filter = filters::deliveries(page)?;
            let list = visit.gateway.deliveries(filter, filters::wanted(page)).await?;
            Ok(deliveries::list(page, &list, &visit.names())?.into())
        })
        .await
}

async fn requeue(visit: Visit) -> impl Responder {
    visit
        .change(Section::Deliveries, async |visit, _| {
            let requeued = visit.gateway.requeue(visit.named("id")).await?;
            requeued.ok_or::<PageError>(Failure::NotFound.into())?;
            Ok(Answer::SeeOther(address(Section::Deliveries.path(), &[("requeued", "1")])))
        })
        .await
}
