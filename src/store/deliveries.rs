//! The outbox: messages owed to platforms, claimed under a lease, sent outside any transaction.
//!
//! Guarantees, in the order they are relied on:
//! - A message is written in the transaction of the change it tells of, under a unique idempotency key.
//! - Messages of one case to one platform leave in order: a claim takes only the oldest unfinished one.
//! - A claim sets owner and expiry in one statement; a finish counts only while owner and expiry still stand.
//! - A sender that dies leaves a lease that expires, and the message is sent again with the same id.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use diesel::{prelude::*, sql_types::Bool};

use super::{
    Connection, INSERT_CHUNK, Page, StoreError,
    attempts::{self, Attempt},
    cases::begins_with,
    connection::{Log, each_backend},
    schema::{cases, deliveries},
    seal::{OwnKey, Sealer},
    stored, submission_keys,
    tallies::{self, Subject},
    word,
};
use crate::domain::{
    division,
    message::{Message, MessageKind},
};

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    Pending,
    Leased,
    Delivered,
    /// The platform has no use for such messages; recorded, not sent.
    Skipped,
    /// Given up; can be requeued.
    Dead,
}

impl DeliveryState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Leased => "leased",
            Self::Delivered => "delivered",
            Self::Skipped => "skipped",
            Self::Dead => "dead",
        }
    }
}

const UNFINISHED: [&str; 2] = [DeliveryState::Pending.as_str(), DeliveryState::Leased.as_str()];

/// A message to be owed. Its [`Message::id`] is the delivery's.
#[derive(Clone, Debug)]
pub struct NewDelivery {
    /// Names the change and the addressee, so that the same change never owes twice.
    pub idempotency_key: String,
    pub platform: String,
    /// The filing whose content or petitioner the message speaks of: erasing that filing takes it out here too.
    pub about: Option<String>,
    pub message: Message,
}

#[derive(Clone, Debug)]
pub struct Delivery {
    pub seq: i64,
    pub id: String,
    pub idempotency_key: String,
    pub platform: String,
    pub case_id: String,
    pub submission_id: Option<String>,
    pub kind: MessageKind,
    pub state: DeliveryState,
    pub attempts: i32,
    pub next_attempt_at: DateTime<Utc>,
    pub receipt: Option<String>,
    pub last_error: Option<String>,
    pub created_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = deliveries, treat_none_as_default_value = false)]
pub(super) struct DeliveryRow {
    pub(super) seq: i64,
    pub(super) id: String,
    pub(super) idempotency_key: String,
    pub(super) platform: String,
    pub(super) case_id: String,
    pub(super) submission_id: Option<String>,
    pub(super) about: Option<String>,
    pub(super) kind: String,
    pub(super) message: Vec<u8>,
    pub(super) state: String,
    pub(super) attempts: i32,
    pub(super) next_attempt_at: NaiveDateTime,
    pub(super) lease_owner: Option<String>,
    pub(super) lease_until: Option<NaiveDateTime>,
    pub(super) receipt: Option<String>,
    pub(super) last_error: Option<String>,
    pub(super) created_at: NaiveDateTime,
    pub(super) finished_at: Option<NaiveDateTime>,
}

pub(super) fn row_context(id: &str) -> String {
    format!("delivery:{id}")
}

/// The own keys of the filings that messages are about.
pub(super) type OwnKeys = HashMap<String, OwnKey>;

pub(super) fn own_keys<'a>(
    connection: &mut Connection<'_>,
    sealer: &Sealer,
    about: impl Iterator<Item = Option<&'a String>>,
) -> Result<OwnKeys, StoreError> {
    let ids: BTreeSet<&str> = about.flatten().map(String::as_str).collect();
    submission_keys::of(connection, sealer, &ids.into_iter().collect::<Vec<_>>())
}

