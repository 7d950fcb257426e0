//! Indicators to draw.

use std::collections::HashMap;

use onecase::{
    app::view::{CellCount, Cells, IndicatorFigures, IndicatorGroup, Indicators, Rate, ReportGroup, SupervisionFigures, YearReport},
    web::pages::map::{MapData, Shown},
};

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
        supervision: SupervisionFigures {
            reminders: 40 * scale,
            return_calls: 12 * scale,
            supervisions: 9 * scale,
            answered: rate(54, 63),
            adopted: rate(1, 2),
        },
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

/// The provinces as tiles.
pub fn map() -> MapData {
    MapData { figures: figures().0, corps: Some(some(1)), cells: None, shown: Shown::Cases }
}

/// Where the cases of a province lie.
pub fn province() -> MapData {
    let cell = |longitude, latitude, cases| CellCount { longitude, latitude, cases };
    let cells = Cells { width: 0.02, cells: vec![cell(112.98, 28.2, 40), cell(113.13, 27.83, 9), cell(111.6, 26.43, 1)] };
    let figures = Indicators { area: "430000".into(), ..figures().0 };
    MapData { figures, corps: None, cells: Some(cells), shown: Shown::TimelyAcceptance }
}

pub fn empty_province() -> MapData {
    MapData {
        figures: Indicators { area: "430000".into(), ..nothing().0 },
        corps: None,
        cells: Some(Cells::default()),
        shown: Shown::Cases,
    }
}

pub fn report() -> (YearReport, HashMap<String, String>) {
    let group = |value: &str| vec![ReportGroup { value: value.into(), figures: some(2), year_before: some(1) }];
    let report = YearReport {
        year: 2026,
        area: "000000".into(),
        from: day("2026-01-01"),
        until: day("2026-03-20"),
        complete: false,
        computed_at: now(),
        up_to_date: true,
        total: some(3),
        year_before: some(2),
        divisions: group("430000"),
        kinds: group("request"),
        channels: group("web"),
        categories: group("城乡建设"),
        bodies: group("furong"),
        platforms: group("hunan"),
    };
    (report, HashMap::from([("furong".to_owned(), "芙蓉区住房和城乡建设局".to_owned())]))
}
