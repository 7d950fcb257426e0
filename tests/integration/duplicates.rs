//! The duplicate report: what it can be asked for, on both stores.

use chrono::TimeDelta;
use onecase::{
    app::{
        Decree, Gateway,
        query::{DuplicateFilter, Order, Page},
        view::{Decision, DuplicateView},
    },
    domain::submission::Channel,
};
use serde_json::json;

use crate::support::{
    gateway::{LI, TestClock, WANG, federation, file, link_all, noise, noise_reworded, start, view, wages},
    stores::on_both_stores,
};

async fn all(gateway: &Gateway, filter: &DuplicateFilter, limit: u32) -> Vec<DuplicateView> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = gateway.duplicates(filter.clone(), Page { limit, after }).await.unwrap();
        assert!(page.items.len() <= limit as usize);
        found.extend(page.items);
        after = page.next_cursor;
        if after.is_none() {
            return found;
        }
    }
}

fn asks(change: impl FnOnce(&mut DuplicateFilter)) -> DuplicateFilter {
    let mut filter = DuplicateFilter { decision: Some(Decision::Duplicate), ..DuplicateFilter::default() };
    change(&mut filter);
    filter
}

on_both_stores! {
    async fn the_report_is_narrowed_by_each_of_its_filters(store: TestStore) {
        let clock = TestClock::new();
        let gateway = start(&store, federation(), &clock);
        let first = file(&gateway, "hunan", noise("A-1", WANG)).await.id;
        link_all(&gateway);
        clock.advance(TimeDelta::days(1));
        let mut by_phone = noise_reworded("M-1", WANG);
        by_phone["channel"] = json!("phone");
        file(&gateway, "mobile", by_phone).await;
        file(&gateway, "hunan", wages("A-2", LI)).await;
        file(&gateway, "wechat", wages("W-2", LI)).await;
        link_all(&gateway);
        let case = view(&gateway, &first).await.case.unwrap().id;
        let report = all(&gateway, &asks(|_| {}), 50).await;
        assert_eq!(report.len(), 2);
        let model = report[0].decided.model.clone().unwrap();
        let rule = report[0].decided.evidence.clone().unwrap().rule;

        let checks: Vec<(&str, DuplicateFilter, usize)> = vec![
            ("decision", DuplicateFilter { decision: Some(Decision::Related), ..DuplicateFilter::default() }, 0),
            ("pair", asks(|f| (f.platform, f.other_platform) = (Some("mobile".into()), Some("hunan".into()))), 1),
            ("pair the other way", asks(|f| (f.platform, f.other_platform) = (Some("hunan".into()), Some("wechat".into()))), 1),
            ("pair of one platform", asks(|f| (f.platform, f.other_platform) = (Some("hunan".into()), Some("hunan".into()))), 0),
            ("channel", asks(|f| f.channel = Some(Channel::Phone)), 1),
            ("province", asks(|f| f.division = Some("430000".into())), 2),
            ("another county", asks(|f| f.division = Some("430103".into())), 0),
            ("nation", asks(|f| f.division = Some("000000".into())), 2),
            ("body", asks(|f| f.organization = Some("hunan-office".into())), 2),
            ("another body", asks(|f| f.organization = Some("nation".into())), 0),
            ("case", asks(|f| f.case = Some(case)), 1),
            ("rule", asks(|f| f.rule = Some(rule)), 2),
            ("another rule", asks(|f| f.rule = Some("other_matter".into())), 0),
            ("model", asks(|f| f.model = Some(model.name)), 2),
            ("digest", asks(|f| f.model_digest = Some(model.digest[..8].into())), 2),
            ("another digest", asks(|f| f.model_digest = Some("%".into())), 0),
            ("probability", asks(|f| (f.min_probability, f.max_probability) = (Some(0.5), Some(1.0))), 2),
            ("improbable", asks(|f| f.max_probability = Some(0.01)), 0),
            ("since", asks(|f| f.decided_from = Some(clock.clock().now())), 2),
            ("until", asks(|f| f.decided_until = Some(clock.clock().now())), 0),
            ("reviewer", asks(|f| f.reviewer = Some("审核员甲".into())), 0),
        ];
        for (what, filter, expected) in checks {
            assert_eq!(all(&gateway, &filter, 50).await.len(), expected, "{what}");
            assert_eq!(gateway.duplicate_counts(filter).await.unwrap().total, expected as u64, "{what}");
        }
    }

    async fn pages_of_the_report_hold_every_line_once_in_either_order(store: TestStore) {
        let gateway = start(&store, federation(), &TestClock::new());
        for number in 0..6 {
            file(&gateway, ["hunan", "mobile"][number % 2], noise(&format!("A-{number}"), WANG)).await;
        }
        link_all(&gateway);
        let pair = |view: &DuplicateView| (view.submission.id.clone(), view.compared_with.id.clone());
        let whole: Vec<_> = all(&gateway, &asks(|_| {}), 200).await.iter().map(pair).collect();
        assert!(whole.len() > 5, "{}", whole.len());
        for limit in [1, 2, 7] {
            let newest: Vec<_> = all(&gateway, &DuplicateFilter::default(), limit).await.iter().map(pair).collect();
            let mut oldest: Vec<_> = all(&gateway, &asks(|f| f.order = Order::Oldest), limit).await.iter().map(pair).collect();
            oldest.reverse();
            assert_eq!((&newest, &oldest), (&whole, &whole), "{limit} a page");
        }
    }

    async fn what_a_person_settled_is_found_by_the_reviewer(store: TestStore) {
        let gateway = start(&store, federation(), &TestClock::new());
        let one = file(&gateway, "hunan", noise("A-1", WANG)).await.id;
        let other = file(&gateway, "mobile", noise_reworded("M-1", LI)).await.id;
        link_all(&gateway);
        let (one, other) = (view(&gateway, &one).await.case.unwrap().id, view(&gateway, &other).await.case.unwrap().id);
        let decree = Decree { actor: "审核员甲 (k1)".into(), reason: "当面核实".into(), expected_version: None, other_version: None };
        gateway.merge(&one, &other, decree).await.unwrap();
        let settled = |reviewer: &str| DuplicateFilter {
            decision: Some(Decision::Related),
            reviewer: Some(reviewer.into()),
            ..DuplicateFilter::default()
        };
        assert_eq!(all(&gateway, &settled("审核员甲 (k1)"), 50).await.len(), 1);
        assert_eq!(all(&gateway, &settled("审核员乙 (k2)"), 50).await.len(), 0);
    }
}
