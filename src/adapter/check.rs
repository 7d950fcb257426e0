//! The samples of an adapter folder: what was recorded from the platform against what it must become.
//!
//! | sample | must become |
//! | --- | --- |
//! | `samples/sample.yaml` | the moment, and secrets made up for the samples |
//! | `samples/pulls/PULL/NAME.http` | an answer of the platform; `{request, records, cursor, more}` or `{refused}` |
//! | `samples/callbacks/NAME.http` | a request of the platform; `{records, ignored, response}` or `{refused}` |
//! | `samples/files/FILE` | `{records}` |
//! | `samples/deliveries/NAME.json` | a message; `{request}` or `{not_sent}` |
//! | `samples/answers/KIND/NAME.http` | an answer to a delivery; `{outcome}` |
//! | `samples/ledger/QUESTION/NAME.http` | an answer of the ledger: `{request, days}`, `{request, numbers, more}` or `{request, records}` |
//! | `samples/token/NAME.http` | an answer to the request for a token; `{request, lifetime_seconds}` or `{refused}` |
//!
//! The expected form of `samples/X` is `expected/X.json`. A `.http` file holds a start line, headers, an empty line and the
//! body, less one line break at its end; lines before the start line that begin with `#` are remarks, or set something for this
//! sample: `# cursor: 17`, `# now: 2026-03-01T10:00:00+08:00`, `# without secret: NAME`.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::{
    Adapter, AdapterError,
    error::MappingError,
    samples::{self, Sample, Setting},
    shape::escape,
};

/// What `adapter check` found.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    pub adapter: String,
    pub version: String,
    pub samples: usize,
    pub findings: Vec<Finding>,
}

/// One thing that is off.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The sample's path; absent for the manifest and for samples that are missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample: Option<String>,
    /// JSON Pointer into the manifest or into what the sample became.
    pub field: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    pub problem: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<Json>,
}

impl Finding {
    pub(super) fn new(sample: Option<&str>, field: &str, problem: impl Into<String>) -> Self {
        Self {
            sample: sample.map(str::to_owned),
            field: field.to_owned(),
            expression: None,
            problem: problem.into(),
            expected: None,
            found: None,
        }
    }

    pub(super) fn of_error(sample: &str, prefix: &str, error: &MappingError) -> Self {
        let problem = format!("{}: {}", error.place, error.problem);
        Self { expression: error.expression.clone(), ..Self::new(Some(sample), &format!("{prefix}{}", error.field), problem) }
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}: {}: {}",
            self.sample.as_deref().unwrap_or("adapter.yaml"),
            if self.field.is_empty() { "/" } else { &self.field },
            self.problem
        )?;
        if let Some(expression) = &self.expression {
            write!(f, "\n    expression: {expression}")?;
        }
        for (word, value) in [("expected", &self.expected), ("found", &self.found)] {
            if let Some(value) = value {
                write!(f, "\n    {word}: {value}")?;
            }
        }
        Ok(())
    }
}

