//! API keys: who calls, and what for.

use chrono::{DateTime, Utc};

use super::{AppError, Gateway};
use crate::{
    domain::{id, platform::Scope},
    store::{
        StoreError,
        keys::{self, ApiKey},
        webhooks,
    },
};

/// Makes keys recognisable to secret scanners.
const PREFIX: &str = "oc_";

/// Who a valid key stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// `None`: people of the bureau.
    pub platform: Option<String>,
    pub scopes: Vec<Scope>,
    /// What may be seen lies in it; `None`: wherever.
    pub division: Option<String>,
    pub key_id: String,
    /// What the key was made for, in its maker's words; may be empty.
    pub label: String,
}

impl Credential {
    /// Names the key for what is recorded as somebody's doing: its label, and its id, which nobody can choose.
    pub fn actor(&self) -> String {
        if self.label.is_empty() { self.key_id.clone() } else { format!("{} ({})", self.label, self.key_id) }
    }
}

/// A key just made. The secret is shown once and stored nowhere.
#[derive(Clone)]
pub struct NewKey {
    pub id: String,
    pub secret: String,
}

/// What a key is given.
#[derive(Clone, Debug, Default)]
pub struct Grant {
    /// `None`: a key of the bureau.
    pub platform: Option<String>,
    pub scopes: Vec<Scope>,
    /// What may be seen lies in it.
    pub division: Option<String>,
    /// What it is for, in a few words.
    pub label: String,
    /// From then on it opens nothing.
    pub expires_at: Option<DateTime<Utc>>,
}

/// The secret of a key: 256 random bits.
pub fn new_secret() -> String {
    let random: [u8; 32] = rand::random();
    format!("{PREFIX}{}", crate::audit::hex(&random))
}

fn hash(secret: &str) -> [u8; 32] {
    *blake3::hash(secret.as_bytes()).as_bytes()
}

impl Gateway {
    /// Who the key stands for; `None` for an unknown, revoked or expired one.
    ///
    /// Looked up by its hash, so how long the answer takes says nothing about any secret.
    pub async fn authenticate(&self, key: &str) -> Result<Option<Credential>, AppError> {
        if !key.starts_with(PREFIX) || key.len() > 128 {
            return Ok(None);
        }
        let (hash, now) = (hash(key), self.now());
        let found = self.0.store.run(move |store| store.read(|connection| keys::find_valid(connection, &hash, now))).await?;
        Ok(found.map(|key| Credential {
            platform: key.platform,
            scopes: key.scopes,
            division: key.division,
            key_id: key.id,
            label: key.label,
        }))
    }

    /// Takes a key back, and stops the endpoints it made; `false` if there is no valid key of this id.
    pub fn revoke_key(&self, id: &str) -> Result<bool, StoreError> {
        let now = self.now();
        self.0.store.transaction(|c| {
            let revoked = keys::revoke(c, id, now)?;
            if revoked {
                webhooks::orphan(c, id, now)?;
            }
            Ok(revoked)
        })
    }

    /// The platform that a certificate stands for, by its SHA-256; it may file and handle.
    pub fn authenticate_certificate(&self, sha256: &[u8; 32]) -> Option<Credential> {
        let platform = self.0.certificates.get(sha256)?;
        Some(Credential {
            platform: Some(platform.clone()),
            scopes: vec![Scope::Submit, Scope::Handle],
            division: None,
            key_id: format!("certificate:{}", crate::audit::hex(sha256)),
            label: String::new(),
        })
    }

    /// True if any platform shows a certificate instead of a key.
    pub fn knows_certificates(&self) -> bool {
        !self.0.certificates.is_empty()
    }

    /// Makes a key of 256 random bits.
    pub fn create_key(&self, platform: Option<&str>, scopes: &[Scope], label: &str) -> Result<NewKey, StoreError> {
        self.adopt_key(&new_secret(), platform, scopes, label)
    }

    /// [`Gateway::create_key`], for a key that is confined to a division or ends by itself.
    pub fn grant_key(&self, grant: &Grant) -> Result<NewKey, StoreError> {
        self.write_key(&new_secret(), grant)
    }

    /// Lets a key of [`new_secret`] count here; for a store made anew whose callers keep their keys.
    pub fn adopt_key(&self, secret: &str, platform: Option<&str>, scopes: &[Scope], label: &str) -> Result<NewKey, StoreError> {
        let grant = Grant {
            platform: platform.map(str::to_owned),
            scopes: scopes.to_vec(),
            division: None,
            label: label.to_owned(),
            expires_at: None,
        };
        self.write_key(secret, &grant)
    }

    fn write_key(&self, secret: &str, grant: &Grant) -> Result<NewKey, StoreError> {
        let now = self.now();
        let key = ApiKey {
            id: id::new_id(now),
            hash: hash(secret),
            platform: grant.platform.clone(),
            scopes: grant.scopes.clone(),
            division: grant.division.clone(),
            label: grant.label.clone(),
            created_at: now,
            expires_at: grant.expires_at,
            revoked_at: None,
        };
        self.0.store.transaction(|connection| keys::insert(connection, &key))?;
        Ok(NewKey { id: key.id, secret: secret.to_owned() })
    }
}
