//! Files a platform drops, read record by record.

use std::{
    cell::Cell,
    io::{BufRead, Read},
    rc::Rc,
};

use serde_json::{Map, Value as Json};

use super::{
    charset::{self, Charset},
    error::{FileError, ManifestFault, Problem},
    manifest::{FileFormat, FileManifest},
    mapping::{Core, MAX_RECORD, Mapped, Mapping, UnmappedRecord},
    pull,
    workbook::{self, MAX_WORKBOOK, Row},
};

/// A kind of file the adapter takes.
pub(super) struct FileKind {
    pattern: String,
    format: FileFormat,
    charset: Charset,
    delimiter: u8,
    sheet: Option<String>,
    header_row: u32,
    /// Index into the adapter's mappings.
    pub mapping: usize,
}

impl FileKind {
    pub fn compile(manifest: &FileManifest, pointer: &str, mapping: usize) -> Result<Self, ManifestFault> {
        let charset = pull::charset(manifest.charset.as_deref(), pointer)?.unwrap_or(Charset::UTF_8);
        let delimiter = u8::try_from(manifest.delimiter).ok().filter(|byte| byte.is_ascii() && charset.keeps_apart(*byte));
        let delimiter = delimiter.ok_or_else(|| {
            ManifestFault::new(format!("{pointer}/delimiter"), format!("this may be a part of a character in {}", charset.name()))
        })?;
        Ok(Self {
            pattern: manifest.pattern.clone(),
            format: manifest.format,
            charset,
            delimiter,
            sheet: manifest.sheet.clone(),
            header_row: manifest.header_row,
            mapping,
        })
    }

    pub fn takes(&self, file_name: &str) -> bool {
        matches(&self.pattern, file_name)
    }

    pub fn open<'a, R: BufRead + 'a>(&self, core: &'a Core, mapping: &'a Mapping, mut reader: R) -> Result<FileRecords<'a, R>, FileError> {
        let source = match self.format {
            FileFormat::Ndjson => Source::Lines { charset: self.marked(&mut reader)?, reader, buffer: Vec::new(), line: 0 },
            FileFormat::Csv => csv_source(self.marked(&mut reader)?, reader, self.delimiter)?,
            FileFormat::Xlsx => self.workbook(reader)?,
        };
        Ok(FileRecords { core, mapping, source, ended: false })
    }

    /// A byte order mark is passed over and outweighs what the manifest says.
    fn marked<R: BufRead>(&self, reader: &mut R) -> Result<Charset, FileError> {
        let start = reader.fill_buf()?;
        let (marked, rest) = charset::mark(start).map_err(|problem| FileError::Header(problem.to_string()))?;
        let length = start.len() - rest.len();
        reader.consume(length);
        Ok(marked.unwrap_or(self.charset))
    }

    fn workbook<R: BufRead>(&self, reader: R) -> Result<Source<R>, FileError> {
        let mut bytes = Vec::new();
        reader.take(u64::try_from(MAX_WORKBOOK + 1).unwrap_or(u64::MAX)).read_to_end(&mut bytes)?;
        let named_in = self.header_row;
        let mut rows = workbook::rows(&bytes, self.sheet.as_deref())?.into_iter().skip_while(move |row| row.number < named_in);
        let header = rows.next().filter(|row| row.number == named_in);
        let header = header.ok_or_else(|| FileError::Header(format!("row {named_in} is empty")))?.cells;
        distinct(&header)?;
        Ok(Source::Rows { header, rows: Box::new(rows) })
    }
}

fn distinct(header: &[String]) -> Result<(), FileError> {
    let mut seen = std::collections::HashSet::new();
    match header.iter().find(|name| !name.is_empty() && !seen.insert(name.as_str())) {
        Some(twice) => Err(FileError::Header(format!("the column {twice} is there twice"))),
        None => Ok(()),
    }
}

