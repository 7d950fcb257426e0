//! The other side: petition platforms as separate HTTP servers that speak their own formats, keep what they are told,
//! handle what is forwarded to them, and can be made to fail in chosen ways while they run.
//!
//! The servers share no code with the adapters: signatures, encryption and formats are written a second time here, from the
//! vendors' side. What is kept is in memory and bounded by the length of a demonstration or test.

mod caller;
mod categories;
mod faults;
mod filing;
mod handling;
mod mobile;
mod provincial;
mod record;
pub mod scenario;
mod server;
mod wechat;

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use actix_web::dev::ServerHandle;
use tokio::runtime::Handle;

pub use caller::CallError;
pub use faults::Faults;
pub use filing::{Filing, Person, Situation, Truth};
pub use handling::Behaviour;
pub use record::{Forward, Notice, NoticeKind, Received, Sent};
pub use server::Clock;
pub use wechat::CallbackMode;

use caller::Gateway;
use mobile::Mobile;
use provincial::Provincial;
use server::{Shared, Simulated};
use wechat::Wechat;

/// The software a platform runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Software {
    Provincial,
    Mobile,
    Wechat(CallbackMode),
}

impl Software {
    /// The folder under `adapters/` that speaks to it.
    pub const fn adapter(self) -> &'static str {
        match self {
            Self::Provincial => "provincial-rest",
            Self::Mobile => "mobile",
            Self::Wechat(_) => "wechat",
        }
    }
}

/// A platform to simulate.
#[derive(Clone, Debug)]
pub struct PlatformSetting {
    /// As the gateway knows it: it is part of the addresses the platform calls.
    pub id: String,
    pub software: Software,
    /// 0 for a free port.
    pub port: u16,
}

/// What is simulated and how.
#[derive(Clone)]
pub struct Setting {
    pub platforms: Vec<PlatformSetting>,
    pub behaviour: Behaviour,
    /// `http://host:port`; platforms that call wait until it is set.
    pub gateway: Option<String>,
    pub clock: Clock,
}

/// A simulation cannot start.
#[derive(Debug, thiserror::Error)]
pub enum SimulationError {
    #[error("the platform {platform} cannot listen")]
    Listen {
        platform: String,
        #[source]
        source: std::io::Error,
    },
    #[error("a filing names the platform {0}, which is not simulated")]
    UnknownPlatform(String),
}

/// The running platforms.
pub struct Simulation {
    gateway: Gateway,
    platforms: BTreeMap<String, RunningPlatform>,
}

/// One running platform.
pub struct RunningPlatform {
    pub id: String,
    pub software: Software,
    pub address: SocketAddr,
    platform: Arc<dyn Simulated>,
    wechat: Option<Arc<Wechat>>,
    handle: ServerHandle,
}

impl Simulation {
    /// Starts one server for each platform on the runtime it is called in.
    pub fn start(setting: &Setting) -> Result<Self, SimulationError> {
        let gateway = Gateway::new(setting.gateway.clone());
        let mut platforms = BTreeMap::new();
        for platform in &setting.platforms {
            let running = start_platform(platform, setting, &gateway)
                .map_err(|source| SimulationError::Listen { platform: platform.id.clone(), source })?;
            platforms.insert(platform.id.clone(), running);
        }
        Ok(Self { gateway, platforms })
    }

    /// Tells the platforms where the gateway is, `http://host:port`.
    pub fn set_gateway(&self, address: String) {
        self.gateway.set(address);
    }

    pub fn platforms(&self) -> impl Iterator<Item = &RunningPlatform> {
        self.platforms.values()
    }

    pub fn platform(&self, id: &str) -> Option<&RunningPlatform> {
        self.platforms.get(id)
    }

    /// A person files on the platform the filing names.
    pub fn file(&self, filing: Filing) -> Result<(), SimulationError> {
        let platform = self.platforms.get(&filing.platform).ok_or_else(|| SimulationError::UnknownPlatform(filing.platform.clone()))?;
        Arc::clone(&platform.platform).file(filing);
        Ok(())
    }

    pub async fn stop(self) {
        for platform in self.platforms.into_values() {
            platform.handle.stop(false).await;
        }
    }
}

impl RunningPlatform {
    /// `http://host:port`, the base address for the adapter's requests.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The secrets the gateway needs, by the names of the adapter's manifest.
    pub fn secrets(&self) -> BTreeMap<String, String> {
        self.platform.secrets()
    }

    /// Everything the platform was told so far.
    pub fn received(&self) -> Received {
        self.platform.received()
    }

    pub fn set_faults(&self, faults: Faults) {
        self.platform.shared().faults.set(faults);
    }

    /// Ends the access token that is in use.
    pub fn expire_token(&self) {
        self.platform.expire();
    }

    /// WeChat: asks the gateway to prove that the callback address is its own. True on every other platform.
    pub async fn verify(&self) -> Result<bool, CallError> {
        match &self.wechat {
            Some(wechat) => wechat.verify().await,
            None => Ok(true),
        }
    }
}

fn start_platform(platform: &PlatformSetting, setting: &Setting, gateway: &Gateway) -> std::io::Result<RunningPlatform> {
    let shared = Shared::new(&platform.id, setting.clock.clone(), gateway.clone(), Handle::current());
    let mut wechat = None;
    let (simulated, (address, handle)): (Arc<dyn Simulated>, _) = match platform.software {
        Software::Provincial => {
            let provincial = Arc::new(Provincial::new(shared, setting.behaviour.clone()));
            (provincial.clone(), server::serve(provincial, platform.port, provincial::routes)?)
        }
        Software::Mobile => {
            let mobile = Arc::new(Mobile::new(shared));
            (mobile.clone(), server::serve(mobile, platform.port, mobile::routes)?)
        }
        Software::Wechat(mode) => {
            let account = Arc::new(Wechat::new(shared, mode));
            wechat = Some(Arc::clone(&account));
            (account.clone(), server::serve(account, platform.port, wechat::routes)?)
        }
    };
    Ok(RunningPlatform { id: platform.id.clone(), software: platform.software, address, platform: simulated, wechat, handle })
}
