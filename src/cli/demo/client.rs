//! The bureau's view of the gateway, over its API.

use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep};

use super::child::GatewayProcess;
use crate::{
    app::view::{CaseView, GapView, Overview, Paged, SubmissionView},
    cli::Failure,
    net::{Outbound, OutboundPolicy, OutboundRequest},
};

const START_PATIENCE: Duration = Duration::from_secs(60);
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

    pub async fn wait_ready(&self, gateway: &mut GatewayProcess) -> Result<(), Failure> {
        let deadline = Instant::now() + START_PATIENCE;
        while Instant::now() < deadline {
            gateway.check()?;
            if self.request("/readyz").await.is_ok_and(|(status, _)| status == 200) {
                return Ok(());
            }
            sleep(Duration::from_millis(50)).await;
        }
        Err("the gateway was not ready within a minute".into())
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

    async fn request(&self, target: &str) -> Result<(u16, Vec<u8>), Failure> {
        let request = OutboundRequest {
            method: "GET".into(),
            url: format!("{}{target}", self.address),
            headers: vec![("authorization".into(), format!("Bearer {}", self.key))],
            body: Vec::new(),
        };
        let response = self.outbound.send(request).await?;
        Ok((response.status, response.body))
    }
}
