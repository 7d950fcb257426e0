//! `/referral-conflicts` and `/referral-conflicts/{id}`: cases that two bodies were given, and who keeps them.

use askama::Template;

use super::{Names, reviews::Refusal};
use crate::{
    app::view::{Paged, PlatformView, ReferralConflictView},
    domain::referral::ConflictState,
    web::page::Page,
};

#[derive(Template)]
#[template(path = "conflicts.html")]
struct ListView<'a> {
    p: &'a Page,
    list: &'a Paged<ReferralConflictView>,
    names: Names,
    states: &'static [ConflictState],
}

pub fn list(p: &Page, list: &Paged<ReferralConflictView>, platforms: &[PlatformView]) -> askama::Result<String> {
    ListView { p, list, names: Names::new(platforms), states: &ConflictState::ALL }.render()
}

#[derive(Template)]
#[template(path = "conflict.html")]
struct DetailView<'a> {
    p: &'a Page,
    conflict: &'a ReferralConflictView,
    names: Names,
    refused: Option<&'a Refusal>,
}

impl DetailView<'_> {
    /// What was written before.
    fn reason(&self) -> &str {
        self.refused.map_or("", |refusal| &refusal.reason)
    }
}

pub fn detail(p: &Page, conflict: &ReferralConflictView, platforms: &[PlatformView], refused: Option<&Refusal>) -> askama::Result<String> {
    DetailView { p, conflict, names: Names::new(platforms), refused }.render()
}
