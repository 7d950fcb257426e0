//! Delivering what is owed: claim under a lease, send outside any transaction, finish if the lease is still ours.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;

use super::{
    FederatedPlatform, Gateway, UpdateError,
    health::Fault,
    retry::{self, Tries},
    send::SendError,
};
use crate::{
    adapter::{AccessToken, Outcome, RequestError, Response},
    audit::{Entry, sha256},
    domain::message::MessageKind,
    store::{
        Connection, StoreError,
        attempts::Attempt,
        audit, cases,
        deliveries::{self, Claimed, Finish, Lease},
        events, platforms,
        quarantine::{self, Form, Quarantined},
        review_requests,
    },
};

/// What one round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ForwardRound {
    pub delivered: usize,
    pub failed: usize,
    /// When to look again; `None`: nothing is owed.
    pub next: Option<DateTime<Utc>>,
}

/// One attempt, before it is stored.
struct Tried {
    attempt: Attempt,
    finish: Finish,
    /// The platform could not be reached or could not answer: counts against its circuit.
    unavailable: bool,
}

/// What a platform answered, and what its adapter makes of it.
struct Answered {
    response: Response,
    token: Option<AccessToken>,
    outcome: Outcome,
}

impl Gateway {
    /// Sends what is due to one platform, a few at a time, in order within each case.
    pub async fn forward(&self, platform: &Arc<FederatedPlatform>) -> Result<ForwardRound, StoreError> {
        let state = self.platform_state(platform).await?;
        if let Some(until) = state.circuit_open_until.filter(|until| *until > self.now()) {
            return Ok(ForwardRound { next: Some(until), ..ForwardRound::default() });
        }
        // After a pause one message probes; only its success opens the way for the others.
        let probing = state.circuit_open_until.is_some();
        let limit = if probing { 1 } else { self.0.delivery.concurrency };
        let claimed = self.claim(platform, limit).await?;
        if claimed.is_empty() {
            return Ok(ForwardRound { next: self.next_due(platform).await?, ..ForwardRound::default() });
        }
        self.0.crash.pass("forward.claimed");
        let results = join_all(claimed.into_iter().map(|claimed| self.attempt(platform, claimed))).await;
        let mut round = ForwardRound { next: Some(self.now()), ..ForwardRound::default() };
        for delivered in results {
            match delivered? {
                true => round.delivered += 1,
                false => round.failed += 1,
            }
        }
        Ok(round)
    }

    async fn platform_state(&self, platform: &FederatedPlatform) -> Result<platforms::PlatformState, StoreError> {
        let id = platform.platform.id.clone();
        self.0.store.run(move |store| store.read(|c| platforms::state(c, &id))).await
    }

    async fn claim(&self, platform: &FederatedPlatform, limit: usize) -> Result<Vec<Claimed>, StoreError> {
        let id = platform.platform.id.clone();
        let lease = Lease {
            owner: self.0.node.clone(),
            duration: TimeDelta::milliseconds(i64::try_from(self.0.delivery.lease_ms).unwrap_or(i64::MAX)),
        };
        let (now, limit) = (self.now(), i64::try_from(limit).unwrap_or(1));
        self.0.store.run(move |store| store.transaction(|c| deliveries::claim(c, store.sealer(), &id, &lease, now, limit))).await
    }

    async fn next_due(&self, platform: &FederatedPlatform) -> Result<Option<DateTime<Utc>>, StoreError> {
        let id = platform.platform.id.clone();
        self.0.store.run(move |store| store.read(|c| deliveries::next_due(c, &id))).await
    }

