//! What an adapter costs: records a second on one core for each folder in `adapters/`, and the share of the time that mapping
//! takes; the rest is reading the bytes. The input is the adapter's own samples of pulls and files, so that figures compare
//! adapters and changes. What mapping takes is what is saved by a mapping of fixed fields.
#![allow(clippy::print_stdout, clippy::expect_used, reason = "a measurement prints its result, and stops if there is nothing to measure")]

use std::{
    fs,
    hint::black_box,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use onecase::adapter::{Adapter, Asked, Response};
use serde_json::{Value, json};

/// How long each adapter is measured.
const SPAN: Duration = Duration::from_millis(700);

enum Input {
    Page { pull: String, response: Response },
    File { name: String, bytes: Vec<u8> },
}

fn main() {
    println!("{:22} {:>8} {:>14} {:>8}", "adapter", "records", "records/s", "mapping");
    for folder in entries(&Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters")) {
        if folder.is_dir() {
            measure(&folder);
        }
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())).collect();
    entries.sort();
    entries
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn measure(folder: &Path) {
    let manifest = fs::read(folder.join("adapter.yaml")).expect("a manifest");
    let adapter = Adapter::from_manifest(&manifest).expect("an adapter");
    let bare = Adapter::from_manifest(without_mapping(&manifest).to_string().as_bytes()).expect("an adapter that maps nothing");
    let inputs = inputs(folder);
    let records: usize = inputs.iter().map(|input| read(&adapter, input)).sum();
    if records == 0 {
        return;
    }
    let (whole, reading) = (
        seconds(|| inputs.iter().for_each(|i| _ = black_box(read(&adapter, i)))),
        seconds(|| inputs.iter().for_each(|i| _ = black_box(read(&bare, i)))),
    );
    let share = (1.0 - reading / whole).clamp(0.0, 1.0);
    println!("{:22} {records:>8} {:>14.0} {:>7.0}%", name(folder), records as f64 / whole, 100.0 * share);
}

/// The manifest with fixed fields in every mapping.
fn without_mapping(manifest: &[u8]) -> Value {
    let mut manifest: Value = yaml_serde::from_slice(manifest).expect("YAML");
    for mapping in manifest["mappings"].as_object_mut().into_iter().flat_map(serde_json::Map::values_mut) {
        let at = "'2026-03-01T09:30:00+08:00'";
        let fields = match mapping["yields"].as_str() {
            Some("update") => json!({"update_id": "'1'", "reference": {"receipt": "'1'"}, "status": "'accepted'", "occurred_at": at}),
            Some("withdrawal") => json!({"source_id": "'1'", "withdrawn_at": at}),
            _ => {
                json!({"source_id": "'1'", "channel": "'web'", "kind": "'request'", "submitted_at": at, "anonymous": true, "subject": "'s'", "content": "'c'"})
            }
        };
        *mapping = json!({"yields": mapping["yields"], "fields": fields});
    }
    manifest
}

fn inputs(folder: &Path) -> Vec<Input> {
    let pages = entries(&folder.join("samples/pulls")).into_iter().flat_map(|pull| {
        let samples = entries(&pull);
        samples.into_iter().filter_map(move |path| Some(Input::Page { pull: name(&pull), response: response(&fs::read(path).ok()?)? }))
    });
    let files = entries(&folder.join("samples/files")).into_iter();
    pages.chain(files.filter_map(|path| Some(Input::File { name: name(&path), bytes: fs::read(path).ok()? }))).collect()
}

/// A recorded answer: remarks, status line, headers, an empty line, body.
fn response(bytes: &[u8]) -> Option<Response> {
    let end = bytes.windows(2).position(|two| two == b"\n\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.lines().skip_while(|line| line.starts_with('#'));
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Some(Response { status, headers, body: bytes[end + 2..].to_vec() })
}

/// How many records an input has.
fn read(adapter: &Adapter, input: &Input) -> usize {
    match input {
        Input::Page { pull, response } => {
            let Some(pull) = adapter.pulls().iter().find(|known| known.name == *pull) else { return 0 };
            let now = chrono::DateTime::UNIX_EPOCH;
            adapter.pull_page(pull, &Asked { cursor: None, response, base: "", now }).map_or(0, |page| page.records.len())
        }
        Input::File { name, bytes } => adapter.file(name, bytes.as_slice()).map_or(0, Iterator::count),
    }
}

/// What one run takes.
fn seconds(run: impl Fn()) -> f64 {
    let (begun, mut runs) = (Instant::now(), 0_u32);
    while begun.elapsed() < SPAN {
        run();
        runs += 1;
    }
    begun.elapsed().as_secs_f64() / f64::from(runs)
}
