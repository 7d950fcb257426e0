//! What bodies were reminded of or called to account for, and what they answered.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use super::{
    Connection, Page, StoreError,
    cases::beyond,
    connection::{Log, each_backend},
    schema::{case_events, supervisions},
    seal::Sealer,
    stored, word,
};
use crate::domain::{
    division,
    indicator::Supervised,
    supervision::{Cause, SupervisionKind, SupervisionState},
};

/// A supervision of a case by one rule on one occasion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supervision {
    /// Order among supervisions; given when stored.
    pub seq: i64,
    pub id: String,
    pub case_id: String,
    pub rule: String,
    pub kind: SupervisionKind,
    /// What set the rule off, so that it does so once.
    pub occasion: String,
    pub cause: Cause,
    /// The body addressed, and the platform it works on.
    pub organization: Option<String>,
    pub platform: Option<String>,
    pub division: Option<String>,
    pub province: String,
    /// The supervision that went unanswered before.
    pub follows: Option<String>,
    pub state: SupervisionState,
    pub raised_at: DateTime<Utc>,
    /// The first moment after the time for an answer.
    pub due_at: DateTime<Utc>,
    /// When it was answered, settled or given up.
    pub ended_at: Option<DateTime<Utc>>,
    /// In the body's words; kept sealed.
    pub answer: Option<String>,
    /// What became of a proposal to hold accountable.
    pub adoption: Option<Adoption>,
}

/// What became of a proposal (信访工作条例, article 41).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adoption {
    pub adopted: bool,
    /// What was done about it, or why not; kept sealed.
    pub note: String,
    /// Who recorded it.
    pub actor: String,
    pub at: DateTime<Utc>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = supervisions)]
struct Row {
    seq: i64,
    id: String,
    case_id: String,
    rule: String,
    kind: String,
    occasion: String,
    cause: String,
    organization: Option<String>,
    platform: Option<String>,
    division: Option<String>,
    province: String,
    follows: Option<String>,
    state: String,
    raised_at: NaiveDateTime,
    due_at: NaiveDateTime,
    ended_at: Option<NaiveDateTime>,
    answer: Option<Vec<u8>>,
    adopted: Option<bool>,
    adoption_note: Option<Vec<u8>>,
    adoption_by: Option<String>,
    adoption_at: Option<NaiveDateTime>,
}

fn context(id: &str) -> String {
    format!("supervision:{id}")
}

fn adoption_context(id: &str) -> String {
    format!("adoption:{id}")
}

impl Row {
    fn open(self, sealer: &Sealer) -> Result<Supervision, StoreError> {
        let answer = self.answer.map(|sealed| sealer.open_json(&context(&self.id), &sealed)).transpose()?;
        let adoption = match (self.adopted, self.adoption_note, self.adoption_by, self.adoption_at) {
            (Some(adopted), Some(note), Some(actor), Some(at)) => {
                let note = sealer.open_json(&adoption_context(&self.id), &note)?;
                Some(Adoption { adopted, note, actor, at: at.and_utc() })
            }
            _ => None,
        };
        Ok(Supervision {
            answer,
            adoption,
            kind: word("supervision kind", self.kind)?,
            state: word("supervision state", self.state)?,
            cause: serde_json::from_str(&self.cause).map_err(|source| StoreError::corrupt("supervision", source))?,
            seq: self.seq,
            id: self.id,
            case_id: self.case_id,
            rule: self.rule,
            occasion: self.occasion,
            organization: self.organization,
            platform: self.platform,
            division: self.division,
            province: self.province,
            follows: self.follows,
            raised_at: self.raised_at.and_utc(),
            due_at: self.due_at.and_utc(),
            ended_at: self.ended_at.map(|at| at.and_utc()),
        })
    }
}

/// Keeps other nodes from looking at the same until the transaction ends.
pub fn lock(connection: &mut Connection<'_>) -> Result<(), StoreError> {
    connection.lock_log(Log::Supervisions)
}

