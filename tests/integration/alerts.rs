//! Alerts begin and end by the declared rules, are told in the change feed, and concern nobody but the bureau.

use chrono::TimeDelta;
use onecase::{
    app::{
        Gateway, Grant,
        query::{AlertFilter, ChangeFilter, Page},
        view::{AlertView, EventKind},
    },
    domain::{
        alert::{Severity, Watch},
        platform::Scope,
    },
    store::looks,
};

use crate::support::{
    gateway::{TestClock, WANG, federation, file, link_all, noise, start, view},
    http::TestServer,
    stores::on_both_stores,
};

async fn alerts(gateway: &Gateway, firing: bool) -> Vec<AlertView> {
    let filter = AlertFilter { firing: Some(firing), ..AlertFilter::default() };
    gateway.alerts(filter, Page::default()).await.unwrap().items
}

on_both_stores! {
    async fn a_stalled_linker_is_told_and_over_when_it_links(store: TestStore) {
        let clock = TestClock::new();
        let gateway = start(&store, federation(), &clock);
        file(&gateway, "hunan", noise("A-1", WANG)).await;
        assert!(!gateway.watch_health().unwrap(), "nothing waits long yet");
        clock.advance(TimeDelta::minutes(10));
        assert!(gateway.watch_health().unwrap());
        assert!(!gateway.watch_health().unwrap(), "it is told once");
        let firing = alerts(&gateway, true).await;
        assert_eq!(firing.iter().map(|alert| (alert.watch, alert.severity, alert.value)).collect::<Vec<_>>(), [(Watch::LinkerStalled, Severity::Critical, 10)]);
        link_all(&gateway);
        assert!(gateway.watch_health().unwrap());
        assert!(alerts(&gateway, true).await.is_empty());
        assert_eq!(alerts(&gateway, false).await[0].id, firing[0].id);

        let kinds = vec![EventKind::AlertFired, EventKind::AlertResolved];
        let told = gateway.changes(&ChangeFilter { kinds: kinds.clone(), ..ChangeFilter::default() }, 0, 50).await.unwrap().items;
        assert_eq!(told.iter().map(|change| change.kind).collect::<Vec<_>>(), kinds);
        assert_eq!((told[0].data.watch, told[0].data.href.as_str()), (Some(Watch::LinkerStalled), "/v1/alerts"));
        let of_platform = ChangeFilter { kinds, visible_to: Some("hunan".into()), ..ChangeFilter::default() };
        assert!(gateway.changes(&of_platform, 0, 50).await.unwrap().items.is_empty());
    }

    async fn a_key_that_ends_is_told_before_and_opens_nothing_after(store: TestStore) {
        let clock = TestClock::new();
        let gateway = start(&store, federation(), &clock);
        let expires_at = Some(gateway.now() + TimeDelta::days(40));
        let grant = Grant { platform: Some("hunan".to_owned()), scopes: vec![Scope::Submit], expires_at, ..Grant::default() };
        let key = gateway.grant_key(&grant).unwrap();
        assert!(!gateway.watch_health().unwrap());
        clock.advance(TimeDelta::days(15));
        gateway.watch_health().unwrap();
        let firing = alerts(&gateway, true).await;
        assert_eq!(firing.iter().map(|alert| (alert.watch, alert.severity)).collect::<Vec<_>>(), [(Watch::KeyExpiring, Severity::Warning)]);
        assert!(gateway.authenticate(&key.secret).await.unwrap().is_some());
        clock.advance(TimeDelta::days(20));
        gateway.watch_health().unwrap();
        assert_eq!(alerts(&gateway, true).await[0].severity, Severity::Critical);
        clock.advance(TimeDelta::days(6));
        assert!(gateway.authenticate(&key.secret).await.unwrap().is_none());
    }

    async fn who_looks_is_recorded_before_anything_is_shown(store: TestStore) {
        let clock = TestClock::new();
        let gateway = start(&store, federation(), &clock);
        let id = file(&gateway, "hunan", noise("A-1", WANG)).await.id;
        link_all(&gateway);
        let case = view(&gateway, &id).await.case.unwrap().id;
        assert_eq!(gateway.look("LJ000000000000", "审核员甲", "核实").await.unwrap(), None);
        let shown = gateway.look(&case, "审核员甲", "核实身份").await.unwrap().unwrap();
        assert_eq!(shown[0].submission.petitioners[0].name.as_deref(), Some(WANG.0));
        let kept = gateway.looks(&case).await.unwrap();
        assert_eq!((kept.len(), kept[0].actor.as_str(), kept[0].reason.as_str()), (1, "审核员甲", "核实身份"));
        let all = gateway.store().read(|c| looks::list(c, gateway.store().sealer(), None, onecase::store::Page::new(None, 10))).unwrap();
        assert_eq!((all.len(), all[0].actor.as_str()), (1, "审核员甲"));
        let leaves = gateway.audit_entries(Some(case), Page { limit: 50, after: None }).await.unwrap().items;
        let leaf = leaves.iter().find(|leaf| leaf.entry.contains("case.looked_at")).unwrap();
        assert!(!leaf.entry.contains("核实身份"), "the reason stays sealed");
    }

    async fn a_key_that_reads_words_is_recorded(store: TestStore) {
        let server = TestServer::start(store).await;
        server.possible_duplicate().await;
        let key = server.key(None, &[Scope::Monitor, Scope::Review]);
        for (path, texts) in [("/v1/reviews?limit=1&include=text", true), ("/v1/duplicates?include=text", true), ("/v1/duplicates", false)] {
            let answer = server.get(path, &key).await;
            let item = &answer.body["items"][0];
            let evidence = if item["evidence"].is_object() { &item["evidence"] } else { item };
            assert_eq!(evidence["submission"]["text"].is_object(), texts, "{}", answer.text);
            let case = evidence["submission"]["case"].as_str().unwrap();
            let looks = server.gateway.looks(case).await.unwrap();
            let request = path.replace("limit=1&", "");
            assert_eq!(looks.iter().any(|look| request.starts_with(look.reason.trim_start_matches("GET "))), texts, "{path}: {looks:?}");
        }
        server.stop().await;
    }
}
