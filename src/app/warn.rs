//! Early warnings (网上判): what rises by a declared rule is warned of, seen by a person, and closed when it has fallen.
//!
//! Matters are looked at when one of their cases changes, categories by the counts that the indicators keep; nothing looks through
//! all cases.

mod trends;

use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use serde_json::json;

use super::{
    AppError, Gateway,
    link::GATEWAY,
    query::{Page, WarningFilter},
    view::{EventKind, Paged, WarningSubject, WarningView},
};
use crate::{
    audit::{Entry, sha256},
    domain::{
        division, id,
        indicator::local_day,
        warning::{Figures, Rule, Subject, WarningState},
    },
    store::{
        Connection, Page as StorePage, StoreError, audit, cases,
        changes::{self, Stretch},
        events::{CaseEvent, Words},
        feed, matters,
        warnings::{self, Behind, Warning},
    },
};

/// Entries of the feed looked through in one transaction, and new cases among them.
const WINDOW: i64 = 5_000;
const CHUNK: i64 = 500;
/// How far the change feed was looked at, and when categories and standing warnings were.
const FEED: &str = "warnings";
const LOOKED: &str = "warnings:categories";
/// Between looks at categories and at what stands.
const LOOK: TimeDelta = TimeDelta::minutes(5);
/// The newest cases of a matter that are counted; a matter with more in a rule's days rises whatever the number.
const MAX_OF_MATTER: i64 = 5_000;

#[derive(Debug, thiserror::Error)]
pub enum WarningError {
    #[error("no such warning")]
    Unknown,
    #[error("the warning is closed")]
    Closed,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<crate::store::query_error::Error> for WarningError {
    fn from(error: crate::store::query_error::Error) -> Self {
        Self::Store(error.into())
    }
}

/// A subject that was counted for a rule.
struct Counted {
    subject: String,
    matter: Option<String>,
    area: Option<String>,
    category: Option<String>,
    /// The newest case behind it.
    case: Option<String>,
    figures: Figures,
}

impl Gateway {
    /// Looks at the next part of what changed, and at times at everything that stands; `false` if nothing was left. Blocks.
    pub fn watch_for_warnings(&self) -> Result<bool, StoreError> {
        let more = self.store().transaction(|c| self.warn_of_matters(c))?;
        let due = self.store().read(|c| feed::position(c, LOOKED))? <= (self.now() - LOOK).timestamp_millis();
        if due {
            for rule in self.0.warnings.iter() {
                self.store().transaction(|c| self.warn_of_categories(c, rule))?;
            }
            self.recount()?;
            self.store().transaction(|c| feed::advance(c, LOOKED, self.now().timestamp_millis()))?;
        }
        Ok(more)
    }

    fn warn_of_matters(&self, c: &mut Connection<'_>) -> Result<bool, StoreError> {
        warnings::lock(c)?;
        let after = feed::position(c, FEED)?;
        let until = changes::head(c)?.min(after + WINDOW);
        if until <= after {
            return Ok(false);
        }
        let filter = changes::ChangeFilter { kinds: vec![EventKind::CaseRegistered.as_str().to_owned()], ..Default::default() };
        let new = changes::read(c, &filter, Stretch { after, until }, CHUNK)?;
        let full = i64::try_from(new.len()).unwrap_or(i64::MAX) >= CHUNK;
        let last = new.last().filter(|_| full).map_or(until, |change| change.seq);
        let ids: Vec<String> = new.into_iter().map(|change| change.case_id).collect();
        let matters: BTreeSet<String> = cases::find_many(c, &ids)?.into_iter().filter_map(|case| case.matter_id).collect();
        for matter in matters {
            let behind = warnings::of_matter(c, &matter, MAX_OF_MATTER)?;
            for rule in self.0.warnings.iter().filter(|rule| rule.subject == Subject::Matter) {
                let counted = self.counted_matter(rule, &matter, &behind);
                if rule.covers(counted.category.as_deref()) && rule.warns(counted.figures) {
                    self.warn(c, rule, counted)?;
                }
            }
        }
        feed::advance(c, FEED, last)?;
        Ok(true)
    }

