//! The page a person sees when there is none to see.

use askama::Template;

use crate::web::page::Page;

/// Why there is no page.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The address holds something that cannot be read: the name of the parameter.
    #[error("parameter {0} is not understood")]
    BadRequest(String),
    #[error("no such page or record")]
    NotFound,
    #[error("a key is needed")]
    Unauthorized,
    #[error("the key does not allow it")]
    NotAllowed,
    #[error("not asked for by a page of this site")]
    Forbidden,
    /// The cause is in the log, not on the page.
    #[error("the data cannot be read now")]
    Unavailable,
}

impl Failure {
    pub const fn status(&self) -> u16 {
        match self {
            Self::BadRequest(_) => 400,
            Self::NotFound => 404,
            Self::Unauthorized => 401,
            Self::Forbidden | Self::NotAllowed => 403,
            Self::Unavailable => 503,
        }
    }

    const fn keys(&self) -> (&'static str, &'static str) {
        match self {
            Self::BadRequest(_) => ("error.bad_request", "error.bad_request_text"),
            Self::NotFound => ("error.not_found", "error.not_found_text"),
            Self::Unauthorized => ("error.unauthorized", "error.unauthorized_text"),
            Self::NotAllowed => ("error.not_allowed", "error.not_allowed_text"),
            Self::Forbidden => ("error.forbidden", "error.forbidden_text"),
            Self::Unavailable => ("error.unavailable", "error.unavailable_text"),
        }
    }
}

#[derive(Template)]
#[template(path = "failure.html")]
struct View<'a> {
    p: &'a Page,
    status: u16,
    title: &'a str,
    text: String,
}

pub fn render(p: &Page, failure: &Failure) -> askama::Result<String> {
    let (title, text) = failure.keys();
    let text = match failure {
        Failure::BadRequest(parameter) => p.fill(text, parameter),
        _ => p.t(text).to_owned(),
    };
    View { p, status: failure.status(), title: p.t(title), text }.render()
}
