//! `/public` and `/public/cases/{code}`: what a petitioner sees, without a key.

use askama::Template;

use crate::{
    app::view::PublicProgress,
    domain::guidance::{GuidanceEntry, GuidanceText},
    web::{page::Page, texts::Lang},
};

/// Why there is nothing to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    Unknown,
    TooMany,
}

impl Refused {
    pub const fn status(self) -> u16 {
        match self {
            Self::Unknown => 404,
            Self::TooMany => 429,
        }
    }

    const fn key(self) -> &'static str {
        match self {
            Self::Unknown => "public.unknown",
            Self::TooMany => "public.too_many",
        }
    }
}

#[derive(Template)]
#[template(path = "public.html")]
struct View<'a> {
    p: &'a Page,
    progress: Option<&'a PublicProgress>,
    refused: Option<Refused>,
    guidance: Option<&'a GuidanceEntry>,
}

impl View<'_> {
    /// The guidance in the language of the page.
    fn words<'v>(&self, entry: &'v GuidanceEntry) -> &'v GuidanceText {
        match self.p.lang {
            Lang::Zh => &entry.zh,
            Lang::En => &entry.en,
        }
    }
}

/// A form to ask with, and why the code asked last was of no use.
pub fn ask(p: &Page, refused: Option<Refused>, guidance: Option<&GuidanceEntry>) -> askama::Result<String> {
    View { p, progress: None, refused, guidance }.render()
}

pub fn show(p: &Page, progress: &PublicProgress) -> askama::Result<String> {
    View { p, progress: Some(progress), refused: None, guidance: progress.guidance.as_ref() }.render()
}
