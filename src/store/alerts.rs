//! Alerts: when each began to fire and when it ended.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use super::{
    Connection, Page, StoreError,
    connection::{Log, each_backend},
    schema::alerts,
    stored, word,
};
use crate::domain::alert::{Severity, Watch};

/// An alert, from when it fired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Order in which they fired.
    pub seq: i64,
    pub id: String,
    pub watch: Watch,
    /// Empty: the gateway itself.
    pub platform: String,
    pub severity: Severity,
    /// The newest reading.
    pub value: i64,
    pub fired_at: DateTime<Utc>,
    /// `None` while it fires.
    pub resolved_at: Option<DateTime<Utc>>,
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = alerts, treat_none_as_default_value = false)]
struct AlertRow {
    seq: i64,
    id: String,
    watch: String,
    platform: String,
    severity: String,
    value: i64,
    fired_at: NaiveDateTime,
    resolved_at: Option<NaiveDateTime>,
}

impl TryFrom<AlertRow> for Alert {
    type Error = StoreError;

    fn try_from(row: AlertRow) -> Result<Self, StoreError> {
        Ok(Self {
            seq: row.seq,
            id: row.id,
            watch: word("watch", row.watch)?,
            platform: row.platform,
            severity: word("severity", row.severity)?,
            value: row.value,
            fired_at: row.fired_at.and_utc(),
            resolved_at: row.resolved_at.map(|at| at.and_utc()),
        })
    }
}

/// What fires now. Nobody else changes it until the transaction ends.
pub fn lock_firing(connection: &mut Connection<'_>) -> Result<Vec<Alert>, StoreError> {
    connection.lock_log(Log::Alerts)?;
    firing(connection)
}

/// What fires now, in the order it began.
pub fn firing(connection: &mut Connection<'_>) -> Result<Vec<Alert>, StoreError> {
    let rows: Vec<AlertRow> = each_backend!(connection, c => alerts::table
        .filter(alerts::resolved_at.is_null())
        .order(alerts::seq)
        .select(AlertRow::as_select())
        .load(c))?;
    rows.into_iter().map(Alert::try_from).collect()
}

/// Begins alerts; their `seq` is assigned here. Call after [`lock_firing`].
pub fn fire(connection: &mut Connection<'_>, new: &[Alert]) -> Result<(), StoreError> {
    let last: Option<i64> = each_backend!(connection, c => alerts::table.select(diesel::dsl::max(alerts::seq)).first(c))?;
    for (seq, alert) in (last.unwrap_or(0) + 1..).zip(new) {
        let row = AlertRow {
            seq,
            id: alert.id.clone(),
            watch: alert.watch.as_str().to_owned(),
            platform: alert.platform.clone(),
            severity: alert.severity.as_str().to_owned(),
            value: alert.value,
            fired_at: stored(alert.fired_at),
            resolved_at: alert.resolved_at.map(stored),
        };
        each_backend!(connection, c => diesel::insert_into(alerts::table).values(&row).execute(c))?;
    }
    Ok(())
}

/// Keeps a firing alert's newest reading and severity.
pub fn update(connection: &mut Connection<'_>, id: &str, severity: Severity, value: i64) -> Result<(), StoreError> {
    each_backend!(connection, c => diesel::update(alerts::table.filter(alerts::id.eq(id)))
        .set((alerts::severity.eq(severity.as_str()), alerts::value.eq(value)))
        .execute(c))?;
    Ok(())
}

/// Ends alerts.
pub fn resolve(connection: &mut Connection<'_>, ids: &[String], now: DateTime<Utc>) -> Result<(), StoreError> {
    each_backend!(connection, c => diesel::update(alerts::table.filter(alerts::id.eq_any(ids)))
        .set(alerts::resolved_at.eq(stored(now)))
        .execute(c))?;
    Ok(())
}

/// Which alerts a list shows; every part narrows it.
#[derive(Clone, Debug, Default)]
pub struct AlertFilter {
    pub firing: Option<bool>,
    pub severity: Option<Severity>,
    pub watch: Option<Watch>,
    pub platform: Option<String>,
}

/// Alerts, newest first.
pub fn list(connection: &mut Connection<'_>, filter: &AlertFilter, page: Page) -> Result<Vec<Alert>, StoreError> {
    let rows: Vec<AlertRow> = each_backend!(connection, c => {
        let mut query = alerts::table.select(AlertRow::as_select()).into_boxed();
        match filter.firing {
            Some(true) => query = query.filter(alerts::resolved_at.is_null()),
            Some(false) => query = query.filter(alerts::resolved_at.is_not_null()),
            None => {}
        }
        if let Some(severity) = filter.severity {
            query = query.filter(alerts::severity.eq(severity.as_str()));
        }
        if let Some(watch) = filter.watch {
            query = query.filter(alerts::watch.eq(watch.as_str()));
        }
        if let Some(platform) = &filter.platform {
            query = query.filter(alerts::platform.eq(platform));
        }
        query.filter(alerts::seq.lt(page.below().0)).order(alerts::seq.desc()).limit(page.limit).load(c)
    })?;
    rows.into_iter().map(Alert::try_from).collect()
}
