//! Who takes part: platforms with their adapters and secrets, and the directory of bodies.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use include_dir::{Dir, include_dir};

use crate::{
    adapter::{Adapter, AdapterError, Secrets},
    config::{Config, ConfigError, PlatformConfig, SecretError, SecretSource, SftpConfig, TlsConfig},
    domain::{
        division::{self, Level},
        message::OrganizationReference,
        organization::Directory,
        platform::Platform,
    },
    net::{
        TlsIdentity,
        sftp::{self, SftpFolder, SftpLogin},
    },
};

static COMPILED_IN: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/adapters");

#[derive(Debug, thiserror::Error)]
pub enum FederationError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("platform {platform}: {source}")]
    Secret {
        platform: String,
        #[source]
        source: SecretError,
    },
    #[error("platform {platform}: adapter {adapter} cannot be used")]
    Adapter {
        platform: String,
        adapter: String,
        #[source]
        source: AdapterError,
    },
    #[error("platform {platform}: adapter {adapter} knows no secret {secret}; it names {}", known.join(", "))]
    UnknownSecret { platform: String, adapter: String, secret: String, known: Vec<String> },
    #[error("platform {platform}: there is no adapter {adapter}; looked among those compiled in and in {folder:?}")]
    NoAdapter { platform: String, adapter: String, folder: Option<PathBuf> },
    #[error("platform {0}: this program was built without the feature `sftp`")]
    NoSftp(String),
}

/// Where a platform drops its files.
#[derive(Clone, Debug)]
pub enum DropFolder {
    /// On this machine.
    Local(PathBuf),
    Sftp(Box<SftpFolder>),
}

/// A declared platform, ready to talk to.
pub struct FederatedPlatform {
    pub platform: Platform,
    /// Absent for a platform that speaks the exchange format itself.
    pub adapter: Option<Arc<Adapter>>,
    pub base_url: Option<String>,
    pub secrets: Secrets,
    pub pull_interval: Option<Duration>,
    /// Where the platform drops its files.
    pub folder: Option<DropFolder>,
    /// What we show the platform's server, and whom we take it for.
    pub tls: Option<TlsIdentity>,
}

impl FederatedPlatform {
    /// True if messages can be sent to it; others read their cases over the API.
    pub fn takes_messages(&self) -> bool {
        self.base_url.is_some() && self.adapter.as_ref().is_some_and(|adapter| adapter.delivers())
    }

    /// True if it keeps a ledger that can be compared with ours.
    pub fn has_ledger(&self) -> bool {
        self.base_url.is_some() && self.adapter.as_ref().is_some_and(|adapter| adapter.ledger().is_some())
    }
}

/// Everything that is declared, checked when made.
#[derive(Default)]
pub struct Federation {
    platforms: BTreeMap<String, Arc<FederatedPlatform>>,
    directory: Directory,
}

impl Federation {
    pub fn new(platforms: Vec<FederatedPlatform>, directory: Directory) -> Self {
        let platforms = platforms.into_iter().map(|p| (p.platform.id.clone(), Arc::new(p))).collect();
        Self { platforms, directory }
    }

    pub fn from_config(config: &Config, environment: &dyn Fn(&str) -> Option<String>) -> Result<Self, FederationError> {
        let platforms = config.platforms.iter().map(|p| federated(config, p, environment)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self::new(platforms, config.directory()?))
    }

    pub fn platform(&self, id: &str) -> Option<&Arc<FederatedPlatform>> {
        self.platforms.get(id)
    }

    /// All platforms, by id.
    pub fn platforms(&self) -> impl Iterator<Item = &Arc<FederatedPlatform>> {
        self.platforms.values()
    }

    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// The bodies of a level.
    pub fn bodies_of(&self, level: Level) -> Vec<String> {
        self.directory.iter().filter(|body| division::level(&body.division) == level).map(|body| body.id.clone()).collect()
    }

    /// How far up a body stands.
    pub fn level(&self, organization: Option<&str>) -> Option<Level> {
        self.directory.get(organization?).map(|body| division::level(&body.division))
    }

    pub fn organization_reference(&self, id: &str) -> OrganizationReference {
        let name = self.directory.get(id).map_or_else(|| id.to_owned(), |organization| organization.name.clone());
        OrganizationReference { id: id.to_owned(), name }
    }
}

