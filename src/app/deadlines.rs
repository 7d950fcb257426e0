//! Keeping the statutory clocks of cases, and showing what is due.

use std::collections::BTreeSet;

use super::{
    AppError, Gateway,
    query::{DeadlineFilter, Page},
    view::{CaseDeadlineView, DeadlineView, Paged},
};
use crate::{
    domain::{deadline, division},
    store::{
        Connection, StoreError, cases,
        deadlines::{self, CaseDeadline},
        events::{self, CaseEvent},
    },
};

impl Gateway {
    /// Appends to the histories of cases and sets their clocks by it. In the transaction of what the events tell.
    pub(super) fn append_events(&self, connection: &mut Connection<'_>, new: &[CaseEvent]) -> Result<(), StoreError> {
        events::append(connection, self.store().sealer(), new)?;
        let ids: BTreeSet<&str> = new.iter().filter(|event| event.status.is_some()).map(|event| event.case_id.as_str()).collect();
        let ids: Vec<&str> = ids.into_iter().collect();
        let mut histories = deadlines::histories(connection, &ids)?;
        let ids: Vec<String> = ids.into_iter().map(str::to_owned).collect();
        let cases = cases::find_many(connection, &ids)?;
        let clocks: Vec<_> = cases
            .iter()
            .map(|case| {
                // A case that was made part of another runs with that one.
                let history = histories.remove(&case.id).filter(|_| case.merged_into.is_none()).unwrap_or_default();
                (case, deadline::deadlines(case.kind, &history, &self.0.calendar))
            })
            .collect();
        deadlines::replace(connection, &clocks)
    }

    /// Clocks by when they are due, earliest first.
    pub async fn deadlines(&self, filter: DeadlineFilter, page: Page) -> Result<Paged<CaseDeadlineView>, AppError> {
        let (page, limit) = super::queries::store_page(&page)?;
        let now = self.now();
        let filter = deadlines::DeadlineFilter {
            state: filter.state,
            clock: filter.clock,
            kind: filter.kind,
            division_prefix: filter.division.map(|code| division::prefix(&code).to_owned()),
            organization: filter.organization,
            platform: filter.platform,
            due_before: filter.due_before,
            now,
        };
        self.read(move |gateway, c| {
            let found = deadlines::list(c, &filter, page.after, page.limit)?;
            let (found, next_cursor) = super::queries::cut(found, limit, |kept| (kept.deadline.due_at.timestamp_millis(), kept.seq));
            let view = |kept: CaseDeadline| CaseDeadlineView {
                case: kept.case_id,
                kind: kept.kind,
                organization: kept.organization.map(|id| gateway.federation().organization_reference(&id)),
                platform: kept.platform,
                division: kept.division,
                deadline: DeadlineView::new(&kept.deadline, now),
            };
            Ok(Paged { items: found.into_iter().map(view).collect(), next_cursor })
        })
        .await
    }
}
