//! Rules about the files of the tree that no compiler knows.

use crate::support::files;

const MOST_LINES: usize = 500;

#[test]
fn no_source_file_is_too_long() {
    let mut wrong = Vec::new();
    for (path, text) in files::rust_sources("src") {
        let lines = text.lines().count();
        if lines > MOST_LINES {
            wrong.push(format!("{}: {lines} lines: look for the missing idea", path.display()));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// Every link from a document to a file of the tree leads to one.
#[test]
fn links_between_documents_lead_somewhere() {
    let mut wrong = Vec::new();
    for path in files::below("").into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "md")) {
        let text = files::text(&path).unwrap();
        for (at, _) in text.match_indices("](") {
            let link = text[at + 2..].split([')', ' ', '\n']).next().unwrap();
            let file = link.split('#').next().unwrap();
            let outside = link.contains("://") || link.starts_with("mailto:") || file.is_empty();
            let target = files::root().join(path.parent().unwrap()).join(file);
            if !outside && !target.exists() {
                wrong.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// The map says which test holds an invariant; that test is there.
#[test]
fn tests_named_by_the_map_exist() {
    let map = files::text("ARCHITECTURE.md".as_ref()).unwrap();
    let section = map.split("## Invariants").nth(1).unwrap().split("## ").next().unwrap();
    let tests = files::rust_sources("tests/integration");
    let exists =
        |name: &str| tests.iter().any(|(path, text)| text.contains(&format!("fn {name}(")) || path.with_extension("").ends_with(name));
    let rows = section.lines().filter(|line| line.starts_with("| "));
    let named = rows.flat_map(|row| row.split('`').skip(1).step_by(2)).filter(|name| name.contains("::"));
    let missing: Vec<&str> = named.filter(|name| !exists(name.rsplit("::").next().unwrap())).collect();
    assert!(missing.is_empty(), "no such tests: {missing:?}");
}

/// The federation file that newcomers start from is one.
#[test]
fn the_first_federation_file_is_valid() {
    let config = onecase::config::Config::load(&files::root().join("docs/start/federation.toml"), &|_| None).unwrap();
    assert_eq!(config.platforms.len(), 2);
    onecase::app::Federation::from_config(&config, &|_| None).unwrap();
}

/// A path of the machine it was written on works nowhere else.
#[test]
fn no_file_names_a_place_on_somebodys_machine() {
    let mut places: Vec<String> = ["home", "root", "Users"].iter().map(|name| format!("/{name}/")).collect();
    let parent = files::root().parent().unwrap();
    // A clone right below the root or the temporary directory would make every path suspect.
    if parent.components().count() > 1 && !parent.starts_with(std::env::temp_dir()) {
        places.push(format!("{}/", parent.display()));
    }
    let mut wrong = Vec::new();
    for path in files::below("") {
        // In a linked work tree `.git` is a file that names the main one.
        if path.as_os_str() == ".git" {
            continue;
        }
        for (number, line) in files::text(&path).iter().flat_map(|text| text.lines()).enumerate() {
            for place in &places {
                let absolute = line.match_indices(place.as_str()).any(|(at, _)| {
                    let before = line[..at].chars().next_back();
                    !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '}'))
                });
                if absolute {
                    wrong.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}
