//! Lists as files: what is in them, and that the audit log proves it.

use std::collections::BTreeMap;

use futures_util::TryStreamExt;
use onecase::{
    app::{
        Gateway,
        export::{Export, ExportError, ExportOrder, Format},
        query::{CaseFilter, DuplicateFilter},
    },
    audit::{hex, sha256},
};
use serde_json::Value;

use crate::support::{
    gateway::{LI, TestClock, WANG, federation, file, link_all, noise, noise_reworded, start, start_with, wages},
    stores::{TestStore, on_both_stores},
};

fn order(export: Export, format: Format) -> ExportOrder {
    let query = BTreeMap::from([("division".to_owned(), "430000".to_owned())]);
    ExportOrder { export, format, bom: false, query, actor: "审计处 (k1)".into() }
}

/// Makes an export, and checks it against its manifest and the manifest against the audit log.
async fn export(gateway: &Gateway, export: Export, format: Format) -> (Vec<u8>, u64) {
    let made = gateway.export(order(export, format)).await.unwrap();
    let manifest = made.manifest.clone();
    let bytes: Vec<u8> = made.into_chunks().try_collect::<Vec<_>>().await.unwrap().concat();
    assert_eq!((bytes.len() as u64, hex(&sha256(&bytes))), (manifest.bytes, manifest.sha256.clone()), "{format:?}");
    let by_id = gateway.export_manifest(&manifest.id).await.unwrap().expect("a manifest");
    let by_digest = gateway.export_manifest(&manifest.sha256).await.unwrap().expect("a manifest");
    assert_eq!((&by_id.manifest, by_digest.manifest.sha256), (&manifest, manifest.sha256.clone()));
    let leaf = by_id.leaf.expect("a leaf");
    let entry: Value = serde_json::from_str(&leaf.entry).unwrap();
    assert_eq!((&entry["action"], &entry["subject"]), (&"export.made".into(), &manifest.id.clone().into()));
    assert_eq!(entry["digest"], hex(&sha256(by_id.statement.as_bytes())));
    gateway.sign_checkpoint().await.unwrap();
    let proof = gateway.inclusion_proof(leaf.index, None).await.unwrap();
    assert!(proof.is_some_and(|proof| proof.leaf_hash == leaf.leaf_hash), "the leaf is proven");
    (bytes, manifest.rows)
}

on_both_stores! {
    async fn every_list_is_had_in_every_form(store: TestStore) {
        let clock = TestClock::new();
        let gateway = start_with(&store, federation(), &clock, |config| config.audit.checkpoint_interval_ms = 100);
        file(&gateway, "hunan", noise("=1+1", WANG)).await;
        file(&gateway, "mobile", noise_reworded("M-1", WANG)).await;
        file(&gateway, "mobile", wages("M-2", LI)).await;
        link_all(&gateway);
        let with_text = DuplicateFilter { with_text: true, ..DuplicateFilter::default() };
        for format in Format::ALL {
            clock.advance(chrono::TimeDelta::seconds(1));
            let (bytes, rows) = export(&gateway, Export::Duplicates(with_text.clone()), *format).await;
            assert_eq!(rows, 1, "{format:?}");
            assert!(!String::from_utf8_lossy(&bytes).contains(WANG.1));
            clock.advance(chrono::TimeDelta::seconds(1));
            assert_eq!(export(&gateway, Export::Cases(CaseFilter::default()), *format).await.1, 2, "{format:?}");
        }
        clock.advance(chrono::TimeDelta::seconds(1));
        let (csv, _) = export(&gateway, Export::Duplicates(DuplicateFilter::default()), Format::Csv).await;
        let csv = String::from_utf8(csv).unwrap();
        assert!(csv.lines().nth(1).unwrap().contains(",'=1+1,"), "a number that looks like a formula is a text: {csv}");
    }
}

#[actix_web::test]
async fn a_file_has_no_more_rows_than_are_allowed_and_says_so() {
    let store = TestStore::sqlite();
    let gateway = start_with(&store, federation(), &TestClock::new(), |config| config.export.max_rows = 3);
    for number in 0..5 {
        file(&gateway, "mobile", wages(&format!("M-{number}"), [WANG, LI][number % 2])).await;
        file(&gateway, "hunan", noise(&format!("A-{number}"), [WANG, LI][number % 2])).await;
    }
    link_all(&gateway);
    let cases = gateway.export(order(Export::Cases(CaseFilter::default()), Format::Ndjson)).await.unwrap().manifest;
    assert_eq!((cases.rows, cases.complete), (3, false));
    let none = CaseFilter { division: Some("110000".into()), ..CaseFilter::default() };
    let none = gateway.export(order(Export::Cases(none), Format::Ndjson)).await.unwrap().manifest;
    assert_eq!((none.rows, none.complete, none.bytes), (0, true, 0));
}

#[actix_web::test]
async fn only_so_many_files_are_made_at_once() {
    let store = TestStore::sqlite();
    let gateway = start(&store, federation(), &TestClock::new());
    let cases = || order(Export::Cases(CaseFilter::default()), Format::Csv);
    let (one, other) = (gateway.export(cases()).await.unwrap(), gateway.export(cases()).await.unwrap());
    assert!(matches!(gateway.export(cases()).await, Err(ExportError::Busy)), "a file holds its place until it is fetched");
    drop(one);
    let _: Vec<Vec<u8>> = other.into_chunks().try_collect().await.unwrap();
    assert!(gateway.export(cases()).await.is_ok());
}
