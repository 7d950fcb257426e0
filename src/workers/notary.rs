//! Signs the audit log as it grows, and asks the witnesses to co-sign.

use super::Stopping;
use crate::app::Gateway;

pub(super) async fn run(gateway: Gateway, mut stopping: Stopping) {
    while !stopping.now() {
        if let Err(error) = gateway.sign_checkpoint().await {
            tracing::error!(error = &error as &dyn std::error::Error, "the audit log cannot be signed");
        }
        for (witness, error) in gateway.ask_witnesses().await {
            tracing::warn!(witness, error = &error as &dyn std::error::Error, "a witness did not co-sign");
        }
        stopping.pause(gateway.checkpoint_interval()).await;
    }
}
