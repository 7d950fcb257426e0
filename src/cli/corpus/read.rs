//! Reads CSV and NDJSON tolerantly: a field that does not parse is no evidence, is counted, and never drops a row.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDate, NaiveDateTime};

use super::CorpusError;
use crate::matching::{Person, Record, resident_id};

/// The columns of the flat form, in the order of [`FlatRow`]'s fields. `place` and `respondent` may be added.
pub(super) const COLUMNS: [&str; 18] = [
    "id",
    "platform",
    "channel",
    "submitted_at",
    "account",
    "name",
    "id_number",
    "phone",
    "birth_date",
    "address",
    "division",
    "category",
    "subject",
    "content",
    "longitude",
    "latitude",
    "place",
    "respondent",
];
/// Columns of which a file has at least one.
pub(super) const ID: usize = 0;
pub(super) const SUBJECT: usize = 12;
pub(super) const CONTENT: usize = 13;
const MAX_LINE_BYTES: u64 = 4 << 20;
/// Naive times are China Standard Time.
const DEFAULT_OFFSET_SECONDS: i64 = 8 * 3600;

/// One row, its fields as text; absent fields are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FlatRow {
    /// All fields, in the order they were set.
    text: String,
    /// Where in the text each field is.
    fields: [Range<usize>; COLUMNS.len()],
}

macro_rules! fields {
    ($($name:ident $at:literal),* $(,)?) => { $(
        pub fn $name(&self) -> &str {
            &self.text[self.fields[$at].clone()]
        }
    )* };
}

impl FlatRow {
    fields! {
        id 0, platform 1, channel 2, submitted_at 3, account 4, name 5, id_number 6, phone 7, birth_date 8, address 9,
        division 10, category 11, subject 12, content 13, longitude 14, latitude 15, place 16, respondent 17,
    }

    /// Sets the field of a column; `false` if there is no such column.
    pub fn set(&mut self, column: &str, value: &str) -> bool {
        match COLUMNS.iter().position(|c| *c == column) {
            Some(at) => {
                self.put(at, value);
                true
            }
            None => false,
        }
    }

    /// Sets the field of the column at a place in [`COLUMNS`].
    pub(super) fn put(&mut self, column: usize, value: &str) {
        let start = self.text.len();
        self.text.push_str(value.trim());
        self.fields[column] = start..self.text.len();
    }

    /// The row as a record, counting in `problems` what did not parse.
    pub fn record(&self, problems: &mut Problems) -> Record<'_> {
        let given = |s| Some(s).filter(|s: &&str| !s.is_empty());
        let submitted_at = given(self.submitted_at()).and_then(|raw| problems.check("submitted_at", time(raw)));
        let number = |raw: &str| raw.parse::<f64>().ok().filter(|v| v.is_finite());
        let point = match (given(self.longitude()), given(self.latitude())) {
            (Some(lon), Some(lat)) => problems.check("point", number(lon).zip(number(lat))),
            _ => None,
        };
        if let Some(resident_id::IdNumber::Unverified(_)) = given(self.id_number()).and_then(resident_id::parse) {
            problems.count("id_number");
        }
        let person = Person {
            name: given(self.name()),
            id_number: given(self.id_number()),
            phone: given(self.phone()),
            birth_date: given(self.birth_date()),
            address: given(self.address()),
            account: given(self.account()),
            ..Person::default()
        };
        let named = [person.name, person.id_number, person.phone, person.account].iter().any(Option::is_some);
        Record {
            platform: self.platform(),
            channel: given(self.channel()),
            submitted_at,
            anonymous: !named,
            persons: vec![person],
            subject: self.subject(),
            content: self.content(),
            division: given(self.division()),
            place: given(self.place()),
            point,
            category: given(self.category()),
            respondent: given(self.respondent()),
        }
    }
}

/// How often each field did not parse or check.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems(BTreeMap<&'static str, u64>);

impl Problems {
    fn count(&mut self, field: &'static str) {
        *self.0.entry(field).or_default() += 1;
    }

    fn check<T>(&mut self, field: &'static str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.count(field);
        }
        value
    }

    pub fn add(&mut self, other: &Self) {
        for (field, count) in &other.0 {
            *self.0.entry(field).or_default() += count;
        }
    }

    /// Field to number of rows, ascending by field.
    pub const fn counts(&self) -> &BTreeMap<&'static str, u64> {
        &self.0
    }
}

