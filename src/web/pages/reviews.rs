//! `/reviews` and `/reviews/{submission}`: what waits for a person's decision.

use askama::Template;

use super::{Names, duplicates::Compared};
use crate::{
    app::view::{CaseView, MatchView, ReviewQueue, ReviewView},
    web::page::{Page, address},
};

/// Why an order was not carried out; what was written is shown again, but never the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub cause: RefusalCause,
    /// The reason that was given.
    pub reason: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalCause {
    /// No valid key.
    Key,
    /// The key may not decide.
    NotAllowed,
    /// No reason, or one too long.
    Reason,
    /// Nothing was chosen, or what cannot be.
    Choice,
    /// Somebody was faster.
    Changed,
    /// People ruled the two apart.
    KeptApart,
}

impl Refusal {
    pub const fn status(&self) -> u16 {
        match self.cause {
            RefusalCause::Key | RefusalCause::NotAllowed => 403,
            RefusalCause::Reason | RefusalCause::Choice => 422,
            RefusalCause::Changed | RefusalCause::KeptApart => 409,
        }
    }

    /// The text that says so.
    pub const fn key(&self) -> &'static str {
        match self.cause {
            RefusalCause::Key => "rulings.refused_key",
            RefusalCause::NotAllowed => "rulings.refused_scope",
            RefusalCause::Reason => "rulings.refused_reason",
            RefusalCause::Choice => "rulings.refused_choice",
            RefusalCause::Changed => "rulings.refused_changed",
            RefusalCause::KeptApart => "rulings.refused_apart",
        }
    }
}

#[derive(Template)]
#[template(path = "reviews.html")]
struct QueueView<'a> {
    p: &'a Page,
    queue: &'a ReviewQueue,
    names: &'a Names,
}

impl QueueView<'_> {
    fn address(&self, review: &ReviewView) -> String {
        let evidence = &review.evidence;
        address(&format!("/reviews/{}", evidence.submission.id), &[("with", &evidence.compared_with.id)])
    }
}

pub fn queue(p: &Page, queue: &ReviewQueue, names: &Names) -> askama::Result<String> {
    QueueView { p, queue, names }.render()
}

#[derive(Template)]
#[template(path = "review.html")]
struct DetailView<'a> {
    p: &'a Page,
    review: &'a ReviewView,
    decided: &'a MatchView,
    /// Older and younger.
    cases: [(&'static str, &'a CaseView); 2],
    compared: Compared<'a>,
    names: &'a Names,
    refused: Option<&'a Refusal>,
}

impl DetailView<'_> {
    /// What was written before.
    fn reason(&self) -> &str {
        self.refused.map_or("", |refusal| &refusal.reason)
    }

    fn action(&self) -> String {
        let evidence = &self.review.evidence;
        address(&format!("/reviews/{}", evidence.submission.id), &[("with", &evidence.compared_with.id)])
    }
}

pub fn detail(p: &Page, review: &ReviewView, names: &Names, refused: Option<&Refusal>) -> askama::Result<String> {
    DetailView {
        p,
        review,
        decided: &review.evidence.decided,
        cases: [("reviews.older", &review.case), ("reviews.younger", &review.other)],
        compared: Compared::new(&review.evidence),
        names,
        refused,
    }
    .render()
}
