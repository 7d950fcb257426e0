//! The statutory clocks of cases, kept so that what is due can be listed and counted without reading histories.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use diesel::prelude::*;

use super::{
    Connection, INSERT_CHUNK, StoreError,
    cases::{Case, beyond},
    connection::each_backend,
    schema::{case_deadlines, case_events},
    stored, word,
};
use crate::domain::{
    case::CaseStatus,
    deadline::{Clock, Deadline, DeadlineState, Moment},
    division,
    submission::Kind,
};

/// Clocks kept of one case; an endless to and fro of referrals and objections is cut off here.
pub const MAX_OF_CASE: usize = 256;
/// Cases whose clocks are kept at once; SQLite binds at most 32,766 values.
const CASE_CHUNK: usize = 2_000;

/// A kept clock with what it is listed by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseDeadline {
    /// The case's founding position, then the clock's number in the case.
    pub seq: i64,
    pub case_id: String,
    pub deadline: Deadline,
    pub kind: Kind,
    pub organization: Option<String>,
    pub platform: Option<String>,
    pub division: Option<String>,
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = case_deadlines, treat_none_as_default_value = false)]
struct DeadlineRow {
    seq: i64,
    case_id: String,
    clock: String,
    started_at: NaiveDateTime,
    due_at: NaiveDateTime,
    ended_at: Option<NaiveDateTime>,
    extended: bool,
    duty: bool,
    kind: String,
    organization: Option<String>,
    platform: Option<String>,
    division: Option<String>,
    province: String,
}

impl TryFrom<DeadlineRow> for CaseDeadline {
    type Error = StoreError;

    fn try_from(row: DeadlineRow) -> Result<Self, StoreError> {
        Ok(Self {
            seq: row.seq,
            case_id: row.case_id,
            deadline: Deadline {
                clock: word("clock", row.clock)?,
                started_at: row.started_at.and_utc(),
                due_at: row.due_at.and_utc(),
                ended_at: row.ended_at.map(|at| at.and_utc()),
                extended: row.extended,
            },
            kind: word("case kind", row.kind)?,
            organization: row.organization,
            platform: row.platform,
            division: row.division,
        })
    }
}

/// Keeps the clocks of cases in place of those kept before.
pub fn replace(connection: &mut Connection<'_>, cases: &[(&Case, Vec<Deadline>)]) -> Result<(), StoreError> {
    let ids: Vec<&str> = cases.iter().map(|(case, _)| case.id.as_str()).collect();
    for chunk in ids.chunks(CASE_CHUNK) {
        each_backend!(connection, c => diesel::delete(case_deadlines::table.filter(case_deadlines::case_id.eq_any(chunk))).execute(c))?;
    }
    insert(connection, cases)
}

/// Keeps the clocks of cases that have none yet.
pub fn insert(connection: &mut Connection<'_>, cases: &[(&Case, Vec<Deadline>)]) -> Result<(), StoreError> {
    let rows: Vec<DeadlineRow> = cases
        .iter()
        .flat_map(|(case, deadlines)| {
            (case.founding_seq * MAX_OF_CASE as i64..)
                .zip(deadlines.iter().take(MAX_OF_CASE))
                .map(|(seq, deadline)| row(seq, case, deadline))
        })
        .collect();
    for chunk in rows.chunks(INSERT_CHUNK) {
        each_backend!(connection, c => diesel::insert_into(case_deadlines::table).values(chunk).execute(c))?;
    }
    Ok(())
}

fn row(seq: i64, case: &Case, deadline: &Deadline) -> DeadlineRow {
    DeadlineRow {
        seq,
        case_id: case.id.clone(),
        clock: deadline.clock.as_str().to_owned(),
        started_at: stored(deadline.started_at),
        due_at: stored(deadline.due_at),
        ended_at: deadline.ended_at.map(stored),
        extended: deadline.extended,
        duty: deadline.clock.is_duty(),
        kind: case.kind.as_str().to_owned(),
        organization: case.organization.clone(),
        platform: case.platform.clone(),
        division: case.division.clone(),
        province: case.province.clone(),
    }
}

/// What the clocks of these cases depend on, by case, in the order it was reported.
pub fn histories(connection: &mut Connection<'_>, cases: &[&str]) -> Result<HashMap<String, Vec<Moment>>, StoreError> {
    let mut histories: HashMap<String, Vec<Moment>> = HashMap::new();
    for chunk in cases.chunks(CASE_CHUNK) {
        let rows: Vec<(String, Option<String>, String, NaiveDateTime)> = each_backend!(connection, c => case_events::table
            .filter(case_events::case_id.eq_any(chunk))
            .filter(case_events::status.is_not_null())
            .order(case_events::seq)
            .select((case_events::case_id, case_events::status, case_events::data, case_events::at))
            .load(c))?;
        for (case, status, data, at) in rows {
            let status: CaseStatus = word("event status", status.unwrap_or_default())?;
            histories.entry(case).or_default().push(moment(status, &data, at.and_utc())?);
        }
    }
    Ok(histories)
}

/// When the body says it happened, but not later than it was reported.
fn moment(status: CaseStatus, data: &str, reported: DateTime<Utc>) -> Result<Moment, StoreError> {
    #[derive(Default, serde::Deserialize)]
    #[serde(default)]
    struct Said {
        occurred_at: Option<DateTime<Utc>>,
        hearing: Option<crate::domain::update::Hearing>,
    }
    let said: Said = serde_json::from_str(data).map_err(|source| StoreError::corrupt("event", source))?;
    Ok(Moment {
        at: said.occurred_at.map_or(reported, |at| at.min(reported)),
        status,
        hearing: said.hearing.map(|hearing| hearing.ended_at.signed_duration_since(hearing.began_at)),
    })
}

