//! What is supervised, what two bodies were given, and how far the federation reaches, on both stores.

use chrono::{Datelike, TimeDelta};
use onecase::{
    app::{
        AdoptionVerdict, ConflictError, Gateway, Keep, SupervisionError, WarningError,
        query::{CaseFilter, ConflictFilter, CountedIn, GapFilter, Page, SupervisionFilter, WarningFilter},
        validate::SupervisionAnswer,
        view::{CaseView, EventKind, ReferralView, SupervisionView},
    },
    domain::{
        case::CaseStatus,
        indicator::{Measure, local_day},
        rating::Rating,
        referral::{ConflictSource, ConflictState, Referral, ReferralOutcome},
        supervision::{SupervisionKind, SupervisionState},
        warning::WarningState,
    },
};
use serde_json::json;

use crate::{
    lifecycle::{begin, reported},
    support::{
        gateway::{LI, TestClock, WANG, federation, file, link_all, noise, noise_reworded, start, start_with, three_levels},
        stores::on_both_stores,
    },
};

/// Everything that rules call for now.
fn supervise(gateway: &Gateway) {
    while gateway.supervise().unwrap() {}
}

async fn supervisions(gateway: &Gateway, filter: SupervisionFilter) -> Vec<SupervisionView> {
    let (mut found, mut page) = (Vec::new(), Page { limit: 1, after: None });
    loop {
        let list = gateway.supervisions(filter.clone(), page.clone()).await.unwrap();
        found.extend(list.items);
        page.after = list.next_cursor;
        if page.after.is_none() {
            return found;
        }
    }
}

/// Rule and state of each, newest first.
async fn standing(gateway: &Gateway) -> Vec<(String, SupervisionState)> {
    supervisions(gateway, SupervisionFilter::default()).await.into_iter().map(|it| (it.rule, it.state)).collect()
}

fn stands(list: &[(&str, SupervisionState)]) -> Vec<(String, SupervisionState)> {
    list.iter().map(|(rule, state)| ((*rule).to_owned(), *state)).collect()
}

fn answer(content: &str) -> SupervisionAnswer {
    SupervisionAnswer { content: content.into() }
}

