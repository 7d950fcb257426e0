//! What can be wrong with a platform, switched on and off while it runs.
//!
//! Whether a fault strikes depends on the seed, the request's key and how often that key was seen, not on the order in which
//! requests of different keys arrive.

use std::{collections::HashMap, sync::Mutex, time::Duration};

use serde::{Deserialize, Serialize};

/// Shares are between 0 and 1.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    pub seed: u64,
    /// Milliseconds every answer waits.
    pub slow_ms: u64,
    /// The first requests of each key that get a 500.
    pub first_errors: u32,
    /// Share of requests that get a 500.
    pub error_share: f64,
    /// Share of requests that get a 429 with `Retry-After`.
    pub too_many_share: f64,
    pub retry_after_seconds: u64,
    /// Share of requests that are carried out and whose answer is lost.
    pub lost_reply_share: f64,
    /// Share of webhooks and callbacks that are sent a second time although the first was answered.
    pub duplicate_webhook_share: f64,
    /// Nothing works: every request gets a 503.
    pub down: bool,
}

/// What a request meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Carry,
    /// Carry it out, then drop the connection.
    LoseReply,
    Error,
    TooMany {
        retry_after_seconds: u64,
    },
    Down,
}

#[derive(Default)]
pub(super) struct FaultBox {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    faults: Faults,
    seen: HashMap<String, u32>,
}

impl FaultBox {
    pub fn set(&self, faults: Faults) {
        if let Ok(mut state) = self.state.lock() {
            *state = State { faults, seen: HashMap::new() };
        }
    }

    pub fn get(&self) -> Faults {
        self.state.lock().map(|state| state.faults.clone()).unwrap_or_default()
    }

    /// How long to wait and what then happens to the request.
    pub fn judge(&self, key: &str) -> (Duration, Verdict) {
        let Ok(mut state) = self.state.lock() else { return (Duration::ZERO, Verdict::Carry) };
        let times = state.seen.entry(key.to_owned()).or_default();
        *times += 1;
        let (times, faults) = (*times, state.faults.clone());
        let strikes = |what: &str, share: f64| draw(faults.seed, what, key, times) < share;
        let verdict = if faults.down {
            Verdict::Down
        } else if times <= faults.first_errors || strikes("error", faults.error_share) {
            Verdict::Error
        } else if strikes("too many", faults.too_many_share) {
            Verdict::TooMany { retry_after_seconds: faults.retry_after_seconds }
        } else if strikes("lost reply", faults.lost_reply_share) {
            Verdict::LoseReply
        } else {
            Verdict::Carry
        };
        (Duration::from_millis(faults.slow_ms), verdict)
    }

    /// True if a webhook with this key is sent twice.
    pub fn doubles(&self, key: &str) -> bool {
        let faults = self.get();
        draw(faults.seed, "double", key, 0) < faults.duplicate_webhook_share
    }
}

/// A number from 0 up to 1 that depends only on its arguments.
pub(super) fn draw(seed: u64, what: &str, key: &str, times: u32) -> f64 {
    let mut hasher = blake3::Hasher::new();
    for part in [seed.to_le_bytes().as_slice(), what.as_bytes(), key.as_bytes(), &times.to_le_bytes()] {
        hasher.update(&part.len().to_le_bytes());
        hasher.update(part);
    }
    let mut bytes = [0; 4];
    bytes.copy_from_slice(&hasher.finalize().as_bytes()[..4]);
    f64::from(u32::from_le_bytes(bytes)) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_repeat_and_keep_their_share() {
        let faults = Faults { seed: 7, error_share: 0.3, lost_reply_share: 0.5, first_errors: 1, ..Faults::default() };
        let run = || {
            let judge = FaultBox::default();
            judge.set(faults.clone());
            (0..1_000).map(|n| judge.judge(&format!("k{}", n % 200)).1).collect::<Vec<_>>()
        };
        let first = run();
        assert_eq!(first, run());
        assert!(first[..200].iter().all(|verdict| *verdict == Verdict::Error));
        let errors = first[200..].iter().filter(|verdict| **verdict == Verdict::Error).count();
        assert!((180..300).contains(&errors), "{errors}");
    }
}
