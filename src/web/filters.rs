//! What the address of a list asks for. The names are the forms' in the templates.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::de::DeserializeOwned;

use super::{page::Page, pages::failure::Failure};
use crate::{
    app::query::{
        AlertFilter, CaseFilter, ConflictFilter, CountedIn, DeadlineFilter, DeliveryFilter, DuplicateFilter, IndicatorQuery, MatterFilter,
        Page as Wanted, SupervisionFilter, WarningFilter,
    },
    domain::{
        calendar::day_begins,
        deadline::DeadlineState,
        division,
        indicator::{Dimension, local_day},
    },
};

/// Rows on one page of a list.
const ROWS: u32 = 50;

/// The part of the list that is wanted.
pub fn wanted(page: &Page) -> Wanted {
    Wanted { limit: ROWS, after: text(page, "cursor") }
}

/// The first few of a list.
pub fn first(limit: u32) -> Wanted {
    Wanted { limit, after: None }
}

pub fn cases(page: &Page) -> Result<CaseFilter, Failure> {
    Ok(CaseFilter {
        status: word(page, "status")?,
        kind: word(page, "kind")?,
        division: division(page)?,
        category: text(page, "category"),
        organization: text(page, "organization"),
        level: word(page, "level")?,
        platform: text(page, "platform"),
        channel: word(page, "channel")?,
        matter: text(page, "matter"),
        counted: counted(page)?,
        ..CaseFilter::default()
    })
}

/// The figure whose cases are asked for.
fn counted(page: &Page) -> Result<Option<CountedIn>, Failure> {
    let Some(measure) = word(page, "counted")? else { return Ok(None) };
    let date = |name: &str| text(page, name).and_then(|text| text.parse::<NaiveDate>().ok()).ok_or_else(|| unreadable(name));
    CountedIn::new(measure, date("from")?, date("until")?).map(Some).map_err(unreadable)
}

/// Running ones unless the address says otherwise.
pub fn deadlines(page: &Page) -> Result<DeadlineFilter, Failure> {
    Ok(DeadlineFilter {
        state: word(page, "state")?.unwrap_or(DeadlineState::Running),
        clock: word(page, "clock")?,
        kind: word(page, "kind")?,
        division: division(page)?,
        organization: text(page, "organization"),
        platform: text(page, "platform"),
        due_before: day(page, "before")?,
    })
}

/// The nation by division over this month unless the address says otherwise.
pub fn indicators(page: &Page) -> Result<IndicatorQuery, Failure> {
    let date = |name: &str| text(page, name).map(|text| text.parse::<NaiveDate>().map_err(|_| unreadable(name))).transpose();
    let by = word(page, "by")?.unwrap_or(Dimension::Division);
    IndicatorQuery::new(text(page, "area"), date("from")?, date("until")?, Some(by), local_day(page.now)).map_err(unreadable)
}

pub fn duplicates(page: &Page) -> Result<DuplicateFilter, Failure> {
    Ok(DuplicateFilter {
        decision: word(page, "decision")?,
        platform: text(page, "platform"),
        other_platform: text(page, "other"),
        across_platforms: text(page, "across").is_some(),
        channel: word(page, "channel")?,
        division: division(page)?,
        within: None,
        organization: text(page, "organization"),
        case: text(page, "case"),
        rule: text(page, "rule"),
        model: text(page, "model"),
        model_digest: text(page, "digest"),
        reviewer: text(page, "reviewer"),
        min_probability: probability(page, "min")?,
        max_probability: probability(page, "max")?,
        decided_from: day(page, "from")?,
        decided_until: day_after(page, "until")?,
        order: word(page, "sort")?.unwrap_or_default(),
        with_text: false,
    })
}

pub fn matters(page: &Page) -> Result<MatterFilter, Failure> {
    let min_cases = text(page, "min").map(|number| number.parse().map_err(|_| unreadable("min"))).transpose()?;
    Ok(MatterFilter {
        division: division(page)?,
        within: None,
        category: text(page, "category"),
        filed_from: day(page, "from")?,
        filed_until: day_after(page, "until")?,
        trend: word(page, "trend")?,
        min_cases,
        order: word(page, "sort")?.unwrap_or_default(),
    })
}

pub fn alerts(page: &Page) -> Result<AlertFilter, Failure> {
    let firing = match text(page, "state").as_deref() {
        None => None,
        Some("firing") => Some(true),
        Some("resolved") => Some(false),
        Some(_) => return Err(unreadable("state")),
    };
    Ok(AlertFilter { firing, severity: word(page, "severity")?, watch: word(page, "watch")?, platform: text(page, "platform") })
}

pub fn deliveries(page: &Page) -> Result<DeliveryFilter, Failure> {
    Ok(DeliveryFilter { platform: text(page, "platform"), state: word(page, "state")?, case: text(page, "case"), division: None })
}

