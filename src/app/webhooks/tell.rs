//! Telling endpoints: claimed under a lease, one event after another, sent outside any transaction.

use std::time::Duration;

use chrono::TimeDelta;

use crate::{
    app::{
        AppError, Gateway, changes as feed,
        query::ChangeFilter,
        retry::{self, Tries},
        view::{ChangeView, EventKind},
    },
    audit::{Entry, sha256},
    net::{OutboundError, OutboundRequest},
    store::{
        Connection, StoreError, audit,
        changes::{self, Stretch},
        deliveries::Lease,
        webhooks::{self, Progress, Told, ToldState, Webhook, WebhookState},
    },
};

use super::sign;

/// Events read at a time, and told in one turn at most.
const TURN: i64 = 50;
/// How much of the feed one turn looks through.
const WINDOW: i64 = 5_000;
/// Events given up on one after another that end the endpoint's service.
const MAX_DEAD_IN_A_ROW: i32 = 5;

/// An endpoint in this node's hands.
pub struct Turn(Webhook);

/// How one try went.
pub(super) struct Tried {
    pub http_status: Option<u16>,
    /// `None`: it was taken.
    pub error: Option<String>,
    pub duration: Duration,
    fate: Fate,
}

/// What a try means for the endpoint.
enum Fate {
    Taken,
    Again {
        after: Option<Duration>,
    },
    /// Nothing more shall be sent.
    End(WebhookState),
}

/// One event to be told.
struct Due {
    seq: i64,
    event: ChangeView,
    /// It was told before; the position stays.
    again: bool,
}

impl Gateway {
    /// Takes up to `limit` endpoints that have something to be told.
    pub async fn claim_webhooks(&self, limit: usize) -> Result<Vec<Turn>, StoreError> {
        let (lease, now, limit) = (self.webhook_lease(), self.now(), i64::try_from(limit).unwrap_or(1));
        let claimed = self.0.store.run(move |store| store.transaction(|c| webhooks::claim(c, store.sealer(), &lease, now, limit))).await?;
        Ok(claimed.into_iter().map(Turn).collect())
    }

    fn webhook_lease(&self) -> Lease {
        let duration = TimeDelta::milliseconds(i64::try_from(self.0.delivery.lease_ms).unwrap_or(i64::MAX));
        Lease { owner: self.0.node.clone(), duration }
    }

    /// Tells an endpoint what is due, until something fails, the lease is lost or the turn is over.
    pub async fn tell_webhook(&self, turn: Turn) -> Result<(), AppError> {
        let mut webhook = turn.0;
        let (due, until) = self.due(&webhook).await?;
        for due in due {
            let body = serde_json::to_vec(&due.event).unwrap_or_default();
            let tried = self.tell(&webhook, &due.event.id, body).await;
            match self.learn(webhook, due, tried).await? {
                Some(after) => webhook = after,
                None => return Ok(()),
            }
        }
        // Whatever this endpoint does not want to hear lies behind it now.
        let from = webhook.position;
        webhook.position = webhook.position.max(until);
        self.keep(webhook, from, None, false).await.map(|_| ())
    }

    /// What is to be told in this turn, and up to where the feed holds no more of it.
    async fn due(&self, webhook: &Webhook) -> Result<(Vec<Due>, i64), AppError> {
        let kinds = webhook.kinds.iter().filter_map(|kind| EventKind::parse(kind)).collect();
        let filter = feed::store_filter(&ChangeFilter { visible_to: webhook.owner.clone(), kinds, ..ChangeFilter::default() });
        let seen = changes::ChangeFilter { kinds: Vec::new(), ..filter.clone() };
        let webhook = webhook.clone();
        let due = move |again: bool| move |change: changes::Change| Ok(Due { seq: change.seq, event: feed::view(change)?, again });
        self.0
            .store
            .run(move |store| {
                store.transaction(|c| {
                    let mut found = Vec::new();
                    for seq in if webhook.replaying { webhooks::to_replay(c, &webhook, TURN)? } else { Vec::new() } {
                        match changes::read(c, &seen, Stretch { after: seq - 1, until: seq }, 1)?.pop() {
                            Some(change) => found.push(due(true)(change)?),
                            None => webhooks::forget(c, &webhook.id, seq)?,
                        }
                    }
                    if !found.is_empty() {
                        return Ok((found, webhook.position));
                    }
                    let until = changes::head(c)?.min(webhook.position + WINDOW);
                    let changes = changes::read(c, &filter, Stretch { after: webhook.position, until }, TURN)?;
                    let full = i64::try_from(changes.len()).unwrap_or(TURN) >= TURN;
                    let until = changes.last().filter(|_| full).map_or(until, |last| last.seq);
                    Ok((changes.into_iter().map(due(false)).collect::<Result<_, StoreError>>()?, until))
                })
            })
            .await
            .map_err(|error: StoreError| error.into())
    }

    /// Sends one event once, signed with every secret that counts.
    pub(super) async fn tell(&self, webhook: &Webhook, event: &str, body: Vec<u8>) -> Tried {
        let at = self.now();
        let signature = sign::signatures(&webhook.settings.secrets, event, at, &body);
        let headers = [
            ("content-type", "application/cloudevents+json".to_owned()),
            ("webhook-id", event.to_owned()),
            ("webhook-timestamp", at.timestamp().to_string()),
            ("webhook-signature", signature),
        ];
        let request = OutboundRequest {
            method: "POST".into(),
            url: webhook.settings.url.clone(),
            headers: headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            body,
        };
        let begun = std::time::Instant::now();
        let (http_status, error, fate) = match self.0.outbound.check(&webhook.settings.url) {
            Err(error) => (None, Some(said(&error)), Fate::End(WebhookState::AddressRefused)),
            Ok(()) => judge(self.0.outbound.send(request).await),
        };
        Tried { http_status, error, duration: begun.elapsed(), fate }
    }

