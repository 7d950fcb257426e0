//! The duplicate report.

use super::{assemble, cut, store_page};
use crate::{
    app::{
        AppError, Gateway,
        query::{DuplicateFilter, Order, Page},
        view::{DuplicateCounts, DuplicateView, Paged, PlatformPairCount},
    },
    domain::division,
    matching,
    store::matches::{self, MatchFilter},
};

impl From<DuplicateFilter> for MatchFilter {
    fn from(filter: DuplicateFilter) -> Self {
        Self {
            decisions: filter
                .decision
                .map_or_else(|| vec![matching::Decision::Duplicate, matching::Decision::PossibleDuplicate], |one| vec![one.into()]),
            platform: filter.platform,
            other_platform: filter.other_platform,
            across_platforms: filter.across_platforms,
            channel: filter.channel,
            division_prefix: filter.division.map(|code| division::prefix(&code).to_owned()).filter(|prefix| !prefix.is_empty()),
            within: filter.within,
            organization: filter.organization,
            case_id: filter.case,
            submission_id: None,
            rule: filter.rule,
            model_name: filter.model,
            model_digest: filter.model_digest,
            reviewer: filter.reviewer,
            min_probability: filter.min_probability,
            max_probability: filter.max_probability,
            decided_from: filter.decided_from,
            decided_until: filter.decided_until,
            oldest_first: filter.order == Order::Oldest,
        }
    }
}

impl Gateway {
    pub async fn duplicates(&self, filter: DuplicateFilter, page: Page) -> Result<Paged<DuplicateView>, AppError> {
        let (page, limit) = store_page(&page)?;
        self.read(move |gateway, c| {
            let with_text = filter.with_text;
            let found = matches::list(c, &filter.into(), page)?;
            let (found, next_cursor) = cut(found, limit, matches::position);
            Ok(Paged { items: assemble::duplicates(gateway, c, found, with_text)?, next_cursor })
        })
        .await
    }

    /// How many lines the report has, whole and by decision and platforms.
    pub async fn duplicate_counts(&self, filter: DuplicateFilter) -> Result<DuplicateCounts, AppError> {
        let found = self.read(move |_, c| matches::count(c, &filter.into())).await?;
        let mut pairs: Vec<PlatformPairCount> = found
            .into_iter()
            .map(|pair| PlatformPairCount {
                decision: pair.decision.into(),
                platform: pair.platforms.0,
                other_platform: pair.platforms.1,
                count: u64::try_from(pair.count).unwrap_or_default(),
            })
            .collect();
        pairs.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| (&a.platform, &a.other_platform).cmp(&(&b.platform, &b.other_platform))));
        Ok(DuplicateCounts { total: pairs.iter().map(|pair| pair.count).sum(), pairs })
    }
}
