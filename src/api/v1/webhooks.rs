//! Endpoints that are told of changes, as Standard Webhooks lays down.

use actix_web::{HttpRequest, HttpResponse, delete, get, http::header::LOCATION, patch, post, web};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Listed;
use crate::{
    api::{
        auth::{Caller, Follow},
        body::JsonBody,
        params::{self, Params},
        problem::{Problem, Reply},
        responses::{Listing, Reading, ReadingList, Subscribing},
    },
    app::{
        Gateway, WebhookOwner,
        code::Code,
        validate::{self, ReplayOrder, RotateOrder, WebhookChange, WebhookOrder},
        view::{Paged, WebhookDeliveryState, WebhookDeliveryView, WebhookSecretView, WebhookTestView, WebhookView},
    },
};

fn owner(caller: &Caller<Follow>) -> Reply<WebhookOwner> {
    Ok(WebhookOwner { platform: caller.confined_to()?.map(str::to_owned), actor: caller.actor(), key: Some(caller.key_id().to_owned()) })
}

/// Set an endpoint up
///
/// It is told of every change that `/v1/changes` shows this key, from now on: one event after another, each signed, each until
/// it is answered with 2xx. The secret is shown this once.
#[utoipa::path(
    tag = "changes",
    operation_id = "createWebhook",
    request_body(content = WebhookOrder, description = "Where to, and what"),
    responses(
        (status = 201, description = "The endpoint and its secret", body = WebhookSecretView, headers(("Location" = String, description = "The endpoint"))),
        Subscribing,
    ),
)]
#[post("/v1/webhooks")]
pub async fn create_webhook(caller: Caller<Follow>, gateway: web::Data<Gateway>, body: JsonBody) -> Reply<HttpResponse> {
    let order = validate::webhook_order(&body.0, gateway.now())?;
    let made = gateway.create_webhook(owner(&caller)?, order).await?;
    Ok(HttpResponse::Created().insert_header((LOCATION, format!("/v1/webhooks/{}", made.webhook.id))).json(made))
}

/// List endpoints
///
/// Those of one's platform; for those who watch the federation, those of the bureau.
#[utoipa::path(
    tag = "changes",
    operation_id = "listWebhooks",
    responses((status = 200, description = "The endpoints", body = Listed<WebhookView>), Listing),
)]
#[get("/v1/webhooks")]
pub async fn list_webhooks(caller: Caller<Follow>, gateway: web::Data<Gateway>) -> Reply<web::Json<Listed<WebhookView>>> {
    Ok(web::Json(Listed { items: gateway.webhooks(caller.confined_to()?).await? }))
}

/// Read an endpoint
///
/// Where it is, whether it takes what it is sent, and why not.
#[utoipa::path(
    tag = "changes",
    operation_id = "getWebhook",
    params(("id" = String, Path, description = "The endpoint")),
    responses((status = 200, description = "The endpoint", body = WebhookView), Reading),
)]
#[get("/v1/webhooks/{id}")]
pub async fn get_webhook(caller: Caller<Follow>, gateway: web::Data<Gateway>, id: web::Path<String>) -> Reply<web::Json<WebhookView>> {
    let found = gateway.webhook(caller.confined_to()?, &id).await?;
    found.map(web::Json).ok_or_else(|| Problem::of(Code::NotFound))
}

/// Change an endpoint
///
/// What is left out stays. `"paused": false` also resumes one that nothing was sent to any more; it goes on where it stopped.
#[utoipa::path(
    tag = "changes",
    operation_id = "changeWebhook",
    params(("id" = String, Path, description = "The endpoint")),
    request_body(content = WebhookChange, description = "What shall change"),
    responses((status = 200, description = "The endpoint", body = WebhookView), Subscribing),
)]
#[patch("/v1/webhooks/{id}")]
pub async fn change_webhook(
    caller: Caller<Follow>,
    gateway: web::Data<Gateway>,
    id: web::Path<String>,
    body: JsonBody,
) -> Reply<web::Json<WebhookView>> {
    let change = validate::webhook_change(&body.0, gateway.now())?;
    Ok(web::Json(gateway.change_webhook(owner(&caller)?, &id, change).await?))
}

