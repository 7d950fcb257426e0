//! Reading: what the API and the pages show.

mod assemble;
mod duplicates;
mod overview;
mod reviews;
mod service_requests;

pub use service_requests::{ServiceRequest, ServiceRequestFilter};

use std::time::Duration;

use crate::store::{
    Page as StorePage, Position, Store, StoreError, attempts, cases, deliveries, events, links, matches, matters,
    submissions::{self, Registered},
};

use super::{
    AppError, Gateway,
    query::{CaseFilter, DeliveryFilter, GapFilter, MatterFilter, Page, SubmissionFilter},
    view::{CaseView, DeliveryDetail, DeliveryView, DuplicateView, EventView, GapView, MatchView, MatterView, Paged, SubmissionView},
};
use crate::{domain::division, matching};

/// How often a waiter looks into the store, for links made by another node.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

impl Gateway {
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self, &mut crate::store::Connection<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, AppError> {
        let gateway = self.clone();
        self.0.store.run(move |store: &Store| store.read(|connection| work(&gateway, connection)).map_err(AppError::from)).await
    }

    /// One filing with its case; the filing itself is included.
    pub async fn submission(&self, id: &str) -> Result<Option<SubmissionView>, AppError> {
        let id = id.to_owned();
        self.read(move |gateway, c| {
            let Some(found) = submissions::find(c, gateway.store().sealer(), &id)? else { return Ok(None) };
            let submission = found.is_open().then(|| found.submission.clone());
            let revisions = assemble::revisions(c, &id)?;
            let mut views = assemble::submissions(gateway, c, vec![found])?;
            Ok(views.pop().map(|view| SubmissionView { submission, revisions, ..view }))
        })
        .await
    }

    /// Waits until a filing is linked, or the time is over; answers how far it has come by then.
    pub async fn wait_linked(&self, id: &str, timeout: Duration) -> Result<Option<SubmissionView>, AppError> {
        let deadline = tokio::time::Instant::now() + timeout;
        let mut linked = self.0.linked.subscribe();
        loop {
            linked.mark_unchanged();
            let view = self.submission(id).await?;
            let waiting = view.as_ref().is_some_and(|view| view.case.is_none());
            if !waiting || tokio::time::Instant::now() >= deadline {
                return Ok(view);
            }
            let until = deadline.min(tokio::time::Instant::now() + LOOK_AGAIN);
            // Both a change and the end of the pause lead to another look.
            let _ = tokio::time::timeout_at(until, linked.changed()).await;
        }
    }

    pub async fn submissions(&self, filter: SubmissionFilter, page: Page) -> Result<Paged<SubmissionView>, AppError> {
        let (page, limit) = store_page(&page)?;
        let filter = submissions::SubmissionFilter {
            platform: filter.platform,
            source_id: filter.source_id,
            channel: filter.channel,
            kind: filter.kind,
            decision: filter.decision.map(matching::Decision::from),
            received_from: filter.received_from,
            received_until: filter.received_until,
            division: filter.division,
        };
        self.read(move |gateway, c| {
            let found = submissions::list(c, gateway.store().sealer(), &filter, page)?;
            let (found, next) = cut(found, limit, |row| (row.seq, 0));
            Ok(Paged { items: assemble::submissions(gateway, c, found)?, next_cursor: next })
        })
        .await
    }

    pub async fn case(&self, id: &str) -> Result<Option<CaseView>, AppError> {
        let id = id.to_owned();
        self.read(move |gateway, c| {
            let Some(case) = cases::find(c, &id)? else { return Ok(None) };
            let reply = assemble::reply(gateway, c, &case)?;
            Ok(assemble::cases(gateway, c, vec![case])?.pop().map(|view| CaseView { reply, ..view }))
        })
        .await
    }

