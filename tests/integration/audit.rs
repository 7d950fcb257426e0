//! The audit log proves itself: roots, proofs and signatures fit, on both stores, over HTTP and in an export.

use std::{
    process::Command,
    sync::{Arc, Mutex, OnceLock},
};

use actix_web::{App, HttpResponse, HttpServer, web};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use chrono::TimeDelta;
use onecase::{
    app::Gateway,
    audit::{
        Entry, Hash,
        note::{Checkpoint, Role, SignedNote, Signer, Verifier},
        sha256, tree,
    },
    domain::platform::Scope,
    store,
};
use serde_json::Value;

use crate::support::{
    gateway::{TestClock, WANG, eventually, federation, filing, start},
    http::TestServer,
    stores::{TestStore, on_both_stores},
};

fn record(gateway: &Gateway, count: usize) {
    let entry = |n: usize| Entry {
        at: gateway.now(),
        action: "case.updated",
        subject: format!("case-{}", n % 7),
        actor: "hunan".into(),
        digest: sha256(&n.to_be_bytes()),
    };
    let entries: Vec<Entry> = (0..count).map(entry).collect();
    gateway.store().transaction(|c| store::audit::append(c, &entries)).unwrap();
}

fn hash(text: &str) -> Hash {
    BASE64.decode(text).unwrap().try_into().unwrap()
}

fn hashes(texts: &[String]) -> Vec<Hash> {
    texts.iter().map(|text| hash(text)).collect()
}

async fn checkpoint(gateway: &Gateway) -> Checkpoint {
    let note = gateway.checkpoint(None).await.unwrap().expect("a checkpoint");
    SignedNote::parse(&note).unwrap().checkpoint(gateway.audit_verifier()).unwrap()
}

on_both_stores! {
    async fn every_leaf_is_proven_and_every_checkpoint_grows_from_the_one_before(store: TestStore) {
        let clock = TestClock::new();
        let gateway = start(&store, federation(), &clock);
        assert!(gateway.checkpoint(None).await.unwrap().is_none() && !gateway.sign_checkpoint().await.unwrap());
        let mut earlier: Option<Checkpoint> = None;
        for batch in [1, 254, 3, 300, 1_500] {
            record(&gateway, batch);
            clock.advance(TimeDelta::minutes(2));
            assert!(gateway.sign_checkpoint().await.unwrap());
            assert!(!gateway.sign_checkpoint().await.unwrap(), "nothing new");
            let signed = checkpoint(&gateway).await;
            for index in [0, signed.size / 2, signed.size - 1] {
                let proof = gateway.inclusion_proof(index, None).await.unwrap().expect("a leaf of the log");
                assert_eq!(hash(&proof.root), signed.root);
                assert!(tree::verify_inclusion(&hash(&proof.leaf_hash), index, signed.size, &hashes(&proof.hashes), &signed.root));
            }
            if let Some(before) = &earlier {
                let proof = gateway.consistency_proof(before.size, None).await.unwrap().expect("an earlier size");
                assert!(tree::verify_consistency((before.size, &before.root), (signed.size, &signed.root), &hashes(&proof.hashes)));
            }
            earlier = Some(signed);
        }
        let size = earlier.unwrap().size;
        assert!(gateway.inclusion_proof(size, None).await.unwrap().is_none());
        assert!(gateway.inclusion_proof(0, Some(size + 1)).await.unwrap().is_none());
        assert!(gateway.consistency_proof(0, None).await.unwrap().is_none());
        assert!(gateway.consistency_proof(size + 1, None).await.unwrap().is_none());
    }
}

/// What a witness has seen of the log, and its signer.
struct Witness {
    /// Told once the log is there, which has a key of its own.
    log: OnceLock<Verifier>,
    signer: Signer,
    seen: Mutex<(u64, Hash)>,
}

/// C2SP `tlog-witness`, as somebody else's server would do it.
async fn add_checkpoint(witness: web::Data<Witness>, body: String) -> HttpResponse {
    let (head, note) = body.split_once("\n\n").unwrap();
    let mut lines = head.lines();
    let old: u64 = lines.next().unwrap().strip_prefix("old ").unwrap().parse().unwrap();
    let proof: Vec<Hash> = lines.map(hash).collect();
    let note = SignedNote::parse(note).unwrap();
    let known = witness.log.get().and_then(|log| note.checkpoint(log).ok());
    let Some(new) = known else { return HttpResponse::Forbidden().finish() };
    let mut seen = witness.seen.lock().unwrap();
    if old != seen.0 {
        return HttpResponse::Conflict().content_type("text/x.tlog.size").body(format!("{}\n", seen.0));
    }
    if !tree::verify_consistency((seen.0, &seen.1), (new.size, &new.root), &proof) {
        return HttpResponse::UnprocessableEntity().finish();
    }
    *seen = (new.size, new.root);
    HttpResponse::Ok().body(format!("{}\n", witness.signer.sign(&note.text, 1_772_413_200)))
}