    /// Keeps how an event went; the endpoint as it is then, if its turn goes on.
    async fn learn(&self, mut webhook: Webhook, due: Due, tried: Tried) -> Result<Option<Webhook>, AppError> {
        let (now, from) = (self.now(), webhook.position);
        webhook.attempts += 1;
        let mut told = Told {
            event_seq: due.seq,
            event_id: due.event.id,
            kind: due.event.kind.as_str().to_owned(),
            state: ToldState::Pending,
            attempts: webhook.attempts,
            http_status: tried.http_status.map(i32::from),
            error: tried.error.clone(),
            attempted_at: now,
        };
        webhook.last_error = tried.error;
        let mut goes_on = false;
        match tried.fate {
            Fate::Taken => {
                told.state = ToldState::Delivered;
                webhook.last_success_at = Some(now);
                webhook.dead_in_a_row = 0;
                goes_on = true;
            }
            Fate::End(state) => webhook.state = state,
            Fate::Again { after } => {
                let since = *webhook.failing_since.get_or_insert(now);
                let tries = Tries { made: u32::try_from(webhook.attempts).unwrap_or(u32::MAX), since, now };
                match retry::next(&self.0.delivery, tries, after) {
                    Some(at) => webhook.next_attempt_at = at,
                    None => {
                        told.state = ToldState::Dead;
                        webhook.dead_in_a_row += 1;
                        if webhook.dead_in_a_row >= MAX_DEAD_IN_A_ROW {
                            webhook.state = WebhookState::Failing;
                        }
                    }
                }
            }
        }
        if told.state != ToldState::Pending {
            webhook.attempts = 0;
            webhook.failing_since = None;
            webhook.position = if due.again { from } else { due.seq };
        }
        if let Some(error) = &webhook.last_error {
            tracing::warn!(webhook = webhook.id, event = told.event_id, attempt = told.attempts, error, "an endpoint was not told");
        }
        let after = webhook.clone();
        Ok(self.keep(webhook, from, Some(told), goes_on).await?.then_some(after).filter(|_| goes_on))
    }

    /// Stores an endpoint's progress, with how an event went and, if its service ended, a leaf. `false`: it is in other hands.
    async fn keep(&self, webhook: Webhook, from: i64, told: Option<Told>, goes_on: bool) -> Result<bool, AppError> {
        let (lease, now) = (self.webhook_lease(), self.now());
        let kept = self
            .0
            .store
            .run(move |store| {
                store.transaction(|c| {
                    let again_due = webhook.replaying && !webhooks::to_replay(c, &webhook, 2)?.is_empty();
                    let progress = Progress {
                        from,
                        to: webhook.position,
                        state: webhook.state,
                        replaying: webhook.replaying && (again_due || told.is_some()),
                        attempts: webhook.attempts,
                        failing_since: webhook.failing_since,
                        dead_in_a_row: webhook.dead_in_a_row,
                        next_attempt_at: webhook.next_attempt_at,
                        last_success_at: webhook.last_success_at,
                        last_error: webhook.last_error.clone(),
                        lease_until: goes_on.then(|| now + lease.duration),
                    };
                    if !webhooks::advance(c, &webhook.id, &lease.owner, &progress)? {
                        return Ok(false);
                    }
                    if let Some(told) = &told {
                        webhooks::note(c, &webhook.id, told)?;
                    }
                    if webhook.state != WebhookState::Active {
                        ended(c, &webhook, now)?;
                    }
                    Ok(true)
                })
            })
            .await;
        kept.map_err(|error: StoreError| error.into())
    }
}

fn ended(c: &mut Connection<'_>, webhook: &Webhook, at: chrono::DateTime<chrono::Utc>) -> Result<(), StoreError> {
    tracing::warn!(webhook = webhook.id, state = webhook.state.as_str(), "nothing more is sent to an endpoint");
    let entry = Entry {
        at,
        action: "webhook.disabled",
        subject: webhook.id.clone(),
        actor: "onecase".to_owned(),
        digest: sha256(webhook.state.as_str().as_bytes()),
    };
    audit::append(c, &[entry])
}

fn said(error: &OutboundError) -> String {
    format!("{}: {error}", error.code())
}

/// 2xx is taken, 410 is the end, everything else is tried again; redirects are not followed.
fn judge(answer: Result<crate::net::OutboundResponse, OutboundError>) -> (Option<u16>, Option<String>, Fate) {
    let response = match answer {
        Ok(response) => response,
        Err(error @ OutboundError::PrivateAddress) => return (None, Some(said(&error)), Fate::End(WebhookState::AddressRefused)),
        Err(error) => return (None, Some(said(&error)), Fate::Again { after: None }),
    };
    let status = response.status;
    let answered = |what: &str| Some(format!("http_{status}: {what}"));
    match status {
        200..=299 => (Some(status), None, Fate::Taken),
        410 => (Some(status), answered("the endpoint is gone"), Fate::End(WebhookState::Gone)),
        300..=399 => (Some(status), answered("redirects are not followed"), Fate::Again { after: None }),
        _ => {
            let after = response.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("retry-after"));
            let after = after.and_then(|(_, value)| value.trim().parse().ok()).map(Duration::from_secs);
            (Some(status), answered("it was not taken"), Fate::Again { after })
        }
    }
}
