//! What platforms changed or took back after a filing was registered. The filing in the log never changes.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use super::{
    Connection, StoreError,
    connection::{Log, each_backend},
    schema::{links, revisions, submissions},
    seal::Sealer,
    stored, submission_keys, word,
};
use crate::domain::submission::Submission;

/// What a platform did to a filing of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevisionKind {
    Changed,
    Withdrawn,
}

impl RevisionKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// A filing as its platform has it now.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct State {
    pub submission: Submission,
    /// Why it was taken back.
    pub reason: Option<String>,
}

/// One revision of a registered filing, numbered from 2: the filing itself is the first.
#[derive(Clone, Debug)]
pub struct Revision {
    pub submission_id: String,
    pub number: i32,
    pub kind: RevisionKind,
    /// SHA-256 of the filing as it is now, in canonical form.
    pub body_digest: [u8; 32],
    pub state: State,
    /// Names of the members that differ from before.
    pub fields: Vec<String>,
    pub received_at: DateTime<Utc>,
}

/// A [`Revision`] as lists show it, unopened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    pub number: i32,
    pub kind: RevisionKind,
    pub fields: Vec<String>,
    pub received_at: DateTime<Utc>,
}

/// How a filing stands: its id, its state now, and every state it has had.
#[derive(Clone, Debug)]
pub struct Standing {
    pub id: String,
    pub platform: String,
    /// The number of the newest revision; 1 without any.
    pub number: i32,
    pub kind: RevisionKind,
    pub now: Submission,
    /// Digests of all states, oldest first.
    pub digests: Vec<Vec<u8>>,
}

fn context(submission_id: &str, number: i32) -> String {
    format!("revision:{submission_id}:{number}")
}

/// What is known of a filing by its number.
#[derive(Clone, Debug)]
pub enum Filing {
    /// None of this number is registered with its content.
    Absent,
    /// Its personal data was erased and does not come back.
    Erased,
    Standing(Box<Standing>),
}

/// How the filing of this number stands. Locks the log, so that what is added next has the next number.
pub fn standing(connection: &mut Connection<'_>, sealer: &Sealer, platform: &str, source_id: &str) -> Result<Filing, StoreError> {
    connection.lock_log(Log::Submissions)?;
    let id: Option<(String, Vec<u8>)> = each_backend!(connection, c => submissions::table
        .filter(submissions::platform.eq(platform))
        .filter(submissions::source_id.eq(source_id))
        .filter(submissions::blind.eq(false))
        .select((submissions::id, submissions::body_digest))
        .first(c)
        .optional())?;
    let Some((id, digest)) = id else { return Ok(Filing::Absent) };
    let Some(key) = submission_keys::of(connection, sealer, &[&id])?.remove(&id) else { return Ok(Filing::Erased) };
    let rows: Vec<(i32, String, Vec<u8>)> = each_backend!(connection, c => revisions::table
        .filter(revisions::submission_id.eq(&id))
        .order(revisions::number)
        .select((revisions::number, revisions::kind, revisions::body_digest))
        .load(c))?;
    let (number, kind, now) = match rows.last() {
        None => {
            let Some(first) = super::submissions::find(connection, sealer, &id)? else { return Ok(Filing::Absent) };
            (1, RevisionKind::Changed, first.submission)
        }
        Some((number, kind, _)) => {
            let body: Vec<u8> = each_backend!(connection, c => revisions::table
                .find((&id, number))
                .select(revisions::body)
                .first(c))?;
            let state: State = key.open_json(&context(&id, *number), &body)?;
            (*number, word("revision kind", kind.clone())?, state.submission)
        }
    };
    let digests = std::iter::once(digest).chain(rows.into_iter().map(|(_, _, digest)| digest)).collect();
    Ok(Filing::Standing(Box::new(Standing { id, platform: platform.to_owned(), number, kind, now, digests })))
}

/// Adds a revision of a filing that stands, not told yet.
pub fn add(connection: &mut Connection<'_>, sealer: &Sealer, revision: &Revision) -> Result<(), StoreError> {
    let id = revision.submission_id.as_str();
    let key = submission_keys::of(connection, sealer, &[id])?.remove(id).ok_or(super::SealError::NoKey)?;
    let body = key.seal_json(&context(id, revision.number), &revision.state)?;
    each_backend!(connection, c => diesel::insert_into(revisions::table)
        .values((
            revisions::submission_id.eq(id),
            revisions::number.eq(revision.number),
            revisions::kind.eq(revision.kind.as_str()),
            revisions::body_digest.eq(&revision.body_digest[..]),
            revisions::body.eq(&body),
            revisions::fields.eq(serde_json::json!(revision.fields).to_string()),
            revisions::received_at.eq(stored(revision.received_at)),
        ))
        .execute(c))?;
    Ok(())
}

