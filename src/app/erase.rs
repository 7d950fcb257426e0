//! Erasing what a filing says of people, on somebody's word and with a reason.

use serde_json::json;

use super::{
    AppError, Gateway,
    link::GATEWAY,
    messages,
    view::{ErasureView, EventKind},
};
use crate::{
    audit::{Entry, sha256},
    domain::id,
    store::{
        Connection, Store, StoreError, audit, cases,
        erasures::{self, Erased, Erasure},
        events::{CaseEvent, Words},
        links,
        submissions::{self, Registered},
    },
};

/// What the audit log calls it.
const ACTION: &str = "submission.erased";

#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    #[error(transparent)]
    App(#[from] AppError),
    #[error("there is no such submission")]
    Unknown,
}

impl From<StoreError> for EraseError {
    fn from(error: StoreError) -> Self {
        Self::App(error.into())
    }
}

impl Gateway {
    /// Erases the personal data of a filing, for good. Its number, its links and every decision stay. Erased before, it is answered as then.
    pub async fn erase(&self, submission: &str, actor: &str, reason: &str) -> Result<ErasureView, EraseError> {
        let erasure = Erasure { submission_id: submission.to_owned(), actor: actor.to_owned(), reason: reason.to_owned(), at: self.now() };
        let gateway = self.clone();
        let work = move |store: &Store| {
            store.transaction(|c| {
                erasures::lock(c)?;
                if let Some(earlier) = erasures::find(c, store.sealer(), &erasure.submission_id)? {
                    return Ok::<_, StoreError>(Some(earlier));
                }
                let Some(filing) = submissions::find(c, store.sealer(), &erasure.submission_id)? else { return Ok(None) };
                gateway.erase_filing(c, &filing, &erasure)?;
                Ok(Some(erasure))
            })
        };
        let done = self.0.store.run(work).await?.ok_or(EraseError::Unknown)?;
        Ok(ErasureView { submission: done.submission_id, actor: done.actor, reason: done.reason, erased_at: done.at })
    }

    fn erase_filing(&self, c: &mut Connection<'_>, filing: &Registered, erasure: &Erasure) -> Result<(), StoreError> {
        let link = links::find(c, &filing.id)?;
        let mut cases = Vec::new();
        let mut matter = None;
        if let Some(link) = &link {
            if let Some(case) = cases::lock(c, &link.case_id)? {
                matter = case.matter_id;
            }
            // The case the matcher put it in has what was told of it before people moved it.
            let decided = cases::founded_at(c, &[link.decided_case])?.into_iter().map(|case| case.id);
            cases.extend(decided.filter(|id| *id != link.case_id));
            cases.push(link.case_id.clone());
            let event = CaseEvent {
                seq: 0,
                id: id::new_id(erasure.at),
                case_id: link.case_id.clone(),
                kind: EventKind::SubmissionErased.as_str().to_owned(),
                source: GATEWAY.to_owned(),
                status: None,
                data: json!({ "submission": filing.id, "platform": filing.platform }),
                words: Words::default(),
                at: erasure.at,
            };
            self.append_events(c, &[event])?;
        }
        let left = filing.submission.without_personal_data();
        let erased = Erased {
            erasure,
            platform: &filing.platform,
            filing: &left,
            told: &messages::erased(&left),
            cases: &cases,
            matter: matter.as_deref(),
        };
        erasures::erase(c, self.store().sealer(), &erased)?;
        let digest = sha256([erasure.submission_id.as_str(), &erasure.actor, &erasure.reason].join("\n").as_bytes());
        let leaf = Entry { at: erasure.at, action: ACTION, subject: filing.id.clone(), actor: erasure.actor.clone(), digest };
        audit::append(c, &[leaf])
    }
}
