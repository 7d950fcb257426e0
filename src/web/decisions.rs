//! Where people decide: the review queue, and orders about a case.
//!
//! Nobody is logged in here. Every order carries an API key with the scope `review`, typed by the person, and the
//! version of what was looked at. No cookie or stored credential decides anything, so no other site's page can.

use actix_web::{
    HttpResponse, Responder,
    web::{self, Form, ServiceConfig},
};
use tokio::try_join;

use super::{
    filters,
    page::{Page, Section, address},
    pages::{
        failure::Failure,
        looks,
        reviews::{self, Refusal, RefusalCause},
        rulings::{self, RulingDetail},
    },
    visit::{Answer, PageError, Visit},
};
use crate::{
    app::{
        AppError, Decree, EraseError, Gateway, RuleError,
        query::{DeliveryFilter, MAX_LIMIT},
        validate::{ObjectionDecision, ObjectionOrder},
        view::DeliveryView,
    },
    domain::platform::Scope,
};

/// Entries of the queue on one page.
const ROWS: usize = 100;
/// Characters of a reason, as over HTTP.
const MAX_REASON: usize = 2_000;
/// Bytes of a form: a reason in Chinese takes nine bytes a character.
const MAX_FORM: usize = 64 * 1024;

/// The addresses.
pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .app_data(web::FormConfig::default().limit(MAX_FORM))
        .route("/reviews", web::get().to(queue))
        .route("/reviews/{submission}", web::get().to(review))
        .route("/reviews/{submission}", web::post().to(decide))
        .route("/cases/{id}/objection", web::post().to(objection))
        .route("/cases/{id}/look", web::post().to(look))
        .route("/cases/{id}/erase", web::post().to(erase))
        .route("/cases/{id}/split", web::post().to(split))
        .route("/cases/{id}/release", web::post().to(release))
        .route("/cases/{id}/rulings/{ruling}", web::get().to(ruling));
}

pub(super) type Fields = Form<Vec<(String, String)>>;

pub(super) fn field<'f>(fields: &'f Fields, name: &str) -> &'f str {
    fields.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim())
}

fn version(fields: &Fields, name: &str) -> Result<Option<u64>, RefusalCause> {
    field(fields, name).parse().map(Some).map_err(|_| RefusalCause::Choice)
}

/// Why an order was not carried out: told on the page, or a failure.
pub(super) enum Stopped {
    Refused(RefusalCause),
    Failed(PageError),
}

impl From<RefusalCause> for Stopped {
    fn from(cause: RefusalCause) -> Self {
        Self::Refused(cause)
    }
}

