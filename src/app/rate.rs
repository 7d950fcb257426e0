//! Petitioners rate the answer, on whichever platform they filed.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{
    Gateway,
    view::{CaseView, EventKind},
};
use crate::{
    audit::Entry,
    domain::{case::CaseStatus, id, rating::Rating},
    store::{
        Connection, StoreError, audit, cases,
        events::{CaseEvent, UpdateNovelty, Words},
        links, ratings,
    },
};

#[derive(Debug, thiserror::Error)]
pub enum RateError {
    #[error("no such case")]
    UnknownCase,
    #[error("a case that is {0} has no answer to rate")]
    NotAnswered(CaseStatus),
    #[error("the rating_id was used for another rating")]
    Conflict,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<crate::store::query_error::Error> for RateError {
    fn from(error: crate::store::query_error::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Gateway {
    /// Takes the rating that `platform` was given for a case one of its filings belongs to. Sent again, it changes nothing.
    pub async fn rate(&self, platform: &str, case: &str, rating: Rating) -> Result<CaseView, RateError> {
        let (gateway, platform, id) = (self.clone(), platform.to_owned(), case.to_owned());
        self.0.store.run(move |store| store.transaction(|c| gateway.take_rating(c, &platform, &id, &rating))).await?;
        self.case(case).await.map_err(StoreError::from)?.ok_or(RateError::UnknownCase)
    }

    fn take_rating(&self, c: &mut Connection<'_>, platform: &str, id: &str, rating: &Rating) -> Result<(), RateError> {
        let case = cases::lock(c, id)?.ok_or(RateError::UnknownCase)?;
        if !links::is_source(c, id, platform)? {
            return Err(RateError::UnknownCase);
        }
        let answered = matches!(
            case.status,
            CaseStatus::Answered | CaseStatus::Closed | CaseStatus::UnderReview | CaseStatus::UnderReReview | CaseStatus::Concluded
        );
        if !answered {
            return Err(RateError::NotAnswered(case.status));
        }
        let now = self.now();
        match ratings::insert(c, platform, id, rating, now)? {
            UpdateNovelty::New => {}
            UpdateNovelty::Repeated => return Ok(()),
            UpdateNovelty::Conflict => return Err(RateError::Conflict),
        }
        self.append_events(c, &[event(platform, id, rating, now)])?;
        Ok(audit::append(c, &[leaf(platform, id, rating, now)])?)
    }
}

/// The entry in the case's history.
pub(super) fn event(platform: &str, case: &str, rating: &Rating, now: DateTime<Utc>) -> CaseEvent {
    CaseEvent {
        seq: 0,
        id: id::new_id(now),
        case_id: case.to_owned(),
        kind: EventKind::CaseRated.as_str().to_owned(),
        source: platform.to_owned(),
        status: None,
        data: json!({ "platform": platform, "satisfaction": rating.satisfaction }),
        words: Words { reason: rating.comment.clone(), reply: None },
        at: now,
    }
}

/// What the audit log keeps of a rating.
pub(super) fn leaf(platform: &str, case: &str, rating: &Rating, now: DateTime<Utc>) -> Entry {
    Entry { at: now, action: "case.rated", subject: case.to_owned(), actor: platform.to_owned(), digest: rating.digest() }
}