    pub async fn cases(&self, filter: CaseFilter, page: Page) -> Result<Paged<CaseView>, AppError> {
        let (page, limit) = store_page(&page)?;
        let filter = cases::CaseFilter {
            visible_to: filter.visible_to,
            status: filter.status,
            kind: filter.kind,
            division_prefix: filter.division.map(|code| division::prefix(&code).to_owned()).filter(|prefix| !prefix.is_empty()),
            category: filter.category,
            organization: filter.organization,
            organizations: filter.level.map(|level| self.federation().bodies_of(level)),
            platform: filter.platform,
            channel: filter.channel,
            counted: filter.counted.and_then(|counted| self.counted(counted)),
            matter: filter.matter,
            updated_from: filter.updated_from,
            with_merged: false,
        };
        self.read(move |gateway, c| {
            let found = cases::list(c, &filter, page)?;
            let (found, next) = cut(found, limit, |case| (case.founding_seq, 0));
            Ok(Paged { items: assemble::cases(gateway, c, found)?, next_cursor: next })
        })
        .await
    }

    /// A case's history, oldest first.
    pub async fn case_events(&self, id: &str, page: Page) -> Result<Paged<EventView>, AppError> {
        let (page, limit) = store_page(&page)?;
        let id = id.to_owned();
        self.read(move |gateway, c| {
            let found = events::list(c, gateway.store().sealer(), &id, page)?;
            let (found, next) = cut(found, limit, |event| (event.seq, 0));
            Ok(Paged { items: found.into_iter().map(assemble::event).collect::<Result<_, _>>()?, next_cursor: next })
        })
        .await
    }

    /// The first filings of a case, in the order they came; at most one full page.
    pub async fn case_submissions(&self, id: &str) -> Result<Vec<SubmissionView>, AppError> {
        let id = id.to_owned();
        self.read(move |gateway, c| {
            let seqs: Vec<i64> = links::of_case(c, &id, StorePage::beyond(0))?.iter().map(|link| link.submission_seq).collect();
            let found: Vec<Registered> = submissions::find_many(c, gateway.store().sealer(), &seqs)?;
            assemble::submissions(gateway, c, found)
        })
        .await
    }

    /// The evidence on which filings were put into a case, or kept out of others; at most one full page.
    pub async fn case_matches(&self, id: &str) -> Result<Vec<MatchView>, AppError> {
        let filter = matches::MatchFilter { case_id: Some(id.to_owned()), ..matches::MatchFilter::default() };
        self.read(move |_, c| {
            let found = matches::list(c, &filter, StorePage::new(None, StorePage::MAX_LIMIT))?;
            found.into_iter().map(assemble::matched).collect()
        })
        .await
    }

    /// What one filing was compared with.
    pub async fn submission_matches(&self, id: &str, with_text: bool) -> Result<Vec<DuplicateView>, AppError> {
        let filter = matches::MatchFilter { submission_id: Some(id.to_owned()), ..matches::MatchFilter::default() };
        self.read(move |gateway, c| {
            let mut found = matches::list(c, &filter, StorePage::new(None, StorePage::MAX_LIMIT))?;
            found.sort_by(|a, b| b.weight.total_cmp(&a.weight));
            assemble::duplicates(gateway, c, found, with_text)
        })
        .await
    }

    pub async fn matters(&self, filter: MatterFilter, page: Page) -> Result<Paged<MatterView>, AppError> {
        let (page, limit) = store_page(&page)?;
        let order = filter.order.into();
        let filter = matters::MatterFilter {
            division_prefix: filter.division.map(|code| division::prefix(&code).to_owned()),
            within: filter.within,
            category: filter.category,
            filed_from: filter.filed_from,
            filed_until: filter.filed_until,
            trend: filter.trend,
            min_cases: filter.min_cases.map(|least| i32::try_from(least).unwrap_or(i32::MAX)),
            order,
        };
        self.read(move |gateway, c| {
            let found = matters::list(c, gateway.store().sealer(), &filter, page)?;
            let (found, next) = cut(found, limit, |matter| order.position(matter));
            Ok(Paged { items: assemble::matters(c, found)?, next_cursor: next })
        })
        .await
    }

