//! Erasing what a filing says of people, for good, while its links, its decisions and the audit log stand.
//!
//! What the filing says lies under its own key: the filing, its revisions, the messages that carry it. The key is destroyed, and with
//! it whatever was sealed by it, in this store's free pages and logs too and in every copy that does not hold the key. The fingerprint
//! stays: the decisions made by it could not be replayed without it. It holds keyed tokens, no text.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::{
    Connection, StoreError,
    connection::{Log, each_backend},
    deliveries::{self, DeliveryRow, DeliveryState},
    events, quarantine, revisions,
    schema::{deliveries as messages, erasures, matters, submissions},
    seal::Sealer,
    stored, submission_keys,
};
use crate::domain::{message::MessageKind, submission::Submission};

/// A filing's personal data was erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    pub submission_id: String,
    pub actor: String,
    /// Kept sealed.
    pub reason: String,
    pub at: DateTime<Utc>,
}

/// What is left of the filing, and why.
#[derive(Serialize, Deserialize)]
struct Left {
    reason: String,
    filing: Submission,
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = erasures)]
struct Row {
    submission_id: String,
    actor: String,
    sealed: Vec<u8>,
    at: NaiveDateTime,
}

fn context(submission_id: &str) -> String {
    format!("erasure:{submission_id}")
}

/// Keeps everybody from changing filings until the transaction ends: call before the filing is read that is to be erased.
pub fn lock(connection: &mut Connection<'_>) -> Result<(), StoreError> {
    connection.lock_log(Log::Submissions)
}

/// The erasure of a filing, if it was erased.
pub fn find(connection: &mut Connection<'_>, sealer: &Sealer, submission_id: &str) -> Result<Option<Erasure>, StoreError> {
    let row: Option<Row> =
        each_backend!(connection, c => erasures::table.find(submission_id).select(Row::as_select()).first(c).optional())?;
    row.map(|row| {
        let Left { reason, .. } = sealer.open_json(&context(&row.submission_id), &row.sealed)?;
        Ok(Erasure { submission_id: row.submission_id, actor: row.actor, reason, at: row.at.and_utc() })
    })
    .transpose()
}

/// What is left of these filings.
pub(super) fn left(connection: &mut Connection<'_>, sealer: &Sealer, ids: &[&str]) -> Result<HashMap<String, Submission>, StoreError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<Row> =
        each_backend!(connection, c => erasures::table.filter(erasures::submission_id.eq_any(ids)).select(Row::as_select()).load(c))?;
    rows.into_iter()
        .map(|row| {
            let Left { filing, .. } = sealer.open_json(&context(&row.submission_id), &row.sealed)?;
            Ok((row.submission_id, filing))
        })
        .collect()
}

/// What is to be erased, and where it lies.
#[derive(Clone, Copy, Debug)]
pub struct Erased<'a> {
    pub erasure: &'a Erasure,
    pub platform: &'a str,
    /// Without personal data: what is left in the filing's place.
    pub filing: &'a Submission,
    /// What a body that has not been sent the filing yet is sent instead.
    pub told: &'a Submission,
    /// Cases in whose histories it stands.
    pub cases: &'a [String],
    /// Its case's matter, which may be named by its words.
    pub matter: Option<&'a str>,
}

/// Erases a filing. Call after [`lock`], in the transaction of what tells of it.
pub fn erase(connection: &mut Connection<'_>, sealer: &Sealer, erased: &Erased<'_>) -> Result<(), StoreError> {
    let Erasure { submission_id: id, actor, reason, at } = erased.erasure;
    let left = Left { reason: reason.clone(), filing: erased.filing.clone() };
    let row = Row { submission_id: id.clone(), actor: actor.clone(), sealed: sealer.seal_json(&context(id), &left)?, at: stored(*at) };
    each_backend!(connection, c => diesel::insert_into(erasures::table).values(&row).execute(c))?;
    events::erase(connection, erased.cases, id)?;
    strip_messages(connection, sealer, id, erased.told)?;
    quarantine::erase(connection, erased.platform, &erased.filing.source_id)?;
    revisions::erase(connection, id, *at)?;
    if let Some(matter) = erased.matter {
        // Its name is made anew, from the filings that are left.
        each_backend!(connection, c => diesel::update(matters::table.find(matter))
            .set((matters::name.eq(None::<Vec<u8>>), matters::summarised_at.eq(None::<NaiveDateTime>)))
            .execute(c))?;
    }
    each_backend!(connection, c => diesel::update(submissions::table.filter(submissions::id.eq(id)))
        .set(submissions::body.eq(Vec::new()))
        .execute(c))?;
    submission_keys::destroy(connection, id)
}

/// Takes what a filing says out of the messages about it that may still be sent, and has a data key seal the rest. What was sent stays
/// sealed by the key that is about to be destroyed. Call before that, in the same transaction.
fn strip_messages(connection: &mut Connection<'_>, sealer: &Sealer, submission_id: &str, envelope: &Submission) -> Result<(), StoreError> {
    connection.lock_log(Log::Deliveries)?;
    let open = [DeliveryState::Pending, DeliveryState::Leased, DeliveryState::Dead].map(DeliveryState::as_str);
    let rows: Vec<DeliveryRow> = each_backend!(connection, c => messages::table
        .filter(messages::state.eq_any(open))
        .filter(messages::about.eq(submission_id))
        .select(DeliveryRow::as_select())
        .load(c))?;
    let keys = deliveries::own_keys(connection, sealer, rows.iter().map(|row| row.about.as_ref()))?;
    for row in rows {
        let (seq, context) = (row.seq, deliveries::row_context(&row.id));
        let mut message = row.claimed(sealer, &keys)?.message;
        message.forwarded = message.forwarded.map(|_| Box::new(envelope.clone()));
        if let Some(submission) = &mut message.submission {
            submission.account = None;
        }
        if message.kind == MessageKind::CaseRevised {
            message.note = None;
        }
        let sealed = sealer.seal_json(&context, &message)?;
        each_backend!(connection, c => diesel::update(messages::table.find(seq))
            .set((messages::about.eq(None::<String>), messages::message.eq(&sealed)))
            .execute(c))?;
    }
    Ok(())
}
