//! Compares platforms' ledgers with ours, once a day each.

use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;

use super::Stopping;
use crate::app::Gateway;

/// Between looks whether it is time.
const LOOK: Duration = Duration::from_secs(30);
/// Before a platform that failed is asked again.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(15 * 60);

pub(super) async fn run(gateway: Gateway, mut stopping: Stopping) {
    let mut resting: HashMap<&str, Instant> = HashMap::new();
    let federation = gateway.clone();
    while !stopping.now() {
        for platform in federation.federation().platforms().filter(|platform| platform.has_ledger()) {
            let id = platform.platform.id.as_str();
            if resting.get(id).is_some_and(|until| Instant::now() < *until) {
                continue;
            }
            if let Err(error) = gateway.reconcile_daily(platform).await {
                tracing::warn!(platform = id, error = &error as &dyn std::error::Error, "ledgers were not compared");
                resting.insert(id, Instant::now() + PAUSE_AFTER_FAILURE);
            }
        }
        stopping.pause(LOOK).await;
    }
}
