//! `/duplicates` and `/duplicates/{submission}`: the report for auditors, and why two filings were linked.

use askama::Template;

use super::Names;
use crate::{
    app::{
        query::Order,
        view::{Decision, DuplicateCounts, DuplicateSide, DuplicateView, MatchView, Paged, PlatformPairCount},
    },
    domain::{masking, submission::Channel},
    web::{
        charts::waterfall::{Bar, WIDTH, Waterfall},
        compare::{Piece, compare},
        page::Page,
    },
};

#[derive(Template)]
#[template(path = "duplicates.html")]
struct ListView<'a> {
    p: &'a Page,
    list: &'a Paged<DuplicateView>,
    counts: &'a DuplicateCounts,
    names: &'a Names,
    decisions: &'static [Decision],
    channels: &'static [Channel],
    orders: &'static [Order],
}

impl ListView<'_> {
    /// The rules that have words.
    fn rules(&self) -> impl Iterator<Item = (String, String)> {
        let codes = self.p.lang.keys().filter_map(|key| key.strip_prefix("rule."));
        codes.map(|code| (code.to_owned(), self.p.word("rule", code).into_owned()))
    }

    /// The report narrowed to what was counted.
    fn of_pair(&self, pair: &PlatformPairCount) -> String {
        let decision = self.p.wire(&pair.decision);
        self.p.with_all(&[("decision", &decision), ("platform", &pair.platform), ("other", &pair.other_platform)])
    }
}

pub fn list(p: &Page, list: &Paged<DuplicateView>, counts: &DuplicateCounts, names: &Names) -> askama::Result<String> {
    ListView { p, list, counts, names, decisions: &Decision::ALL, channels: &Channel::ALL, orders: &Order::ALL }.render()
}

#[derive(Template)]
#[template(path = "duplicate.html")]
struct DetailView<'a> {
    p: &'a Page,
    decided: &'a MatchView,
    compared: Compared<'a>,
    /// What else the later filing was compared with.
    others: &'a [DuplicateView],
    names: &'a Names,
}

/// Two filings side by side, and the evidence between them.
pub(super) struct Compared<'a> {
    pub sides: [Side<'a>; 2],
    pub same_text: bool,
    pub waterfall: Option<Waterfall>,
}

/// One of the two filings as it is shown.
pub(super) struct Side<'a> {
    pub heading: &'static str,
    pub filing: &'a DuplicateSide,
    pub words: Option<Words>,
}

/// Its words, masked, with what the other does not have marked.
pub(super) struct Words {
    pub subject: Vec<Piece>,
    pub content: Vec<Piece>,
    pub place: Vec<Piece>,
}

/// One row of the waterfall.
pub(super) struct Row<'a> {
    pub class: &'static str,
    pub name: String,
    /// Which of the two questions it answers.
    pub question: String,
    pub level: String,
    pub bar: &'a Bar,
}

impl<'a> Compared<'a> {
    pub fn new(duplicate: &'a DuplicateView) -> Self {
        let (later, earlier) = (&duplicate.submission, &duplicate.compared_with);
        let (later_words, earlier_words) = words(later, earlier);
        let sides = [
            Side { heading: "duplicates.earlier", filing: earlier, words: earlier_words },
            Side { heading: "duplicates.later", filing: later, words: later_words },
        ];
        let same_text = later.text.is_some() && later.text == earlier.text;
        Self { sides, same_text, waterfall: duplicate.decided.evidence.as_ref().map(Waterfall::new) }
    }

    /// The rows of the waterfall: prior, comparisons, sum.
    pub fn rows<'b>(&'b self, p: &Page, drawn: &'b Waterfall) -> Vec<Row<'b>> {
        let word = |key: &'static str| p.t(key).to_owned();
        let prior =
            Row { class: "prior", name: word("duplicates.prior"), question: String::new(), level: String::new(), bar: &drawn.prior };
        let total =
            Row { class: "total", name: word("duplicates.total"), question: String::new(), level: String::new(), bar: &drawn.total };
        let comparisons = drawn.comparisons.iter().map(|comparison| Row {
            class: if comparison.bar.supports() { "for" } else { "against" },
            name: p.word("comparison", &comparison.name).into_owned(),
            question: p.word("question", &comparison.question).into_owned(),
            level: p.word("level", &comparison.level).into_owned(),
            bar: &comparison.bar,
        });
        std::iter::once(prior).chain(comparisons).chain(std::iter::once(total)).collect()
    }

    pub fn drawing_width(&self) -> f64 {
        WIDTH
    }
}

pub fn detail(p: &Page, duplicate: &DuplicateView, others: &[DuplicateView], names: &Names) -> askama::Result<String> {
    DetailView { p, decided: &duplicate.decided, compared: Compared::new(duplicate), others, names }.render()
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
