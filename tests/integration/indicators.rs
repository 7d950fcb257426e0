//! Ratings count once, and indicators are what was registered, decided, answered and rated, on both stores.

use chrono::{NaiveDate, TimeDelta};
use onecase::{
    app::{
        Decree, Gateway, RateError,
        query::{CaseFilter, CountedIn, IndicatorQuery, Page},
        view::{IndicatorFigures, Indicators},
    },
    domain::indicator::{Dimension, Measure},
};
use serde_json::json;

use crate::support::{
    gateway::{LI, TestClock, WANG, federation, file, link_all, noise, noise_reworded, report, start, view, wages},
    stores::on_both_stores,
};

async fn rate(gateway: &Gateway, platform: &str, case: &str, number: u32, satisfaction: &str) -> Result<(), RateError> {
    let rating = json!({ "rating_id": format!("P-{number}"), "satisfaction": satisfaction, "comment": "谢谢", "rated_at": "2026-03-20T09:00:00+08:00" });
    gateway.rate(platform, case, serde_json::from_value(rating).unwrap()).await.map(drop)
}

async fn indicators(gateway: &Gateway, area: &str, by: Option<Dimension>) -> Indicators {
    while gateway.fold_indicators().unwrap() {}
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    gateway.indicators(IndicatorQuery { area: area.into(), from: day("2026-03-01"), until: day("2026-06-30"), by }).await.unwrap()
}

/// How many cases the list of a figure holds.
async fn behind(gateway: &Gateway, measure: Measure, change: impl FnOnce(&mut CaseFilter)) -> u64 {
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    let counted = CountedIn::new(measure, day("2026-03-01"), day("2026-06-30")).unwrap();
    let mut filter = CaseFilter { counted: Some(counted), ..CaseFilter::default() };
    change(&mut filter);
    gateway.cases(filter, Page::default()).await.unwrap().items.len() as u64
}

/// Every figure beside the measure that it counts.
fn measured(figures: &IndicatorFigures) -> Vec<(Measure, u64)> {
    vec![
        (Measure::Cases, figures.cases),
        (Measure::Answered, figures.answered),
        (Measure::AcceptMet, figures.timely_acceptance.numerator),
        (Measure::AcceptDue, figures.timely_acceptance.denominator),
        (Measure::AnswerMet, figures.on_time_completion.numerator),
        (Measure::AnswerDue, figures.on_time_completion.denominator),
        (Measure::Satisfied, figures.satisfaction.numerator),
        (Measure::Rated, figures.rating_participation.numerator),
    ]
}

async fn check_behind(gateway: &Gateway) {
    let total = indicators(gateway, "000000", None).await.total;
    for (measure, figure) in measured(&total) {
        assert_eq!(behind(gateway, measure, |_| ()).await, figure, "{measure:?}");
    }
    for dimension in [Dimension::Division, Dimension::Organization, Dimension::Platform, Dimension::Channel, Dimension::Kind] {
        for group in indicators(gateway, "000000", Some(dimension)).await.by {
            for (measure, figure) in measured(&group.figures) {
                let value = group.value.clone();
                let listed = behind(gateway, measure, |filter| match dimension {
                    Dimension::Division => filter.division = Some(value),
                    Dimension::Organization => filter.organization = Some(value),
                    Dimension::Platform => filter.platform = Some(value),
                    Dimension::Channel => filter.channel = Some(serde_json::from_value(json!(value)).unwrap()),
                    _ => filter.kind = Some(serde_json::from_value(json!(value)).unwrap()),
                });
                assert_eq!(listed.await, figure, "{measure:?} of {dimension:?} {}", group.value);
            }
        }
    }
}

