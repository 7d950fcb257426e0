//! The demonstration as a newcomer runs it, and as nobody hopes to: the gateway killed in the middle.

use std::process::Command;

use crate::support::stores::{TestStore, on_both_stores};

fn demo(store: &TestStore, arguments: &[&str]) {
    let output = Command::new(env!("CARGO_BIN_EXE_onecase"))
        .args(["demo", "--exit", "--port", "0", "--store", &store.url, "--directory"])
        .arg(store.directory().join("demo"))
        .args(arguments)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(!text.contains("NOT OK"), "{text}");
}

on_both_stores! {
    async fn nothing_is_lost_or_doubled_when_the_gateway_is_killed_in_the_middle(store: TestStore) {
        demo(&store, &["--kill", "12", "--load", "20", "--seed", "7"]);
    }
}

#[test]
fn the_demonstration_holds_with_platforms_that_never_fail() {
    demo(&TestStore::sqlite(), &["--calm"]);
}
