//! The loops that run the use cases: one linker, a forwarder a platform, a puller a pull.
//!
//! Each loop survives any failure of what it runs, pauses after it, and ends when told to.

mod forwarder;
mod linker;
mod puller;

use std::time::Duration;

use tokio::{sync::watch, task::JoinSet};

use crate::app::Gateway;

/// The running loops of one node.
pub struct Workers {
    stop: watch::Sender<bool>,
    running: JoinSet<()>,
}

impl Workers {
    /// Starts every loop on the current tokio runtime.
    pub fn start(gateway: &Gateway) -> Self {
        let (stop, stopping) = watch::channel(false);
        let mut running = JoinSet::new();
        running.spawn(linker::run(gateway.clone(), Stopping(stopping.clone())));
        for platform in gateway.federation().platforms() {
            if platform.takes_messages() {
                running.spawn(forwarder::run(gateway.clone(), platform.clone(), Stopping(stopping.clone())));
            }
            let pulls = platform.adapter.as_ref().filter(|_| platform.base_url.is_some()).map(|adapter| adapter.pulls());
            for pull in pulls.unwrap_or_default() {
                let interval = platform.pull_interval.unwrap_or(pull.interval);
                running.spawn(puller::run(gateway.clone(), platform.clone(), pull.name.clone(), interval, Stopping(stopping.clone())));
            }
        }
        Self { stop, running }
    }

    /// Tells the loops to end and waits for what they have in hand.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while let Some(ended) = self.running.join_next().await {
            if let Err(error) = ended {
                tracing::error!(error = &error as &dyn std::error::Error, "a worker ended badly");
            }
        }
    }
}

/// Becomes true when the loops shall end.
#[derive(Clone)]
struct Stopping(watch::Receiver<bool>);

impl Stopping {
    fn now(&self) -> bool {
        *self.0.borrow()
    }

    /// Pauses; ends early when the loops shall end.
    async fn pause(&mut self, duration: Duration) {
        // Both an ended pause and a stop lead the loop to look around.
        let _ = tokio::time::timeout(duration, self.0.wait_for(|stop| *stop)).await;
    }

    /// Resolves when the loops shall end.
    async fn asked(&mut self) {
        // The sender outlives the loops; if it ever did not, ending is right too.
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}
