//! Goes on with a rotation of keys that is under way.

use std::time::Duration;

use super::Stopping;
use crate::{
    app::{Gateway, RotationStep},
    store::StoreError,
};

/// Between looks at whether there is anything to do.
const PAUSE: Duration = Duration::from_secs(15);
/// Between steps, so that what is served meanwhile comes first.
const BREATH: Duration = Duration::from_millis(20);

pub(super) async fn run(gateway: Gateway, mut stopping: Stopping) {
    while !stopping.now() {
        let worker = gateway.clone();
        let pause = match tokio::task::spawn_blocking(move || worker.rotate()).await.unwrap_or(Err(StoreError::Worker)) {
            Ok(RotationStep::More) => BREATH,
            Ok(RotationStep::Finished) => {
                tracing::info!("keys are rotated; the old data key is destroyed");
                PAUSE
            }
            Ok(RotationStep::Idle | RotationStep::Elsewhere | RotationStep::WaitUntil(_)) => PAUSE,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "keys cannot be rotated");
                PAUSE
            }
        };
        stopping.pause(pause).await;
    }
}
