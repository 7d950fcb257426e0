//! What becomes of a proposal to hold a body accountable (信访工作条例, article 41: proposals and how many were adopted).

use serde_json::json;

use super::SupervisionError;
use crate::{
    app::{
        Gateway,
        link::GATEWAY,
        view::{EventKind, SupervisionView},
    },
    audit::{Entry, sha256},
    domain::{access::Reach, id, supervision::SupervisionKind},
    store::{
        Connection, StoreError, audit,
        events::{CaseEvent, Words},
        supervisions::{self, Adoption, Supervision},
    },
};

/// Somebody's word on a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub adopted: bool,
    /// What was done about it, or why not.
    pub note: String,
    pub actor: String,
}

impl Gateway {
    /// Records whether a proposal was adopted, in place of what was recorded before. `platform` is that of the body addressed; `None`: a
    /// reviewer of the gateway records it.
    pub async fn record_adoption(&self, id: &str, platform: Option<&str>, verdict: Verdict) -> Result<SupervisionView, SupervisionError> {
        let (gateway, wanted, own) = (self.clone(), id.to_owned(), platform.map(str::to_owned));
        self.0.store.run(move |store| store.transaction(|c| gateway.adopt(c, &wanted, own.as_deref(), &verdict))).await?;
        self.supervision_by_id(&Reach::default(), id).await.map_err(StoreError::from)?.ok_or(SupervisionError::Unknown)
    }

    fn adopt(&self, c: &mut Connection<'_>, id: &str, platform: Option<&str>, verdict: &Verdict) -> Result<(), SupervisionError> {
        let (now, sealer) = (self.now(), self.store().sealer());
        let addressed = |found: &Supervision| platform.is_none_or(|own| found.platform.as_deref() == Some(own));
        let found = supervisions::find(c, sealer, id)?.filter(addressed).ok_or(SupervisionError::Unknown)?;
        if found.kind != SupervisionKind::Accountability {
            return Err(SupervisionError::NoProposal);
        }
        let same = |kept: &Adoption| kept.adopted == verdict.adopted && kept.note == verdict.note && kept.actor == verdict.actor;
        if found.adoption.as_ref().is_some_and(same) {
            return Ok(());
        }
        let adoption = Adoption { adopted: verdict.adopted, note: verdict.note.clone(), actor: verdict.actor.clone(), at: now };
        supervisions::adopt(c, sealer, id, &adoption)?;
        let recorded = CaseEvent {
            seq: 0,
            id: id::new_id(now),
            case_id: found.case_id.clone(),
            kind: EventKind::ProposalDecided.as_str().to_owned(),
            source: GATEWAY.to_owned(),
            status: None,
            data: json!({ "supervision": id, "supervision_kind": found.kind, "adopted": verdict.adopted, "actor": verdict.actor }),
            words: Words { reason: Some(verdict.note.clone()), reply: None },
            at: now,
        };
        self.append_events(c, &[recorded])?;
        let digest = sha256([id, if verdict.adopted { "adopted" } else { "not adopted" }, &verdict.note].join("\n").as_bytes());
        let leaf = Entry { at: now, action: "case.proposal_decided", subject: found.case_id, actor: verdict.actor.clone(), digest };
        Ok(audit::append(c, &[leaf])?)
    }
}
