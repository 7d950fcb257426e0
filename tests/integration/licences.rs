//! Licences of everything that is linked in, checked against `deny.toml` without a network and without `cargo-deny`.

use std::{collections::BTreeSet, process::Command};

use serde_json::Value;

use crate::support::files;

#[test]
fn every_dependency_may_be_given_on_under_our_licence() {
    let deny: toml::Table = toml::from_str(&files::text("deny.toml".as_ref()).unwrap()).unwrap();
    let allowed = strings(&deny["licenses"]["allow"]);
    let metadata = metadata();
    let mut wrong = Vec::new();
    for package in metadata["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        let expression = package["license"].as_str().unwrap_or("none given");
        if !is_satisfied(expression, &allowed) {
            wrong.push(format!("{name} {}: {expression}", package["version"].as_str().unwrap()));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// A dependency whose reason nobody can name is one too many.
#[test]
fn every_direct_dependency_has_its_reason() {
    let manifest: toml::Table = toml::from_str(&files::text("Cargo.toml".as_ref()).unwrap()).unwrap();
    let map = files::text("ARCHITECTURE.md".as_ref()).unwrap();
    let section = map.split("## Dependencies").nth(1).unwrap();
    let rows: Vec<&str> = section.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next()).collect();
    let named: BTreeSet<&str> = rows.iter().flat_map(|row| row.split([',', ' '])).filter(|name| !name.is_empty()).collect();
    let of = |table: &str| manifest[table].as_table().unwrap().keys().cloned().collect::<Vec<_>>();
    let missing: Vec<String> =
        of("dependencies").into_iter().chain(of("dev-dependencies")).filter(|name| !named.contains(name.as_str())).collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md gives no reason for {missing:?}");
}

fn strings(list: &toml::Value) -> BTreeSet<String> {
    list.as_array().unwrap().iter().map(|entry| entry.as_str().unwrap().to_owned()).collect()
}

/// What cargo has already resolved and downloaded for this machine; asks no registry.
fn metadata() -> Value {
    let version = Command::new("rustc").arg("-vV").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--locked", "--format-version", "1", "--filter-platform", host])
        .current_dir(files::root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// True if an SPDX expression can be satisfied with the allowed licences. `/` is the old way to write `OR`.
fn is_satisfied(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    either(&words, &mut at, allowed) && at == words.len()
}

fn either(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut satisfied = all(words, at, allowed);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        satisfied |= all(words, at, allowed);
    }
    satisfied
}

fn all(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut satisfied = one(words, at, allowed);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        satisfied &= one(words, at, allowed);
    }
    satisfied
}

fn one(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    if words.get(*at) == Some(&"(") {
        *at += 1;
        let satisfied = either(words, at, allowed);
        *at += 1;
        return satisfied;
    }
    let mut licence = words.get(*at).copied().unwrap_or_default().to_owned();
    *at += 1;
    if words.get(*at) == Some(&"WITH") {
        licence = format!("{licence} WITH {}", words.get(*at + 1).copied().unwrap_or_default());
        *at += 2;
    }
    allowed.contains(&licence)
}

#[test]
fn expressions_are_read_as_spdx_says() {
    let allowed = BTreeSet::from(["MIT".to_owned(), "ISC".to_owned(), "Apache-2.0 WITH LLVM-exception".to_owned()]);
    for (expression, satisfied) in [
        ("MIT", true),
        ("GPL-3.0-only", false),
        ("MIT OR GPL-3.0-only", true),
        ("MIT AND GPL-3.0-only", false),
        ("(GPL-3.0-only OR MIT) AND ISC", true),
        ("GPL-3.0-only/MIT", true),
        ("Apache-2.0 WITH LLVM-exception", true),
        ("Apache-2.0", false),
        ("MIT ISC", false),
    ] {
        assert_eq!(is_satisfied(expression, &allowed), satisfied, "{expression}");
    }
}
