//! Records an adapter has mapped: register them, follow them up, or keep them in quarantine. None is lost.

use futures_util::future::join_all;

use super::{
    AppError, FederatedPlatform, Gateway, SubmitError, UpdateError,
    revise::{Order, Revised},
    validate,
    view::QuarantinedView,
};
use crate::{
    adapter::{Inbound, Mapped},
    audit::{hex, sha256},
    store::{
        StoreError, platforms,
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
    /// Filings that their platform changed or took back.
    pub revised: usize,
    /// Did not map, or was refused.
    pub quarantined: usize,
}

impl std::ops::AddAssign for Received {
    fn add_assign(&mut self, other: Self) {
        self.registered += other.registered;
        self.known += other.known;
        self.updates += other.updates;
        self.revised += other.revised;
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
    /// A stable word for what is wrong with it.
    code: &'static str,
    error: String,
}

/// Why a valid record cannot be taken as it is.
struct Why {
    code: &'static str,
    error: String,
}

impl Why {
    fn new(code: &'static str, error: &impl ToString) -> Self {
        Self { code, error: error.to_string() }
    }
}

impl Refused {
    fn of(source_ref: String, form: Form, value: &serde_json::Value, why: Why) -> Self {
        Self { source_ref: Some(source_ref), form, raw: value.to_string().into_bytes(), code: why.code, error: why.error }
    }
}

impl Gateway {
    /// Takes in mapped records of one platform. An error means that not all could be stored; offering them all again is safe.
    pub(super) async fn receive(&self, platform: &FederatedPlatform, records: Vec<Mapped>, order: Order) -> Result<Received, ReceiveError> {
        let mut received = Received::default();
        let mut records = records.into_iter().peekable();
        while records.peek().is_some() {
            // Submissions side by side share a commit; updates follow one another, as their order means something.
            let updates = matches!(records.peek(), Some(Ok(Inbound::Update(_))));
            let side_by_side = if updates { 1 } else { SIDE_BY_SIDE };
            let same_kind = |record: &Mapped| matches!(record, Ok(Inbound::Update(_))) == updates;
            let chunk: Vec<Mapped> = std::iter::from_fn(|| records.next_if(same_kind)).take(side_by_side).collect();
            for outcome in join_all(chunk.into_iter().map(|record| self.receive_one(platform, record, order))).await {
                received += outcome?;
            }
        }
        Ok(received)
    }

    async fn receive_one(&self, platform: &FederatedPlatform, record: Mapped, order: Order) -> Result<Received, ReceiveError> {
        let id = &platform.platform.id;
        let refused = match record {
            Ok(Inbound::Submission(submission)) => {
                let source_ref = submission.source_id.clone();
                let value = serde_json::to_value(&submission).unwrap_or_default();
                match self.register(id, value.clone(), order).await? {
                    Ok(received) => return Ok(received),
                    Err(why) => Refused::of(source_ref, Form::Submission, &value, why),
                }
            }
            Ok(Inbound::Update(update)) => {
                let source_ref = update.update_id.clone();
                let value = serde_json::to_value(&update).unwrap_or_default();
                match self.follow(id, value.clone()).await? {
                    Ok(()) => return Ok(Received { updates: 1, ..Received::default() }),
                    Err(why) => Refused::of(source_ref, Form::Update, &value, why),
                }
            }
            Ok(Inbound::Withdrawal(withdrawal)) => {
                let source_ref = withdrawal.source_id.clone();
                let value = serde_json::to_value(&withdrawal).unwrap_or_default();
                match self.withdraw(id, *withdrawal).await? {
                    Revised::New => return Ok(Received { revised: 1, ..Received::default() }),
                    Revised::Known => return Ok(Received { known: 1, ..Received::default() }),
                    Revised::NoFiling | Revised::TooMany => {
                        let why = Why::new("no_such_filing", &"no filing of this number is registered");
                        Refused::of(source_ref, Form::Withdrawal, &value, why)
                    }
                }
            }
            Err(unmapped) => {
                let form = unmapped.mapping.map_or(Form::Unrouted, |mapping| Form::Record { mapping });
                let (code, error) = (unmapped.error.problem.code(), unmapped.error.to_string());
                Refused { source_ref: unmapped.source_ref, form, raw: unmapped.raw, code, error }
            }
        };
        self.quarantine(id, refused).await?;
        Ok(Received { quarantined: 1, ..Received::default() })
    }

    /// `Ok(Err(why))` when it never can be registered as it is.
    async fn register(&self, platform: &str, value: serde_json::Value, order: Order) -> Result<Result<Received, Why>, ReceiveError> {
        let submission = match validate::submission_value(value, self.now()) {
            Ok(submission) => submission,
            Err(violations) => return Ok(Err(Why::new("invalid_submission", &violations))),
        };
        let conflict = match self.submit(platform, submission.clone(), None).await {
            Ok(registered) if registered.new => return Ok(Ok(Received { registered: 1, ..Received::default() })),
            // It is as it was registered; only a newest state may mean that it is so again.
            Ok(registered) if order == Order::Any || !self.is_revised(&registered.id).await? => {
                return Ok(Ok(Received { known: 1, ..Received::default() }));
            }
            Ok(_) => None,
            Err(error @ SubmitError::SourceIdConflict { .. }) => Some(error),
            Err(error) => return Err(ReceiveError::Submit(error)),
        };
        match (self.revise(platform, submission, order).await?, conflict) {
            (Revised::New, _) => Ok(Ok(Received { revised: 1, ..Received::default() })),
            (Revised::Known, _) | (_, None) => Ok(Ok(Received { known: 1, ..Received::default() })),
            (Revised::NoFiling | Revised::TooMany, Some(error)) => Ok(Err(Why::new("source_id_conflict", &error))),
        }
    }

    async fn follow(&self, platform: &str, value: serde_json::Value) -> Result<Result<(), Why>, ReceiveError> {
        let update = match validate::case_update_value(value, self.now()) {
            Ok(update) => update,
            Err(violations) => return Ok(Err(Why::new("invalid_update", &violations))),
        };
        match self.report_or_park(platform, update).await {
            Ok(()) => Ok(Ok(())),
            Err(UpdateError::Store(error)) => Err(error.into()),
            Err(error) => Ok(Err(Why::new("update_refused", &error))),
        }
    }

    /// The newest of a platform's quarantined records, at most `limit`.
    pub async fn quarantined(&self, platform: &str, limit: u32) -> Result<Vec<QuarantinedView>, AppError> {
        let platform = platform.to_owned();
        let found = self.read(move |_, c| quarantine::list(c, Some(&platform), i64::from(limit))).await?;
        let view =
            |entry: quarantine::Entry| QuarantinedView { source_ref: entry.source_ref, error: entry.error, received_at: entry.received_at };
        Ok(found.into_iter().map(view).collect())
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
        let read = |what: &dyn Fn(&[u8]) -> Option<Inbound>| what(&held.raw).map(Ok);
        let record = match &held.form {
            Form::Record { mapping } => platform.adapter.as_ref().map(|adapter| adapter.replay(mapping, &held.raw)),
            Form::Submission => read(&|raw| Some(Inbound::Submission(serde_json::from_slice(raw).ok()?))),
            Form::Update => read(&|raw| Some(Inbound::Update(serde_json::from_slice(raw).ok()?))),
            Form::Withdrawal => read(&|raw| Some(Inbound::Withdrawal(serde_json::from_slice(raw).ok()?))),
            Form::Unrouted => match &platform.adapter {
                Some(adapter) => match adapter.replay_unrouted(&held.raw) {
                    // The manifest leaves such records out by now.
                    None => {
                        self.let_go(platform, &held).await?;
                        return Ok(Received { known: 1, ..Received::default() });
                    }
                    taken => taken,
                },
                None => None,
            },
        };
        let Some(record) = record else { return Ok(kept) };
        // A record that maps now and is refused afterwards, or fails in its mapping now, is kept in its new form.
        let changed_form = match (&held.form, &record) {
            (Form::Record { .. } | Form::Unrouted, Ok(_)) => true,
            (Form::Unrouted, Err(unmapped)) => unmapped.mapping.is_some() && unmapped.raw != held.raw,
            _ => false,
        };
        let received = self.receive_one(platform, record, Order::Any).await?;
        if received.quarantined == 0 || changed_form {
            self.let_go(platform, &held).await?;
        }
        Ok(received)
    }

    async fn let_go(&self, platform: &FederatedPlatform, held: &Held) -> Result<(), StoreError> {
        let (id, digest) = (platform.platform.id.clone(), held.digest.clone());
        self.0.store.run(move |store| store.transaction(|c| quarantine::release(c, &id, &digest))).await
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
        let code = refused.code;
        self.0
            .store
            .run(move |store| {
                store.transaction(|c| {
                    // What is sent again and again is counted once.
                    if quarantine::keep(c, store.sealer(), &record)? {
                        platforms::count_error(c, &record.platform, code, &record.error, record.received_at)?;
                    }
                    Ok(())
                })
            })
            .await
    }
}