on_both_stores! {
    async fn indicators_follow_the_cases(store: TestStore) {
        let clock = TestClock::new();
        let gateway = start(&store, federation(), &clock);
        let first = file(&gateway, "mobile", noise("M-1", WANG)).await.id;
        file(&gateway, "hunan", noise_reworded("A-1", WANG)).await;
        let second = file(&gateway, "mobile", wages("M-2", LI)).await.id;
        link_all(&gateway);
        let (noise, wages) = (view(&gateway, &first).await.case.unwrap().id, view(&gateway, &second).await.case.unwrap().id);
        assert!(matches!(rate(&gateway, "mobile", &noise, 1, "satisfied").await, Err(RateError::NotAnswered(_))));
        report(&gateway, &noise, 1, "accepted", json!({})).await;
        clock.advance(TimeDelta::days(18));
        report(&gateway, &wages, 2, "accepted", json!({})).await;
        report(&gateway, &noise, 3, "answered", json!({ "reply": { "content": "已停工。", "replied_at": gateway.now().to_rfc3339() } })).await;
        rate(&gateway, "mobile", &noise, 1, "dissatisfied").await.unwrap();
        rate(&gateway, "mobile", &noise, 1, "dissatisfied").await.unwrap();
        assert!(matches!(rate(&gateway, "mobile", &noise, 1, "satisfied").await, Err(RateError::Conflict)));
        assert!(matches!(rate(&gateway, "national", &noise, 2, "satisfied").await, Err(RateError::UnknownCase)));
        rate(&gateway, "hunan", &noise, 2, "satisfied").await.unwrap();

        let found = indicators(&gateway, "000000", None).await;
        let total = &found.total;
        assert!(found.up_to_date);
        assert_eq!((total.submissions, total.cases, total.answered), (3, 2, 1));
        assert_eq!((total.timely_acceptance.numerator, total.timely_acceptance.denominator), (1, 2), "one was accepted late");
        assert_eq!((total.on_time_completion.numerator, total.on_time_completion.denominator), (0, 0), "the last day is not over");
        assert_eq!((total.satisfaction.value, total.rating_participation.value), (Some(1.0), Some(1.0)), "the newest rating counts");
        assert_eq!((total.duplicate_share.numerator, total.online_share.numerator), (1, 3));
        check_behind(&gateway).await;
        for (measure, cases) in [(Measure::Submissions, 2), (Measure::Online, 2), (Measure::Duplicates, 1)] {
            assert_eq!(behind(&gateway, measure, |_| ()).await, cases, "a case is listed once: {measure:?}");
        }
        assert_eq!(behind(&gateway, Measure::Duplicates, |filter| filter.platform = Some("mobile".into())).await, 0);
        clock.advance(TimeDelta::days(70));
        let total = indicators(&gateway, "430100", None).await.total;
        assert_eq!((total.on_time_completion.numerator, total.on_time_completion.denominator), (1, 2), "the other was never answered");
        check_behind(&gateway).await;

        let report = gateway.year_report(2026, "000000".into()).await.unwrap().expect("this year");
        assert_eq!((report.total.submissions, report.total.cases, report.complete), (3, 2, false));
        assert_eq!(report.year_before, Default::default());
        assert_eq!(report.bodies.iter().map(|body| (body.value.as_str(), body.figures.cases)).collect::<Vec<_>>(), [("hunan-office", 2)]);
        for groups in [&report.kinds, &report.channels, &report.divisions] {
            assert_eq!(groups.iter().map(|group| group.figures.submissions).sum::<u64>(), 3);
        }
        assert!(gateway.year_report(2027, "000000".into()).await.unwrap().is_none(), "it has not begun");

        let by = indicators(&gateway, "000000", Some(Dimension::Division)).await.by;
        assert_eq!(by.iter().map(|group| (group.value.as_str(), group.figures.cases)).collect::<Vec<_>>(), [("430000", 2)]);
        assert_eq!(indicators(&gateway, "440000", None).await.total, Default::default());
    }

    async fn a_merge_takes_back_what_the_case_counted_for(store: TestStore) {
        let clock = TestClock::new();
        let gateway = start(&store, federation(), &clock);
        let (one, other) = (file(&gateway, "mobile", noise("M-1", WANG)).await.id, file(&gateway, "hunan", wages("A-1", LI)).await.id);
        link_all(&gateway);
        assert_eq!(indicators(&gateway, "000000", None).await.total.cases, 2);
        let (one, other) = (view(&gateway, &one).await.case.unwrap().id, view(&gateway, &other).await.case.unwrap().id);
        let decree = Decree { actor: "审核员甲".into(), reason: "当面核实".into(), expected_version: None, other_version: None };
        gateway.merge(&one, &other, decree).await.unwrap();
        let total = indicators(&gateway, "000000", None).await.total;
        assert_eq!((total.cases, total.submissions), (1, 2));
        let by = indicators(&gateway, "430000", Some(Dimension::Platform)).await.by;
        let counted: Vec<_> = by.iter().map(|group| (group.value.as_str(), group.figures.cases, group.figures.submissions)).collect();
        assert_eq!(counted, [("hunan", 1, 1), ("mobile", 0, 1)]);
        check_behind(&gateway).await;
    }
}
