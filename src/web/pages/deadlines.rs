//! `/deadlines`: what is due, and what is past its time.

use askama::Template;

use super::Names;
use crate::{
    app::view::{CaseDeadlineView, Paged},
    domain::{
        deadline::{Clock, DeadlineState},
        submission::Kind,
    },
    web::page::Page,
};

const KINDS: [Kind; 3] = [Kind::Request, Kind::Suggestion, Kind::Accusation];
const STATES: [DeadlineState; 5] =
    [DeadlineState::Overdue, DeadlineState::Running, DeadlineState::Late, DeadlineState::Met, DeadlineState::Lapsed];

#[derive(Template)]
#[template(path = "deadlines.html")]
struct View<'a> {
    p: &'a Page,
    list: &'a Paged<CaseDeadlineView>,
    names: &'a Names,
    state: DeadlineState,
    clocks: &'static [Clock],
    states: &'static [DeadlineState],
    kinds: &'static [Kind],
}

pub fn list(p: &Page, list: &Paged<CaseDeadlineView>, state: DeadlineState, names: &Names) -> askama::Result<String> {
    View { p, list, names, state, clocks: &Clock::ALL, states: &STATES, kinds: &KINDS }.render()
}
