//! The files of this repository, as the tests about the tree read them.

use std::path::{Path, PathBuf};

/// Directories that hold no source of ours.
const SKIPPED: [&str; 4] = ["target", ".git", "node_modules", "__pycache__"];

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below `directory`, sorted, as paths relative to the root of the repository.
pub fn below(directory: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root().join(directory)];
    while let Some(at) = open.pop() {
        let entries = std::fs::read_dir(&at).unwrap_or_else(|error| panic!("{}: {error}", at.display()));
        for entry in entries {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if !SKIPPED.contains(&name.as_str()) {
                    open.push(path);
                }
            } else {
                found.push(path.strip_prefix(root()).unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

/// The text of a file of the repository; `None` if it is not UTF-8.
pub fn text(path: &Path) -> Option<String> {
    String::from_utf8(std::fs::read(root().join(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))).ok()
}

/// Rust sources below `directory` with their text.
pub fn rust_sources(directory: &str) -> Vec<(PathBuf, String)> {
    below(directory)
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| {
            let text = text(&path).unwrap_or_else(|| panic!("{} is not UTF-8", path.display()));
            (path, text)
        })
        .collect()
}
