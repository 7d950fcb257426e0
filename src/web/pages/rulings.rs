//! `/cases/{id}/rulings/{ruling}`: what was decided, and who was told.

use askama::Template;

use super::Names;
use crate::{
    app::view::{CaseView, DeliveryView, RulingView},
    web::page::Page,
};

/// A ruling with what followed from it.
#[derive(Clone, Debug)]
pub struct RulingDetail {
    pub ruling: RulingView,
    /// As they are now: the case looked at, and the other.
    pub cases: Vec<CaseView>,
    /// The messages it made the gateway owe.
    pub told: Vec<DeliveryView>,
    pub names: Names,
}

#[derive(Template)]
#[template(path = "ruling.html")]
struct View<'a> {
    p: &'a Page,
    data: &'a RulingDetail,
    names: &'a Names,
}

pub fn detail(p: &Page, data: &RulingDetail) -> askama::Result<String> {
    View { p, data, names: &data.names }.render()
}
