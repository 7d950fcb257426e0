//! `[limits]`: how much callers may ask of a node.

use std::num::NonZeroU32;

use serde::Deserialize;

/// What one platform, or one key that belongs to none, may ask for on one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateConfig {
    /// Sustained.
    pub requests_per_second: NonZeroU32,
    /// At once, after a pause.
    pub burst: NonZeroU32,
}

/// `[limits]`
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsConfig {
    /// For callers whose platform has no `rate` of its own.
    pub rate: RateConfig,
    /// Requests with a key that is not valid, from one address, a minute.
    pub refused_keys_per_minute: NonZeroU32,
    /// Cases that anybody may ask about by a petitioner's code, right or wrong, from one address, a minute. Behind a proxy all callers
    /// have the proxy's address: limit them there, and set this higher.
    pub public_requests_per_minute: NonZeroU32,
}

const fn positive(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            rate: RateConfig { requests_per_second: positive(1_000), burst: positive(2_000) },
            refused_keys_per_minute: positive(60),
            public_requests_per_minute: positive(60),
        }
    }
}
