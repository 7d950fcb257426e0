//! The files an operator would write: federation, directory of bodies, keys and secrets.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::Args;
use crate::{
    app::{Clock, Gateway, Parts},
    audit::hex,
    cli::{
        Failure,
        runtime::{Scratch, environment},
    },
    config::Config,
    domain::{
        organization::Organization,
        platform::{PlatformKind, Scope},
    },
    simulate::{RunningPlatform, Simulation, Software, scenario::Scenario},
};

/// The platform that files under load.
pub const HOTLINE: &str = "hotline";

/// A federation made for one demonstration.
pub struct World {
    folder: PathBuf,
    port: u16,
    /// A key of the bureau.
    pub key: String,
    /// A key of [`HOTLINE`].
    pub hotline_key: String,
    /// Removes the folder at the end, unless it was named.
    _scratch: Option<Scratch>,
}

#[derive(Serialize)]
struct FederationFile {
    organizations: &'static str,
    server: ServerSection,
    store: StoreSection,
    keys: KeysSection,
    outbound: OutboundSection,
    delivery: DeliverySection,
    audit: AuditSection,
    platforms: Vec<PlatformSection>,
}

#[derive(Serialize)]
struct ServerSection {
    listen: String,
}

#[derive(Serialize)]
struct StoreSection {
    url: String,
}

#[derive(Serialize)]
struct KeysSection {
    master: SecretFile,
    federation: SecretFile,
}

#[derive(Serialize)]
struct AuditSection {
    checkpoint_interval_ms: u64,
}

#[derive(Serialize)]
struct OutboundSection {
    allow_private_addresses: bool,
    total_timeout_ms: u64,
}

#[derive(Serialize)]
struct DeliverySection {
    base_delay_ms: u64,
    max_delay_ms: u64,
    lease_ms: u64,
    circuit_pause_ms: u64,
}

#[derive(Serialize)]
struct SecretFile {
    file: String,
}

#[derive(Serialize)]
struct PlatformSection {
    id: String,
    name: &'static str,
    kind: PlatformKind,
    division: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    adapter: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pull_interval_ms: Option<u64>,
    secrets: std::collections::BTreeMap<String, SecretFile>,
}

#[derive(Serialize)]
struct OrganizationsFile<'a> {
    organizations: &'a [Organization],
}

impl World {
    /// Writes everything, brings the store's schema up and makes a key.
    pub fn create(args: &Args, simulation: &Simulation, scenario: &Scenario) -> Result<Self, Failure> {
        let scratch = args.directory.is_none().then(|| Scratch::new("demo")).transpose()?;
        let folder = args.directory.clone().or_else(|| scratch.as_ref().map(|s| s.path().to_path_buf())).unwrap_or_default();
        fs::create_dir_all(folder.join("secrets"))?;
        let port = if args.port == 0 { free_port()? } else { args.port };
        let mut world = Self { folder, port, key: String::new(), hotline_key: String::new(), _scratch: scratch };
        for name in ["master", "federation"] {
            let random: [u8; 32] = rand::random();
            world.write_secret(name, &hex(&random))?;
        }
        let mut platforms = simulation.platforms().map(|platform| world.platform(platform)).collect::<Result<Vec<_>, Failure>>()?;
        if args.load.is_some() {
            platforms.push(hotline());
        }
        let file = FederationFile {
            organizations: "organizations.toml",
            server: ServerSection { listen: format!("127.0.0.1:{port}") },
            store: StoreSection { url: args.store.clone().unwrap_or_else(|| "sqlite:onecase.db".to_owned()) },
            keys: KeysSection { master: secret("master"), federation: secret("federation") },
            outbound: OutboundSection { allow_private_addresses: true, total_timeout_ms: 3_900 },
            delivery: DeliverySection { base_delay_ms: 150, max_delay_ms: 3_000, lease_ms: 8_000, circuit_pause_ms: 1_000 },
            audit: AuditSection { checkpoint_interval_ms: 1_000 },
            platforms,
        };
        fs::write(world.federation_file(), toml::to_string(&file)?)?;
        let organizations = OrganizationsFile { organizations: &scenario.organizations };
        fs::write(world.folder.join("organizations.toml"), toml::to_string(&organizations)?)?;
        world.make_keys(args.load.is_some())?;
        Ok(world)
    }

    fn platform(&self, platform: &RunningPlatform) -> Result<PlatformSection, Failure> {
        let (name, kind, division) = match platform.id.as_str() {
            "national" => ("国家信访信息系统", PlatformKind::National, "000000"),
            "hunan" => ("湖南省网上信访", PlatformKind::Provincial, "430000"),
            "sichuan" => ("四川省网上信访", PlatformKind::Provincial, "510000"),
            "mobile" => ("手机信访", PlatformKind::Mobile, "000000"),
            _ => ("微信信访公众号", PlatformKind::Wechat, "000000"),
        };
        let mut secrets = std::collections::BTreeMap::new();
        for (secret_name, value) in platform.secrets() {
            let file_name = format!("{}.{secret_name}", platform.id);
            self.write_secret(&file_name, &value)?;
            secrets.insert(secret_name, secret(&file_name));
        }
        let pulled = platform.software == Software::Provincial;
        Ok(PlatformSection {
            id: platform.id.clone(),
            name,
            kind,
            division,
            adapter: Some(platform.software.adapter()),
            base_url: Some(platform.base_url()),
            pull_interval_ms: Some(if pulled { 400 } else { 60_000 }),
            secrets,
        })
    }

    fn write_secret(&self, name: &str, value: &str) -> Result<(), Failure> {
        Ok(fs::write(self.folder.join("secrets").join(name), value)?)
    }

    fn make_keys(&mut self, load: bool) -> Result<(), Failure> {
        let config = Config::load(&self.federation_file(), &environment)?;
        let gateway = Gateway::start(Parts::from_config(&config, &environment, Clock::system())?);
        self.key = gateway.create_key(None, &[Scope::Monitor, Scope::Administer], "demo")?.secret;
        if load {
            self.hotline_key = gateway.create_key(Some(HOTLINE), &[Scope::Submit], "demo")?.secret;
        }
        Ok(())
    }

    pub fn federation_file(&self) -> PathBuf {
        self.folder.join("federation.toml")
    }

    pub fn log(&self) -> PathBuf {
        self.folder.join("gateway.log")
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

/// Speaks the exchange format itself and reads over the API what became of its filings.
fn hotline() -> PlatformSection {
    PlatformSection {
        id: HOTLINE.to_owned(),
        name: "12345热线",
        kind: PlatformKind::Hotline,
        division: "430100",
        adapter: None,
        base_url: None,
        pull_interval_ms: None,
        secrets: std::collections::BTreeMap::new(),
    }
}

fn secret(name: &str) -> SecretFile {
    SecretFile { file: format!("secrets/{name}") }
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
