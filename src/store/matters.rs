//! Matters (共性问题): cases of different people about the same thing, and what is summarised of their filings.

use std::collections::HashSet;

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::{
    dsl::{exists, not},
    prelude::*,
    sql_types::Bool,
};

use super::{
    Connection, Page, Sealer, StoreError,
    cases::begins_with,
    connection::each_backend,
    schema::{cases, links, matters, submissions},
    stored,
    tallies::{self, Subject},
    word,
};
use crate::domain::{division, matter::Trend};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matter {
    pub id: String,
    /// Position of the founding submission in the log.
    pub founding_seq: i64,
    pub case_count: i32,
    pub created_at: DateTime<Utc>,
    /// When a filing or a ruling last changed it.
    pub updated_at: DateTime<Utc>,
    /// `None` until the first is made.
    pub summary: Option<Summary>,
}

/// What the filings of a matter come to; made from time to time, so it may be behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    pub name: Option<String>,
    pub submissions: i64,
    pub platforms: i64,
    /// Filings a week, oldest first.
    pub weeks: Vec<u32>,
    /// When the last week ends; exclusive.
    pub weeks_until: DateTime<Utc>,
    pub trend: Trend,
    /// Filings of the last weeks less those of as many before.
    pub growth: i64,
    pub first_filed_at: DateTime<Utc>,
    pub last_filed_at: DateTime<Utc>,
    /// When the weeks are to be counted again although nothing was filed.
    pub stale_at: Option<DateTime<Utc>>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = matters)]
struct Row {
    id: String,
    founding_seq: i64,
    case_count: i32,
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
    name: Option<Vec<u8>>,
    submission_count: Option<i64>,
    platform_count: Option<i64>,
    weeks: Option<String>,
    weeks_until: Option<NaiveDateTime>,
    trend: Option<String>,
    growth: i64,
    first_filed_at: Option<NaiveDateTime>,
    last_filed_at: Option<NaiveDateTime>,
    stale_at: Option<NaiveDateTime>,
}

impl Row {
    fn open(self, sealer: &Sealer) -> Result<Matter, StoreError> {
        let summary = match (self.weeks, self.weeks_until, self.trend, self.first_filed_at, self.last_filed_at) {
            (Some(weeks), Some(until), Some(trend), Some(first), Some(last)) => Some(Summary {
                name: self.name.map(|name| sealer.open_json(&context(&self.id), &name)).transpose()?,
                submissions: self.submission_count.unwrap_or_default(),
                platforms: self.platform_count.unwrap_or_default(),
                weeks: serde_json::from_str(&weeks).map_err(|source| StoreError::corrupt("weeks of a matter", source))?,
                weeks_until: until.and_utc(),
                trend: word("trend", trend)?,
                growth: self.growth,
                first_filed_at: first.and_utc(),
                last_filed_at: last.and_utc(),
                stale_at: self.stale_at.map(|at| at.and_utc()),
            }),
            _ => None,
        };
        Ok(Matter {
            id: self.id,
            founding_seq: self.founding_seq,
            case_count: self.case_count,
            created_at: self.created_at.and_utc(),
            updated_at: self.updated_at.and_utc(),
            summary,
        })
    }
}

/// The end of the year 9999, in milliseconds.
const LAST_MILLIS: i64 = 253_402_300_799_999;

fn context(id: &str) -> String {
    format!("matter:{id}")
}

/// Counts more cases into a matter, which is made if it is new.
pub fn grow(connection: &mut Connection<'_>, id: &str, founding_seq: i64, cases: i32, now: DateTime<Utc>) -> Result<(), StoreError> {
    each_backend!(connection, c => diesel::insert_into(matters::table)
        .values((
            matters::id.eq(id),
            matters::founding_seq.eq(founding_seq),
            matters::case_count.eq(cases),
            matters::created_at.eq(stored(now)),
            matters::updated_at.eq(stored(now)),
        ))
        .on_conflict(matters::id)
        .do_update()
        .set((matters::case_count.eq(matters::case_count + cases), matters::updated_at.eq(stored(now))))
        .execute(c))?;
    Ok(())
}

/// A case leaves the matter, or comes back to it: people merged or split.
pub fn count_into(connection: &mut Connection<'_>, id: &str, cases: i32, now: DateTime<Utc>) -> Result<(), StoreError> {
    each_backend!(connection, c => diesel::update(matters::table.find(id))
        .set((matters::case_count.eq(matters::case_count + cases), matters::updated_at.eq(stored(now))))
        .execute(c))?;
    Ok(())
}

