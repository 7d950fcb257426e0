//! API keys, stored as hashes.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use super::{
    Connection, Page, StoreError,
    connection::each_backend,
    schema::{api_keys, key_checks},
    stored,
};
use crate::domain::platform::Scope;

/// A key without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    pub id: String,
    /// BLAKE3 of the secret, which has 256 random bits and so needs no salt.
    pub hash: [u8; 32],
    /// `None` for people of the bureau.
    pub platform: Option<String>,
    pub scopes: Vec<Scope>,
    /// What the key may see lies in it; `None`: wherever.
    pub division: Option<String>,
    pub label: String,
    pub created_at: DateTime<Utc>,
    /// From then on it opens nothing.
    pub expires_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = api_keys, treat_none_as_default_value = false)]
struct ApiKeyRow {
    id: String,
    hash: Vec<u8>,
    platform: Option<String>,
    scopes: String,
    division: Option<String>,
    label: String,
    created_at: NaiveDateTime,
    expires_at: Option<NaiveDateTime>,
    revoked_at: Option<NaiveDateTime>,
}

impl TryFrom<ApiKeyRow> for ApiKey {
    type Error = StoreError;

    fn try_from(row: ApiKeyRow) -> Result<Self, StoreError> {
        Ok(Self {
            hash: row.hash.try_into().map_err(|_| StoreError::corrupt("API key", "its hash does not have 32 bytes"))?,
            scopes: row.scopes.split(' ').filter_map(Scope::parse).collect(),
            id: row.id,
            platform: row.platform,
            division: row.division,
            label: row.label,
            created_at: row.created_at.and_utc(),
            expires_at: row.expires_at.map(|at| at.and_utc()),
            revoked_at: row.revoked_at.map(|at| at.and_utc()),
        })
    }
}

/// Writes a key; a key with the same hash stays as it is.
pub fn insert(connection: &mut Connection<'_>, key: &ApiKey) -> Result<(), StoreError> {
    let row = ApiKeyRow {
        id: key.id.clone(),
        hash: key.hash.to_vec(),
        platform: key.platform.clone(),
        scopes: key.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" "),
        division: key.division.clone(),
        label: key.label.clone(),
        created_at: stored(key.created_at),
        expires_at: key.expires_at.map(stored),
        revoked_at: key.revoked_at.map(stored),
    };
    each_backend!(connection, c => diesel::insert_into(api_keys::table).values(&row).on_conflict_do_nothing().execute(c))?;
    Ok(())
}

/// The key that is neither revoked nor over and hashes so.
pub fn find_valid(connection: &mut Connection<'_>, hash: &[u8; 32], now: DateTime<Utc>) -> Result<Option<ApiKey>, StoreError> {
    let row: Option<ApiKeyRow> = each_backend!(connection, c => api_keys::table
        .filter(api_keys::hash.eq(&hash[..]))
        .filter(api_keys::revoked_at.is_null())
        .filter(api_keys::expires_at.is_null().or(api_keys::expires_at.gt(stored(now))))
        .select(ApiKeyRow::as_select())
        .first(c)
        .optional())?;
    row.map(ApiKey::try_from).transpose()
}

pub fn revoke(connection: &mut Connection<'_>, id: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
    let changed = each_backend!(connection, c => diesel::update(api_keys::table)
        .filter(api_keys::id.eq(id))
        .filter(api_keys::revoked_at.is_null())
        .set(api_keys::revoked_at.eq(stored(now)))
        .execute(c))?;
    Ok(changed == 1)
}

pub fn list(connection: &mut Connection<'_>) -> Result<Vec<ApiKey>, StoreError> {
    let rows: Vec<ApiKeyRow> = each_backend!(connection, c => api_keys::table
        .order(api_keys::created_at)
        .limit(Page::MAX_LIMIT)
        .select(ApiKeyRow::as_select())
        .load(c))?;
    rows.into_iter().map(ApiKey::try_from).collect()
}

/// True if the store was made with the same key, or is new and remembers this one. `check` says nothing about the key.
pub fn same_key(connection: &mut Connection<'_>, name: &str, check: &[u8; 32]) -> Result<bool, StoreError> {
    each_backend!(connection, c => diesel::insert_into(key_checks::table)
        .values((key_checks::name.eq(name), key_checks::value.eq(&check[..])))
        .on_conflict_do_nothing()
        .execute(c))?;
    let stored: Vec<u8> = each_backend!(connection, c => key_checks::table.find(name).select(key_checks::value).first(c))?;
    Ok(stored[..] == check[..])
}
