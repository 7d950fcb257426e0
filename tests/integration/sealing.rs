//! Keys are rotated while the gateway serves, and a filing's personal data can be erased without breaking what hangs on it.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use onecase::{
    adapter::Adapter,
    app::{
        EraseError, FederatedPlatform, Federation, Gateway, Parts, RotationStep, StartError,
        query::{DeliveryFilter, Page, SubmissionFilter},
        replay,
        view::EventKind,
    },
    config::{Config, KeyMaterial},
    domain::{organization::Directory, platform::PlatformKind},
    matching::Model,
    store::{
        deliveries, looks,
        reseal::{self, SealedColumn},
    },
};
use serde_json::json;

use crate::support::{
    gateway::{
        LI, TestClock, WANG, federation, file, link_all, noise, noise_reworded, organization, platform, report, start, try_file, view,
        wages,
    },
    http::TestServer,
    stores::{TestStore, on_both_stores},
};

fn start_with_keys(store: &TestStore, clock: &TestClock, master: u8, previous: &[u8]) -> Result<Gateway, StartError> {
    let mut config = Config::default();
    config.store.url = store.url.clone();
    let keys = KeyMaterial { previous: previous.iter().map(|byte| [*byte; 32]).collect(), ..KeyMaterial::new([master; 32], [9; 32]) };
    Ok(Gateway::start(Parts::new(&config, &keys, federation(), clock.clock())?))
}

/// Hunan's office is sent its cases; nobody sends them here.
fn with_a_body_that_is_sent_to() -> Federation {
    let adapters = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters");
    let hunan = FederatedPlatform {
        adapter: Some(Adapter::load(&adapters.join("provincial-rest")).unwrap().into()),
        base_url: Some("http://127.0.0.1:1".into()),
        ..platform("hunan", PlatformKind::Provincial, "430000")
    };
    let others = ["mobile", "wechat"].map(|id| platform(id, PlatformKind::Mobile, "000000"));
    let office = organization("hunan-office", "湖南省信访局", "430000", None, Some("hunan"));
    Federation::new(others.into_iter().chain([hunan]).collect(), Directory::new(vec![office]).unwrap())
}

/// Does what can be done at once; answers what it waits for.
fn rotate(gateway: &Gateway) -> RotationStep {
    loop {
        match gateway.rotate().unwrap() {
            RotationStep::More => {}
            step => return step,
        }
    }
}

/// Everything that is sealed still opens.
async fn everything_opens(gateway: &Gateway, ids: &[String]) {
    for id in ids {
        assert_eq!(view(gateway, id).await.submission.unwrap().petitioners[0].name.as_deref(), Some(WANG.0), "{id}");
    }
    let case = view(gateway, &ids[0]).await.case.unwrap().id;
    let events = gateway.case_events(&case, Page::default()).await.unwrap().items;
    assert!(events.iter().any(|event| event.data.reply.as_ref().is_some_and(|reply| reply.content.contains("已责令停工"))), "{events:?}");
    let store = gateway.store();
    let looked = store.read(|c| looks::list(c, store.sealer(), None, onecase::store::Page::new(None, 10))).unwrap();
    assert_eq!(looked[0].reason, "核实身份");
}

