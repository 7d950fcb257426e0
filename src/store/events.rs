//! The histories of cases and the reports they come from.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use super::{
    Connection, INSERT_CHUNK, Page, StoreError, cases,
    connection::{Log, each_backend},
    schema::{case_events, case_updates, parked_updates},
    seal::Sealer,
    stored, word,
};
use crate::domain::{
    case::CaseStatus,
    update::{CaseUpdate, Reply},
};

/// An entry in a case's history (办理过程).
#[derive(Clone, Debug)]
pub struct CaseEvent {
    /// Position in the change feed; given by [`append`].
    pub seq: i64,
    pub id: String,
    pub case_id: String,
    /// CloudEvents type without the prefix, e.g. `case.status_changed`.
    pub kind: String,
    /// The platform it came from; `onecase` for the gateway's own.
    pub source: String,
    pub status: Option<CaseStatus>,
    /// Identifiers, nothing personal.
    pub data: serde_json::Value,
    /// What the responsible body wrote; kept sealed.
    pub words: Words,
    pub at: DateTime<Utc>,
}

/// Free text of an event, which may speak of people.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Words {
    pub reason: Option<String>,
    pub reply: Option<Reply>,
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = case_events, treat_none_as_default_value = false)]
struct CaseEventRow {
    seq: i64,
    id: String,
    case_id: String,
    kind: String,
    source: String,
    status: Option<String>,
    data: String,
    words: Option<Vec<u8>>,
    at: NaiveDateTime,
}

fn event_context(id: &str) -> String {
    format!("case_event:{id}")
}

impl CaseEventRow {
    fn open(self, sealer: &Sealer) -> Result<CaseEvent, StoreError> {
        let words = self.words.map(|sealed| sealer.open_json(&event_context(&self.id), &sealed)).transpose()?.unwrap_or_default();
        Ok(CaseEvent {
            seq: self.seq,
            id: self.id,
            case_id: self.case_id,
            kind: self.kind,
            source: self.source,
            status: self.status.map(|status| word("event status", status)).transpose()?,
            data: serde_json::from_str(&self.data).map_err(|source| StoreError::corrupt("event", source))?,
            words,
            at: self.at.and_utc(),
        })
    }
}

fn seal_words(sealer: &Sealer, event: &CaseEvent) -> Result<Option<Vec<u8>>, StoreError> {
    if event.words == Words::default() {
        return Ok(None);
    }
    Ok(Some(sealer.seal_json(&event_context(&event.id), &event.words)?))
}

/// Appends events in order; their `seq` is assigned here.
pub fn append(connection: &mut Connection<'_>, sealer: &Sealer, events: &[CaseEvent]) -> Result<(), StoreError> {
    if events.is_empty() {
        return Ok(());
    }
    connection.lock_log(Log::CaseEvents)?;
    let last: Option<i64> = each_backend!(connection, c => case_events::table.select(diesel::dsl::max(case_events::seq)).first(c))?;
    let mut rows = Vec::with_capacity(events.len());
    for (seq, event) in (last.unwrap_or(0) + 1..).zip(events) {
        rows.push(CaseEventRow {
            seq,
            id: event.id.clone(),
            case_id: event.case_id.clone(),
            kind: event.kind.clone(),
            source: event.source.clone(),
            status: event.status.map(|status| status.as_str().to_owned()),
            data: event.data.to_string(),
            words: seal_words(sealer, event)?,
            at: stored(event.at),
        });
    }
    for chunk in rows.chunks(INSERT_CHUNK) {
        each_backend!(connection, c => diesel::insert_into(case_events::table).values(chunk).execute(c))?;
    }
    Ok(())
}

/// A case's history, oldest first.
pub fn list(connection: &mut Connection<'_>, sealer: &Sealer, case_id: &str, page: Page) -> Result<Vec<CaseEvent>, StoreError> {
    let rows: Vec<CaseEventRow> = each_backend!(connection, c => case_events::table
        .filter(case_events::case_id.eq(case_id))
        .filter(case_events::seq.gt(page.above()))
        .order(case_events::seq)
        .limit(page.limit)
        .select(CaseEventRow::as_select())
        .load(c))?;
    rows.into_iter().map(|row| row.open(sealer)).collect()
}

