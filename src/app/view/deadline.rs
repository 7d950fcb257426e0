//! Statutory clocks as they are shown.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::deadline::Clock;
use crate::domain::deadline::Deadline;
use crate::domain::deadline::DeadlineState;
use crate::domain::message::OrganizationReference;
use crate::domain::submission::Kind;

/// A statutory clock (办理时限) of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeadlineView {
    pub clock: Clock,
    pub state: DeadlineState,
    pub started_at: DateTime<Utc>,
    /// The first moment after the time is over: midnight in Beijing after the last day.
    pub due_at: DateTime<Utc>,
    /// When it was met, or no longer ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
    /// The time was extended, or that of a hearing taken out.
    pub extended: bool,
}

impl DeadlineView {
    pub(in crate::app) fn new(deadline: &Deadline, now: DateTime<Utc>) -> Self {
        Self {
            clock: deadline.clock,
            state: deadline.state(now),
            started_at: deadline.started_at,
            due_at: deadline.due_at,
            ended_at: deadline.ended_at,
            extended: deadline.extended,
        }
    }
}

/// A statutory clock in a list over many cases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CaseDeadlineView {
    /// The case code.
    pub case: String,
    pub kind: Kind,
    /// The responsible body; absent until routed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<OrganizationReference>,
    /// The platform the responsible body works on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub division: Option<String>,
    pub deadline: DeadlineView,
}
