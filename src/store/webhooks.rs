//! Endpoints that follow the change feed, and what each was told.
//!
//! An endpoint is a position in the feed, so nothing is written for it when things happen, however many follow. Guarantees:
//! - Events reach an endpoint in the order of the feed: whoever holds its lease tells it one event after another.
//! - A turn's results count only while its lease stands; a sender that dies leaves one that expires.
//! - The position moves in the transaction that records how an event went, and only from where the turn knew it.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use super::{
    Connection, Page, StoreError, changes,
    connection::{Log, each_backend},
    deliveries::Lease,
    schema::{webhook_events, webhooks},
    seal::Sealer,
    stored, word,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WebhookState {
    Active,
    /// By its owner; goes on where it stopped.
    Paused,
    /// It answered 410: it is no more.
    Gone,
    /// Its address lies where nothing may be sent.
    AddressRefused,
    /// Too many events in a row were given up on.
    Failing,
    /// The key that made it was revoked.
    Orphaned,
}

impl WebhookState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Gone => "gone",
            Self::AddressRefused => "address_refused",
            Self::Failing => "failing",
            Self::Orphaned => "orphaned",
        }
    }
}

/// A signing secret; one that was replaced counts until a time.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Secret {
    /// `whsec_` and base64.
    pub secret: String,
    pub until: Option<DateTime<Utc>>,
}

/// What is kept sealed.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Settings {
    pub url: String,
    pub description: String,
    /// The newest first.
    pub secrets: Vec<Secret>,
}

#[derive(Clone)]
pub struct Webhook {
    pub id: String,
    pub owner: Option<String>,
    /// The key that set it up or resumed it last, by its id; `None`: somebody at the pages.
    pub made_by: Option<String>,
    pub settings: Settings,
    /// Types of events it wants; all if empty.
    pub kinds: Vec<String>,
    pub state: WebhookState,
    pub position: i64,
    pub replaying: bool,
    pub attempts: i32,
    pub failing_since: Option<DateTime<Utc>>,
    pub dead_in_a_row: i32,
    pub next_attempt_at: DateTime<Utc>,
    pub last_success_at: Option<DateTime<Utc>>,
    pub last_error: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Insertable, AsChangeset, Queryable, Selectable)]
#[diesel(table_name = webhooks, treat_none_as_null = true, treat_none_as_default_value = false)]
struct WebhookRow {
    id: String,
    /// Empty for those of the bureau: comparing with NULL differs between the backends.
    owner: String,
    made_by: String,
    settings: Vec<u8>,
    kinds: String,
    state: String,
    position: i64,
    replaying: bool,
    attempts: i32,
    failing_since: Option<NaiveDateTime>,
    dead_in_a_row: i32,
    next_attempt_at: NaiveDateTime,
    lease_owner: Option<String>,
    lease_until: Option<NaiveDateTime>,
    last_success_at: Option<NaiveDateTime>,
    last_error: Option<String>,
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
}

fn context(id: &str) -> String {
    format!("webhook:{id}")
}

impl WebhookRow {
    /// Without a lease: a row that is written whole is in nobody's hands.
    fn of(webhook: &Webhook, sealer: &Sealer) -> Result<Self, StoreError> {
        Ok(Self {
            id: webhook.id.clone(),
            owner: webhook.owner.clone().unwrap_or_default(),
            made_by: webhook.made_by.clone().unwrap_or_default(),
            settings: sealer.seal_json(&context(&webhook.id), &webhook.settings)?,
            kinds: webhook.kinds.join(" "),
            state: webhook.state.as_str().to_owned(),
            position: webhook.position,
            replaying: webhook.replaying,
            attempts: webhook.attempts,
            failing_since: webhook.failing_since.map(stored),
            dead_in_a_row: webhook.dead_in_a_row,
            next_attempt_at: stored(webhook.next_attempt_at),
            lease_owner: None,
            lease_until: None,
            last_success_at: webhook.last_success_at.map(stored),
            last_error: webhook.last_error.clone(),
            created_at: stored(webhook.created_at),
            updated_at: stored(webhook.updated_at),
        })
    }

