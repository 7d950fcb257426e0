//! Registering submissions: fingerprint, then append to the log. What `submit` answers is durable.
//!
//! Group commit: whatever has queued up while one transaction ran goes into the next one together.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use chrono::{DateTime, Utc};
use tokio::sync::{mpsc, oneshot};

use super::{Gateway, Inner, fingerprint};
use crate::{
    audit::{Entry, sha256},
    domain::{division, id, submission::Submission},
    store::{
        Store, StoreError, audit,
        submissions::{self, Appended, NewSubmission},
    },
};

/// Most submissions in one transaction.
const GROUP: usize = 512;

/// A registered filing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    pub id: String,
    /// `false`: it was registered before, and this is the first answer again.
    pub new: bool,
    pub received_at: DateTime<Utc>,
}

#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// The platform has no such id in the federation file.
    #[error("platform {0} is not declared")]
    UnknownPlatform(String),
    #[error("the source_id is registered with another body as {existing}")]
    SourceIdConflict { existing: String },
    #[error("the idempotency key was used for another body")]
    IdempotencyKeyReused,
    #[error("a request with the same idempotency key is being worked on")]
    IdempotencyKeyInFlight,
    #[error("too many submissions are waiting")]
    Overloaded { retry_after: Duration },
    #[error(transparent)]
    Store(Arc<StoreError>),
}

impl From<StoreError> for SubmitError {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

/// A submission on its way into the log.
pub(super) struct Job {
    new: NewSubmission,
    answer: oneshot::Sender<Result<Appended, Arc<StoreError>>>,
}

/// Forgets an idempotency key when the request that used it is done, however it ends.
struct InFlight<'a> {
    inner: &'a Inner,
    key: (String, String),
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if let Ok(mut keys) = self.inner.keys_in_flight.lock() {
            keys.remove(&self.key);
        }
    }
}

impl Gateway {
    /// Registers a validated filing of a platform. Returns once it is durable.
    pub async fn submit(&self, platform: &str, submission: Submission, idempotency_key: Option<String>) -> Result<Registered, SubmitError> {
        self.enqueue(self.prepare(platform, submission, idempotency_key)?).await
    }

    /// Puts a prepared filing into the log with whatever else is waiting.
    pub(super) async fn enqueue(&self, new: NewSubmission) -> Result<Registered, SubmitError> {
        let _in_flight = new.idempotency_key.as_ref().map(|key| self.hold_key(&new.platform, key)).transpose()?;
        let (id, received_at) = (new.id.clone(), new.received_at);
        let (answer, answered) = oneshot::channel();
        self.0.intake.try_send(Job { new, answer }).map_err(|_| SubmitError::Overloaded { retry_after: Duration::from_secs(1) })?;
        let appended = answered.await.map_err(|_| StoreError::Worker)?.map_err(SubmitError::Store)?;
        match appended {
            Appended::New { .. } => Ok(Registered { id, new: true, received_at }),
            Appended::Known { id, received_at } => Ok(Registered { id, new: false, received_at }),
            Appended::SourceIdConflict { id } => Err(SubmitError::SourceIdConflict { existing: id }),
            Appended::KeyReused => Err(SubmitError::IdempotencyKeyReused),
        }
    }

    fn hold_key(&self, platform: &str, key: &str) -> Result<InFlight<'_>, SubmitError> {
        let key = (platform.to_owned(), key.to_owned());
        let mut keys = self.0.keys_in_flight.lock().map_err(|_| StoreError::Worker)?;
        if !keys.insert(key.clone()) {
            return Err(SubmitError::IdempotencyKeyInFlight);
        }
        Ok(InFlight { inner: &self.0, key })
    }

    pub(super) fn prepare(
        &self,
        platform: &str,
        submission: Submission,
        idempotency_key: Option<String>,
    ) -> Result<NewSubmission, SubmitError> {
        let federated = self.0.federation.platform(platform).ok_or_else(|| SubmitError::UnknownPlatform(platform.to_owned()))?;
        let home = &federated.platform.division;
        let fingerprint = fingerprint::of(&self.0.fingerprinter, platform, &submission, home).encode();
        let received_at = self.now();
        Ok(NewSubmission {
            id: id::new_id(received_at),
            platform: platform.to_owned(),
            body_digest: submission.digest(),
            fingerprint,
            province: division::province(submission.division.as_deref().unwrap_or(home)),
            received_at,
            idempotency_key,
            submission,
            blind: false,
        })
    }

    /// Registers a batch in one transaction, for imports. Same answers as [`Gateway::submit`], in order.
    pub fn submit_many(&self, platform: &str, batch: Vec<Submission>) -> Result<Vec<Appended>, SubmitError> {
        let group = batch.into_iter().map(|s| self.prepare(platform, s, None)).collect::<Result<Vec<_>, _>>()?;
        Ok(append(&self.0.store, &group)?)
    }
}

/// Takes what has queued up and commits it together, until the gateway is gone.
pub(super) async fn commit_groups(store: Store, mut jobs: mpsc::Receiver<Job>, gateway: Weak<Inner>) {
    let mut group = Vec::with_capacity(GROUP);
    while jobs.recv_many(&mut group, GROUP).await > 0 {
        let (new, answers): (Vec<_>, Vec<_>) = group.drain(..).map(|job| (job.new, job.answer)).unzip();
        let result = store.run(move |store| append(store, &new)).await;
        match result {
            Ok(appended) => {
                if let Some(inner) = gateway.upgrade() {
                    inner.crash.pass("intake.committed");
                }
                for (answer, outcome) in answers.into_iter().zip(appended) {
                    // A caller that has gone away finds the same answer when it asks again.
                    let _ = answer.send(Ok(outcome));
                }
            }
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, submissions = answers.len(), "intake transaction failed");
                let error = Arc::new(error);
                for answer in answers {
                    let _ = answer.send(Err(Arc::clone(&error)));
                }
            }
        }
        if let Some(inner) = gateway.upgrade() {
            inner.registered.notify_one();
        }
    }
}

fn append(store: &Store, group: &[NewSubmission]) -> Result<Vec<Appended>, StoreError> {
    store.transaction(|connection| {
        let appended = submissions::append(connection, store.sealer(), group)?;
        let entries: Vec<Entry> =
            group.iter().zip(&appended).filter(|(_, outcome)| matches!(outcome, Appended::New { .. })).map(|(new, _)| leaf(new)).collect();
        audit::append(connection, &entries)?;
        Ok(appended)
    })
}

/// What the audit log keeps of a registered filing.
pub(super) fn leaf(new: &NewSubmission) -> Entry {
    Entry {
        at: new.received_at,
        action: "submission.registered",
        subject: new.id.clone(),
        actor: new.platform.clone(),
        digest: sha256(&[&new.body_digest[..], &sha256(&new.fingerprint)].concat()),
    }
}
