//! Examples of alerts.

use serde_json::Value;

use super::{at, page};
use crate::{
    app::view::AlertView,
    domain::alert::{Severity, Watch},
};

pub(super) fn response_to(operation: &str) -> Option<Value> {
    (operation == "listAlerts").then(|| {
        page(AlertView {
            id: "019c1f00-0000-7000-8000-0000000000a1".into(),
            watch: Watch::Lag,
            platform: Some("hunan".into()),
            severity: Severity::Warning,
            value: 22,
            fired_at: at("2026-03-01T01:30:00Z"),
            resolved_at: None,
        })
    })
}
