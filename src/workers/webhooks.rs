//! Tells endpoints what happened. Each has a turn of its own, so that a slow or dead one delays no other.

use std::time::Duration;

use tokio::task::JoinSet;

use super::Stopping;
use crate::app::Gateway;

/// Endpoints told at a time.
const TURNS: usize = 32;
/// Longest wait without looking for something to tell.
const LOOK: Duration = Duration::from_millis(250);
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);

pub(super) async fn run(gateway: Gateway, mut stopping: Stopping) {
    let mut turns = JoinSet::new();
    while !stopping.now() {
        let mut pause = LOOK;
        match gateway.claim_webhooks(TURNS - turns.len()).await {
            Ok(claimed) => {
                for turn in claimed {
                    let gateway = gateway.clone();
                    turns.spawn(async move { gateway.tell_webhook(turn).await });
                }
            }
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "endpoints cannot be claimed");
                pause = PAUSE_AFTER_ERROR;
            }
        }
        tokio::select! {
            Some(ended) = turns.join_next(), if !turns.is_empty() => report(ended),
            () = tokio::time::sleep(pause) => {}
            () = stopping.asked() => {}
        }
    }
    while let Some(ended) = turns.join_next().await {
        report(ended);
    }
}

/// A turn that fails leaves its lease behind, and the endpoint is told again when that has run out.
fn report(ended: Result<Result<(), crate::app::AppError>, tokio::task::JoinError>) {
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(error = &error as &dyn std::error::Error, "an endpoint's turn cannot be kept"),
        Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "an endpoint's turn ended badly"),
    }
}
