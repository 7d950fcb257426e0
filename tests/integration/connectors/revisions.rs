//! A record that its platform changes later, or no longer has.

use std::sync::{Arc, Mutex};

use onecase::{
    adapter::Adapter,
    app::{
        FederatedPlatform, Federation, Gateway,
        query::DeliveryFilter,
        view::{EventKind, RevisionKind, SubmissionView},
    },
    domain::{message::MessageKind, organization::Directory, platform::PlatformKind},
};

use super::{federation, manifest, pull_all};
use crate::support::{
    gateway::{TestClock, link_all, organization, platform, start},
    stores::on_both_stores,
    wild::{WildServer, json},
};

async fn only(gateway: &Gateway) -> SubmissionView {
    let page = onecase::app::query::Page::default();
    let listed = gateway.submissions(Default::default(), page).await.unwrap().items;
    assert_eq!(listed.len(), 1, "one filing, whatever became of it");
    gateway.submission(&listed[0].id).await.unwrap().unwrap()
}

/// What the case's history says about revisions: kind, number, members.
async fn history(gateway: &Gateway) -> Vec<(EventKind, Option<u32>, Vec<String>)> {
    let Some(case) = only(gateway).await.case else { return Vec::new() };
    let events = gateway.case_events(&case.id, onecase::app::query::Page::default()).await.unwrap().items;
    let about = events.into_iter().filter(|e| matches!(e.kind, EventKind::SubmissionRevised | EventKind::SubmissionWithdrawn));
    about.map(|event| (event.kind, event.data.revision, event.data.fields)).collect()
}

fn with_withdrawals() -> String {
    manifest("    request: {method: GET, path: /list}\n    records: body").replace(
        "pulls:",
        "  gone:\n    yields: withdrawal\n    fields:\n      source_id: string(record.id)\n      withdrawn_at: \"'2026-03-01T10:00:00+08:00'\"\n      reason: record.?why\npulls:\n  - {name: gone, mapping: gone, interval_seconds: 1, request: {method: GET, path: /gone}, records: body}",
    )
}

/// What the body's platform is owed about the case, in order of time.
async fn told(gateway: &Gateway) -> Vec<MessageKind> {
    let filter = DeliveryFilter { platform: Some("hunan".to_owned()), ..DeliveryFilter::default() };
    let mut owed = gateway.deliveries(filter, onecase::app::query::Page::default()).await.unwrap().items;
    owed.reverse();
    owed.into_iter().map(|delivery| delivery.kind).collect()
}