/// Cases of these matters have more filings now.
pub fn touch(connection: &mut Connection<'_>, ids: &[String], now: DateTime<Utc>) -> Result<(), StoreError> {
    each_backend!(connection, c => diesel::update(matters::table.filter(matters::id.eq_any(ids)))
        .set(matters::updated_at.eq(stored(now)))
        .execute(c))?;
    Ok(())
}

/// What a list of matters is ordered by; greatest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    #[default]
    Cases,
    Updated,
    Growth,
}

impl Order {
    /// Where a matter stands in a list.
    pub fn position(self, matter: &Matter) -> super::Position {
        let major = match self {
            Self::Cases => i64::from(matter.case_count),
            Self::Updated => matter.updated_at.timestamp_millis(),
            Self::Growth => matter.summary.as_ref().map_or(0, |summary| summary.growth),
        };
        (major, matter.founding_seq)
    }
}

/// Which matters a list shows; every part narrows it.
#[derive(Clone, Debug, Default)]
pub struct MatterFilter {
    /// First digits of the founding case's division.
    pub division_prefix: Option<String>,
    /// This category path of the founding case and all below it.
    pub category: Option<String>,
    /// All its cases lie in this division or inside it.
    pub within: Option<String>,
    /// Something was filed at this time or later.
    pub filed_from: Option<DateTime<Utc>>,
    /// Something was filed before.
    pub filed_until: Option<DateTime<Utc>>,
    pub trend: Option<Trend>,
    pub min_cases: Option<i32>,
    pub order: Order,
}

diesel::alias!(cases as member: Member);

/// Matters in the order asked for.
pub fn list(connection: &mut Connection<'_>, sealer: &Sealer, filter: &MatterFilter, page: Page) -> Result<Vec<Matter>, StoreError> {
    let (major, founding) = page.below();
    let cases_below = i32::try_from(major).unwrap_or(i32::MAX);
    // SQLite compares times as texts: four digits of a year.
    let before = stored(DateTime::from_timestamp_millis(major.min(LAST_MILLIS)).unwrap_or_default());
    let rows: Vec<Row> = each_backend!(connection, c => {
        let mut query = matters::table
            .inner_join(cases::table.on(cases::founding_seq.eq(matters::founding_seq)))
            .select(Row::as_select())
            .into_boxed();
        if let Some(prefix) = &filter.division_prefix {
            query = query.filter(cases::division.like(begins_with(prefix)).escape('\\'));
        }
        if let Some(own) = &filter.within {
            let prefix = division::prefix(own);
            let elsewhere = member.field(cases::division).is_null().or(not(member.field(cases::division).like(begins_with(prefix)).escape('\\').assume_not_null()));
            let outside = member
                .filter(member.field(cases::matter_id).eq(matters::id.nullable()))
                .filter(member.field(cases::province).ne(division::province(own)).or((prefix.len() > 2).into_sql::<Bool>().and(elsewhere)));
            query = query.filter(not(exists(outside)));
        }
        if let Some(category) = &filter.category {
            query = query.filter(cases::category.eq(category).or(cases::category.like(begins_with(&format!("{category}/"))).escape('\\')));
        }
        if let Some(from) = filter.filed_from {
            query = query.filter(matters::last_filed_at.ge(stored(from)));
        }
        if let Some(until) = filter.filed_until {
            query = query.filter(matters::first_filed_at.lt(stored(until)));
        }
        if let Some(trend) = filter.trend {
            query = query.filter(matters::trend.eq(trend.as_str()));
        }
        if let Some(least) = filter.min_cases {
            query = query.filter(matters::case_count.ge(least));
        }
        let seq = matters::founding_seq.lt(founding);
        query = match filter.order {
            Order::Cases => query
                .filter(matters::case_count.le(cases_below))
                .filter(matters::case_count.lt(cases_below).or(seq))
                .order((matters::case_count.desc(), matters::founding_seq.desc())),
            Order::Updated => query
                .filter(matters::updated_at.le(before))
                .filter(matters::updated_at.lt(before).or(seq))
                .order((matters::updated_at.desc(), matters::founding_seq.desc())),
            Order::Growth => query
                .filter(matters::growth.le(major))
                .filter(matters::growth.lt(major).or(seq))
                .order((matters::growth.desc(), matters::founding_seq.desc())),
        };
        query.limit(page.limit).load(c)
    })?;
    rows.into_iter().map(|row| row.open(sealer)).collect()
}

