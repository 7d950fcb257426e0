//! Keeps the summaries of matters up to date, on one node at a time.

use std::time::Duration;

use super::Stopping;
use crate::{app::Gateway, store::StoreError};

/// Between looks for summaries that are due.
const LOOK: Duration = Duration::from_secs(5);

pub(super) async fn run(gateway: Gateway, mut stopping: Stopping) {
    while !stopping.now() {
        let worker = gateway.clone();
        let round = tokio::task::spawn_blocking(move || worker.summarise_matters()).await.unwrap_or(Err(StoreError::Worker));
        match round {
            Ok(0) => stopping.pause(LOOK).await,
            Ok(summarised) => tracing::debug!(summarised, "matters summarised"),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "matters cannot be summarised");
                stopping.pause(LOOK).await;
            }
        }
    }
}
