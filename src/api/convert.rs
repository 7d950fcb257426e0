//! What a use case refuses, as a problem.

use std::time::Duration;

use super::problem::Problem;
use crate::{
    adapter::CallbackError,
    app::{
        AppError, BlindError, CallbackRefused, ConflictError, EraseError, ObjectionError, PublicError, RateError, ReconcileError,
        ReferralError, ReviewRequestError, RuleError, SubmitError, SupervisionError, UpdateError, WarningError, WebhookError,
        code::Code,
        export::{ExportError, TableError},
    },
    domain::{deadline::Clock, lifecycle::Refusal},
};

/// When to send again what could not be stored.
const PAUSE: Duration = Duration::from_secs(5);

/// A store that is busy or away is no fault to report to the operator: the caller is told when to send again.
fn failed(passing: bool, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Problem {
    if passing { Problem::of(Code::Unavailable).retry_after(PAUSE).because(cause) } else { Problem::internal(cause) }
}

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Position => Self::of(Code::InvalidCursor),
            AppError::TooManyFollowers => Self::of(Code::Unavailable).retry_after(PAUSE),
            AppError::Store(ref source) => failed(source.is_passing(), error),
        }
    }
}

impl From<SubmitError> for Problem {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::SourceIdConflict { existing } => Self::of(Code::SourceIdConflict).existing(existing),
            SubmitError::IdempotencyKeyReused => Self::of(Code::IdempotencyKeyReused),
            SubmitError::IdempotencyKeyInFlight => Self::of(Code::IdempotencyKeyInFlight).retry_after(Duration::from_secs(1)),
            SubmitError::Overloaded { retry_after } => Self::of(Code::Overloaded).retry_after(retry_after),
            SubmitError::UnknownPlatform(_) => Self::of(Code::PlatformKeyRequired),
            SubmitError::Store(ref source) => failed(source.is_passing(), error),
        }
    }
}

impl From<BlindError> for Problem {
    fn from(error: BlindError) -> Self {
        match (error.violations(), error) {
            (Some(violations), _) => violations.into(),
            (None, BlindError::Submit(error)) => error.into(),
            (None, error) => Self::internal(error),
        }
    }
}

impl From<RateError> for Problem {
    fn from(error: RateError) -> Self {
        match error {
            RateError::UnknownCase => Self::of(Code::NotFound),
            RateError::NotAnswered(_) => Self::of(Code::NotAnswered),
            RateError::Conflict => Self::of(Code::RatingIdConflict),
            RateError::Store(ref source) => failed(source.is_passing(), error),
        }
    }
}

impl From<UpdateError> for Problem {
    fn from(error: UpdateError) -> Self {
        match error {
            UpdateError::UnknownCase => Self::of(Code::NotFound),
            UpdateError::NotHandler => Self::of(Code::NotHandler),
            UpdateError::Unlawful(refusal) => refusal.into(),
            UpdateError::Conflict => Self::of(Code::UpdateIdConflict),
            UpdateError::Store(ref source) => failed(source.is_passing(), error),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Illegal { from, to, allowed } => {
                let names: Vec<_> = allowed.iter().map(|status| status.as_str()).collect();
                let next = if names.is_empty() {
                    "you can move it nowhere".to_owned()
                } else {
                    format!("you may move it to {}", names.join(", "))
                };
                Self::new(Code::IllegalTransition, format!("The case is {from} and cannot become {to}; {next}.")).allowed_statuses(&allowed)
            }
            Refusal::TooLate { window: Clock::Object, .. } => Self::of(Code::ObjectionTooLate),
            Refusal::TooLate { .. } => Self::of(Code::ReviewTooLate),
            Refusal::AlreadyExtended => Self::of(Code::AlreadyExtended),
        }
    }
}

impl From<ReviewRequestError> for Problem {
    fn from(error: ReviewRequestError) -> Self {
        match error {
            ReviewRequestError::UnknownCase => Self::of(Code::NotFound),
            ReviewRequestError::Conflict => Self::of(Code::ReviewRequestIdConflict),
            ReviewRequestError::Unlawful(refusal) => refusal.into(),
            ReviewRequestError::Store(ref source) => failed(source.is_passing(), error),
        }
    }
}

impl From<ObjectionError> for Problem {
    fn from(error: ObjectionError) -> Self {
        match error {
            ObjectionError::UnknownCase => Self::of(Code::NotFound),
            ObjectionError::NotObjected(_) => Self::of(Code::NotObjected),
            ObjectionError::Changed => Self::of(Code::PreconditionFailed),
            ObjectionError::Refused(violations) => violations.into(),
            ObjectionError::Store(ref source) => failed(source.is_passing(), error),
        }
    }
}

impl From<ReferralError> for Problem {
    fn from(error: ReferralError) -> Self {
        match error {
            ReferralError::UnknownCase => Self::of(Code::NotFound),
            ReferralError::Conflict => Self::of(Code::ReferralIdConflict),
            ReferralError::Refused(violations) => violations.into(),
            ReferralError::Store(ref source) => failed(source.is_passing(), error),
        }
    }
}

