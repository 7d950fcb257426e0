//! Looking at personal data in clear: asked for with a reason, and recorded before it is shown.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::{AppError, Gateway};
use crate::{
    audit::{Entry, sha256},
    domain::{id, submission::Submission},
    store::{
        Page, StoreError, audit, cases, links,
        looks::{self, Look},
        submissions,
    },
};

/// What the audit log calls it.
const ACTION: &str = "case.looked_at";

/// A filing in clear.
#[derive(Clone, Debug, PartialEq)]
pub struct ClearFiling {
    pub id: String,
    pub platform: String,
    /// Of a blind filing only the envelope is here.
    pub submission: Submission,
}

/// Somebody looked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    pub actor: String,
    pub reason: String,
    pub at: DateTime<Utc>,
}

fn leaf(look: &Look) -> Entry {
    let digest = sha256([look.id.as_str(), &look.case_id, &look.actor, &look.reason].join("\n").as_bytes());
    Entry { at: look.at, action: ACTION, subject: look.case_id.clone(), actor: look.actor.clone(), digest }
}

impl Gateway {
    /// The filings of a case in clear, at most one full page, once it is recorded who looks and why; `None`: there is no such case.
    pub async fn look(&self, case: &str, actor: &str, reason: &str) -> Result<Option<Vec<ClearFiling>>, AppError> {
        let now = self.now();
        let look =
            Look { seq: 0, id: id::new_id(now), case_id: case.to_owned(), actor: actor.to_owned(), reason: reason.to_owned(), at: now };
        let recorded = move |store: &crate::store::Store| {
            store.transaction(|c| {
                if cases::find(c, &look.case_id)?.is_none() {
                    return Ok::<_, StoreError>(None);
                }
                looks::append(c, store.sealer(), std::slice::from_ref(&look))?;
                audit::append(c, &[leaf(&look)])?;
                let seqs: Vec<i64> = links::of_case(c, &look.case_id, Page::beyond(0))?.iter().map(|link| link.submission_seq).collect();
                let found = submissions::find_many(c, store.sealer(), &seqs)?;
                let clear =
                    |found: submissions::Registered| ClearFiling { id: found.id, platform: found.platform, submission: found.submission };
                Ok(Some(found.into_iter().map(clear).collect()))
            })
        };
        Ok(self.0.store.run(recorded).await?)
    }

    /// Records that a key read the words of filings of these cases; of a filing that is not linked yet, its id stands for the case. Call it
    /// before they are sent.
    pub async fn note_reading(&self, actor: &str, request: &str, cases: BTreeSet<String>) -> Result<(), AppError> {
        if cases.is_empty() {
            return Ok(());
        }
        let now = self.now();
        let looks: Vec<Look> = cases
            .into_iter()
            .map(|case_id| Look { seq: 0, id: id::new_id(now), case_id, actor: actor.to_owned(), reason: request.to_owned(), at: now })
            .collect();
        let recorded = move |store: &crate::store::Store| {
            store.transaction(|c| {
                looks::append(c, store.sealer(), &looks)?;
                audit::append(c, &looks.iter().map(leaf).collect::<Vec<_>>())
            })
        };
        Ok(self.0.store.run(recorded).await?)
    }

    /// Who looked at a case, newest first; at most one full page.
    pub async fn looks(&self, case: &str) -> Result<Vec<Looked>, AppError> {
        let case = case.to_owned();
        self.read(move |gateway, c| {
            let found = looks::list(c, gateway.store().sealer(), Some(&case), Page::new(None, Page::MAX_LIMIT))?;
            Ok(found.into_iter().map(|look| Looked { actor: look.actor, reason: look.reason, at: look.at }).collect())
        })
        .await
    }
}
