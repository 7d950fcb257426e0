//! What sets rules off because time has passed.

use chrono::{DateTime, TimeDelta, Utc};

use super::{CHUNK, Call, Looked, clock_occasion};
use crate::{
    app::Gateway,
    domain::{
        case::CaseStatus,
        deadline::Clock,
        supervision::{Cause, Rule},
    },
    store::{
        Connection, StoreError,
        deadlines::{self, CaseDeadline},
        feed, supervisions,
    },
};

/// How often a rule about time looks; statutory days end at midnight.
const LOOK: TimeDelta = TimeDelta::minutes(1);

impl Gateway {
    pub(super) fn supervise_due(&self) -> Result<bool, StoreError> {
        let mut more = false;
        for rule in self.0.supervision.iter() {
            if let Some((clock, offset)) = rule.clock_offset() {
                self.supervise_clocks(rule, clock, self.now() - offset)?;
            }
            if let Some(silence) = rule.silence() {
                more |= self.supervise_silence(rule, self.now() - silence)?;
            }
        }
        Ok(more)
    }

    /// Clocks that came into the rule's reach since it last looked: due not after `until`.
    fn supervise_clocks(&self, rule: &Rule, clock: Clock, until: DateTime<Utc>) -> Result<(), StoreError> {
        let name = format!("supervision:{}", rule.id);
        let from = self.store().read(|c| feed::position(c, &name))?;
        let from = DateTime::from_timestamp_millis(from).unwrap_or(DateTime::UNIX_EPOCH);
        if until - from < LOOK {
            return Ok(());
        }
        let mut after: Option<CaseDeadline> = None;
        loop {
            let page = self.store().transaction(|c| {
                supervisions::lock(c)?;
                let page = deadlines::open_between(c, clock, (from, until), after.as_ref(), CHUNK)?;
                let ids: Vec<String> = page.iter().map(|kept| kept.case_id.clone()).collect();
                let looked = Looked::at(c, &ids)?;
                let due = page.iter().filter(|kept| rule.is_set_off(&kept.deadline, self.now()));
                let calls = due.filter_map(|kept| {
                    let (case, _) = looked.case(&kept.case_id)?;
                    Some(Call { rule, case, occasion: clock_occasion(&kept.deadline), cause: Cause::Clock(clock), follows: None })
                });
                self.raise(c, calls.collect())?;
                Ok::<_, StoreError>(page)
            })?;
            let full = i64::try_from(page.len()).unwrap_or(i64::MAX) >= CHUNK;
            after = page.into_iter().next_back();
            if !full {
                break;
            }
        }
        self.store().transaction(|c| feed::advance(c, &name, until.timestamp_millis()))
    }

    /// Reports that have become as old as the rule says: where none came after, the case is silent.
    fn supervise_silence(&self, rule: &Rule, until: DateTime<Utc>) -> Result<bool, StoreError> {
        let name = format!("supervision:{}", rule.id);
        let oldest = |c: &mut Connection<'_>| {
            let after = feed::position(c, &name)?;
            supervisions::reports_before(c, after, until, 1)
        };
        if self.store().read(oldest)?.is_none() {
            return Ok(false);
        }
        self.store().transaction(|c| {
            supervisions::lock(c)?;
            let after = feed::position(c, &name)?;
            let Some(old) = supervisions::reports_before(c, after, until, CHUNK)? else { return Ok(false) };
            let looked = Looked::at(c, &old.cases)?;
            let reports = supervisions::last_reports(c, &old.cases)?;
            let silent = old.cases.iter().filter_map(|id| {
                let (case, _) = looked.case(id)?;
                let last = reports.get(id).copied().filter(|last| *last <= old.last)?;
                let working = matches!(case.status, CaseStatus::Accepted | CaseStatus::InProgress | CaseStatus::Extended);
                working.then(|| Call { rule, case, occasion: format!("silence:{last}"), cause: Cause::Silence(last), follows: None })
            });
            let calls = silent.collect();
            self.raise(c, calls)?;
            feed::advance(c, &name, old.last)?;
            Ok(true)
        })
    }
}
