//! Looks for what rises.

use std::time::Duration;

use super::Stopping;
use crate::{app::Gateway, store::StoreError};

/// Between looks when there was nothing left.
const LOOK: Duration = Duration::from_secs(5);

pub(super) async fn run(gateway: Gateway, mut stopping: Stopping) {
    while !stopping.now() {
        let warner = gateway.clone();
        let looked = tokio::task::spawn_blocking(move || warner.watch_for_warnings()).await.map_err(|_| StoreError::Worker);
        match looked {
            Ok(Ok(true)) => {}
            Ok(Ok(false)) => stopping.pause(LOOK).await,
            Ok(Err(error)) | Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "what rises cannot be looked for");
                stopping.pause(LOOK).await;
            }
        }
    }
}
