//! `/reports/{year}`: the yearly report, to be printed.

use std::borrow::Cow;

use askama::Template;

use super::{Names, indicators::Bodies};
use crate::{
    app::view::{IndicatorFigures, Rate, ReportGroup, SupervisionFigures, YearReport},
    domain::indicator::{Dimension, Measure},
    web::page::{Page, address},
};

#[derive(Template)]
#[template(path = "report.html")]
struct View<'a> {
    p: &'a Page,
    data: &'a YearReport,
    names: &'a Names,
    bodies: &'a Bodies,
}

/// A table of the report.
struct Part<'a> {
    id: &'static str,
    heading: &'static str,
    dimension: Dimension,
    groups: &'a [ReportGroup],
}

impl View<'_> {
    fn parts(&self) -> Vec<Part<'_>> {
        let part = |id, heading, dimension, groups| Part { id, heading, dimension, groups };
        let data = self.data;
        let all = [
            part("kinds", "reports.kinds", Dimension::Kind, data.kinds.as_slice()),
            part("channels", "reports.channels", Dimension::Channel, &data.channels),
            part("categories", "reports.categories", Dimension::Category, &data.categories),
            part("bodies", "reports.bodies", Dimension::Organization, &data.bodies),
            part("divisions", "reports.divisions", Dimension::Division, &data.divisions),
            part("platforms", "reports.platforms", Dimension::Platform, &data.platforms),
        ];
        all.into_iter().filter(|part| !part.groups.is_empty()).collect()
    }

    /// The counts, by the key of their words.
    fn volumes(&self) -> [(&'static str, u64, u64); 4] {
        let count = |key, count: fn(&IndicatorFigures) -> u64| (key, count(&self.data.total), count(&self.data.year_before));
        [
            count("indicators.submissions", |figures| figures.submissions),
            count("indicators.cases", |figures| figures.cases),
            count("reports.answered", |figures| figures.answered),
            count("reports.duplicates", |figures| figures.duplicate_share.numerator),
        ]
    }

    /// The rates, by the key of their words.
    fn rates(&self) -> Vec<(&'static str, &'static str, Rate, Rate)> {
        let rate = |key, formula, rate: fn(&IndicatorFigures) -> Rate| (key, formula, rate(&self.data.total), rate(&self.data.year_before));
        vec![
            rate("indicators.timely_acceptance", "indicators.timely_acceptance_formula", |figures| figures.timely_acceptance),
            rate("indicators.on_time_completion", "indicators.on_time_completion_formula", |figures| figures.on_time_completion),
            rate("indicators.satisfaction", "indicators.satisfaction_formula", |figures| figures.satisfaction),
            rate("indicators.rating_participation", "indicators.rating_participation_formula", |figures| figures.rating_participation),
            rate("indicators.online_share", "indicators.online_share_formula", |figures| figures.online_share),
            rate("indicators.duplicate_share", "indicators.duplicate_share_formula", |figures| figures.duplicate_share),
        ]
    }

    /// How many of each kind were raised, and proposals adopted.
    fn supervisions(&self) -> [(Measure, u64, u64); 5] {
        let count = |measure, of: fn(&SupervisionFigures) -> u64| {
            (measure, of(&self.data.total.supervision), of(&self.data.year_before.supervision))
        };
        [
            count(Measure::Reminders, |figures| figures.reminders),
            count(Measure::ReturnCalls, |figures| figures.return_calls),
            count(Measure::Supervisions, |figures| figures.supervisions),
            count(Measure::Proposals, |figures| figures.adopted.denominator),
            count(Measure::Adopted, |figures| figures.adopted.numerator),
        ]
    }

    fn supervision_rates(&self) -> [(&'static str, &'static str, Rate, Rate); 2] {
        let rate = |key, formula, rate: fn(&SupervisionFigures) -> Rate| {
            (key, formula, rate(&self.data.total.supervision), rate(&self.data.year_before.supervision))
        };
        [
            rate("reports.supervision_answers", "reports.supervision_answers_formula", |figures| figures.answered),
            rate("reports.adopted", "reports.adopted_formula", |figures| figures.adopted),
        ]
    }

    /// The cases that a count of the year is of.
    fn behind(&self, measure: &Measure) -> String {
        let (from, until) = (self.data.from.to_string(), self.data.until.to_string());
        address("/cases", &[("counted", measure.as_str()), ("from", &from), ("until", &until), ("division", &self.data.area)])
    }

    fn rate(&self, rate: &Rate) -> String {
        self.p.share(&rate.numerator, &rate.denominator)
    }

    /// How much more than a year before, with its sign.
    fn growth(&self, now: &u64, then: &u64) -> String {
        if *then == 0 {
            return self.p.t("site.none").to_owned();
        }
        let (sign, difference) = if now < then { ("−", then - now) } else { ("+", now - then) };
        format!("{sign}{}", self.p.share(&difference, then))
    }

    fn points(&self, now: &Rate, then: &Rate) -> String {
        super::indicators::points(self.p, now, then)
    }

    fn name<'v>(&'v self, dimension: &Dimension, value: &'v str) -> Cow<'v, str> {
        super::indicators::group_name(self.p, *dimension, value, self.names, self.bodies)
    }
}

pub fn show(p: &Page, data: &YearReport, names: &Names, bodies: &Bodies) -> askama::Result<String> {
    View { p, data, names, bodies }.render()
}
