//! Statutory clocks to draw.

use onecase::{
    app::view::{CaseDeadlineView, CaseView, DeadlineView, Paged},
    domain::deadline::{Clock, DeadlineState},
};

use super::{ago, cases};

fn deadline(clock: Clock, state: DeadlineState) -> DeadlineView {
    let ended_at = (state == DeadlineState::Met).then(|| ago(20_000));
    DeadlineView { clock, state, started_at: ago(27_000), due_at: ago(6_000), ended_at, extended: state == DeadlineState::Overdue }
}

pub fn list() -> Paged<CaseDeadlineView> {
    let item = |case: CaseView, clock, state| CaseDeadlineView {
        case: case.id,
        kind: case.kind,
        organization: case.organization,
        platform: case.platform,
        division: case.division,
        deadline: deadline(clock, state),
    };
    let items = cases().into_iter().zip(Clock::ALL).map(|(case, clock)| item(case, clock, DeadlineState::Overdue)).collect();
    Paged { items, next_cursor: None }
}

pub fn of_case() -> Vec<DeadlineView> {
    vec![deadline(Clock::Accept, DeadlineState::Met), deadline(Clock::Answer, DeadlineState::Overdue)]
}
