//! Early warnings, and what they are counted from.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use diesel::{
    dsl::sql,
    prelude::*,
    sql_types::{BigInt, Bool},
};

use super::{
    Connection, Page, StoreError,
    cases::begins_with,
    connection::{Log, each_backend},
    schema::{cases, indicator_counts, warnings},
    seal::Sealer,
    stored, word,
};
use crate::domain::{
    indicator::{Dimension, Unit},
    warning::{Figures, WarningState},
};

/// A warning by one rule of one subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Order among warnings; given when stored.
    pub seq: i64,
    pub id: String,
    pub rule: String,
    /// `matter:…` or `category:AREA:CATEGORY`; a rule warns of it once at a time.
    pub subject: String,
    pub matter: Option<String>,
    /// Where it rises.
    pub area: Option<String>,
    pub category: Option<String>,
    /// The newest of the cases behind it when it was raised.
    pub case_id: String,
    pub figures: Figures,
    pub state: WarningState,
    pub raised_at: DateTime<Utc>,
    /// When it was last counted.
    pub counted_at: DateTime<Utc>,
    pub closed_at: Option<DateTime<Utc>>,
    pub acknowledged_at: Option<DateTime<Utc>>,
    pub acknowledged_by: Option<String>,
    /// What that person says; kept sealed.
    pub note: Option<String>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = warnings)]
struct Row {
    seq: i64,
    id: String,
    rule: String,
    subject: String,
    matter: Option<String>,
    area: Option<String>,
    category: Option<String>,
    case_id: String,
    cases: i64,
    before: i64,
    places: i64,
    state: String,
    raised_at: NaiveDateTime,
    counted_at: NaiveDateTime,
    closed_at: Option<NaiveDateTime>,
    acknowledged_at: Option<NaiveDateTime>,
    acknowledged_by: Option<String>,
    note: Option<Vec<u8>>,
}

