//! The loops that run the use cases: one linker, one notary, one that summarises matters, one that tidies, one that watches over health, one for
//! the indicators, one that supervises, one that warns, one that rotates keys, one for webhooks, one for ledgers, a forwarder a platform, a puller a pull, a collector a
//! folder.
//!
//! Each loop survives any failure of what it runs, a panic included, pauses after it, and ends when told to.

mod collector;
mod forwarder;
mod indicators;
mod keeper;
mod linker;
mod matters;
mod notary;
mod puller;
mod reconciler;
mod supervisor;
mod tallies;
mod tidier;
mod warner;
mod watchman;
mod webhooks;

use std::{panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;
use tokio::{sync::watch, task::JoinSet};

use crate::app::Gateway;

/// Before a loop that panicked starts again.
const PAUSE_AFTER_PANIC: Duration = Duration::from_secs(1);

/// The running loops of one node.
pub struct Workers {
    stop: watch::Sender<bool>,
    running: JoinSet<()>,
}

impl Workers {
    /// Starts every loop on the current tokio runtime.
    pub fn start(gateway: &Gateway) -> Self {
        let (stop, stopping) = watch::channel(false);
        let stopping = Stopping(stopping);
        let mut running = JoinSet::new();
        let (of, until) = (gateway.clone(), stopping.clone());
        running.spawn(keep_running("linker".to_owned(), stopping.clone(), move || linker::run(of.clone(), until.clone())));
        let (of, until) = (gateway.clone(), stopping.clone());
        running.spawn(keep_running("notary".to_owned(), stopping.clone(), move || notary::run(of.clone(), until.clone())));
        let (of, until) = (gateway.clone(), stopping.clone());
        running.spawn(keep_running("webhooks".to_owned(), stopping.clone(), move || webhooks::run(of.clone(), until.clone())));
        let (of, until) = (gateway.clone(), stopping.clone());
        running.spawn(keep_running("indicators".to_owned(), stopping.clone(), move || indicators::run(of.clone(), until.clone())));
        let (of, until) = (gateway.clone(), stopping.clone());
        running.spawn(keep_running("matters".to_owned(), stopping.clone(), move || matters::run(of.clone(), until.clone())));
        let (of, until) = (gateway.clone(), stopping.clone());
        running.spawn(keep_running("supervisor".to_owned(), stopping.clone(), move || supervisor::run(of.clone(), until.clone())));
        let (of, until) = (gateway.clone(), stopping.clone());
        running.spawn(keep_running("warner".to_owned(), stopping.clone(), move || warner::run(of.clone(), until.clone())));
        let (of, until) = (gateway.clone(), stopping.clone());
        running.spawn(keep_running("reconciler".to_owned(), stopping.clone(), move || reconciler::run(of.clone(), until.clone())));
        let (of, until) = (gateway.clone(), stopping.clone());
        running.spawn(keep_running("tidier".to_owned(), stopping.clone(), move || tidier::run(of.clone(), until.clone())));
        let (of, until) = (gateway.clone(), stopping.clone());
        running.spawn(keep_running("tallies".to_owned(), stopping.clone(), move || tallies::run(of.clone(), until.clone())));
        let (of, until) = (gateway.clone(), stopping.clone());
        running.spawn(keep_running("watchman".to_owned(), stopping.clone(), move || watchman::run(of.clone(), until.clone())));
        let (of, until) = (gateway.clone(), stopping.clone());
        running.spawn(keep_running("keeper".to_owned(), stopping.clone(), move || keeper::run(of.clone(), until.clone())));
        for platform in gateway.federation().platforms() {
            let id = &platform.platform.id;
            if platform.takes_messages() {
                let (of, to, until) = (gateway.clone(), platform.clone(), stopping.clone());
                let forwarder = move || forwarder::run(of.clone(), to.clone(), until.clone());
                running.spawn(keep_running(format!("forwarder {id}"), stopping.clone(), forwarder));
            }
            if platform.folder.is_some() && platform.adapter.as_ref().is_some_and(|adapter| adapter.takes_files()) {
                let (of, from, until) = (gateway.clone(), platform.clone(), stopping.clone());
                let collector = move || collector::run(of.clone(), from.clone(), until.clone());
                running.spawn(keep_running(format!("collector {id}"), stopping.clone(), collector));
            }
            let pulls = platform.adapter.as_ref().filter(|_| platform.base_url.is_some()).map(|adapter| adapter.pulls());
            for pull in pulls.unwrap_or_default() {
                let interval = platform.pull_interval.unwrap_or(pull.interval);
                let (of, from, name, until) = (gateway.clone(), platform.clone(), pull.name.clone(), stopping.clone());
                let puller = move || puller::run(of.clone(), from.clone(), name.clone(), interval, until.clone());
                running.spawn(keep_running(format!("puller {id} {}", pull.name), stopping.clone(), puller));
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

/// Starts a loop again that panics: what waits for it would otherwise wait until the node is restarted, with nobody told.
async fn keep_running<F: Future<Output = ()>>(name: String, mut stopping: Stopping, start: impl Fn() -> F) {
    while AssertUnwindSafe(start()).catch_unwind().await.is_err() {
        tracing::error!(worker = name, "a worker panicked and is started again");
        stopping.pause(PAUSE_AFTER_PANIC).await;
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_worker_that_panics_is_started_again() {
        // Told to end, it does not pause; the loop itself says when it is done.
        let (_stop, stopping) = watch::channel(true);
        let starts = AtomicU32::new(0);
        keep_running("test".to_owned(), Stopping(stopping), || async {
            assert!(starts.fetch_add(1, Ordering::SeqCst) >= 2, "not yet");
        })
        .await;
        assert_eq!(starts.load(Ordering::SeqCst), 3);
    }
}
