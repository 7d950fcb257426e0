//! `/supervisions`: what bodies were reminded of or called to account for.

use askama::Template;

use super::Names;
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