fn context(id: &str) -> String {
    format!("warning:{id}")
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl Row {
    fn open(self, sealer: &Sealer) -> Result<Warning, StoreError> {
        let note = self.note.map(|sealed| sealer.open_json(&context(&self.id), &sealed)).transpose()?;
        let count = |count: i64| u64::try_from(count).unwrap_or_default();
        Ok(Warning {
            note,
            figures: Figures { cases: count(self.cases), before: count(self.before), places: count(self.places) },
            state: word("warning state", self.state)?,
            seq: self.seq,
            id: self.id,
            rule: self.rule,
            subject: self.subject,
            matter: self.matter,
            area: self.area,
            category: self.category,
            case_id: self.case_id,
            raised_at: self.raised_at.and_utc(),
            counted_at: self.counted_at.and_utc(),
            closed_at: self.closed_at.map(|at| at.and_utc()),
            acknowledged_at: self.acknowledged_at.map(|at| at.and_utc()),
            acknowledged_by: self.acknowledged_by,
        })
    }
}

/// Keeps other nodes from looking at the same until the transaction ends.
pub fn lock(connection: &mut Connection<'_>) -> Result<(), StoreError> {
    connection.lock_log(Log::Warnings)
}

/// Keeps a warning; `false` if the rule warns of the subject already.
pub fn insert(connection: &mut Connection<'_>, new: &Warning) -> Result<bool, StoreError> {
    let inserted = each_backend!(connection, c => diesel::insert_into(warnings::table)
        .values((
            warnings::id.eq(&new.id),
            warnings::rule.eq(&new.rule),
            warnings::subject.eq(&new.subject),
            warnings::matter.eq(&new.matter),
            warnings::area.eq(&new.area),
            warnings::category.eq(&new.category),
            warnings::case_id.eq(&new.case_id),
            warnings::cases.eq(signed(new.figures.cases)),
            warnings::before.eq(signed(new.figures.before)),
            warnings::places.eq(signed(new.figures.places)),
            warnings::state.eq(new.state.as_str()),
            warnings::raised_at.eq(stored(new.raised_at)),
            warnings::counted_at.eq(stored(new.counted_at)),
        ))
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(inserted == 1)
}

/// Keeps newer figures of a warning, and closes it if it has fallen.
pub fn count(connection: &mut Connection<'_>, id: &str, figures: Figures, closed: bool, now: DateTime<Utc>) -> Result<(), StoreError> {
    let warning = warnings::table.filter(warnings::id.eq(id)).filter(warnings::closed_at.is_null());
    each_backend!(connection, c => diesel::update(warning)
        .set((
            warnings::cases.eq(signed(figures.cases)),
            warnings::before.eq(signed(figures.before)),
            warnings::places.eq(signed(figures.places)),
            warnings::counted_at.eq(stored(now)),
            closed.then(|| (warnings::state.eq(WarningState::Closed.as_str()), warnings::closed_at.eq(stored(now)))),
        ))
        .execute(c))?;
    Ok(())
}

/// Notes that a person has seen a warning; `false` if it is closed.
pub fn acknowledge(
    connection: &mut Connection<'_>,
    sealer: &Sealer,
    id: &str,
    (actor, note): (&str, &str),
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let note = sealer.seal_json(&context(id), &note)?;
    let warning = warnings::table.filter(warnings::id.eq(id)).filter(warnings::closed_at.is_null());
    let changed = each_backend!(connection, c => diesel::update(warning)
        .set((
            warnings::state.eq(WarningState::Acknowledged.as_str()),
            warnings::acknowledged_at.eq(stored(now)),
            warnings::acknowledged_by.eq(actor),
            warnings::note.eq(&note),
        ))
        .execute(c))?;
    Ok(changed == 1)
}

pub fn find(connection: &mut Connection<'_>, sealer: &Sealer, id: &str) -> Result<Option<Warning>, StoreError> {
    let row: Option<Row> =
        each_backend!(connection, c => warnings::table.filter(warnings::id.eq(id)).select(Row::as_select()).first(c).optional())?;
    row.map(|row| row.open(sealer)).transpose()
}

/// Warnings that are not closed, in order, beyond a sequence number.
pub fn standing(connection: &mut Connection<'_>, sealer: &Sealer, page: Page) -> Result<Vec<Warning>, StoreError> {
    let rows: Vec<Row> = each_backend!(connection, c => warnings::table
        .filter(warnings::closed_at.is_null())
        .filter(warnings::seq.gt(page.above()))
        .order(warnings::seq)
        .limit(page.limit)
        .select(Row::as_select())
        .load(c))?;
    rows.into_iter().map(|row| row.open(sealer)).collect()
}

/// Which warnings a list shows; every part narrows it.
#[derive(Clone, Debug, Default)]
pub struct WarningFilter {
    pub state: Option<WarningState>,
    pub rule: Option<String>,
    pub matter: Option<String>,
    pub area_prefix: Option<String>,
    pub category: Option<String>,
}

/// Warnings, newest first; a position's major part is the sequence number.
pub fn list(connection: &mut Connection<'_>, sealer: &Sealer, filter: &WarningFilter, page: Page) -> Result<Vec<Warning>, StoreError> {
    use warnings as w;
    let rows: Vec<Row> = each_backend!(connection, c => {
        let mut query = w::table.select(Row::as_select()).into_boxed();
        if let Some(state) = filter.state {
            query = query.filter(w::state.eq(state.as_str()));
        }
        if let Some(rule) = &filter.rule {
            query = query.filter(w::rule.eq(rule));
        }
        if let Some(matter) = &filter.matter {
            query = query.filter(w::matter.eq(matter));
        }
        if let Some(prefix) = &filter.area_prefix {
            query = query.filter(w::area.like(begins_with(prefix)).escape('\\'));
        }
        if let Some(category) = &filter.category {
            query = query.filter(w::category.eq(category).or(w::category.like(begins_with(&format!("{category}/"))).escape('\\')));
        }
        query.filter(w::seq.lt(page.below().0)).order(w::seq.desc()).limit(page.limit).load(c)
    })?;
    rows.into_iter().map(|row| row.open(sealer)).collect()
}

/// Areas and first levels of categories that had at least so many cases over days, both ends included.
pub fn frequent(
    connection: &mut Connection<'_>,
    from: NaiveDate,
    until: NaiveDate,
    min_cases: u64,
) -> Result<Vec<(String, String, i64)>, StoreError> {
    Ok(each_backend!(connection, c => indicator_counts::table
        // Written out, so that the index of these rows alone is used.
        .filter(sql::<Bool>("dimension = 'category' AND unit = 'day'"))
        .filter(indicator_counts::day.ge(from).and(indicator_counts::day.le(until)))
        .group_by((indicator_counts::area, indicator_counts::value))
        .having(sql::<Bool>("SUM(cases) >= ").bind::<BigInt, _>(signed(min_cases)))
        .select((indicator_counts::area, indicator_counts::value, sql::<BigInt>("CAST(SUM(cases) AS BIGINT)")))
        .load(c))?)
}

/// Cases of a category in an area over days, both ends included.
pub fn cases_of(connection: &mut Connection<'_>, area: &str, category: &str, from: NaiveDate, until: NaiveDate) -> Result<u64, StoreError> {
    let sum: Option<i64> = each_backend!(connection, c => indicator_counts::table
        .filter(indicator_counts::area.eq(area))
        .filter(indicator_counts::dimension.eq(Dimension::Category.as_str()))
        .filter(indicator_counts::unit.eq(Unit::Day.as_str()))
        .filter(indicator_counts::day.ge(from).and(indicator_counts::day.le(until)))
        .filter(indicator_counts::value.eq(category))
        .select(sql::<diesel::sql_types::Nullable<BigInt>>("CAST(SUM(cases) AS BIGINT)"))
        .first(c))?;
    Ok(u64::try_from(sum.unwrap_or_default()).unwrap_or_default())
}

/// A case behind a warning.
#[derive(Clone, Debug, Queryable)]
pub struct Behind {
    pub id: String,
    pub division: Option<String>,
    pub category: Option<String>,
    created_at: NaiveDateTime,
}

impl Behind {
    pub fn created_at(&self) -> DateTime<Utc> {
        self.created_at.and_utc()
    }
}

/// The newest cases of a matter.
pub fn of_matter(connection: &mut Connection<'_>, matter: &str, limit: i64) -> Result<Vec<Behind>, StoreError> {
    Ok(each_backend!(connection, c => cases::table
        .filter(cases::matter_id.eq(matter))
        .filter(cases::merged_into.is_null())
        .order(cases::founding_seq.desc())
        .limit(limit)
        .select((cases::id, cases::division, cases::category, cases::created_at))
        .load(c))?)
}

/// The newest case of a category in an area that lies in a province, or is it.
pub fn newest_of(connection: &mut Connection<'_>, province: &str, area_prefix: &str, category: &str) -> Result<Option<String>, StoreError> {
    Ok(each_backend!(connection, c => cases::table
        .filter(cases::province.eq(province))
        .filter(cases::division.like(begins_with(area_prefix)).escape('\\'))
        .filter(cases::category.eq(category).or(cases::category.like(begins_with(&format!("{category}/"))).escape('\\')))
        .filter(cases::merged_into.is_null())
        .order(cases::founding_seq.desc())
        .select(cases::id)
        .first(c)
        .optional())?)
}