pub fn supervisions(page: &Page) -> Result<SupervisionFilter, Failure> {
    Ok(SupervisionFilter {
        state: word(page, "state")?,
        kind: word(page, "kind")?,
        rule: text(page, "rule"),
        case: text(page, "case"),
        organization: text(page, "organization"),
        platform: text(page, "platform"),
        division: division(page)?,
    })
}

pub fn conflicts(page: &Page) -> Result<ConflictFilter, Failure> {
    Ok(ConflictFilter {
        visible_to: None,
        state: word(page, "state")?,
        case: text(page, "case"),
        platform: text(page, "platform"),
        organization: text(page, "organization"),
        division: division(page)?,
    })
}

pub fn warnings(page: &Page) -> Result<WarningFilter, Failure> {
    Ok(WarningFilter {
        state: word(page, "state")?,
        rule: text(page, "rule"),
        matter: text(page, "matter"),
        area: text(page, "area"),
        category: text(page, "category"),
    })
}

/// An area of six digits; the nation unless the address says otherwise.
pub fn area(page: &Page) -> Result<String, Failure> {
    let area = text(page, "area").unwrap_or_else(|| division::NATION.to_owned());
    if area.len() == 6 && division::is_known(&area) { Ok(area) } else { Err(unreadable("area")) }
}

/// A text that is there and not blank.
pub fn text(page: &Page, name: &str) -> Option<String> {
    Some(page.asked(name).trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A code of GB/T 2260.
fn division(page: &Page) -> Result<Option<String>, Failure> {
    let division = text(page, "division");
    if division.as_deref().is_some_and(|code| !division::is_known(code)) {
        return Err(unreadable("division"));
    }
    Ok(division)
}

/// A value of a closed list.
pub fn word<T: DeserializeOwned>(page: &Page, name: &str) -> Result<Option<T>, Failure> {
    text(page, name).map(|word| serde_json::from_value(word.into()).map_err(|_| unreadable(name))).transpose()
}

/// The beginning of a day in Beijing.
fn day(page: &Page, name: &str) -> Result<Option<DateTime<Utc>>, Failure> {
    let Some(text) = text(page, name) else { return Ok(None) };
    let date: NaiveDate = text.parse().map_err(|_| unreadable(name))?;
    day_begins(date).map(Some).ok_or_else(|| unreadable(name))
}

/// The end of a day in Beijing: a period holds the day named last.
fn day_after(page: &Page, name: &str) -> Result<Option<DateTime<Utc>>, Failure> {
    Ok(day(page, name)?.map(|begins| begins + TimeDelta::days(1)))
}

fn probability(page: &Page, name: &str) -> Result<Option<f64>, Failure> {
    let read = |number: String| number.parse().ok().filter(|p| (0.0..=1.0).contains(p)).ok_or_else(|| unreadable(name));
    text(page, name).map(read).transpose()
}

fn unreadable(name: &str) -> Failure {
    Failure::BadRequest(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        app::{query::MatterOrder, view::Decision},
        domain::{case::CaseStatus, matter::Trend},
        web::texts::Lang,
    };

    fn page(query: &[(&str, &str)]) -> Page {
        let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Page::new(Lang::Zh, None, DateTime::UNIX_EPOCH, "/", query)
    }

    #[test]
    fn the_address_is_read() {
        let filter = cases(&page(&[("status", "in_progress"), ("division", "430100"), ("kind", "")])).unwrap();
        assert_eq!((filter.status, filter.division.as_deref(), filter.kind), (Some(CaseStatus::InProgress), Some("430100"), None));
        let filter =
            duplicates(&page(&[("decision", "possible_duplicate"), ("min", "0.9"), ("from", "2026-03-01"), ("across", "1")])).unwrap();
        assert_eq!(
            (filter.decision, filter.min_probability, filter.across_platforms),
            (Some(Decision::PossibleDuplicate), Some(0.9), true)
        );
        assert_eq!(filter.decided_from, "2026-02-28T16:00:00Z".parse().ok());
    }

    #[test]
    fn a_period_holds_its_last_day() {
        let filter = matters(&page(&[("until", "2026-03-01"), ("trend", "rising"), ("sort", "growth"), ("min", "5")])).unwrap();
        assert_eq!(filter.filed_until, "2026-03-01T16:00:00Z".parse().ok());
        assert_eq!((filter.trend, filter.order, filter.min_cases), (Some(Trend::Rising), MatterOrder::Growth, Some(5)));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let check = |outcome: Result<(), Failure>, name: &str| assert_eq!(outcome, Err(Failure::BadRequest(name.to_owned())));
        check(cases(&page(&[("status", "lost")])).map(drop), "status");
        check(cases(&page(&[("division", "999999")])).map(drop), "division");
        check(duplicates(&page(&[("min", "2")])).map(drop), "min");
        check(duplicates(&page(&[("from", "yesterday")])).map(drop), "from");
        check(matters(&page(&[("min", "many")])).map(drop), "min");
        check(matters(&page(&[("trend", "up")])).map(drop), "trend");
        check(matters(&page(&[("sort", "name")])).map(drop), "sort");
        check(deliveries(&page(&[("state", "gone")])).map(drop), "state");
    }
}
