//! `[keys]`: where key material lies.

use std::path::{Path, PathBuf};

use serde::Deserialize;

#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("environment variable {0} is not set")]
    NotSet(String),
    #[error("secret file {path} cannot be read")]
    Read {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{0} must be 64 hexadecimal digits (32 bytes); `openssl rand -hex 32` makes one")]
    NotAKey(&'static str),
}

/// Where a secret lies; it is never written into the configuration itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SecretSource {
    Env(String),
    File(PathBuf),
}

impl SecretSource {
    pub fn read(&self, environment: &dyn Fn(&str) -> Option<String>, resolve: &dyn Fn(&Path) -> PathBuf) -> Result<String, SecretError> {
        match self {
            Self::Env(name) => environment(name).ok_or_else(|| SecretError::NotSet(name.clone())),
            Self::File(path) => {
                let path = resolve(path);
                let text = std::fs::read_to_string(&path).map_err(|source| SecretError::Read { path, source })?;
                Ok(text.trim().to_owned())
            }
        }
    }
}

impl SecretSource {
    /// Reads a key of 32 bytes, written as 64 hexadecimal digits; `name` says which one in the error.
    pub fn read_key(
        &self,
        name: &'static str,
        environment: &dyn Fn(&str) -> Option<String>,
        resolve: &dyn Fn(&Path) -> PathBuf,
    ) -> Result<[u8; 32], SecretError> {
        key(&self.read(environment, resolve)?).ok_or(SecretError::NotAKey(name))
    }
}

/// Earlier master keys that a store may still need.
const MAX_PREVIOUS: usize = 8;

/// `[keys]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeysConfig {
    /// Wraps the keys that personal data is sealed with.
    pub master: SecretSource,
    /// Master keys before it, which only unwrap; needed until `onecase keys rotate` is through.
    pub previous: Vec<SecretSource>,
    /// Shared by the whole federation: makes fingerprints comparable.
    pub federation: SecretSource,
}

impl Default for KeysConfig {
    fn default() -> Self {
        Self {
            master: SecretSource::Env("ONECASE_MASTER_KEY".into()),
            previous: Vec::new(),
            federation: SecretSource::Env("ONECASE_FEDERATION_KEY".into()),
        }
    }
}

/// Keys of the configuration, in memory. Never printed.
#[derive(Clone)]
pub struct KeyMaterial {
    pub master: [u8; 32],
    pub previous: Vec<[u8; 32]>,
    pub federation: [u8; 32],
}

impl std::fmt::Debug for KeyMaterial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyMaterial(…)")
    }
}

impl KeysConfig {
    pub(super) fn check(&self) -> Result<(), String> {
        if self.previous.len() > MAX_PREVIOUS {
            return Err(format!("keys.previous must name at most {MAX_PREVIOUS} keys"));
        }
        Ok(())
    }

    pub fn read(
        &self,
        environment: &dyn Fn(&str) -> Option<String>,
        resolve: &dyn Fn(&Path) -> PathBuf,
    ) -> Result<KeyMaterial, SecretError> {
        let key = |name, source: &SecretSource| source.read_key(name, environment, resolve);
        Ok(KeyMaterial {
            master: key("keys.master", &self.master)?,
            previous: self.previous.iter().map(|source| key("keys.previous", source)).collect::<Result<_, _>>()?,
            federation: key("keys.federation", &self.federation)?,
        })
    }
}

impl KeyMaterial {
    /// A master key that is the first, and the federation's key.
    pub const fn new(master: [u8; 32], federation: [u8; 32]) -> Self {
        Self { master, previous: Vec::new(), federation }
    }
}

/// Secrets of one store, derived from its root secret. They outlive every master key: what was given out stays good. Never printed.
#[derive(Clone)]
pub struct StoreSecrets {
    pub case_code: [u8; 32],
    /// Makes the secret part of query codes.
    pub query_code: [u8; 32],
    /// Signs the audit log's checkpoints.
    pub audit: [u8; 32],
}

impl std::fmt::Debug for StoreSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StoreSecrets(…)")
    }
}

impl StoreSecrets {
    /// One root, a purpose each (BLAKE3 key derivation).
    pub fn derive(root: &[u8; 32]) -> Self {
        Self {
            case_code: blake3::derive_key("onecase 2026 case codes", root),
            query_code: blake3::derive_key("onecase 2026 public query codes", root),
            audit: blake3::derive_key("onecase 2026 audit log signatures", root),
        }
    }
}

/// 32 bytes from 64 hexadecimal digits.
pub(super) fn key(hex: &str) -> Option<[u8; 32]> {
    let bytes = hex.trim().as_bytes();
    if bytes.len() != 64 {
        return None;
    }
    let mut key = [0; 32];
    for (out, pair) in key.iter_mut().zip(bytes.chunks_exact(2)) {
        *out = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(key)
}
