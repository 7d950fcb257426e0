//! What a platform changes or takes back after a filing was registered.
//!
//! The registered filing stays as it is, and so do its link and the decision behind it. The change is kept beside it as a
//! revision, belongs to the same case, and the case's history says so: at once where the filing is linked, else when it is. The
//! body that has the case in hand is told in the same transaction.

use serde_json::json;

use super::{Gateway, messages::Messenger, view::EventKind};
use crate::{
    audit::{Entry, sha256},
    domain::{id, submission::Submission, withdrawal::Withdrawal},
    store::{
        Connection, Store, StoreError, audit, cases, deliveries,
        events::{self, CaseEvent, Words},
        links,
        revisions::{self, Filing, Revision, RevisionKind, Standing, State, Untold},
    },
};

/// Revisions told in one transaction.
const TOLD_AT_ONCE: i64 = 100;
/// Revisions of one filing; a record that changes forever is a fault of its platform.
const MAX_REVISIONS: i32 = 1_000;

/// In which order a platform's records come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// A page of a list is how things stand now: a state that was there before is there again.
    Newest,
    /// A message may be sent twice and overtake another: a state that was there before is an old message.
    Any,
}

/// What became of a changed record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Revised {
    /// It is how the filing stands already, or the filing was erased and takes nothing in any more.
    Known,
    New,
    /// No filing of this number is registered open; a blind one has no content to compare.
    NoFiling,
    /// The filing has had too many revisions.
    TooMany,
}

impl Gateway {
    /// Keeps a registered filing's record that differs from what was registered.
    pub(super) async fn revise(&self, platform: &str, submission: Submission, order: Order) -> Result<Revised, StoreError> {
        let (gateway, platform) = (self.clone(), platform.to_owned());
        let work = move |store: &Store| {
            store.transaction(|c| {
                let standing = match revisions::standing(c, store.sealer(), &platform, &submission.source_id)? {
                    Filing::Standing(standing) => standing,
                    Filing::Absent => return Ok(Revised::NoFiling),
                    Filing::Erased => return Ok(Revised::Known),
                };
                let digest = submission.digest();
                let known = match order {
                    Order::Newest => standing.digests.last().is_some_and(|last| last[..] == digest),
                    Order::Any => standing.digests.iter().any(|earlier| earlier[..] == digest),
                };
                if known && standing.kind == RevisionKind::Changed {
                    return Ok(Revised::Known);
                }
                let fields = differing(&standing.now, &submission);
                gateway.add_revision(c, &standing, RevisionKind::Changed, State { submission, reason: None }, fields)
            })
        };
        self.0.store.run(work).await
    }

    pub(super) async fn is_revised(&self, submission: &str) -> Result<bool, StoreError> {
        let id = submission.to_owned();
        self.0.store.run(move |store| store.read(|c| Ok(!revisions::list(c, &id, 1)?.is_empty()))).await
    }

    /// Notes that a platform no longer has a filing of its own.
    pub(super) async fn withdraw(&self, platform: &str, withdrawal: Withdrawal) -> Result<Revised, StoreError> {
        let (gateway, platform) = (self.clone(), platform.to_owned());
        let work = move |store: &Store| {
            store.transaction(|c| {
                let standing = match revisions::standing(c, store.sealer(), &platform, &withdrawal.source_id)? {
                    Filing::Standing(standing) => standing,
                    Filing::Absent => return Ok(Revised::NoFiling),
                    Filing::Erased => return Ok(Revised::Known),
                };
                if standing.kind == RevisionKind::Withdrawn {
                    return Ok(Revised::Known);
                }
                let state = State { submission: standing.now.clone(), reason: withdrawal.reason };
                gateway.add_revision(c, &standing, RevisionKind::Withdrawn, state, Vec::new())
            })
        };
        self.0.store.run(work).await
    }

    fn add_revision(
        &self,
        c: &mut Connection<'_>,
        standing: &Standing,
        kind: RevisionKind,
        state: State,
        fields: Vec<String>,
    ) -> Result<Revised, StoreError> {
        if standing.number >= MAX_REVISIONS {
            return Ok(Revised::TooMany);
        }
        let revision = Revision {
            submission_id: standing.id.clone(),
            number: standing.number + 1,
            kind,
            body_digest: state.submission.digest(),
            state,
            fields,
            received_at: self.now(),
        };
        revisions::add(c, self.store().sealer(), &revision)?;
        let action = match kind {
            RevisionKind::Changed => "submission.revised",
            RevisionKind::Withdrawn => "submission.withdrawn",
        };
        let digest = sha256(&[&revision.body_digest[..], &revision.number.to_le_bytes()].concat());
        audit::append(
            c,
            &[Entry { at: revision.received_at, action, subject: standing.id.clone(), actor: standing.platform.clone(), digest }],
        )?;
        Ok(Revised::New)
    }

    /// Writes what cases do not know yet of their filings' revisions into their histories; answers how many. Blocks.
    pub(super) fn tell_revisions(&self) -> Result<usize, StoreError> {
        let store = self.store();
        let waiting = store.read(|c| revisions::untold(c, store.sealer(), TOLD_AT_ONCE))?;
        for revision in &waiting {
            store.transaction(|c| self.tell_case(c, revision))?;
        }
        if !waiting.is_empty() {
            self.0.owed.send_modify(|count| *count += 1);
        }
        Ok(waiting.len())
    }

    fn tell_case(&self, c: &mut Connection<'_>, revision: &Untold) -> Result<(), StoreError> {
        let now = self.now();
        let Some(mut case) = cases::lock(c, &revision.case_id)? else { return Ok(()) };
        // A ruling may have moved the filing meanwhile; then the next round tells the case it is in now.
        let moved = links::find(c, &revision.submission_id)?.is_none_or(|link| link.case_id != revision.case_id);
        if moved || !revisions::told(c, &revision.submission_id, revision.number, now)? {
            return Ok(());
        }
        let version = case.version;
        case.version += 1;
        case.updated_at = now;
        if !cases::replace(c, &case, version)? {
            return Err(StoreError::LeaseLost("case version".to_owned()));
        }
        let messenger = Messenger { federation: self.federation(), query_key: &self.0.secrets.query_code, now };
        deliveries::enqueue(c, self.store().sealer(), messenger.revised(&case, revision).as_slice())?;
        let kind = match revision.kind {
            RevisionKind::Changed => EventKind::SubmissionRevised,
            RevisionKind::Withdrawn => EventKind::SubmissionWithdrawn,
        };
        let event = CaseEvent {
            seq: 0,
            id: id::new_id(now),
            case_id: case.id,
            kind: kind.as_str().to_owned(),
            source: revision.platform.clone(),
            status: Some(case.status),
            data: json!({
                "platform": revision.platform,
                "submission": revision.submission_id,
                "revision": revision.number,
                "fields": revision.fields,
            }),
            words: Words { reason: revision.reason.clone(), reply: None },
            at: now,
        };
        events::append(c, self.store().sealer(), &[event])
    }
}

/// Names of the members that differ.
fn differing(before: &Submission, now: &Submission) -> Vec<String> {
    let members = |submission: &Submission| serde_json::to_value(submission).unwrap_or_default();
    let (before, now) = (members(before), members(now));
    let names = before.as_object().into_iter().chain(now.as_object()).flat_map(serde_json::Map::keys);
    let names: std::collections::BTreeSet<&String> = names.filter(|name| before.get(name) != now.get(name)).collect();
    names.into_iter().cloned().collect()
}
