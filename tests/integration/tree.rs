//! Rules about the files of the tree that no compiler knows.

use crate::support::files;

const MOST_LINES: usize = 500;
/// Files of more lines, each with the reason why it is not two.
const LONG_FILES: &[(&str, &str)] = &[];

#[test]
fn no_source_file_is_too_long() {
    let mut wrong = Vec::new();
    for (path, text) in files::rust_sources("src") {
        let lines = text.lines().count();
        let listed = LONG_FILES.iter().any(|(name, _)| path.ends_with(name));
        if lines > MOST_LINES && !listed {
            wrong.push(format!("{}: {lines} lines: look for the missing idea, or list it with a reason", path.display()));
        }
    }
    for (name, reason) in LONG_FILES {
        let needed = files::text(name.as_ref()).is_some_and(|text| text.lines().count() > MOST_LINES);
        assert!(needed, "{name} ({reason}) is listed as long but is not");
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
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
