//! Sets the rules of supervision off.

use std::time::Duration;

use super::Stopping;
use crate::{app::Gateway, store::StoreError};

/// Between looks when there was nothing left.
const LOOK: Duration = Duration::from_secs(2);

pub(super) async fn run(gateway: Gateway, mut stopping: Stopping) {
    while !stopping.now() {
        let supervisor = gateway.clone();
        let looked = tokio::task::spawn_blocking(move || supervisor.supervise()).await.map_err(|_| StoreError::Worker);
        match looked {
            Ok(Ok(true)) => {}
            Ok(Ok(false)) => stopping.pause(LOOK).await,
            Ok(Err(error)) | Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "cases cannot be supervised");
                stopping.pause(LOOK).await;
            }
        }
    }
}
