//! What a use case refuses, as a problem.

use super::problem::Problem;
use crate::app::{AppError, SubmitError, UpdateError, code::Code};

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Position => Self::of(Code::InvalidCursor),
            AppError::Store(_) => Self::internal(error),
        }
    }
}

impl From<SubmitError> for Problem {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::SourceIdConflict { existing } => Self::of(Code::SourceIdConflict).existing(existing),
            SubmitError::IdempotencyKeyReused => Self::of(Code::IdempotencyKeyReused),
            SubmitError::IdempotencyKeyInFlight => Self::of(Code::IdempotencyKeyInFlight).retry_after(std::time::Duration::from_secs(1)),
            SubmitError::Overloaded { retry_after } => Self::of(Code::Overloaded).retry_after(retry_after),
            SubmitError::UnknownPlatform(_) => Self::of(Code::PlatformKeyRequired),
            SubmitError::Store(_) => Self::internal(error),
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
            UpdateError::Store(_) => Self::internal(error),
        }
    }
}
