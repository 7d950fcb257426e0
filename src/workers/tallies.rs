//! Keeps the notes that counts are summed from few.

use std::time::Duration;

use super::Stopping;
use crate::{app::Gateway, store::StoreError};

const PAUSE: Duration = Duration::from_secs(2);

pub(super) async fn run(gateway: Gateway, mut stopping: Stopping) {
    while !stopping.now() {
        let worker = gateway.clone();
        if let Err(error) = tokio::task::spawn_blocking(move || worker.sum_up_tallies()).await.unwrap_or(Err(StoreError::Worker)) {
            tracing::error!(error = &error as &dyn std::error::Error, "counts cannot be summed up");
        }
        stopping.pause(PAUSE).await;
    }
}