/// Keeps a supervision; `false` if the rule was set off by this occasion before.
pub fn insert(connection: &mut Connection<'_>, new: &Supervision) -> Result<bool, StoreError> {
    let cause = serde_json::to_string(&new.cause).map_err(|source| StoreError::corrupt("supervision", source))?;
    let inserted = each_backend!(connection, c => diesel::insert_into(supervisions::table)
        .values((
            supervisions::id.eq(&new.id),
            supervisions::case_id.eq(&new.case_id),
            supervisions::rule.eq(&new.rule),
            supervisions::kind.eq(new.kind.as_str()),
            supervisions::occasion.eq(&new.occasion),
            supervisions::cause.eq(&cause),
            supervisions::organization.eq(&new.organization),
            supervisions::platform.eq(&new.platform),
            supervisions::division.eq(&new.division),
            supervisions::province.eq(&new.province),
            supervisions::follows.eq(&new.follows),
            supervisions::state.eq(new.state.as_str()),
            supervisions::raised_at.eq(stored(new.raised_at)),
            supervisions::due_at.eq(stored(new.due_at)),
        ))
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(inserted == 1)
}

/// Ends an open supervision, perhaps with what the body answered; `false` if it was not open any more.
pub fn end(
    connection: &mut Connection<'_>,
    sealer: &Sealer,
    id: &str,
    state: SupervisionState,
    answer: Option<&str>,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let answer = answer.map(|text| sealer.seal_json(&context(id), &text)).transpose()?;
    let changed = each_backend!(connection, c => diesel::update(supervisions::table)
        .filter(supervisions::id.eq(id))
        .filter(supervisions::state.eq(SupervisionState::Open.as_str()))
        .set((supervisions::state.eq(state.as_str()), supervisions::ended_at.eq(stored(now)), supervisions::answer.eq(answer)))
        .execute(c))?;
    Ok(changed == 1)
}

/// Keeps what became of a proposal in place of what was kept before.
pub fn adopt(connection: &mut Connection<'_>, sealer: &Sealer, id: &str, adoption: &Adoption) -> Result<(), StoreError> {
    let note = sealer.seal_json(&adoption_context(id), &adoption.note)?;
    each_backend!(connection, c => diesel::update(supervisions::table.filter(supervisions::id.eq(id)))
        .set((
            supervisions::adopted.eq(adoption.adopted),
            supervisions::adoption_note.eq(&note),
            supervisions::adoption_by.eq(&adoption.actor),
            supervisions::adoption_at.eq(stored(adoption.at)),
        ))
        .execute(c))?;
    Ok(())
}

/// What cases count for in the indicators, by case.
pub fn counted(connection: &mut Connection<'_>, cases: &[String]) -> Result<HashMap<String, Vec<Supervised>>, StoreError> {
    let rows: Vec<(String, String, NaiveDateTime, String, Option<bool>)> = each_backend!(connection, c => supervisions::table
        .filter(supervisions::case_id.eq_any(cases))
        .order(supervisions::seq)
        .select((supervisions::case_id, supervisions::kind, supervisions::raised_at, supervisions::state, supervisions::adopted))
        .load(c))?;
    let mut found: HashMap<String, Vec<Supervised>> = HashMap::new();
    for (case, kind, raised_at, state, adopted) in rows {
        found.entry(case).or_default().push(Supervised {
            kind: word("supervision kind", kind)?,
            raised_at: raised_at.and_utc(),
            is_answered: state == SupervisionState::Answered.as_str(),
            is_adopted: adopted == Some(true),
        });
    }
    Ok(found)
}

pub fn find(connection: &mut Connection<'_>, sealer: &Sealer, id: &str) -> Result<Option<Supervision>, StoreError> {
    let row: Option<Row> = each_backend!(connection, c => supervisions::table
        .filter(supervisions::id.eq(id))
        .select(Row::as_select())
        .first(c)
        .optional())?;
    row.map(|row| row.open(sealer)).transpose()
}

/// Those of cases that an answer is still expected to.
pub fn open_of(connection: &mut Connection<'_>, sealer: &Sealer, cases: &[String]) -> Result<Vec<Supervision>, StoreError> {
    let rows: Vec<Row> = each_backend!(connection, c => supervisions::table
        .filter(supervisions::case_id.eq_any(cases))
        .filter(supervisions::state.eq(SupervisionState::Open.as_str()))
        .select(Row::as_select())
        .load(c))?;
    rows.into_iter().map(|row| row.open(sealer)).collect()
}

/// Those whose time for an answer is over, earliest first.
pub fn overdue(connection: &mut Connection<'_>, sealer: &Sealer, now: DateTime<Utc>, limit: i64) -> Result<Vec<Supervision>, StoreError> {
    let rows: Vec<Row> = each_backend!(connection, c => supervisions::table
        .filter(supervisions::ended_at.is_null())
        .filter(supervisions::due_at.le(stored(now)))
        .order((supervisions::due_at, supervisions::seq))
        .limit(limit)
        .select(Row::as_select())
        .load(c))?;
    rows.into_iter().map(|row| row.open(sealer)).collect()
}

/// A stretch of the change feed that was written long enough ago.
pub struct OldReports {
    /// Cases with a report in it.
    pub cases: Vec<String>,
    pub last: i64,
}

/// Reports beyond a position of the change feed that came at `until` or before; `None`: there are none.
pub fn reports_before(
    connection: &mut Connection<'_>,
    after: i64,
    until: DateTime<Utc>,
    limit: i64,
) -> Result<Option<OldReports>, StoreError> {
    let rows: Vec<(i64, String, Option<String>, NaiveDateTime)> = each_backend!(connection, c => case_events::table
        .filter(case_events::seq.gt(after))
        .order(case_events::seq)
        .limit(limit)
        .select((case_events::seq, case_events::case_id, case_events::status, case_events::at))
        .load(c))?;
    let old: Vec<_> = rows.into_iter().take_while(|(_, _, _, at)| *at <= stored(until)).collect();
    let Some((last, ..)) = old.last() else { return Ok(None) };
    let last = *last;
    let mut cases: Vec<String> = old.into_iter().filter(|(_, _, status, _)| status.is_some()).map(|(_, case, ..)| case).collect();
    cases.sort_unstable();
    cases.dedup();
    Ok(Some(OldReports { cases, last }))
}

/// The newest report on each of these cases: its position in the change feed.
pub fn last_reports(connection: &mut Connection<'_>, cases: &[String]) -> Result<HashMap<String, i64>, StoreError> {
    let rows: Vec<(String, Option<i64>)> = each_backend!(connection, c => case_events::table
        .filter(case_events::case_id.eq_any(cases))
        .filter(case_events::status.is_not_null())
        .group_by(case_events::case_id)
        .select((case_events::case_id, diesel::dsl::max(case_events::seq)))
        .load(c))?;
    Ok(rows.into_iter().filter_map(|(case, seq)| Some((case, seq?))).collect())
}

/// Which supervisions a list shows; every part narrows it.
#[derive(Clone, Debug, Default)]
pub struct SupervisionFilter {
    pub state: Option<SupervisionState>,
    pub kind: Option<SupervisionKind>,
    pub rule: Option<String>,
    pub case_id: Option<String>,
    pub organization: Option<String>,
    pub platform: Option<String>,
    pub division_prefix: Option<String>,
}

/// Supervisions, newest first; a position's major part is the sequence number.
pub fn list(
    connection: &mut Connection<'_>,
    sealer: &Sealer,
    filter: &SupervisionFilter,
    page: Page,
) -> Result<Vec<Supervision>, StoreError> {
    use supervisions as s;
    let rows: Vec<Row> = each_backend!(connection, c => {
        let mut query = s::table.select(Row::as_select()).into_boxed();
        if let Some(state) = filter.state {
            query = query.filter(s::state.eq(state.as_str()));
        }
        if let Some(kind) = filter.kind {
            query = query.filter(s::kind.eq(kind.as_str()));
        }
        if let Some(rule) = &filter.rule {
            query = query.filter(s::rule.eq(rule));
        }
        if let Some(case_id) = &filter.case_id {
            query = query.filter(s::case_id.eq(case_id));
        }
        if let Some(organization) = &filter.organization {
            query = query.filter(s::organization.eq(organization));
        }
        if let Some(platform) = &filter.platform {
            query = query.filter(s::platform.eq(platform));
        }
        if let Some(prefix) = filter.division_prefix.as_ref().filter(|prefix| !prefix.is_empty()) {
            query = query.filter(s::province.eq(division::province(prefix)));
            query = query.filter(s::division.ge(prefix).and(s::division.lt(beyond(prefix))));
        }
        query.filter(s::seq.lt(page.below().0)).order(s::seq.desc()).limit(page.limit).load(c)
    })?;
    rows.into_iter().map(|row| row.open(sealer)).collect()
}
