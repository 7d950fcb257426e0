//! The sender of a case decides on the objection of the body it was sent to (信访工作条例, article 23): only with the sender's
//! agreement is a case returned.

use serde_json::json;

use super::{
    Decree, Gateway, RuleError,
    code::Code,
    link::GATEWAY,
    messages::Messenger,
    validate::{ObjectionDecision, ObjectionOrder, Violations},
    view::{CaseView, EventKind},
};
use crate::{
    audit::{Entry, sha256},
    domain::{
        case::CaseStatus,
        id,
        message::{Notice, NoticeKind},
    },
    store::{
        Connection, StoreError, audit,
        cases::{self, Case},
        deliveries,
        events::{CaseEvent, Words},
        submissions,
    },
};

#[derive(Debug, thiserror::Error)]
pub enum ObjectionError {
    #[error("no such case, or the caller has not sent it")]
    UnknownCase,
    #[error("a case that is {0} has no objection to decide on")]
    NotObjected(CaseStatus),
    #[error("the case has changed since it was looked at")]
    Changed,
    #[error(transparent)]
    Refused(#[from] Violations),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<crate::store::query_error::Error> for ObjectionError {
    fn from(error: crate::store::query_error::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<ObjectionError> for RuleError {
    /// For the pages, which tell a person the same as about any ruling.
    fn from(error: ObjectionError) -> Self {
        match error {
            ObjectionError::UnknownCase => Self::UnknownCase,
            ObjectionError::NotObjected(_) | ObjectionError::Changed => Self::Changed,
            ObjectionError::Refused(_) => Self::BadSplit,
            ObjectionError::Store(error) => Self::Store(error),
        }
    }
}

impl Gateway {
    /// Carries out what the sender decides. `sender` is the platform that decides; `None`: a reviewer of the gateway does.
    pub async fn decide_objection(
        &self,
        case: &str,
        sender: Option<&str>,
        order: ObjectionOrder,
        decree: Decree,
    ) -> Result<CaseView, ObjectionError> {
        let (gateway, id, sender) = (self.clone(), case.to_owned(), sender.map(str::to_owned));
        self.0.store.run(move |store| store.transaction(|c| gateway.settle_objection(c, &id, sender.as_deref(), &order, &decree))).await?;
        self.0.owed.send_modify(|count| *count += 1);
        self.case(case).await.map_err(StoreError::from)?.ok_or(ObjectionError::UnknownCase)
    }

    fn settle_objection(
        &self,
        c: &mut Connection<'_>,
        id: &str,
        sender: Option<&str>,
        order: &ObjectionOrder,
        decree: &Decree,
    ) -> Result<(), ObjectionError> {
        let before = cases::lock(c, id)?.filter(|case| case.merged_into.is_none()).ok_or(ObjectionError::UnknownCase)?;
        let objecting = before.organization.clone().unwrap_or_default();
        let above = self.federation().directory().connected_superior(&objecting);
        if sender.is_some_and(|platform| above.and_then(|body| body.platform.as_deref()) != Some(platform)) {
            return Err(ObjectionError::UnknownCase);
        }
        if before.status != CaseStatus::Objected {
            return Err(ObjectionError::NotObjected(before.status));
        }
        let version = decree.expected_version.map(|version| i64::try_from(version).unwrap_or(-1));
        if version.is_some_and(|version| version != before.version) {
            return Err(ObjectionError::Changed);
        }
        let mut case = before.clone();
        case.status = CaseStatus::Routed;
        case.version += 1;
        case.updated_at = self.now();
        if order.decision == ObjectionDecision::Agree {
            let named = order.organization.as_deref().or(above.map(|body| body.id.as_str()));
            let body = named.filter(|id| *id != objecting).and_then(|id| self.federation().directory().get(id));
            let Some((body, platform)) = body.and_then(|body| Some((body, body.platform.clone()?))) else {
                let (refused, code) = (Code::InvalidRuling, Code::BodyNotConnected);
                return Err(Violations::one(refused, code, "/organization", code.advice()).into());
            };
            case.organization = Some(body.id.clone());
            case.platform = Some(platform);
            case.receipt = None;
        }
        cases::replace(c, &case, before.version)?;
        Ok(self.tell_objection(c, &before, &case, order, decree)?)
    }

    /// The history, what the bodies are told, and the leaf.
    fn tell_objection(
        &self,
        c: &mut Connection<'_>,
        before: &Case,
        case: &Case,
        order: &ObjectionOrder,
        decree: &Decree,
    ) -> Result<(), StoreError> {
        let (now, sealer) = (self.now(), self.store().sealer());
        let organization = case.organization.as_deref().map(|id| self.federation().organization_reference(id));
        let decided = CaseEvent {
            seq: 0,
            id: id::new_id(now),
            case_id: case.id.clone(),
            kind: EventKind::ObjectionDecided.as_str().to_owned(),
            source: GATEWAY.to_owned(),
            status: Some(case.status),
            data: json!({ "organization": organization, "actor": decree.actor }),
            words: Words { reason: Some(decree.reason.clone()), reply: None },
            at: now,
        };
        let messenger = Messenger { federation: self.federation(), query_key: &self.0.secrets.query_code, now };
        let mut owed = Vec::new();
        match order.decision {
            ObjectionDecision::Agree => {
                if let Some(founding) = submissions::find_many(c, sealer, &[case.founding_seq])?.pop() {
                    owed.extend(messenger.withdrawn(before, &founding, &decided.id));
                    owed.extend(messenger.forward(case, &founding, Some(&decided.id)));
                }
            }
            ObjectionDecision::Disagree => {
                let notice = Notice { id: decided.id.clone(), kind: NoticeKind::ObjectionDeclined, answer_due_at: None };
                let note = format!("编号{}的异议未获同意，仍由你单位办理。理由：{}", case.id, decree.reason);
                owed.extend(case.platform.as_deref().and_then(|platform| messenger.notice(case, platform, notice, note)));
            }
        }
        self.append_events(c, &[decided])?;
        deliveries::enqueue(c, sealer, &owed)?;
        let digest = sha256(&serde_json::to_vec(&(order, &decree.reason)).unwrap_or_default());
        let leaf = Entry { at: now, action: "case.objection_decided", subject: case.id.clone(), actor: decree.actor.clone(), digest };
        audit::append(c, &[leaf])
    }
}