/// A revision whose filing is linked and whose case does not know of it yet.
#[derive(Clone, Debug)]
pub struct Untold {
    pub submission_id: String,
    pub platform: String,
    pub case_id: String,
    pub number: i32,
    pub kind: RevisionKind,
    pub fields: Vec<String>,
    pub reason: Option<String>,
    /// The filing as it is now.
    pub now: Submission,
}

/// The oldest revisions that can be told now, at most `limit`.
pub fn untold(connection: &mut Connection<'_>, sealer: &Sealer, limit: i64) -> Result<Vec<Untold>, StoreError> {
    type Row = (String, String, String, i32, String, String, Vec<u8>);
    let rows: Vec<Row> = each_backend!(connection, c => revisions::table
        .inner_join(links::table.on(links::submission_id.eq(revisions::submission_id)))
        .filter(revisions::told_at.is_null())
        .order((revisions::received_at, revisions::number))
        .limit(limit)
        .select((
            revisions::submission_id,
            links::platform,
            links::case_id,
            revisions::number,
            revisions::kind,
            revisions::fields,
            revisions::body,
        ))
        .load(c))?;
    let ids: Vec<&str> = rows.iter().map(|row| row.0.as_str()).collect();
    let keys = submission_keys::of(connection, sealer, &ids)?;
    rows.into_iter()
        // One that was erased since is told by then.
        .filter_map(|row| keys.get(&row.0).map(|key| (key, row)))
        .map(|(key, (submission_id, platform, case_id, number, kind, fields, body))| {
            let state: State = key.open_json(&context(&submission_id, number), &body)?;
            Ok(Untold {
                submission_id,
                platform,
                case_id,
                number,
                kind: word("revision kind", kind)?,
                fields: serde_json::from_str(&fields).map_err(|source| StoreError::corrupt("revision", source))?,
                reason: state.reason,
                now: state.submission,
            })
        })
        .collect()
}

/// Notes that the case knows; `false` if somebody else was first.
pub fn told(connection: &mut Connection<'_>, submission_id: &str, number: i32, now: DateTime<Utc>) -> Result<bool, StoreError> {
    let changed = each_backend!(connection, c => diesel::update(revisions::table)
        .filter(revisions::submission_id.eq(submission_id))
        .filter(revisions::number.eq(number))
        .filter(revisions::told_at.is_null())
        .set(revisions::told_at.eq(stored(now)))
        .execute(c))?;
    Ok(changed == 1)
}

/// The revisions of a filing, oldest first, at most `limit`.
pub fn list(connection: &mut Connection<'_>, submission_id: &str, limit: i64) -> Result<Vec<Heading>, StoreError> {
    let rows: Vec<(i32, String, String, NaiveDateTime)> = each_backend!(connection, c => revisions::table
        .filter(revisions::submission_id.eq(submission_id))
        .order(revisions::number)
        .limit(limit)
        .select((revisions::number, revisions::kind, revisions::fields, revisions::received_at))
        .load(c))?;
    rows.into_iter()
        .map(|(number, kind, fields, at)| {
            Ok(Heading {
                number,
                kind: word("revision kind", kind)?,
                fields: serde_json::from_str(&fields).map_err(|source| StoreError::corrupt("revision", source))?,
                received_at: at.and_utc(),
            })
        })
        .collect()
}

/// Takes out what the revisions of an erased filing hold; its case is told nothing more of them.
pub(super) fn erase(connection: &mut Connection<'_>, submission_id: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
    let of = || revisions::table.filter(revisions::submission_id.eq(submission_id));
    each_backend!(connection, c => diesel::update(of()).set(revisions::body.eq(Vec::new())).execute(c))?;
    each_backend!(connection, c => diesel::update(of().filter(revisions::told_at.is_null()))
        .set(revisions::told_at.eq(stored(now)))
        .execute(c))?;
    Ok(())
}
