//! Categories of an area over days, compared with as many days before.

use std::collections::BTreeMap;

use chrono::Days;

use crate::{
    app::{
        AppError, Gateway,
        view::{TrendView, Trends},
    },
    domain::indicator::{Dimension, Measure, local_day},
    store::{StoreError, indicators},
};

impl Gateway {
    /// The first levels of the categories by how many more cases they have over the last `days` days than over as many before;
    /// `area` is a known GB/T 2260 code of six digits.
    pub async fn trends(&self, area: &str, days: u32) -> Result<Trends, AppError> {
        let (area, now) = (area.to_owned(), self.now());
        self.read(move |_, c| {
            let until = local_day(now);
            let from = until - Days::new(u64::from(days.max(1)) - 1);
            let mut categories: BTreeMap<String, (u64, u64)> = BTreeMap::new();
            let mut sums = |from, until| -> Result<Vec<(String, u64)>, StoreError> {
                let sums = indicators::sums(c, &area, Dimension::Category, from, until)?.into_iter();
                Ok(sums.map(|(category, tally)| (category, u64::try_from(tally.get(Measure::Cases)).unwrap_or_default())).collect())
            };
            for (category, cases) in sums(from, until)? {
                categories.entry(category).or_default().0 = cases;
            }
            for (category, cases) in sums(from - Days::new(days.into()), from - Days::new(1))? {
                categories.entry(category).or_default().1 = cases;
            }
            let mut items: Vec<TrendView> =
                categories.into_iter().map(|(category, (cases, before))| TrendView { category, cases, before }).collect();
            items.retain(|trend| trend.cases + trend.before > 0);
            items.sort_by_key(|trend| std::cmp::Reverse(i128::from(trend.cases) - i128::from(trend.before)));
            Ok(Trends { area: area.clone(), from, until, items })
        })
        .await
    }
}
