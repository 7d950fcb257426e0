//! How much one caller may ask of a node: the generic cell rate algorithm (ITU-T I.371), one state a caller.

use std::{collections::HashMap, net::IpAddr, time::Duration};

use governor::{
    Quota, RateLimiter,
    clock::Clock as RateClock,
    middleware::StateInformationMiddleware,
    state::{InMemoryState, NotKeyed, keyed::HashMapStateStore},
};

use super::{Clock, Credential, Gateway};
use crate::config::{LimitsConfig, RateConfig};

/// Origins remembered for keys that were refused; beyond it, those that have been quiet are forgotten first.
const MAX_ORIGINS: usize = 65_536;

type Keyed<K> = RateLimiter<K, HashMapStateStore<K>, Clock, StateInformationMiddleware>;
type Single = RateLimiter<NotKeyed, InMemoryState, Clock, StateInformationMiddleware>;

impl RateClock for Clock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_millis(u64::try_from(Self::now(self).timestamp_millis()).unwrap_or_default())
    }
}

/// What a caller may still ask for, as the `RateLimit` headers say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Requests at once.
    pub quota: u32,
    /// The time in which a spent quota fills again.
    pub window: Duration,
    /// Requests left of the quota.
    pub remaining: u32,
}

/// A caller has asked for too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted {
    pub allowance: Allowance,
    /// When one more request will be taken.
    pub retry_after: Duration,
}

/// The limits of a node, with what callers have spent of them.
pub(super) struct Admission {
    rate: RateConfig,
    callers: Keyed<String>,
    own: HashMap<String, (RateConfig, Single)>,
    refused: Keyed<String>,
    public: Keyed<String>,
    clock: Clock,
}

impl Admission {
    /// `own`: platforms with a rate of their own.
    pub(super) fn new(limits: &LimitsConfig, own: HashMap<String, RateConfig>, clock: &Clock) -> Self {
        let own = own.into_iter().map(|(platform, rate)| {
            let limiter = Single::new(quota(rate), InMemoryState::default(), clock.clone());
            (platform, (rate, limiter))
        });
        Self {
            rate: limits.rate,
            callers: Keyed::new(quota(limits.rate), HashMapStateStore::default(), clock.clone()),
            own: own.collect(),
            refused: Keyed::new(Quota::per_minute(limits.refused_keys_per_minute), HashMapStateStore::default(), clock.clone()),
            public: Keyed::new(Quota::per_minute(limits.public_requests_per_minute), HashMapStateStore::default(), clock.clone()),
            clock: clock.clone(),
        }
    }

    fn admit(&self, caller: &str) -> Result<Allowance, Exhausted> {
        let (rate, outcome) = match self.own.get(caller) {
            Some((rate, limiter)) => (*rate, limiter.check()),
            None => (self.rate, self.callers.check_key(&caller.to_owned())),
        };
        let window = Duration::from_secs_f64(f64::from(rate.burst.get()) / f64::from(rate.requests_per_second.get()));
        let allowance = |remaining| Allowance { quota: rate.burst.get(), window, remaining };
        match outcome {
            Ok(state) => Ok(allowance(state.remaining_burst_capacity())),
            Err(until) => Err(Exhausted { allowance: allowance(0), retry_after: until.wait_time_from(RateClock::now(&self.clock)) }),
        }
    }

    fn count(&self, limiter: &Keyed<String>, origin: &str) -> Result<(), Duration> {
        if limiter.len() >= MAX_ORIGINS {
            limiter.retain_recent();
        }
        match limiter.check_key(&origin.to_owned()) {
            Ok(_) => Ok(()),
            Err(until) => Err(until.wait_time_from(RateClock::now(&self.clock))),
        }
    }
}

/// Whoever has one address of IPv6 has the 64 bits below its network.
pub fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or_else(|| IpAddr::V6((v6.to_bits() & (u128::MAX << 64)).into()), IpAddr::V4),
    }
}

fn quota(rate: RateConfig) -> Quota {
    Quota::per_second(rate.requests_per_second).allow_burst(rate.burst)
}

impl Gateway {
    /// Counts one request of a caller.
    ///
    /// # Errors
    /// If it is one too many.
    pub fn admit(&self, credential: &Credential) -> Result<Allowance, Exhausted> {
        self.0.admission.admit(credential.platform.as_deref().unwrap_or(&credential.key_id))
    }

    /// Counts a request without a key, from where it came.
    ///
    /// # Errors
    /// If there were too many: how long to wait.
    pub fn admit_public(&self, origin: &str) -> Result<(), Duration> {
        self.0.admission.count(&self.0.admission.public, origin)
    }

    /// Counts a refused key from where it came.
    ///
    /// # Errors
    /// If there were too many: how long to wait.
    pub fn refuse_key(&self, origin: &str) -> Result<(), Duration> {
        self.0.admission.count(&self.0.admission.refused, origin)
    }
}
