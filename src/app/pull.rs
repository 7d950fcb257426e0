//! Reading from platforms that are asked.

use std::{sync::Arc, time::Duration};

use super::{
    FederatedPlatform, Gateway,
    health::Fault,
    receive::{ReceiveError, Received},
    revise::Order,
    send::SendError,
};
use crate::{
    adapter::{AccessToken, Asked, Page, PageError, Pull, Request, RequestError, Response},
    audit::sha256,
    store::{StoreError, platforms},
};

/// Pages read in one round; the rest waits for the next.
const MAX_PAGES: usize = 50;
/// Cursors of one reading that are remembered to find a loop.
const MAX_SEEN: usize = 100_000;

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
    #[error("the platform's pages lead back to one that was read already")]
    Loop,
}

impl PullError {
    /// What is shown on the platform's page; `None` for what is not the platform's fault.
    pub(super) fn fault(&self) -> Option<Fault> {
        match self {
            Self::Send(error @ (SendError::Outbound(_) | SendError::Token(PageError::Retry { .. }))) => {
                Some(Fault::new(error.code(), error).unavailable())
            }
            Self::Send(error) => Some(Fault::new(error.code(), error)),
            Self::Page(error @ PageError::Retry { .. }) => Some(Fault::new(error.code(), error).unavailable()),
            Self::Page(error) => Some(Fault::new(error.code(), error)),
            Self::Loop => Some(Fault::new("cursor_loop", self)),
            Self::Receive(_) | Self::Store(_) | Self::Unknown(_) => None,
        }
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
        match &result {
            Ok(_) => drop(self.note_exchange(&platform.platform.id, None).await?),
            Err(error) => {
                if let Some(fault) = error.fault() {
                    self.note_exchange(&platform.platform.id, Some(fault)).await?;
                }
            }
        }
        result
    }

    async fn pull_pages(&self, platform: &Arc<FederatedPlatform>, name: &str) -> Result<PullRound, PullError> {
        let adapter = platform.adapter()?;
        let pull = adapter.pulls().iter().find(|pull| pull.name == name).ok_or_else(|| PullError::Unknown(name.to_owned()))?;
        let mut cursor = self.stored_cursor(platform, name).await?;
        let mut round = PullRound::default();
        while round.pages < MAX_PAGES {
            let page = self.page(platform, pull, cursor.as_deref()).await?;
            round.pages += 1;
            round.received += self.receive(platform, page.records, Order::Newest).await?;
            self.0.crash.pass("pull.received");
            round.more = page.more;
            let next = page.cursor.or_else(|| cursor.clone());
            // What the page held is kept either way; only the way on is not taken.
            if page.more && self.seen_before(platform, name, cursor.as_deref(), next.as_deref()) {
                // It may be mended by the next round.
                self.forget_seen(platform, name);
                return Err(PullError::Loop);
            }
            cursor = next;
            self.store_cursor(platform, name, cursor.clone()).await?;
            self.0.crash.pass("pull.moved_on");
            if !page.more {
                self.forget_seen(platform, name);
                break;
            }
        }
        Ok(round)
    }

    async fn page(&self, platform: &Arc<FederatedPlatform>, pull: &Pull, cursor: Option<&str>) -> Result<Page, PullError> {
        let adapter = platform.adapter()?;
        let base = platform.base_url.as_deref().unwrap_or_default();
        self.exchange(
            platform,
            |token| adapter.pull_request(pull, cursor, token, &platform.secrets, self.now()),
            |response| adapter.pull_page(pull, &Asked { cursor, response, base, now: self.now() }),
        )
        .await
    }

    /// Asks a platform and reads the answer; an access token that it no longer takes is renewed once.
    pub(super) async fn exchange<T>(
        &self,
        platform: &Arc<FederatedPlatform>,
        make: impl Fn(Option<&AccessToken>) -> Result<Request, RequestError>,
        read: impl Fn(&Response) -> Result<T, PageError>,
    ) -> Result<T, PullError> {
        let mut renewed = false;
        loop {
            let token = self.token(platform).await?;
            let request = make(token.as_ref()).map_err(SendError::from)?;
            let response = self.send(platform, request).await?;
            match read(&response) {
                Err(PageError::TokenExpired) => {
                    self.forget_token(platform, token.as_ref()).await;
                    if std::mem::replace(&mut renewed, true) {
                        return Err(PageError::TokenExpired.into());
                    }
                }
                answer => return Ok(answer?),
            }
        }
    }

    /// True if a page of this reading was asked for with the cursor already. A reading may take many rounds.
    fn seen_before(&self, platform: &FederatedPlatform, pull: &str, asked: Option<&str>, next: Option<&str>) -> bool {
        let Ok(mut readings) = self.0.readings.lock() else { return false };
        let seen = readings.entry((platform.platform.id.clone(), pull.to_owned())).or_default();
        if seen.len() >= MAX_SEEN {
            seen.clear();
        }
        let digest = |cursor: Option<&str>| sha256(cursor.unwrap_or_default().as_bytes());
        seen.insert(digest(asked));
        seen.contains(&digest(next))
    }

    fn forget_seen(&self, platform: &FederatedPlatform, pull: &str) {
        if let Ok(mut readings) = self.0.readings.lock() {
            readings.remove(&(platform.platform.id.clone(), pull.to_owned()));
        }
    }

    async fn stored_cursor(&self, platform: &FederatedPlatform, pull: &str) -> Result<Option<String>, StoreError> {
        let (platform, pull) = (platform.platform.id.clone(), pull.to_owned());
        self.0.store.run(move |store| store.read(|c| platforms::cursor(c, &platform, &pull))).await
    }

    async fn store_cursor(&self, platform: &FederatedPlatform, pull: &str, cursor: Option<String>) -> Result<(), StoreError> {
        let (platform, pull, now) = (platform.platform.id.clone(), pull.to_owned(), self.now());
        self.0.store.run(move |store| store.transaction(|c| platforms::save_cursor(c, &platform, &pull, cursor.as_deref(), now))).await
    }
}
