//! Indicators (考核指标): what a case counts for, by day, area and dimension. Pure; the rates' formulas are ours and published,
//! since no official ones are public.

mod measure;
mod packed;

pub use measure::{Measure, Tally};
pub use packed::Packed;

use chrono::{DateTime, Datelike, Months, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{
    calendar::ZONE,
    deadline::{Clock, Deadline, DeadlineState},
    division::{self, Level},
    rating::Satisfaction,
    submission::{Channel, Kind},
    supervision::SupervisionKind,
};

/// How long the time is that a stored tally counts over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unit {
    Day,
    Month,
}

impl Unit {
    /// The name in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
        }
    }
}

/// The fewest stored tallies a period is made of: whole months, and the days before and after them. Both ends of every piece belong to
/// it; a month stands under its first day.
pub fn pieces(from: NaiveDate, until: NaiveDate) -> Vec<(Unit, NaiveDate, NaiveDate)> {
    let first_month = if from.day() == 1 { Some(from) } else { month(from).checked_add_months(Months::new(1)) };
    // The month after the last whole one.
    let end = until.succ_opt().map(month);
    let (Some(first_month), Some(end)) = (first_month, end) else { return vec![(Unit::Day, from, until)] };
    if first_month >= end {
        return vec![(Unit::Day, from, until)];
    }
    let before = first_month.pred_opt().filter(|last| from <= *last).map(|last| (Unit::Day, from, last));
    let months = end.pred_opt().map(|last| (Unit::Month, first_month, month(last)));
    let after = (end <= until).then_some((Unit::Day, end, until));
    before.into_iter().chain(months).chain(after).collect()
}

/// The first day of a day's month.
pub fn month(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap_or(day)
}

/// What counts can be told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// Everything in the area together.
    All,
    /// The divisions directly inside the area.
    Division,
    /// How far up the responsible body stands.
    Level,
    /// The responsible body.
    Organization,
    /// For filings the platform they came from, for cases that of the responsible body.
    Platform,
    /// For cases that of the first filing.
    Channel,
    Kind,
    /// The first level.
    Category,
}

impl Dimension {
    /// The name in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Division => "division",
            Self::Level => "level",
            Self::Organization => "organization",
            Self::Platform => "platform",
            Self::Channel => "channel",
            Self::Kind => "kind",
            Self::Category => "category",
        }
    }
}

/// The channels that count as online.
pub const ONLINE: [Channel; 3] = [Channel::Web, Channel::MobileApp, Channel::Wechat];

/// A filing of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filing {
    pub platform: String,
    pub channel: Channel,
    pub received_at: DateTime<Utc>,
    pub is_duplicate: bool,
}

/// A body was reminded of a case, or called to account for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Supervised {
    pub kind: SupervisionKind,
    pub raised_at: DateTime<Utc>,
    pub is_answered: bool,
    /// A proposal that was adopted.
    pub is_adopted: bool,
}

/// What a case counts by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseFacts {
    pub registered_at: DateTime<Utc>,
    pub kind: Kind,
    pub division: Option<String>,
    pub category: Option<String>,
    pub organization: Option<String>,
    /// Of the responsible body.
    pub level: Option<Level>,
    pub platform: Option<String>,
    /// In the order they came.
    pub filings: Vec<Filing>,
    pub deadlines: Vec<Deadline>,
    pub rating: Option<Satisfaction>,
    pub supervisions: Vec<Supervised>,
}

/// Something that counts one. Kept with the case as [`Packed`], so that it can be taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    pub day: NaiveDate,
    pub measure: Measure,
    division: Option<String>,
    by: Vec<(Dimension, String)>,
}

/// Where a tally stands in the table.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cell {
    /// GB/T 2260 code; the nation holds everything.
    pub area: String,
    pub dimension: Dimension,
    pub unit: Unit,
    /// The first day of a month.
    pub day: NaiveDate,
    /// Empty for [`Dimension::All`].
    pub value: String,
}

/// What a count is told apart by, of the level, body, platform, channel, kind and category.
fn by(values: [Option<&str>; 6]) -> Vec<(Dimension, String)> {
    const BY: [Dimension; 6] =
        [Dimension::Level, Dimension::Organization, Dimension::Platform, Dimension::Channel, Dimension::Kind, Dimension::Category];
    BY.into_iter().zip(values).filter_map(|(dimension, value)| Some((dimension, value?.to_owned()))).collect()
}

impl Count {
    fn value(&self, dimension: Dimension) -> Option<&str> {
        self.by.iter().find(|(of, _)| *of == dimension).map(|(_, value)| value.as_str())
    }

