//! What an operator sets: defaults, below the federation file, below the environment, below flags.
//!
//! One struct a section; the file is TOML and unknown members are refused. Secrets are named there and read from
//! the environment or from files.

mod alerts;
mod audit;
mod deadlines;
mod keys;
mod limits;
mod platforms;
mod publishing;
mod reconciliation;
mod sections;
mod supervision;

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
};

use serde::Deserialize;

pub use alerts::AlertsConfig;
pub use audit::{AuditConfig, WitnessConfig};
pub use deadlines::DeadlinesConfig;
pub use keys::{KeyMaterial, KeysConfig, SecretError, SecretSource, StoreSecrets};
pub use limits::{LimitsConfig, RateConfig};
pub use platforms::{PlatformConfig, SftpConfig, TlsConfig};
pub use publishing::{ExportConfig, MapConfig, PublicConfig};
pub use reconciliation::ReconciliationConfig;
pub use sections::{DeliveryConfig, LinkerConfig, OutboundConfig, ServerConfig, ServerTlsConfig, StoreConfig};
pub use supervision::{SupervisionConfig, WarningsConfig};

use crate::domain::organization::{Directory, DirectoryError, Organization};

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{path} cannot be read")]
    Read {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{path} is not a valid configuration")]
    Syntax {
        path: PathBuf,
        #[source]
        source: Box<toml::de::Error>,
    },
    #[error("environment variable {name} is not valid: {reason}")]
    Environment { name: &'static str, reason: String },
    #[error("{0}")]
    Invalid(String),
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    #[error(transparent)]
    Secret(#[from] SecretError),
}

/// The whole configuration of a node, checked.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    pub server: ServerConfig,
    pub store: StoreConfig,
    pub keys: KeysConfig,
    pub outbound: OutboundConfig,
    pub delivery: DeliveryConfig,
    pub linker: LinkerConfig,
    pub limits: LimitsConfig,
    pub audit: AuditConfig,
    pub deadlines: DeadlinesConfig,
    pub supervision: SupervisionConfig,
    pub warnings: WarningsConfig,
    pub alerts: AlertsConfig,
    pub reconciliation: ReconciliationConfig,
    pub export: ExportConfig,
    pub map: MapConfig,
    pub public: PublicConfig,
    /// A folder with more adapters than those compiled in; one of the same name replaces a compiled-in one.
    pub adapters: Option<PathBuf>,
    /// The directory of bodies: a TOML file with `[[organizations]]`.
    pub organizations: Option<PathBuf>,
    pub platforms: Vec<PlatformConfig>,
    /// Paths in the file are relative to its folder.
    #[serde(skip)]
    pub folder: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OrganizationsFile {
    organizations: Vec<Organization>,
}

impl Config {
    /// Reads the file, lets the environment override it, checks the result.
    pub fn load(path: &Path, environment: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut config: Self = parse(path)?;
        config.folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        config.apply_environment(environment)?;
        config.check()?;
        Ok(config)
    }

    fn apply_environment(&mut self, environment: &dyn Fn(&str) -> Option<String>) -> Result<(), ConfigError> {
        if let Some(url) = environment("ONECASE_STORE_URL") {
            self.store.url = url;
        }
        if let Some(listen) = environment("ONECASE_LISTEN") {
            self.server.listen =
                listen.parse().map_err(|_| ConfigError::Environment { name: "ONECASE_LISTEN", reason: "expected ADDRESS:PORT".into() })?;
        }
        Ok(())
    }

    /// Checks what one section alone cannot know.
    pub fn check(&self) -> Result<(), ConfigError> {
        let (mut ids, mut certificates) = (HashSet::new(), HashSet::new());
        for platform in &self.platforms {
            platform.check().map_err(ConfigError::Invalid)?;
            if !ids.insert(&platform.id) {
                return Err(ConfigError::Invalid(format!("platform {} is declared twice", platform.id)));
            }
            if let Some(digest) = platform.certificate_digests().find(|digest| !certificates.insert(*digest)) {
                let digest = digest.map(|byte| format!("{byte:02x}")).concat();
                return Err(ConfigError::Invalid(format!("the certificate {digest} stands for two platforms")));
            }
        }
        self.keys.check().map_err(ConfigError::Invalid)?;
        self.delivery.check().map_err(ConfigError::Invalid)?;
        // One attempt may ask for an access token first; a lease that ends before it lets another node send the same message.
        if self.delivery.lease_ms <= self.outbound.total_timeout_ms.saturating_mul(2) {
            return Err(ConfigError::Invalid("delivery.lease_ms must be more than twice outbound.total_timeout_ms".into()));
        }
        self.linker.check().map_err(ConfigError::Invalid)?;
        self.reconciliation.check().map_err(ConfigError::Invalid)?;
        self.export.check().map_err(ConfigError::Invalid)?;
        self.map.check().map_err(ConfigError::Invalid)?;
        self.server.check().map_err(ConfigError::Invalid)?;
        self.audit.check().map_err(ConfigError::Invalid)
    }

    /// Platforms by the SHA-256 of their certificates.
    pub fn certificates(&self) -> HashMap<[u8; 32], String> {
        let of = |platform: &PlatformConfig| platform.certificate_digests().map(|digest| (digest, platform.id.clone())).collect::<Vec<_>>();
        self.platforms.iter().flat_map(of).collect()
    }

    /// A path of the file as seen from the working directory.
    pub fn resolve(&self, path: &Path) -> PathBuf {
        if path.is_absolute() { path.to_path_buf() } else { self.folder.join(path) }
    }

    /// The store's address with a relative SQLite path resolved.
    pub fn store_url(&self) -> String {
        match self.store.url.strip_prefix("sqlite:") {
            Some(path) => format!("sqlite:{}", self.resolve(Path::new(path.strip_prefix("//").unwrap_or(path))).display()),
            None => self.store.url.clone(),
        }
    }

    /// Reads the directory of bodies and checks that each named platform is declared.
    pub fn directory(&self) -> Result<Directory, ConfigError> {
        let Some(path) = &self.organizations else { return Ok(Directory::default()) };
        let file: OrganizationsFile = parse(&self.resolve(path))?;
        for organization in &file.organizations {
            if let Some(platform) = organization.platform.as_ref().filter(|id| !self.platforms.iter().any(|p| &p.id == *id)) {
                return Err(ConfigError::Invalid(format!(
                    "organization {} names platform {platform}, which is not declared",
                    organization.id
                )));
            }
        }
        Ok(Directory::new(file.organizations)?)
    }
}

fn parse<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_path_buf(), source })?;
    toml::from_str(&text).map_err(|source| ConfigError::Syntax { path: path.to_path_buf(), source: Box::new(source) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str, environment: &dyn Fn(&str) -> Option<String>) -> Result<Config, ConfigError> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("federation.toml");
        std::fs::write(&path, text).expect("written");
        Config::load(&path, environment)
    }

    #[test]
    fn the_environment_stands_above_the_file() {
        let file = "[server]\nlisten = \"127.0.0.1:1\"\n[store]\nurl = \"sqlite:a.db\"\n";
        let config = load(file, &|name| (name == "ONECASE_LISTEN").then(|| "127.0.0.1:2".to_owned())).expect("valid");
        assert_eq!(config.server.listen.port(), 2);
        assert!(config.store_url().ends_with("/a.db"));
        let night = load("[reconciliation]\nat = \"02:15\"\n", &|_| None).expect("valid").reconciliation;
        assert_eq!((night.at.to_string().as_str(), night.days), ("02:15:00", 7));
    }

    #[test]
    fn mistakes_are_named() {
        let none = |_: &str| None;
        for (text, part) in [
            ("[server]\nport = 1\n", "unknown field"),
            ("[[platforms]]\nid = \"a\"\nname = \"甲\"\nkind = \"mobile\"\ndivision = \"999999\"\n", "division"),
            ("[[platforms]]\nid = \"A b\"\nname = \"甲\"\nkind = \"mobile\"\ndivision = \"000000\"\n", "id"),
            (
                "[[platforms]]\nid = \"a\"\nname = \"甲\"\nkind = \"mobile\"\ndivision = \"000000\"\n[platforms.sftp]\nhost = \"h\"\nuser = \"u\"\nfolder = \"/out\"\nhost_keys = []\npassword = { env = \"P\" }\n",
                "host_keys",
            ),
            ("[delivery]\nmax_attempts = 0\n", "max_attempts"),
            ("[delivery]\nlease_ms = 40000\n", "lease_ms"),
            ("[reconciliation]\ndays = 32\n", "reconciliation.days"),
            ("[server]\nconcurrent_requests = 0\n", "concurrent_requests"),
            ("[limits.rate]\nrequests_per_second = 0\nburst = 1\n", "nonzero"),
            ("[server]\nmax_body_bytes = 1\n", "unknown field"),
        ] {
            let error = load(text, &none).expect_err(text);
            let shown = format!("{error} {}", std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default());
            assert!(shown.contains(part), "{shown}");
        }
    }
}
