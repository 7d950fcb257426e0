//! `/supervisions` and `/supervisions/{id}`: what bodies were reminded of or called to account for.

use askama::Template;

use super::{Names, reviews::Refusal};
use crate::{
    app::view::{Paged, SupervisionView},
    domain::supervision::{SupervisionKind, SupervisionState},
    web::{page::Page, texts::Lang},
};

#[derive(Template)]
#[template(path = "supervisions.html")]
struct View<'a> {
    p: &'a Page,
    list: &'a Paged<SupervisionView>,
    names: &'a Names,
    kinds: &'static [SupervisionKind],
    states: &'static [SupervisionState],
}

pub fn list(p: &Page, list: &Paged<SupervisionView>, names: &Names) -> askama::Result<String> {
    View { p, list, names, kinds: &SupervisionKind::ALL, states: &SupervisionState::ALL }.render()
}

#[derive(Template)]
#[template(path = "supervision.html")]
struct DetailView<'a> {
    p: &'a Page,
    item: &'a SupervisionView,
    names: &'a Names,
    refused: Option<&'a Refusal>,
}

impl DetailView<'_> {
    /// What was written before.
    fn reason(&self) -> &str {
        self.refused.map_or("", |refusal| &refusal.reason)
    }
}

/// The text that says what became of a proposal.
pub const fn outcome(adopted: &bool) -> &'static str {
    if *adopted { "supervisions.adopted" } else { "supervisions.not_adopted" }
}

pub fn detail(p: &Page, item: &SupervisionView, names: &Names, refused: Option<&Refusal>) -> askama::Result<String> {
    DetailView { p, item, names, refused }.render()
}
