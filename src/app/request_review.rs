//! A petitioner's platform asks for a review (复查) of the answer, or for a re-review (复核) of the review.

use serde_json::json;

use super::{
    Gateway,
    follow_up::clocks,
    messages::Messenger,
    view::{CaseView, EventKind},
};
use crate::{
    audit::Entry,
    domain::{
        case::CaseStatus,
        deadline::Clock,
        id,
        lifecycle::{Party, Refusal, Standing},
        review_request::ReviewRequest,
    },
    store::{
        Connection, StoreError, audit,
        cases::{self, Case},
        deliveries,
        events::{CaseEvent, UpdateNovelty, Words},
        links,
        review_requests::{self, ReviewRequest as Kept},
        submissions,
    },
};

#[derive(Debug, thiserror::Error)]
pub enum ReviewRequestError {
    #[error("no such case")]
    UnknownCase,
    #[error("the request_id was used for another request")]
    Conflict,
    #[error(transparent)]
    Unlawful(#[from] Refusal),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<crate::store::query_error::Error> for ReviewRequestError {
    fn from(error: crate::store::query_error::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Gateway {
    /// Takes the request that `platform` was given for a case one of its filings belongs to, and puts the answer before the body
    /// above the one that gave it. Sent again, it changes nothing.
    pub async fn request_review(&self, platform: &str, case: &str, request: ReviewRequest) -> Result<CaseView, ReviewRequestError> {
        let (gateway, platform, id) = (self.clone(), platform.to_owned(), case.to_owned());
        self.0.store.run(move |store| store.transaction(|c| gateway.take_review_request(c, &platform, &id, &request))).await?;
        self.0.owed.send_modify(|count| *count += 1);
        self.case(case).await.map_err(StoreError::from)?.ok_or(ReviewRequestError::UnknownCase)
    }

    fn take_review_request(
        &self,
        c: &mut Connection<'_>,
        platform: &str,
        id: &str,
        request: &ReviewRequest,
    ) -> Result<(), ReviewRequestError> {
        let case = cases::lock(c, id)?.filter(|case| case.merged_into.is_none()).ok_or(ReviewRequestError::UnknownCase)?;
        if !links::is_source(c, id, platform)? {
            return Err(ReviewRequestError::UnknownCase);
        }
        match review_requests::novelty(c, platform, &request.request_id, id, &request.digest())? {
            UpdateNovelty::New => {}
            UpdateNovelty::Repeated => return Ok(()),
            UpdateNovelty::Conflict => return Err(ReviewRequestError::Conflict),
        }
        let (now, deadlines) = (self.now(), clocks(c, &case)?);
        let at = request.requested_at.to_utc().min(now);
        // After a review the next step is a re-review; which of the two windows is open says where the case is.
        let again = deadlines.iter().any(|deadline| deadline.clock == Clock::ReReviewRequest && deadline.ended_at.is_none());
        let to = if again { CaseStatus::UnderReReview } else { CaseStatus::UnderReview };
        let standing = Standing { status: case.status, deadlines: &deadlines, at };
        if case.status == to {
            return Err(Refusal::Illegal { from: case.status, to, allowed: standing.allowed(Party::Source) }.into());
        }
        standing.check(to, Party::Source)?;
        let kept = self.reviewer(c, &case, to, platform, request)?;
        Ok(self.begin_review(c, case, to, request, kept)?)
    }

    /// The body that decides: the nearest connected one above the body whose answer or review is asked about; where there is none,
    /// that body itself.
    fn reviewer(
        &self,
        c: &mut Connection<'_>,
        case: &Case,
        to: CaseStatus,
        platform: &str,
        request: &ReviewRequest,
    ) -> Result<Kept, StoreError> {
        let now = self.now();
        let reviewed = review_requests::latest(c, &case.id)?.filter(|_| to == CaseStatus::UnderReReview);
        let answered_by = reviewed.map(|review| review.organization).or_else(|| case.organization.clone()).unwrap_or_default();
        let above = self.federation().directory().connected_superior(&answered_by);
        let organization = above.map_or(answered_by, |body| body.id.clone());
        let reviewer_platform = above.and_then(|body| body.platform.clone()).or_else(|| case.platform.clone()).unwrap_or_default();
        Ok(Kept {
            id: id::new_id(now),
            platform: platform.to_owned(),
            request_id: request.request_id.clone(),
            body_digest: request.digest(),
            case_id: case.id.clone(),
            organization,
            reviewer_platform,
            receipt: None,
            received_at: now,
        })
    }

    fn begin_review(
        &self,
        c: &mut Connection<'_>,
        mut case: Case,
        to: CaseStatus,
        request: &ReviewRequest,
        kept: Kept,
    ) -> Result<(), StoreError> {
        let (now, version) = (self.now(), case.version);
        case.status = to;
        case.version += 1;
        case.updated_at = now;
        cases::replace(c, &case, version)?;
        review_requests::insert(c, &kept)?;
        let asked = CaseEvent {
            seq: 0,
            id: id::new_id(now),
            case_id: case.id.clone(),
            kind: EventKind::ReviewRequested.as_str().to_owned(),
            source: kept.platform.clone(),
            status: Some(to),
            data: json!({
                "platform": kept.platform,
                "occurred_at": request.requested_at,
                "organization": self.federation().organization_reference(&kept.organization),
            }),
            words: Words { reason: Some(request.reason.clone()), reply: None },
            at: now,
        };
        let sealer = self.store().sealer();
        let founding = submissions::find_many(c, sealer, &[case.founding_seq])?.pop();
        let messenger = Messenger { federation: self.federation(), query_key: &self.0.secrets.query_code, now };
        let mut owed: Vec<_> =
            founding.and_then(|founding| messenger.review(&case, &founding, &kept, &request.reason)).into_iter().collect();
        // The petitioner's reasons are for the body that reviews.
        let told = CaseEvent { words: Words::default(), ..asked.clone() };
        owed.extend(self.tell_sources(c, &case, &[told])?);
        self.append_events(c, &[asked])?;
        deliveries::enqueue(c, sealer, &owed)?;
        let leaf = Entry { at: now, action: "case.review_requested", subject: case.id, actor: kept.platform, digest: kept.body_digest };
        audit::append(c, &[leaf])
    }
}