/// Unix seconds of a time in the forms found in files; without an offset, China Standard Time.
pub fn time(raw: &str) -> Option<i64> {
    if let Ok(at) = DateTime::parse_from_rfc3339(raw) {
        return Some(at.timestamp());
    }
    let naive = |format| NaiveDateTime::parse_from_str(raw, format).ok();
    let formats = [
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%dT%H:%M:%S",
        "%Y/%m/%d %H:%M:%S",
        "%Y-%m-%d %H:%M",
        "%Y/%m/%d %H:%M",
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M:%S%.f",
    ];
    let days = ["%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%Y年%m月%d日"];
    let at = formats
        .into_iter()
        .find_map(naive)
        .or_else(|| days.into_iter().find_map(|f| NaiveDate::parse_from_str(raw, f).ok()).and_then(|d| d.and_hms_opt(12, 0, 0)));
    at.map(|at| at.and_utc().timestamp() - DEFAULT_OFFSET_SECONDS)
}

/// A file of rows, read as a stream. NDJSON by the endings `.ndjson`, `.jsonl` and `.json`, Parquet by `.parquet`, else CSV.
pub struct RowReader {
    path: PathBuf,
    source: Source,
    counted: std::sync::Arc<std::sync::atomic::AtomicU64>,
    malformed: u64,
    /// An object with a column of ours was there; NDJSON has no header to tell.
    recognised: bool,
}

enum Source {
    Csv {
        reader: Box<csv::Reader<Counted>>,
        columns: Vec<Option<usize>>,
        record: csv::ByteRecord,
    },
    Ndjson(Box<BufReader<Counted>>),
    #[cfg(feature = "parquet")]
    Parquet(Box<super::parquet::ParquetRows>),
}

struct Counted {
    file: File,
    bytes: std::sync::Arc<std::sync::atomic::AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.bytes.fetch_add(read as u64, std::sync::atomic::Ordering::Relaxed);
        Ok(read)
    }
}

impl RowReader {
    pub fn open(path: &Path) -> Result<Self, CorpusError> {
        let failed = |source| CorpusError::File { path: path.to_owned(), source };
        let bytes = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
        if extension == "parquet" {
            return Self::open_parquet(path, bytes);
        }
        let file = Counted { file: File::open(path).map_err(failed)?, bytes: bytes.clone() };
        let source = if matches!(extension.as_str(), "ndjson" | "jsonl" | "json") {
            Source::Ndjson(Box::new(BufReader::with_capacity(1 << 18, file)))
        } else {
            let mut reader = csv::ReaderBuilder::new().flexible(true).buffer_capacity(1 << 18).from_reader(file);
            let headers = reader.byte_headers().map_err(|source| CorpusError::Csv { path: path.to_owned(), source })?;
            let columns: Vec<Option<usize>> = headers.iter().map(column).collect();
            if !columns.iter().flatten().any(|at| matches!(*at, ID | SUBJECT | CONTENT)) {
                return Err(CorpusError::Columns { path: path.to_owned() });
            }
            Source::Csv { reader: Box::new(reader), columns, record: csv::ByteRecord::new() }
        };
        Ok(Self { path: path.to_owned(), source, counted: bytes, malformed: 0, recognised: false })
    }

    #[cfg(feature = "parquet")]
    fn open_parquet(path: &Path, counted: std::sync::Arc<std::sync::atomic::AtomicU64>) -> Result<Self, CorpusError> {
        let source = Source::Parquet(Box::new(super::parquet::ParquetRows::open(path)?));
        Ok(Self { path: path.to_owned(), source, counted, malformed: 0, recognised: true })
    }

    #[cfg(not(feature = "parquet"))]
    fn open_parquet(path: &Path, _: std::sync::Arc<std::sync::atomic::AtomicU64>) -> Result<Self, CorpusError> {
        Err(CorpusError::NoParquet { path: path.to_owned() })
    }

