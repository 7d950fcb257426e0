//! How exchanges with platforms go: what failed is counted by class and shown, and a platform that is down is left alone for a while.

use chrono::TimeDelta;

use super::Gateway;
use crate::store::{
    StoreError,
    platforms::{self, PlatformState},
};

/// How exactly the time of the last success is kept: one write in so long, not one a message.
const SUCCESS_KEPT: TimeDelta = TimeDelta::seconds(5);

/// Something that went wrong with a platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// A stable word.
    pub code: String,
    /// A sentence; nothing the platform said.
    pub message: String,
    /// It could not be reached or could not answer, which speaks against sending it more for now.
    pub unavailable: bool,
}

impl Fault {
    pub fn new(code: &str, message: &dyn ToString) -> Self {
        Self { code: code.to_owned(), message: message.to_string(), unavailable: false }
    }

    pub fn unavailable(self) -> Self {
        Self { unavailable: true, ..self }
    }
}

impl Gateway {
    /// Remembers how an exchange with a platform ended, counts a fault under its class, and opens or closes the circuit.
    pub(super) async fn note_exchange(&self, platform: &str, fault: Option<Fault>) -> Result<PlatformState, StoreError> {
        let (platform, now, policy) = (platform.to_owned(), self.now(), self.0.delivery.clone());
        self.0
            .store
            .run(move |store| {
                if fault.is_none() {
                    let known = store.read(|c| platforms::state(c, &platform))?;
                    let fresh = known.last_success_at.is_some_and(|at| now - at < SUCCESS_KEPT);
                    if fresh && known.consecutive_failures == 0 && known.circuit_open_until.is_none() {
                        return Ok(known);
                    }
                }
                store.transaction(|c| {
                    let mut state = platforms::state(c, &platform)?;
                    match fault {
                        None => {
                            state.last_success_at = Some(now);
                            state.consecutive_failures = 0;
                            state.circuit_open_until = None;
                        }
                        Some(fault) => {
                            platforms::count_error(c, &platform, &fault.code, &fault.message, now)?;
                            state.last_failure_at = Some(now);
                            state.last_error = Some(format!("{}: {}", fault.code, fault.message));
                            state.consecutive_failures = state.consecutive_failures.saturating_add(1);
                            let failures = u32::try_from(state.consecutive_failures).unwrap_or(0);
                            if fault.unavailable && failures >= policy.circuit_threshold {
                                let pause = i64::try_from(policy.circuit_pause_ms).unwrap_or(i64::MAX);
                                state.circuit_open_until = Some(now + TimeDelta::milliseconds(pause));
                            }
                        }
                    }
                    platforms::save_state(c, &state)?;
                    Ok(state)
                })
            })
            .await
    }

    /// Counts a fault that says nothing about the platform's health.
    pub(super) async fn count_fault(&self, platform: &str, fault: Fault) -> Result<(), StoreError> {
        let (platform, now) = (platform.to_owned(), self.now());
        self.0.store.run(move |store| store.transaction(|c| platforms::count_error(c, &platform, &fault.code, &fault.message, now))).await
    }
}
