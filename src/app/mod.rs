//! The use cases, over one shared [`Gateway`]. They know the store, the adapters and the outbound client, and nothing of
//! who calls them: HTTP, a worker or a command.

mod access;
mod admission;
mod alerts;
mod audit;
mod authenticate;
mod blind;
mod callback;
mod changes;
pub mod code;
mod collect;
mod coverage;
pub mod crash;
mod deadlines;
mod erase;
mod explain;
pub mod export;
mod federation;
mod fingerprint;
mod follow_up;
mod forward;
mod health;
mod indicators;
mod intake;
mod link;
mod look;
mod matters;
mod messages;
mod metrics;
mod objection;
mod open_store;
mod places;
mod public;
mod pull;
mod queries;
pub mod query;
mod rate;
mod receive;
pub mod reconcile;
mod refer;
mod replay;
mod report;
mod request_review;
mod retry;
mod revise;
mod rotate;
mod route;
mod rule;
mod send;
mod supervise;
mod tidy;
pub mod validate;
pub mod view;
mod warn;
mod webhooks;
pub mod worth;
mod year;

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, SubsecRound, Utc};
use tokio::sync::{Notify, mpsc, watch};

pub use admission::{Allowance, Exhausted, network};
pub use audit::{Notary, WitnessError};
pub use authenticate::{Credential, Grant, NewKey, new_secret};
pub use blind::BlindError;
pub use callback::CallbackRefused;
pub use changes::{Changes, Follower};
pub use collect::{CollectError, Collected, FolderError, Sightings};
pub use erase::EraseError;
pub use explain::{ExplainError, Explained, explain};
pub use federation::{DropFolder, FederatedPlatform, Federation, FederationError};
pub use follow_up::UpdateError;
pub use forward::ForwardRound;
pub use intake::{Registered, SubmitError};
pub use link::{LinkError, LinkRound, LinkerState};
pub use look::{ClearFiling, Looked};
pub use matters::{Background, MAX_BACKGROUND, Member, name as matter_name};
pub use objection::ObjectionError;
pub use open_store::open_store;
pub use places::MAX_PLACES;
pub use public::PublicError;
pub use pull::{PullError, PullRound};
pub use queries::{ServiceRequest, ServiceRequestFilter};
pub use rate::RateError;
pub use receive::Received;
pub use reconcile::ReconcileError;
pub use refer::{ConflictError, Keep, ReferralError};
pub use replay::{Difference, Replay, ReplayError, What, replay};
pub use request_review::ReviewRequestError;
pub use rotate::{Rotation, RotationStep};
pub use rule::{Decree, RuleError};
pub use supervise::{SupervisionError, Verdict as AdoptionVerdict};
pub use tidy::Tidied;
pub use warn::WarningError;
pub use webhooks::{Owner as WebhookOwner, Turn, WebhookError, sign as sign_webhook};
pub use year::{YearClock, YearError, YearFiling, YearPlan, YearProgress, YearSummary};

use crate::{
    config::{
        Config, ConfigError, DeliveryConfig, ExportConfig, KeyMaterial, LimitsConfig, LinkerConfig, MapConfig, RateConfig,
        ReconciliationConfig, StoreSecrets,
    },
    domain::{
        alert::{AlertRules, AlertRulesError},
        calendar::{Calendar, CalendarError},
        guidance::{Guidance, GuidanceError},
        id, supervision, warning,
    },
    matching::{FederationKey, Fingerprinter, Model},
    net::{Outbound, OutboundPolicy},
    store::{Store, StoreError, query_error},
};

/// No year before is reported on: the national system went live in it.
const FIRST_YEAR: i32 = 2015;

/// Where the time comes from; tests bring their own.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>);

impl Clock {
    #[allow(clippy::disallowed_methods, reason = "the one place that reads the system's clock")]
    pub fn system() -> Self {
        Self(Arc::new(Utc::now))
    }

    pub fn new(now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// Now, to the millisecond, which is what the store keeps.
    pub fn now(&self) -> DateTime<Utc> {
        (self.0)().trunc_subsecs(3)
    }
}

/// A use case could not be carried out for a reason that is not the caller's.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("a page position is not one that was given out")]
    Position,
    #[error("too many wait for changes on this node")]
    TooManyFollowers,
}

