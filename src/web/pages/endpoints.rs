//! `/endpoints`: where the bureau itself is told of changes.

use askama::Template;

use crate::{app::view::WebhookView, web::page::Page};

#[derive(Template)]
#[template(path = "endpoints.html")]
struct View<'a> {
    p: &'a Page,
    endpoints: &'a [WebhookView],
}

pub fn list(p: &Page, endpoints: &[WebhookView]) -> askama::Result<String> {
    View { p, endpoints }.render()
}
