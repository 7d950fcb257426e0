//! The change feed: every case's history as one sequence, read from a position on, with waiting for what comes next.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{Mutex, OwnedSemaphorePermit, Semaphore, watch},
    time::Instant,
};

use super::{
    AppError, Gateway,
    link::GATEWAY,
    query::ChangeFilter,
    view::{ChangeData, ChangeView, EventData, EventKind},
};
use crate::{
    domain::{access::Reach, division},
    store::{
        StoreError,
        changes::{self, Change, Stretch},
        tallies,
    },
};

/// How many entries one query looks at. A narrow reader's page may be empty; its position moves on nonetheless.
const WINDOW: i64 = 5_000;
/// Windows that one page looks through.
const WINDOWS: usize = 8;
/// How old the known end of the feed may be: all who wait together ask the store no more often.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// Readers that may wait on one node at a time.
const FOLLOWERS: usize = 1_024;

/// What the waiting readers of a node share.
pub(super) struct Following {
    head: Mutex<Option<(Instant, i64)>>,
    permits: Arc<Semaphore>,
    ending: watch::Sender<bool>,
}

impl Default for Following {
    fn default() -> Self {
        Self { head: Mutex::default(), permits: Arc::new(Semaphore::new(FOLLOWERS)), ending: watch::Sender::new(false) }
    }
}

/// A stretch of the feed that a reader got.
#[derive(Clone, Debug)]
pub struct Changes {
    pub items: Vec<ChangeView>,
    /// Where to go on.
    pub position: i64,
}

/// A place among those who wait.
pub struct Follower {
    _permit: OwnedSemaphorePermit,
}

impl Gateway {
    /// The changes beyond a position that a reader may see, oldest first. Answers empty only where nothing is to be had within
    /// the part of the feed that one page looks through.
    pub async fn changes(&self, filter: &ChangeFilter, after: i64, limit: u32) -> Result<Changes, AppError> {
        let filter = store_filter(filter);
        let limit = i64::from(limit.clamp(1, super::query::MAX_LIMIT));
        self.read(move |_, c| {
            let head = changes::head(c)?;
            let mut position = after.clamp(0, head);
            for _ in 0..WINDOWS {
                let until = head.min(position + WINDOW);
                let found = changes::read(c, &filter, Stretch { after: position, until }, limit)?;
                let full = i64::try_from(found.len()).unwrap_or(i64::MAX) >= limit;
                position = found.last().filter(|_| full).map_or(until, |last| last.seq);
                if !found.is_empty() || position >= head {
                    return Ok(Changes { items: found.into_iter().map(view).collect::<Result<_, _>>()?, position });
                }
            }
            Ok(Changes { items: Vec::new(), position })
        })
        .await
    }

    /// [`Gateway::changes`], waiting for the first of them up to `wait`.
    pub async fn changes_within(&self, filter: &ChangeFilter, after: i64, limit: u32, wait: Duration) -> Result<Changes, AppError> {
        let mut found = self.changes(filter, after, limit).await?;
        if !found.items.is_empty() || wait.is_zero() {
            return Ok(found);
        }
        let _place = self.follow_changes()?;
        let deadline = Instant::now() + wait;
        while found.items.is_empty() && self.change_beyond(found.position, deadline).await? {
            found = self.changes(filter, found.position, limit).await?;
        }
        Ok(found)
    }

    /// A place among those who wait for changes.
    ///
    /// # Errors
    /// If too many wait already.
    pub fn follow_changes(&self) -> Result<Follower, AppError> {
        let permit = Arc::clone(&self.0.following.permits).try_acquire_owned();
        permit.map(|permit| Follower { _permit: permit }).map_err(|_| AppError::TooManyFollowers)
    }

    /// Waits until the feed goes beyond a position; `false` at the deadline, or when the node is about to stop.
    pub async fn change_beyond(&self, position: i64, deadline: Instant) -> Result<bool, AppError> {
        let mut ending = self.0.following.ending.subscribe();
        loop {
            if *ending.borrow_and_update() {
                return Ok(false);
            }
            if self.head().await? > position {
                return Ok(true);
            }
            if Instant::now() >= deadline {
                return Ok(false);
            }
            // Both the end of the pause and the end of the node lead to another look.
            let _ = tokio::time::timeout_at(deadline.min(Instant::now() + LOOK_AGAIN), ending.changed()).await;
        }
    }

    /// Lets everybody who waits for changes go; for a node that is about to stop.
    pub fn end_waiting(&self) {
        self.0.following.ending.send_replace(true);
    }

    /// True once [`Gateway::end_waiting`] was called.
    pub fn is_ending(&self) -> bool {
        *self.0.following.ending.borrow()
    }

    /// One change by its id, if the reader may see it.
    pub async fn change(&self, reach: Reach, id: &str) -> Result<Option<ChangeView>, AppError> {
        let filter = store_filter(&ChangeFilter { visible_to: reach.platform, division: reach.division, ..ChangeFilter::default() });
        let id = id.to_owned();
        self.read(move |_, c| changes::find(c, &filter, &id)?.map(view).transpose()).await
    }

    /// Differs whenever a case, a delivery or anything else that is counted has changed.
    pub async fn change_mark(&self) -> Result<i64, AppError> {
        self.read(|_, c| Ok(changes::head(c)?.wrapping_add(tallies::newest(c)?))).await
    }

    /// The feed's newest position.
    pub async fn head(&self) -> Result<i64, AppError> {
        let mut known = self.0.following.head.lock().await;
        if let Some((at, head)) = *known
            && at.elapsed() < LOOK_AGAIN
        {
            return Ok(head);
        }
        let head = self.read(|_, c| changes::head(c)).await?;
        *known = Some((Instant::now(), head));
        Ok(head)
    }

    /// The position before the first change of this time or later.
    pub async fn changes_since(&self, since: chrono::DateTime<chrono::Utc>) -> Result<i64, AppError> {
        self.read(move |_, c| changes::before(c, since)).await
    }
}

pub(super) fn store_filter(filter: &ChangeFilter) -> changes::ChangeFilter {
    changes::ChangeFilter {
        visible_to: filter.visible_to.clone(),
        kinds: filter.kinds.iter().map(|kind| kind.as_str().to_owned()).collect(),
        division_prefix: filter.division.as_deref().map(|code| division::prefix(code).to_owned()),
        case_id: filter.case.clone(),
    }
}

pub(super) fn view(change: Change) -> Result<ChangeView, StoreError> {
    let kind = EventKind::parse(&change.kind)
        .ok_or_else(|| StoreError::Corrupt { what: "event kind", source: "an event of unknown kind".into() })?;
    let data: EventData =
        serde_json::from_value(change.data).map_err(|source| StoreError::Corrupt { what: "event", source: source.into() })?;
    let is_alert = matches!(kind, EventKind::AlertFired | EventKind::AlertResolved);
    Ok(ChangeView {
        specversion: "1.0".into(),
        id: change.id,
        source: if change.source == GATEWAY { "/gateway".into() } else { format!("/platforms/{}", change.source) },
        kind,
        time: change.at,
        datacontenttype: "application/json".into(),
        data: ChangeData {
            href: if is_alert { "/v1/alerts".to_owned() } else { format!("/v1/cases/{}", change.case_id) },
            status: change.status,
            submission: data.submission,
            platform: data.platform,
            decision: data.decision,
            organization: data.organization,
            gap: data.gap,
            conflict: data.conflict,
            supervision: data.supervision,
            supervision_kind: data.supervision_kind,
            warning: data.warning,
            other_case: data.other_case,
            watch: data.watch,
            severity: data.severity,
        },
        subject: change.case_id,
    })
}
