//! No double referral (多层面重复交转): a case in one body's hands that another level refers to a second body stays where it is, both are
//! told, and their common superior decides (信访工作条例, article 24).

mod decide;

pub use decide::{ConflictError, Keep};

use serde_json::json;

use super::{
    AppError, Gateway,
    code::Code,
    link::GATEWAY,
    messages::Messenger,
    query::{ConflictFilter, Page},
    validate::Violations,
    view::{EventKind, Paged, ReferralConflictView, ReferralView},
};
use crate::{
    audit::{Entry, sha256},
    domain::{
        access::Reach,
        case::CaseStatus,
        division, id,
        message::{Notice, NoticeKind},
        referral::{ConflictSource, ConflictState, Referral, ReferralOutcome, common_superior, judge},
    },
    store::{
        Connection, StoreError, access, audit,
        cases::{self, Case},
        deliveries::{self, NewDelivery},
        events::{CaseEvent, UpdateNovelty, Words},
        links,
        referrals::{self, Conflict, Known},
        submissions,
    },
};

#[derive(Debug, thiserror::Error)]
pub enum ReferralError {
    #[error("no such case, or the platform has no part in it")]
    UnknownCase,
    #[error("the referral_id was used for another referral")]
    Conflict,
    #[error(transparent)]
    Refused(#[from] Violations),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<crate::store::query_error::Error> for ReferralError {
    fn from(error: crate::store::query_error::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What showed that a body was given a case besides.
pub(super) struct Sign<'a> {
    pub source: ConflictSource,
    pub platform: &'a str,
    pub reference: &'a str,
}

/// A conflict with what it makes the gateway write and owe.
pub(super) struct Recorded {
    pub conflict: Conflict,
    pub event: CaseEvent,
    pub owed: Vec<NewDelivery>,
}

impl Gateway {
    /// Takes a platform's word that it referred a case to a body. Sent again, it changes nothing.
    pub async fn refer(&self, platform: &str, case: &str, referral: Referral) -> Result<ReferralView, ReferralError> {
        let (gateway, own, id) = (self.clone(), platform.to_owned(), case.to_owned());
        let known = self.0.store.run(move |store| store.transaction(|c| gateway.take_referral(c, &own, &id, &referral))).await?;
        self.0.owed.send_modify(|count| *count += 1);
        let view = self.case(case).await.map_err(StoreError::from)?.ok_or(ReferralError::UnknownCase)?;
        let conflict = match known.conflict {
            Some(id) => self.referral_conflict(&Reach::default(), &id).await.map_err(StoreError::from)?,
            None => None,
        };
        Ok(ReferralView { outcome: known.outcome, case: view, conflict })
    }

    fn take_referral(&self, c: &mut Connection<'_>, platform: &str, id: &str, referral: &Referral) -> Result<Known, ReferralError> {
        let case = cases::lock(c, id)?.filter(|case| case.merged_into.is_none()).ok_or(ReferralError::UnknownCase)?;
        if !self.has_part(c, &case, platform)? {
            return Err(ReferralError::UnknownCase);
        }
        let digest = referral.digest();
        match referrals::novelty(c, platform, &referral.referral_id, id, &digest)? {
            (UpdateNovelty::Conflict, _) => return Err(ReferralError::Conflict),
            (_, Some(known)) => return Ok(known),
            (_, None) => {}
        }
        let directory = self.federation().directory();
        let to = referral.organization.as_str();
        let Some(body) = directory.get(to) else { return Err(unusable().into()) };
        let holder = case.organization.as_deref();
        let outcome = judge(directory, holder, case.status, case.platform.as_deref() == Some(platform), to);
        let known = match outcome {
            ReferralOutcome::Held => Known { outcome, conflict: None },
            ReferralOutcome::Transferred => {
                let Some(new_platform) = body.platform.clone() else { return Err(unusable().into()) };
                let mut moved = case.clone();
                moved.organization = Some(body.id.clone());
                moved.platform = Some(new_platform);
                self.pass_on(c, &case, moved, platform, &referral.reason)?;
                Known { outcome, conflict: None }
            }
            ReferralOutcome::Conflict => {
                let sign = Sign { source: ConflictSource::Referral, platform, reference: &referral.referral_id };
                let conflict = match referrals::open_about(c, self.store().sealer(), id, to)? {
                    Some(open) => open.id,
                    None => self.record_conflict(c, &case, to, &sign)?,
                };
                Known { outcome, conflict: Some(conflict) }
            }
        };
        referrals::remember(c, (platform, &referral.referral_id), id, &digest, &known, self.now())?;
        Ok(known)
    }

    /// A source, the handler, or the platform of a body above the one that has the case.
    fn has_part(&self, c: &mut Connection<'_>, case: &Case, platform: &str) -> Result<bool, StoreError> {
        let directory = self.federation().directory();
        let mut above = case.organization.as_deref().and_then(|id| directory.connected_superior(id));
        while let Some(body) = above {
            if body.platform.as_deref() == Some(platform) {
                return Ok(true);
            }
            above = directory.connected_superior(&body.id);
        }
        Ok(case.platform.as_deref() == Some(platform) || links::is_source(c, &case.id, platform)?)
    }

    /// Puts a case into another body's hands; the one that had it is told to stop. `by` names who did it.
    fn pass_on(&self, c: &mut Connection<'_>, before: &Case, mut case: Case, by: &str, reason: &str) -> Result<(), StoreError> {
        let (now, sealer) = (self.now(), self.store().sealer());
        case.status = CaseStatus::Routed;
        case.receipt = None;
        case.version += 1;
        case.updated_at = now;
        cases::replace(c, &case, before.version)?;
        let organization = case.organization.as_deref().map(|id| self.federation().organization_reference(id));
        let data = json!({ "organization": organization, "platform": Some(by).filter(|by| *by != GATEWAY) });
        let digest = sha256(data.to_string().as_bytes());
        let routed = CaseEvent {
            seq: 0,
            id: id::new_id(now),
            case_id: case.id.clone(),
            kind: EventKind::CaseRouted.as_str().to_owned(),
            source: by.to_owned(),
            status: Some(case.status),
            data,
            words: Words { reason: Some(reason.to_owned()), reply: None },
            at: now,
        };
        let messenger = Messenger { federation: self.federation(), query_key: &self.0.secrets.query_code, now };
        let founding = submissions::find_many(c, sealer, &[case.founding_seq])?.pop();
        let owed: Vec<NewDelivery> = founding
            .iter()
            .flat_map(|founding| [messenger.withdrawn(before, founding, &routed.id), messenger.forward(&case, founding, Some(&routed.id))])
            .flatten()
            .collect();
        self.append_events(c, &[routed])?;
        deliveries::enqueue(c, sealer, &owed)?;
        audit::append(c, &[Entry { at: now, action: "case.routed", subject: case.id, actor: by.to_owned(), digest }])
    }

    fn record_conflict(&self, c: &mut Connection<'_>, case: &Case, other: &str, sign: &Sign<'_>) -> Result<String, StoreError> {
        let Recorded { conflict, event, owed } = self.conflict(case, other, sign);
        referrals::insert(c, &conflict)?;
        self.append_events(c, &[event])?;
        deliveries::enqueue(c, self.store().sealer(), &owed)?;
        let digest = sha256(format!("{} {} {}", conflict.id, conflict.holder, conflict.other).as_bytes());
        let leaf =
            Entry { at: self.now(), action: "case.referral_conflict", subject: case.id.clone(), actor: sign.platform.to_owned(), digest };
        audit::append(c, &[leaf])?;
        Ok(conflict.id)
    }

    /// The conflict between the body that has the case and another, and whom that is told: both bodies and the one that decides.
    pub(super) fn conflict(&self, case: &Case, other: &str, sign: &Sign<'_>) -> Recorded {
        let (now, directory) = (self.now(), self.federation().directory());
        let holder = case.organization.clone().unwrap_or_default();
        let superior = common_superior(directory, &holder, other);
        let deciding = superior.and_then(|body| if body.platform.is_some() { Some(body) } else { directory.connected_superior(&body.id) });
        let conflict = Conflict {
            seq: 0,
            id: id::new_id(now),
            case_id: case.id.clone(),
            source: sign.source,
            platform: sign.platform.to_owned(),
            reference: sign.reference.to_owned(),
            holder: holder.clone(),
            holder_platform: case.platform.clone(),
            other: other.to_owned(),
            other_platform: directory.get(other).and_then(|body| body.platform.clone()),
            superior: superior.map(|body| body.id.clone()),
            superior_platform: deciding.and_then(|body| body.platform.clone()),
            division: case.division.clone(),
            province: case.province.clone(),
            state: ConflictState::Open,
            keeper: None,
            actor: None,
            reason: None,
            recorded_at: now,
            decided_at: None,
        };
        let name = |id: &str| self.federation().organization_reference(id).name;
        let note = format!(
            "编号{}的信访事项正由{}办理，又被交转{}，属重复交转，由{}决定由谁办理；决定前仍由原单位办理。",
            case.id,
            name(&holder),
            name(other),
            conflict.superior.as_deref().map_or_else(|| "信访部门".to_owned(), name)
        );
        let owed = self.tell_conflict(case, &conflict, NoticeKind::ReferralConflict, &note);
        let event = CaseEvent {
            seq: 0,
            id: id::new_id(now),
            case_id: case.id.clone(),
            kind: EventKind::ReferralConflict.as_str().to_owned(),
            source: sign.platform.to_owned(),
            status: None,
            data: json!({
                "platform": sign.platform,
                "conflict": conflict.id,
                "organization": self.federation().organization_reference(other),
            }),
            words: Words::default(),
            at: now,
        };
        Recorded { conflict, event, owed }
    }

    /// One message to each platform that a body of the conflict works on.
    fn tell_conflict(&self, case: &Case, conflict: &Conflict, kind: NoticeKind, note: &str) -> Vec<NewDelivery> {
        let messenger = Messenger { federation: self.federation(), query_key: &self.0.secrets.query_code, now: self.now() };
        let mut platforms: Vec<&String> =
            [&conflict.holder_platform, &conflict.other_platform, &conflict.superior_platform].into_iter().flatten().collect();
        platforms.sort_unstable();
        platforms.dedup();
        let notice = || Notice { id: conflict.id.clone(), kind, answer_due_at: None };
        platforms.into_iter().filter_map(|platform| messenger.notice(case, platform, notice(), note.to_owned())).collect()
    }

    /// Conflicts, newest first.
    pub async fn referral_conflicts(&self, filter: ConflictFilter, page: Page) -> Result<Paged<ReferralConflictView>, AppError> {
        let (page, limit) = super::queries::store_page(&page)?;
        let filter = referrals::ConflictFilter {
            visible_to: filter.visible_to,
            state: filter.state,
            case_id: filter.case,
            platform: filter.platform,
            organization: filter.organization,
            division_prefix: filter.division.map(|code| division::prefix(&code).to_owned()),
        };
        self.read(move |gateway, c| {
            let found = referrals::list(c, gateway.store().sealer(), &filter, page)?;
            let (found, next_cursor) = super::queries::cut(found, limit, |conflict| (conflict.seq, 0));
            Ok(Paged { items: found.into_iter().map(|conflict| gateway.conflict_view(conflict)).collect(), next_cursor })
        })
        .await
    }

    /// One conflict, if the platform has a part in it; `None`: whoever asks watches the federation.
    pub async fn referral_conflict(&self, reach: &Reach, id: &str) -> Result<Option<ReferralConflictView>, AppError> {
        let (reach, id) = (reach.clone(), id.to_owned());
        self.read(move |gateway, c| {
            let found = referrals::find(c, gateway.store().sealer(), &id)?;
            let concerned = found.filter(|found| reach.platform.as_deref().is_none_or(|platform| concerns(found, platform)));
            let inside = Reach { platform: None, ..reach };
            let seen = match &concerned {
                Some(found) => access::sees_case(c, &inside, &found.case_id)?,
                None => false,
            };
            let visible = concerned.filter(|_| seen);
            Ok(visible.map(|conflict| gateway.conflict_view(conflict)))
        })
        .await
    }

    fn conflict_view(&self, conflict: Conflict) -> ReferralConflictView {
        let body = |id: &str| self.federation().organization_reference(id);
        ReferralConflictView {
            holder: body(&conflict.holder),
            other: body(&conflict.other),
            superior: conflict.superior.as_deref().map(body),
            keeper: conflict.keeper.as_deref().map(body),
            id: conflict.id,
            case: conflict.case_id,
            state: conflict.state,
            source: conflict.source,
            platform: conflict.platform,
            reference: conflict.reference,
            superior_platform: conflict.superior_platform,
            division: conflict.division,
            recorded_at: conflict.recorded_at,
            actor: conflict.actor,
            reason: conflict.reason,
            decided_at: conflict.decided_at,
        }
    }
}

fn concerns(conflict: &Conflict, platform: &str) -> bool {
    let theirs = [&conflict.holder_platform, &conflict.other_platform, &conflict.superior_platform];
    conflict.platform == platform || theirs.into_iter().flatten().any(|own| own == platform)
}

fn unusable() -> Violations {
    Violations::one(Code::InvalidReferral, Code::BodyNotConnected, "/organization", Code::BodyNotConnected.advice())
}