fn federated(
    config: &Config,
    declared: &PlatformConfig,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<FederatedPlatform, FederationError> {
    let adapter = declared.adapter.as_deref().map(|name| load_adapter(config, &declared.id, name)).transpose()?;
    if let Some(adapter) = &adapter {
        check_secrets(declared, adapter)?;
    }
    let secrets = declared
        .read_secrets(environment, &|path| config.resolve(path))
        .map_err(|source| FederationError::Secret { platform: declared.id.clone(), source })?;
    Ok(FederatedPlatform {
        platform: declared.platform(),
        adapter,
        base_url: declared.base_url.as_ref().map(|url| url.trim_end_matches('/').to_owned()),
        secrets: Secrets::new(secrets),
        pull_interval: declared.pull_interval_ms.map(Duration::from_millis),
        folder: drop_folder(config, declared, environment)?,
        tls: declared.tls.as_ref().map(|tls| identity(config, declared, tls, environment)).transpose()?,
    })
}

fn drop_folder(
    config: &Config,
    declared: &PlatformConfig,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<DropFolder>, FederationError> {
    match (&declared.folder, &declared.sftp) {
        (Some(folder), _) => Ok(Some(DropFolder::Local(config.resolve(folder)))),
        (None, Some(_)) if !sftp::BUILT_IN => Err(FederationError::NoSftp(declared.id.clone())),
        (None, Some(server)) => {
            let login = sftp_login(server, environment, &|path| config.resolve(path))
                .map_err(|source| FederationError::Secret { platform: declared.id.clone(), source })?;
            Ok(Some(DropFolder::Sftp(Box::new(SftpFolder {
                host: server.host.clone(),
                port: server.port,
                user: server.user.clone(),
                path: server.folder.trim_end_matches('/').to_owned(),
                login,
                host_keys: server.host_keys.clone(),
            }))))
        }
        (None, None) => Ok(None),
    }
}

fn sftp_login(
    server: &SftpConfig,
    environment: &dyn Fn(&str) -> Option<String>,
    resolve: &dyn Fn(&std::path::Path) -> PathBuf,
) -> Result<SftpLogin, SecretError> {
    let read = |source: &Option<SecretSource>| source.as_ref().map(|source| source.read(environment, resolve)).transpose();
    let passphrase = read(&server.passphrase)?;
    Ok(match read(&server.key)? {
        Some(text) => SftpLogin::Key { text, passphrase },
        None => SftpLogin::Password(read(&server.password)?.unwrap_or_default()),
    })
}

fn identity(
    config: &Config,
    declared: &PlatformConfig,
    tls: &TlsConfig,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<TlsIdentity, FederationError> {
    let secret = |source| FederationError::Secret { platform: declared.id.clone(), source };
    let resolve = |path: &std::path::Path| config.resolve(path);
    let read = |path: &PathBuf| SecretSource::File(path.clone()).read(environment, &resolve).map_err(secret);
    Ok(TlsIdentity {
        certificate: tls.certificate.as_ref().map(read).transpose()?,
        key: tls.key.as_ref().map(|key| key.read(environment, &resolve)).transpose().map_err(secret)?,
        authority: tls.authority.as_ref().map(read).transpose()?,
    })
}

/// A secret under a name that the adapter does not know would be missed only when the first message is due. Which of those it
/// names a platform needs depends on the platform, so an absent one is only logged.
fn check_secrets(declared: &PlatformConfig, adapter: &Adapter) -> Result<(), FederationError> {
    let known = adapter.secret_names();
    if let Some(secret) = declared.secrets.keys().find(|name| !known.contains(name)) {
        return Err(FederationError::UnknownSecret {
            platform: declared.id.clone(),
            adapter: adapter.name().to_owned(),
            secret: secret.clone(),
            known: known.to_vec(),
        });
    }
    for secret in known.iter().filter(|name| !declared.secrets.contains_key(*name)) {
        tracing::warn!(platform = declared.id, adapter = adapter.name(), secret, "a secret the adapter names is not configured");
    }
    Ok(())
}

/// A compiled-in folder's files, by their path inside it.
fn manifest_of(folder: &'static Dir<'static>) -> impl Iterator<Item = (&'static str, &'static [u8])> {
    folder.files().filter_map(|file| Some((file.path().file_name()?.to_str()?, file.contents())))
}

fn load_adapter(config: &Config, platform: &str, name: &str) -> Result<Arc<Adapter>, FederationError> {
    let failed = |source| FederationError::Adapter { platform: platform.to_owned(), adapter: name.to_owned(), source };
    let folder = config.adapters.as_ref().map(|folder| config.resolve(folder));
    if let Some(own) = folder.as_ref().map(|folder| folder.join(name)).filter(|path| path.is_dir()) {
        return Adapter::load(&own).map(Arc::new).map_err(failed);
    }
    match COMPILED_IN.get_dir(name) {
        Some(own) => Adapter::from_files(manifest_of(own)).map(Arc::new).map_err(failed),
        None => Err(FederationError::NoAdapter { platform: platform.to_owned(), adapter: name.to_owned(), folder }),
    }
}