/// The newest written answer of a case.
pub fn latest_reply(connection: &mut Connection<'_>, sealer: &Sealer, case_id: &str, kind: &str) -> Result<Option<Reply>, StoreError> {
    let row: Option<CaseEventRow> = each_backend!(connection, c => case_events::table
        .filter(case_events::case_id.eq(case_id))
        .filter(case_events::kind.eq(kind))
        .order(case_events::seq.desc())
        .select(CaseEventRow::as_select())
        .first(c)
        .optional())?;
    Ok(row.map(|row| row.open(sealer)).transpose()?.and_then(|event| event.words.reply))
}

/// How a report of the handling platform stands to what it sent before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateNovelty {
    New,
    /// The same report again.
    Repeated,
    /// Its number was used for another report.
    Conflict,
}

/// Remembers a handling platform's report, so that it counts once.
pub fn remember_update(
    connection: &mut Connection<'_>,
    platform: &str,
    update_id: &str,
    body_digest: &[u8; 32],
    case_id: &str,
    now: DateTime<Utc>,
) -> Result<UpdateNovelty, StoreError> {
    let inserted = each_backend!(connection, c => diesel::insert_into(case_updates::table)
        .values((
            case_updates::platform.eq(platform),
            case_updates::update_id.eq(update_id),
            case_updates::body_digest.eq(&body_digest[..]),
            case_updates::case_id.eq(case_id),
            case_updates::received_at.eq(stored(now)),
        ))
        .on_conflict_do_nothing()
        .execute(c))?;
    if inserted == 1 {
        return Ok(UpdateNovelty::New);
    }
    let stored_digest: Vec<u8> = each_backend!(connection, c => case_updates::table
        .find((platform, update_id))
        .select(case_updates::body_digest)
        .first(c))?;
    Ok(if stored_digest[..] == body_digest[..] { UpdateNovelty::Repeated } else { UpdateNovelty::Conflict })
}

/// A handling platform's report that was taken.
#[derive(Clone, Debug)]
pub struct Reported {
    pub platform: String,
    pub update_id: String,
    pub body_digest: [u8; 32],
    pub case_id: String,
    pub received_at: DateTime<Utc>,
}

/// Remembers reports that are not there yet.
pub fn insert_reported(connection: &mut Connection<'_>, new: &[Reported]) -> Result<(), StoreError> {
    let rows: Vec<_> = new
        .iter()
        .map(|report| {
            (
                case_updates::platform.eq(&report.platform),
                case_updates::update_id.eq(&report.update_id),
                case_updates::body_digest.eq(&report.body_digest[..]),
                case_updates::case_id.eq(&report.case_id),
                case_updates::received_at.eq(stored(report.received_at)),
            )
        })
        .collect();
    for chunk in rows.chunks(INSERT_CHUNK) {
        each_backend!(connection, c => diesel::insert_into(case_updates::table).values(chunk.to_vec()).execute(c))?;
    }
    Ok(())
}

/// Names a report among all: platforms' ids hold no colon.
fn parked_id(platform: &str, update_id: &str) -> String {
    format!("{platform}:{update_id}")
}

fn parked_context(platform: &str, update_id: &str) -> String {
    format!("parked_update:{}", parked_id(platform, update_id))
}