/// `*` stands for any characters, in any case of letters.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_lowercase(), name.to_lowercase());
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// The records of a file, in order. Blank lines are passed over.
pub struct FileRecords<'a, R: BufRead> {
    core: &'a Core,
    mapping: &'a Mapping,
    source: Source<R>,
    ended: bool,
}

enum Source<R: BufRead> {
    Lines { charset: Charset, reader: R, buffer: Vec<u8>, line: u64 },
    Csv { charset: Charset, reader: Box<csv::Reader<Metered<R>>>, header: Vec<String>, budget: Rc<Cell<usize>>, row: u64 },
    Rows { header: Vec<String>, rows: Box<dyn Iterator<Item = Row>> },
}

impl<R: BufRead> Iterator for FileRecords<'_, R> {
    /// An error of the outer kind ends the file; an unmapped record does not.
    type Item = Result<Mapped, std::io::Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let record = match &mut self.source {
            Source::Lines { charset, reader, buffer, line } => next_line(*charset, reader, buffer, line),
            Source::Csv { charset, reader, header, budget, row } => next_row(*charset, reader, header, budget, row),
            Source::Rows { header, rows } => rows.next().map_or(Next::End, |row| of_row(header, row)),
        };
        match record {
            Next::End => {
                self.ended = true;
                None
            }
            Next::Failed(error) => {
                self.ended = true;
                Some(Err(error))
            }
            Next::Record(json) => Some(Ok(self.mapping.map(self.core, &json))),
            Next::Bad { raw, problem, last } => {
                self.ended = last;
                let error = self.core.problem(&format!("mapping {}", self.mapping.name), problem);
                Some(Ok(Err(Box::new(UnmappedRecord { source_ref: None, mapping: Some(self.mapping.name.clone()), raw, error }))))
            }
        }
    }
}

enum Next {
    Record(Json),
    Bad { raw: Vec<u8>, problem: Problem, last: bool },
    Failed(std::io::Error),
    End,
}

fn next_line<R: BufRead>(charset: Charset, reader: &mut R, buffer: &mut Vec<u8>, line: &mut u64) -> Next {
    loop {
        buffer.clear();
        *line += 1;
        let limit = u64::try_from(MAX_RECORD + 1).unwrap_or(u64::MAX);
        match reader.by_ref().take(limit).read_until(b'\n', buffer) {
            Ok(0) => return Next::End,
            Ok(_) => {}
            Err(error) => return Next::Failed(error),
        }
        if buffer.len() > MAX_RECORD && !buffer.ends_with(b"\n") {
            let raw = std::mem::take(buffer);
            return match skip_line(reader) {
                Ok(()) => Next::Bad { raw, problem: Problem::RecordTooLarge { limit: MAX_RECORD }, last: false },
                Err(error) => Next::Failed(error),
            };
        }
        let bytes = buffer.trim_ascii();
        if bytes.is_empty() {
            continue;
        }
        let bad = |problem: Problem| Next::Bad { raw: bytes.to_vec(), problem, last: false };
        return match charset.text(bytes).map(|text| serde_json::from_str(&text)) {
            Ok(Ok(record)) => Next::Record(record),
            Ok(Err(error)) => bad(Problem::Unreadable(format!("line {line} is not JSON, column {}", error.column()))),
            Err(problem) => bad(problem),
        };
    }
}

fn skip_line<R: BufRead>(reader: &mut R) -> std::io::Result<()> {
    loop {
        let available = reader.fill_buf()?;
        if available.is_empty() {
            return Ok(());
        }
        match available.iter().position(|byte| *byte == b'\n') {
            Some(at) => {
                reader.consume(at + 1);
                return Ok(());
            }
            None => {
                let length = available.len();
                reader.consume(length);
            }
        }
    }
}

/// Stops a record that never ends, such as one with a quote that is never closed.
struct Metered<R> {
    inner: R,
    budget: Rc<Cell<usize>>,
}

