//! `/warnings` and `/warnings/{id}`: what rises, and what people make of it.

use askama::Template;

use super::reviews::Refusal;
use crate::{
    app::view::{Paged, Trends, WarningView},
    domain::warning::WarningState,
    web::{
        page::{Page, address},
        texts::Lang,
    },
};

#[derive(Template)]
#[template(path = "warnings.html")]
struct ListView<'a> {
    p: &'a Page,
    list: &'a Paged<WarningView>,
    trends: &'a Trends,
    states: &'static [WarningState],
}

impl ListView<'_> {
    /// The cases of a category in the area that is shown.
    fn trend_address(&self, category: &str) -> String {
        let (from, until) = (self.trends.from.to_string(), self.trends.until.to_string());
        let counted = [("counted", "cases"), ("from", from.as_str()), ("until", until.as_str()), ("category", category)];
        let area = [("division", self.trends.area.as_str())];
        let area = area.into_iter().filter(|(_, code)| *code != crate::domain::division::NATION);
        address("/cases", &counted.into_iter().chain(area).collect::<Vec<_>>())
    }
}

/// The cases behind a warning.
fn behind(warning: &WarningView) -> String {
    match (&warning.matter, &warning.area, &warning.category) {
        (Some(matter), ..) => address("/cases", &[("matter", matter)]),
        (None, Some(area), Some(category)) => address("/cases", &[("division", area), ("category", category)]),
        _ => address(&format!("/cases/{}", warning.case), &[]),
    }
}

pub fn list(p: &Page, list: &Paged<WarningView>, trends: &Trends) -> askama::Result<String> {
    ListView { p, list, trends, states: &WarningState::ALL }.render()
}

#[derive(Template)]
#[template(path = "warning.html")]
struct DetailView<'a> {
    p: &'a Page,
    warning: &'a WarningView,
    refused: Option<&'a Refusal>,
}

impl DetailView<'_> {
    /// What was written before.
    fn reason(&self) -> &str {
        self.refused.map_or("", |refusal| &refusal.reason)
    }
}

pub fn detail(p: &Page, warning: &WarningView, refused: Option<&Refusal>) -> askama::Result<String> {
    DetailView { p, warning, refused }.render()
}
