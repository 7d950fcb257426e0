//! What a body answers.

use serde_json::json;

use crate::{
    app::{
        Gateway,
        validate::SupervisionAnswer,
        view::{EventKind, SupervisionView},
    },
    audit::{Entry, sha256},
    domain::{access::Reach, id, supervision::SupervisionState},
    store::{
        Connection, StoreError, audit,
        events::{CaseEvent, Words},
        supervisions,
    },
};

#[derive(Debug, thiserror::Error)]
pub enum SupervisionError {
    #[error("no such supervision")]
    Unknown,
    #[error("no answer is expected any more")]
    Ended,
    #[error("this is no proposal to hold accountable")]
    NoProposal,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<crate::store::query_error::Error> for SupervisionError {
    fn from(error: crate::store::query_error::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Gateway {
    /// Takes the answer of the platform that was addressed. The same answer sent again changes nothing.
    pub async fn answer_supervision(
        &self,
        platform: &str,
        id: &str,
        answer: SupervisionAnswer,
    ) -> Result<SupervisionView, SupervisionError> {
        let (gateway, own, wanted) = (self.clone(), platform.to_owned(), id.to_owned());
        self.0.store.run(move |store| store.transaction(|c| gateway.take_answer(c, &own, &wanted, &answer))).await?;
        let found =
            self.supervision_by_id(&Reach { platform: Some(platform.to_owned()), division: None }, id).await.map_err(StoreError::from)?;
        found.ok_or(SupervisionError::Unknown)
    }

    fn take_answer(&self, c: &mut Connection<'_>, platform: &str, id: &str, answer: &SupervisionAnswer) -> Result<(), SupervisionError> {
        let (now, sealer) = (self.now(), self.store().sealer());
        let found = supervisions::find(c, sealer, id)?.filter(|found| found.platform.as_deref() == Some(platform));
        let found = found.ok_or(SupervisionError::Unknown)?;
        if found.state == SupervisionState::Answered && found.answer.as_deref() == Some(answer.content.as_str()) {
            return Ok(());
        }
        if !supervisions::end(c, sealer, id, SupervisionState::Answered, Some(&answer.content), now)? {
            return Err(SupervisionError::Ended);
        }
        let answered = CaseEvent {
            seq: 0,
            id: id::new_id(now),
            case_id: found.case_id.clone(),
            kind: EventKind::SupervisionAnswered.as_str().to_owned(),
            source: platform.to_owned(),
            status: None,
            data: json!({ "platform": platform, "supervision": id, "supervision_kind": found.kind }),
            words: Words { reason: Some(answer.content.clone()), reply: None },
            at: now,
        };
        self.append_events(c, &[answered])?;
        let digest = sha256(&serde_json::to_vec(answer).unwrap_or_default());
        let leaf = Entry { at: now, action: "case.supervision_answered", subject: found.case_id, actor: platform.to_owned(), digest };
        Ok(audit::append(c, &[leaf])?)
    }
}