    /// Bytes read so far, for progress.
    pub fn bytes_read(&self) -> u64 {
        #[cfg(feature = "parquet")]
        if let Source::Parquet(rows) = &self.source {
            return rows.bytes_read();
        }
        self.counted.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Lines so far that were no row at all; each still yields a row, empty but for what could be read.
    pub const fn malformed(&self) -> u64 {
        self.malformed
    }

    /// The next row, or `None` at the end.
    pub fn next_row(&mut self) -> Result<Option<FlatRow>, CorpusError> {
        match &mut self.source {
            #[cfg(feature = "parquet")]
            Source::Parquet(rows) => rows.next_row(),
            Source::Csv { reader, columns, record } => {
                let failed = |source| CorpusError::Csv { path: self.path.clone(), source };
                if !reader.read_byte_record(record).map_err(failed)? {
                    return Ok(None);
                }
                let mut row = FlatRow { text: String::with_capacity(record.as_slice().len()), ..FlatRow::default() };
                for (at, value) in columns.iter().zip(record.iter()) {
                    if let Some(at) = at {
                        row.put(*at, &text(value));
                    }
                }
                Ok(Some(row))
            }
            Source::Ndjson(reader) => {
                let failed = |source| CorpusError::File { path: self.path.clone(), source };
                loop {
                    let mut line = Vec::new();
                    if reader.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut line).map_err(failed)? == 0 {
                        return Ok(None);
                    }
                    let line = text(&line);
                    if line.trim().is_empty() {
                        continue;
                    }
                    let Some((row, recognised)) = json_row(&line) else {
                        self.malformed += 1;
                        return Ok(Some(FlatRow::default()));
                    };
                    self.recognised |= recognised;
                    // Rows without evidence would all be cases of their own, which looks like a result.
                    if !self.recognised {
                        return Err(CorpusError::Columns { path: self.path.clone() });
                    }
                    return Ok(Some(row));
                }
            }
        }
    }
}

/// The row, and whether it has a column that says which record it is or what it is about.
fn json_row(line: &str) -> Option<(FlatRow, bool)> {
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).ok()?;
    let mut row = FlatRow::default();
    for (name, value) in &object {
        match value {
            serde_json::Value::String(text) => row.set(name, text),
            serde_json::Value::Null => true,
            other => row.set(name, &other.to_string()),
        };
    }
    Some((row, ["id", "subject", "content"].iter().any(|name| object.contains_key(*name))))
}

/// The place in [`COLUMNS`] of a column by its header.
pub(super) fn column(header: &[u8]) -> Option<usize> {
    let name = text(header);
    let name = name.trim().trim_start_matches('\u{feff}').to_ascii_lowercase();
    COLUMNS.iter().position(|c| *c == name)
}

fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (raw, want) in [
            ("2026-03-01T09:30:00+08:00", Some(1_772_328_600)),
            ("2026-03-01 09:30:00", Some(1_772_328_600)),
            ("2026/3/1 9:30", Some(1_772_328_600)),
            ("yesterday", None),
        ] {
            assert_eq!(time(raw), want, "{raw}");
        }
    }

    #[test]
    fn a_file_in_other_words_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("rows.jsonl");
        let read = |text: &str| {
            std::fs::write(&path, text).expect("written");
            let mut reader = RowReader::open(&path)?;
            let mut rows = 0;
            while reader.next_row()?.is_some() {
                rows += 1;
            }
            Ok::<_, CorpusError>(rows)
        };
        assert!(matches!(read("{\"编号\":1}\n{\"编号\":2}\n"), Err(CorpusError::Columns { .. })));
        assert_eq!(read("not JSON\n{\"id\":1}\n{\"编号\":2}\n").expect("rows"), 3);
    }

    #[test]
    fn dirty_fields_are_counted_and_keep_the_row() {
        let mut row = FlatRow::default();
        for (column, value) in [
            ("id", "7"),
            ("submitted_at", "soon"),
            ("longitude", "x"),
            ("latitude", "1"),
            ("id_number", "110105194912310021"),
            ("subject", "噪音"),
        ] {
            assert!(row.set(column, value));
        }
        assert!(!row.set("colour", "red"));
        let mut problems = Problems::default();
        let record = row.record(&mut problems);
        assert_eq!((record.subject, record.submitted_at, record.point), ("噪音", None, None));
        assert_eq!(problems.counts().keys().copied().collect::<Vec<_>>(), ["id_number", "point", "submitted_at"]);
    }
}
