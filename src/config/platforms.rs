//! `[[platforms]]`: who takes part.

use std::{collections::BTreeMap, path::PathBuf};

use serde::Deserialize;

use super::{
    keys::{SecretError, SecretSource, key as digest_of},
    limits::RateConfig,
};
use crate::domain::{
    division,
    platform::{Platform, PlatformKind},
};

/// A federated platform and how to reach it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlatformConfig {
    pub id: String,
    pub name: String,
    pub kind: PlatformKind,
    pub division: String,
    /// The adapter's folder name; a platform without one speaks the exchange format itself.
    #[serde(default)]
    pub adapter: Option<String>,
    /// Where its API is, without a final slash.
    #[serde(default)]
    pub base_url: Option<String>,
    /// Overrides the pauses between pulls that the adapter suggests, seconds.
    #[serde(default)]
    pub pull_interval_ms: Option<u64>,
    /// The folder the platform drops files into; `done` and `failed` are made in it.
    #[serde(default)]
    pub folder: Option<PathBuf>,
    /// The folder on an SFTP server the platform drops files into, instead of one on this machine.
    #[serde(default)]
    pub sftp: Option<SftpConfig>,
    /// For servers that want to see a certificate, or have one of an authority of their own.
    #[serde(default)]
    pub tls: Option<TlsConfig>,
    /// SHA-256 digests, in hexadecimal, of the certificates it shows instead of a key; two while one follows the other.
    #[serde(default)]
    pub certificates: Vec<String>,
    /// What it may ask of a node, instead of `limits.rate`.
    #[serde(default)]
    pub rate: Option<RateConfig>,
    /// The secrets the adapter names.
    #[serde(default)]
    pub secrets: BTreeMap<String, SecretSource>,
}

/// `[platforms.tls]`: files in PEM form.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// Our certificate and those between it and its authority.
    #[serde(default)]
    pub certificate: Option<PathBuf>,
    /// Its private key.
    #[serde(default)]
    pub key: Option<SecretSource>,
    /// Whom the server's certificate must come from, instead of the public authorities.
    #[serde(default)]
    pub authority: Option<PathBuf>,
}

/// `[platforms.sftp]`: where the folder is, whom we must find there, and how we are let in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SftpConfig {
    pub host: String,
    #[serde(default = "ssh_port")]
    pub port: u16,
    pub user: String,
    /// The folder's path on the server; `done` and `failed` are made in it.
    pub folder: String,
    /// Fingerprints the server's key may have, as `ssh-keygen -l` writes them. Without one nobody is believed to be the server.
    pub host_keys: Vec<String>,
    #[serde(default)]
    pub password: Option<SecretSource>,
    /// A private key, Ed25519 or ECDSA.
    #[serde(default)]
    pub key: Option<SecretSource>,
    #[serde(default)]
    pub passphrase: Option<SecretSource>,
}

fn ssh_port() -> u16 {
    22
}

impl SftpConfig {
    fn check(&self) -> Result<(), &'static str> {
        // 32 bytes in base64 without padding.
        let is_fingerprint = |text: &String| {
            text.strip_prefix("SHA256:")
                .is_some_and(|hash| hash.len() == 43 && hash.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/'))
        };
        if self.host_keys.is_empty() || !self.host_keys.iter().all(is_fingerprint) {
            return Err(
                "sftp.host_keys must name at least one fingerprint, `SHA256:` and 43 characters; `ssh-keyscan HOST | ssh-keygen -lf -` shows those a server has, to be compared with what its operator says",
            );
        }
        if self.password.is_some() == self.key.is_some() {
            return Err("either sftp.password or sftp.key is given");
        }
        if self.passphrase.is_some() && self.key.is_none() {
            return Err("sftp.passphrase opens sftp.key, which is not given");
        }
        Ok(())
    }
}

impl PlatformConfig {
    pub(super) fn check(&self) -> Result<(), String> {
        let valid_id = (1..=63).contains(&self.id.len())
            && !self.id.starts_with('-')
            && self.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !valid_id {
            return Err(format!("platform id {:?} must have 1 to 63 lower-case letters, digits and hyphens", self.id));
        }
        if self.tls.as_ref().is_some_and(|tls| tls.certificate.is_some() != tls.key.is_some()) {
            return Err(format!("platform {}: tls.certificate and tls.key are given together", self.id));
        }
        if self.folder.is_some() && self.sftp.is_some() {
            return Err(format!("platform {}: files lie in a folder or on an SFTP server, not in both", self.id));
        }
        if let Some(Err(reason)) = self.sftp.as_ref().map(SftpConfig::check) {
            return Err(format!("platform {}: {reason}", self.id));
        }
        if let Some(wrong) = self.certificates.iter().find(|digest| digest_of(digest).is_none()) {
            return Err(format!("platform {}: certificates has {wrong:?}, which is no SHA-256 in hexadecimal", self.id));
        }
        if !division::is_known(&self.division) {
            return Err(format!("platform {} has an unknown division {}", self.id, self.division));
        }
        Ok(())
    }

    /// The digests of its certificates.
    pub(super) fn certificate_digests(&self) -> impl Iterator<Item = [u8; 32]> {
        self.certificates.iter().filter_map(|digest| digest_of(digest))
    }

    pub fn platform(&self) -> Platform {
        Platform { id: self.id.clone(), name: self.name.clone(), kind: self.kind, division: self.division.clone() }
    }

    /// Reads the named secrets from where they lie.
    pub fn read_secrets(
        &self,
        environment: &dyn Fn(&str) -> Option<String>,
        resolve: &dyn Fn(&std::path::Path) -> PathBuf,
    ) -> Result<BTreeMap<String, String>, SecretError> {
        self.secrets.iter().map(|(name, source)| Ok((name.clone(), source.read(environment, resolve)?))).collect()
    }
}
