//! Filings whose content stays on their platform are found, linked and answered like any other, and give nothing away.

use std::{collections::BTreeMap, process::Command, sync::Arc};

use chrono::TimeDelta;
use onecase::{
    adapter::Adapter,
    app::{BlindError, FederatedPlatform, Federation, Gateway, SubmitError},
    domain::{blind::BlindSubmission, organization::Directory, platform::PlatformKind},
    store::{deliveries, submissions},
};
use serde_json::{Value, json};

use super::guide::{self, compare};
use crate::support::{
    files,
    gateway::{
        LI, TestClock, WANG, anonymous, federation, file, link_all, noise, noise_reworded, organization, platform, start, view, wages,
    },
    http::TestServer,
    stores::{TestStore, on_both_stores},
};

const COLUMNS: &str = "id,platform,channel,submitted_at,name,id_number,division,subject,content";

/// What the program makes of files.
fn fingerprint(key: &str, arguments: &[&str], file: (&str, &str)) -> (Option<i32>, Vec<Value>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file.0);
    std::fs::write(&path, file.1).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_onecase"));
    let output = command.arg("fingerprint").args(arguments).arg(&path).env("ONECASE_FEDERATION_KEY", key).output().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (output.status.code(), lines)
}

/// The federation's key of [`start`].
fn key() -> String {
    "09".repeat(32)
}

fn row(platform: &str, filing: &Value) -> String {
    let person = &filing["petitioners"][0];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let fields = [
        text(&filing["source_id"]),
        platform.to_owned(),
        text(&filing["channel"]),
        text(&filing["submitted_at"]),
        text(&person["name"]),
        text(&person["id_document"]["number"]),
        text(&filing["division"]),
        text(&filing["subject"]),
        text(&filing["content"]),
    ];
    fields.join(",")
}

/// Filings of several platforms as the program makes them blind.
fn blinded(filings: &[(&str, Value)]) -> Vec<BlindSubmission> {
    let rows: Vec<String> = filings.iter().map(|(platform, filing)| row(platform, filing)).collect();
    let (status, lines) = fingerprint(&key(), &[], ("filings.csv", &format!("{COLUMNS}\n{}\n", rows.join("\n"))));
    assert_eq!(status, Some(0));
    lines.into_iter().map(|line| serde_json::from_value(line).unwrap()).collect()
}

fn filings() -> Vec<(&'static str, Value)> {
    vec![
        ("hunan", noise("A-1", WANG)),
        ("mobile", noise_reworded("M-1", WANG)),
        ("wechat", noise("W-1", LI)),
        ("national", wages("N-1", WANG)),
        ("mobile", wages("M-2", WANG)),
        ("wechat", anonymous(noise("W-2", WANG))),
    ]
}

/// First filings of the cases, in order.
async fn partition(gateway: &Gateway, ids: &[String]) -> Vec<usize> {
    let mut first = BTreeMap::new();
    let mut partition = Vec::new();
    for (at, id) in ids.iter().enumerate() {
        partition.push(*first.entry(view(gateway, id).await.case.unwrap().id).or_insert(at));
    }
    partition
}

on_both_stores! {
    async fn the_same_duplicates_are_found_blind_as_open(store: TestStore) {
        let open_store = TestStore::sqlite();
        let (open, blind) = (start(&open_store, federation(), &TestClock::new()), start(&store, federation(), &TestClock::new()));
        let (mut filed_open, mut filed_blind) = (Vec::new(), Vec::new());
        let filings = filings();
        for ((platform, filing), blinded) in filings.iter().zip(blinded(&filings)) {
            filed_open.push(file(&open, platform, filing.clone()).await.id);
            filed_blind.push(blind.submit_blind(platform, blinded, None).await.unwrap().id);
        }
        let prints = |gateway: &Gateway, ids: &[String]| -> Vec<Vec<u8>> {
            let store = gateway.store();
            ids.iter().map(|id| store.read(|c| submissions::find(c, store.sealer(), id)).unwrap().unwrap().fingerprint).collect()
        };
        assert_eq!(prints(&blind, &filed_blind), prints(&open, &filed_open));
        link_all(&open);
        link_all(&blind);
        assert_eq!(partition(&blind, &filed_blind).await, partition(&open, &filed_open).await);
        assert_eq!(partition(&blind, &filed_blind).await, [0, 0, 2, 3, 3, 5]);
        assert!(view(&blind, &filed_blind[0]).await.blind && view(&blind, &filed_blind[0]).await.submission.is_none());
    }

    async fn a_blind_filing_joins_an_open_one_and_is_immutable(store: TestStore) {
        let gateway = start(&store, federation(), &TestClock::new());
        let open = file(&gateway, "hunan", noise("A-1", WANG)).await;
        let body = blinded(&[("mobile", noise_reworded("M-1", WANG))]).remove(0);
        let first = gateway.submit_blind("mobile", body.clone(), None).await.unwrap();
        let again = gateway.submit_blind("mobile", body.clone(), None).await.unwrap();
        assert_eq!((again.id.as_str(), again.new), (first.id.as_str(), false));
        let changed = BlindSubmission { category: Some("城乡建设".into()), ..body.clone() };
        assert!(matches!(gateway.submit_blind("mobile", changed, None).await, Err(BlindError::Submit(SubmitError::SourceIdConflict { .. }))));
        assert!(matches!(gateway.submit_blind("hunan", body, None).await, Err(BlindError::ForeignFingerprint)));
        link_all(&gateway);
        assert_eq!(view(&gateway, &first.id).await.case, view(&gateway, &open.id).await.case);
        let compared = gateway.submission_matches(&first.id, true).await.unwrap();
        assert!(compared[0].submission.text.is_none() && compared[0].compared_with.text.is_some());
    }

    async fn a_forward_says_where_the_content_is(store: TestStore) {
        let gateway = start(&store, receiving(), &TestClock::new());
        let body = blinded(&[("mobile", noise("M-1", WANG))]).remove(0);
        gateway.submit_blind("mobile", body, None).await.unwrap();
        link_all(&gateway);
        let store = gateway.store();
        let lease = deliveries::Lease { owner: "test".into(), duration: TimeDelta::minutes(1) };
        let claimed = store.transaction(|c| deliveries::claim(c, store.sealer(), "hunan", &lease, gateway.now(), 8)).unwrap();
        let forwarded = claimed[0].message.forwarded.as_ref().unwrap();
        assert!(forwarded.content.contains("平台mobile") && forwarded.content.contains("M-1"), "{}", forwarded.content);
        assert_eq!(forwarded.extensions["content_at"], json!({ "platform": "mobile", "name": "平台mobile", "source_id": "M-1" }));
        assert!(forwarded.petitioners.is_empty());
    }
}

