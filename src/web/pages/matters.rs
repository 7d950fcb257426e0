//! `/matters`: the same thing reported by different petitioners.

use askama::Template;

use crate::{
    app::view::{MatterView, Paged},
    web::page::Page,
};

#[derive(Template)]
#[template(path = "matters.html")]
struct View<'a> {
    p: &'a Page,
    list: &'a Paged<MatterView>,
}

pub fn list(p: &Page, list: &Paged<MatterView>) -> askama::Result<String> {
    View { p, list }.render()
}
