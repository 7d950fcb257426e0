//! Rows as files: what a cell is, and the four forms it is written in. Each writer keeps a bounded part in memory.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize, Serializer as _};
use utoipa::ToSchema;

use super::xlsx::Xlsx;
use crate::domain::calendar::ZONE;

/// The form of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// RFC 4180, UTF-8; texts that a spreadsheet would take for formulas begin with an apostrophe.
    Csv,
    /// Office Open XML; times are dates in Beijing.
    Xlsx,
    /// One JSON object a line.
    Ndjson,
    /// Apache Parquet, compressed with Snappy.
    Parquet,
}

impl Format {
    /// Those this program was built with.
    pub const ALL: &'static [Self] = if cfg!(feature = "parquet") {
        &[Self::Csv, Self::Xlsx, Self::Ndjson, Self::Parquet]
    } else {
        &[Self::Csv, Self::Xlsx, Self::Ndjson]
    };

    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Ndjson => "application/x-ndjson",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }

    /// The ending of a file's name.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Ndjson => "ndjson",
            Self::Parquet => "parquet",
        }
    }

    /// Most rows a file of this form can have below its head.
    pub const fn max_rows(self) -> u64 {
        match self {
            Self::Xlsx => 1_048_575,
            Self::Csv | Self::Ndjson | Self::Parquet => u64::MAX,
        }
    }
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Integer,
    Number,
    Flag,
    Time,
}