impl From<AppError> for Stopped {
    fn from(error: AppError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<RuleError> for Stopped {
    fn from(error: RuleError) -> Self {
        match error {
            RuleError::UnknownCase | RuleError::Changed | RuleError::SameCase | RuleError::NotApart => Self::Refused(RefusalCause::Changed),
            RuleError::KeptApart => Self::Refused(RefusalCause::KeptApart),
            RuleError::BadSplit => Self::Refused(RefusalCause::Choice),
            RuleError::Store(error) => Self::Failed(AppError::from(error).into()),
        }
    }
}

impl From<EraseError> for Stopped {
    fn from(error: EraseError) -> Self {
        match error {
            EraseError::Unknown => Self::Refused(RefusalCause::Choice),
            EraseError::App(error) => error.into(),
        }
    }
}

/// Who decides and why, from the form.
pub(super) async fn signed(gateway: &Gateway, fields: &Fields) -> Result<(String, String), Stopped> {
    signed_with(gateway, fields, &[Scope::Review, Scope::Administer]).await
}

/// The same from somebody with any of these scopes.
async fn signed_with(gateway: &Gateway, fields: &Fields, scopes: &[Scope]) -> Result<(String, String), Stopped> {
    let credential = gateway.authenticate(field(fields, "key")).await?.ok_or(RefusalCause::Key)?;
    let may = scopes.iter().any(|scope| credential.scopes.contains(scope));
    if credential.platform.is_some() || credential.division.is_some() || !may {
        return Err(RefusalCause::NotAllowed.into());
    }
    let reason = field(fields, "reason").replace("\r\n", "\n");
    if reason.is_empty() || reason.chars().count() > MAX_REASON {
        return Err(RefusalCause::Reason.into());
    }
    Ok((credential.actor(), reason))
}

/// The same about a version of a case.
async fn decree(gateway: &Gateway, fields: &Fields) -> Result<Decree, Stopped> {
    let (actor, reason) = signed(gateway, fields).await?;
    Ok(Decree { actor, reason, expected_version: version(fields, "version")?, other_version: None })
}

/// The page of the ruling just made about a case.
async fn made(gateway: &Gateway, case: &str) -> Result<String, Stopped> {
    let newest = gateway.rulings(case).await.map_err(AppError::from)?.pop();
    let ruling = newest.map(|ruling| ruling.id).unwrap_or_default();
    Ok(address(&format!("/cases/{case}/rulings/{ruling}"), &[]))
}

async fn queue(visit: Visit) -> impl Responder {
    visit
        .read(Section::Reviews, async |visit, page| {
            let queue = visit.gateway.reviews(ROWS, false, None).await?;
            Ok(reviews::queue(page, &queue, &visit.names())?.into())
        })
        .await
}

async fn review(visit: Visit) -> impl Responder {
    visit.read(Section::Reviews, async |visit, page| drawn(visit, page, None).await).await
}

/// The two cases as they are now; where they are one by now, the case.
async fn drawn(visit: &Visit, page: &Page, refused: Option<Refusal>) -> Result<Answer, PageError> {
    let gateway = &visit.gateway;
    let submission = visit.named("submission");
    let found = gateway.review(submission, page.asked("with")).await?;
    let Some(found) = found else {
        let case = gateway.submission(submission).await?.and_then(|view| view.case).ok_or(Failure::NotFound)?;
        return Ok(Answer::SeeOther(address(&format!("/cases/{}", case.id), &[("changed", "1")])));
    };
    let html = reviews::detail(page, &found, &visit.names(), refused.as_ref())?;
    Ok(refused.map_or(Answer::Html(html.clone()), |refused| Answer::Again(refused.status(), html)))
}

async fn decide(visit: Visit, fields: Fields) -> impl Responder {
    visit
        .read(Section::Reviews, async |visit, page| match carried_out(&visit.gateway, &fields).await {
            Ok(address) => Ok(Answer::SeeOther(address)),
            Err(Stopped::Failed(error)) => Err(error),
            Err(Stopped::Refused(cause)) => drawn(visit, page, Some(Refusal { cause, reason: field(&fields, "reason").to_owned() })).await,
        })
        .await
}

async fn carried_out(gateway: &Gateway, fields: &Fields) -> Result<String, Stopped> {
    let (case, other) = (field(fields, "case"), field(fields, "other"));
    let decree = Decree { other_version: version(fields, "other_version")?, ..decree(gateway, fields).await? };
    match field(fields, "decision") {
        "merge" => gateway.merge(case, other, decree).await?,
        "keep_apart" => gateway.keep_apart(case, other, decree).await?,
        _ => return Err(RefusalCause::Choice.into()),
    };
    made(gateway, case).await
}

/// Shows a case's filings in clear, once and to whom asked.
async fn look(visit: Visit, fields: Fields) -> HttpResponse {
    let case = visit.named("id").to_owned();
    visit
        .read(Section::Cases, async |visit, page| {
            let gateway = &visit.gateway;
            let decree = match decree(gateway, &fields).await {
                Ok(decree) => decree,
                Err(Stopped::Failed(error)) => return Err(error),
                Err(Stopped::Refused(cause)) => {
                    let refused = Refusal { cause, reason: field(&fields, "reason").to_owned() };
                    return Ok(Answer::Again(refused.status(), super::handlers::case_page(visit, page, Some(refused)).await?));
                }
            };
            let filings = gateway.look(&case, &decree.actor, &decree.reason).await?.ok_or(Failure::NotFound)?;
            Ok(looks::show(page, &case, &decree.actor, &filings, &visit.names())?.into())
        })
        .await
}

async fn split(visit: Visit, fields: Fields) -> HttpResponse {
    let case = visit.named("id").to_owned();
    about_case(visit, &fields, async |gateway| {
        let leaving: Vec<String> = fields.0.iter().filter(|(name, _)| name == "submission").map(|(_, id)| id.clone()).collect();
        gateway.split(&case, leaving, decree(gateway, &fields).await?).await?;
        made(gateway, &case).await
    })
    .await
}

/// Erases what one of the case's filings says of people.
async fn erase(visit: Visit, fields: Fields) -> HttpResponse {
    let case = visit.named("id").to_owned();
    about_case(visit, &fields, async |gateway| {
        let (actor, reason) = signed_with(gateway, &fields, &[Scope::Administer]).await?;
        let filings = gateway.case_submissions(&case).await?;
        let chosen = filings.iter().find(|filing| filing.id == field(&fields, "submission")).ok_or(RefusalCause::Choice)?;
        gateway.erase(&chosen.id, &actor, &reason).await?;
        Ok(address(&format!("/cases/{case}"), &[]))
    })
    .await
}

/// A reviewer decides on a body's objection; an agreed case goes to the body chosen, or to the one above.
async fn objection(visit: Visit, fields: Fields) -> HttpResponse {
    let case = visit.named("id").to_owned();
    about_case(visit, &fields, async |gateway| {
        let decree = decree(gateway, &fields).await?;
        let decision = match field(&fields, "decision") {
            "agree" => ObjectionDecision::Agree,
            "disagree" => ObjectionDecision::Disagree,
            _ => return Err(RefusalCause::Choice.into()),
        };
        let organization = Some(field(&fields, "organization").to_owned()).filter(|id| !id.is_empty());
        let order = ObjectionOrder { decision, organization, reason: decree.reason.clone() };
        gateway.decide_objection(&case, None, order, decree).await.map_err(RuleError::from)?;
        Ok(address(&format!("/cases/{case}"), &[]))
    })
    .await
}

async fn release(visit: Visit, fields: Fields) -> HttpResponse {
    let case = visit.named("id").to_owned();
    about_case(visit, &fields, async |gateway| {
        gateway.release(&case, field(&fields, "other"), decree(gateway, &fields).await?).await?;
        made(gateway, &case).await
    })
    .await
}

/// Carries an order about a case out, or shows the case as it is now with why not.
async fn about_case(visit: Visit, fields: &Fields, order: impl AsyncFnOnce(&Gateway) -> Result<String, Stopped>) -> HttpResponse {
    let again = async |visit: &Visit, page: &Page, refused| super::handlers::case_page(visit, page, Some(refused)).await;
    ordered(visit, Section::Cases, field(fields, "reason"), order, again).await
}

/// Carries an order out and goes on to the address it gives; refused, the page is shown as it is now, with why not and what was written.
pub(super) async fn ordered(
    visit: Visit,
    section: Section,
    written: &str,
    carry_out: impl AsyncFnOnce(&Gateway) -> Result<String, Stopped>,
    again: impl AsyncFnOnce(&Visit, &Page, Refusal) -> Result<String, PageError>,
) -> HttpResponse {
    let outcome = async |visit: &Visit, page: &Page| match carry_out(&visit.gateway).await {
        Ok(address) => Ok(Answer::SeeOther(address)),
        Err(Stopped::Failed(error)) => Err(error),
        Err(Stopped::Refused(cause)) => {
            let refused = Refusal { cause, reason: written.to_owned() };
            Ok(Answer::Again(refused.status(), again(visit, page, refused).await?))
        }
    };
    visit.read(section, outcome).await
}

async fn ruling(visit: Visit) -> impl Responder {
    visit
        .read(Section::Reviews, async |visit, page| {
            let gateway = &visit.gateway;
            let all = gateway.rulings(visit.named("id")).await.map_err(AppError::from)?;
            let ruling = all.into_iter().find(|ruling| ruling.id == visit.named("ruling")).ok_or(Failure::NotFound)?;
            let of = |case: &str| DeliveryFilter { case: Some(case.to_owned()), ..DeliveryFilter::default() };
            let (case, other, told, told_of_other) = try_join!(
                gateway.case(&ruling.case),
                gateway.case(&ruling.other_case),
                gateway.deliveries(of(&ruling.case), filters::first(MAX_LIMIT)),
                gateway.deliveries(of(&ruling.other_case), filters::first(MAX_LIMIT)),
            )?;
            // What a ruling makes the gateway owe is written in its own transaction, at its own time.
            let at_once = |delivery: &DeliveryView| delivery.created_at == ruling.decided_at;
            let told = told.items.into_iter().chain(told_of_other.items).filter(at_once).collect();
            let cases = case.into_iter().chain(other).collect();
            let detail = RulingDetail { cases, told, names: visit.names(), ruling };
            Ok(rulings::detail(page, &detail)?.into())
        })
        .await
}
