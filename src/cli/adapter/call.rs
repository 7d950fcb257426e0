//! Calling a platform from the command line, with secrets from the environment.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    adapter::{AccessToken, Adapter, Request, Response, Secrets},
    cli::runtime::environment,
    net::{ClientError, Outbound, OutboundError, OutboundPolicy, OutboundRequest},
};

/// A platform to call.
pub struct Place {
    /// Without a final slash.
    pub base_url: String,
    pub secrets: BTreeMap<String, String>,
    outbound: Outbound,
}

/// No access token could be had.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    #[error(transparent)]
    Request(#[from] crate::adapter::RequestError),
    #[error(transparent)]
    Send(#[from] OutboundError),
    #[error(transparent)]
    Answer(#[from] crate::adapter::PageError),
}

/// What `ONECASE_SECRET_NAME` says for each secret that an adapter names.
pub fn secrets_from_environment(adapter: &Adapter) -> BTreeMap<String, String> {
    let variable = |name: &str| format!("ONECASE_SECRET_{}", name.to_ascii_uppercase().replace('-', "_"));
    adapter.secret_names().iter().filter_map(|name| Some((name.clone(), environment(&variable(name))?))).collect()
}

impl Place {
    pub fn new(base_url: &str, secrets: BTreeMap<String, String>, allow_private_addresses: bool) -> Result<Self, ClientError> {
        let outbound = Outbound::new(OutboundPolicy {
            allow_private_addresses,
            connect_timeout: Duration::from_secs(5),
            total_timeout: Duration::from_secs(20),
            max_response_bytes: 8 * 1024 * 1024,
        })?;
        Ok(Self { base_url: base_url.trim_end_matches('/').to_owned(), secrets, outbound })
    }

    pub async fn send(&self, request: Request) -> Result<Response, OutboundError> {
        let url = format!("{}{}", self.base_url, request.target);
        let sent = OutboundRequest { method: request.method, url, headers: request.headers, body: request.body };
        let answer = self.outbound.send(sent).await?;
        Ok(Response { status: answer.status, headers: answer.headers, body: answer.body })
    }

    /// An access token, where the platform wants one.
    pub async fn token(&self, adapter: &Adapter, secrets: &Secrets) -> Result<Option<AccessToken>, TokenError> {
        let Some(request) = adapter.token_request(secrets)? else { return Ok(None) };
        Ok(Some(adapter.token_response(&self.send(request).await?)?))
    }
}