impl From<query_error::Error> for AppError {
    fn from(error: query_error::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What a gateway is made of.
pub struct Parts {
    pub store: Store,
    pub federation: Federation,
    pub secrets: StoreSecrets,
    /// Shared by the whole federation: makes fingerprints comparable.
    pub federation_key: FederationKey,
    pub model: Model,
    pub outbound: Outbound,
    pub delivery: DeliveryConfig,
    pub linker: LinkerConfig,
    pub limits: LimitsConfig,
    /// Platforms that may ask for more or less than others.
    pub rates: HashMap<String, RateConfig>,
    /// Platforms by the SHA-256 of the certificates they show instead of a key.
    pub certificates: HashMap<[u8; 32], String>,
    pub notary: Notary,
    pub calendar: Calendar,
    pub supervision: supervision::Rules,
    pub warnings: warning::Rules,
    pub alert_rules: AlertRules,
    pub reconciliation: ReconciliationConfig,
    pub export: ExportConfig,
    pub map: MapConfig,
    pub guidance: Guidance,
    /// Where to die, in a debug build that was told to.
    pub crash: crash::CrashPoint,
    /// Submissions that may wait for their commit.
    pub intake_queue: usize,
    pub clock: Clock,
    /// Names this process in leases; different for each.
    pub node: String,
}

/// By platform and pull.
type Readings = HashMap<(String, String), HashSet<[u8; 32]>>;

struct Inner {
    store: Store,
    federation: Federation,
    secrets: StoreSecrets,
    fingerprinter: Fingerprinter,
    model: Model,
    outbound: Outbound,
    delivery: DeliveryConfig,
    linker: LinkerConfig,
    admission: admission::Admission,
    certificates: HashMap<[u8; 32], String>,
    notary: Notary,
    calendar: Calendar,
    supervision: supervision::Rules,
    warnings: warning::Rules,
    alert_rules: AlertRules,
    reconciliation: ReconciliationConfig,
    exports: export::Exports,
    map: MapConfig,
    guidance: Guidance,
    clock: Clock,
    crash: crash::CrashPoint,
    node: String,
    intake: mpsc::Sender<intake::Job>,
    keys_in_flight: Mutex<HashSet<(String, String)>>,
    tokens: send::Tokens,
    /// Digests of the cursors that each unfinished reading of a pull has asked with.
    readings: Mutex<Readings>,
    /// Rounds of the linker that failed one after the other.
    linker_failures: AtomicU32,
    /// Position up to which this node has seen the log linked.
    linked: watch::Sender<i64>,
    /// Rings when submissions were registered here.
    registered: Notify,
    /// Counts up when messages were put into the outbox here.
    owed: watch::Sender<u64>,
    following: changes::Following,
    metrics: metrics::NodeMetrics,
}

/// The gateway of one node. Cheap to clone.
#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

impl Gateway {
    /// Puts the parts together and starts the intake's group commit on the current tokio runtime.
    pub fn start(parts: Parts) -> Self {
        let (intake, jobs) = mpsc::channel(parts.intake_queue.max(1));
        let admission = admission::Admission::new(&parts.limits, parts.rates, &parts.clock);
        let inner = Arc::new(Inner {
            admission,
            certificates: parts.certificates,
            fingerprinter: Fingerprinter::new(&parts.federation_key),
            store: parts.store.clone(),
            federation: parts.federation,
            secrets: parts.secrets,
            model: parts.model,
            outbound: parts.outbound,
            delivery: parts.delivery,
            linker: parts.linker,
            notary: parts.notary,
            calendar: parts.calendar,
            supervision: parts.supervision,
            warnings: parts.warnings,
            alert_rules: parts.alert_rules,
            reconciliation: parts.reconciliation,
            exports: export::Exports::new(&parts.export),
            map: parts.map,
            guidance: parts.guidance,
            clock: parts.clock,
            crash: parts.crash,
            node: parts.node,
            intake,
            keys_in_flight: Mutex::default(),
            tokens: send::Tokens::default(),
            readings: Mutex::default(),
            linker_failures: AtomicU32::new(0),
            linked: watch::Sender::new(0),
            registered: Notify::new(),
            owed: watch::Sender::new(0),
            following: changes::Following::default(),
            metrics: metrics::NodeMetrics::default(),
        });
        tokio::spawn(intake::commit_groups(parts.store, jobs, Arc::downgrade(&inner)));
        Self(inner)
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.0.clock.now()
    }

    pub fn store(&self) -> &Store {
        &self.0.store
    }

    pub fn federation(&self) -> &Federation {
        &self.0.federation
    }

    /// Resolves when submissions have been registered on this node since the last call.
    pub async fn registered(&self) {
        self.0.registered.notified().await;
    }

    /// Whether a round of this node's linker went well, for [`Gateway::ready`].
    pub fn linker_went(&self, well: bool) {
        if well {
            self.0.linker_failures.store(0, Ordering::Relaxed);
        } else {
            self.0.linker_failures.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A counter that moves whenever this node owes new messages.
    pub fn owed(&self) -> watch::Receiver<u64> {
        self.0.owed.subscribe()
    }
}

/// What stands between a configuration and a running gateway.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Federation(#[from] FederationError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the {0} key is not the one this store was made with; set keys.{0} to that one, or name another store")]
    WrongKey(&'static str),
    #[error("[audit] cannot be used")]
    Audit(#[from] crate::audit::note::NoteError),
    #[error(transparent)]
    Client(#[from] crate::net::ClientError),
    #[error("the calendar cannot be used")]
    Calendar(#[from] CalendarError),
    #[error("the warning rules cannot be used")]
    Warnings(#[from] warning::RulesError),
    #[error("the supervision rules cannot be used")]
    Supervision(#[from] supervision::RulesError),
    #[error("the alert rules cannot be used")]
    Alerts(#[from] AlertRulesError),
    #[error("the guidance cannot be used")]
    Guidance(#[from] GuidanceError),
    #[error("{path} cannot be read")]
    Read {
        path: std::path::PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the match model {path} cannot be used")]
    Model {
        path: std::path::PathBuf,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Parts {
    /// Everything from a configuration: keys read, adapters loaded, store opened and migrated.
    pub fn from_config(config: &Config, environment: &dyn Fn(&str) -> Option<String>, clock: Clock) -> Result<Self, StartError> {
        let keys = config.keys.read(environment, &|path| config.resolve(path)).map_err(ConfigError::from)?;
        let parts = Self::new(config, &keys, Federation::from_config(config, environment)?, clock)?;
        let crash = environment(crash::VARIABLE).map_or_else(crash::CrashPoint::default, |text| crash::CrashPoint::parse(&text));
        Ok(Self { crash, ..parts })
    }

    /// Opens and migrates the store and loads the model, for keys and a federation that are already there.
    pub fn new(config: &Config, keys: &KeyMaterial, federation: Federation, clock: Clock) -> Result<Self, StartError> {
        let (store, secrets) = open_store(config, keys, config.store.connections)?;
        let identities = federation.platforms().filter_map(|p| Some((p.platform.id.clone(), p.tls.clone()?)));
        let policy = OutboundPolicy {
            allow_private_addresses: config.outbound.allow_private_addresses,
            connect_timeout: Duration::from_millis(config.outbound.connect_timeout_ms),
            total_timeout: Duration::from_millis(config.outbound.total_timeout_ms),
            max_response_bytes: config.outbound.max_response_bytes,
        };
        let outbound = Outbound::new(policy)?.identified(identities)?;
        Ok(Self {
            model: load_model(config)?,
            store,
            federation,
            notary: Notary::new(&config.audit, &secrets)?,
            secrets,
            federation_key: FederationKey::from_bytes(keys.federation),
            outbound,
            delivery: config.delivery.clone(),
            linker: config.linker.clone(),
            limits: config.limits,
            certificates: config.certificates(),
            rates: config.platforms.iter().filter_map(|p| Some((p.id.clone(), p.rate?))).collect(),
            calendar: load_calendar(config)?,
            supervision: load_supervision(config)?,
            warnings: load_warnings(config)?,
            alert_rules: load_alert_rules(config)?,
            reconciliation: config.reconciliation.clone(),
            export: config.export.clone(),
            map: config.map.clone(),
            guidance: load_guidance(config)?,
            crash: crash::CrashPoint::default(),
            intake_queue: config.server.intake_queue,
            node: id::new_id(clock.now()),
            clock,
        })
    }
}

/// The match model that a configuration names, or the one compiled in.
pub fn load_model(config: &Config) -> Result<Model, StartError> {
    let Some(path) = &config.linker.model else { return Ok(Model::default()) };
    let path = config.resolve(path);
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| StartError::Model { path: path.clone(), source };
    let text = std::fs::read_to_string(&path).map_err(|source| failed(source.into()))?;
    Model::from_toml(&text).map_err(|source| failed(source.into()))
}

/// The calendar that a configuration names, or the one compiled in.
fn load_calendar(config: &Config) -> Result<Calendar, StartError> {
    let Some(path) = &config.deadlines.calendar else { return Ok(Calendar::compiled_in()?) };
    Ok(Calendar::from_toml(&read(config, path)?)?)
}

/// The rules of supervision that a configuration names, or those compiled in.
fn load_supervision(config: &Config) -> Result<supervision::Rules, StartError> {
    let Some(path) = &config.supervision.rules else { return Ok(supervision::Rules::compiled_in()?) };
    Ok(supervision::Rules::from_toml(&read(config, path)?)?)
}

/// The rules of early warning that a configuration names, or those compiled in.
fn load_warnings(config: &Config) -> Result<warning::Rules, StartError> {
    let Some(path) = &config.warnings.rules else { return Ok(warning::Rules::compiled_in()?) };
    Ok(warning::Rules::from_toml(&read(config, path)?)?)
}

fn read(config: &Config, path: &std::path::Path) -> Result<String, StartError> {
    let path = config.resolve(path);
    std::fs::read_to_string(&path).map_err(|source| StartError::Read { path, source })
}

/// The alert rules that a configuration names, or those compiled in.
fn load_alert_rules(config: &Config) -> Result<AlertRules, StartError> {
    let Some(path) = &config.alerts.rules else { return Ok(AlertRules::compiled_in()?) };
    Ok(AlertRules::from_toml(&read(config, path)?)?)
}

/// The guidance that a configuration names, or what is compiled in.
fn load_guidance(config: &Config) -> Result<Guidance, StartError> {
    let Some(path) = &config.public.guidance else { return Ok(Guidance::compiled_in()?) };
    Ok(Guidance::from_toml(&read(config, path)?)?)
}
