//! Places where a debug build can be told to die at once, to prove that nothing depends on living past them.
//! A release build has none.

#[cfg(debug_assertions)]
use std::sync::atomic::{AtomicU32, Ordering};

/// The environment variable that arms one: `POINT:TIMES`, to die when the point is reached for that time.
pub const VARIABLE: &str = "ONECASE_CRASH_AT";

/// Every point, in the order in which a filing passes them.
pub const POINTS: [&str; 11] = [
    "callback.received",
    "pull.received",
    "pull.moved_on",
    "intake.committed",
    "link.decided",
    "link.committed",
    "forward.claimed",
    "forward.sent",
    "forward.settled",
    "report.committed",
    "audit.signed",
];

/// True if this build can die at a point.
pub const fn has_points() -> bool {
    cfg!(debug_assertions)
}

/// The point at which this process is to die, if any.
#[derive(Debug, Default)]
pub struct CrashPoint {
    #[cfg(debug_assertions)]
    armed: Option<(&'static str, AtomicU32)>,
}

impl CrashPoint {
    /// Reads `POINT:TIMES`; what is no such thing, or meets a release build, arms nothing.
    #[cfg_attr(not(debug_assertions), allow(unused_variables, reason = "a release build has no points"))]
    pub fn parse(text: &str) -> Self {
        #[cfg(debug_assertions)]
        if let Some((name, times)) = text.split_once(':')
            && let Some(point) = POINTS.into_iter().find(|point| *point == name)
            && let Ok(times) = times.parse()
        {
            return Self { armed: Some((point, AtomicU32::new(times))) };
        }
        Self::default()
    }

    /// Passes a point, or dies there without any tidying up.
    #[cfg_attr(not(debug_assertions), allow(unused_variables, clippy::unused_self, reason = "a release build has no points"))]
    pub fn pass(&self, point: &str) {
        #[cfg(debug_assertions)]
        if let Some((armed, left)) = &self.armed
            && *armed == point
            && left.fetch_sub(1, Ordering::Relaxed) == 1
        {
            std::process::abort();
        }
    }
}
