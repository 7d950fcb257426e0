//! Reading from platforms that are asked.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;

use super::{
    FederatedPlatform, Gateway,
    receive::{ReceiveError, Received},
    send::SendError,
};
use crate::{
    adapter::PageError,
    store::{
        StoreError,
        platforms::{self, PlatformState},
    },
};

/// How exactly the time of the last success is kept: one write in so long, not one a message.
const SUCCESS_KEPT: TimeDelta = TimeDelta::seconds(5);
/// Pages read in one round; the rest waits for the next.
const MAX_PAGES: usize = 50;

#[derive(Debug, thiserror::Error)]
pub enum PullError {
    #[error(transparent)]
    Send(#[from] SendError),
    #[error(transparent)]
    Page(#[from] PageError),
    #[error(transparent)]
    Receive(#[from] ReceiveError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the adapter has no pull {0}")]
    Unknown(String),
}

impl PullError {
    /// What is shown on the platform's page: a stable word and a sentence, nothing the platform said.
    fn describe(&self) -> String {
        let code = match self {
            Self::Send(error) => error.code(),
            Self::Page(_) => "page_refused",
            Self::Receive(_) | Self::Store(_) => "not_stored",
            Self::Unknown(_) => "no_such_pull",
        };
        format!("{code}: {self}")
    }

    /// How long the platform asks to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Page(PageError::Retry { after, .. }) => *after,
            _ => None,
        }
    }
}

/// What one round brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PullRound {
    pub pages: usize,
    pub received: Received,
    /// There is more to read at once.
    pub more: bool,
}

impl Gateway {
    /// Reads a platform's pull from where it stopped, page by page. The cursor moves only after a page's records are durable.
    pub async fn pull(&self, platform: &Arc<FederatedPlatform>, pull: &str) -> Result<PullRound, PullError> {
        let result = self.pull_pages(platform, pull).await;
        let error = result.as_ref().err().map(PullError::describe);
        self.note_exchange(&platform.platform.id, error).await?;
        result
    }

    async fn pull_pages(&self, platform: &Arc<FederatedPlatform>, name: &str) -> Result<PullRound, PullError> {
        let adapter = platform.adapter()?;
        let pull = adapter.pulls().iter().find(|pull| pull.name == name).ok_or_else(|| PullError::Unknown(name.to_owned()))?;
        let mut cursor = self.stored_cursor(platform, name).await?;
        let mut round = PullRound::default();
        while round.pages < MAX_PAGES {
            let token = self.token(platform).await?;
            let request =
                adapter.pull_request(pull, cursor.as_deref(), token.as_ref(), &platform.secrets, self.now()).map_err(SendError::from)?;
            let response = self.send(platform, request).await?;
            let page = match adapter.pull_page(pull, cursor.as_deref(), &response) {
                Err(PageError::TokenExpired) => {
                    self.forget_token(platform, token.as_ref()).await;
                    return Err(PageError::TokenExpired.into());
                }
                other => other?,
            };
            round.pages += 1;
            round.received += self.receive(platform, page.records).await?;
            round.more = page.more;
            cursor = page.cursor.or(cursor);
            self.store_cursor(platform, name, cursor.clone()).await?;
            if !page.more {
                break;
            }
        }
        Ok(round)
    }

    async fn stored_cursor(&self, platform: &FederatedPlatform, pull: &str) -> Result<Option<String>, StoreError> {
        let (platform, pull) = (platform.platform.id.clone(), pull.to_owned());
        self.0.store.run(move |store| store.read(|c| platforms::cursor(c, &platform, &pull))).await
    }

    async fn store_cursor(&self, platform: &FederatedPlatform, pull: &str, cursor: Option<String>) -> Result<(), StoreError> {
        let (platform, pull, now) = (platform.platform.id.clone(), pull.to_owned(), self.now());
        self.0.store.run(move |store| store.transaction(|c| platforms::save_cursor(c, &platform, &pull, cursor.as_deref(), now))).await
    }

    /// Remembers how an exchange with a platform ended, and opens or closes its circuit.
    pub(super) async fn note_exchange(&self, platform: &str, error: Option<String>) -> Result<PlatformState, StoreError> {
        let (platform, now, policy) = (platform.to_owned(), self.now(), self.0.delivery.clone());
        self.0
            .store
            .run(move |store| {
                if error.is_none() {
                    let known = store.read(|c| platforms::state(c, &platform))?;
                    let fresh = known.last_success_at.is_some_and(|at| now - at < SUCCESS_KEPT);
                    if fresh && known.consecutive_failures == 0 && known.circuit_open_until.is_none() {
                        return Ok(known);
                    }
                }
                store.transaction(|c| {
                    let mut state = platforms::state(c, &platform)?;
                    match error {
                        None => {
                            state.last_success_at = Some(now);
                            state.consecutive_failures = 0;
                            state.circuit_open_until = None;
                        }
                        Some(error) => {
                            state.last_failure_at = Some(now);
                            state.last_error = Some(error);
                            state.consecutive_failures = state.consecutive_failures.saturating_add(1);
                            if u32::try_from(state.consecutive_failures).unwrap_or(0) >= policy.circuit_threshold {
                                let pause = i64::try_from(policy.circuit_pause_ms).unwrap_or(i64::MAX);
                                state.circuit_open_until = Some(now + TimeDelta::milliseconds(pause));
                            }
                        }
                    }
                    platforms::save_state(c, &state)?;
                    Ok(state)
                })
            })
            .await
    }
}