#[actix_web::test]
async fn a_witness_co_signs_what_only_grew() {
    let signer = Signer::new("witness.example", Role::Witness, &[5; 32]).unwrap();
    let key = signer.verifier().clone();
    // It knows the log's beginning already, as the gateway does not know that it does.
    let state = web::Data::new(Witness { log: OnceLock::new(), signer, seen: Mutex::new((0, sha256(&[]))) });
    let witness = Arc::clone(&state);
    let server = HttpServer::new(move || App::new().app_data(state.clone()).route("/w/add-checkpoint", web::post().to(add_checkpoint)))
        .workers(1)
        .bind(("127.0.0.1", 0))
        .unwrap();
    let address = server.addrs()[0];
    let server = server.run();
    let handle = server.handle();
    tokio::spawn(server);
    let federation = format!(
        "organizations = \"organizations.toml\"\n[server]\nlisten = \"127.0.0.1:0\"\n[outbound]\nallow_private_addresses = true\n\
         [audit]\norigin = \"gov.example/onecase\"\ncheckpoint_interval_ms = 100\nwitnesses = [{{ url = \"http://{address}/w/\", key = \"{key}\" }}]\n\
         [[platforms]]\nid = \"hunan\"\nname = \"湖南\"\nkind = \"provincial\"\ndivision = \"430000\"\n"
    );
    let test = TestServer::start_with(TestStore::sqlite(), &federation, "organizations = []\n").await;
    let origin = test.gateway.audit_verifier().clone();
    witness.log.set(origin.clone()).unwrap();
    let monitor = test.key(None, &[Scope::Monitor, Scope::Audit]);
    let cosigned = async |least: u64| {
        eventually("co-signed", async || {
            let note = SignedNote::parse(&test.get("/v1/audit/checkpoint", &monitor).await.text).ok()?;
            let signed = note.checkpoint(&origin).unwrap();
            (signed.size >= least && key.verify(&note) == Ok(Some(1_772_413_200))).then_some(signed)
        })
        .await
    };
    let own = test.platform_key("hunan");
    let filed = test.file(&own, &filing("A-1", WANG, "路灯", "幸福路路灯坏了")).await;
    let first = cosigned(1).await;
    // A witness that was reset asks for the proof from where it stands.
    *witness.seen.lock().unwrap() = (0, sha256(&[]));
    test.file(&own, &filing("A-2", WANG, "停水", "金桂苑小区停水三天")).await;
    let later = cosigned(first.size + 1).await;
    assert!(later.size > first.size);

    let entries = test.get(&format!("/v1/audit/entries?subject={}", filed["id"].as_str().unwrap()), &monitor).await;
    let leaf = &entries.assert_status(200).body["items"][0];
    assert!(leaf["entry"].as_str().unwrap().contains("submission.registered"), "{leaf}");
    assert!(!entries.text.contains(WANG.0) && !entries.text.contains(WANG.1));
    let proof = test.get(&format!("/v1/audit/proofs/inclusion?index={}&size={}", leaf["index"], later.size), &monitor).await.body;
    let path: Vec<Hash> = proof["hashes"].as_array().unwrap().iter().map(|text| hash(text.as_str().unwrap())).collect();
    let (index, leaf) = (proof["index"].as_u64().unwrap(), hash(leaf["leaf_hash"].as_str().unwrap()));
    assert!(tree::verify_inclusion(&leaf, index, later.size, &path, &later.root));
    let pages = test.get("/v1/audit/entries?limit=1", &monitor).await.body;
    assert!(pages["next_cursor"].is_string() && pages["items"].as_array().unwrap().len() == 1);
    test.get("/v1/audit/proofs/inclusion?index=900000", &monitor).await.assert_problem("not_found");
    test.get("/v1/audit/proofs/consistency?from=0", &monitor).await.assert_problem("not_found");
    test.get("/v1/audit/proofs/inclusion", &monitor).await.assert_problem("invalid_query");
    test.stop().await;
    handle.stop(true).await;
}

fn onecase(arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onecase"));
    let output =
        command.args(arguments).env("ONECASE_MASTER_KEY", "07".repeat(32)).env("ONECASE_FEDERATION_KEY", "09".repeat(32)).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

on_both_stores! {
    async fn an_export_is_checked_without_the_gateway(store: TestStore) {
        let clock = TestClock::new();
        let gateway = start(&store, federation(), &clock);
        let folder = store.directory();
        let path = |name: &str| folder.join(name).display().to_string();
        std::fs::write(path("federation.toml"), format!("[store]\nurl = \"{}\"\n", store.url)).unwrap();
        let export = |to: &str| onecase(&["audit", "export", "--config", &path("federation.toml"), "--output", &path(to), "--quiet"]);
        assert_eq!(export("none").0, Some(2), "nothing is signed yet");
        record(&gateway, 300);
        assert!(gateway.sign_checkpoint().await.unwrap());
        std::fs::write(path("earlier"), gateway.checkpoint(None).await.unwrap().unwrap()).unwrap();
        clock.advance(TimeDelta::minutes(2));
        record(&gateway, 40);
        assert!(gateway.sign_checkpoint().await.unwrap());
        assert_eq!(export("log").0, Some(0));

        let (_, key, _) = onecase(&["audit", "key", "--config", &path("federation.toml")]);
        let key = key.trim();
        assert_eq!(key, gateway.audit_verifier().to_string());
        let (status, proven, _) = onecase(&["audit", "verify", &path("log"), "--key", key, "--earlier", &path("earlier"), "--json"]);
        let proven: Value = serde_json::from_str(&proven).unwrap();
        assert_eq!((status, proven["checkpoint"]["size"].as_u64(), proven["earlier"].as_u64()), (Some(0), Some(340), Some(300)));

        let altered = std::fs::read_to_string(path("log")).unwrap().replacen("case-3", "case-4", 1);
        std::fs::write(path("altered"), altered).unwrap();
        let (status, _, said) = onecase(&["audit", "verify", &path("altered"), "--key", key]);
        assert!(status == Some(1) && said.contains("NOT PROVEN"), "{said}");
        let witness = Signer::new("witness.example", Role::Witness, &[5; 32]).unwrap();
        let (status, _, said) = onecase(&["audit", "verify", &path("log"), "--key", key, "--witness", &witness.verifier().to_string()]);
        assert!(status == Some(1) && said.contains("witness.example"), "{said}");
        assert_eq!(onecase(&["audit", "verify", &path("missing"), "--key", key]).0, Some(2));
    }
}
