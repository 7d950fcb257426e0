//! Asks one platform again and again for what is new.

use std::{sync::Arc, time::Duration};

use super::Stopping;
use crate::app::{FederatedPlatform, Gateway};

/// Pauses double after failures, up to this many times the interval.
const MAX_BACKOFF: u32 = 16;

pub(super) async fn run(gateway: Gateway, platform: Arc<FederatedPlatform>, pull: String, interval: Duration, mut stopping: Stopping) {
    let mut backoff = 1;
    while !stopping.now() {
        let pause = match gateway.pull(&platform, &pull).await {
            Ok(round) => {
                backoff = 1;
                if round.more { Duration::ZERO } else { interval }
            }
            Err(error) => {
                tracing::warn!(platform = platform.platform.id, pull, error = &error as &dyn std::error::Error, "pull failed");
                backoff = (backoff * 2).min(MAX_BACKOFF);
                error.retry_after().unwrap_or_default().max(interval * backoff)
            }
        };
        stopping.pause(pause).await;
    }
}
