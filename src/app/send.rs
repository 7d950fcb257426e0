//! Talking to a platform: an adapter's request over the outbound client, with an access token where one is needed.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Mutex;

use super::{FederatedPlatform, Gateway};
use crate::{
    adapter::{AccessToken, Adapter, PageError, Request, RequestError, Response},
    net::{OutboundError, OutboundRequest},
};

/// Tokens are renewed so long before they end.
const RENEW_BEFORE: TimeDelta = TimeDelta::seconds(60);

#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("the platform has no adapter or no base_url")]
    NotConfigured,
    #[error(transparent)]
    Request(#[from] RequestError),
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    #[error("no access token: {0}")]
    Token(PageError),
}

impl SendError {
    /// A stable word for counters and stored attempts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotConfigured => "not_configured",
            Self::Request(_) => "request_not_made",
            Self::Outbound(error) => error.code(),
            Self::Token(_) => "no_access_token",
        }
    }
}

/// The access tokens of this node, one holder a platform.
#[derive(Default)]
pub(super) struct Tokens(Mutex<HashMap<String, Arc<Mutex<Option<Held>>>>>);

#[derive(Clone)]
struct Held {
    token: AccessToken,
    until: DateTime<Utc>,
}

impl FederatedPlatform {
    pub(super) fn adapter(&self) -> Result<&Arc<Adapter>, SendError> {
        self.adapter.as_ref().ok_or(SendError::NotConfigured)
    }
}

impl Gateway {
    pub(super) async fn send(&self, platform: &FederatedPlatform, request: Request) -> Result<Response, SendError> {
        let base = platform.base_url.as_deref().ok_or(SendError::NotConfigured)?;
        let outbound = OutboundRequest {
            method: request.method,
            url: format!("{base}{}", request.target),
            headers: request.headers,
            body: request.body,
        };
        let answer = self.0.outbound.send_as(&platform.platform.id, outbound).await?;
        Ok(Response { status: answer.status, headers: answer.headers, body: answer.body })
    }

    /// A valid access token, asked for if need be; `None` for platforms without.
    pub(super) async fn token(&self, platform: &FederatedPlatform) -> Result<Option<AccessToken>, SendError> {
        let adapter = platform.adapter()?;
        if !adapter.needs_token() {
            return Ok(None);
        }
        let holder = self.holder(platform).await;
        let mut held = holder.lock().await;
        if let Some(held) = held.as_ref().filter(|held| held.until > self.now() + RENEW_BEFORE) {
            return Ok(Some(held.token.clone()));
        }
        let Some(request) = adapter.token_request(&platform.secrets)? else { return Ok(None) };
        let response = self.send(platform, request).await?;
        let token = adapter.token_response(&response).map_err(SendError::Token)?;
        let lifetime = TimeDelta::from_std(token.lifetime).unwrap_or(TimeDelta::zero());
        *held = Some(Held { token: token.clone(), until: self.now() + lifetime });
        Ok(Some(token))
    }

    /// Throws a token away that the platform no longer takes.
    pub(super) async fn forget_token(&self, platform: &FederatedPlatform, refused: Option<&AccessToken>) {
        let holder = self.holder(platform).await;
        let mut held = holder.lock().await;
        if held.as_ref().map(|held| &held.token) == refused {
            *held = None;
        }
    }

    async fn holder(&self, platform: &FederatedPlatform) -> Arc<Mutex<Option<Held>>> {
        Arc::clone(self.0.tokens.0.lock().await.entry(platform.platform.id.clone()).or_default())
    }
}