impl DeliveryRow {
    pub(super) fn new(sealer: &Sealer, keys: &OwnKeys, seq: i64, new: &NewDelivery) -> Result<Self, StoreError> {
        let message = &new.message;
        let context = row_context(&message.id);
        // A filing that was erased has no key: what is said of it then holds nothing of it.
        let (about, sealed) = match new.about.as_ref().and_then(|about| keys.get_key_value(about)) {
            Some((about, key)) => (Some(about.clone()), key.seal_json(&context, message)?),
            None => (None, sealer.seal_json(&context, message)?),
        };
        Ok(Self {
            seq,
            id: message.id.clone(),
            idempotency_key: new.idempotency_key.clone(),
            platform: new.platform.clone(),
            case_id: message.case.id.clone(),
            submission_id: message.submission.as_ref().map(|submission| submission.id.clone()),
            about,
            kind: message.kind.as_str().to_owned(),
            message: sealed,
            state: DeliveryState::Pending.as_str().to_owned(),
            attempts: 0,
            next_attempt_at: stored(message.created_at),
            lease_owner: None,
            lease_until: None,
            receipt: None,
            last_error: None,
            created_at: stored(message.created_at),
            finished_at: None,
        })
    }

    pub(super) fn claimed(self, sealer: &Sealer, keys: &OwnKeys) -> Result<Claimed, StoreError> {
        let context = row_context(&self.id);
        let message = match &self.about {
            Some(about) => keys.get(about).ok_or(super::SealError::Open)?.open_json(&context, &self.message)?,
            None => sealer.open_json(&context, &self.message)?,
        };
        Ok(Claimed { delivery: self.try_into()?, message })
    }
}

impl TryFrom<DeliveryRow> for Delivery {
    type Error = StoreError;

    fn try_from(row: DeliveryRow) -> Result<Self, StoreError> {
        Ok(Self {
            kind: word("message kind", row.kind)?,
            state: word("delivery state", row.state)?,
            seq: row.seq,
            id: row.id,
            idempotency_key: row.idempotency_key,
            platform: row.platform,
            case_id: row.case_id,
            submission_id: row.submission_id,
            attempts: row.attempts,
            next_attempt_at: row.next_attempt_at.and_utc(),
            receipt: row.receipt,
            last_error: row.last_error,
            created_at: row.created_at.and_utc(),
            finished_at: row.finished_at.map(|at| at.and_utc()),
        })
    }
}

/// Writes messages to be sent, in order. Call in the transaction of the change they tell of.
pub fn enqueue(connection: &mut Connection<'_>, sealer: &Sealer, new: &[NewDelivery]) -> Result<(), StoreError> {
    if new.is_empty() {
        return Ok(());
    }
    connection.lock_log(Log::Deliveries)?;
    let last: Option<i64> = each_backend!(connection, c => deliveries::table.select(diesel::dsl::max(deliveries::seq)).first(c))?;
    // Read under the lock: a filing erased before has no key any more, one erased later finds these messages.
    let keys = own_keys(connection, sealer, new.iter().map(|new| new.about.as_ref()))?;
    let rows =
        (last.unwrap_or(0) + 1..).zip(new).map(|(seq, new)| DeliveryRow::new(sealer, &keys, seq, new)).collect::<Result<Vec<_>, _>>()?;
    for chunk in rows.chunks(INSERT_CHUNK) {
        each_backend!(connection, c => diesel::insert_into(deliveries::table).values(chunk).execute(c))?;
    }
    Ok(())
}

/// A delivery in this sender's hands until the lease runs out.
#[derive(Clone, Debug)]
pub struct Claimed {
    pub delivery: Delivery,
    pub message: Message,
}

/// Who claims, and for how long.
#[derive(Clone, Debug)]
pub struct Lease {
    pub owner: String,
    pub duration: TimeDelta,
}

