//! Statutory clocks follow what bodies report and what people decide, on both stores.

use chrono::{DateTime, TimeDelta, Utc};
use onecase::{
    app::{
        Decree, Gateway,
        query::{DeadlineFilter, Page},
    },
    domain::deadline::{Clock, DeadlineState},
};
use serde_json::json;

use crate::support::{
    gateway::{LI, TestClock, WANG, federation, file, link_all, noise, report, start, view, wages},
    stores::on_both_stores,
};

async fn clocks(gateway: &Gateway, case: &str) -> Vec<(Clock, DeadlineState)> {
    let case = gateway.case(case).await.unwrap().unwrap();
    case.deadlines.iter().map(|deadline| (deadline.clock, deadline.state)).collect()
}

fn filter(state: DeadlineState) -> DeadlineFilter {
    DeadlineFilter { state, clock: None, kind: None, division: None, organization: None, platform: None, due_before: None }
}

async fn listed(gateway: &Gateway, filter: DeadlineFilter) -> Vec<(String, Clock)> {
    let (mut found, mut page) = (Vec::new(), Page { limit: 1, after: None });
    loop {
        let list = gateway.deadlines(filter.clone(), page.clone()).await.unwrap();
        found.extend(list.items.into_iter().map(|item| (item.case, item.deadline.clock)));
        page.after = list.next_cursor;
        if page.after.is_none() {
            return found;
        }
    }
}

async fn case_of(gateway: &Gateway, submission: &str) -> String {
    view(gateway, submission).await.case.unwrap().id
}

on_both_stores! {
    async fn clocks_follow_the_case(store: TestStore) {
        use DeadlineState::{Lapsed, Late, Met, Overdue, Running};
        let clock = TestClock::new();
        let gateway = start(&store, federation(), &clock);
        let noise = file(&gateway, "mobile", noise("M-1", WANG)).await.id;
        clock.advance(TimeDelta::days(1));
        let wages = file(&gateway, "mobile", wages("M-2", LI)).await.id;
        link_all(&gateway);
        let (noise, wages) = (case_of(&gateway, &noise).await, case_of(&gateway, &wages).await);
        let routed = [(Clock::Route, Met), (Clock::Object, Running), (Clock::Accept, Running)];
        assert_eq!(clocks(&gateway, &noise).await, routed);

        clock.advance(TimeDelta::days(3));
        report(&gateway, &noise, 1, "accepted", json!({})).await;
        clock.advance(TimeDelta::days(20));
        assert_eq!(listed(&gateway, filter(Overdue)).await, [(wages.clone(), Clock::Accept)]);
        assert_eq!(listed(&gateway, filter(Running)).await, [(noise.clone(), Clock::Answer)]);
        assert_eq!(listed(&gateway, filter(Lapsed)).await, [(wages.clone(), Clock::Object)]);
        let overview = gateway.overview().await.unwrap();
        assert_eq!((overview.overdue, overview.due_soon), (1, 0));
        report(&gateway, &wages, 1, "refused", json!({ "reason": "不属于本机关职权范围" })).await;
        assert_eq!(clocks(&gateway, &wages).await, [(Clock::Route, Met), (Clock::Object, Lapsed), (Clock::Accept, Late)]);

        report(&gateway, &noise, 2, "extended", json!({})).await;
        let case = gateway.case(&noise).await.unwrap().unwrap();
        let answer = case.deadlines.last().unwrap();
        let due: DateTime<Utc> = "2026-06-05T00:00:00+08:00".parse().unwrap();
        // Accepted on 6 March in Beijing; ninety days on is 4 June.
        assert_eq!((answer.clock, answer.extended, answer.due_at), (Clock::Answer, true, due));
        let reply = json!({ "reply": { "content": "已责令停工。", "replied_at": gateway.now().to_rfc3339() } });
        report(&gateway, &noise, 3, "answered", reply.clone()).await;
        report(&gateway, &noise, 4, "under_review", json!({})).await;
        clock.advance(TimeDelta::days(5));
        report(&gateway, &noise, 5, "answered", reply).await;
        report(&gateway, &noise, 7, "under_re_review", json!({})).await;
        let before = gateway.case(&noise).await.unwrap().unwrap().deadlines.last().unwrap().due_at;
        clock.advance(TimeDelta::days(9));
        let began = (gateway.now() - TimeDelta::days(3)).to_rfc3339();
        let hearing = json!({ "hearing": { "began_at": began, "ended_at": gateway.now().to_rfc3339() } });
        report(&gateway, &noise, 8, "under_re_review", hearing).await;
        let case = gateway.case(&noise).await.unwrap().unwrap();
        let re_review = case.deadlines.last().unwrap();
        assert_eq!((re_review.clock, re_review.due_at - before), (Clock::ReReview, TimeDelta::days(3)));

        let mine = DeadlineFilter { platform: Some("national".into()), ..filter(Running) };
        assert!(listed(&gateway, mine).await.is_empty(), "others' cases are not in one's list");
    }
}

on_both_stores! {
    async fn a_merged_case_runs_with_the_other(store: TestStore) {
        let clock = TestClock::new();
        let gateway = start(&store, federation(), &clock);
        let (one, other) = (file(&gateway, "mobile", noise("M-1", WANG)).await.id, file(&gateway, "hunan", wages("A-1", LI)).await.id);
        link_all(&gateway);
        let (one, other) = (case_of(&gateway, &one).await, case_of(&gateway, &other).await);
        let decree = Decree { actor: "审核员甲".into(), reason: "当面核实".into(), expected_version: None, other_version: None };
        gateway.merge(&one, &other, decree).await.unwrap();
        assert!(gateway.case(&other).await.unwrap().unwrap().deadlines.is_empty());
        assert_eq!(listed(&gateway, filter(DeadlineState::Running)).await.iter().filter(|(case, _)| *case == one).count(), 2);
        assert_eq!(listed(&gateway, filter(DeadlineState::Running)).await.len(), 2);
    }
}
