//! What an administrator orders on a platform's page: compare its ledger, and pause, resume or replay an endpoint.

use actix_web::{
    Responder,
    web::{self, Form, ServiceConfig},
};
use serde::Deserialize;

use super::{
    page::{Section, address},
    pages::failure::Failure,
    visit::{Answer, PageError, Visit},
};
use crate::app::{
    AppError, ReconcileError, WebhookError, WebhookOwner,
    validate::{ReplayOrder, WebhookChange},
};

/// The addresses.
pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .route("/platforms/{id}/reconcile", web::post().to(reconcile))
        .route("/platforms/{id}/quarantine", web::post().to(offer_again))
        .route("/platforms/{id}/endpoints/{endpoint}", web::post().to(change_endpoint))
        .route("/endpoints", web::get().to(endpoints))
        .route("/endpoints/{endpoint}", web::post().to(change_endpoint));
}

async fn reconcile(visit: Visit) -> impl Responder {
    visit
        .change(Section::Platforms, async |visit, _| {
            let platform = visit.gateway.federation().platform(visit.named("id")).cloned().ok_or(Failure::NotFound)?;
            let outcome = match visit.gateway.reconcile_lately(&platform).await {
                Ok(()) => "done",
                Err(ReconcileError::NoLedger | ReconcileError::Days) => return Err(Failure::NotFound.into()),
                // It is counted, and the page says what it was.
                Err(ReconcileError::Pull(_)) => "failed",
                Err(ReconcileError::Store(error)) => return Err(AppError::from(error).into()),
            };
            Ok(Answer::SeeOther(address(&format!("/platforms/{}", platform.platform.id), &[("compared", outcome)])))
        })
        .await
}

/// Offers the records that were set aside again, after the adapter was mended.
async fn offer_again(visit: Visit) -> impl Responder {
    visit
        .change(Section::Platforms, async |visit, _| {
            let platform = visit.gateway.federation().platform(visit.named("id")).cloned().ok_or(Failure::NotFound)?;
            let received = visit.gateway.replay_quarantine(&platform).await.map_err(|_| Failure::Unavailable)?;
            let taken = (received.registered + received.known + received.updates).to_string();
            let asked = [("taken", taken.as_str()), ("kept", &received.quarantined.to_string())];
            Ok(Answer::SeeOther(address(&format!("/platforms/{}", platform.platform.id), &asked)))
        })
        .await
}

/// The bureau's own endpoints; those of platforms stand on their pages.
async fn endpoints(visit: Visit) -> impl Responder {
    visit
        .read(Section::Deliveries, async |visit, page| {
            let found = visit.gateway.webhooks(None).await?;
            Ok(super::pages::endpoints::list(page, &found)?.into())
        })
        .await
}

#[derive(Deserialize)]
struct EndpointForm {
    order: EndpointOrder,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum EndpointOrder {
    Pause,
    Resume,
    /// What was given up on.
    Replay,
}

async fn change_endpoint(visit: Visit, form: Form<EndpointForm>) -> impl Responder {
    visit
        .change(Section::Platforms, async |visit, _| {
            // Of a platform, or the bureau's own.
            let platform = Some(visit.named("id").to_owned()).filter(|platform| !platform.is_empty());
            let owner = WebhookOwner { platform: platform.clone(), actor: "pages".to_owned(), key: None };
            let endpoint = visit.named("endpoint");
            let paused = |paused| WebhookChange { paused: Some(paused), ..WebhookChange::default() };
            let changed = match form.0.order {
                EndpointOrder::Pause => visit.gateway.change_webhook(owner, endpoint, paused(true)).await,
                EndpointOrder::Resume => visit.gateway.change_webhook(owner, endpoint, paused(false)).await,
                EndpointOrder::Replay => visit.gateway.replay_webhook(owner, endpoint, ReplayOrder { since: None, failed: true }).await,
            };
            match changed {
                Ok(_) => {
                    let back = platform.map_or_else(|| "/endpoints".to_owned(), |platform| format!("/platforms/{platform}"));
                    Ok(Answer::SeeOther(address(&back, &[])))
                }
                Err(WebhookError::App(error)) => Err(error.into()),
                Err(WebhookError::Unknown | WebhookError::TooMany | WebhookError::Refused(_)) => {
                    Err::<_, PageError>(Failure::NotFound.into())
                }
            }
        })
        .await
}
