//! `/referral-conflicts` and `/referral-conflicts/{id}`: cases that two bodies were given, and who keeps them.

use askama::Template;

use super::{Names, reviews::Refusal};
use crate::{
    app::view::{Paged, ReferralConflictView},
    domain::referral::ConflictState,
    web::page::Page,
};

#[derive(Template)]
#[template(path = "conflicts.html")]
struct ListView<'a> {
    p: &'a Page,
    list: &'a Paged<ReferralConflictView>,
    names: &'a Names,
    states: &'static [ConflictState],
}

pub fn list(p: &Page, list: &Paged<ReferralConflictView>, names: &Names) -> askama::Result<String> {
    ListView { p, list, names, states: &ConflictState::ALL }.render()
}

#[derive(Template)]
#[template(path = "conflict.html")]
struct DetailView<'a> {
    p: &'a Page,
    conflict: &'a ReferralConflictView,
    names: &'a Names,
    refused: Option<&'a Refusal>,
}

impl DetailView<'_> {
    /// What was written before.
    fn reason(&self) -> &str {
        self.refused.map_or("", |refusal| &refusal.reason)
    }
}

pub fn detail(p: &Page, conflict: &ReferralConflictView, names: &Names, refused: Option<&Refusal>) -> askama::Result<String> {
    DetailView { p, conflict, names, refused }.render()
}