    fn open(self, sealer: &Sealer) -> Result<Webhook, StoreError> {
        Ok(Webhook {
            settings: sealer.open_json(&context(&self.id), &self.settings)?,
            id: self.id,
            owner: Some(self.owner).filter(|owner| !owner.is_empty()),
            made_by: Some(self.made_by).filter(|key| !key.is_empty()),
            kinds: self.kinds.split(' ').filter(|kind| !kind.is_empty()).map(str::to_owned).collect(),
            state: word("webhook state", self.state)?,
            position: self.position,
            replaying: self.replaying,
            attempts: self.attempts,
            failing_since: self.failing_since.map(|at| at.and_utc()),
            dead_in_a_row: self.dead_in_a_row,
            next_attempt_at: self.next_attempt_at.and_utc(),
            last_success_at: self.last_success_at.map(|at| at.and_utc()),
            last_error: self.last_error,
            created_at: self.created_at.and_utc(),
            updated_at: self.updated_at.and_utc(),
        })
    }
}

/// Writes a new endpoint, unless its owner has `limit` already: then `false`.
pub fn insert(connection: &mut Connection<'_>, sealer: &Sealer, webhook: &Webhook, limit: i64) -> Result<bool, StoreError> {
    connection.lock_log(Log::Webhooks)?;
    let owned: i64 = each_backend!(connection, c => webhooks::table
        .filter(webhooks::owner.eq(webhook.owner.as_deref().unwrap_or_default()))
        .count()
        .get_result(c))?;
    if owned >= limit {
        return Ok(false);
    }
    let row = WebhookRow::of(webhook, sealer)?;
    each_backend!(connection, c => diesel::insert_into(webhooks::table).values(&row).execute(c))?;
    Ok(true)
}

/// Writes an endpoint whole; whoever holds its lease loses it. Call in the transaction that read it by [`lock`].
pub fn replace(connection: &mut Connection<'_>, sealer: &Sealer, webhook: &Webhook) -> Result<(), StoreError> {
    let row = WebhookRow::of(webhook, sealer)?;
    each_backend!(connection, c => diesel::update(webhooks::table.find(&webhook.id)).set(&row).execute(c))?;
    Ok(())
}

/// Removes an endpoint and what is known of its events; `false` if there is none.
pub fn delete(connection: &mut Connection<'_>, id: &str) -> Result<bool, StoreError> {
    each_backend!(connection, c => diesel::delete(webhook_events::table.filter(webhook_events::webhook_id.eq(id))).execute(c))?;
    let deleted = each_backend!(connection, c => diesel::delete(webhooks::table.find(id)).execute(c))?;
    Ok(deleted == 1)
}

pub fn find(connection: &mut Connection<'_>, sealer: &Sealer, id: &str) -> Result<Option<Webhook>, StoreError> {
    let row: Option<WebhookRow> =
        each_backend!(connection, c => webhooks::table.find(id).select(WebhookRow::as_select()).first(c).optional())?;
    row.map(|row| row.open(sealer)).transpose()
}

/// Reads an endpoint to change it: nobody else does until the transaction ends.
pub fn lock(connection: &mut Connection<'_>, sealer: &Sealer, id: &str) -> Result<Option<Webhook>, StoreError> {
    let row: Option<WebhookRow> = match connection {
        Connection::Sqlite(c) => webhooks::table.find(id).select(WebhookRow::as_select()).first(*c).optional()?,
        Connection::Postgres(c) => webhooks::table.find(id).select(WebhookRow::as_select()).for_update().first(*c).optional()?,
    };
    row.map(|row| row.open(sealer)).transpose()
}

/// The endpoints of one owner, oldest first; at most one full page.
pub fn of_owner(connection: &mut Connection<'_>, sealer: &Sealer, owner: Option<&str>) -> Result<Vec<Webhook>, StoreError> {
    let rows: Vec<WebhookRow> = each_backend!(connection, c => webhooks::table
        .filter(webhooks::owner.eq(owner.unwrap_or_default()))
        .order(webhooks::id)
        .limit(Page::MAX_LIMIT)
        .select(WebhookRow::as_select())
        .load(c))?;
    rows.into_iter().map(|row| row.open(sealer)).collect()
}

/// Stops the active endpoints of a key that was revoked; answers how many.
pub fn orphan(connection: &mut Connection<'_>, key: &str, now: DateTime<Utc>) -> Result<usize, StoreError> {
    Ok(each_backend!(connection, c => diesel::update(webhooks::table)
        .filter(webhooks::made_by.eq(key))
        .filter(webhooks::state.eq(WebhookState::Active.as_str()))
        .set((
            webhooks::state.eq(WebhookState::Orphaned.as_str()),
            webhooks::lease_owner.eq(None::<String>),
            webhooks::lease_until.eq(None::<NaiveDateTime>),
            webhooks::updated_at.eq(stored(now)),
        ))
        .execute(c))?)
}

