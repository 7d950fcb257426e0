//! When to try again what failed, or to give up: the one policy of everything that is sent.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::config::DeliveryConfig;

/// What is known of the tries made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tries {
    /// Since the beginning, or since somebody asked for more.
    pub made: u32,
    /// Since when it is owed, or has been failing.
    pub since: DateTime<Utc>,
    pub now: DateTime<Utc>,
}

/// When to try again; `None` is to give up, which many failures alone do not lead to: a night's outage must not cost a message.
///
/// The pause doubles and is drawn evenly from zero to its bound ("full jitter", Brooker 2015), but is never shorter than what
/// the receiver asked for, up to a day.
pub(super) fn next(policy: &DeliveryConfig, tries: Tries, asked: Option<Duration>) -> Option<DateTime<Utc>> {
    let Tries { made, since, now } = tries;
    let age = (now - since).to_std().unwrap_or_default();
    if made >= policy.max_attempts && age >= Duration::from_millis(policy.give_up_after_ms) {
        return None;
    }
    let doublings = made.saturating_sub(1).min(30);
    let bound = policy.base_delay_ms.saturating_mul(1 << doublings).min(policy.max_delay_ms);
    let drawn = rand::random_range(0..=bound);
    let asked = asked.map_or(0, |asked| u64::try_from(asked.as_millis()).unwrap_or(u64::MAX)).min(24 * 3_600_000);
    Some(now + TimeDelta::milliseconds(i64::try_from(drawn.max(asked)).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_are_asked_for_and_end() {
        let policy = DeliveryConfig {
            base_delay_ms: 100,
            max_delay_ms: 1_000,
            max_attempts: 3,
            give_up_after_ms: 60_000,
            ..DeliveryConfig::default()
        };
        let since: DateTime<Utc> = DateTime::UNIX_EPOCH;
        let pause = |made, after_ms, asked| {
            let now = since + TimeDelta::milliseconds(after_ms);
            next(&policy, Tries { made, since, now }, asked).map(|at| (at - now).num_milliseconds())
        };
        assert!((0..=100).contains(&pause(1, 0, None).expect("again")));
        assert!((0..=1_000).contains(&pause(31, 0, None).expect("again: it is not old enough")));
        assert!(pause(1, 0, Some(Duration::from_secs(5))).expect("again") >= 5_000);
        assert_eq!(pause(1, 0, Some(Duration::from_secs(1_000_000))).expect("again"), 24 * 3_600_000);
        assert!(pause(2, 60_000, None).is_some(), "it was not tried often enough");
        assert!(pause(3, 60_000, None).is_none());
    }
}