/// The folder cannot be checked at all.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    #[error(transparent)]
    Adapter(#[from] AdapterError),
    #[error("{path} cannot be read or written")]
    File {
        path: std::path::PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the folder has more than {0} files")]
    TooManyFiles(usize),
}

/// Runs the samples of a folder. With `accept`, what they became is written to `expected/` and only what does not map or
/// breaks the exchange format is found.
pub fn check(folder: &Path, accept: bool) -> Result<Report, CheckError> {
    let mut report =
        Report { adapter: folder.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default(), ..Report::default() };
    let adapter = match Adapter::load(folder) {
        Ok(adapter) => adapter,
        Err(AdapterError::Schema(faults)) => {
            report.findings = faults.into_iter().map(|fault| Finding::new(None, &fault.pointer, fault.problem)).collect();
            return Ok(report);
        }
        Err(AdapterError::Fault(fault)) => {
            report.findings.push(Finding { expression: fault.expression, ..Finding::new(None, &fault.pointer, fault.problem) });
            return Ok(report);
        }
        Err(other) => return Err(other.into()),
    };
    adapter.name().clone_into(&mut report.adapter);
    adapter.version().clone_into(&mut report.version);
    let files = samples::read_folder(folder)?;
    let setting = match Setting::read(files.get("samples/sample.yaml").map(Vec::as_slice)) {
        Ok(setting) => setting,
        Err(problem) => {
            report.findings.push(Finding::new(Some("samples/sample.yaml"), "", problem));
            return Ok(report);
        }
    };
    let mut wanted = BTreeSet::new();
    for (path, bytes) in files.iter().filter(|(path, _)| path.starts_with("samples/") && *path != "samples/sample.yaml") {
        report.samples += 1;
        let expected_path = format!("expected/{}.json", &path["samples/".len()..]);
        let ran = Sample { adapter: &adapter, setting: &setting, path, bytes }.run();
        report.findings.extend(ran.findings);
        if accept {
            samples::write(folder, &expected_path, &ran.became)?;
        } else {
            compare(&mut report, path, files.get(&expected_path), &ran.became, &ran.expressions);
        }
        wanted.insert(expected_path);
    }
    let orphans = files.keys().filter(|path| path.starts_with("expected/") && !wanted.contains(*path));
    report.findings.extend(orphans.map(|path| Finding::new(Some(path), "", "there is no such sample")));
    report.findings.extend(missing(&adapter, &files));
    Ok(report)
}

fn compare(report: &mut Report, path: &str, expected: Option<&Vec<u8>>, became: &Json, expressions: &BTreeMap<String, String>) {
    let Some(expected) = expected else {
        report.findings.push(Finding::new(Some(path), "", "nothing in expected/ says what this must become"));
        return;
    };
    match serde_json::from_slice::<Json>(expected) {
        Err(error) => report.findings.push(Finding::new(Some(path), "", format!("what is expected is not JSON: {error}"))),
        Ok(expected) => {
            for mut finding in differences(&expected, became, "").into_iter().filter_map(said_by_the_record) {
                finding.sample = Some(path.to_owned());
                finding.expression = finding.expression.or_else(|| expressions.get(&finding.field).cloned());
                report.findings.push(finding);
            }
        }
    }
}

/// Where a record did not map against expectation, what it says itself is better than that it is missing.
fn said_by_the_record(finding: Finding) -> Option<Finding> {
    let Some(record) = finding.field.strip_suffix("/unmapped").filter(|_| finding.expected.is_none()) else {
        let lost =
            finding.found.is_none() && ["/submission", "/update", "/withdrawal"].iter().any(|member| finding.field.ends_with(member));
        return (!lost).then_some(finding);
    };
    let text = |name: &str| finding.found.as_ref()?.get(name)?.as_str().map(str::to_owned);
    let field = format!("{record}{}", text("field").unwrap_or_default());
    Some(Finding { expression: text("expression"), ..Finding::new(None, &field, text("problem").unwrap_or_default()) })
}

/// Differences of two values as findings, at most twenty.
fn differences(expected: &Json, found: &Json, pointer: &str) -> Vec<Finding> {
    let mut out = Vec::new();
    differences_into(Some(expected), Some(found), pointer, &mut out);
    out.truncate(20);
    out
}

fn differences_into(expected: Option<&Json>, found: Option<&Json>, pointer: &str, out: &mut Vec<Finding>) {
    match (expected, found) {
        (Some(Json::Object(a)), Some(Json::Object(b))) => {
            let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            names.into_iter().for_each(|name| differences_into(a.get(name), b.get(name), &format!("{pointer}/{}", escape(name)), out));
        }
        (Some(Json::Array(a)), Some(Json::Array(b))) => {
            (0..a.len().max(b.len())).for_each(|at| differences_into(a.get(at), b.get(at), &format!("{pointer}/{at}"), out));
        }
        (a, b) if a == b => {}
        (a, b) => {
            let problem = match (a, b) {
                (Some(_), None) => "expected and not there",
                (None, Some(_)) => "there and not expected",
                _ => "not what is expected",
            };
            out.push(Finding { expected: a.cloned(), found: b.cloned(), ..Finding::new(None, pointer, problem) });
        }
    }
}

/// Everything the manifest declares is shown by at least one sample.
fn missing(adapter: &Adapter, files: &BTreeMap<String, Vec<u8>>) -> Vec<Finding> {
    let none = |prefix: &str| !files.keys().any(|path| path.starts_with(prefix));
    let mut out = Vec::new();
    let mut want = |missing: bool, field: String, prefix: &str| {
        if missing {
            out.push(Finding::new(None, &field, format!("{prefix} has no sample of this")));
        }
    };
    for (at, pull) in adapter.pulls().iter().enumerate() {
        let prefix = format!("samples/pulls/{}/", pull.name);
        want(none(&prefix), format!("/pulls/{at}"), &prefix);
    }
    want(adapter.has_callback() && none("samples/callbacks/"), "/callback".to_owned(), "samples/callbacks/");
    want(adapter.needs_token() && none("samples/token/"), "/authentication/access_token".to_owned(), "samples/token/");
    if adapter.ledger().is_some() {
        for question in ["days", "numbers", "record"] {
            let prefix = format!("samples/ledger/{question}/");
            want(none(&prefix), format!("/ledger/{question}"), &prefix);
        }
    }
    for (at, kind) in adapter.files.iter().enumerate() {
        let shown = files.keys().filter_map(|path| path.strip_prefix("samples/files/")).any(|name| kind.takes(name));
        want(!shown, format!("/files/{at}"), "samples/files/");
    }
    for (kind, sent) in adapter.declared_deliveries() {
        let declared =
            |bytes: &Vec<u8>| serde_json::from_slice::<Json>(bytes).is_ok_and(|message| message.get("type") == Some(&json!(kind)));
        let shown = files.iter().any(|(path, bytes)| path.starts_with("samples/deliveries/") && declared(bytes));
        want(!shown, format!("/deliveries/{kind}"), "samples/deliveries/");
        let prefix = format!("samples/answers/{kind}/");
        want(sent && none(&prefix), format!("/deliveries/{kind}/outcomes"), &prefix);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_named() {
        let expected = json!({"a": [1, {"b/c": 2}], "gone": 1});
        let found = json!({"a": [1, {"b/c": 3}, 4], "new": null});
        let differences = differences(&expected, &found, "");
        let named: Vec<(&str, &str)> = differences.iter().map(|d| (d.field.as_str(), d.problem.as_str())).collect();
        assert_eq!(
            named,
            [
                ("/a/1/b~1c", "not what is expected"),
                ("/a/2", "there and not expected"),
                ("/gone", "expected and not there"),
                ("/new", "there and not expected")
            ]
        );
    }

    /// Checks a copy of `adapters/mobile` in which one text is another.
    fn check_changed(from: &str, to: &str, expected: &[(Option<&str>, &str, Option<&str>, &str)]) {
        let original = Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters/mobile");
        let copy = tempfile::tempdir().expect("a folder");
        let manifest = std::fs::read_to_string(original.join("adapter.yaml")).expect("a manifest");
        assert_eq!(manifest.matches(from).count(), 1, "{from}");
        std::fs::write(copy.path().join("adapter.yaml"), manifest.replace(from, to)).expect("written");
        for (path, bytes) in samples::read_folder(&original).expect("samples") {
            let path = copy.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            std::fs::write(path, bytes).expect("written");
        }
        let report = check(copy.path(), false).expect("a report");
        let found: Vec<_> =
            report.findings.iter().map(|f| (f.sample.as_deref(), f.field.as_str(), f.expression.as_deref(), f.problem.as_str())).collect();
        assert_eq!(found, expected, "{to}");
    }

    /// One fault of the manifest itself.
    fn manifest<'a>(
        field: &'a str,
        expression: Option<&'a str>,
        problem: &'a str,
    ) -> [(Option<&'a str>, &'a str, Option<&'a str>, &'a str); 1] {
        [(None, field, expression, problem)]
    }

    #[test]
    fn what_is_off_is_named() {
        check_changed(
            "place: data.?location.?name",
            "place: data.?location.?nmae",
            &[(
                Some("samples/callbacks/appeal-submitted.http"),
                "/records/0/submission/place",
                Some("data.?location.?nmae"),
                "expected and not there",
            )],
        );
        check_changed(
            "media_type: image.mimeType",
            "media_type: image.mime",
            &[(
                Some("samples/callbacks/appeal-submitted.http"),
                "/records/0/attachments/0/media_type",
                Some("image.mime"),
                "there is no member `mime`",
            )],
        );
        check_changed(
            "ELEVATOR: 商贸旅游/质监检验检疫/特种设备管理",
            "ELEVATOR: 商贸旅游",
            &[(
                Some("samples/callbacks/appeal-submitted.http"),
                "/records/0/submission/category",
                Some("lookup('topic', data.?topicCode.orValue(''))"),
                "not what is expected",
            )],
        );
    }

    #[test]
    fn what_is_wrong_in_a_manifest_is_named() {
        check_changed(
            "place: data.?location.?name",
            "place: dtaa.?location.?name",
            &manifest(
                "/mappings/appeal/fields/place",
                Some("dtaa.?location.?name"),
                "`dtaa` is not known here; known are record, settings, data, user",
            ),
        );
        check_changed(
            "place: data.?location.?name",
            "place: data.?location.(name",
            &manifest(
                "/mappings/appeal/fields/place",
                Some("data.?location.(name"),
                "ERROR: <input>:1:16: Syntax error: no viable alternative at input '.('",
            ),
        );
        check_changed(
            "tolerance_seconds: 300",
            "tolerance_seconds: 0",
            &manifest("/callback/timestamp/tolerance_seconds", None, "0 is less than the minimum of 1"),
        );
        check_changed(
            "ignored: 连通性测试",
            "mapping: appeal\n      ignored: 连通性测试",
            &manifest("/callback/routes/2", None, "exactly one of these is needed: mapping, ignored"),
        );
        check_changed(
            "title: 移动",
            "titel: 移动",
            &[
                (None, "", None, "\"title\" is a required property"),
                (None, "", None, "Additional properties are not allowed ('titel' was unexpected)"),
            ],
        );
        check_changed("concluded: ARCHIVED", "", &manifest("/statuses/to_platform", None, "the status concluded has no word"));
        check_changed(
            "key: webhook_secret",
            "key: hook_secret",
            &manifest("/callback/signature/key", None, "the secret hook_secret is not declared in /secrets"),
        );
    }

    /// A folder added to `adapters/` is tested without a change here.
    #[test]
    fn every_adapter_of_the_repository_passes_its_samples() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters");
        let mut folders: Vec<_> =
            std::fs::read_dir(folder).expect("adapters/").map(|e| e.expect("an entry").path()).filter(|p| p.is_dir()).collect();
        folders.sort();
        assert!(!folders.is_empty());
        for folder in folders {
            let report = check(&folder, false).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
            let findings: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
            assert!(findings.is_empty(), "{}:\n{}", report.adapter, findings.join("\n"));
            assert!(report.samples > 0, "{} has no samples", report.adapter);
            assert!(folder.join("README.md").is_file(), "{} has no README.md", report.adapter);
        }
    }

    /// Bytes lost, doubled or turned: whatever becomes of a sample, it is an answer and not a panic, and no value is printed.
    #[test]
    fn broken_bytes_are_answered() {
        let adapters = Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters");
        let mut state = 7_u64;
        let mut random = move |bound: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).expect("fits") % bound.max(1)
        };
        for folder in std::fs::read_dir(adapters).expect("adapters/").map(|e| e.expect("an entry").path()).filter(|path| path.is_dir()) {
            let adapter = Adapter::load(&folder).expect("an adapter");
            let files = samples::read_folder(&folder).expect("samples");
            let setting = Setting::read(files.get("samples/sample.yaml").map(Vec::as_slice)).expect("a setting");
            for (path, bytes) in files.iter().filter(|(path, _)| path.starts_with("samples/") && *path != "samples/sample.yaml") {
                for _ in 0..20 {
                    let mut bytes = bytes.clone();
                    for _ in 0..=random(4) {
                        let at = random(bytes.len());
                        match random(4) {
                            0 => bytes.truncate(at),
                            1 => bytes[at] = u8::try_from(random(256)).expect("fits"),
                            2 => drop(bytes.drain(at..(at + random(40)).min(bytes.len()))),
                            _ => bytes.extend_from_within(at..),
                        }
                        if bytes.is_empty() {
                            break;
                        }
                    }
                    let ran = Sample { adapter: &adapter, setting: &setting, path, bytes: &bytes }.run();
                    let problems = ran.findings.iter().map(|finding| finding.problem.as_str()).collect::<String>();
                    assert!(!problems.contains("陈立群") && !problems.contains("13900001111"), "{problems}");
                }
            }
        }
    }
}
