//! Indicators to draw.

use std::collections::HashMap;

use onecase::app::view::{IndicatorFigures, IndicatorGroup, Indicators, Rate};

use super::now;

fn day(text: &str) -> chrono::NaiveDate {
    text.parse().unwrap()
}

fn some(scale: u64) -> IndicatorFigures {
    let rate = |numerator: u64, denominator: u64| Rate {
        numerator: numerator * scale,
        denominator: denominator * scale,
        value: Some(numerator as f64 / denominator as f64),
    };
    IndicatorFigures {
        submissions: 1_234 * scale,
        cases: 960 * scale,
        answered: 400 * scale,
        timely_acceptance: rate(940, 960),
        on_time_completion: rate(380, 400),
        satisfaction: rate(88, 100),
        rating_participation: rate(100, 400),
        online_share: rate(700, 1_234),
        duplicate_share: rate(274, 1_234),
    }
}

pub fn nothing() -> (Indicators, HashMap<String, String>) {
    let nothing = Indicators {
        area: "000000".into(),
        from: day("2026-03-01"),
        until: day("2026-03-20"),
        computed_at: now(),
        up_to_date: false,
        total: IndicatorFigures::default(),
        cases: "/v1/cases?division=000000{&counted}".into(),
        before: IndicatorFigures::default(),
        year_before: IndicatorFigures::default(),
        by: Vec::new(),
    };
    (nothing, HashMap::new())
}

pub fn figures() -> (Indicators, HashMap<String, String>) {
    let (nothing, bodies) = nothing();
    let group = |value: &str, scale| IndicatorGroup {
        value: value.into(),
        figures: some(scale),
        cases: "/v1/cases?division=430000{&counted}".into(),
    };
    let by = vec![group("430000", 3), group("110000", 1)];
    (Indicators { up_to_date: true, total: some(4), before: some(3), by, ..nothing }, bodies)
}
