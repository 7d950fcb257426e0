//! Referrals of cases beside the gateway, and the conflicts they made.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use super::{
    Connection, Page, StoreError,
    cases::begins_with,
    connection::each_backend,
    events::UpdateNovelty,
    schema::{referral_conflicts, referrals},
    seal::Sealer,
    stored, word,
};
use crate::domain::referral::{ConflictSource, ConflictState, ReferralOutcome};

/// Two bodies that were both given one case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Order among conflicts; given when stored.
    pub seq: i64,
    pub id: String,
    pub case_id: String,
    /// What made it, on which platform, and its number: of the referral there, or of the filing here.
    pub source: ConflictSource,
    pub platform: String,
    pub reference: String,
    /// The body that had the case, and its platform.
    pub holder: String,
    pub holder_platform: Option<String>,
    /// The body it was referred to besides, and its platform.
    pub other: String,
    pub other_platform: Option<String>,
    /// The nearest body above both, and the platform that decides for it.
    pub superior: Option<String>,
    pub superior_platform: Option<String>,
    pub division: Option<String>,
    pub province: String,
    pub state: ConflictState,
    /// The body that keeps the case, who decided so and why; once decided.
    pub keeper: Option<String>,
    pub actor: Option<String>,
    pub reason: Option<String>,
    pub recorded_at: DateTime<Utc>,
    pub decided_at: Option<DateTime<Utc>>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = referral_conflicts)]
struct Row {
    seq: i64,
    id: String,
    case_id: String,
    source: String,
    platform: String,
    reference: String,
    holder: String,
    holder_platform: Option<String>,
    other: String,
    other_platform: Option<String>,
    superior: Option<String>,
    superior_platform: Option<String>,
    division: Option<String>,
    province: String,
    state: String,
    keeper: Option<String>,
    actor: Option<String>,
    reason: Option<Vec<u8>>,
    recorded_at: NaiveDateTime,
    decided_at: Option<NaiveDateTime>,
}

fn context(id: &str) -> String {
    format!("referral_conflict:{id}")
}

impl Row {
    fn open(self, sealer: &Sealer) -> Result<Conflict, StoreError> {
        let reason = self.reason.map(|sealed| sealer.open_json(&context(&self.id), &sealed)).transpose()?;
        Ok(Conflict {
            reason,
            source: word("conflict source", self.source)?,
            state: word("conflict state", self.state)?,
            seq: self.seq,
            id: self.id,
            case_id: self.case_id,
            platform: self.platform,
            reference: self.reference,
            holder: self.holder,
            holder_platform: self.holder_platform,
            other: self.other,
            other_platform: self.other_platform,
            superior: self.superior,
            superior_platform: self.superior_platform,
            division: self.division,
            province: self.province,
            keeper: self.keeper,
            actor: self.actor,
            recorded_at: self.recorded_at.and_utc(),
            decided_at: self.decided_at.map(|at| at.and_utc()),
        })
    }
}

/// A referral that is already known: its outcome, and the conflict it made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub outcome: ReferralOutcome,
    pub conflict: Option<String>,
}

/// How a referral stands to what its platform sent before, and what came of that.
pub fn novelty(
    connection: &mut Connection<'_>,
    platform: &str,
    referral_id: &str,
    case_id: &str,
    digest: &[u8; 32],
) -> Result<(UpdateNovelty, Option<Known>), StoreError> {
    let known: Option<(String, Vec<u8>, String, Option<String>)> = each_backend!(connection, c => referrals::table
        .find((platform, referral_id))
        .select((referrals::case_id, referrals::body_digest, referrals::outcome, referrals::conflict))
        .first(c)
        .optional())?;
    let Some((case, stored_digest, outcome, conflict)) = known else { return Ok((UpdateNovelty::New, None)) };
    if case != case_id || stored_digest[..] != digest[..] {
        return Ok((UpdateNovelty::Conflict, None));
    }
    Ok((UpdateNovelty::Repeated, Some(Known { outcome: word("referral outcome", outcome)?, conflict })))
}

/// Remembers a referral and what came of it.
pub fn remember(
    connection: &mut Connection<'_>,
    (platform, referral_id): (&str, &str),
    case_id: &str,
    digest: &[u8; 32],
    known: &Known,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    each_backend!(connection, c => diesel::insert_into(referrals::table)
        .values((
            referrals::platform.eq(platform),
            referrals::referral_id.eq(referral_id),
            referrals::case_id.eq(case_id),
            referrals::body_digest.eq(&digest[..]),
            referrals::outcome.eq(known.outcome.as_str()),
            referrals::conflict.eq(&known.conflict),
            referrals::received_at.eq(stored(now)),
        ))
        .execute(c))?;
    Ok(())
}

