//! `/deliveries`: what is owed to platforms, with a way to send again what was given up on.

use askama::Template;

use super::Names;
use crate::{
    app::view::{DeliveryState, DeliveryView, Paged},
    web::page::Page,
};

#[derive(Template)]
#[template(path = "deliveries.html")]
struct View<'a> {
    p: &'a Page,
    list: &'a Paged<DeliveryView>,
    names: &'a Names,
    states: &'static [DeliveryState],
    /// True right after a delivery was queued again.
    requeued: bool,
}

pub fn list(p: &Page, list: &Paged<DeliveryView>, names: &Names) -> askama::Result<String> {
    let requeued = !p.asked("requeued").is_empty();
    View { p, list, names, states: &DeliveryState::ALL, requeued }.render()
}
