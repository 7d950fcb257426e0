//! The direction of dependencies between the modules of the crate, read off the sources:
//!
//! `main ▸ cli ▸ {api, web, workers, simulate} ▸ app ▸ {store, net, adapter} ▸ {domain, matching, audit}`
//!
//! `config` lies beside them, knows the domain only, and may be used by `app` and everything above. Which module may name which is the table [`MODULES`];
//! which outside crate is whose is [`CRATES`].

use std::path::Path;

use crate::support::files;

/// Each module of the crate and the modules it may name. Its own is always allowed.
const MODULES: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("matching", &[]),
    ("audit", &[]),
    ("adapter", &["domain"]),
    ("net", &["domain"]),
    ("store", &["domain", "matching", "audit"]),
    ("app", &["config", "store", "net", "adapter", "domain", "matching", "audit"]),
    ("config", &["domain"]),
    ("simulate", &["domain"]),
    ("api", &["config", "app", "store", "net", "adapter", "domain", "matching", "audit"]),
    ("web", &["config", "app", "domain", "matching", "audit"]),
    ("workers", &["config", "app", "store", "net", "adapter", "domain", "matching", "audit"]),
    ("cli", &["config", "api", "web", "workers", "simulate", "app", "store", "net", "adapter", "domain", "matching", "audit"]),
];

/// Outside crates (or parts of std) and the modules that may name them.
const CRATES: &[(&str, &[&str])] = &[
    ("diesel", &["store"]),
    ("diesel_migrations", &["store"]),
    ("reqwest", &["net", "simulate", "cli"]),
    ("russh", &["net"]),
    ("russh_sftp", &["net"]),
    ("actix_web", &["api", "web", "simulate", "cli"]),
    ("askama", &["web"]),
    ("clap", &["cli", "main"]),
    ("tokio", &["net", "store", "app", "simulate", "api", "web", "workers", "cli"]),
    ("std::fs", &["adapter", "config", "net", "store", "app", "simulate", "workers", "cli"]),
    ("std::net", &["config", "net", "app", "simulate", "api", "web", "workers", "cli"]),
    ("std::env", &["config", "cli"]),
];

/// One thing a source file names: `path` segments, and where.
#[derive(Debug, PartialEq, Eq)]
struct Named {
    line: usize,
    path: Vec<String>,
}

