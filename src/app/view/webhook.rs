//! Endpoints that follow the change feed, as their owners see them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::EventKind;

/// An endpoint that is told of changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WebhookView {
    pub id: String,
    #[schema(example = "https://petitions.example/hooks")]
    pub url: String,
    /// The types of events it is told; all if empty.
    pub types: Vec<EventKind>,
    pub description: String,
    pub state: WebhookState,
    /// Told of everything there is by now.
    pub up_to_date: bool,
    /// How many changes it has still to be told of, at most: some may be none of its owner's, or of another type.
    pub behind: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_success_at: Option<DateTime<Utc>>,
    /// Why the last try failed; absent after a success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// While it fails: when it is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A new endpoint, or one with a new secret. The secret is shown this once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WebhookSecretView {
    pub webhook: WebhookView,
    /// Signs what is sent, as Standard Webhooks lays down.
    #[schema(example = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")]
    pub secret: String,
    /// Until then what is sent is also signed with the secret before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_until: Option<DateTime<Utc>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WebhookState {
    Active,
    /// By its owner; goes on where it stopped.
    Paused,
    /// It answered 410; nothing is sent until it is resumed.
    Gone,
    /// Its address lies where nothing may be sent; nothing is sent until it is resumed.
    AddressRefused,
    /// Event after event was given up on; nothing is sent until it is resumed.
    Failing,
    /// The key that made it was revoked; nothing is sent until it is resumed with another.
    Orphaned,
}

/// An event that an endpoint was told, or is being told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WebhookDeliveryView {
    /// The event's id, which is also `webhook-id`; `/v1/changes/{id}` is the event.
    pub event: String,
    #[serde(rename = "type")]
    pub kind: EventKind,
    pub state: WebhookDeliveryState,
    pub attempts: u32,
    /// Of the last try.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    pub attempted_at: DateTime<Utc>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WebhookDeliveryState {
    /// Will be tried again.
    Pending,
    Delivered,
    /// Given up; can be replayed.
    Dead,
}

/// How the test event went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WebhookTestView {
    /// It was answered with 2xx.
    pub delivered: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    pub duration_ms: u64,
}