/// Records a conflict that is open.
pub fn insert(connection: &mut Connection<'_>, conflict: &Conflict) -> Result<(), StoreError> {
    each_backend!(connection, c => diesel::insert_into(referral_conflicts::table)
        .values((
            referral_conflicts::id.eq(&conflict.id),
            referral_conflicts::case_id.eq(&conflict.case_id),
            referral_conflicts::source.eq(conflict.source.as_str()),
            referral_conflicts::platform.eq(&conflict.platform),
            referral_conflicts::reference.eq(&conflict.reference),
            referral_conflicts::holder.eq(&conflict.holder),
            referral_conflicts::holder_platform.eq(&conflict.holder_platform),
            referral_conflicts::other.eq(&conflict.other),
            referral_conflicts::other_platform.eq(&conflict.other_platform),
            referral_conflicts::superior.eq(&conflict.superior),
            referral_conflicts::superior_platform.eq(&conflict.superior_platform),
            referral_conflicts::division.eq(&conflict.division),
            referral_conflicts::province.eq(&conflict.province),
            referral_conflicts::state.eq(conflict.state.as_str()),
            referral_conflicts::recorded_at.eq(stored(conflict.recorded_at)),
        ))
        .execute(c))?;
    Ok(())
}

/// The open conflict between a case's holder and another body, if there is one.
pub fn open_about(connection: &mut Connection<'_>, sealer: &Sealer, case_id: &str, other: &str) -> Result<Option<Conflict>, StoreError> {
    let row: Option<Row> = each_backend!(connection, c => referral_conflicts::table
        .filter(referral_conflicts::case_id.eq(case_id))
        .filter(referral_conflicts::other.eq(other))
        .filter(referral_conflicts::state.eq(ConflictState::Open.as_str()))
        .select(Row::as_select())
        .first(c)
        .optional())?;
    row.map(|row| row.open(sealer)).transpose()
}

pub fn find(connection: &mut Connection<'_>, sealer: &Sealer, id: &str) -> Result<Option<Conflict>, StoreError> {
    let row: Option<Row> = each_backend!(connection, c => referral_conflicts::table
        .filter(referral_conflicts::id.eq(id))
        .select(Row::as_select())
        .first(c)
        .optional())?;
    row.map(|row| row.open(sealer)).transpose()
}

/// Stores what was decided; `false` if somebody was faster.
pub fn decide(connection: &mut Connection<'_>, sealer: &Sealer, conflict: &Conflict) -> Result<bool, StoreError> {
    let reason = conflict.reason.as_ref().map(|reason| sealer.seal_json(&context(&conflict.id), reason)).transpose()?;
    let changed = each_backend!(connection, c => diesel::update(referral_conflicts::table)
        .filter(referral_conflicts::id.eq(&conflict.id))
        .filter(referral_conflicts::state.eq(ConflictState::Open.as_str()))
        .set((
            referral_conflicts::state.eq(ConflictState::Decided.as_str()),
            referral_conflicts::keeper.eq(&conflict.keeper),
            referral_conflicts::actor.eq(&conflict.actor),
            referral_conflicts::reason.eq(reason),
            referral_conflicts::decided_at.eq(conflict.decided_at.map(stored)),
        ))
        .execute(c))?;
    Ok(changed == 1)
}

/// Which conflicts a list shows; every part narrows it.
#[derive(Clone, Debug, Default)]
pub struct ConflictFilter {
    /// Only those whose bodies or their superior work on this platform, or that came from it.
    pub visible_to: Option<String>,
    pub state: Option<ConflictState>,
    pub case_id: Option<String>,
    /// The platform it came from, or of a body concerned.
    pub platform: Option<String>,
    /// Either body.
    pub organization: Option<String>,
    pub division_prefix: Option<String>,
}

/// Conflicts, newest first; a position's major part is the sequence number.
pub fn list(connection: &mut Connection<'_>, sealer: &Sealer, filter: &ConflictFilter, page: Page) -> Result<Vec<Conflict>, StoreError> {
    use referral_conflicts as r;
    let rows: Vec<Row> = each_backend!(connection, c => {
        let mut query = r::table.select(Row::as_select()).into_boxed();
        for platform in [&filter.visible_to, &filter.platform].into_iter().flatten() {
            query = query.filter(
                r::platform.eq(platform)
                    .or(r::holder_platform.eq(platform).assume_not_null())
                    .or(r::other_platform.eq(platform).assume_not_null())
                    .or(r::superior_platform.eq(platform).assume_not_null()),
            );
        }
        if let Some(state) = filter.state {
            query = query.filter(r::state.eq(state.as_str()));
        }
        if let Some(case_id) = &filter.case_id {
            query = query.filter(r::case_id.eq(case_id));
        }
        if let Some(organization) = &filter.organization {
            query = query.filter(r::holder.eq(organization).or(r::other.eq(organization)));
        }
        if let Some(prefix) = &filter.division_prefix {
            query = query.filter(r::division.like(begins_with(prefix)).escape('\\'));
        }
        query.filter(r::seq.lt(page.below().0)).order(r::seq.desc()).limit(page.limit).load(c)
    })?;
    rows.into_iter().map(|row| row.open(sealer)).collect()
}
