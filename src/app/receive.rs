//! Records an adapter has mapped: register them, follow them up, or keep them in quarantine. None is lost.

use futures_util::future::join_all;

use super::{FederatedPlatform, Gateway, SubmitError, UpdateError, validate};
use crate::{
    adapter::{Inbound, Mapped},
    audit::{hex, sha256},
    store::{
        StoreError,
        quarantine::{self, Form, Held, Quarantined},
    },
};

/// Records registered at the same time.
const SIDE_BY_SIDE: usize = 64;

/// Quarantined records read at a time.
const REPLAYED_PAGE: i64 = 100;

/// What became of a set of records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Received {
    pub registered: usize,
    /// Known already, with the same body.
    pub known: usize,
    pub updates: usize,
    /// Did not map, or was refused.
    pub quarantined: usize,
}

impl std::ops::AddAssign for Received {
    fn add_assign(&mut self, other: Self) {
        self.registered += other.registered;
        self.known += other.known;
        self.updates += other.updates;
        self.quarantined += other.quarantined;
    }
}

/// Nothing is wrong with the record; it must be offered again.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    #[error("the record could not be registered now")]
    Submit(#[source] SubmitError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a record goes into quarantine.
struct Refused {
    source_ref: Option<String>,
    form: Form,
    raw: Vec<u8>,
    error: String,
}

impl Gateway {
    /// Takes in mapped records of one platform. An error means that not all could be stored; offering them all again is safe.
    pub(super) async fn receive(&self, platform: &FederatedPlatform, records: Vec<Mapped>) -> Result<Received, ReceiveError> {
        let mut received = Received::default();
        let mut records = records.into_iter().peekable();
        while records.peek().is_some() {
            // Submissions side by side share a commit; updates follow one another, as their order means something.
            let updates = matches!(records.peek(), Some(Ok(Inbound::Update(_))));
            let side_by_side = if updates { 1 } else { SIDE_BY_SIDE };
            let same_kind = |record: &Mapped| matches!(record, Ok(Inbound::Update(_))) == updates;
            let chunk: Vec<Mapped> = std::iter::from_fn(|| records.next_if(same_kind)).take(side_by_side).collect();
            for outcome in join_all(chunk.into_iter().map(|record| self.receive_one(platform, record))).await {
                received += outcome?;
            }
        }
        Ok(received)
    }

    async fn receive_one(&self, platform: &FederatedPlatform, record: Mapped) -> Result<Received, ReceiveError> {
        let refused = match record {
            Ok(Inbound::Submission(submission)) => {
                let source_ref = submission.source_id.clone();
                let value = serde_json::to_value(&submission).unwrap_or_default();
                match self.register(&platform.platform.id, value.clone()).await? {
                    Ok(new) => return Ok(Received { registered: usize::from(new), known: usize::from(!new), ..Received::default() }),
                    Err(error) => {
                        Refused { source_ref: Some(source_ref), form: Form::Submission, raw: value.to_string().into_bytes(), error }
                    }
                }
            }
            Ok(Inbound::Update(update)) => {
                let source_ref = update.update_id.clone();
                let value = serde_json::to_value(&update).unwrap_or_default();
                match self.follow(&platform.platform.id, value.clone()).await? {
                    Ok(()) => return Ok(Received { updates: 1, ..Received::default() }),
                    Err(error) => Refused { source_ref: Some(source_ref), form: Form::Update, raw: value.to_string().into_bytes(), error },
                }
            }
            Err(unmapped) => {
                let form = unmapped.mapping.map_or(Form::Unrouted, |mapping| Form::Record { mapping });
                Refused { source_ref: unmapped.source_ref, form, raw: unmapped.raw, error: unmapped.error.to_string() }
            }
        };
        self.quarantine(&platform.platform.id, refused).await?;
        Ok(Received { quarantined: 1, ..Received::default() })
    }

    /// `Ok(Ok(new))` when it is registered, `Ok(Err(why))` when it never can be as it is.
    async fn register(&self, platform: &str, value: serde_json::Value) -> Result<Result<bool, String>, ReceiveError> {
        let submission = match validate::submission_value(value, self.now()) {
            Ok(submission) => submission,
            Err(violations) => return Ok(Err(violations.to_string())),
        };
        match self.submit(platform, submission, None).await {
            Ok(registered) => Ok(Ok(registered.new)),
            Err(error @ SubmitError::SourceIdConflict { .. }) => Ok(Err(error.to_string())),
            Err(error) => Err(ReceiveError::Submit(error)),
        }
    }

    async fn follow(&self, platform: &str, value: serde_json::Value) -> Result<Result<(), String>, ReceiveError> {
        let update = match validate::case_update_value(value, self.now()) {
            Ok(update) => update,
            Err(violations) => return Ok(Err(violations.to_string())),
        };
        match self.report_or_park(platform, update).await {
            Ok(()) => Ok(Ok(())),
            Err(UpdateError::Store(error)) => Err(error.into()),
            Err(error) => Ok(Err(error.to_string())),
        }
    }

    /// Offers a platform's quarantined records again, after its mapping or the exchange format was mended. What registers is let go.
    pub async fn replay_quarantine(&self, platform: &FederatedPlatform) -> Result<Received, ReceiveError> {
        let mut received = Received::default();
        let mut last = Vec::new();
        loop {
            let (id, after) = (platform.platform.id.clone(), last.clone());
            let page =
                self.0.store.run(move |store| store.read(|c| quarantine::after(c, store.sealer(), &id, &after, REPLAYED_PAGE))).await?;
            let Some(newest) = page.last() else { return Ok(received) };
            last.clone_from(&newest.digest);
            for held in page {
                received += self.replay_one(platform, held).await?;
            }
        }
    }

    async fn replay_one(&self, platform: &FederatedPlatform, held: Held) -> Result<Received, ReceiveError> {
        let kept = Received { quarantined: 1, ..Received::default() };
        let record = match &held.form {
            Form::Record { mapping } => platform.adapter.as_ref().map(|adapter| adapter.replay(mapping, &held.raw)),
            Form::Submission => serde_json::from_slice(&held.raw).ok().map(|submission| Ok(Inbound::Submission(submission))),
            Form::Update => serde_json::from_slice(&held.raw).ok().map(|update| Ok(Inbound::Update(update))),
            Form::Unrouted => None,
        };
        // A record that maps now and is refused afterwards is kept in its new form.
        let changed_form = matches!((&held.form, &record), (Form::Record { .. }, Some(Ok(_))));
        let Some(record) = record else { return Ok(kept) };
        let received = self.receive_one(platform, record).await?;
        if received.quarantined == 0 || changed_form {
            let id = platform.platform.id.clone();
            self.0.store.run(move |store| store.transaction(|c| quarantine::release(c, &id, &held.digest))).await?;
        }
        Ok(received)
    }

    async fn quarantine(&self, platform: &str, refused: Refused) -> Result<(), StoreError> {
        let digest = sha256(&refused.raw);
        tracing::warn!(platform, error = %refused.error, "record quarantined");
        let record = Quarantined {
            platform: platform.to_owned(),
            source_ref: refused.source_ref.unwrap_or_else(|| hex(&digest[..8])),
            digest,
            form: refused.form,
            raw: refused.raw,
            error: refused.error,
            received_at: self.now(),
        };
        self.0.store.run(move |store| store.transaction(|c| quarantine::keep(c, store.sealer(), &record))).await
    }
}
