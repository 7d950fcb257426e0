//! The committed contract is what the code serves.

use onecase::api::openapi;

use crate::support::files;

#[test]
fn the_committed_contract_is_what_the_code_serves() {
    for (name, expected) in openapi::files() {
        let path = std::path::Path::new("openapi").join(name);
        let committed = std::fs::read_to_string(files::root().join(&path)).unwrap_or_default();
        assert!(committed == expected, "{} is not what the code serves; run `onecase openapi write`", path.display());
    }
}