/// Takes up to `limit` active endpoints that have something to be told. Call inside a transaction.
pub fn claim(
    connection: &mut Connection<'_>,
    sealer: &Sealer,
    lease: &Lease,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Webhook>, StoreError> {
    let (at, head) = (stored(now), changes::head(connection)?);
    macro_rules! due {
        () => {
            webhooks::table
                .filter(webhooks::state.eq(WebhookState::Active.as_str()))
                .filter(webhooks::next_attempt_at.le(at))
                .filter(webhooks::lease_until.is_null().or(webhooks::lease_until.lt(at).assume_not_null()))
                .filter(webhooks::position.lt(head).or(webhooks::replaying))
                .order(webhooks::next_attempt_at)
                .limit(limit)
                .select(webhooks::id)
        };
    }
    let due: Vec<String> = match connection {
        Connection::Sqlite(c) => due!().load(*c)?,
        Connection::Postgres(c) => due!().for_update().skip_locked().load(*c)?,
    };
    if due.is_empty() {
        return Ok(Vec::new());
    }
    each_backend!(connection, c => diesel::update(webhooks::table.filter(webhooks::id.eq_any(&due)))
        .set((webhooks::lease_owner.eq(&lease.owner), webhooks::lease_until.eq(stored(now + lease.duration))))
        .execute(c))?;
    let rows: Vec<WebhookRow> = each_backend!(connection, c => webhooks::table
        .filter(webhooks::id.eq_any(&due))
        .select(WebhookRow::as_select())
        .load(c))?;
    rows.into_iter().map(|row| row.open(sealer)).collect()
}

/// What a turn found out, to be kept if its lease still stands. The lease goes on, or is given back.
#[derive(Clone, Debug)]
pub struct Progress {
    /// From where the turn knew the endpoint to be, and to where it has come.
    pub from: i64,
    pub to: i64,
    pub state: WebhookState,
    pub replaying: bool,
    pub attempts: i32,
    pub failing_since: Option<DateTime<Utc>>,
    pub dead_in_a_row: i32,
    pub next_attempt_at: DateTime<Utc>,
    pub last_success_at: Option<DateTime<Utc>>,
    pub last_error: Option<String>,
    pub lease_until: Option<DateTime<Utc>>,
}

/// Keeps a turn's progress; `false` if the endpoint is no longer in this owner's hands, or was moved by somebody else.
pub fn advance(connection: &mut Connection<'_>, id: &str, owner: &str, progress: &Progress) -> Result<bool, StoreError> {
    let changed = each_backend!(connection, c => diesel::update(webhooks::table)
        .filter(webhooks::id.eq(id))
        .filter(webhooks::lease_owner.eq(owner))
        .filter(webhooks::position.eq(progress.from))
        .set((
            webhooks::position.eq(progress.to),
            webhooks::state.eq(progress.state.as_str()),
            webhooks::replaying.eq(progress.replaying),
            webhooks::attempts.eq(progress.attempts),
            webhooks::failing_since.eq(progress.failing_since.map(stored)),
            webhooks::dead_in_a_row.eq(progress.dead_in_a_row),
            webhooks::next_attempt_at.eq(stored(progress.next_attempt_at)),
            webhooks::last_success_at.eq(progress.last_success_at.map(stored)),
            webhooks::last_error.eq(&progress.last_error),
            webhooks::lease_owner.eq(progress.lease_until.map(|_| owner)),
            webhooks::lease_until.eq(progress.lease_until.map(stored)),
        ))
        .execute(c))?;
    Ok(changed == 1)
}

/// How an event went at an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ToldState {
    /// Not yet; will be tried again.
    Pending,
    Delivered,
    /// Given up; can be replayed.
    Dead,
}

impl ToldState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }
}

/// An event and an endpoint.
#[derive(Clone, Debug)]
pub struct Told {
    pub event_seq: i64,
    pub event_id: String,
    pub kind: String,
    pub state: ToldState,
    pub attempts: i32,
    pub http_status: Option<i32>,
    pub error: Option<String>,
    pub attempted_at: DateTime<Utc>,
}

