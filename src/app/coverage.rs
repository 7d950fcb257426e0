//! How far the federation reaches, and what is missing of it.

use std::collections::BTreeMap;

use super::{
    AppError, Gateway,
    view::{CoverageCount, CoverageDivision, CoverageGap, CoverageLevel, CoverageView},
};
use crate::{
    domain::{
        coverage::{Tally, coverage},
        division::{self, Level},
        organization::{Directory, GapReason},
    },
    store::{
        cases::RoutingGap,
        coverage::{Body, costliest},
    },
};

/// Bodies that are named with what they cost.
const MAX_GAPS: i64 = 200;

impl Gateway {
    /// The bodies of an area, a known GB/T 2260 code of six digits, against those that are connected.
    pub async fn coverage(&self, area: &str) -> Result<CoverageView, AppError> {
        let area = area.to_owned();
        self.read(move |gateway, c| {
            let directory = gateway.federation().directory();
            let found = coverage(directory, &area);
            let reference = |id: &str| gateway.federation().organization_reference(id);
            let costs = costliest(c, division::prefix(&area), MAX_GAPS)?;
            let gap = |(id, cases): (String, i64)| {
                // A body that has been connected since costs nothing any more.
                let body = directory.get(&id).filter(|body| body.platform.is_none())?;
                Some(CoverageGap {
                    organization: reference(&id),
                    division: body.division.clone(),
                    level: division::level(&body.division),
                    superior: directory.connected_superior(&id).map(|body| reference(&body.id)),
                    cases: u64::try_from(cases).unwrap_or_default(),
                })
            };
            Ok(CoverageView {
                total: count(found.total),
                levels: levels(&found.levels),
                divisions: found.inner.iter().map(|(code, of_level)| inner(code, of_level)).collect(),
                gaps: costs.into_iter().filter_map(gap).collect(),
                area,
            })
        })
        .await
    }
}

/// What bodies that are not connected cost by these gaps.
pub(in crate::app) fn detours(directory: &Directory, gaps: &[RoutingGap]) -> BTreeMap<Body, i64> {
    let mut detours = BTreeMap::new();
    for gap in gaps.iter().filter(|gap| gap.reason == Some(GapReason::NotConnected)) {
        if let Some(body) = gap.competent.as_deref().and_then(|id| directory.get(id)) {
            *detours.entry((body.id.clone(), body.division.clone())).or_default() += 1;
        }
    }
    detours
}

fn count(tally: Tally) -> CoverageCount {
    #[allow(clippy::cast_precision_loss, reason = "a share of some ten thousand bodies")]
    let share = (tally.organizations > 0).then(|| tally.connected as f64 / tally.organizations as f64);
    CoverageCount { organizations: tally.organizations, connected: tally.connected, share }
}

fn levels(tallies: &BTreeMap<Level, Tally>) -> Vec<CoverageLevel> {
    tallies.iter().map(|(level, tally)| CoverageLevel { level: *level, count: count(*tally) }).collect()
}

fn inner(code: &str, of_level: &BTreeMap<Level, Tally>) -> CoverageDivision {
    let total = of_level.values().fold(Tally::default(), |sum, tally| Tally {
        organizations: sum.organizations + tally.organizations,
        connected: sum.connected + tally.connected,
    });
    CoverageDivision { division: code.to_owned(), name: division::full_name(code), count: count(total), levels: levels(of_level) }
}
