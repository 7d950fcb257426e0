//! `/cases/{code}/look`: the filings of a case in clear, shown once to whoever said why.

use askama::Template;

use super::Names;
use crate::{app::ClearFiling, web::page::Page};

#[derive(Template)]
#[template(path = "look.html")]
struct View<'a> {
    p: &'a Page,
    case: &'a str,
    actor: &'a str,
    filings: &'a [ClearFiling],
    names: &'a Names,
}

pub fn show(p: &Page, case: &str, actor: &str, filings: &[ClearFiling], names: &Names) -> askama::Result<String> {
    View { p, case, actor, filings, names }.render()
}