impl From<ConflictError> for Problem {
    fn from(error: ConflictError) -> Self {
        match error {
            ConflictError::Unknown => Self::of(Code::NotFound),
            ConflictError::Decided => Self::of(Code::AlreadyDecided),
            ConflictError::Unlawful(refusal) => refusal.into(),
            ConflictError::Refused(violations) => violations.into(),
            ConflictError::Store(ref source) => failed(source.is_passing(), error),
        }
    }
}

impl From<SupervisionError> for Problem {
    fn from(error: SupervisionError) -> Self {
        match error {
            SupervisionError::Unknown => Self::of(Code::NotFound),
            SupervisionError::Ended => Self::of(Code::SupervisionEnded),
            SupervisionError::NoProposal => Self::of(Code::NoProposal),
            SupervisionError::Store(ref source) => failed(source.is_passing(), error),
        }
    }
}

impl From<EraseError> for Problem {
    fn from(error: EraseError) -> Self {
        match error {
            EraseError::Unknown => Self::of(Code::NotFound),
            EraseError::App(error) => error.into(),
        }
    }
}

impl From<WarningError> for Problem {
    fn from(error: WarningError) -> Self {
        match error {
            WarningError::Unknown => Self::of(Code::NotFound),
            WarningError::Closed => Self::of(Code::WarningClosed),
            WarningError::Store(ref source) => failed(source.is_passing(), error),
        }
    }
}

impl From<ExportError> for Problem {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::App(error) => error.into(),
            ExportError::Busy => Self::of(Code::ExportsBusy).retry_after(PAUSE),
            ExportError::Table(TableError::NotBuilt(_)) => {
                Self::new(Code::InvalidQuery, "`format` cannot be used: this gateway was built without it.")
            }
            ExportError::Table(_) | ExportError::Worker => Self::of(Code::Unavailable).retry_after(PAUSE).because(error),
        }
    }
}

impl From<PublicError> for Problem {
    fn from(error: PublicError) -> Self {
        match error {
            PublicError::App(error) => error.into(),
            PublicError::Unknown => Self::of(Code::NotFound),
            PublicError::TooMany { retry_after } => Self::of(Code::TooManyRequests).retry_after(retry_after),
        }
    }
}

impl From<WebhookError> for Problem {
    fn from(error: WebhookError) -> Self {
        match error {
            WebhookError::Unknown => Self::of(Code::NotFound),
            WebhookError::TooMany => Self::of(Code::TooManyWebhooks),
            WebhookError::Refused(violations) => violations.into(),
            WebhookError::App(error) => error.into(),
        }
    }
}

impl From<RuleError> for Problem {
    fn from(error: RuleError) -> Self {
        match error {
            RuleError::UnknownCase => Self::of(Code::NotFound),
            RuleError::Changed => Self::of(Code::PreconditionFailed),
            RuleError::SameCase => Self::of(Code::SameCase),
            RuleError::KeptApart => Self::of(Code::KeptApart),
            RuleError::NotApart => Self::of(Code::NotApart),
            RuleError::BadSplit => Self::of(Code::BadSplit),
            RuleError::Store(ref source) => failed(source.is_passing(), error),
        }
    }
}

impl From<CallbackRefused> for Problem {
    fn from(refused: CallbackRefused) -> Self {
        match refused {
            CallbackRefused::NoPlatform => Self::of(Code::NotFound),
            CallbackRefused::Callback(error) => error.into(),
            CallbackRefused::Receive(_) | CallbackRefused::Store(_) => Self::of(Code::Unavailable).retry_after(PAUSE).because(refused),
        }
    }
}

impl From<ReconcileError> for Problem {
    fn from(error: ReconcileError) -> Self {
        match error {
            ReconcileError::NoLedger => Self::of(Code::NoLedger),
            ReconcileError::Days => {
                Self::new(Code::InvalidQuery, "`from` and `until` must be in order, not in the future, and at most 31 days.")
            }
            ReconcileError::Store(ref source) => failed(source.is_passing(), error),
            // What failed is on the platform's page, and is not ours to repeat here.
            ReconcileError::Pull(_) => Self::of(Code::Unavailable).retry_after(PAUSE).because(error),
        }
    }
}

impl From<CallbackError> for Problem {
    fn from(error: CallbackError) -> Self {
        match error {
            CallbackError::NotDeclared => Self::of(Code::NotFound),
            CallbackError::Method => Self::of(Code::MethodNotAllowed),
            CallbackError::NoSignature
            | CallbackError::BadSignature
            | CallbackError::BadTimestamp
            | CallbackError::StaleTimestamp { .. } => {
                Self::new(Code::InvalidSignature, format!("The callback was refused: {error}. {}", Code::InvalidSignature.advice()))
            }
            CallbackError::TooLarge { .. } => Self::of(Code::PayloadTooLarge),
            CallbackError::Unreadable(_) | CallbackError::Encryption(_) => Self::of(Code::UnreadableCallback).because(error),
            CallbackError::Request(_) => Self::of(Code::Unavailable).retry_after(PAUSE).because(error),
        }
    }
}