/// Keeps a report until the receipt it names is known; `false` if it is known by now, and the report can be taken.
pub fn park(
    connection: &mut Connection<'_>,
    sealer: &Sealer,
    platform: &str,
    receipt: &str,
    update: &CaseUpdate,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    // Whoever learns the receipt takes out what waits for it. Without the lock a report that is put there at that moment is missed,
    // and then nobody comes for it.
    connection.lock_log(Log::CaseEvents)?;
    if cases::find_by_receipt(connection, platform, receipt)?.is_some() {
        return Ok(false);
    }
    let body = sealer.seal_json(&parked_context(platform, &update.update_id), update)?;
    each_backend!(connection, c => diesel::insert_into(parked_updates::table)
        .values((
            parked_updates::id.eq(parked_id(platform, &update.update_id)),
            parked_updates::platform.eq(platform),
            parked_updates::update_id.eq(&update.update_id),
            parked_updates::receipt.eq(receipt),
            parked_updates::body.eq(&body),
            parked_updates::received_at.eq(stored(now)),
        ))
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(true)
}

/// Takes the reports out that waited for a receipt, in the order things happened.
pub fn unpark(connection: &mut Connection<'_>, sealer: &Sealer, platform: &str, receipt: &str) -> Result<Vec<CaseUpdate>, StoreError> {
    connection.lock_log(Log::CaseEvents)?;
    let rows: Vec<(String, Vec<u8>)> = each_backend!(connection, c => parked_updates::table
        .filter(parked_updates::platform.eq(platform))
        .filter(parked_updates::receipt.eq(receipt))
        .select((parked_updates::update_id, parked_updates::body))
        .load(c))?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    each_backend!(connection, c => diesel::delete(parked_updates::table)
        .filter(parked_updates::platform.eq(platform))
        .filter(parked_updates::receipt.eq(receipt))
        .execute(c))?;
    let mut updates = rows
        .into_iter()
        .map(|(id, body)| Ok(sealer.open_json::<CaseUpdate>(&parked_context(platform, &id), &body)?))
        .collect::<Result<Vec<_>, StoreError>>()?;
    updates.sort_by(|a, b| a.occurred_at.cmp(&b.occurred_at).then_with(|| a.update_id.cmp(&b.update_id)));
    Ok(updates)
}

/// A report that waits for its receipt.
#[derive(Clone, Debug, PartialEq)]
pub struct Parked {
    pub update_id: String,
    pub receipt: String,
    pub update: CaseUpdate,
    pub received_at: DateTime<Utc>,
}

/// A platform's reports that wait for their receipt, the one that has waited longest first.
pub fn parked(connection: &mut Connection<'_>, sealer: &Sealer, platform: &str, limit: i64) -> Result<Vec<Parked>, StoreError> {
    let rows: Vec<(String, String, Vec<u8>, NaiveDateTime)> = each_backend!(connection, c => parked_updates::table
        .filter(parked_updates::platform.eq(platform))
        .order((parked_updates::received_at, parked_updates::update_id))
        .limit(limit)
        .select((parked_updates::update_id, parked_updates::receipt, parked_updates::body, parked_updates::received_at))
        .load(c))?;
    rows.into_iter()
        .map(|(update_id, receipt, body, at)| {
            let update = sealer.open_json(&parked_context(platform, &update_id), &body)?;
            Ok(Parked { update_id, receipt, update, received_at: at.and_utc() })
        })
        .collect()
}

/// How many reports wait for their receipt.
pub fn count_parked(connection: &mut Connection<'_>) -> Result<i64, StoreError> {
    Ok(each_backend!(connection, c => parked_updates::table.count().get_result(c))?)
}

/// Drops reports that waited since before a time; answers platform and number of each.
pub fn expire_parked(connection: &mut Connection<'_>, before: DateTime<Utc>, limit: i64) -> Result<Vec<(String, String)>, StoreError> {
    let found: Vec<(String, String)> = each_backend!(connection, c => parked_updates::table
        .filter(parked_updates::received_at.lt(stored(before)))
        .order(parked_updates::received_at)
        .limit(limit)
        .select((parked_updates::platform, parked_updates::update_id))
        .load(c))?;
    for (platform, update_id) in &found {
        each_backend!(connection, c => diesel::delete(parked_updates::table.find((platform, update_id))).execute(c))?;
    }
    Ok(found)
}

/// Takes out what the histories of these cases quote of an erased filing.
pub(super) fn erase(connection: &mut Connection<'_>, cases: &[String], submission_id: &str) -> Result<(), StoreError> {
    let rows: Vec<(i64, String)> = each_backend!(connection, c => case_events::table
        .filter(case_events::case_id.eq_any(cases))
        .filter(case_events::words.is_not_null())
        .select((case_events::seq, case_events::data))
        .load(c))?;
    for (seq, data) in rows {
        let data: serde_json::Value = serde_json::from_str(&data).map_err(|source| StoreError::corrupt("event", source))?;
        if data.get("submission").and_then(serde_json::Value::as_str) == Some(submission_id) {
            each_backend!(connection, c => diesel::update(case_events::table.find(seq))
                .set(case_events::words.eq(None::<Vec<u8>>))
                .execute(c))?;
        }
    }
    Ok(())
}
