//! The sections that are plain settings.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use serde::Deserialize;

/// `[server]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerConfig {
    pub listen: SocketAddr,
    /// Submissions waiting for their commit before new ones are answered 503.
    pub intake_queue: usize,
    /// Requests in work on this node before further ones are answered 503.
    pub concurrent_requests: usize,
    pub workers: usize,
    /// Without it the port speaks plain HTTP, for a machine of its own or behind a proxy.
    pub tls: Option<ServerTlsConfig>,
}

/// `[server.tls]`: files in PEM form, read again when they change.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerTlsConfig {
    /// The gateway's certificate and those between it and its authority.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8311)), intake_queue: 2048, concurrent_requests: 1024, workers: 2, tls: None }
    }
}

impl ServerConfig {
    pub(super) fn check(&self) -> Result<(), String> {
        if self.concurrent_requests == 0 {
            return Err("server.concurrent_requests must be at least 1".into());
        }
        Ok(())
    }
}

/// `[store]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreConfig {
    /// `sqlite:PATH` or `postgres://…`.
    pub url: String,
    pub connections: u32,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self { url: "sqlite:onecase.db".into(), connections: 8 }
    }
}

/// `[outbound]`: where requests to platforms may go.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutboundConfig {
    /// Loopback, private and link-local addresses are refused unless this is set.
    pub allow_private_addresses: bool,
    pub connect_timeout_ms: u64,
    /// From the first byte sent to the last one read.
    pub total_timeout_ms: u64,
    /// Largest answer read, bytes.
    pub max_response_bytes: usize,
}

impl Default for OutboundConfig {
    fn default() -> Self {
        Self { allow_private_addresses: false, connect_timeout_ms: 5_000, total_timeout_ms: 20_000, max_response_bytes: 8 * 1024 * 1024 }
    }
}

/// `[delivery]`: how messages to platforms are tried.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeliveryConfig {
    /// A message that failed so often, and is older than `give_up_after_ms`, is dead until somebody requeues it.
    pub max_attempts: u32,
    /// How long a platform may be away before messages to it are given up.
    pub give_up_after_ms: u64,
    /// First pause; doubled each time, drawn evenly from zero to its value ("full jitter").
    pub base_delay_ms: u64,
    pub max_delay_ms: u64,
    /// How long one sender may hold a message; longer than the outbound timeout.
    pub lease_ms: u64,
    /// Messages in flight to one platform.
    pub concurrency: usize,
    /// Failures in a row that open a platform's circuit.
    pub circuit_threshold: u32,
    /// How long an open circuit rests before a probe.
    pub circuit_pause_ms: u64,
}

impl Default for DeliveryConfig {
    fn default() -> Self {
        Self {
            max_attempts: 12,
            give_up_after_ms: 3 * 24 * 3_600_000,
            base_delay_ms: 1_000,
            max_delay_ms: 3_600_000,
            lease_ms: 60_000,
            concurrency: 4,
            circuit_threshold: 5,
            circuit_pause_ms: 15_000,
        }
    }
}

impl DeliveryConfig {
    pub(super) fn check(&self) -> Result<(), String> {
        if self.max_attempts == 0 {
            return Err("delivery.max_attempts must be at least 1".into());
        }
        if self.concurrency == 0 || self.concurrency > 64 {
            return Err("delivery.concurrency must lie between 1 and 64".into());
        }
        if self.base_delay_ms == 0 || self.max_delay_ms < self.base_delay_ms {
            return Err("delivery.base_delay_ms must be positive and not above delivery.max_delay_ms".into());
        }
        Ok(())
    }
}

/// `[linker]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LinkerConfig {
    /// A match model other than the one compiled in.
    pub model: Option<PathBuf>,
    /// Submissions linked in one transaction.
    pub batch: usize,
    /// How long a node stays the linker without renewing.
    pub lease_ms: u64,
}

impl Default for LinkerConfig {
    fn default() -> Self {
        Self { model: None, batch: 256, lease_ms: 4_000 }
    }
}

impl LinkerConfig {
    pub(super) fn check(&self) -> Result<(), String> {
        if self.batch == 0 || self.batch > 10_000 {
            return Err("linker.batch must lie between 1 and 10000".into());
        }
        if self.lease_ms < 500 {
            return Err("linker.lease_ms must be at least 500".into());
        }
        Ok(())
    }
}
