//! `/coverage` and `/coverage/{organization}`: how far the federation reaches, and what is missing of it.

use askama::Template;

use crate::{
    app::view::{CoverageCount, CoverageDivision, CoverageGap, CoverageView, GapView, Paged},
    domain::{
        division::{self, Level},
        message::OrganizationReference,
    },
    web::page::{Page, address},
};

/// Columns of the table of divisions.
const LEVELS: [Level; 4] = [Level::Province, Level::City, Level::County, Level::Township];

#[derive(Template)]
#[template(path = "coverage.html")]
struct View<'a> {
    p: &'a Page,
    data: &'a CoverageView,
    levels: Vec<Level>,
    /// The area above; `None` for the nation.
    above: Option<String>,
}

impl View<'_> {
    fn address(&self, area: &str) -> String {
        address("/coverage", &[("area", area)])
    }

    fn gap_address(&self, gap: &CoverageGap) -> String {
        address(&format!("/coverage/{}", gap.organization.id), &[])
    }

    /// Of a division at a level; `None` where it has no body there.
    fn at(&self, division: &CoverageDivision, level: &Level) -> Option<CoverageCount> {
        division.levels.iter().find(|of| of.level == *level).map(|of| of.count)
    }

    /// Whole percent, for a bar.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share lies between 0 and 1")]
    fn percent(&self, count: &CoverageCount) -> u64 {
        (count.share.unwrap_or_default() * 100.0).round() as u64
    }
}

pub fn show(p: &Page, data: &CoverageView) -> askama::Result<String> {
    let shown = |level: &Level| data.divisions.iter().any(|division| division.levels.iter().any(|of| of.level == *level));
    let levels = LEVELS.into_iter().filter(shown).collect();
    View { p, data, levels, above: division::parent(&data.area) }.render()
}

#[derive(Template)]
#[template(path = "detours.html")]
struct DetoursView<'a> {
    p: &'a Page,
    body: &'a OrganizationReference,
    list: &'a Paged<GapView>,
}

pub fn detours(p: &Page, body: &OrganizationReference, list: &Paged<GapView>) -> askama::Result<String> {
    DetoursView { p, body, list }.render()
}