    pub async fn matter(&self, id: &str) -> Result<Option<MatterView>, AppError> {
        let id = id.to_owned();
        self.read(move |gateway, c| {
            let found = matters::find(c, gateway.store().sealer(), &id)?;
            Ok(assemble::matters(c, found.into_iter().collect())?.pop())
        })
        .await
    }

    pub async fn gaps(&self, filter: GapFilter, page: Page) -> Result<Paged<GapView>, AppError> {
        let (page, limit) = store_page(&page)?;
        self.read(move |gateway, c| {
            let found = cases::gaps(c, filter.competent.as_deref(), page)?;
            let (found, next) = cut(found, limit, |gap| (gap.founding_seq, 0));
            Ok(Paged { items: assemble::gaps(gateway, c, found)?, next_cursor: next })
        })
        .await
    }

    pub async fn deliveries(&self, filter: DeliveryFilter, page: Page) -> Result<Paged<DeliveryView>, AppError> {
        let (page, limit) = store_page(&page)?;
        let filter = deliveries::DeliveryFilter {
            platform: filter.platform,
            state: filter.state.map(deliveries::DeliveryState::from),
            case_id: filter.case,
            division: filter.division,
        };
        self.read(move |_, c| {
            let found = deliveries::list(c, &filter, page)?;
            let (found, next) = cut(found, limit, |delivery| (delivery.seq, 0));
            Ok(Paged { items: found.into_iter().map(assemble::delivery).collect(), next_cursor: next })
        })
        .await
    }

    /// A delivery with every attempt at it.
    pub async fn delivery(&self, id: &str) -> Result<Option<DeliveryDetail>, AppError> {
        let id = id.to_owned();
        self.read(move |_, c| {
            let Some(found) = deliveries::find(c, &id)? else { return Ok(None) };
            let attempts = attempts::list(c, &id)?.into_iter().map(assemble::attempt).collect();
            Ok(Some(DeliveryDetail { delivery: assemble::delivery(found), attempts }))
        })
        .await
    }

    /// Puts a dead delivery back into the queue; `None`: there is none such, or it is not dead.
    pub async fn requeue(&self, id: &str) -> Result<Option<DeliveryView>, AppError> {
        let gateway = self.clone();
        let key = id.to_owned();
        let requeued = self
            .0
            .store
            .run(move |store| {
                store.transaction(|c| deliveries::requeue(c, &key, gateway.now())).map_err(|error: StoreError| AppError::from(error))
            })
            .await?;
        if !requeued {
            return Ok(None);
        }
        self.0.owed.send_modify(|count| *count += 1);
        Ok(self.delivery(id).await?.map(|detail| detail.delivery))
    }
}

impl Gateway {
    /// Puts all dead deliveries back into the queue, of one platform or of all; answers how many.
    pub async fn requeue_all(&self, platform: Option<&str>) -> Result<u64, AppError> {
        let (gateway, platform) = (self.clone(), platform.map(str::to_owned));
        let requeued = self
            .0
            .store
            .run(move |store| {
                store
                    .transaction(|c| deliveries::requeue_all(c, platform.as_deref(), gateway.now()))
                    .map_err(|error: StoreError| AppError::from(error))
            })
            .await?;
        self.0.owed.send_modify(|count| *count += 1);
        Ok(requeued as u64)
    }
}

/// One row more than wanted is read, to know whether there is another page.
pub(super) fn store_page(page: &Page) -> Result<(StorePage, usize), AppError> {
    let after = page.after.as_deref().map(|text| parse_position(text).ok_or(AppError::Position)).transpose()?;
    let limit = page.limit.clamp(1, super::query::MAX_LIMIT);
    Ok((StorePage { after, limit: i64::from(limit) + 1 }, limit as usize))
}

pub(super) fn cut<T>(mut rows: Vec<T>, limit: usize, position: impl Fn(&T) -> Position) -> (Vec<T>, Option<String>) {
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|row| {
        let (major, minor) = position(row);
        format!("{major}.{minor}")
    });
    (rows, next)
}

fn parse_position(text: &str) -> Option<Position> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