/// The clocks of cases, by case, in the order they started.
pub fn of_cases(connection: &mut Connection<'_>, cases: &[String]) -> Result<HashMap<String, Vec<Deadline>>, StoreError> {
    let rows: Vec<DeadlineRow> = each_backend!(connection, c => case_deadlines::table
        .filter(case_deadlines::case_id.eq_any(cases))
        .order(case_deadlines::seq)
        .select(DeadlineRow::as_select())
        .load(c))?;
    let mut found: HashMap<String, Vec<Deadline>> = HashMap::new();
    for row in rows {
        let kept = CaseDeadline::try_from(row)?;
        found.entry(kept.case_id).or_default().push(kept.deadline);
    }
    Ok(found)
}

/// Which clocks a list shows; every part narrows it.
#[derive(Clone, Debug)]
pub struct DeadlineFilter {
    pub state: DeadlineState,
    pub clock: Option<Clock>,
    pub kind: Option<Kind>,
    pub division_prefix: Option<String>,
    pub organization: Option<String>,
    pub platform: Option<String>,
    /// Due before this time.
    pub due_before: Option<DateTime<Utc>>,
    pub now: DateTime<Utc>,
}

/// Clocks by when they are due, earliest first; a position is (due, milliseconds; sequence number).
pub fn list(
    connection: &mut Connection<'_>,
    filter: &DeadlineFilter,
    after: Option<(i64, i64)>,
    limit: i64,
) -> Result<Vec<CaseDeadline>, StoreError> {
    if filter.clock.is_some_and(|clock| !filter.state.is_of(clock)) {
        return Ok(Vec::new());
    }
    let after = after.and_then(|(millis, seq)| Some((DateTime::from_timestamp_millis(millis)?.naive_utc(), seq)));
    let rows: Vec<DeadlineRow> = each_backend!(connection, c => {
        use case_deadlines as d;
        let now = stored(filter.now);
        let mut query = d::table.select(DeadlineRow::as_select()).into_boxed();
        query = match filter.state {
            DeadlineState::Running => query.filter(d::ended_at.is_null()).filter(d::due_at.gt(now)),
            DeadlineState::Overdue => query.filter(d::ended_at.is_null()).filter(d::duty).filter(d::due_at.le(now)),
            DeadlineState::Met => query.filter(d::ended_at.lt(d::due_at.nullable())),
            DeadlineState::Late => query.filter(d::duty).filter(d::ended_at.ge(d::due_at.nullable())),
            DeadlineState::Lapsed => {
                query.filter(d::duty.eq(false)).filter(d::ended_at.is_null().and(d::due_at.le(now)).or(d::ended_at.ge(d::due_at.nullable()).assume_not_null()))
            }
        };
        if let Some(clock) = filter.clock {
            query = query.filter(d::clock.eq(clock.as_str()));
        }
        if let Some(kind) = filter.kind {
            query = query.filter(d::kind.eq(kind.as_str()));
        }
        if let Some(prefix) = filter.division_prefix.as_ref().filter(|prefix| !prefix.is_empty()) {
            query = query.filter(d::province.eq(division::province(prefix)));
            query = query.filter(d::division.ge(prefix).and(d::division.lt(beyond(prefix))));
        }
        if let Some(organization) = &filter.organization {
            query = query.filter(d::organization.eq(organization));
        }
        if let Some(platform) = &filter.platform {
            query = query.filter(d::platform.eq(platform));
        }
        if let Some(before) = filter.due_before {
            query = query.filter(d::due_at.lt(stored(before)));
        }
        if let Some((due, seq)) = after {
            // The first condition leads into the index.
            query = query.filter(d::due_at.ge(due)).filter(d::due_at.gt(due).or(d::seq.gt(seq)));
        }
        query.order((d::due_at, d::seq)).limit(limit).load(c)
    })?;
    rows.into_iter().map(CaseDeadline::try_from).collect()
}

/// Open clocks of a kind that are due after `from` and not after `until`, in that order, beyond `after`.
pub fn open_between(
    connection: &mut Connection<'_>,
    clock: Clock,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
    after: Option<&CaseDeadline>,
    limit: i64,
) -> Result<Vec<CaseDeadline>, StoreError> {
    let rows: Vec<DeadlineRow> = each_backend!(connection, c => {
        use case_deadlines as d;
        let mut query = d::table
            .select(DeadlineRow::as_select())
            .filter(d::ended_at.is_null())
            .filter(d::clock.eq(clock.as_str()))
            .filter(d::due_at.gt(stored(from)))
            .filter(d::due_at.le(stored(until)))
            .into_boxed();
        if let Some(last) = after {
            let due = stored(last.deadline.due_at);
            query = query.filter(d::due_at.ge(due)).filter(d::due_at.gt(due).or(d::seq.gt(last.seq)));
        }
        query.order((d::due_at, d::seq)).limit(limit).load(c)
    })?;
    rows.into_iter().map(CaseDeadline::try_from).collect()
}

/// Duties that are past their time, and those that will be by `soon`.
pub fn count_due(connection: &mut Connection<'_>, now: DateTime<Utc>, soon: TimeDelta) -> Result<(i64, i64), StoreError> {
    let mut open = |from: Option<DateTime<Utc>>, until: DateTime<Utc>| -> Result<i64, StoreError> {
        Ok(each_backend!(connection, c => {
            let mut query = case_deadlines::table
                .filter(case_deadlines::ended_at.is_null())
                .filter(case_deadlines::duty)
                .filter(case_deadlines::due_at.le(stored(until)))
                .into_boxed();
            if let Some(from) = from {
                query = query.filter(case_deadlines::due_at.gt(stored(from)));
            }
            query.count().get_result(c)
        })?)
    };
    Ok((open(None, now)?, open(Some(now), now + soon)?))
}
