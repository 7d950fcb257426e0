//! Examples of indicators.

use chrono::NaiveDate;
use serde_json::Value;

use super::{at, value};
use crate::app::view::{IndicatorFigures, IndicatorGroup, Indicators, Rate, ReportGroup, SupervisionFigures, YearReport};

fn figures() -> IndicatorFigures {
    let rate = |numerator, denominator, value| Rate { numerator, denominator, value: Some(value) };
    IndicatorFigures {
        submissions: 1000,
        cases: 800,
        answered: 500,
        timely_acceptance: rate(720, 750, 0.96),
        on_time_completion: rate(475, 500, 0.95),
        satisfaction: rate(90, 100, 0.9),
        rating_participation: rate(100, 500, 0.2),
        online_share: rate(620, 1000, 0.62),
        duplicate_share: rate(200, 1000, 0.2),
        supervision: SupervisionFigures {
            reminders: 40,
            return_calls: 12,
            supervisions: 9,
            answered: rate(54, 63, 54.0 / 63.0),
            adopted: rate(1, 2, 0.5),
        },
    }
}

pub(super) fn response_to(operation: &str) -> Option<Value> {
    let day = |text: &str| text.parse::<NaiveDate>().unwrap_or_default();
    let group = |value: &str| vec![ReportGroup { value: value.into(), figures: figures(), year_before: IndicatorFigures::default() }];
    if operation == "getYearReport" {
        return Some(value(&YearReport {
            year: 2026,
            area: "000000".into(),
            from: day("2026-01-01"),
            until: day("2026-12-31"),
            complete: true,
            computed_at: at("2027-01-04T01:00:00Z"),
            up_to_date: true,
            total: figures(),
            year_before: figures(),
            divisions: group("430000"),
            kinds: group("request"),
            channels: group("web"),
            categories: group("城乡建设"),
            bodies: group("furong-housing"),
            platforms: group("hunan"),
        }));
    }
    (operation == "getIndicators").then(|| {
        value(&Indicators {
            area: "430000".into(),
            from: day("2026-01-01"),
            until: day("2026-03-31"),
            computed_at: at("2026-04-01T01:00:00Z"),
            up_to_date: true,
            total: figures(),
            cases: "/v1/cases?counted_from=2026-01-01&counted_until=2026-03-31&division=430000{&counted}".into(),
            before: figures(),
            year_before: IndicatorFigures::default(),
            by: vec![IndicatorGroup {
                value: "430100".into(),
                figures: figures(),
                cases: "/v1/cases?counted_from=2026-01-01&counted_until=2026-03-31&division=430100{&counted}".into(),
            }],
        })
    })
}