    fn counted_matter(&self, rule: &Rule, matter: &str, behind: &[Behind]) -> Counted {
        let since = self.now() - TimeDelta::days(i64::from(rule.days));
        let before = since - TimeDelta::days(i64::from(rule.days));
        let recent: Vec<&Behind> = behind.iter().take_while(|case| case.created_at() > since).collect();
        let earlier = behind[recent.len()..].iter().take_while(|case| case.created_at() > before).count();
        let of = |digits: usize| -> BTreeSet<&str> {
            recent.iter().filter_map(|case| case.division.as_deref()).map(|code| code.get(..digits).unwrap_or(code)).collect()
        };
        let provinces = of(2);
        let area = match provinces.iter().next() {
            Some(two) if provinces.len() == 1 => division::province(two),
            _ => division::NATION.to_owned(),
        };
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        Counted {
            subject: format!("matter:{matter}"),
            matter: Some(matter.to_owned()),
            area: Some(area),
            category: behind.first().and_then(|case| case.category.clone()),
            case: behind.first().map(|case| case.id.clone()),
            figures: Figures { cases: number(recent.len()), before: number(earlier), places: number(of(6).len()) },
        }
    }

    fn warn_of_categories(&self, c: &mut Connection<'_>, rule: &Rule) -> Result<(), StoreError> {
        let Subject::Category(level) = rule.subject else { return Ok(()) };
        warnings::lock(c)?;
        let (from, until) = self.days_of(rule);
        let found = warnings::frequent(c, from, until, rule.min_cases)?;
        for (area, category, _) in found {
            if area == division::NATION || division::level(&area) != level || !rule.covers(Some(&category)) {
                continue;
            }
            let counted = self.counted_category(c, rule, &area, &category)?;
            if rule.warns(counted.figures) {
                let case = warnings::newest_of(c, &division::province(&area), division::prefix(&area), &category)?;
                self.warn(c, rule, Counted { case, ..counted })?;
            }
        }
        Ok(())
    }

    fn counted_category(&self, c: &mut Connection<'_>, rule: &Rule, area: &str, category: &str) -> Result<Counted, StoreError> {
        let (from, until) = self.days_of(rule);
        let cases = warnings::cases_of(c, area, category, from, until)?;
        let before = warnings::cases_of(c, area, category, from - Days::new(rule.days.into()), from - Days::new(1))?;
        Ok(Counted {
            subject: format!("category:{area}:{category}"),
            matter: None,
            area: Some(area.to_owned()),
            category: Some(category.to_owned()),
            case: None,
            figures: Figures { cases, before, places: 1 },
        })
    }

    /// The days in Beijing that a rule counts, both ends included.
    fn days_of(&self, rule: &Rule) -> (NaiveDate, NaiveDate) {
        let today = local_day(self.now());
        (today - Days::new(u64::from(rule.days) - 1), today)
    }

    /// Counts what stands anew, and closes what has fallen or whose rule is gone.
    fn recount(&self) -> Result<(), StoreError> {
        let mut after = 0;
        loop {
            let sealer = self.store().sealer();
            let page = self.store().read(|c| warnings::standing(c, sealer, StorePage::beyond(after)))?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.seq;
            self.store().transaction(|c| {
                warnings::lock(c)?;
                page.iter().try_for_each(|warning| self.recount_one(c, warning))
            })?;
        }
    }

    fn recount_one(&self, c: &mut Connection<'_>, warning: &Warning) -> Result<(), StoreError> {
        let rule = self.0.warnings.get(&warning.rule);
        let figures = match (rule, &warning.matter, &warning.area, &warning.category) {
            (Some(rule), Some(matter), ..) => {
                let behind = warnings::of_matter(c, matter, MAX_OF_MATTER)?;
                self.counted_matter(rule, matter, &behind).figures
            }
            (Some(rule), None, Some(area), Some(category)) => self.counted_category(c, rule, area, category)?.figures,
            _ => Figures::default(),
        };
        let fallen = !rule.is_some_and(|rule| rule.warns(figures));
        warnings::count(c, &warning.id, figures, fallen, self.now())?;
        if fallen {
            self.tell_warning(c, EventKind::WarningClosed, &warning.id, &warning.case_id)?;
        }
        Ok(())
    }

    fn warn(&self, c: &mut Connection<'_>, rule: &Rule, counted: Counted) -> Result<(), StoreError> {
        let Some(case_id) = counted.case else { return Ok(()) };
        let now = self.now();
        let warning = Warning {
            seq: 0,
            id: id::new_id(now),
            rule: rule.id.clone(),
            subject: counted.subject,
            matter: counted.matter,
            area: counted.area,
            category: counted.category,
            case_id,
            figures: counted.figures,
            state: WarningState::Standing,
            raised_at: now,
            counted_at: now,
            closed_at: None,
            acknowledged_at: None,
            acknowledged_by: None,
            note: None,
        };
        if warnings::insert(c, &warning)? {
            self.tell_warning(c, EventKind::WarningRaised, &warning.id, &warning.case_id)?;
        }
        Ok(())
    }

