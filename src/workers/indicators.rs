//! Folds the change feed into the indicators.

use std::time::Duration;

use super::Stopping;
use crate::{app::Gateway, store::StoreError};

/// Between looks at a feed that had nothing new.
const LOOK: Duration = Duration::from_secs(1);

pub(super) async fn run(gateway: Gateway, mut stopping: Stopping) {
    while !stopping.now() {
        let folder = gateway.clone();
        let folded = tokio::task::spawn_blocking(move || folder.fold_indicators()).await.map_err(|_| StoreError::Worker);
        match folded {
            Ok(Ok(true)) => {}
            Ok(Ok(false)) => stopping.pause(LOOK).await,
            Ok(Err(error)) | Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the indicators cannot be folded");
                stopping.pause(LOOK).await;
            }
        }
    }
}
