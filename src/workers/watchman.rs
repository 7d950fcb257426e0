//! Reads the health of the federation again and again, for alerts.

use std::time::Duration;

use super::Stopping;
use crate::{app::Gateway, store::StoreError};

const PAUSE: Duration = Duration::from_secs(10);

pub(super) async fn run(gateway: Gateway, mut stopping: Stopping) {
    while !stopping.now() {
        let worker = gateway.clone();
        if let Err(error) = tokio::task::spawn_blocking(move || worker.watch_health()).await.unwrap_or(Err(StoreError::Worker)) {
            tracing::error!(error = &error as &dyn std::error::Error, "the federation's health cannot be judged");
        }
        stopping.pause(PAUSE).await;
    }
}