/// Takes up to `limit` due messages to one platform, the oldest of each case. Call inside a transaction.
pub fn claim(
    connection: &mut Connection<'_>,
    sealer: &Sealer,
    platform: &str,
    lease: &Lease,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Claimed>, StoreError> {
    let at = stored(now);
    let due = due(connection, platform, at, limit)?;
    if due.is_empty() {
        return Ok(Vec::new());
    }
    each_backend!(connection, c => diesel::update(deliveries::table.filter(deliveries::seq.eq_any(&due)))
        .set((
            deliveries::state.eq(DeliveryState::Leased.as_str()),
            deliveries::lease_owner.eq(&lease.owner),
            deliveries::lease_until.eq(stored(now + lease.duration)),
            deliveries::attempts.eq(deliveries::attempts + 1),
        ))
        .execute(c))?;
    let rows: Vec<DeliveryRow> = each_backend!(connection, c => deliveries::table
        .filter(deliveries::seq.eq_any(&due))
        .order(deliveries::seq)
        .select(DeliveryRow::as_select())
        .load(c))?;
    let keys = own_keys(connection, sealer, rows.iter().map(|row| row.about.as_ref()))?;
    rows.into_iter().map(|row| row.claimed(sealer, &keys)).collect()
}

diesel::alias!(deliveries as earlier: Earlier);

/// Positions of claimable rows; on PostgreSQL they are locked, and rows locked by another sender are passed over.
fn due(connection: &mut Connection<'_>, platform: &str, at: NaiveDateTime, limit: i64) -> Result<Vec<i64>, StoreError> {
    macro_rules! query {
        () => {
            deliveries::table
                .filter(deliveries::platform.eq(platform))
                .filter(
                    deliveries::state
                        .eq(DeliveryState::Pending.as_str())
                        .and(deliveries::next_attempt_at.le(at))
                        .or(deliveries::state.eq(DeliveryState::Leased.as_str()).and(deliveries::lease_until.lt(at).assume_not_null())),
                )
                .filter(diesel::dsl::not(diesel::dsl::exists(
                    earlier
                        .filter(earlier.field(deliveries::platform).eq(platform))
                        .filter(earlier.field(deliveries::case_id).eq(deliveries::case_id))
                        .filter(earlier.field(deliveries::state).eq_any(UNFINISHED))
                        .filter(earlier.field(deliveries::seq).lt(deliveries::seq)),
                )))
                .order(deliveries::seq)
                .limit(limit)
                .select(deliveries::seq)
        };
    }
    Ok(match connection {
        Connection::Sqlite(c) => query!().load(*c)?,
        Connection::Postgres(c) => query!().for_update().skip_locked().load(*c)?,
    })
}

/// What a finished attempt makes of its delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finish {
    Delivered { receipt: Option<String> },
    Skipped,
    Retry { at: DateTime<Utc>, error: String },
    Dead { error: String },
}

/// Records an attempt and, if the lease is still the owner's, its result. `false`: the lease was lost, and only the attempt is recorded.
pub fn finish(
    connection: &mut Connection<'_>,
    delivery_id: &str,
    owner: &str,
    attempt: &Attempt,
    finish: &Finish,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    attempts::record(connection, delivery_id, attempt)?;
    let (state, receipt, error, next, finished) = match finish {
        Finish::Delivered { receipt } => (DeliveryState::Delivered, receipt.as_ref(), None, now, Some(stored(now))),
        Finish::Skipped => (DeliveryState::Skipped, None, None, now, Some(stored(now))),
        Finish::Retry { at, error } => (DeliveryState::Pending, None, Some(error), *at, None),
        Finish::Dead { error } => (DeliveryState::Dead, None, Some(error), now, Some(stored(now))),
    };
    let changed = each_backend!(connection, c => diesel::update(deliveries::table)
        .filter(deliveries::id.eq(delivery_id))
        .filter(deliveries::state.eq(DeliveryState::Leased.as_str()))
        .filter(deliveries::lease_owner.eq(owner))
        .filter(deliveries::attempts.eq(attempt.number))
        .set((
            deliveries::state.eq(state.as_str()),
            deliveries::receipt.eq(receipt),
            deliveries::last_error.eq(error),
            deliveries::next_attempt_at.eq(stored(next)),
            deliveries::finished_at.eq(finished),
            deliveries::lease_owner.eq(None::<String>),
            deliveries::lease_until.eq(None::<NaiveDateTime>),
        ))
        .execute(c))?;
    Ok(changed == 1)
}

/// Puts a dead delivery back into the queue with fresh attempts counted on; `false` if it is not dead.
pub fn requeue(connection: &mut Connection<'_>, id: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
    let changed = each_backend!(connection, c => diesel::update(deliveries::table)
        .filter(deliveries::id.eq(id))
        .filter(deliveries::state.eq(DeliveryState::Dead.as_str()))
        .set((
            deliveries::state.eq(DeliveryState::Pending.as_str()),
            deliveries::next_attempt_at.eq(stored(now)),
            deliveries::finished_at.eq(None::<NaiveDateTime>),
        ))
        .execute(c))?;
    Ok(changed == 1)
}