    /// Sends one message once and stores how it went; answers whether that settled it.
    async fn attempt(&self, platform: &Arc<FederatedPlatform>, claimed: Claimed) -> Result<bool, StoreError> {
        let tried = self.try_once(platform, &claimed).await;
        self.0.crash.pass("forward.sent");
        let settled = matches!(tried.finish, Finish::Delivered { .. } | Finish::Skipped);
        let error = match &tried.finish {
            Finish::Retry { error, .. } | Finish::Dead { error } => Some(error.clone()),
            Finish::Delivered { .. } | Finish::Skipped => None,
        };
        if let Some(error) = &error {
            let delivery = &claimed.delivery;
            tracing::warn!(platform = delivery.platform, delivery = delivery.id, attempt = delivery.attempts, error, "delivery failed");
        }
        if tried.unavailable || settled {
            let fault = error.filter(|_| tried.unavailable).map(|error| {
                let (code, message) = error.split_once(": ").unwrap_or(("not_now", &error));
                Fault::new(code, &message).unavailable()
            });
            self.note_exchange(&platform.platform.id, fault).await?;
        }
        let gateway = self.clone();
        self.0.store.run(move |store| store.transaction(|c| gateway.settle(c, &claimed, &tried))).await?;
        self.0.crash.pass("forward.settled");
        Ok(settled)
    }

    async fn try_once(&self, platform: &Arc<FederatedPlatform>, claimed: &Claimed) -> Tried {
        let started_at = self.now();
        let begun = std::time::Instant::now();
        let mut request_digest = None;
        let result = self.try_ways(platform, claimed, &mut request_digest).await;
        let mut attempt = Attempt {
            number: claimed.delivery.attempts,
            started_at,
            duration_ms: i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX),
            outcome: String::new(),
            http_status: None,
            error: None,
            request_digest,
            response_digest: None,
        };
        let (finish, unavailable) = match result {
            Ok(None) => (Finish::Skipped, false),
            Ok(Some(answered)) => {
                attempt.http_status = Some(i32::from(answered.response.status));
                attempt.response_digest = Some(sha256(&answered.response.body).to_vec());
                self.judge(platform, claimed, answered).await
            }
            // A kind of message the adapter does not declare is one the platform has no use for.
            Err(SendError::Request(RequestError::NotDeclared)) => (Finish::Skipped, false),
            // A request that cannot be made will not be made by waiting, but it may be after the configuration is mended.
            Err(error @ (SendError::Request(_) | SendError::NotConfigured)) => {
                (Finish::Dead { error: format!("{}: {error}", error.code()) }, false)
            }
            Err(error) => (self.again(claimed, None, format!("{}: {error}", error.code())), true),
        };
        attempt.outcome = match &finish {
            Finish::Delivered { .. } => "delivered",
            Finish::Skipped => "skipped",
            Finish::Retry { .. } => "retry",
            Finish::Dead { .. } => "refused",
        }
        .to_owned();
        attempt.error = match &finish {
            Finish::Retry { error, .. } | Finish::Dead { error } => Some(error.clone()),
            Finish::Delivered { .. } | Finish::Skipped => None,
        };
        Tried { attempt, finish, unavailable }
    }

    /// Sends a message, and at once the other way if the answer says so. `digest` is of what was sent last.
    async fn try_ways(
        &self,
        platform: &Arc<FederatedPlatform>,
        claimed: &Claimed,
        digest: &mut Option<Vec<u8>>,
    ) -> Result<Option<Answered>, SendError> {
        let (adapter, message) = (platform.adapter()?, &claimed.message);
        let token = self.token(platform).await?;
        let Some(request) = adapter.delivery(message, token.as_ref(), &platform.secrets, self.now())? else { return Ok(None) };
        *digest = Some(sha256(&request.body).to_vec());
        let mut response = self.send(platform, request).await?;
        let mut outcome = adapter.delivery_outcome(&response, message.kind);
        if matches!(outcome, Outcome::Otherwise { .. })
            && let Some(other) = adapter.delivery_otherwise(message, token.as_ref(), &platform.secrets, self.now())?
        {
            *digest = Some(sha256(&other.body).to_vec());
            response = self.send(platform, other).await?;
            outcome = adapter.otherwise_outcome(&response, message.kind);
        }
        Ok(Some(Answered { response, token, outcome }))
    }

    /// What the platform's answer makes of the delivery, and whether it speaks against the platform.
    async fn judge(&self, platform: &Arc<FederatedPlatform>, claimed: &Claimed, answered: Answered) -> (Finish, bool) {
        let Answered { response, token, outcome } = answered;
        match outcome {
            Outcome::Delivered { receipt } => (Finish::Delivered { receipt }, false),
            Outcome::Retry { after, reason } => {
                let after = after.or_else(|| response.retry_after());
                (self.again(claimed, after, format!("not_now: {reason}")), true)
            }
            Outcome::TokenExpired => {
                self.forget_token(platform, token.as_ref()).await;
                (self.again(claimed, Some(Duration::ZERO), "token_expired: the platform wants a new access token".to_owned()), false)
            }
            Outcome::Rejected { code, reason } => (Finish::Dead { error: format!("rejected {code}: {reason}") }, false),
            Outcome::Otherwise { reason } => (Finish::Dead { error: format!("rejected: {reason}") }, false),
        }
    }

    /// Another try later, or none any more; what somebody requeued has as many tries again.
    fn again(&self, claimed: &Claimed, after: Option<Duration>, error: String) -> Finish {
        let policy = &self.0.delivery;
        let made = u32::try_from(claimed.delivery.attempts).unwrap_or(u32::MAX);
        let since_requeued = made.saturating_sub(1) % policy.max_attempts.max(1) + 1;
        let tries = Tries { made: since_requeued, since: claimed.delivery.created_at, now: self.now() };
        match retry::next(policy, tries, after) {
            Some(at) => Finish::Retry { at, error },
            None => Finish::Dead { error },
        }
    }
}