    /// The cells this counts in: each area around it, each dimension, its day and its month.
    pub fn cells(&self) -> impl Iterator<Item = Cell> {
        let areas = areas(self.division.as_deref());
        let mut cells = Vec::with_capacity(2 * areas.len() * (self.by.len() + 2));
        for (unit, day) in [(Unit::Day, self.day), (Unit::Month, month(self.day))] {
            for (index, area) in areas.iter().enumerate() {
                let cell = |dimension, value: &str| Cell { area: area.clone(), dimension, unit, day, value: value.to_owned() };
                cells.push(cell(Dimension::All, ""));
                cells.extend(areas.get(index + 1).map(|inner| cell(Dimension::Division, inner)));
                cells.extend(self.by.iter().map(|(dimension, value)| cell(*dimension, value)));
            }
        }
        cells.into_iter()
    }
}

/// The nation, the province, the city and the county around a division; townships count for their county.
fn areas(code: Option<&str>) -> Vec<String> {
    let mut areas = vec![division::NATION.to_owned()];
    for digits in [2, 4, 6] {
        let inner = code.and_then(|code| code.get(..digits)).map(|prefix| format!("{prefix:0<6}"));
        areas.extend(inner.filter(|area| areas.last() != Some(area)));
    }
    areas
}

/// What a case counts for. O(filings + clocks).
pub fn counts(case: &CaseFacts) -> Vec<Count> {
    let category = case.category.as_deref().and_then(|path| path.split('/').next()).map(str::to_owned);
    let (kind, level) = (word(&case.kind), case.level.map(|level| word(&level)));
    let count = |at: NaiveDate, measure, platform: Option<&str>, channel: Option<Channel>| Count {
        day: at,
        measure,
        division: case.division.clone(),
        by: by([
            level.as_deref(),
            case.organization.as_deref(),
            platform,
            channel.map(|channel| word(&channel)).as_deref(),
            Some(&kind),
            category.as_deref(),
        ]),
    };
    let mut counts = Vec::new();
    for filing in &case.filings {
        let counted =
            [(Measure::Submissions, true), (Measure::Online, ONLINE.contains(&filing.channel)), (Measure::Duplicates, filing.is_duplicate)];
        let day = local_day(filing.received_at);
        counts.extend(
            counted.into_iter().filter(|(_, counts)| *counts).map(|(m, _)| count(day, m, Some(&filing.platform), Some(filing.channel))),
        );
    }
    let channel = case.filings.first().map(|filing| filing.channel);
    let of_case = |day, measure| count(day, measure, case.platform.as_deref(), channel);
    counts.push(of_case(local_day(case.registered_at), Measure::Cases));
    for deadline in &case.deadlines {
        let (due, met, late) = match deadline.clock {
            Clock::Accept => (Measure::AcceptDue, Measure::AcceptMet, Measure::AcceptLate),
            Clock::Answer => (Measure::AnswerDue, Measure::AnswerMet, Measure::AnswerLate),
            _ => continue,
        };
        let day = local_day(deadline.due_at - TimeDelta::milliseconds(1));
        counts.push(of_case(day, due));
        match deadline.ended_at.map(|at| deadline.state(at)) {
            Some(DeadlineState::Met) => counts.push(of_case(day, met)),
            Some(_) => counts.push(of_case(day, late)),
            None => {}
        }
    }
    if let Some(answered) = case.deadlines.iter().find(|deadline| deadline.clock == Clock::ReviewRequest) {
        let day = local_day(answered.started_at);
        counts.push(of_case(day, Measure::Answered));
        counts.extend(case.rating.map(|_| of_case(day, Measure::Rated)));
        counts.extend(case.rating.filter(|rating| rating.is_satisfied()).map(|_| of_case(day, Measure::Satisfied)));
    }
    for supervised in &case.supervisions {
        let day = local_day(supervised.raised_at);
        counts.push(of_case(day, Measure::of_supervision(supervised.kind)));
        counts.extend(supervised.is_answered.then(|| of_case(day, Measure::SupervisionAnswers)));
        counts.extend(supervised.is_adopted.then(|| of_case(day, Measure::Adopted)));
    }
    counts
}

/// The day in Beijing.
pub fn local_day(at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&ZONE).date_naive()
}

fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        format!("{text}:00+08:00").parse().expect("a time")
    }

    fn facts() -> CaseFacts {
        let filing = |platform: &str, channel, received, is_duplicate| Filing {
            platform: platform.into(),
            channel,
            received_at: at(received),
            is_duplicate,
        };
        let deadline = |clock, started, due, ended: Option<&str>| Deadline {
            clock,
            started_at: at(started),
            due_at: at(due),
            ended_at: ended.map(at),
            extended: false,
        };
        CaseFacts {
            registered_at: at("2026-03-02T09:00"),
            kind: Kind::Request,
            division: Some("430102".into()),
            category: Some("城乡建设/施工管理".into()),
            organization: Some("furong".into()),
            level: Some(Level::County),
            platform: Some("hunan".into()),
            filings: vec![
                filing("mobile", Channel::MobileApp, "2026-03-02T00:10", false),
                filing("hunan", Channel::Letter, "2026-03-04T09:00", true),
            ],
            deadlines: vec![
                deadline(Clock::Accept, "2026-03-02T09:00", "2026-03-18T00:00", Some("2026-03-18T09:00")),
                deadline(Clock::Answer, "2026-03-18T09:00", "2026-05-19T00:00", Some("2026-04-01T09:00")),
                deadline(Clock::ReviewRequest, "2026-04-01T09:00", "2026-05-02T00:00", None),
            ],
            rating: Some(Satisfaction::Satisfied),
            supervisions: vec![Supervised {
                kind: SupervisionKind::Accountability,
                raised_at: at("2026-03-20T09:00"),
                is_answered: true,
                is_adopted: true,
            }],
        }
    }

    #[test]
    fn a_case_counts_for_what_happened_on_its_day() {
        let found: Vec<String> = counts(&facts()).iter().map(|count| format!("{} {}", count.day, word(&count.measure))).collect();
        assert_eq!(
            found,
            [
                "2026-03-02 submissions",
                "2026-03-02 online",
                "2026-03-04 submissions",
                "2026-03-04 duplicates",
                "2026-03-02 cases",
                "2026-03-17 accept_due",
                "2026-03-17 accept_late",
                "2026-05-18 answer_due",
                "2026-05-18 answer_met",
                "2026-04-01 answered",
                "2026-04-01 rated",
                "2026-04-01 satisfied",
                "2026-03-20 proposals",
                "2026-03-20 supervision_answers",
                "2026-03-20 adopted",
            ]
        );
    }

    #[test]
    fn every_area_around_it_counts_it() {
        let count = &counts(&facts())[0];
        let cells: Vec<(String, Dimension, String)> = count.cells().map(|cell| (cell.area, cell.dimension, cell.value)).collect();
        for (area, inner) in [("000000", "430000"), ("430000", "430100"), ("430100", "430102")] {
            assert!(cells.contains(&(area.into(), Dimension::Division, inner.into())), "{cells:?}");
            assert!(cells.contains(&(area.into(), Dimension::Platform, "mobile".into())), "{cells:?}");
        }
        assert_eq!(cells.iter().filter(|(_, dimension, _)| *dimension == Dimension::All).count(), 8, "by day and by month");
    }

    #[test]
    fn what_is_kept_of_it_is_short_and_whole() {
        for facts in [facts(), CaseFacts { division: None, category: None, organization: None, level: None, platform: None, ..facts() }] {
            let counts = counts(&facts);
            let text = serde_json::to_string(&Packed::new(&counts)).expect("text");
            assert!(text.len() < 300, "{text}");
            assert_eq!(serde_json::from_str::<Packed>(&text).expect("what was written").counts(), Some(counts));
        }
        assert_eq!(Packed::new(&[]).counts(), Some(Vec::new()));
    }

    #[test]
    fn a_period_is_whole_months_and_the_days_around_them() {
        let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
        for (from, until, expected) in [
            ("2026-01-01", "2026-12-31", "Month 2026-01-01 2026-12-01"),
            ("2026-02-01", "2026-02-28", "Month 2026-02-01 2026-02-01"),
            ("2026-02-03", "2026-02-28", "Day 2026-02-03 2026-02-28"),
            ("2026-01-15", "2026-02-27", "Day 2026-01-15 2026-02-27"),
            ("2026-01-15", "2026-04-02", "Day 2026-01-15 2026-01-31, Month 2026-02-01 2026-03-01, Day 2026-04-01 2026-04-02"),
            ("2025-12-31", "2026-01-31", "Day 2025-12-31 2025-12-31, Month 2026-01-01 2026-01-01"),
        ] {
            let found: Vec<String> =
                pieces(day(from), day(until)).into_iter().map(|(unit, from, until)| format!("{unit:?} {from} {until}")).collect();
            assert_eq!(found.join(", "), expected, "{from} to {until}");
        }
    }

    #[test]
    fn areas_of_short_and_long_codes() {
        for (code, expected) in [
            (None, &["000000"][..]),
            (Some("000000"), &["000000"]),
            (Some("430000"), &["000000", "430000"]),
            (Some("430100"), &["000000", "430000", "430100"]),
            (Some("430102001"), &["000000", "430000", "430100", "430102"]),
        ] {
            assert_eq!(areas(code), expected, "{code:?}");
        }
    }
}
