//! Endpoints that are told of changes, as Standard Webhooks lays down: set up, changed, tried, replayed.

mod sign;
mod tell;

pub use sign::sign;
pub use tell::Turn;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::{
    AppError, Gateway,
    code::Code,
    queries::{cut, store_page},
    query::Page,
    validate::{ReplayOrder, RotateOrder, Violations, WebhookChange, WebhookOrder},
    view::{EventKind, Paged, WebhookDeliveryState, WebhookDeliveryView, WebhookSecretView, WebhookState, WebhookTestView, WebhookView},
};
use crate::{
    audit::{Entry, sha256},
    domain::id,
    store::{
        Connection, StoreError, audit, changes, query_error,
        webhooks::{self, Secret, Settings, Told, ToldState, Webhook},
    },
};

/// How many endpoints one owner may have.
pub const MAX_ENDPOINTS: i64 = 20;
/// How many secrets count at a time: the newest, and those before whose overlap is not over.
const MAX_SECRETS: usize = 4;

/// Why an order about an endpoint is not carried out.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    #[error("no such endpoint")]
    Unknown,
    #[error("there are {MAX_ENDPOINTS} endpoints already")]
    TooMany,
    #[error(transparent)]
    Refused(#[from] Violations),
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<StoreError> for WebhookError {
    fn from(error: StoreError) -> Self {
        Self::App(error.into())
    }
}

impl From<query_error::Error> for WebhookError {
    fn from(error: query_error::Error) -> Self {
        Self::App(error.into())
    }
}

/// Who orders: the owner of the endpoints, and the key it is recorded under.
#[derive(Clone, Debug)]
pub struct Owner {
    /// The platform whose cases the endpoints hear of; `None`: all cases.
    pub platform: Option<String>,
    pub actor: String,
    /// The id of the key; an endpoint dies with the key that made it. `None` for somebody at the pages.
    pub key: Option<String>,
}

impl Gateway {
    /// Sets an endpoint up; it is told what happens from now on.
    pub async fn create_webhook(&self, owner: Owner, order: WebhookOrder) -> Result<WebhookSecretView, WebhookError> {
        self.allowed(&order.url)?;
        let (now, secret) = (self.now(), sign::new_secret());
        let gateway = self.clone();
        self.order(move |c| {
            let webhook = Webhook {
                id: id::new_id(now),
                owner: owner.platform.clone(),
                made_by: owner.key.clone(),
                settings: Settings {
                    url: order.url,
                    description: order.description,
                    secrets: vec![Secret { secret: secret.clone(), until: None }],
                },
                kinds: words(&order.types),
                state: if order.paused { webhooks::WebhookState::Paused } else { webhooks::WebhookState::Active },
                position: changes::head(c)?,
                replaying: false,
                attempts: 0,
                failing_since: None,
                dead_in_a_row: 0,
                next_attempt_at: now,
                last_success_at: None,
                last_error: None,
                created_at: now,
                updated_at: now,
            };
            if !webhooks::insert(c, gateway.store().sealer(), &webhook, MAX_ENDPOINTS)? {
                return Err(WebhookError::TooMany);
            }
            record(c, &owner.actor, "webhook.created", &webhook, now)?;
            Ok(WebhookSecretView { webhook: view(c, webhook)?, secret, previous_until: None })
        })
        .await
    }

    pub async fn webhooks(&self, owner: Option<&str>) -> Result<Vec<WebhookView>, AppError> {
        let owner = owner.map(str::to_owned);
        self.read(move |gateway, c| {
            let found = webhooks::of_owner(c, gateway.store().sealer(), owner.as_deref())?;
            found.into_iter().map(|webhook| view(c, webhook)).collect()
        })
        .await
    }

    pub async fn webhook(&self, owner: Option<&str>, id: &str) -> Result<Option<WebhookView>, AppError> {
        let (owner, id) = (owner.map(str::to_owned), id.to_owned());
        self.read(move |gateway, c| {
            let found = webhooks::find(c, gateway.store().sealer(), &id)?.filter(|webhook| webhook.owner == owner);
            found.map(|webhook| view(c, webhook)).transpose()
        })
        .await
    }

    /// Changes what an endpoint is; resumed, it goes on where it stopped, with fresh tries.
    pub async fn change_webhook(&self, owner: Owner, id: &str, change: WebhookChange) -> Result<WebhookView, WebhookError> {
        if let Some(url) = &change.url {
            self.allowed(url)?;
        }
        let key = owner.key.clone();
        self.alter(owner, id, "webhook.changed", move |_, webhook, now| {
            if let Some(url) = change.url {
                webhook.settings.url = url;
            }
            if let Some(description) = change.description {
                webhook.settings.description = description;
            }
            if let Some(types) = &change.types {
                webhook.kinds = words(types);
            }
            match change.paused {
                Some(true) => webhook.state = webhooks::WebhookState::Paused,
                Some(false) => {
                    webhook.state = webhooks::WebhookState::Active;
                    webhook.made_by = key;
                    fresh(webhook, now);
                }
                None => {}
            }
            Ok(())
        })
        .await
    }

    /// Removes an endpoint; nothing more is sent to it.
    pub async fn delete_webhook(&self, owner: Owner, id: &str) -> Result<(), WebhookError> {
        let (gateway, id, now) = (self.clone(), id.to_owned(), self.now());
        self.order(move |c| {
            let found = webhooks::lock(c, gateway.store().sealer(), &id)?.filter(|webhook| webhook.owner == owner.platform);
            let webhook = found.ok_or(WebhookError::Unknown)?;
            webhooks::delete(c, &webhook.id)?;
            Ok(record(c, &owner.actor, "webhook.deleted", &webhook, now)?)
        })
        .await
    }

    /// Replaces the signing secret; the one before counts on for the overlap.
    pub async fn rotate_webhook_secret(&self, owner: Owner, id: &str, order: RotateOrder) -> Result<WebhookSecretView, WebhookError> {
        let (secret, until) = (sign::new_secret(), self.now() + TimeDelta::seconds(i64::from(order.overlap_seconds)));
        let new = Secret { secret: secret.clone(), until: None };
        let webhook = self
            .alter(owner, id, "webhook.secret_rotated", move |_, webhook, now| {
                let secrets = &mut webhook.settings.secrets;
                for old in secrets.iter_mut() {
                    old.until = Some(old.until.map_or(until, |known| known.min(until)));
                }
                secrets.retain(|old| old.until.is_some_and(|until| until > now));
                secrets.insert(0, new);
                secrets.truncate(MAX_SECRETS);
                Ok(())
            })
            .await?;
        Ok(WebhookSecretView { webhook, secret, previous_until: (order.overlap_seconds > 0).then_some(until) })
    }

    /// Sends events again: all since a time, or those given up on.
    pub async fn replay_webhook(&self, owner: Owner, id: &str, order: ReplayOrder) -> Result<WebhookView, WebhookError> {
        self.alter(owner, id, "webhook.replayed", move |c, webhook, now| {
            match order.since {
                Some(since) => webhook.position = webhook.position.min(changes::before(c, since)?),
                None => webhook.replaying = webhooks::revive(c, &webhook.id)? > 0,
            }
            fresh(webhook, now);
            Ok(())
        })
        .await
    }

    /// Sends a test event now, once, whatever state the endpoint is in.
    pub async fn test_webhook(&self, owner: Option<&str>, id: &str) -> Result<Option<WebhookTestView>, AppError> {
        let (owner, id) = (owner.map(str::to_owned), id.to_owned());
        let found = self
            .read(move |gateway, c| Ok(webhooks::find(c, gateway.store().sealer(), &id)?.filter(|webhook| webhook.owner == owner)))
            .await?;
        let Some(webhook) = found else { return Ok(None) };
        let event = id::new_id(self.now());
        let body = json!({
            "specversion": "1.0", "id": event, "source": "/gateway", "type": "onecase.webhook.test", "subject": webhook.id,
            "time": self.now(), "datacontenttype": "application/json", "data": {},
        });
        let tried = self.tell(&webhook, &event, body.to_string().into_bytes()).await;
        Ok(Some(WebhookTestView {
            delivered: tried.error.is_none(),
            http_status: tried.http_status,
            error: tried.error,
            duration_ms: u64::try_from(tried.duration.as_millis()).unwrap_or(u64::MAX),
        }))
    }

    /// What an endpoint was told, newest first; `None` if there is no such endpoint.
    pub async fn webhook_deliveries(
        &self,
        owner: Option<&str>,
        id: &str,
        state: Option<WebhookDeliveryState>,
        page: Page,
    ) -> Result<Option<Paged<WebhookDeliveryView>>, AppError> {
        let (page, limit) = store_page(&page)?;
        let (owner, id) = (owner.map(str::to_owned), id.to_owned());
        self.read(move |gateway, c| {
            let found = webhooks::find(c, gateway.store().sealer(), &id)?.filter(|webhook| webhook.owner == owner);
            if found.is_none() {
                return Ok(None);
            }
            let told = webhooks::told(c, &id, state.map(ToldState::from), page)?;
            let (told, next_cursor) = cut(told, limit, |told| (told.event_seq, 0));
            Ok(Some(Paged { items: told.into_iter().map(delivery).collect::<Result<_, _>>()?, next_cursor }))
        })
        .await
    }

    fn allowed(&self, url: &str) -> Result<(), Violations> {
        self.0.outbound.check(url).map_err(|error| {
            let detail = format!("Nothing may be sent there: {error}.");
            Violations::one(Code::InvalidWebhook, Code::AddressNotAllowed, "/url", detail)
        })
    }

    async fn order<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection<'_>) -> Result<T, WebhookError> + Send + 'static,
    ) -> Result<T, WebhookError> {
        self.0.store.run(move |store| store.transaction(work)).await
    }

    /// Changes one endpoint under a lock; whoever is telling it something loses it and begins anew.
    async fn alter(
        &self,
        owner: Owner,
        id: &str,
        action: &'static str,
        work: impl FnOnce(&mut Connection<'_>, &mut Webhook, DateTime<Utc>) -> Result<(), WebhookError> + Send + 'static,
    ) -> Result<WebhookView, WebhookError> {
        let (gateway, id, now) = (self.clone(), id.to_owned(), self.now());
        self.order(move |c| {
            let sealer = gateway.store().sealer();
            let found = webhooks::lock(c, sealer, &id)?.filter(|webhook| webhook.owner == owner.platform);
            let mut webhook = found.ok_or(WebhookError::Unknown)?;
            work(c, &mut webhook, now)?;
            webhook.updated_at = now;
            webhooks::replace(c, sealer, &webhook)?;
            record(c, &owner.actor, action, &webhook, now)?;
            Ok(view(c, webhook)?)
        })
        .await
    }
}

/// As if it had never failed.
fn fresh(webhook: &mut Webhook, now: DateTime<Utc>) {
    webhook.attempts = 0;
    webhook.failing_since = None;
    webhook.dead_in_a_row = 0;
    webhook.next_attempt_at = now;
}

fn words(kinds: &[EventKind]) -> Vec<String> {
    kinds.iter().map(|kind| kind.as_str().to_owned()).collect()
}

/// Secrets and addresses stay out of the log: what stands there is a digest.
fn record(c: &mut Connection<'_>, actor: &str, action: &'static str, webhook: &Webhook, at: DateTime<Utc>) -> Result<(), StoreError> {
    let said = json!({ "url": webhook.settings.url, "types": webhook.kinds, "state": webhook.state, "position": webhook.position });
    let entry = Entry { at, action, subject: webhook.id.clone(), actor: actor.to_owned(), digest: sha256(said.to_string().as_bytes()) };
    audit::append(c, &[entry])
}

fn view(c: &mut Connection<'_>, webhook: Webhook) -> Result<WebhookView, StoreError> {
    let behind = changes::head(c)?.saturating_sub(webhook.position);
    Ok(WebhookView {
        up_to_date: !webhook.replaying && behind <= 0,
        behind: u64::try_from(behind).unwrap_or_default(),
        id: webhook.id,
        url: webhook.settings.url,
        types: webhook.kinds.iter().filter_map(|kind| EventKind::parse(kind)).collect(),
        description: webhook.settings.description,
        state: webhook.state.into(),
        last_success_at: webhook.last_success_at,
        next_attempt_at: webhook.last_error.is_some().then_some(webhook.next_attempt_at),
        last_error: webhook.last_error,
        created_at: webhook.created_at,
        updated_at: webhook.updated_at,
    })
}

fn delivery(told: Told) -> Result<WebhookDeliveryView, StoreError> {
    let kind = EventKind::parse(&told.kind)
        .ok_or_else(|| StoreError::Corrupt { what: "event kind", source: "an event of unknown kind".into() })?;
    Ok(WebhookDeliveryView {
        event: told.event_id,
        kind,
        state: match told.state {
            ToldState::Pending => WebhookDeliveryState::Pending,
            ToldState::Delivered => WebhookDeliveryState::Delivered,
            ToldState::Dead => WebhookDeliveryState::Dead,
        },
        attempts: u32::try_from(told.attempts).unwrap_or_default(),
        http_status: told.http_status.and_then(|status| u16::try_from(status).ok()),
        error: told.error,
        attempted_at: told.attempted_at,
    })
}

impl From<WebhookDeliveryState> for ToldState {
    fn from(state: WebhookDeliveryState) -> Self {
        match state {
            WebhookDeliveryState::Pending => Self::Pending,
            WebhookDeliveryState::Delivered => Self::Delivered,
            WebhookDeliveryState::Dead => Self::Dead,
        }
    }
}

impl From<webhooks::WebhookState> for WebhookState {
    fn from(state: webhooks::WebhookState) -> Self {
        match state {
            webhooks::WebhookState::Active => Self::Active,
            webhooks::WebhookState::Paused => Self::Paused,
            webhooks::WebhookState::Gone => Self::Gone,
            webhooks::WebhookState::AddressRefused => Self::AddressRefused,
            webhooks::WebhookState::Failing => Self::Failing,
            webhooks::WebhookState::Orphaned => Self::Orphaned,
        }
    }
}
