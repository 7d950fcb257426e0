//! What the responsible body reports: status and reply go into the case's history and out to every source platform.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{
    Gateway,
    messages::Messenger,
    view::{CaseView, EventKind},
};
use crate::{
    audit::Entry,
    domain::{
        case::CaseStatus,
        deadline::Deadline,
        id,
        lifecycle::{Party, Refusal, Standing},
        update::{CaseReference, CaseUpdate},
    },
    store::{
        Connection, Page, StoreError, audit,
        cases::{self, Case},
        deadlines,
        deliveries::{self, NewDelivery},
        events::{self, CaseEvent, UpdateNovelty, Words},
        links, review_requests,
        submissions::{self, Registered},
    },
};

#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    #[error("no such case")]
    UnknownCase,
    /// Another platform has the case in hand.
    #[error("the case is not in this platform's hands")]
    NotHandler,
    #[error(transparent)]
    Unlawful(#[from] Refusal),
    #[error("the update_id was used for another update")]
    Conflict,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<crate::store::query_error::Error> for UpdateError {
    fn from(error: crate::store::query_error::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Gateway {
    /// Takes a validated report of the handling platform; answers the case's code. Sent again, it changes nothing.
    pub async fn report(&self, platform: &str, update: CaseUpdate) -> Result<String, UpdateError> {
        let gateway = self.clone();
        let platform = platform.to_owned();
        let case = self.0.store.run(move |store| store.transaction(|c| gateway.follow_up(c, &platform, &update))).await?;
        self.0.crash.pass("report.committed");
        Ok(case)
    }

    /// [`Gateway::report`], answered with the case as it stands afterwards.
    pub async fn update_case(&self, platform: &str, update: CaseUpdate) -> Result<CaseView, UpdateError> {
        let id = self.report(platform, update).await?;
        self.case(&id).await.map_err(StoreError::from)?.ok_or(UpdateError::UnknownCase)
    }

    /// As [`Gateway::report`], but a report whose receipt nobody knows yet waits for it: the answer to the forward may have been
    /// lost on the way.
    pub(super) async fn report_or_park(&self, platform: &str, update: CaseUpdate) -> Result<(), UpdateError> {
        match self.report(platform, update.clone()).await {
            Err(UpdateError::UnknownCase) if self.park(platform, &update).await? => Ok(()),
            // The receipt became known in between.
            Err(UpdateError::UnknownCase) if matches!(update.reference, CaseReference::Receipt(_)) => {
                self.report(platform, update).await.map(|_| ())
            }
            other => other.map(|_| ()),
        }
    }

    async fn park(&self, platform: &str, update: &CaseUpdate) -> Result<bool, StoreError> {
        let CaseReference::Receipt(receipt) = update.reference.clone() else { return Ok(false) };
        let (platform, update, now) = (platform.to_owned(), update.clone(), self.now());
        self.0.store.run(move |store| store.transaction(|c| events::park(c, store.sealer(), &platform, &receipt, &update, now))).await
    }

    pub(super) fn follow_up(&self, connection: &mut Connection<'_>, platform: &str, update: &CaseUpdate) -> Result<String, UpdateError> {
        let now = self.now();
        let mut case = find(connection, platform, &update.reference)?.ok_or(UpdateError::UnknownCase)?;
        let party = party(connection, &case, platform)?.ok_or(UpdateError::NotHandler)?;
        match events::remember_update(connection, platform, &update.update_id, &update.digest(), &case.id, now)? {
            UpdateNovelty::Repeated => return Ok(case.id),
            UpdateNovelty::Conflict => return Err(UpdateError::Conflict),
            UpdateNovelty::New => {}
        }
        let clocks = clocks(connection, &case)?;
        let at = update.occurred_at.to_utc().min(now);
        Standing { status: case.status, deadlines: &clocks, at }.check(update.status, party)?;
        let version = case.version;
        let moved = case.status != update.status;
        case.status = update.status;
        case.version += 1;
        case.updated_at = now;
        if !cases::replace(connection, &case, version)? {
            return Err(StoreError::LeaseLost("case version".to_owned()).into());
        }
        let history = self.history(&case, platform, update, moved);
        let owed = self.tell_sources(connection, &case, &history)?;
        let store = self.store();
        self.append_events(connection, &history)?;
        deliveries::enqueue(connection, store.sealer(), &owed)?;
        audit::append(connection, &[leaf(&case, platform, update, now)])?;
        if !owed.is_empty() {
            self.0.owed.send_modify(|count| *count += 1);
        }
        Ok(case.id)
    }

    pub(super) fn history(&self, case: &Case, platform: &str, update: &CaseUpdate, moved: bool) -> Vec<CaseEvent> {
        let event = |kind: EventKind| CaseEvent {
            seq: 0,
            id: id::new_id(self.now()),
            case_id: case.id.clone(),
            kind: kind.as_str().to_owned(),
            source: platform.to_owned(),
            status: Some(update.status),
            data: json!({
                "platform": platform,
                "occurred_at": update.occurred_at,
                "hearing": update.hearing,
                "approved_by": update.approved_by,
            }),
            words: Words::default(),
            at: self.now(),
        };
        let mut events = Vec::new();
        if moved || update.hearing.is_some() {
            let mut changed = event(EventKind::StatusChanged);
            changed.words.reason = update.reason.clone();
            events.push(changed);
        }
        if let Some(reply) = &update.reply {
            let mut replied = event(EventKind::Replied);
            replied.words.reply = Some(reply.clone());
            events.push(replied);
        }
        events
    }

    /// One message an event to each submission of the case, on whichever platform it was filed.
    pub(super) fn tell_sources(
        &self,
        connection: &mut Connection<'_>,
        case: &Case,
        events: &[CaseEvent],
    ) -> Result<Vec<NewDelivery>, StoreError> {
        let mut owed = Vec::new();
        let mut after = 0;
        loop {
            let sources = sources(connection, self.store().sealer(), &case.id, after)?;
            let Some(last) = sources.last() else { return Ok(owed) };
            after = last.seq;
            owed.extend(self.told(case, &sources, events));
        }
    }

    /// What these sources are told of what happened.
    pub(super) fn told(&self, case: &Case, sources: &[Registered], events: &[CaseEvent]) -> Vec<NewDelivery> {
        let messenger = Messenger { federation: self.federation(), query_key: &self.0.secrets.query_code, now: self.now() };
        let tell = |source, event: &CaseEvent| match &event.words.reply {
            Some(reply) => messenger.reply(case, source, &event.id, reply),
            None => messenger.status(case, source, &event.id, event.words.reason.as_deref()),
        };
        sources.iter().flat_map(|source| events.iter().filter_map(move |event| tell(source, event))).collect()
    }
}

/// What the audit log keeps of a report.
pub(super) fn leaf(case: &Case, platform: &str, update: &CaseUpdate, now: DateTime<Utc>) -> Entry {
    Entry { at: now, action: "case.updated", subject: case.id.clone(), actor: platform.to_owned(), digest: update.digest() }
}

fn sources(
    connection: &mut Connection<'_>,
    sealer: &crate::store::Sealer,
    case_id: &str,
    after: i64,
) -> Result<Vec<Registered>, StoreError> {
    let links = links::of_case(connection, case_id, Page::beyond(after))?;
    let seqs: Vec<i64> = links.iter().map(|link| link.submission_seq).collect();
    submissions::find_many(connection, sealer, &seqs)
}

/// What the platform is to the case now; `None`: it has no part in handling it. While an answer is reviewed, the reviewing body has
/// the word.
fn party(connection: &mut Connection<'_>, case: &Case, platform: &str) -> Result<Option<Party>, StoreError> {
    if case.merged_into.is_some() {
        return Ok(None);
    }
    if matches!(case.status, CaseStatus::UnderReview | CaseStatus::UnderReReview)
        && let Some(request) = review_requests::latest(connection, &case.id)?
    {
        return Ok((request.reviewer_platform == platform).then_some(Party::Reviewer));
    }
    Ok((case.platform.as_deref() == Some(platform)).then_some(Party::Handler))
}

/// The clocks of one case.
pub(super) fn clocks(connection: &mut Connection<'_>, case: &Case) -> Result<Vec<Deadline>, StoreError> {
    Ok(deadlines::of_cases(connection, std::slice::from_ref(&case.id))?.remove(&case.id).unwrap_or_default())
}

fn find(connection: &mut Connection<'_>, platform: &str, reference: &CaseReference) -> Result<Option<Case>, StoreError> {
    let id = match reference {
        CaseReference::Case(id) => id.clone(),
        CaseReference::Receipt(receipt) => match cases::find_by_receipt(connection, platform, receipt)? {
            Some(case) => case.id,
            None => match review_requests::case_by_receipt(connection, platform, receipt)? {
                Some(id) => id,
                None => return Ok(None),
            },
        },
    };
    cases::lock(connection, &id)
}
