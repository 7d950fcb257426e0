//! `/indicators`: rates and volumes of an area over a period.

use std::borrow::Cow;

use askama::Template;

use super::Names;
use crate::{
    app::view::{IndicatorFigures, Indicators, Rate},
    domain::indicator::Dimension,
    web::page::{Page, address},
};

const DIMENSIONS: [Dimension; 7] = [
    Dimension::Division,
    Dimension::Level,
    Dimension::Organization,
    Dimension::Platform,
    Dimension::Channel,
    Dimension::Kind,
    Dimension::Category,
];

/// Names of bodies by their ids, for the figures by body.
pub type Bodies = std::collections::HashMap<String, String>;

#[derive(Template)]
#[template(path = "indicators.html")]
struct View<'a> {
    p: &'a Page,
    data: &'a Indicators,
    by: Option<Dimension>,
    names: &'a Names,
    bodies: &'a Bodies,
    dimensions: &'static [Dimension],
}

/// A rate of the period, by the key of its words, with those it is compared with.
struct Card {
    key: &'static str,
    now: Rate,
    before: Rate,
    year_before: Rate,
}

impl View<'_> {
    fn cards(&self) -> Vec<Card> {
        let card = |key, rate: fn(&IndicatorFigures) -> Rate| Card {
            key,
            now: rate(&self.data.total),
            before: rate(&self.data.before),
            year_before: rate(&self.data.year_before),
        };
        vec![
            card("indicators.timely_acceptance", |figures| figures.timely_acceptance),
            card("indicators.on_time_completion", |figures| figures.on_time_completion),
            card("indicators.satisfaction", |figures| figures.satisfaction),
            card("indicators.rating_participation", |figures| figures.rating_participation),
            card("indicators.online_share", |figures| figures.online_share),
            card("indicators.duplicate_share", |figures| figures.duplicate_share),
        ]
    }

    fn change(&self, now: &Rate, then: &Rate) -> String {
        points(self.p, now, then)
    }

    fn is_chosen(&self, by: &Dimension) -> bool {
        self.by == Some(*by)
    }

    fn rate(&self, rate: &Rate) -> String {
        self.p.share(&rate.numerator, &rate.denominator)
    }

    fn group_name<'v>(&'v self, value: &'v str) -> Cow<'v, str> {
        group_name(self.p, self.by.unwrap_or(Dimension::All), value, self.names, self.bodies)
    }

    /// The page of the cases behind a figure, of all or of one group.
    fn behind(&self, measure: &str, group: Option<&str>) -> String {
        let (from, until) = (self.data.from.to_string(), self.data.until.to_string());
        let by = self.by.zip(group).map(|(by, value)| (self.p.wire(&by), value));
        let area = match &by {
            Some((dimension, value)) if dimension == "division" => value,
            _ => self.data.area.as_str(),
        };
        let mut query = vec![("counted", measure), ("from", from.as_str()), ("until", until.as_str()), ("division", area)];
        if let Some((dimension, value)) = by.as_ref().filter(|(dimension, _)| dimension != "division") {
            query.push((dimension, value));
        }
        address("/cases", &query)
    }

    /// A rate, which leads to what it counts, of what it counts.
    fn counts(&self, key: &str) -> (&'static str, &'static str) {
        match key {
            "indicators.timely_acceptance" => ("accept_met", "accept_due"),
            "indicators.on_time_completion" => ("answer_met", "answer_due"),
            "indicators.satisfaction" => ("satisfied", "rated"),
            "indicators.rating_participation" => ("rated", "answered"),
            "indicators.online_share" => ("online", "submissions"),
            _ => ("duplicates", "submissions"),
        }
    }

    /// The rates of a group, in the order of the table's heads.
    fn rates(&self, figures: &IndicatorFigures) -> [(&'static str, Rate); 6] {
        [
            ("indicators.timely_acceptance", figures.timely_acceptance),
            ("indicators.on_time_completion", figures.on_time_completion),
            ("indicators.satisfaction", figures.satisfaction),
            ("indicators.rating_participation", figures.rating_participation),
            ("indicators.online_share", figures.online_share),
            ("indicators.duplicate_share", figures.duplicate_share),
        ]
    }

    /// The same question about an area inside this one.
    fn inside(&self, area: &str) -> String {
        let (from, until) = (self.data.from.to_string(), self.data.until.to_string());
        address("/indicators", &[("area", area), ("from", &from), ("until", &until), ("by", "division")])
    }
}

/// The difference of two rates in percentage points, with its sign.
pub(super) fn points(p: &Page, now: &Rate, then: &Rate) -> String {
    match now.value.zip(then.value) {
        None => p.t("site.none").to_owned(),
        Some((now, then)) => {
            let points = (now - then) * 100.0;
            let sign = if points < -0.05 { "−" } else { "+" };
            p.fill("indicators.points", format!("{sign}{:.1}", points.abs()))
        }
    }
}

/// What a group is called.
pub(super) fn group_name<'v>(p: &Page, dimension: Dimension, value: &'v str, names: &'v Names, bodies: &'v Bodies) -> Cow<'v, str> {
    match dimension {
        Dimension::Division => Cow::Owned(p.division(value)),
        Dimension::Level => p.word("tier", value),
        Dimension::Organization => Cow::Borrowed(bodies.get(value).map_or(value, String::as_str)),
        Dimension::Platform => Cow::Borrowed(names.of(value)),
        Dimension::Channel => p.word("channel", value),
        Dimension::Kind => p.word("kind", value),
        Dimension::Category | Dimension::All => Cow::Borrowed(value),
    }
}

pub fn show(p: &Page, data: &Indicators, by: Option<Dimension>, names: &Names, bodies: &Bodies) -> askama::Result<String> {
    View { p, data, by, names, bodies, dimensions: &DIMENSIONS }.render()
}
