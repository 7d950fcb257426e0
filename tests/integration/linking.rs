//! From filing to case: what is linked, what is kept apart, what is routed where, and that none of it is lost.

use chrono::TimeDelta;
use onecase::{
    app::{
        Federation, Parts, StartError, UpdateError,
        query::{CaseFilter, DuplicateFilter, GapFilter, MatterFilter, Page},
        view::{Decision, SubmissionState},
    },
    config::{Config, KeyMaterial},
    domain::{
        case::CaseStatus,
        lifecycle::Refusal,
        organization::{Directory, GapReason},
        platform::PlatformKind,
    },
};
use serde_json::json;

use crate::support::{
    gateway::{
        LI, TestClock, WANG, anonymous, federation, file, link_all, link_on, noise, noise_reworded, organization, platform, start,
        try_file, view, wages,
    },
    stores::on_both_stores,
};

on_both_stores! {
    async fn one_person_one_matter_two_platforms_is_one_case(store: TestStore) {
        let gateway = start(&store, federation(), &TestClock::new());
        let first = file(&gateway, "hunan", noise("A-1", WANG)).await;
        let second = file(&gateway, "mobile", noise_reworded("M-1", WANG)).await;
        assert_eq!(view(&gateway, &second.id).await.state, SubmissionState::Registered);
        link_all(&gateway);
        let (first, second) = (view(&gateway, &first.id).await, view(&gateway, &second.id).await);
        assert_eq!(second.decision, Some(Decision::Duplicate));
        assert_eq!(first.case, second.case);
        let case = gateway.case(&first.case.unwrap().id).await.unwrap().unwrap();
        assert_eq!((case.submissions, case.platforms), (2, vec!["hunan".to_owned(), "mobile".to_owned()]));
        let matches = gateway.case_matches(&case.id).await.unwrap();
        let evidence = matches[0].evidence.as_ref().unwrap();
        let sum: f64 = evidence.prior + evidence.comparisons.iter().map(|c| c.weight).sum::<f64>();
        assert_eq!(sum, evidence.weight, "the weights add up exactly");
        assert_eq!(matches[0].model.as_ref().unwrap().digest.len(), 64);
    }

    async fn a_form_letter_of_two_people_is_a_matter_and_two_cases(store: TestStore) {
        let gateway = start(&store, federation(), &TestClock::new());
        let first = file(&gateway, "hunan", noise("A-1", WANG)).await;
        let second = file(&gateway, "mobile", noise("M-1", LI)).await;
        link_all(&gateway);
        let (first, second) = (view(&gateway, &first.id).await, view(&gateway, &second.id).await);
        assert_eq!(second.decision, Some(Decision::Related));
        assert_ne!(first.case, second.case);
        let matters = gateway.matters(MatterFilter::default(), Page::default()).await.unwrap().items;
        assert_eq!(matters.len(), 1);
        assert_eq!(matters[0].cases, 2);
        let filter = CaseFilter { matter: Some(matters[0].id.clone()), ..CaseFilter::default() };
        assert_eq!(gateway.cases(filter, Page::default()).await.unwrap().items.len(), 2);
    }

    async fn the_anonymous_are_never_merged(store: TestStore) {
        let gateway = start(&store, federation(), &TestClock::new());
        for number in 0..4 {
            file(&gateway, "mobile", anonymous(noise(&format!("M-{number}"), WANG))).await;
        }
        link_all(&gateway);
        assert_eq!(gateway.cases(CaseFilter::default(), Page::default()).await.unwrap().items.len(), 4);
    }

    async fn a_person_with_two_matters_has_two_cases(store: TestStore) {
        let gateway = start(&store, federation(), &TestClock::new());
        file(&gateway, "hunan", noise("A-1", WANG)).await;
        file(&gateway, "mobile", wages("M-1", WANG)).await;
        link_all(&gateway);
        assert_eq!(gateway.cases(CaseFilter::default(), Page::default()).await.unwrap().items.len(), 2);
        assert!(gateway.duplicates(DuplicateFilter::default(), Page::default()).await.unwrap().items.is_empty());
    }

    async fn the_index_is_rebuilt_after_a_restart(store: TestStore) {
        let clock = TestClock::new();
        let gateway = start(&store, federation(), &clock);
        let first = file(&gateway, "hunan", noise("A-1", WANG)).await;
        link_all(&gateway);
        drop(gateway);
        let gateway = start(&store, federation(), &clock);
        let second = file(&gateway, "mobile", noise_reworded("M-1", WANG)).await;
        link_all(&gateway);
        assert_eq!(view(&gateway, &first.id).await.case, view(&gateway, &second.id).await.case);
    }

    async fn one_node_links_at_a_time_and_another_takes_over(store: TestStore) {
        let clock = TestClock::new();
        let (a, b) = (start(&store, federation(), &clock), start(&store, federation(), &clock));
        let mut held = a.take_linker().unwrap().expect("the lease is free");
        assert!(b.take_linker().unwrap().is_none(), "one linker at a time");
        clock.advance(TimeDelta::seconds(10));
        let mut taken = b.take_linker().unwrap().expect("the lease has run out");
        let first = file(&a, "hunan", noise("A-1", WANG)).await;
        assert!(a.link_batch(&mut held).is_err(), "the old linker is fenced off");
        assert_eq!(view(&a, &first.id).await.state, SubmissionState::Registered, "and wrote nothing");
        link_on(&b, &mut taken);
        assert_eq!(view(&a, &first.id).await.state, SubmissionState::Linked);
    }

    async fn filed_again_is_answered_as_before_and_changed_is_a_conflict(store: TestStore) {
        let gateway = start(&store, federation(), &TestClock::new());
        let first = file(&gateway, "hunan", noise("A-1", WANG)).await;
        let again = file(&gateway, "hunan", noise("A-1", WANG)).await;
        assert_eq!((again.id, again.new, again.received_at), (first.id.clone(), false, first.received_at));
        let changed = try_file(&gateway, "hunan", wages("A-1", WANG)).await;
        assert!(matches!(changed, Err(onecase::app::SubmitError::SourceIdConflict { existing }) if existing == first.id));
        file(&gateway, "mobile", wages("A-1", WANG)).await;
    }

    async fn a_case_goes_to_the_nearest_connected_body_and_the_gap_is_recorded(store: TestStore) {
        let gateway = start(&store, federation(), &TestClock::new());
        let detour = file(&gateway, "mobile", noise("M-1", WANG)).await;
        let mut direct = wages("M-2", LI);
        direct["division"] = json!("430202");
        let direct = file(&gateway, "mobile", direct).await;
        link_all(&gateway);
        let detour = view(&gateway, &detour.id).await.case.unwrap();
        assert_eq!((detour.status, detour.organization.unwrap().id.as_str()), (CaseStatus::Routed, "hunan-office"));
        assert_eq!(view(&gateway, &direct.id).await.case.unwrap().organization.unwrap().id, "zhuzhou-office");
        let gaps = gateway.gaps(GapFilter::default(), Page::default()).await.unwrap().items;
        assert_eq!(gaps.len(), 1);
        assert_eq!(gaps[0].competent.as_ref().unwrap().id, "changsha-office");
        assert_eq!(gaps[0].reason, Some(GapReason::NotConnected));
    }

    async fn a_case_nobody_was_competent_for_is_routed_when_somebody_is_connected(store: TestStore) {
        let clock = TestClock::new();
        let bodies = vec![organization("nation", "国家信访局", "000000", None, None)];
        let alone = Federation::new(vec![platform("mobile", PlatformKind::Mobile, "000000")], Directory::new(bodies).unwrap());
        let gateway = start(&store, alone, &clock);
        let filed = file(&gateway, "mobile", noise("M-1", WANG)).await;
        link_all(&gateway);
        assert_eq!(view(&gateway, &filed.id).await.case.unwrap().status, CaseStatus::Registered);
        assert_eq!(gateway.gaps(GapFilter::default(), Page::default()).await.unwrap().items[0].reason, None);
        drop(gateway);
        let gateway = start(&store, federation(), &clock);
        assert_eq!(gateway.route_waiting().unwrap(), 1);
        let case = view(&gateway, &filed.id).await.case.unwrap();
        assert_eq!((case.status, case.organization.unwrap().id.as_str()), (CaseStatus::Routed, "hunan-office"));
        assert_eq!(gateway.gaps(GapFilter::default(), Page::default()).await.unwrap().items[0].reason, Some(GapReason::NotConnected));
        assert_eq!(gateway.route_waiting().unwrap(), 0, "once");
    }

    async fn another_key_is_refused_before_it_does_harm(store: TestStore) {
        let clock = TestClock::new();
        drop(start(&store, federation(), &clock));
        let mut config = Config::default();
        config.store.url = store.url;
        let other = KeyMaterial::new([7; 32], [8; 32]);
        let refused = Parts::new(&config, &other, federation(), clock.clock());
        assert!(matches!(refused, Err(StartError::WrongKey("federation"))));
    }

    async fn an_accusation_never_reaches_the_accused(store: TestStore) {
        let gateway = start(&store, federation(), &TestClock::new());
        let mut accusation = noise("M-1", WANG);
        accusation["kind"] = json!("accusation");
        accusation["respondent"] = json!({ "organization": "湖南省信访局" });
        let filed = file(&gateway, "mobile", accusation).await;
        link_all(&gateway);
        assert_eq!(view(&gateway, &filed.id).await.case.unwrap().organization.unwrap().id, "nation");
    }

    async fn a_report_moves_the_case_once_and_only_from_its_handler(store: TestStore) {
        let gateway = start(&store, federation(), &TestClock::new());
        let filed = file(&gateway, "mobile", noise("M-1", WANG)).await;
        link_all(&gateway);
        let case = view(&gateway, &filed.id).await.case.unwrap().id;
        let update = |id: &str, status: &str| {
            serde_json::from_value(json!({
                "update_id": id, "reference": { "case": case }, "status": status, "occurred_at": "2026-03-02T10:00:00+08:00"
            }))
            .unwrap()
        };
        assert!(matches!(gateway.update_case("mobile", update("1", "accepted")).await, Err(UpdateError::NotHandler)));
        assert_eq!(gateway.update_case("hunan", update("1", "accepted")).await.unwrap().status, CaseStatus::Accepted);
        let version = gateway.case(&case).await.unwrap().unwrap().version;
        gateway.update_case("hunan", update("1", "accepted")).await.unwrap();
        assert_eq!(gateway.case(&case).await.unwrap().unwrap().version, version, "a repeated report changes nothing");
        assert!(matches!(gateway.update_case("hunan", update("1", "closed")).await, Err(UpdateError::Conflict)));
        let illegal = gateway.update_case("hunan", update("2", "routed")).await;
        assert!(matches!(illegal, Err(UpdateError::Unlawful(Refusal::Illegal { from: CaseStatus::Accepted, to: CaseStatus::Routed, .. }))));
    }

    async fn pages_continue_where_they_ended(store: TestStore) {
        let gateway = start(&store, federation(), &TestClock::new());
        for number in 0..7 {
            file(&gateway, "mobile", anonymous(noise(&format!("M-{number}"), WANG))).await;
        }
        link_all(&gateway);
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = gateway.cases(CaseFilter::default(), Page { limit: 3, after }).await.unwrap();
            seen.extend(page.items.into_iter().map(|case| case.id));
            let Some(next) = page.next_cursor else { break };
            after = Some(next);
        }
        assert_eq!(seen.len(), 7);
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 7, "no case twice");
    }
}
