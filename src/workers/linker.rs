//! Keeps the log linked, on one node at a time.

use std::time::Duration;

use super::Stopping;
use crate::{
    app::{Gateway, LinkError, LinkerState},
    store::StoreError,
};

/// Between attempts to become the linker, and after a failure.
const PAUSE: Duration = Duration::from_millis(500);
/// Longest wait without looking into the log, which another node may have written; also how often the lease is renewed.
const LOOK: Duration = Duration::from_millis(250);

pub(super) async fn run(gateway: Gateway, mut stopping: Stopping) {
    while !stopping.now() {
        match take(&gateway).await {
            Ok(Some(state)) => {
                route_waiting(&gateway).await;
                tracing::info!(position = state.position(), index_bytes = state.memory_bytes(), "this node links");
                if let Err(error) = link(&gateway, state, &mut stopping).await {
                    gateway.linker_went(false);
                    tracing::error!(error = &error as &dyn std::error::Error, "linking stopped; the index will be rebuilt");
                    stopping.pause(PAUSE).await;
                }
            }
            // Another node links.
            Ok(None) => {
                gateway.linker_went(true);
                stopping.pause(PAUSE).await;
            }
            Err(error) => {
                gateway.linker_went(false);
                tracing::error!(error = &error as &dyn std::error::Error, "the index cannot be rebuilt");
                stopping.pause(PAUSE).await;
            }
        }
    }
}

async fn take(gateway: &Gateway) -> Result<Option<LinkerState>, LinkError> {
    let gateway = gateway.clone();
    tokio::task::spawn_blocking(move || gateway.take_linker()).await.map_err(|_| StoreError::Worker)?
}

/// Links batch after batch until told to end or something fails.
async fn link(gateway: &Gateway, mut state: LinkerState, stopping: &mut Stopping) -> Result<(), LinkError> {
    loop {
        if stopping.now() {
            return with_state(gateway, state, |gateway, state| Ok(gateway.release_linker(state)?)).await.map(|_| ());
        }
        let linked;
        (state, linked) = with_state(gateway, state, |gateway, state| {
            let round = gateway.link_batch(state)?;
            if round.linked == 0 {
                gateway.renew_linker(state)?;
            }
            Ok(round.linked)
        })
        .await?;
        gateway.linker_went(true);
        if linked == 0 {
            tokio::select! {
                () = gateway.registered() => {}
                () = tokio::time::sleep(LOOK) => {}
                () = stopping.asked() => {}
            }
        }
    }
}

async fn with_state<T: Send + 'static>(
    gateway: &Gateway,
    mut state: LinkerState,
    work: impl FnOnce(&Gateway, &mut LinkerState) -> Result<T, LinkError> + Send + 'static,
) -> Result<(LinkerState, T), LinkError> {
    let gateway = gateway.clone();
    let worked = tokio::task::spawn_blocking(move || work(&gateway, &mut state).map(|result| (state, result))).await;
    worked.map_err(|_| LinkError::from(StoreError::Worker))?
}

/// The directory may have grown since the last start.
async fn route_waiting(gateway: &Gateway) {
    let worker = gateway.clone();
    match tokio::task::spawn_blocking(move || worker.route_waiting()).await {
        Ok(Ok(0)) | Err(_) => {}
        Ok(Ok(routed)) => tracing::info!(routed, "cases that had no competent body have one now"),
        Ok(Err(error)) => tracing::error!(error = &error as &dyn std::error::Error, "waiting cases cannot be routed"),
    }
}
