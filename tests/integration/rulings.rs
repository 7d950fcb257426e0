//! What people decide holds, is told to every platform concerned, and can be taken back.

use onecase::{
    app::{
        Decree, RuleError,
        query::{CaseFilter, DuplicateFilter, Page},
        view::EventKind,
    },
    domain::case::CaseStatus,
};

use crate::support::{
    gateway::{LI, TestClock, WANG, federation, file, link_all, noise, noise_reworded, start, view, wages},
    stores::on_both_stores,
};

fn decree(version: Option<u64>) -> Decree {
    Decree { actor: "审核员甲".into(), reason: "当面核实".into(), expected_version: version, other_version: None }
}

on_both_stores! {
    async fn a_split_founds_a_routed_case_and_the_linker_never_goes_against_it(store: TestStore) {
        let clock = TestClock::new();
        let gateway = start(&store, federation(), &clock);
        let first = file(&gateway, "hunan", noise("A-1", WANG)).await;
        let second = file(&gateway, "mobile", noise_reworded("M-1", WANG)).await;
        link_all(&gateway);
        let case = view(&gateway, &first.id).await.case.unwrap().id;
        let new = gateway.split(&case, vec![second.id.clone()], decree(None)).await.unwrap();
        assert_eq!(view(&gateway, &second.id).await.case.unwrap().id, new);
        let split_off = gateway.case(&new).await.unwrap().unwrap();
        assert_eq!((split_off.status, split_off.submissions), (CaseStatus::Routed, 1));
        let events = gateway.case_events(&new, Page::default()).await.unwrap().items;
        assert!(events.iter().any(|event| event.kind == EventKind::CaseSplit && event.data.reason.as_deref() == Some("当面核实")));

        let refused = gateway.merge(&case, &new, decree(None)).await;
        assert!(matches!(refused, Err(RuleError::KeptApart)), "what people split stays split");
        gateway.release(&case, &new, decree(None)).await.unwrap();
        gateway.merge(&case, &new, decree(None)).await.unwrap();
        assert_eq!(view(&gateway, &second.id).await.case.unwrap().id, case, "until people take it back");
    }

    async fn merged_cases_are_one_and_later_filings_join_it(store: TestStore) {
        let clock = TestClock::new();
        let gateway = start(&store, federation(), &clock);
        let first = file(&gateway, "hunan", noise("A-1", WANG)).await;
        let second = file(&gateway, "mobile", wages("M-1", LI)).await;
        link_all(&gateway);
        let (into, from) = (view(&gateway, &first.id).await.case.unwrap().id, view(&gateway, &second.id).await.case.unwrap().id);
        gateway.merge(&into, &from, decree(None)).await.unwrap();
        assert_eq!(gateway.case(&into).await.unwrap().unwrap().submissions, 2);
        assert_eq!(gateway.cases(CaseFilter::default(), Page::default()).await.unwrap().items.len(), 1);
        let third = file(&gateway, "wechat", wages("W-1", LI)).await;
        link_all(&gateway);
        assert_eq!(view(&gateway, &third.id).await.case.unwrap().id, into, "a repeat of the merged case joins the one it is now");
        drop(gateway);
        let gateway = start(&store, federation(), &clock);
        let fourth = file(&gateway, "national", wages("N-1", LI)).await;
        link_all(&gateway);
        assert_eq!(view(&gateway, &fourth.id).await.case.unwrap().id, into, "after a restart too");
    }

    async fn a_merge_taken_back_brings_the_old_case_to_life(store: TestStore) {
        let gateway = start(&store, federation(), &TestClock::new());
        let first = file(&gateway, "hunan", noise("A-1", WANG)).await;
        let second = file(&gateway, "mobile", wages("M-1", LI)).await;
        link_all(&gateway);
        let (into, from) = (view(&gateway, &first.id).await.case.unwrap().id, view(&gateway, &second.id).await.case.unwrap().id);
        gateway.merge(&into, &from, decree(None)).await.unwrap();
        let revived = gateway.split(&into, vec![second.id.clone()], decree(None)).await.unwrap();
        assert_eq!(revived, from);
        assert_eq!(gateway.case(&from).await.unwrap().unwrap().submissions, 1);
        link_all(&gateway);
        let rulings = gateway.rulings(&from).await.unwrap();
        assert_eq!(rulings.len(), 2);
        assert!(rulings.iter().all(|ruling| ruling.actor == "审核员甲" && ruling.reason == "当面核实"));
    }

    async fn who_decides_on_an_old_version_is_told(store: TestStore) {
        let gateway = start(&store, federation(), &TestClock::new());
        let first = file(&gateway, "hunan", noise("A-1", WANG)).await;
        let second = file(&gateway, "mobile", wages("M-1", LI)).await;
        link_all(&gateway);
        let (into, from) = (view(&gateway, &first.id).await.case.unwrap().id, view(&gateway, &second.id).await.case.unwrap().id);
        let version = gateway.case(&into).await.unwrap().unwrap().version;
        file(&gateway, "wechat", noise_reworded("W-1", WANG)).await;
        link_all(&gateway);
        assert!(matches!(gateway.merge(&into, &from, decree(Some(version))).await, Err(RuleError::Changed)));
        assert!(matches!(gateway.merge(&into, &into, decree(None)).await, Err(RuleError::SameCase)));
        assert!(matches!(gateway.split(&into, vec![first.id], decree(None)).await, Err(RuleError::BadSplit)));
    }

    async fn kept_apart_leaves_the_review_queue(store: TestStore) {
        let gateway = start(&store, federation(), &TestClock::new());
        let first = file(&gateway, "hunan", noise("A-1", WANG)).await;
        let second = file(&gateway, "mobile", noise("M-1", LI)).await;
        link_all(&gateway);
        let (case, other) = (view(&gateway, &first.id).await.case.unwrap().id, view(&gateway, &second.id).await.case.unwrap().id);
        gateway.keep_apart(&case, &other, decree(None)).await.unwrap();
        assert!(matches!(gateway.merge(&case, &other, decree(None)).await, Err(RuleError::KeptApart)));
        assert!(gateway.duplicates(DuplicateFilter::default(), Page::default()).await.unwrap().items.is_empty());
        gateway.release(&case, &other, decree(None)).await.unwrap();
        gateway.merge(&case, &other, decree(None)).await.unwrap();
    }
}