#[test]
fn modules_depend_downwards_only() {
    let mut wrong = Vec::new();
    for (path, text) in files::rust_sources("src") {
        let Some(module) = module_of(&path) else { continue };
        let Some((_, allowed)) = MODULES.iter().find(|(name, _)| *name == module[0]) else {
            wrong.push(format!("{}: module `{}` is not in the table: say which modules it may name", path.display(), module[0]));
            continue;
        };
        for named in names(&text) {
            let Some(target) = target_module(&named.path, &module) else { continue };
            if target != module[0] && !allowed.contains(&target.as_str()) && is_module(&target) {
                wrong.push(format!("{}:{}: `{}` may not name `{target}`", path.display(), named.line, module[0]));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn outside_crates_have_one_home() {
    let mut wrong = Vec::new();
    for (path, text) in files::rust_sources("src") {
        let module = module_of(&path).map_or_else(|| path.file_stem().unwrap().to_string_lossy().into_owned(), |m| m[0].clone());
        for named in names(&text) {
            for (outside, homes) in CRATES {
                let segments: Vec<&str> = outside.split("::").collect();
                let matches = named.path.len() >= segments.len() && segments.iter().zip(&named.path).all(|(a, b)| a == b);
                if matches && !homes.contains(&module.as_str()) {
                    wrong.push(format!("{}:{}: `{module}` may not name `{outside}`", path.display(), named.line));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

fn is_module(name: &str) -> bool {
    MODULES.iter().any(|(module, _)| *module == name)
}

/// `src/store/cases.rs` is `["store", "cases"]`; `src/main.rs` and `src/lib.rs` are above all modules.
fn module_of(path: &Path) -> Option<Vec<String>> {
    let inside = path.strip_prefix("src").ok()?.with_extension("");
    let mut segments: Vec<String> = inside.components().map(|c| c.as_os_str().to_string_lossy().into_owned()).collect();
    if segments.last().is_some_and(|last| last == "mod") {
        segments.pop();
    }
    let top_level = segments.len() == 1 && ["main", "lib"].contains(&segments[0].as_str());
    (!top_level).then_some(segments)
}

/// The module of this crate that a path leads to, if it leaves the file's own: `crate::x`, or enough `super`s to reach the root.
fn target_module(path: &[String], own: &[String]) -> Option<String> {
    match path[0].as_str() {
        "crate" | "onecase" => path.get(1).cloned(),
        "super" => {
            let supers = path.iter().take_while(|segment| *segment == "super").count();
            if supers >= own.len() { path.get(supers).cloned() } else { None }
        }
        _ => None,
    }
}

/// Every path with `::` in the text, groups of a `use` spelled out; comments and literals left out.
fn names(text: &str) -> Vec<Named> {
    let tokens = tokens(text);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let starts = is_identifier(&tokens[at].1) && tokens.get(at + 1).is_some_and(|t| t.1 == "::");
        let continues = at > 1 && tokens[at - 1].1 == "::" && is_identifier(&tokens[at - 2].1);
        if starts && !continues {
            at = path_from(&tokens, at, &[], &mut found);
        } else {
            at += 1;
        }
    }
    found
}

/// Reads a path, with its groups, from `at`; answers where it ends.
fn path_from(tokens: &[(usize, String)], mut at: usize, prefix: &[String], found: &mut Vec<Named>) -> usize {
    let mut path = prefix.to_vec();
    let line = tokens[at].0;
    while let Some((_, token)) = tokens.get(at) {
        if token == "{" {
            at += 1;
            while tokens.get(at).is_some_and(|t| t.1 != "}") {
                let starts_path = is_identifier(&tokens[at].1) || tokens[at].1 == "{";
                at = if starts_path { path_from(tokens, at, &path, found) } else { at + 1 };
            }
            return at + 1;
        }
        if !is_identifier(token) {
            break;
        }
        path.push(token.clone());
        if tokens.get(at + 1).is_none_or(|t| t.1 != "::") {
            at += 1;
            break;
        }
        at += 2;
    }
    found.push(Named { line, path });
    at
}

fn is_identifier(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Identifiers, `::`, and single characters, each with its line; comments, strings and characters are dropped.
fn tokens(text: &str) -> Vec<(usize, String)> {
    let bytes: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < bytes.len() {
        let rest = &bytes[at..];
        let length = match rest {
            ['/', '/', ..] => rest.iter().position(|c| *c == '\n').unwrap_or(rest.len()),
            ['/', '*', ..] => block_comment(rest),
            ['"', ..] => quoted(rest),
            ['r', '"' | '#', ..] if raw_string(rest) > 0 => raw_string(rest),
            ['\'', '\\', ..] => 3 + rest.iter().skip(3).position(|c| *c == '\'').unwrap_or(0),
            ['\'', _, '\'', ..] => 3,
            [':', ':', ..] => {
                found.push((line, "::".to_owned()));
                2
            }
            [c, ..] if c.is_alphanumeric() || *c == '_' => {
                let word: String = rest.iter().take_while(|c| c.is_alphanumeric() || **c == '_').collect();
                let length = word.chars().count();
                found.push((line, word));
                length
            }
            [c, ..] => {
                if !c.is_whitespace() {
                    found.push((line, c.to_string()));
                }
                1
            }
            [] => 1,
        };
        line += rest[..length.min(rest.len())].iter().filter(|c| **c == '\n').count();
        at += length.max(1);
    }
    found
}

fn block_comment(rest: &[char]) -> usize {
    rest.windows(2).skip(2).position(|pair| pair == ['*', '/']).map_or(rest.len(), |found| found + 4)
}

fn quoted(rest: &[char]) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != '"' {
        at += if rest[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// Length of a raw string at the start of `rest`, 0 if there is none.
fn raw_string(rest: &[char]) -> usize {
    let hashes = rest.iter().skip(1).take_while(|c| **c == '#').count();
    if rest.get(1 + hashes) != Some(&'"') {
        return 0;
    }
    let mut end = vec!['"'];
    end.resize(1 + hashes, '#');
    rest.windows(end.len()).skip(2 + hashes).position(|w| w == end).map_or(rest.len(), |found| found + 2 + hashes + end.len())
}

#[test]
fn paths_are_read_as_rust_reads_them() {
    let text = "use crate::{store::{self, Case}, domain};\n// crate::api\nlet s = \"crate::web\"; let r = r#\"crate::net \"x\"\"#;\n\
                let c = '\"'; super::super::app::run(::diesel::x());";
    let found: Vec<String> = names(text).iter().map(|n| format!("{} {}", n.line, n.path.join("::"))).collect();
    assert_eq!(found, ["1 crate::store::self", "1 crate::store::Case", "1 crate::domain", "4 super::super::app::run", "4 diesel::x"]);
    let own = ["api".to_owned(), "v1".to_owned()];
    let path = |text: &str| text.split("::").map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(target_module(&path("super::super::app"), &own).as_deref(), Some("app"));
    assert_eq!(target_module(&path("super::store"), &own), None);
    assert_eq!(target_module(&path("crate::store::x"), &own).as_deref(), Some("store"));
}
