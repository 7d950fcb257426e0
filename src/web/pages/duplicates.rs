//! `/duplicates` and `/duplicates/{submission}`: the report for auditors, and why two filings were linked.

use askama::Template;

use super::Names;
use crate::{
    app::view::{Decision, DuplicateSide, DuplicateView, MatchView, Paged, PlatformView},
    web::{
        charts::waterfall::{Bar, WIDTH, Waterfall},
        compare::{Piece, compare},
        masking,
        page::Page,
    },
};

const DECISIONS: [Decision; 2] = [Decision::Duplicate, Decision::PossibleDuplicate];

#[derive(Template)]
#[template(path = "duplicates.html")]
struct ListView<'a> {
    p: &'a Page,
    list: &'a Paged<DuplicateView>,
    names: Names,
    decisions: &'static [Decision],
}

pub fn list(p: &Page, list: &Paged<DuplicateView>, platforms: &[PlatformView]) -> askama::Result<String> {
    ListView { p, list, names: Names::new(platforms), decisions: &DECISIONS }.render()
}

/// What a person may decide about the two filings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Of the earlier filing's case, as it is looked at.
    pub version: u64,
    /// True if both are in one case: they can be taken apart. Otherwise their cases can be merged or kept apart.
    pub together: bool,
}

#[derive(Template)]
#[template(path = "duplicate.html")]
struct DetailView<'a> {
    p: &'a Page,
    decided: &'a MatchView,
    sides: [Side<'a>; 2],
    /// What else the later filing was compared with.
    others: &'a [DuplicateView],
    same_text: bool,
    names: Names,
    waterfall: Option<Waterfall>,
    offer: Option<Offer>,
    /// True right after a decision.
    ruled: bool,
}

/// One of the two filings as it is shown.
struct Side<'a> {
    heading: &'static str,
    filing: &'a DuplicateSide,
    words: Option<Words>,
}

/// Its words, masked, with what the other does not have marked.
struct Words {
    subject: Vec<Piece>,
    content: Vec<Piece>,
    place: Vec<Piece>,
}

/// One row of the waterfall.
struct Row<'a> {
    class: &'static str,
    name: String,
    /// Which of the two questions it answers.
    question: String,
    level: String,
    bar: &'a Bar,
}

impl DetailView<'_> {
    fn rows<'b>(&'b self, drawn: &'b Waterfall) -> Vec<Row<'b>> {
        let word = |key: &'static str| self.p.t(key).to_owned();
        let prior =
            Row { class: "prior", name: word("duplicates.prior"), question: String::new(), level: String::new(), bar: &drawn.prior };
        let total =
            Row { class: "total", name: word("duplicates.total"), question: String::new(), level: String::new(), bar: &drawn.total };
        let comparisons = drawn.comparisons.iter().map(|comparison| Row {
            class: if comparison.bar.supports() { "for" } else { "against" },
            name: self.p.word("comparison", &comparison.name).into_owned(),
            question: self.p.word("question", &comparison.question).into_owned(),
            level: self.p.word("level", &comparison.level).into_owned(),
            bar: &comparison.bar,
        });
        std::iter::once(prior).chain(comparisons).chain(std::iter::once(total)).collect()
    }

    fn drawing_width(&self) -> f64 {
        WIDTH
    }
}

pub fn detail(
    p: &Page,
    duplicate: &DuplicateView,
    others: &[DuplicateView],
    platforms: &[PlatformView],
    offer: Option<Offer>,
) -> askama::Result<String> {
    let (later, earlier) = (&duplicate.submission, &duplicate.compared_with);
    let (later_words, earlier_words) = words(later, earlier);
    let same_text = later.text.is_some() && later.text == earlier.text;
    let sides = [
        Side { heading: "duplicates.earlier", filing: earlier, words: earlier_words },
        Side { heading: "duplicates.later", filing: later, words: later_words },
    ];
    let waterfall = duplicate.decided.evidence.as_ref().map(Waterfall::new);
    DetailView {
        p,
        decided: &duplicate.decided,
        sides,
        others,
        same_text,
        names: Names::new(platforms),
        waterfall,
        offer,
        ruled: !p.asked("ruled").is_empty(),
    }
    .render()
}

/// Masks first, so that a marked difference never shows what the mask covers.
fn words(one: &DuplicateSide, other: &DuplicateSide) -> (Option<Words>, Option<Words>) {
    let (Some(a), Some(b)) = (&one.text, &other.text) else {
        return (one.text.as_ref().map(alone), other.text.as_ref().map(alone));
    };
    let both = |a: &str, b: &str| compare(&masking::mask(a), &masking::mask(b));
    let (subject_a, subject_b) = both(&a.subject, &b.subject);
    let (content_a, content_b) = both(&a.content, &b.content);
    let (place_a, place_b) = both(a.place.as_deref().unwrap_or_default(), b.place.as_deref().unwrap_or_default());
    (
        Some(Words { subject: subject_a, content: content_a, place: place_a }),
        Some(Words { subject: subject_b, content: content_b, place: place_b }),
    )
}

fn alone(text: &crate::app::view::FiledText) -> Words {
    let plain = |text: &str| {
        let masked = masking::mask(text);
        compare(&masked, &masked).0
    };
    Words { subject: plain(&text.subject), content: plain(&text.content), place: plain(text.place.as_deref().unwrap_or_default()) }
}