/// Remove an endpoint
///
/// Nothing more is sent to it, and what it was told is forgotten.
#[utoipa::path(
    tag = "changes",
    operation_id = "deleteWebhook",
    params(("id" = String, Path, description = "The endpoint")),
    responses((status = 204, description = "It is removed"), Reading),
)]
#[delete("/v1/webhooks/{id}")]
pub async fn delete_webhook(caller: Caller<Follow>, gateway: web::Data<Gateway>, id: web::Path<String>) -> Reply<HttpResponse> {
    gateway.delete_webhook(owner(&caller)?, &id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Replace an endpoint's secret
///
/// What is sent is signed with both until the overlap is over, so that the receiver can change in its own time.
#[utoipa::path(
    tag = "changes",
    operation_id = "rotateWebhookSecret",
    params(("id" = String, Path, description = "The endpoint")),
    request_body(content = RotateOrder, description = "For how long both count"),
    responses((status = 200, description = "The endpoint and its new secret", body = WebhookSecretView), Subscribing),
)]
#[post("/v1/webhooks/{id}/rotate-secret")]
pub async fn rotate_webhook_secret(
    caller: Caller<Follow>,
    gateway: web::Data<Gateway>,
    id: web::Path<String>,
    body: JsonBody,
) -> Reply<web::Json<WebhookSecretView>> {
    let order = validate::rotate_order(&body.0, gateway.now())?;
    Ok(web::Json(gateway.rotate_webhook_secret(owner(&caller)?, &id, order).await?))
}

/// Send events again
///
/// All since a time, or those that were given up on; in order, and before anything newer.
#[utoipa::path(
    tag = "changes",
    operation_id = "replayWebhook",
    params(("id" = String, Path, description = "The endpoint")),
    request_body(content = ReplayOrder, description = "Which events"),
    responses((status = 202, description = "The endpoint; they will be sent", body = WebhookView), Subscribing),
)]
#[post("/v1/webhooks/{id}/replay")]
pub async fn replay_webhook(
    caller: Caller<Follow>,
    gateway: web::Data<Gateway>,
    id: web::Path<String>,
    body: JsonBody,
) -> Reply<HttpResponse> {
    let order = validate::replay_order(&body.0, gateway.now())?;
    Ok(HttpResponse::Accepted().json(gateway.replay_webhook(owner(&caller)?, &id, order).await?))
}

/// Try an endpoint
///
/// Sends one event of the type `onecase.webhook.test` now and says how it was answered.
#[utoipa::path(
    tag = "changes",
    operation_id = "testWebhook",
    params(("id" = String, Path, description = "The endpoint")),
    responses((status = 200, description = "How it went", body = WebhookTestView), Reading),
)]
#[post("/v1/webhooks/{id}/test")]
pub async fn test_webhook(caller: Caller<Follow>, gateway: web::Data<Gateway>, id: web::Path<String>) -> Reply<web::Json<WebhookTestView>> {
    let tried = gateway.test_webhook(caller.confined_to()?, &id).await?;
    tried.map(web::Json).ok_or_else(|| Problem::of(Code::NotFound))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct WebhookDeliveryQuery {
    state: Option<WebhookDeliveryState>,
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(min_length = 1, max_length = 512)]
    cursor: Option<String>,
}

/// List what an endpoint was told
///
/// Every event it was sent, newest first, and how the last try went.
#[utoipa::path(
    tag = "changes",
    operation_id = "listWebhookDeliveries",
    params(("id" = String, Path, description = "The endpoint"), WebhookDeliveryQuery),
    responses((status = 200, description = "A page of events", body = Paged<WebhookDeliveryView>), ReadingList),
)]
#[get("/v1/webhooks/{id}/deliveries")]
pub async fn list_webhook_deliveries(
    caller: Caller<Follow>,
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    id: web::Path<String>,
    query: Params<WebhookDeliveryQuery>,
) -> Reply<HttpResponse> {
    let list = format!("events told to {id}");
    let page = params::page(&list, query.0.limit, query.0.cursor.as_deref())?;
    let told = gateway.webhook_deliveries(caller.confined_to()?, &id, query.0.state, page).await?;
    Ok(params::paged(&request, &list, told.ok_or_else(|| Problem::of(Code::NotFound))?))
}
