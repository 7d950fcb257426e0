//! Sends what is owed to one platform. A loop each, so that a slow or dead platform delays no other.

use std::{sync::Arc, time::Duration};

use super::Stopping;
use crate::app::{FederatedPlatform, Gateway};

/// Longest wait without looking, for messages that other nodes put into the outbox.
const LOOK: Duration = Duration::from_secs(1);
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);

pub(super) async fn run(gateway: Gateway, platform: Arc<FederatedPlatform>, mut stopping: Stopping) {
    let mut owed = gateway.owed();
    while !stopping.now() {
        owed.mark_unchanged();
        let pause = match gateway.forward(&platform).await {
            Ok(round) if round.delivered + round.failed > 0 => continue,
            Ok(round) => {
                round.next.map_or(LOOK, |next| (next - gateway.now()).to_std().unwrap_or_default().clamp(Duration::from_millis(5), LOOK))
            }
            Err(error) => {
                tracing::error!(platform = platform.platform.id, error = &error as &dyn std::error::Error, "deliveries cannot be claimed");
                PAUSE_AFTER_ERROR
            }
        };
        tokio::select! {
            _ = owed.changed() => {}
            () = tokio::time::sleep(pause) => {}
            () = stopping.asked() => {}
        }
    }
}