on_both_stores! {
    async fn keys_are_rotated_while_the_gateway_serves(store: TestStore) {
        let clock = TestClock::new();
        let gateway = start_with_keys(&store, &clock, 1, &[]).unwrap();
        assert_eq!(gateway.rotate().unwrap(), RotationStep::Idle);
        let mut ids = vec![file(&gateway, "mobile", noise("M-1", WANG)).await.id];
        link_all(&gateway);
        let case = view(&gateway, &ids[0]).await.case.unwrap();
        report(&gateway, &case.id, 1, "accepted", json!({})).await;
        report(&gateway, &case.id, 2, "answered", json!({ "reply": { "content": "已责令停工整改。", "replied_at": gateway.now() } })).await;
        gateway.look(&case.id, "审核员甲", "核实身份").await.unwrap();
        drop(gateway);

        // A new master key, the old one beside it.
        let gateway = start_with_keys(&store, &clock, 2, &[1]).unwrap();
        everything_opens(&gateway, &ids).await;
        assert!(gateway.begin_rotation("admin").unwrap());
        assert!(!gateway.begin_rotation("admin").unwrap(), "one at a time");
        assert!(matches!(gateway.rotate().unwrap(), RotationStep::WaitUntil(_)), "every node reads the new key before it seals");
        clock.advance(TimeDelta::seconds(31));
        assert_eq!(gateway.rotate().unwrap(), RotationStep::More, "it seals now");
        ids.push(file(&gateway, "mobile", noise("M-2", WANG)).await.id);
        assert_eq!(gateway.rotate().unwrap(), RotationStep::More, "the first rows");
        everything_opens(&gateway, &ids).await;
        drop(gateway);

        // Killed in the middle; another node goes on once the lease has run out.
        let gateway = start_with_keys(&store, &clock, 2, &[1]).unwrap();
        assert_eq!(gateway.rotate().unwrap(), RotationStep::Elsewhere);
        clock.advance(TimeDelta::seconds(61));
        assert!(matches!(rotate(&gateway), RotationStep::WaitUntil(_)), "a node may still hold the old key");
        assert_eq!(gateway.rotation().unwrap().keys.len(), 2);
        ids.push(file(&gateway, "mobile", noise("M-3", WANG)).await.id);
        clock.advance(TimeDelta::seconds(180));
        assert_eq!(rotate(&gateway), RotationStep::Finished);
        let rotation = gateway.rotation().unwrap();
        assert_eq!((rotation.keys.len(), rotation.keys[0].number, rotation.is_under_way()), (1, 2, false));
        everything_opens(&gateway, &ids).await;
        drop(gateway);

        // The old master key opens nothing any more, the new one all.
        assert!(matches!(start_with_keys(&store, &clock, 1, &[]), Err(StartError::WrongKey("master"))));
        let gateway = start_with_keys(&store, &clock, 2, &[]).unwrap();
        everything_opens(&gateway, &ids).await;
        assert_eq!(view(&gateway, &ids[0]).await.case.unwrap().query_code, case.query_code, "what was given out stays good");
        let actions = gateway.audit_entries(Some("keys".into()), Page { limit: 50, after: None }).await.unwrap().items;
        assert_eq!(actions.len(), 2, "{actions:?}");
    }

    async fn what_a_filing_says_is_erased_and_all_that_hangs_on_it_stands(store: TestStore) {
        let clock = TestClock::new();
        let gateway = start(&store, with_a_body_that_is_sent_to(), &clock);
        let kept = file(&gateway, "hunan", noise("A-1", WANG)).await.id;
        let id = file(&gateway, "mobile", noise_reworded("M-1", WANG)).await.id;
        let waiting = file(&gateway, "wechat", wages("W-1", LI)).await.id;
        link_all(&gateway);
        let before = view(&gateway, &id).await;
        let case = before.case.clone().unwrap().id;
        for id in [&id, &waiting] {
            let erased = gateway.erase(id, "管理员", "本人申请").await.unwrap();
            assert_eq!((erased.submission.as_str(), erased.actor.as_str()), (id.as_str(), "管理员"));
        }
        let again = gateway.erase(&id, "别人", "再来").await.unwrap();
        assert_eq!((again.actor.as_str(), again.reason.as_str()), ("管理员", "本人申请"), "once");
        assert!(matches!(gateway.erase("nobody", "管理员", "本人申请").await, Err(EraseError::Unknown)));

        // What it said is nowhere; where it belongs is as before.
        let after = view(&gateway, &id).await;
        assert_eq!((after.submission.clone(), after.erased), (None, true));
        assert_eq!((after.case, after.decision, after.source_id), (before.case, before.decision, before.source_id));
        let shown = gateway.look(&case, "审核员甲", "核实").await.unwrap().unwrap();
        let of = |id: &str| shown.iter().find(|filing| filing.id == id).unwrap().submission.clone();
        assert_eq!((of(&id).petitioners.len(), of(&id).content.as_str()), (0, ""));
        assert_eq!(of(&kept).petitioners[0].name.as_deref(), Some(WANG.0));
        let events = gateway.case_events(&case, Page::default()).await.unwrap().items;
        assert!(events.iter().any(|event| event.kind == EventKind::SubmissionErased));

        // The platform may send it again, even changed: nothing comes back.
        assert!(!file(&gateway, "mobile", noise_reworded("M-1", WANG)).await.new);
        assert!(try_file(&gateway, "mobile", noise("M-1", WANG)).await.is_err());
        assert_eq!(view(&gateway, &id).await.submission, None);

        // A forward that was not sent yet goes without what it said.
        let forwarded = claimed(&gateway, "hunan").into_iter().filter_map(|message| message.forwarded).collect::<Vec<_>>();
        assert!(forwarded.iter().any(|filing| filing.source_id == "W-1" && filing.petitioners.is_empty() && !filing.content.contains("宏达")), "{forwarded:?}");
        assert!(forwarded.iter().any(|filing| filing.source_id == "A-1" && filing.petitioners.len() == 1));
        let filter = DeliveryFilter { case: Some(case), ..DeliveryFilter::default() };
        assert!(!gateway.deliveries(filter, Page::default()).await.unwrap().items.is_empty());

        // The log gives the same cases, a new filing of the person still finds its case, and the audit log says who erased.
        let found = replay(gateway.store(), Model::default(), |_| ()).unwrap();
        assert_eq!((found.differences, found.submissions), (0, 3));
        let later = file(&gateway, "wechat", noise("W-2", WANG)).await.id;
        link_all(&gateway);
        assert_eq!(view(&gateway, &later).await.case.map(|case| case.id), after_case(&gateway, &id).await);
        let leaves = gateway.audit_entries(Some(id), Page { limit: 50, after: None }).await.unwrap().items;
        let leaf = leaves.iter().find(|leaf| leaf.entry.contains("submission.erased")).unwrap();
        assert!(leaf.entry.contains("管理员") && !leaf.entry.contains("本人申请"));
    }
}

