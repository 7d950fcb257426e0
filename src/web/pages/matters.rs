//! `/matters`: the same thing reported by different petitioners.

use askama::Template;

use crate::{
    app::{
        query::MatterOrder,
        view::{MatterView, Paged},
    },
    domain::matter::Trend,
    web::{
        charts::weeks::{self, Bar},
        page::Page,
    },
};

#[derive(Template)]
#[template(path = "matters.html")]
struct View<'a> {
    p: &'a Page,
    list: &'a Paged<MatterView>,
    trends: &'static [Trend],
    orders: &'static [MatterOrder],
}

impl View<'_> {
    fn bars(&self, weeks: &[u32]) -> Vec<Bar> {
        weeks::bars(weeks)
    }

    /// The bars in words.
    fn said(&self, weeks: &[u32]) -> String {
        weeks.iter().map(u32::to_string).collect::<Vec<_>>().join(" ")
    }
}

pub fn list(p: &Page, list: &Paged<MatterView>) -> askama::Result<String> {
    View { p, list, trends: &Trend::ALL, orders: &MatterOrder::ALL }.render()
}
