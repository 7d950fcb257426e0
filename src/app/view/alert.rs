//! Alerts as they are shown.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    domain::alert::{Severity, Watch},
    store::alerts::Alert,
};

/// Something the duty officer should know: a reading beyond what its rule allows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AlertView {
    #[schema(example = "019c1f00-0000-7000-8000-000000000001")]
    pub id: String,
    pub watch: Watch,
    /// Absent: the gateway itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "hunan")]
    pub platform: Option<String>,
    pub severity: Severity,
    /// The newest reading, in the unit of what is watched.
    pub value: i64,
    pub fired_at: DateTime<Utc>,
    /// Absent while it fires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_at: Option<DateTime<Utc>>,
}

impl From<Alert> for AlertView {
    fn from(alert: Alert) -> Self {
        Self {
            id: alert.id,
            watch: alert.watch,
            platform: Some(alert.platform).filter(|platform| !platform.is_empty()),
            severity: alert.severity,
            value: alert.value,
            fired_at: alert.fired_at,
            resolved_at: alert.resolved_at,
        }
    }
}
