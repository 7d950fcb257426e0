//! The common superior decides which body keeps a case.

use serde_json::json;

use crate::{
    app::{
        Gateway,
        code::Code,
        follow_up::clocks,
        link::GATEWAY,
        validate::Violations,
        view::{EventKind, ReferralConflictView},
    },
    audit::{Entry, sha256},
    domain::{
        access::Reach,
        case::CaseStatus,
        id,
        lifecycle::{Party, Refusal, Standing},
        message::NoticeKind,
        referral::ConflictState,
    },
    store::{
        Connection, StoreError, audit,
        cases::{self, Case},
        deliveries,
        events::{CaseEvent, Words},
        referrals::{self, Conflict},
    },
};

#[derive(Debug, thiserror::Error)]
pub enum ConflictError {
    #[error("no such conflict, or the caller does not decide it")]
    Unknown,
    #[error("it was decided before")]
    Decided,
    #[error(transparent)]
    Unlawful(#[from] Refusal),
    #[error(transparent)]
    Refused(#[from] Violations),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<crate::store::query_error::Error> for ConflictError {
    fn from(error: crate::store::query_error::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Which body keeps the case, who says so, and why.
#[derive(Clone, Debug)]
pub struct Keep {
    /// One of the two.
    pub organization: String,
    pub actor: String,
    pub reason: String,
}

impl Gateway {
    /// Decides a conflict. `platform` is the superior's; `None`: a reviewer of the gateway decides.
    pub async fn decide_referral_conflict(
        &self,
        id: &str,
        platform: Option<&str>,
        keep: Keep,
    ) -> Result<ReferralConflictView, ConflictError> {
        let (gateway, wanted, own) = (self.clone(), id.to_owned(), platform.map(str::to_owned));
        self.0.store.run(move |store| store.transaction(|c| gateway.settle_conflict(c, &wanted, own.as_deref(), &keep))).await?;
        self.0.owed.send_modify(|count| *count += 1);
        self.referral_conflict(&Reach::default(), id).await.map_err(StoreError::from)?.ok_or(ConflictError::Unknown)
    }

    fn settle_conflict(&self, c: &mut Connection<'_>, id: &str, platform: Option<&str>, keep: &Keep) -> Result<(), ConflictError> {
        let sealer = self.store().sealer();
        let found = referrals::find(c, sealer, id)?;
        let decides = |conflict: &Conflict| platform.is_none_or(|own| conflict.superior_platform.as_deref() == Some(own));
        let mut conflict = found.filter(decides).ok_or(ConflictError::Unknown)?;
        if conflict.state == ConflictState::Decided {
            return Err(ConflictError::Decided);
        }
        if keep.organization != conflict.holder && keep.organization != conflict.other {
            return Err(refused("Name one of the two bodies of the conflict.").into());
        }
        let case = cases::lock(c, &conflict.case_id)?.ok_or(ConflictError::Unknown)?;
        conflict.keeper = Some(keep.organization.clone());
        conflict.actor = Some(keep.actor.clone());
        conflict.reason = Some(keep.reason.clone());
        conflict.decided_at = Some(self.now());
        if !referrals::decide(c, sealer, &conflict)? {
            return Err(ConflictError::Decided);
        }
        if case.organization.as_deref() != Some(keep.organization.as_str()) {
            self.hand_over(c, &case, keep)?;
        }
        Ok(self.tell_decided(c, &case, &conflict, keep)?)
    }

    /// The case leaves the body that has it, if the law still lets it.
    fn hand_over(&self, c: &mut Connection<'_>, case: &Case, keep: &Keep) -> Result<(), ConflictError> {
        let connected = self.federation().directory().get(&keep.organization).and_then(|body| body.platform.clone());
        let platform = connected.ok_or_else(|| refused(Code::BodyNotConnected.advice()))?;
        let deadlines = clocks(c, case)?;
        Standing { status: case.status, deadlines: &deadlines, at: self.now() }.check(CaseStatus::Routed, Party::Gateway)?;
        let mut moved = case.clone();
        moved.organization = Some(keep.organization.clone());
        moved.platform = Some(platform);
        Ok(self.pass_on(c, case, moved, GATEWAY, &keep.reason)?)
    }

    fn tell_decided(&self, c: &mut Connection<'_>, case: &Case, conflict: &Conflict, keep: &Keep) -> Result<(), StoreError> {
        let now = self.now();
        let keeper = self.federation().organization_reference(&keep.organization);
        let note = format!("编号{}的重复交转已决定，由{}办理，其他单位不再办理。理由：{}", case.id, keeper.name, keep.reason);
        let owed = self.tell_conflict(case, conflict, NoticeKind::ReferralDecided, &note);
        let decided = CaseEvent {
            seq: 0,
            id: id::new_id(now),
            case_id: case.id.clone(),
            kind: EventKind::ReferralDecided.as_str().to_owned(),
            source: GATEWAY.to_owned(),
            status: None,
            data: json!({ "conflict": conflict.id, "organization": keeper, "actor": keep.actor }),
            words: Words { reason: Some(keep.reason.clone()), reply: None },
            at: now,
        };
        self.append_events(c, &[decided])?;
        deliveries::enqueue(c, self.store().sealer(), &owed)?;
        let digest = sha256(format!("{} {} {}", conflict.id, keep.organization, keep.reason).as_bytes());
        let leaf = Entry { at: now, action: "case.referral_decided", subject: case.id.clone(), actor: keep.actor.clone(), digest };
        audit::append(c, &[leaf])
    }
}

fn refused(detail: &str) -> Violations {
    Violations::one(Code::InvalidRuling, Code::BodyNotConnected, "/keeper", detail)
}