#[derive(Insertable, AsChangeset, Queryable, Selectable)]
#[diesel(table_name = webhook_events, treat_none_as_null = true, treat_none_as_default_value = false)]
struct ToldRow {
    webhook_id: String,
    event_seq: i64,
    event_id: String,
    kind: String,
    state: String,
    attempts: i32,
    http_status: Option<i32>,
    error: Option<String>,
    attempted_at: NaiveDateTime,
}

/// Notes how an event went, over what was noted before.
pub fn note(connection: &mut Connection<'_>, webhook: &str, told: &Told) -> Result<(), StoreError> {
    let row = ToldRow {
        webhook_id: webhook.to_owned(),
        event_seq: told.event_seq,
        event_id: told.event_id.clone(),
        kind: told.kind.clone(),
        state: told.state.as_str().to_owned(),
        attempts: told.attempts,
        http_status: told.http_status,
        error: told.error.clone(),
        attempted_at: stored(told.attempted_at),
    };
    each_backend!(connection, c => diesel::insert_into(webhook_events::table)
        .values(&row)
        .on_conflict((webhook_events::webhook_id, webhook_events::event_seq))
        .do_update()
        .set(&row)
        .execute(c))?;
    Ok(())
}

/// What an endpoint was told, newest first.
pub fn told(connection: &mut Connection<'_>, webhook: &str, state: Option<ToldState>, page: Page) -> Result<Vec<Told>, StoreError> {
    let rows: Vec<ToldRow> = each_backend!(connection, c => {
        let mut query = webhook_events::table.select(ToldRow::as_select()).into_boxed();
        if let Some(state) = state {
            query = query.filter(webhook_events::state.eq(state.as_str()));
        }
        query
            .filter(webhook_events::webhook_id.eq(webhook))
            .filter(webhook_events::event_seq.lt(page.below().0))
            .order(webhook_events::event_seq.desc())
            .limit(page.limit)
            .load(c)
    })?;
    rows.into_iter()
        .map(|row| {
            Ok(Told {
                event_seq: row.event_seq,
                event_id: row.event_id,
                kind: row.kind,
                state: word("told state", row.state)?,
                attempts: row.attempts,
                http_status: row.http_status,
                error: row.error,
                attempted_at: row.attempted_at.and_utc(),
            })
        })
        .collect()
}

/// Positions of the events that an endpoint was told already and shall be told again, oldest first.
pub fn to_replay(connection: &mut Connection<'_>, webhook: &Webhook, limit: i64) -> Result<Vec<i64>, StoreError> {
    Ok(each_backend!(connection, c => webhook_events::table
        .filter(webhook_events::webhook_id.eq(&webhook.id))
        .filter(webhook_events::state.eq(ToldState::Pending.as_str()))
        .filter(webhook_events::event_seq.le(webhook.position))
        .order(webhook_events::event_seq)
        .limit(limit)
        .select(webhook_events::event_seq)
        .load(c))?)
}

/// Marks the events that were given up on to be sent again; answers how many.
pub fn revive(connection: &mut Connection<'_>, webhook: &str) -> Result<usize, StoreError> {
    Ok(each_backend!(connection, c => diesel::update(webhook_events::table)
        .filter(webhook_events::webhook_id.eq(webhook))
        .filter(webhook_events::state.eq(ToldState::Dead.as_str()))
        .set((webhook_events::state.eq(ToldState::Pending.as_str()), webhook_events::attempts.eq(0)))
        .execute(c))?)
}

/// Forgets how events went that were delivered before one time, or given up on before another; answers how many.
pub fn expire(connection: &mut Connection<'_>, delivered: DateTime<Utc>, dead: DateTime<Utc>) -> Result<usize, StoreError> {
    let ended = |state: ToldState, before: DateTime<Utc>| {
        webhook_events::attempted_at.lt(stored(before)).and(webhook_events::state.eq(state.as_str()))
    };
    Ok(each_backend!(connection, c => diesel::delete(
        webhook_events::table.filter(ended(ToldState::Delivered, delivered).or(ended(ToldState::Dead, dead)))
    )
    .execute(c))?)
}

/// Forgets how an event went; for one whose case its owner has no more to do with.
pub fn forget(connection: &mut Connection<'_>, webhook: &str, event_seq: i64) -> Result<(), StoreError> {
    each_backend!(connection, c => diesel::delete(webhook_events::table.find((webhook, event_seq))).execute(c))?;
    Ok(())
}