pub fn find(connection: &mut Connection<'_>, sealer: &Sealer, id: &str) -> Result<Option<Matter>, StoreError> {
    let row: Option<Row> =
        each_backend!(connection, c => matters::table.filter(matters::id.eq(id)).select(Row::as_select()).first(c).optional())?;
    row.map(|row| row.open(sealer)).transpose()
}

pub fn count(connection: &mut Connection<'_>) -> Result<i64, StoreError> {
    tallies::total(connection, Subject::Matter)
}

/// Matters whose summary is behind and not younger than `made_before`; those without one first, then those that changed, then those whose
/// weeks have moved on. Each kind has an index of its own.
pub fn due(connection: &mut Connection<'_>, now: DateTime<Utc>, made_before: DateTime<Utc>, limit: i64) -> Result<Vec<String>, StoreError> {
    let old = matters::summarised_at.le(stored(made_before));
    let changed = matters::updated_at.nullable().ge(matters::summarised_at);
    let stale = matters::stale_at.le(stored(now));
    let mut due: Vec<String> = each_backend!(connection, c => matters::table
        .filter(matters::summarised_at.is_null())
        .order(matters::founding_seq)
        .limit(limit)
        .select(matters::id)
        .load(c))?;
    due.extend(each_backend!(connection, c => matters::table
        .filter(changed.and(old))
        .order((matters::summarised_at, matters::founding_seq))
        .limit(limit)
        .select(matters::id)
        .load::<String>(c))?);
    due.extend(each_backend!(connection, c => matters::table
        .filter(stale.and(old))
        .order(matters::stale_at)
        .limit(limit)
        .select(matters::id)
        .load::<String>(c))?);
    let mut seen = HashSet::new();
    due.retain(|id| seen.insert(id.clone()));
    due.truncate(usize::try_from(limit).unwrap_or_default());
    Ok(due)
}

/// A filing of a matter, unopened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filed {
    pub seq: i64,
    pub case_id: String,
    pub platform: String,
    pub submitted_at: DateTime<Utc>,
}

/// Filings of a matter after a position, in the order of the log.
pub fn filed(connection: &mut Connection<'_>, id: &str, after: i64, limit: i64) -> Result<Vec<Filed>, StoreError> {
    let rows: Vec<(i64, String, String, NaiveDateTime)> = each_backend!(connection, c => cases::table
        .inner_join(links::table.on(links::case_id.eq(cases::id)))
        .inner_join(submissions::table.on(submissions::seq.eq(links::submission_seq)))
        .filter(cases::matter_id.eq(id))
        .filter(links::submission_seq.gt(after))
        .order(links::submission_seq)
        .limit(limit)
        .select((links::submission_seq, links::case_id, submissions::platform, submissions::submitted_at))
        .load(c))?;
    let filed =
        |(seq, case_id, platform, at): (i64, String, String, NaiveDateTime)| Filed { seq, case_id, platform, submitted_at: at.and_utc() };
    Ok(rows.into_iter().map(filed).collect())
}

/// Keeps a summary, made from what was there at `at`.
pub fn summarise(
    connection: &mut Connection<'_>,
    sealer: &Sealer,
    id: &str,
    summary: &Summary,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let name = summary.name.as_ref().map(|name| sealer.seal_json(&context(id), name)).transpose()?;
    let weeks = serde_json::to_string(&summary.weeks).map_err(|source| StoreError::corrupt("weeks of a matter", source))?;
    each_backend!(connection, c => diesel::update(matters::table.find(id))
        .set((
            matters::name.eq(&name),
            matters::submission_count.eq(summary.submissions),
            matters::platform_count.eq(summary.platforms),
            matters::weeks.eq(&weeks),
            matters::weeks_until.eq(stored(summary.weeks_until)),
            matters::trend.eq(summary.trend.as_str()),
            matters::growth.eq(summary.growth),
            matters::first_filed_at.eq(stored(summary.first_filed_at)),
            matters::last_filed_at.eq(stored(summary.last_filed_at)),
            matters::summarised_at.eq(stored(at)),
            matters::stale_at.eq(summary.stale_at.map(stored)),
        ))
        .execute(c))?;
    Ok(())
}

/// A matter without filings (all its cases were merged elsewhere) is not asked about again until it changes.
pub fn mark_empty(connection: &mut Connection<'_>, id: &str, at: DateTime<Utc>) -> Result<(), StoreError> {
    each_backend!(connection, c => diesel::update(matters::table.find(id))
        .set((matters::summarised_at.eq(stored(at)), matters::stale_at.eq(None::<NaiveDateTime>)))
        .execute(c))?;
    Ok(())
}