/// Hunan takes messages.
fn receiving() -> Federation {
    let adapter = Adapter::load(&files::root().join("adapters/provincial-rest")).unwrap();
    let hunan = FederatedPlatform {
        adapter: Some(Arc::new(adapter)),
        base_url: Some("http://127.0.0.1:9".into()),
        ..platform("hunan", PlatformKind::Provincial, "430000")
    };
    let directory = Directory::new(vec![organization("hunan-office", "湖南省信访局", "430000", None, Some("hunan"))]).unwrap();
    Federation::new(vec![hunan, platform("mobile", PlatformKind::Mobile, "000000")], directory)
}

#[test]
fn another_key_makes_other_fingerprints_and_what_is_missing_is_said() {
    let csv = format!("{COLUMNS}\n{}\n", row("mobile", &noise("M-1", WANG)));
    let (_, ours) = fingerprint(&key(), &[], ("a.csv", &csv));
    let (_, theirs) = fingerprint(&"0a".repeat(32), &[], ("a.csv", &csv));
    assert_ne!(ours[0]["fingerprint"], theirs[0]["fingerprint"]);
    assert!(!ours[0].to_string().contains("王小明") && !ours[0].to_string().contains("幸福路"));
    let (status, lines) = fingerprint(&key(), &["--platform", "mobile", "--quiet"], ("a.ndjson", "{\"id\":\"1\",\"subject\":\"噪音\"}\n"));
    assert_eq!((status, &lines[0]["submitted_at"], &lines[0]["channel"]), (Some(1), &Value::Null, &json!("other")));
    assert_eq!(fingerprint("short", &[], ("a.csv", &csv)).0, Some(2));
    assert_eq!(fingerprint(&key(), &[], ("a.csv", "id,subject\n1,x\n")).0, Some(2), "the platform must be named");
}

/// The examples of the page about blind filings, in both languages.
#[actix_web::test]
async fn the_page_says_what_happens() {
    for page in ["docs/blind-submissions.md", "docs/blind-submissions.zh-CN.md"] {
        check_page(&files::text(page.as_ref()).unwrap()).await;
    }
}

async fn check_page(text: &str) {
    let block = |head: &str| text.split(&format!("```{head}\n")).nth(1).and_then(|rest| rest.split("```").next()).expect(head).to_owned();
    let command = block("sh");
    let arguments: Vec<&str> = command.split_whitespace().skip(2).filter(|word| *word != "filings.csv").collect();
    let (status, lines) = fingerprint(&"02".repeat(32), &arguments, ("filings.csv", &block("csv filings.csv")));
    assert_eq!((status, lines.len()), (Some(0), 1));
    let mut learnt = BTreeMap::from([("<line>".to_owned(), lines[0].to_string())]);
    compare(&serde_json::from_str(&block("json output")).unwrap(), &lines[0], &mut learnt, "output");

    let test = TestServer::start(TestStore::sqlite()).await;
    let examples = guide::examples(text);
    assert_eq!(examples.len(), 2);
    for example in &examples {
        let key = test.platform_key(if example.platform == "hunan" { "hunan" } else { "mobile" });
        guide::run(&test, example, &key, &mut learnt).await;
    }
    test.stop().await;
}
