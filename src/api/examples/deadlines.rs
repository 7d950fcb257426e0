//! Examples of statutory clocks.

use serde_json::Value;

use super::{at, case, page};
use crate::{
    app::view::{CaseDeadlineView, DeadlineView},
    domain::deadline::{Clock, DeadlineState},
};

pub(super) fn answered() -> DeadlineView {
    DeadlineView {
        clock: Clock::Answer,
        state: DeadlineState::Met,
        started_at: at("2026-03-03T02:00:00Z"),
        due_at: at("2026-05-05T16:00:00Z"),
        ended_at: Some(at("2026-03-18T08:20:00Z")),
        extended: false,
    }
}

pub(super) fn response_to(operation: &str) -> Option<Value> {
    let case = case();
    (operation == "listDeadlines").then(|| {
        page(CaseDeadlineView {
            case: case.id,
            kind: case.kind,
            organization: case.organization,
            platform: case.platform,
            division: case.division,
            deadline: answered(),
        })
    })
}
