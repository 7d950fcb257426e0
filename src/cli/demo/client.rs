//! The bureau's view of the gateway, over its API.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    app::view::{CaseView, GapView, Overview, Paged, SubmissionView},
    cli::Failure,
    net::{Outbound, OutboundPolicy, OutboundRequest},
};

/// Pages of a list that are read at most.
const MAX_PAGES: usize = 500;

pub struct Client {
    outbound: Outbound,
    address: String,
    key: String,
}

impl Client {
    pub fn new(address: String, key: &str) -> Result<Self, Failure> {
        let outbound = Outbound::new(OutboundPolicy {
            allow_private_addresses: true,
            connect_timeout: Duration::from_secs(2),
            total_timeout: Duration::from_secs(20),
            max_response_bytes: 32 << 20,
        })?;
        Ok(Self { outbound, address, key: key.to_owned() })
    }

    /// True if the gateway is there and can do its work.
    pub async fn is_ready(&self) -> bool {
        self.request("/readyz").await.is_ok_and(|(status, _)| status == 200)
    }

    pub async fn overview(&self) -> Result<Overview, Failure> {
        self.get("/v1/overview").await
    }

    pub async fn submissions(&self) -> Result<Vec<SubmissionView>, Failure> {
        self.all("/v1/submissions").await
    }

    pub async fn cases(&self) -> Result<Vec<CaseView>, Failure> {
        self.all("/v1/cases").await
    }

    pub async fn gaps(&self) -> Result<Vec<GapView>, Failure> {
        self.all("/v1/gaps").await
    }

    async fn all<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, Failure> {
        let mut items = Vec::new();
        let mut target = format!("{path}?limit=200");
        for _ in 0..MAX_PAGES {
            let page: Paged<T> = self.get(&target).await?;
            items.extend(page.items);
            let Some(cursor) = page.next_cursor else { break };
            target = format!("{path}?limit=200&cursor={cursor}");
        }
        Ok(items)
    }

    async fn get<T: DeserializeOwned>(&self, target: &str) -> Result<T, Failure> {
        let (status, body) = self.request(target).await?;
        if status != 200 {
            return Err(format!("GET {target} answered {status}").into());
        }
        Ok(serde_json::from_slice(&body)?)
    }

    /// Offers a filing under its number as the idempotency key: the status and the answer.
    pub async fn file(&self, source_id: &str, body: &Value) -> Result<(u16, Value), Failure> {
        let headers = [("content-type", "application/json"), ("idempotency-key", source_id)];
        let (status, answer) = self.send("POST", "/v1/submissions", &headers, body.to_string().into_bytes()).await?;
        Ok((status, serde_json::from_slice(&answer).unwrap_or_default()))
    }

    async fn request(&self, target: &str) -> Result<(u16, Vec<u8>), Failure> {
        self.send("GET", target, &[], Vec::new()).await
    }

    async fn send(&self, method: &str, target: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Result<(u16, Vec<u8>), Failure> {
        let authorization = ("authorization".to_owned(), format!("Bearer {}", self.key));
        let request = OutboundRequest {
            method: method.into(),
            url: format!("{}{target}", self.address),
            headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).chain([authorization]).collect(),
            body,
        };
        let response = self.outbound.send(request).await?;
        Ok((response.status, response.body))
    }
}