/// A column: its name, which is that of the member in the API, and what it holds.
pub type Column = (&'static str, Kind);

/// One value of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Empty,
    Text(String),
    Integer(i64),
    Number(f64),
    Flag(bool),
    Time(DateTime<Utc>),
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<f64> for Cell {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<u64> for Cell {
    fn from(number: u64) -> Self {
        Self::Integer(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<bool> for Cell {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<DateTime<Utc>> for Cell {
    fn from(time: DateTime<Utc>) -> Self {
        Self::Time(time)
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}

/// A time as texts have it: RFC 3339 in Beijing.
fn time(at: &DateTime<Utc>) -> String {
    at.with_timezone(&ZONE).to_rfc3339_opts(SecondsFormat::Secs, false)
}

/// Why a file could not be written.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    #[error("the file cannot be written")]
    Io(#[from] io::Error),
    #[error("a line of CSV cannot be written")]
    Csv(#[from] csv::Error),
    #[error("a line of JSON cannot be written")]
    Json(#[from] serde_json::Error),
    #[error("the spreadsheet cannot be written")]
    Xlsx(#[from] Box<rust_xlsxwriter::XlsxError>),
    #[cfg(feature = "parquet")]
    #[error("the Parquet file cannot be written")]
    Parquet(#[from] parquet::errors::ParquetError),
    #[error("this program was built without {0:?}")]
    NotBuilt(Format),
}

/// A file being written.
pub enum Writer {
    Csv(Box<csv::Writer<BufWriter<File>>>),
    Xlsx(Box<Xlsx>),
    Ndjson(&'static [Column], BufWriter<File>),
    #[cfg(feature = "parquet")]
    Parquet(Box<super::parquet::Parquet>),
}

impl Writer {
    /// Writes the head. `bom` marks CSV as UTF-8 for spreadsheets that would guess otherwise.
    pub fn new(format: Format, columns: &'static [Column], mut file: File, bom: bool) -> Result<Self, TableError> {
        Ok(match format {
            Format::Csv => {
                if bom {
                    file.write_all("\u{feff}".as_bytes())?;
                }
                let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(BufWriter::new(file));
                writer.write_record(columns.iter().map(|(name, _)| name))?;
                Self::Csv(Box::new(writer))
            }
            Format::Xlsx => Self::Xlsx(Box::new(Xlsx::new(columns, file)?)),
            Format::Ndjson => Self::Ndjson(columns, BufWriter::new(file)),
            #[cfg(feature = "parquet")]
            Format::Parquet => Self::Parquet(Box::new(super::parquet::Parquet::new(columns, file)?)),
            #[cfg(not(feature = "parquet"))]
            Format::Parquet => return Err(TableError::NotBuilt(format)),
        })
    }

    /// Writes a row of as many cells as there are columns.
    pub fn row(&mut self, cells: &[Cell]) -> Result<(), TableError> {
        match self {
            Self::Csv(writer) => writer.write_record(cells.iter().map(in_csv))?,
            Self::Xlsx(writer) => writer.row(cells)?,
            Self::Ndjson(columns, writer) => {
                // A map would sort its members.
                let members = columns.iter().zip(cells).map(|((name, _), cell)| (name, in_json(cell)));
                (&mut serde_json::Serializer::new(&mut *writer)).collect_map(members)?;
                writer.write_all(b"\n")?;
            }
            #[cfg(feature = "parquet")]
            Self::Parquet(writer) => writer.row(cells)?,
        }
        Ok(())
    }

    /// Writes what is left.
    pub fn finish(self) -> Result<(), TableError> {
        match self {
            Self::Csv(mut writer) => writer.flush()?,
            Self::Xlsx(writer) => writer.finish()?,
            Self::Ndjson(_, mut writer) => writer.flush()?,
            #[cfg(feature = "parquet")]
            Self::Parquet(writer) => writer.finish()?,
        }
        Ok(())
    }
}

/// Spreadsheets compute what begins so; an apostrophe makes it text again.
fn guarded(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']) { format!("'{text}") } else { text.to_owned() }
}

fn in_csv(cell: &Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => guarded(text),
        Cell::Integer(number) => number.to_string(),
        Cell::Number(number) => number.to_string(),
        Cell::Flag(flag) => flag.to_string(),
        Cell::Time(at) => time(at),
    }
}

fn in_json(cell: &Cell) -> serde_json::Value {
    match cell {
        Cell::Empty => serde_json::Value::Null,
        Cell::Text(text) => text.as_str().into(),
        Cell::Integer(number) => (*number).into(),
        Cell::Number(number) => (*number).into(),
        Cell::Flag(flag) => (*flag).into(),
        Cell::Time(at) => time(at).into(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek};

    use super::*;

    const COLUMNS: &[Column] =
        &[("name", Kind::Text), ("count", Kind::Integer), ("share", Kind::Number), ("extended", Kind::Flag), ("at", Kind::Time)];

    fn written(format: Format, bom: bool) -> Vec<u8> {
        let mut file = tempfile::tempfile().expect("a file");
        let mut writer = Writer::new(format, COLUMNS, file.try_clone().expect("a handle"), bom).expect("a head");
        let at = DateTime::UNIX_EPOCH;
        for name in ["=1+1", "a,\"b\"\n", "芙蓉区"] {
            writer.row(&[name.into(), 3_u64.into(), (-0.5).into(), true.into(), at.into()]).expect("a row");
        }
        writer.row(&[Cell::Empty, Cell::Empty, Cell::Empty, Cell::Empty, Cell::Empty]).expect("a row");
        writer.finish().expect("an end");
        let mut bytes = Vec::new();
        file.rewind().expect("a beginning");
        file.read_to_end(&mut bytes).expect("bytes");
        bytes
    }

    #[test]
    fn csv_is_safe_in_a_spreadsheet() {
        let text = String::from_utf8(written(Format::Csv, true)).expect("UTF-8");
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert_eq!(lines[0], "\u{feff}name,count,share,extended,at");
        assert_eq!(lines[1], "'=1+1,3,-0.5,true,1970-01-01T08:00:00+08:00");
        assert_eq!(lines[2], "\"a,\"\"b\"\"\n\",3,-0.5,true,1970-01-01T08:00:00+08:00");
        assert_eq!(lines[4], ",,,,");
        assert!(!written(Format::Csv, false).starts_with("\u{feff}".as_bytes()));
    }

    #[test]
    fn json_has_a_line_a_row() {
        let text = String::from_utf8(written(Format::Ndjson, false)).expect("UTF-8");
        let rows: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(rows[0]["name"], "=1+1");
        assert_eq!((rows.len(), &rows[3]["at"]), (4, &serde_json::Value::Null));
    }

    #[test]
    fn a_spreadsheet_is_read_as_it_was_written() {
        use calamine::{Reader, Xlsx, open_workbook_from_rs};
        let mut book: Xlsx<_> = open_workbook_from_rs(io::Cursor::new(written(Format::Xlsx, false))).expect("a workbook");
        let sheet = book.worksheet_range_at(0).expect("a sheet").expect("readable");
        assert_eq!(sheet.get_value((1, 0)).map(ToString::to_string).as_deref(), Some("=1+1"));
        assert_eq!(sheet.get_value((3, 0)).map(ToString::to_string).as_deref(), Some("芙蓉区"));
        assert_eq!(sheet.get_value((1, 1)).map(ToString::to_string).as_deref(), Some("3"));
    }

    #[cfg(feature = "parquet")]
    #[test]
    fn parquet_is_read_as_it_was_written() {
        use parquet::file::reader::{FileReader, SerializedFileReader};
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(&written(Format::Parquet, false)).expect("written");
        let reader = SerializedFileReader::new(file).expect("a reader");
        let rows: Vec<String> = reader.get_row_iter(None).expect("rows").map(|row| row.expect("a row").to_string()).collect();
        assert_eq!(rows.len(), 4);
        assert_eq!(rows[2], "{name: \"芙蓉区\", count: 3, share: -5E-1, extended: true, at: 1970-01-01 00:00:00.000 +00:00}");
        assert!(rows[3].starts_with("{name: null, count: null"), "{}", rows[3]);
    }
}