async fn after_case(gateway: &Gateway, id: &str) -> Option<String> {
    view(gateway, id).await.case.map(|case| case.id)
}

fn claimed(gateway: &Gateway, platform: &str) -> Vec<onecase::domain::message::Message> {
    let store = gateway.store();
    let lease = deliveries::Lease { owner: "test".into(), duration: TimeDelta::seconds(1) };
    let now = gateway.now();
    store
        .transaction(|c| deliveries::claim(c, store.sealer(), platform, &lease, now, 100))
        .unwrap()
        .into_iter()
        .map(|claimed| claimed.message)
        .collect()
}

#[actix_web::test]
async fn erasing_needs_the_right_and_a_reason() {
    use onecase::domain::platform::Scope;
    let test = TestServer::start(TestStore::sqlite()).await;
    let filed = test.file(&test.platform_key("mobile"), &noise("M-1", WANG)).await;
    let path = format!("/v1/submissions/{}/erasure", filed["id"].as_str().unwrap());
    let admin = test.key(None, &[Scope::Administer]);
    test.post(&path, &test.platform_key("mobile"), &json!({ "reason": "x" })).await.assert_problem("forbidden");
    test.post(&path, &admin, &json!({ "reason": " " })).await.assert_problem("invalid_ruling");
    let erased = test.post(&path, &admin, &json!({ "reason": "本人申请" })).await;
    erased.assert_status(200);
    assert_eq!(erased.body["reason"], "本人申请");
    let read = test.get(&format!("/v1/submissions/{}", filed["id"].as_str().unwrap()), &test.platform_key("mobile")).await;
    assert_eq!((&read.body["erased"], &read.body["submission"]), (&json!(true), &serde_json::Value::Null));
    let listed = test.gateway.submissions(SubmissionFilter::default(), Page::default()).await.unwrap();
    assert!(listed.items[0].erased);
    test.stop().await;
}

/// Columns of bytes that no data key seals, and why.
const OTHERWISE: [(&str, &[&str]); 4] = [
    (
        "digests and hashes",
        &[
            "api_keys.hash",
            "audit_leaves.hash",
            "audit_subtrees.hash",
            "case_updates.body_digest",
            "delivery_attempts.request_digest",
            "delivery_attempts.response_digest",
            "dropped_files.digest",
            "idempotency_keys.body_digest",
            "quarantine.digest",
            "ratings.body_digest",
            "referrals.body_digest",
            "review_requests.body_digest",
            "revisions.body_digest",
            "submissions.body_digest",
        ],
    ),
    ("what the matcher sees: no name, number or text", &["matches.evidence", "submissions.fingerprint"]),
    ("wrapped by the master key", &["data_keys.wrapped", "key_checks.value"]),
    ("sealed by the filing's own key, which is sealed again", &["revisions.body", "submissions.body"]),
];

/// A rotation destroys the old key: what it does not know of could never be opened again.
#[test]
fn a_rotation_knows_every_column_of_bytes() {
    let schema = include_str!("../../migrations/sqlite/0001_initial/up.sql");
    let mut table = "";
    let mut columns = BTreeSet::new();
    for words in schema.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()) {
        match words.as_slice() {
            ["CREATE", "TABLE", name, ..] => table = name,
            [column, kind, ..] if kind.trim_end_matches(',') == "BLOB" => {
                columns.insert(format!("{table}.{column}"));
            }
            _ => {}
        }
    }
    let known: Vec<String> = reseal::COLUMNS.iter().map(SealedColumn::name).collect();
    let otherwise = OTHERWISE.iter().flat_map(|(_, names)| names.iter().map(|name| (*name).to_owned()));
    assert_eq!(columns, known.into_iter().chain(otherwise).collect());
}