on_both_stores! {
    async fn a_body_that_does_not_act_is_reminded_supervised_and_proposed_for_accountability(store: TestStore) {
        use SupervisionState::{Answered, Escalated, Open, Settled};
        let clock = TestClock::new();
        let gateway = start(&store, three_levels(), &clock);
        let case = begin(&gateway).await;
        supervise(&gateway);
        assert_eq!(standing(&gateway).await, [], "nothing is due yet");
        clock.advance(TimeDelta::days(13));
        supervise(&gateway);
        supervise(&gateway);
        assert_eq!(standing(&gateway).await, stands(&[("accept-ending", Open)]), "once an occasion");
        let reminder = supervisions(&gateway, SupervisionFilter::default()).await.remove(0);
        assert_eq!((reminder.kind, reminder.platform.as_deref()), (SupervisionKind::Reminder, Some("changsha")));
        let wrong = gateway.answer_supervision("hunan", &reminder.id, answer("正在办理")).await;
        assert!(matches!(wrong, Err(SupervisionError::Unknown)), "only who was addressed answers");
        gateway.answer_supervision("changsha", &reminder.id, answer("正在办理")).await.unwrap();
        gateway.answer_supervision("changsha", &reminder.id, answer("正在办理")).await.unwrap();
        let again = gateway.answer_supervision("changsha", &reminder.id, answer("已办理")).await;
        assert!(matches!(again, Err(SupervisionError::Ended)));

        clock.advance(TimeDelta::days(5));
        supervise(&gateway);
        clock.advance(TimeDelta::days(7));
        supervise(&gateway);
        let expected = stands(&[("failure-to-act", Open), ("accept-over", Escalated), ("accept-ending", Answered)]);
        assert_eq!(standing(&gateway).await, expected);
        let proposal = supervisions(&gateway, SupervisionFilter { state: Some(Open), ..SupervisionFilter::default() }).await.remove(0);
        assert_eq!((proposal.kind, proposal.platform.as_deref()), (SupervisionKind::Accountability, Some("hunan")));
        assert!(proposal.follows.is_some());

        reported(&gateway, "changsha", &case, "accepted").await.unwrap();
        supervise(&gateway);
        assert_eq!(standing(&gateway).await[0], ("failure-to-act".to_owned(), Settled), "its cause is gone");
        let history = gateway.case_events(&case, Page::default()).await.unwrap().items;
        let told = |kind| history.iter().filter(|event| event.kind == kind).count();
        assert_eq!((told(EventKind::Supervised), told(EventKind::SupervisionAnswered)), (3, 1));
        let theirs = SupervisionFilter { platform: Some("national".into()), ..SupervisionFilter::default() };
        assert!(supervisions(&gateway, theirs).await.is_empty());
    }

    async fn what_became_of_a_proposal_is_recorded_and_counted(store: TestStore) {
        let clock = TestClock::new();
        let gateway = start(&store, three_levels(), &clock);
        let case = begin(&gateway).await;
        for days in [18, 7] {
            clock.advance(TimeDelta::days(days));
            supervise(&gateway);
        }
        let all = supervisions(&gateway, SupervisionFilter::default()).await;
        let of_kind = |kind| all.iter().find(|it| it.kind == kind).unwrap().id.clone();
        let proposal = of_kind(SupervisionKind::Accountability);
        let verdict = |adopted, note: &str| AdoptionVerdict { adopted, note: note.into(), actor: "值班员".into() };
        let wrong = gateway.record_adoption(&of_kind(SupervisionKind::Supervision), None, verdict(true, "已约谈")).await;
        assert!(matches!(wrong, Err(SupervisionError::NoProposal)));
        let other = gateway.record_adoption(&proposal, Some("changsha"), verdict(true, "已约谈")).await;
        assert!(matches!(other, Err(SupervisionError::Unknown)), "only who was addressed, or a reviewer");
        gateway.record_adoption(&proposal, Some("hunan"), verdict(false, "正在核查")).await.unwrap();
        let kept = gateway.record_adoption(&proposal, None, verdict(true, "已约谈")).await.unwrap();
        gateway.record_adoption(&proposal, None, verdict(true, "已约谈")).await.unwrap();
        assert!(kept.adoption.is_some_and(|adoption| adoption.adopted && adoption.note == "已约谈"));

        while gateway.fold_indicators().unwrap() {}
        let year = local_day(gateway.now()).year();
        let report = gateway.year_report(year, "430000".into()).await.unwrap().unwrap();
        let figures = &report.total.supervision;
        let adopted = &figures.adopted;
        assert_eq!((figures.reminders, figures.supervisions, adopted.numerator, adopted.denominator), (0, 1, 1, 1));
        let figure = CountedIn::new(Measure::Adopted, report.from, report.until).unwrap();
        let behind = gateway.cases(CaseFilter { counted: Some(figure), ..CaseFilter::default() }, Page::default()).await.unwrap();
        assert_eq!(behind.items.iter().map(|found| found.id.as_str()).collect::<Vec<_>>(), [case.as_str()]);

        reported(&gateway, "changsha", &case, "accepted").await.unwrap();
        supervise(&gateway);
        let leaves = gateway.audit_entries(Some(case), Page { limit: 100, after: None }).await.unwrap().items;
        for action in ["supervised", "supervision_escalated", "proposal_decided", "supervision_settled"] {
            assert!(leaves.iter().any(|leaf| leaf.entry.contains(&format!("case.{action}"))), "{action} leaves a leaf");
        }
    }

    async fn silence_a_bad_rating_and_filing_again_set_rules_off(store: TestStore) {
        use SupervisionState::{Open, Settled};
        let clock = TestClock::new();
        let gateway = start(&store, three_levels(), &clock);
        let case = begin(&gateway).await;
        reported(&gateway, "changsha", &case, "in_progress").await.unwrap();
        clock.advance(TimeDelta::days(29));
        supervise(&gateway);
        assert_eq!(standing(&gateway).await, []);
        clock.advance(TimeDelta::days(2));
        supervise(&gateway);
        assert_eq!(standing(&gateway).await, stands(&[("silence", Open)]));

        reported(&gateway, "changsha", &case, "answered").await.unwrap();
        for number in 1..=2 {
            file(&gateway, "hunan", noise_reworded(&format!("A-{number}"), WANG)).await;
        }
        link_all(&gateway);
        let rating = json!({ "rating_id": "1", "satisfaction": "very_dissatisfied", "rated_at": gateway.now().to_rfc3339() });
        let rating: Rating = serde_json::from_value(rating).unwrap();
        gateway.rate("mobile", &case, rating).await.unwrap();
        supervise(&gateway);
        let mut found = standing(&gateway).await;
        found.sort();
        assert_eq!(found, stands(&[("dissatisfied", Open), ("refiled", Open), ("silence", Settled)]), "filed twice again, called once");
    }

    async fn a_second_owner_is_never_made(store: TestStore) {
        let clock = TestClock::new();
        let gateway = start(&store, three_levels(), &clock);
        let case = begin(&gateway).await;
        let refer = async |platform: &str, number: &str, to: &str| {
            let referral = json!({ "referral_id": number, "organization": to, "reason": "涉及市级职责", "referred_at": gateway.now().to_rfc3339() });
            let referral: Referral = serde_json::from_value(referral).unwrap();
            gateway.refer(platform, &case, referral).await
        };
        let owner = |case: &CaseView| case.organization.as_ref().map(|body| body.id.clone()).unwrap();
        assert_eq!(refer("national", "1", "changsha-office").await.unwrap().outcome, ReferralOutcome::Held);
        reported(&gateway, "changsha", &case, "accepted").await.unwrap();
        let ReferralView { outcome, case: after, conflict } = refer("national", "2", "zhuzhou-office").await.unwrap();
        assert_eq!((outcome, owner(&after).as_str()), (ReferralOutcome::Conflict, "changsha-office"));
        let conflict = conflict.unwrap();
        assert_eq!(conflict.superior.as_ref().map(|body| body.id.as_str()), Some("hunan-office"));
        let repeated = refer("national", "2", "zhuzhou-office").await.unwrap();
        assert_eq!(repeated.conflict.unwrap().id, conflict.id);
        assert_eq!(refer("national", "3", "zhuzhou-office").await.unwrap().conflict.unwrap().id, conflict.id, "one conflict at a time");
        // A filing that its platform has referred to another body itself.
        let mut again = noise_reworded("M-9", WANG);
        again["referred_to"] = json!("hunan-office");
        file(&gateway, "mobile", again).await;
        link_all(&gateway);
        let open = ConflictFilter { state: Some(ConflictState::Open), ..ConflictFilter::default() };
        let listed = gateway.referral_conflicts(open.clone(), Page::default()).await.unwrap().items;
        assert_eq!(listed.iter().map(|it| it.source).collect::<Vec<_>>(), [ConflictSource::Filing, ConflictSource::Referral]);

        let keep = |organization: &str| Keep { organization: organization.into(), actor: "省局".into(), reason: "由株洲办理".into() };
        let wrong = gateway.decide_referral_conflict(&conflict.id, Some("changsha"), keep("changsha-office")).await;
        assert!(matches!(wrong, Err(ConflictError::Unknown)), "only the superior decides");
        let neither = gateway.decide_referral_conflict(&conflict.id, Some("hunan"), keep("nation")).await;
        assert!(matches!(neither, Err(ConflictError::Refused(_))));
        gateway.decide_referral_conflict(&conflict.id, Some("hunan"), keep("zhuzhou-office")).await.unwrap();
        let twice = gateway.decide_referral_conflict(&conflict.id, None, keep("changsha-office")).await;
        assert!(matches!(twice, Err(ConflictError::Decided)));
        let moved = gateway.case(&case).await.unwrap().unwrap();
        assert_eq!((moved.status, owner(&moved).as_str(), moved.platform.as_deref()), (CaseStatus::Routed, "zhuzhou-office", Some("hunan")));
        let history = gateway.case_events(&case, Page::default()).await.unwrap().items;
        let told = |kind| history.iter().filter(|event| event.kind == kind).count();
        assert_eq!((told(EventKind::ReferralConflict), told(EventKind::ReferralDecided)), (2, 1));
        let theirs = ConflictFilter { visible_to: Some("changsha".into()), ..open };
        assert_eq!(gateway.referral_conflicts(theirs, Page::default()).await.unwrap().items.len(), 1);
    }

    async fn gaps_are_counted_where_they_are(store: TestStore) {
        let clock = TestClock::new();
        let gateway = start(&store, federation(), &clock);
        for number in 1..=3 {
            let mut filing = noise(&format!("M-{number}"), WANG);
            filing["content"] = json!(format!("第{number}件：完全不同的事情，请分别登记。"));
            filing["petitioners"] = json!([]);
            filing["anonymous"] = json!(true);
            file(&gateway, "mobile", filing).await;
        }
        link_all(&gateway);
        let nation = gateway.coverage("000000").await.unwrap();
        assert_eq!((nation.total.organizations, nation.total.connected), (4, 3));
        assert_eq!(nation.divisions.iter().map(|division| division.division.as_str()).collect::<Vec<_>>(), ["430000"]);
        let gap = &nation.gaps[0];
        assert_eq!((gap.organization.id.as_str(), gap.superior.as_ref().unwrap().id.as_str(), gap.cases), ("changsha-office", "hunan-office", 3));
        let behind = gateway.gaps(GapFilter { competent: Some("changsha-office".into()) }, Page::default()).await.unwrap();
        assert_eq!(behind.items.len(), 3);
        let none = gateway.gaps(GapFilter { competent: Some("zhuzhou-office".into()) }, Page::default()).await.unwrap();
        assert!(none.items.is_empty() && gateway.coverage("110000").await.unwrap().gaps.is_empty());
    }

    async fn what_rises_is_warned_of_seen_and_closed(store: TestStore) {
        let clock = TestClock::new();
        let gateway = start_with(&store, three_levels(), &clock, |config| {
            let path = store.directory().join("warnings.toml");
            std::fs::write(&path, RULES).unwrap();
            config.warnings.rules = Some(path);
        });
        let watch = || {
            while gateway.fold_indicators().unwrap() || gateway.watch_for_warnings().unwrap() {}
        };
        let standing = async || {
            let list = gateway.warnings(WarningFilter::default(), Page::default()).await.unwrap().items;
            let mut list: Vec<_> = list.into_iter().map(|warning| (warning.rule, warning.cases, warning.state)).collect();
            list.sort();
            list
        };
        let letter = |number: usize| {
            let mut filing = noise(&format!("M-{number}"), [WANG, LI][number % 2]);
            filing["petitioners"] = json!([{ "name": format!("居民{number}"), "phone": format!("1390000{number:04}") }]);
            filing["category"] = json!("城乡建设/施工管理");
            filing
        };
        for number in 0..2 {
            file(&gateway, "mobile", letter(number)).await;
        }
        link_all(&gateway);
        watch();
        assert_eq!(standing().await, [], "two are too few");
        clock.advance(TimeDelta::hours(1));
        for number in 2..4 {
            file(&gateway, "mobile", letter(number)).await;
        }
        link_all(&gateway);
        watch();
        let rising = |state| vec![("category".to_owned(), 4, state), ("matter".to_owned(), 4, state)];
        assert_eq!(standing().await, rising(WarningState::Standing));
        let trends = gateway.trends("430000", 7).await.unwrap();
        assert_eq!((trends.items[0].category.as_str(), trends.items[0].cases, trends.items[0].before), ("城乡建设", 4, 0));

        for warning in gateway.warnings(WarningFilter::default(), Page::default()).await.unwrap().items {
            let seen = gateway.acknowledge_warning(&warning.id, "值班员", "已请属地会商").await.unwrap();
            assert_eq!((seen.state, seen.note.as_deref()), (WarningState::Acknowledged, Some("已请属地会商")));
            let history = gateway.case_events(&warning.case, Page::default()).await.unwrap().items;
            assert!(history.iter().any(|event| event.kind == EventKind::WarningRaised));
        }
        watch();
        assert_eq!(standing().await, rising(WarningState::Acknowledged), "warned of once");
        clock.advance(TimeDelta::days(10));
        watch();
        let fallen = standing().await;
        assert_eq!(fallen, [("category".to_owned(), 0, WarningState::Closed), ("matter".to_owned(), 0, WarningState::Closed)]);
        let id = gateway.warnings(WarningFilter::default(), Page::default()).await.unwrap().items.remove(0).id;
        assert!(matches!(gateway.acknowledge_warning(&id, "值班员", "晚了").await, Err(WarningError::Closed)));
    }
}

const RULES: &str = r#"
[[rules]]
id = "matter"
title = "共性问题上升"
title_en = "a shared matter rises"
subject = "matter"
days = 7
min_cases = 3
growth = 2.0

[[rules]]
id = "category"
title = "某类问题上升"
title_en = "a category rises"
subject = { category = "city" }
days = 7
min_cases = 3
growth = 2.0
categories = ["城乡建设"]
"#;