impl Gateway {
    /// Stores an attempt, its result and its leaf; a forward's receipt goes to the case.
    fn settle(&self, c: &mut Connection<'_>, claimed: &Claimed, tried: &Tried) -> Result<(), StoreError> {
        let (delivery, now) = (&claimed.delivery, self.now());
        let ours = deliveries::finish(c, &delivery.id, &self.0.node, &tried.attempt, &tried.finish, now)?;
        if let Finish::Delivered { receipt: Some(receipt) } = &tried.finish
            && ours
            && claimed.message.kind == MessageKind::CaseForwarded
        {
            self.keep_receipt(c, &delivery.case_id, &delivery.platform, receipt)?;
        }
        audit::append(c, &[leaf(&delivery.id, &delivery.platform, &tried.attempt, now)])
    }

    /// Notes the handling platform's own number, and follows up the reports that were waiting for it.
    fn keep_receipt(&self, c: &mut Connection<'_>, case_id: &str, platform: &str, receipt: &str) -> Result<(), StoreError> {
        let Some(mut case) = cases::lock(c, case_id)? else { return Ok(()) };
        let reviewed = review_requests::latest(c, case_id)?.filter(|request| request.reviewer_platform == platform);
        if let Some(request) = reviewed.filter(|request| request.receipt.is_none()) {
            review_requests::keep_receipt(c, &request.id, receipt)?;
        } else if case.platform.as_deref() == Some(platform) && case.receipt.as_deref() != Some(receipt) {
            let version = case.version;
            case.receipt = Some(receipt.to_owned());
            case.version += 1;
            case.updated_at = self.now();
            cases::replace(c, &case, version)?;
        }
        for update in events::unpark(c, self.store().sealer(), platform, receipt)? {
            match self.follow_up(c, platform, &update) {
                Ok(_) => {}
                Err(UpdateError::Store(error)) => return Err(error),
                Err(error) => {
                    let value = serde_json::to_vec(&update).unwrap_or_default();
                    quarantine::keep(
                        c,
                        self.store().sealer(),
                        &Quarantined {
                            platform: platform.to_owned(),
                            digest: sha256(&value),
                            source_ref: update.update_id.clone(),
                            form: Form::Update,
                            raw: value,
                            error: error.to_string(),
                            received_at: self.now(),
                        },
                    )?;
                }
            }
        }
        Ok(())
    }
}

/// What the audit log keeps of an attempt.
pub(super) fn leaf(delivery: &str, platform: &str, attempt: &Attempt, now: DateTime<Utc>) -> Entry {
    let proof = [
        attempt.request_digest.as_deref().unwrap_or_default(),
        attempt.response_digest.as_deref().unwrap_or_default(),
        attempt.outcome.as_bytes(),
    ]
    .concat();
    Entry { at: now, action: "delivery.attempted", subject: delivery.to_owned(), actor: platform.to_owned(), digest: sha256(&proof) }
}
