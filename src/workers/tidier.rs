//! Removes what is kept for a time only.

use std::time::Duration;

use super::Stopping;
use crate::{app::Gateway, store::StoreError};

const PAUSE: Duration = Duration::from_secs(3_600);

pub(super) async fn run(gateway: Gateway, mut stopping: Stopping) {
    while !stopping.now() {
        let worker = gateway.clone();
        match tokio::task::spawn_blocking(move || worker.tidy()).await.unwrap_or(Err(StoreError::Worker)) {
            Ok(tidied) => {
                tracing::debug!(keys = tidied.keys, reports = tidied.reports, told = tidied.told, "what had its time was removed");
            }
            Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "what had its time cannot be removed"),
        }
        stopping.pause(PAUSE).await;
    }
}
