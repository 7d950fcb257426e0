//! The yearly report (信访工作条例, article 41), from the counts of the indicators alone: no list is read for it.

use std::collections::BTreeMap;

use chrono::{Datelike, Days, Months, NaiveDate};

use super::{
    AppError, Gateway,
    indicators::groups,
    view::{IndicatorFigures, ReportGroup, YearReport},
};
use crate::{
    domain::indicator::{Dimension, local_day},
    store::{changes, indicators},
};

/// Bodies that are listed, those with most cases.
const MAX_BODIES: usize = 30;
/// Groups of another kind that are listed.
const MAX_GROUPS: usize = 400;

impl Gateway {
    /// The report of a year in an area, or of what has passed of it, beside the same days a year before; `None` for a year that has not
    /// begun, or that nobody counted.
    pub async fn year_report(&self, year: i32, area: String) -> Result<Option<YearReport>, AppError> {
        let now = self.now();
        let today = local_day(now);
        let days = NaiveDate::from_ymd_opt(year, 1, 1).zip(NaiveDate::from_ymd_opt(year, 12, 31));
        let Some((from, last)) = days.filter(|(from, _)| *from <= today && year >= super::FIRST_YEAR) else { return Ok(None) };
        let until = last.min(today);
        let report = self.read(move |_, c| {
            let yesterday = today - Days::new(1);
            let before = (from - Months::new(12), until - Months::new(12));
            let mut by = |dimension| {
                let mut found: BTreeMap<String, (IndicatorFigures, IndicatorFigures)> = BTreeMap::new();
                for (value, figures) in groups(c, &area, dimension, (from, until), yesterday)? {
                    found.entry(value).or_default().0 = figures;
                }
                for (value, figures) in groups(c, &area, dimension, before, yesterday)? {
                    found.entry(value).or_default().1 = figures;
                }
                let mut list: Vec<ReportGroup> =
                    found.into_iter().map(|(value, (figures, year_before))| ReportGroup { value, figures, year_before }).collect();
                if dimension != Dimension::Division {
                    list.sort_by(|a, b| b.figures.cases.cmp(&a.figures.cases).then_with(|| a.value.cmp(&b.value)));
                }
                list.truncate(if dimension == Dimension::Organization { MAX_BODIES } else { MAX_GROUPS });
                Ok::<_, crate::store::StoreError>(list)
            };
            let whole = by(Dimension::All)?.pop();
            let (total, year_before) = whole.map(|group| (group.figures, group.year_before)).unwrap_or_default();
            let [divisions, kinds, channels, categories, bodies, platforms] = [
                by(Dimension::Division)?,
                by(Dimension::Kind)?,
                by(Dimension::Channel)?,
                by(Dimension::Category)?,
                by(Dimension::Organization)?,
                by(Dimension::Platform)?,
            ];
            Ok(YearReport {
                year: from.year(),
                area,
                from,
                until,
                complete: until < today,
                computed_at: now,
                up_to_date: indicators::position(c)? >= changes::head(c)?,
                total,
                year_before,
                divisions,
                kinds,
                channels,
                categories,
                bodies,
                platforms,
            })
        });
        report.await.map(Some)
    }
}