/// The filings' platform, and one whose body handles everything in Hunan.
fn with_a_body(manifest: &str, base: &str) -> Federation {
    let read = |name: &str| Adapter::load(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters").join(name)).unwrap();
    let files = FederatedPlatform {
        adapter: Some(Adapter::from_manifest(manifest.as_bytes()).unwrap().into()),
        base_url: Some(base.to_owned()),
        ..platform("plain", PlatformKind::Mobile, "000000")
    };
    let handles = FederatedPlatform {
        adapter: Some(read("provincial-rest").into()),
        base_url: Some(base.to_owned()),
        ..platform("hunan", PlatformKind::Provincial, "430000")
    };
    let body = organization("hunan-office", "湖南省信访局", "430000", None, Some("hunan"));
    Federation::new(vec![files, handles], Directory::new(vec![body]).unwrap())
}

on_both_stores! {
    async fn the_body_that_has_the_case_is_told(store: TestStore) {
        let page = Arc::new(Mutex::new(r#"[{"id": 1, "c": "a"}]"#));
        let shown = Arc::clone(&page);
        let server = WildServer::start(move |seen| match seen.target() {
            "/list" => json(*shown.lock().unwrap()),
            _ => json(r#"[{"id": 1, "why": "已解决"}]"#),
        })
        .await;
        let manifest = with_withdrawals().replace("anonymous: true", "anonymous: true\n      division: \"'430102'\"");
        let gateway = start(&store, with_a_body(&manifest, &server.base), &TestClock::new());
        pull_all(&gateway).await;
        link_all(&gateway);
        assert_eq!(told(&gateway).await, [MessageKind::CaseForwarded]);
        *page.lock().unwrap() = r#"[{"id": 1, "c": "b"}]"#;
        pull_all(&gateway).await;
        link_all(&gateway);
        let plain = gateway.federation().platform("plain").unwrap().clone();
        gateway.pull(&plain, "gone").await.unwrap();
        link_all(&gateway);
        // Seen again, nothing is new.
        gateway.pull(&plain, "gone").await.unwrap();
        link_all(&gateway);
        assert_eq!(told(&gateway).await, [MessageKind::CaseForwarded, MessageKind::CaseRevised, MessageKind::CaseRevised]);
    }

    async fn a_changed_record_is_a_revision_of_the_same_filing(store: TestStore) {
        let page = Arc::new(Mutex::new(r#"[{"id": 1, "c": "a"}]"#));
        let shown = Arc::clone(&page);
        let server = WildServer::start(move |_| json(*shown.lock().unwrap())).await;
        let pull = "    request: {method: GET, path: /list}\n    records: body";
        let gateway = start(&store, federation(&manifest(pull), &server.base), &TestClock::new());
        let show = async |records: &'static str| {
            *page.lock().unwrap() = records;
            assert_eq!(pull_all(&gateway).await, ["1"]);
        };
        show(r#"[{"id": 1, "c": "a"}]"#).await;
        // Changed before it is linked: the case learns of it when there is one.
        show(r#"[{"id": 1, "c": "b"}]"#).await;
        show(r#"[{"id": 1, "c": "b"}]"#).await;
        assert_eq!(history(&gateway).await, []);
        link_all(&gateway);
        let revised = |number, fields: &[&str]| (EventKind::SubmissionRevised, Some(number), fields.iter().map(|f| (*f).to_owned()).collect());
        assert_eq!(history(&gateway).await, [revised(2, &["content"])]);
        // And back again: what a list shows is how things are now.
        show(r#"[{"id": 1, "c": "a", "s": "桥"}]"#).await;
        show(r#"[{"id": 1, "c": "a"}]"#).await;
        link_all(&gateway);
        assert_eq!(history(&gateway).await, [revised(2, &["content"]), revised(3, &["content", "subject"]), revised(4, &["subject"])]);
        let filing = only(&gateway).await;
        assert_eq!(filing.submission.unwrap().content, "a", "what was registered stays");
        assert!(filing.revisions.iter().all(|revision| revision.kind == RevisionKind::Changed));
        assert_eq!(gateway.platform("plain").await.unwrap().unwrap().records_quarantined, 0);
    }

    async fn a_record_that_is_gone_is_told_and_stays(store: TestStore) {
        let server = WildServer::start(|seen| match seen.target() {
            "/list" => json(r#"[{"id": 1}]"#),
            _ => json(r#"[{"id": 1, "why": "重复登记"}, {"id": 9}]"#),
        })
        .await;
        let gateway = start(&store, federation(&with_withdrawals(), &server.base), &TestClock::new());
        pull_all(&gateway).await;
        link_all(&gateway);
        let platform = gateway.federation().platform("plain").unwrap().clone();
        for revised in [1, 0] {
            let received = gateway.pull(&platform, "gone").await.unwrap().received;
            assert_eq!((received.revised, received.quarantined), (revised, 1), "of filing 9 nobody knows");
        }
        link_all(&gateway);
        assert_eq!(history(&gateway).await, [(EventKind::SubmissionWithdrawn, Some(2), Vec::new())]);
        let case = only(&gateway).await.case.unwrap();
        let events = gateway.case_events(&case.id, onecase::app::query::Page::default()).await.unwrap().items;
        assert!(events.iter().any(|event| event.data.reason.as_deref() == Some("重复登记")));
    }
}