    fn tell_warning(&self, c: &mut Connection<'_>, kind: EventKind, id: &str, case: &str) -> Result<(), StoreError> {
        let now = self.now();
        let event = CaseEvent {
            seq: 0,
            id: id::new_id(now),
            case_id: case.to_owned(),
            kind: kind.as_str().to_owned(),
            source: GATEWAY.to_owned(),
            status: None,
            data: json!({ "warning": id }),
            words: Words::default(),
            at: now,
        };
        self.append_events(c, &[event])?;
        let action = if kind == EventKind::WarningRaised { "warning.raised" } else { "warning.closed" };
        let digest = sha256(format!("{id} {case}").as_bytes());
        audit::append(c, &[Entry { at: now, action, subject: id.to_owned(), actor: GATEWAY.to_owned(), digest }])
    }

    /// Notes that a person has seen a warning. Blind to versions: who comes later has seen more.
    pub async fn acknowledge_warning(&self, id: &str, actor: &str, note: &str) -> Result<WarningView, WarningError> {
        let (gateway, wanted, by, text) = (self.clone(), id.to_owned(), actor.to_owned(), note.to_owned());
        self.0
            .store
            .run(move |store| {
                store.transaction(|c| {
                    if warnings::find(c, store.sealer(), &wanted)?.is_none() {
                        return Err(WarningError::Unknown);
                    }
                    if !warnings::acknowledge(c, store.sealer(), &wanted, (&by, &text), gateway.now())? {
                        return Err(WarningError::Closed);
                    }
                    let digest = sha256(text.as_bytes());
                    let leaf =
                        Entry { at: gateway.now(), action: "warning.acknowledged", subject: wanted.clone(), actor: by.clone(), digest };
                    Ok(audit::append(c, &[leaf])?)
                })
            })
            .await?;
        self.warning(id).await.map_err(StoreError::from)?.ok_or(WarningError::Unknown)
    }

    pub async fn warning(&self, id: &str) -> Result<Option<WarningView>, AppError> {
        let id = id.to_owned();
        self.read(move |gateway, c| {
            let found = warnings::find(c, gateway.store().sealer(), &id)?;
            Ok(gateway.warning_views(c, found.into_iter().collect())?.pop())
        })
        .await
    }

    /// Warnings, newest first.
    pub async fn warnings(&self, filter: WarningFilter, page: Page) -> Result<Paged<WarningView>, AppError> {
        let (page, limit) = super::queries::store_page(&page)?;
        let filter = warnings::WarningFilter {
            state: filter.state,
            rule: filter.rule,
            matter: filter.matter,
            area_prefix: filter.area.map(|code| division::prefix(&code).to_owned()),
            category: filter.category,
        };
        self.read(move |gateway, c| {
            let found = warnings::list(c, gateway.store().sealer(), &filter, page)?;
            let (found, next_cursor) = super::queries::cut(found, limit, |warning| (warning.seq, 0));
            Ok(Paged { items: gateway.warning_views(c, found)?, next_cursor })
        })
        .await
    }

    fn warning_views(&self, c: &mut Connection<'_>, found: Vec<Warning>) -> Result<Vec<WarningView>, StoreError> {
        found.into_iter().map(|warning| self.warning_view(c, warning)).collect()
    }

    fn warning_view(&self, c: &mut Connection<'_>, warning: Warning) -> Result<WarningView, StoreError> {
        let rule = self.0.warnings.get(&warning.rule);
        let matter = match &warning.matter {
            Some(id) => matters::find(c, self.store().sealer(), id)?,
            None => None,
        };
        Ok(WarningView {
            // A rule that is no longer declared is known by its id.
            title: rule.map_or_else(|| warning.rule.clone(), |rule| rule.title.clone()),
            title_en: rule.map_or_else(|| warning.rule.clone(), |rule| rule.title_en.clone()),
            subject: if warning.matter.is_some() { WarningSubject::Matter } else { WarningSubject::Category },
            matter_name: matter.and_then(|matter| matter.summary).and_then(|summary| summary.name),
            counted_from: counted_from(rule, warning.counted_at),
            id: warning.id,
            rule: warning.rule,
            matter: warning.matter,
            area: warning.area,
            category: warning.category,
            case: warning.case_id,
            cases: warning.figures.cases,
            before: warning.figures.before,
            places: warning.figures.places,
            state: warning.state,
            raised_at: warning.raised_at,
            counted_at: warning.counted_at,
            closed_at: warning.closed_at,
            acknowledged_at: warning.acknowledged_at,
            acknowledged_by: warning.acknowledged_by,
            note: warning.note,
        })
    }
}

fn counted_from(rule: Option<&Rule>, counted_at: DateTime<Utc>) -> NaiveDate {
    local_day(counted_at) - Days::new(rule.map_or(0, |rule| u64::from(rule.days).saturating_sub(1)))
}
