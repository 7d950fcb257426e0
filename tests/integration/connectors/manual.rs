//! The YAML of the vendors' guides.

use onecase::adapter::Adapter;
use serde_json::Value;

use crate::support::files;

/// The first block is a manifest; every other takes the place of the members it names.
#[test]
fn every_example_of_the_guides_compiles() {
    for guide in ["docs/adapters.md", "docs/adapters.zh-CN.md"] {
        let text = files::text(guide.as_ref()).unwrap();
        let blocks: Vec<&str> = text.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
        assert!(blocks.len() > 5, "{guide}");
        let first: Value = yaml_serde::from_str(blocks[0]).unwrap();
        for block in &blocks {
            let part: Value = yaml_serde::from_str(block).unwrap();
            let mut manifest = first.clone();
            part.as_object().unwrap().iter().for_each(|(name, value)| manifest[name] = value.clone());
            let compiled = Adapter::from_manifest(manifest.to_string().as_bytes());
            assert!(compiled.is_ok(), "{guide}: {:?}\n{block}", compiled.err());
        }
    }
}

/// The two say the same in two languages: equal numbers of blocks, rows and headings.
#[test]
fn the_guides_have_the_same_parts() {
    let shape = |guide: &str| {
        let text = files::text(guide.as_ref()).unwrap();
        let count = |start: &str| text.lines().filter(|line| line.starts_with(start)).count();
        [count("```"), count("|"), count("#")]
    };
    assert_eq!(shape("docs/adapters.md"), shape("docs/adapters.zh-CN.md"));
}
