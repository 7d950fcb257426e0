//! Looks again and again into a folder that a platform drops files into.

use std::{sync::Arc, time::Duration};

use super::Stopping;
use crate::app::{DropFolder, FederatedPlatform, Gateway, Sightings};

/// Between looks: a file is taken at the second look that finds it the same.
const LOOK: Duration = Duration::from_secs(5);
/// The same where a look is a connection to a server.
const REMOTE_LOOK: Duration = Duration::from_secs(60);
/// After a look that failed.
const PAUSE: Duration = Duration::from_secs(30);

pub(super) async fn run(gateway: Gateway, platform: Arc<FederatedPlatform>, mut stopping: Stopping) {
    let usual = if matches!(platform.folder, Some(DropFolder::Sftp(_))) { REMOTE_LOOK } else { LOOK };
    let interval = platform.pull_interval.unwrap_or(usual);
    let mut sightings = Sightings::default();
    while !stopping.now() {
        let pause = match gateway.collect(&platform, &mut sightings).await {
            Ok(_) => interval,
            Err(error) => {
                tracing::warn!(platform = platform.platform.id, error = &error as &dyn std::error::Error, "folder not read");
                PAUSE.max(interval)
            }
        };
        stopping.pause(pause).await;
    }
}
