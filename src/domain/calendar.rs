//! Working days: which weekdays are off and which days at weekends are worked, as the State Council announces them each year.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeZone, Utc, Weekday};
use chrono_tz::{Asia::Shanghai, Tz};
use serde::Deserialize;

/// Statutory days run in this zone.
pub const ZONE: Tz = Shanghai;
/// No period is longer; a calendar that has no working day in so long is wrong.
const MAX_SEARCH_DAYS: usize = 400;

const DEFAULT: &str = include_str!("../../rules/calendar.toml");

/// Why a calendar cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CalendarError {
    #[error("it is not a calendar")]
    Syntax(#[from] toml::de::Error),
    #[error("`{0}` is not a day (YYYY-MM-DD) or a range of days of one year (YYYY-MM-DD/YYYY-MM-DD)")]
    Day(String),
}

/// Which days are worked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calendar {
    off: BTreeSet<NaiveDate>,
    worked: BTreeSet<NaiveDate>,
    years: BTreeSet<i32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    years: Vec<Year>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Year {
    year: i32,
    /// Where it was announced; for people.
    #[serde(rename = "source")]
    _source: String,
    #[serde(default)]
    off: Vec<String>,
    #[serde(default)]
    worked: Vec<String>,
}

impl Calendar {
    /// Reads `rules/calendar.toml` or a file like it.
    pub fn from_toml(text: &str) -> Result<Self, CalendarError> {
        let file: File = toml::from_str(text)?;
        let mut calendar = Self::default();
        for year in file.years {
            calendar.years.insert(year.year);
            for (texts, days) in [(year.off, &mut calendar.off), (year.worked, &mut calendar.worked)] {
                for text in texts {
                    days.extend(
                        range(&text).filter(|days| days.iter().all(|day| day.year() == year.year)).ok_or(CalendarError::Day(text))?,
                    );
                }
            }
        }
        Ok(calendar)
    }

    /// The calendar that is compiled in.
    ///
    /// # Errors
    /// Never: a test reads it.
    pub fn compiled_in() -> Result<Self, CalendarError> {
        Self::from_toml(DEFAULT)
    }

    /// True if the year's holidays are known; otherwise only weekends are off.
    pub fn covers(&self, year: i32) -> bool {
        self.years.contains(&year)
    }

    pub fn is_worked(&self, day: NaiveDate) -> bool {
        self.worked.contains(&day) || !(self.off.contains(&day) || matches!(day.weekday(), Weekday::Sat | Weekday::Sun))
    }

    /// The end of the `days`th day after the day of `start`; if that day is off, of the next that is worked
    /// (民法典, articles 201 and 203).
    pub fn after_days(&self, start: DateTime<Utc>, days: u64) -> DateTime<Utc> {
        let last = local_day(start) + Days::new(days);
        end_of(last.iter_days().take(MAX_SEARCH_DAYS).find(|day| self.is_worked(*day)).unwrap_or(last))
    }

    /// The end of the `days`th working day after the day of `start`.
    pub fn after_working_days(&self, start: DateTime<Utc>, days: usize) -> DateTime<Utc> {
        let first = local_day(start) + Days::new(1);
        let mut worked = first.iter_days().take(MAX_SEARCH_DAYS).filter(|day| self.is_worked(*day));
        end_of(worked.nth(days.saturating_sub(1)).unwrap_or(first))
    }
}

fn local_day(at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&ZONE).date_naive()
}

/// The first moment of a day in Beijing; `None` outside the calendar's range.
pub fn day_begins(day: NaiveDate) -> Option<DateTime<Utc>> {
    ZONE.from_local_datetime(&day.and_time(NaiveTime::MIN)).earliest().map(|at| at.to_utc())
}

/// The first moment of the day after.
fn end_of(day: NaiveDate) -> DateTime<Utc> {
    let next = day + Days::new(1);
    day_begins(next).unwrap_or_else(|| next.and_time(NaiveTime::MIN).and_utc())
}

fn range(text: &str) -> Option<Vec<NaiveDate>> {
    let (first, last) = text.split_once('/').unwrap_or((text, text));
    let (first, last): (NaiveDate, NaiveDate) = (first.parse().ok()?, last.parse().ok()?);
    (first <= last && first.year() == last.year()).then(|| first.iter_days().take_while(|day| *day <= last).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        format!("{text}+08:00").parse().expect("a time")
    }

    #[test]
    fn days_end_at_midnight_and_never_on_a_day_off() {
        let calendar = Calendar::compiled_in().expect("the calendar compiled in");
        for (start, days, due) in [
            // The day itself does not count, whatever the hour.
            ("2026-03-02T09:30:00", 15, "2026-03-18T00:00:00"),
            ("2026-03-02T23:59:59", 15, "2026-03-18T00:00:00"),
            // Ends on a Sunday.
            ("2026-03-07T09:00:00", 15, "2026-03-24T00:00:00"),
            // Ends in the National Day holiday.
            ("2026-09-20T09:00:00", 15, "2026-10-09T00:00:00"),
            // Ends on a Saturday that is worked.
            ("2026-01-30T09:00:00", 15, "2026-02-15T00:00:00"),
        ] {
            assert_eq!(calendar.after_days(at(start), days), at(due), "{start} + {days}");
        }
    }

    #[test]
    fn working_days_skip_holidays_and_count_worked_weekends() {
        let calendar = Calendar::compiled_in().expect("the calendar compiled in");
        for (start, days, due) in [
            ("2026-03-02T09:30:00", 5, "2026-03-10T00:00:00"),
            ("2026-02-12T09:30:00", 5, "2026-02-27T00:00:00"),
            ("2026-09-30T18:00:00", 5, "2026-10-14T00:00:00"),
        ] {
            assert_eq!(calendar.after_working_days(at(start), days), at(due), "{start} + {days}");
        }
        assert!(calendar.covers(2026) && !calendar.covers(2019));
    }

    #[test]
    fn mistakes_are_named() {
        for (days, part) in
            [("[\"2026-13-01\"]", "2026-13-01"), ("[\"2026-01-03/2026-01-01\"]", "2026-01-03"), ("[\"2025-12-31\"]", "2025")]
        {
            let error = Calendar::from_toml(&format!("[[years]]\nyear = 2026\nsource = \"\"\noff = {days}\n")).expect_err(days);
            assert!(error.to_string().contains(part), "{error}");
        }
        assert!(Calendar::from_toml("[[year]]").is_err());
    }
}
