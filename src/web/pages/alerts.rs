//! `/alerts`: what is wrong with the federation, and what was.

use askama::Template;

use super::Names;
use crate::{
    app::view::{AlertView, Paged},
    domain::alert::{Severity, Watch},
    web::page::Page,
};

#[derive(Template)]
#[template(path = "alerts.html")]
struct View<'a> {
    p: &'a Page,
    list: &'a Paged<AlertView>,
    names: &'a Names,
    watches: &'static [Watch],
    severities: &'static [Severity],
}

impl View<'_> {
    fn states(&self) -> impl Iterator<Item = (String, String)> {
        ["firing", "resolved"].into_iter().map(|state| (state.to_owned(), self.p.word("alert_state", state).into_owned()))
    }

    /// A reading in its unit, in words.
    fn reading(&self, alert: &AlertView) -> String {
        match alert.watch {
            Watch::Silence | Watch::Lag | Watch::LinkerStalled | Watch::NotaryBehind => self.p.fill("alerts.minutes", alert.value),
            Watch::CertificateExpiring | Watch::KeyExpiring => {
                self.p.fill("alerts.days_left", crate::domain::alert::EXPIRY_DAYS - alert.value)
            }
            Watch::DeadLetters | Watch::ContractViolations => self.p.fill("alerts.pieces", alert.value),
            Watch::CircuitOpen => self.p.t("site.none").to_owned(),
        }
    }
}

pub fn list(p: &Page, list: &Paged<AlertView>, names: &Names) -> askama::Result<String> {
    View { p, list, names, watches: &Watch::ALL, severities: &Severity::ALL }.render()
}