/// The CSV reader takes the file in pieces of this size, so a record may be charged for one piece of its successor.
const CSV_BUFFER: usize = 8 << 10;

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.budget.get() == 0 {
            return Err(std::io::Error::new(std::io::ErrorKind::FileTooLarge, "a record is too large"));
        }
        let room = out.len().min(self.budget.get());
        let read = self.inner.read(&mut out[..room])?;
        self.budget.set(self.budget.get() - read);
        Ok(read)
    }
}

fn csv_source<R: BufRead>(charset: Charset, reader: R, delimiter: u8) -> Result<Source<R>, FileError> {
    let budget = Rc::new(Cell::new(MAX_RECORD + CSV_BUFFER));
    let metered = Metered { inner: reader, budget: Rc::clone(&budget) };
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).buffer_capacity(CSV_BUFFER).from_reader(metered);
    let header = reader.byte_headers().map_err(|error| FileError::Header(csv_problem(&error)))?;
    let names: Result<Vec<String>, Problem> = header.iter().map(|name| Ok(charset.text(name)?.trim().to_owned())).collect();
    let header = names.map_err(|problem| FileError::Header(problem.to_string()))?;
    distinct(&header)?;
    Ok(Source::Csv { charset, reader: Box::new(reader), header, budget, row: 1 })
}

/// Rows are counted, not lines: the header is row 1, and a quoted line break does not begin a new one.
fn next_row<R: BufRead>(
    charset: Charset,
    reader: &mut csv::Reader<Metered<R>>,
    header: &[String],
    budget: &Rc<Cell<usize>>,
    row: &mut u64,
) -> Next {
    budget.set(MAX_RECORD + CSV_BUFFER);
    let mut fields = csv::ByteRecord::new();
    *row += 1;
    match reader.read_byte_record(&mut fields) {
        Ok(false) => return Next::End,
        Ok(true) => {}
        Err(error) => {
            return match error.into_kind() {
                csv::ErrorKind::Io(error) if error.kind() == std::io::ErrorKind::FileTooLarge => {
                    Next::Bad { raw: Vec::new(), problem: Problem::RecordTooLarge { limit: MAX_RECORD }, last: true }
                }
                csv::ErrorKind::Io(error) => Next::Failed(error),
                _ => Next::Bad { raw: Vec::new(), problem: Problem::Unreadable(format!("row {row} is not CSV")), last: false },
            };
        }
    }
    let bad = |problem: Problem| Next::Bad { raw: fields.as_slice().to_vec(), problem, last: false };
    if fields.len() != header.len() {
        return bad(Problem::Unreadable(format!("row {row} has {} fields where the header has {}", fields.len(), header.len())));
    }
    let mut record = Map::new();
    for (name, value) in header.iter().zip(&fields) {
        match charset.text(value) {
            Ok(value) => record.insert(name.clone(), Json::String(value.into_owned())),
            Err(problem) => return bad(problem),
        };
    }
    Next::Record(Json::Object(record))
}

/// Cells after the header's last are remarks at the margin and are left out; those that are not there are blank.
fn of_row(header: &[String], row: Row) -> Next {
    let cells = row.cells.into_iter().chain(std::iter::repeat(String::new()));
    let members = header.iter().cloned().zip(cells).filter(|(name, _)| !name.is_empty());
    Next::Record(Json::Object(members.map(|(name, value)| (name, Json::String(value))).collect()))
}

fn csv_problem(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Io(error) if error.kind() == std::io::ErrorKind::FileTooLarge => "it is too long".to_owned(),
        csv::ErrorKind::Io(_) => "the file cannot be read".to_owned(),
        _ => "it is not CSV".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_patterns() {
        for (pattern, name, fits) in [
            ("*.csv", "2026-03.CSV", true),
            ("*.csv", "a.csv.part", false),
            ("xinfang-*-*.ndjson", "xinfang-43-1.ndjson", true),
            ("xinfang-*.ndjson", "xinfang.ndjson", false),
            ("messages.jsonl", "messages.jsonl", true),
            ("messages.jsonl", "messages.jsonl.1", false),
            ("a*a", "a", false),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }
}
