//! `/platforms` and `/platforms/{id}`: who is connected, lagging, failing.

use askama::Template;

use super::Names;
use crate::{
    app::view::{CaseView, DeliveryView, ParkedUpdateView, PlatformView, QuarantinedView, Reconciliation, WebhookView},
    web::page::Page,
};

#[derive(Template)]
#[template(path = "platforms.html")]
struct ListView<'a> {
    p: &'a Page,
    platforms: &'a [PlatformView],
}

pub fn list(p: &Page, platforms: &[PlatformView]) -> askama::Result<String> {
    ListView { p, platforms }.render()
}

/// One platform with what is under way there.
#[derive(Clone, Debug)]
pub struct PlatformDetail {
    pub platform: PlatformView,
    pub names: Names,
    /// The cases its bodies handle that changed last.
    pub cases: Vec<CaseView>,
    /// Its latest deliveries.
    pub deliveries: Vec<DeliveryView>,
    /// Its own ledger beside ours.
    pub reconciliation: Reconciliation,
    /// Endpoints it is told of changes at.
    pub endpoints: Vec<WebhookView>,
    /// Its reports that wait for a receipt.
    pub parked: Vec<ParkedUpdateView>,
    /// Its records that did not map or were refused, newest first.
    pub quarantined: Vec<QuarantinedView>,
}

#[derive(Template)]
#[template(path = "platform.html")]
struct DetailView<'a> {
    p: &'a Page,
    data: &'a PlatformDetail,
    names: &'a Names,
}

pub fn detail(p: &Page, data: &PlatformDetail) -> askama::Result<String> {
    DetailView { p, data, names: &data.names }.render()
}