/// Puts dead deliveries back into the queue, of one platform or of all; answers how many.
pub fn requeue_all(connection: &mut Connection<'_>, platform: Option<&str>, now: DateTime<Utc>) -> Result<usize, StoreError> {
    let pending = (
        deliveries::state.eq(DeliveryState::Pending.as_str()),
        deliveries::next_attempt_at.eq(stored(now)),
        deliveries::finished_at.eq(None::<NaiveDateTime>),
    );
    let dead = deliveries::state.eq(DeliveryState::Dead.as_str());
    Ok(match platform {
        Some(platform) => each_backend!(connection, c => diesel::update(deliveries::table)
            .filter(dead)
            .filter(deliveries::platform.eq(platform))
            .set(pending)
            .execute(c))?,
        None => each_backend!(connection, c => diesel::update(deliveries::table).filter(dead).set(pending).execute(c))?,
    })
}

/// Which deliveries a list shows; every part narrows it.
#[derive(Clone, Debug, Default)]
pub struct DeliveryFilter {
    pub platform: Option<String>,
    pub state: Option<DeliveryState>,
    pub case_id: Option<String>,
    /// The case's: this one and all inside it.
    pub division: Option<String>,
}

/// Deliveries, newest first.
pub fn list(connection: &mut Connection<'_>, filter: &DeliveryFilter, page: Page) -> Result<Vec<Delivery>, StoreError> {
    let rows: Vec<DeliveryRow> = each_backend!(connection, c => {
        let mut query = deliveries::table.select(DeliveryRow::as_select()).into_boxed();
        if let Some(platform) = &filter.platform {
            query = query.filter(deliveries::platform.eq(platform));
        }
        if let Some(state) = filter.state {
            query = query.filter(deliveries::state.eq(state.as_str()));
        }
        if let Some(case_id) = &filter.case_id {
            query = query.filter(deliveries::case_id.eq(case_id));
        }
        if let Some(own) = &filter.division {
            let prefix = division::prefix(own);
            let inside = cases::division.like(begins_with(prefix)).escape('\\').assume_not_null();
            let there = cases::table
                .filter(cases::id.eq(deliveries::case_id))
                .filter(cases::province.eq(division::province(own)))
                .filter((prefix.len() <= 2).into_sql::<Bool>().or(inside));
            query = query.filter(diesel::dsl::exists(there));
        }
        query.filter(deliveries::seq.lt(page.below().0)).order(deliveries::seq.desc()).limit(page.limit).load(c)
    })?;
    rows.into_iter().map(Delivery::try_from).collect()
}

pub fn find(connection: &mut Connection<'_>, id: &str) -> Result<Option<Delivery>, StoreError> {
    let row: Option<DeliveryRow> = each_backend!(connection, c => deliveries::table
        .filter(deliveries::id.eq(id))
        .select(DeliveryRow::as_select())
        .first(c)
        .optional())?;
    row.map(Delivery::try_from).transpose()
}

/// Counts by platform, kind and state.
pub fn counts(connection: &mut Connection<'_>) -> Result<Vec<(String, MessageKind, DeliveryState, i64)>, StoreError> {
    tallies::of(connection, Subject::Delivery)?
        .into_iter()
        .map(|counted| Ok((counted.platform, word("message kind", counted.detail)?, word("delivery state", counted.state)?, counted.count)))
        .collect()
}

/// When each of these platforms last took a message.
pub fn last_delivered(connection: &mut Connection<'_>, platforms: &[&str]) -> Result<HashMap<String, DateTime<Utc>>, StoreError> {
    let mut last = HashMap::new();
    for platform in platforms {
        // What was delivered was due for the last time when it was; the index goes by that.
        let at: Option<Option<NaiveDateTime>> = each_backend!(connection, c => deliveries::table
            .filter(deliveries::platform.eq(platform))
            .filter(deliveries::state.eq(DeliveryState::Delivered.as_str()))
            .order(deliveries::next_attempt_at.desc())
            .select(deliveries::finished_at)
            .first(c)
            .optional())?;
        last.extend(at.flatten().map(|at| ((*platform).to_owned(), at.and_utc())));
    }
    Ok(last)
}

/// When the next unfinished message to a platform may be tried; `None` when nothing is owed.
pub fn next_due(connection: &mut Connection<'_>, platform: &str) -> Result<Option<DateTime<Utc>>, StoreError> {
    let next: Option<NaiveDateTime> = each_backend!(connection, c => deliveries::table
        .filter(deliveries::platform.eq(platform))
        .filter(deliveries::state.eq_any(UNFINISHED))
        .select(diesel::dsl::min(deliveries::next_attempt_at))
        .first(c))?;
    Ok(next.map(|at| at.and_utc()))
}
