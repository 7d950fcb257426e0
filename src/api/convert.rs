//! What a use case refuses, as a problem.

use super::problem::Problem;
use crate::app::{AppError, RequeueError, SubmitError, UpdateError, code::Code};

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        Self::internal(error)
    }
}

impl From<SubmitError> for Problem {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::SourceIdConflict { existing } => Self::of(Code::SourceIdConflict).existing(existing),
            SubmitError::IdempotencyKeyReused => Self::of(Code::IdempotencyKeyReused),
            SubmitError::IdempotencyKeyInFlight => Self::of(Code::IdempotencyKeyInFlight).retry_after(std::time::Duration::from_secs(1)),
            SubmitError::Overloaded { retry_after } => Self::of(Code::Overloaded).retry_after(retry_after),
            SubmitError::App(error) => error.into(),
        }
    }
}

impl From<UpdateError> for Problem {
    fn from(error: UpdateError) -> Self {
        match error {
            UpdateError::UnknownCase => Self::of(Code::NotFound),
            UpdateError::NotHandler => Self::of(Code::NotHandler),
            UpdateError::IllegalTransition { from, to, allowed } => {
                let names: Vec<_> = allowed.iter().map(|status| status.as_str()).collect();
                let next = if names.is_empty() { "nothing can follow it".to_owned() } else { format!("it may become {}", names.join(", ")) };
                Self::new(Code::IllegalTransition, format!("The case is {from} and cannot become {to}; {next}.")).allowed_statuses(&allowed)
            }
            UpdateError::Conflict => Self::of(Code::UpdateIdConflict),
            UpdateError::App(error) => error.into(),
        }
    }
}

impl From<RequeueError> for Problem {
    fn from(error: RequeueError) -> Self {
        match error {
            RequeueError::NotDead => Self::of(Code::DeliveryNotDead),
            RequeueError::App(error) => error.into(),
        }
    }
}
