//! Parquet files as flat rows (<https://parquet.apache.org/docs/file-format/>): a row group at a time, and of it only the columns
//! that are known. Codecs: none, Snappy, gzip.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate};
use parquet::basic::{LogicalType, TimeUnit};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, reader::RowIter};
use parquet::schema::types::{SchemaDescriptor, Type};

use super::read::column;
use super::{CorpusError, FlatRow};

/// The rows of one file.
pub struct ParquetRows {
    path: PathBuf,
    rows: RowIter<'static>,
    /// Which column of ours each projected one is, and what its numbers mean.
    columns: Vec<Target>,
    bytes: u64,
    total: u64,
    read: u64,
}

/// What the integers of a column of timestamps are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Timestamps {
    per_second: i64,
    /// Whether they are in UTC, or a clock's on some wall.
    utc: bool,
}

impl ParquetRows {
    pub fn open(path: &Path) -> Result<Self, CorpusError> {
        let failed = |source| CorpusError::File { path: path.to_owned(), source };
        let unreadable = |source: ParquetError| CorpusError::Parquet { path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        let bytes = file.metadata().map_err(failed)?.len();
        let reader = SerializedFileReader::new(file).map_err(unreadable)?;
        let metadata = reader.metadata().file_metadata();
        let total = u64::try_from(metadata.num_rows()).unwrap_or_default();
        let (fields, columns) = known(metadata.schema_descr());
        if !columns.iter().any(|(at, _)| matches!(*at, super::read::ID | super::read::SUBJECT | super::read::CONTENT)) {
            return Err(CorpusError::Columns { path: path.to_owned() });
        }
        let wanted = Type::group_type_builder(metadata.schema().name()).with_fields(fields).build().map_err(unreadable)?;
        let rows = RowIter::from_file_into(Box::new(reader)).project(Some(wanted)).map_err(unreadable)?;
        Ok(Self { path: path.to_owned(), rows, columns, bytes, total, read: 0 })
    }

    /// For progress: as much of the file as of its rows.
    pub fn bytes_read(&self) -> u64 {
        let share = self.read as f64 / self.total.max(1) as f64;
        (self.bytes as f64 * share) as u64
    }

    pub fn next_row(&mut self) -> Result<Option<FlatRow>, CorpusError> {
        let Some(row) = self.rows.next() else { return Ok(None) };
        let row = row.map_err(|source| CorpusError::Parquet { path: self.path.clone(), source })?;
        self.read += 1;
        let mut flat = FlatRow::default();
        for ((_, field), (at, timestamps)) in row.get_column_iter().zip(&self.columns) {
            if let Some(text) = text(field, *timestamps) {
                flat.put(*at, &text);
            }
        }
        Ok(Some(flat))
    }
}

/// The place of a column of a file in a flat row, and how its times are written, if it holds any.
type Target = (usize, Option<Timestamps>);

/// The top-level columns that are ours, in the order of the file.
fn known(schema: &SchemaDescriptor) -> (Vec<Arc<Type>>, Vec<Target>) {
    let fields = schema.root_schema().get_fields();
    let ours = fields.iter().filter(|field| field.is_primitive());
    let ours = ours.filter_map(|field| Some((Arc::clone(field), (column(field.name().as_bytes())?, timestamps(field)))));
    ours.unzip()
}

fn timestamps(field: &Type) -> Option<Timestamps> {
    let Some(LogicalType::Timestamp(timestamp)) = field.get_basic_info().logical_type_ref() else { return None };
    let per_second = match timestamp.unit {
        TimeUnit::MILLIS => 1_000,
        TimeUnit::MICROS => 1_000_000,
        TimeUnit::NANOS => 1_000_000_000,
    };
    Some(Timestamps { per_second, utc: timestamp.is_adjusted_to_u_t_c })
}

/// A value as the text that a CSV file would have; `None` if there is none, or it is none of the kinds a column has.
fn text(field: &Field, timestamps: Option<Timestamps>) -> Option<String> {
    let moment = |value: i64, kind: Timestamps| {
        let at = DateTime::from_timestamp(value.div_euclid(kind.per_second), 0)?;
        Some(if kind.utc { at.to_rfc3339() } else { at.format("%Y-%m-%d %H:%M:%S").to_string() })
    };
    match field {
        Field::Str(text) => Some(text.clone()),
        Field::Bytes(bytes) => Some(String::from_utf8_lossy(bytes.data()).into_owned()),
        Field::Long(value) if timestamps.is_some() => moment(*value, timestamps?),
        Field::TimestampMillis(value) => moment(*value, timestamps.unwrap_or(Timestamps { per_second: 1_000, utc: true })),
        Field::TimestampMicros(value) => moment(*value, timestamps.unwrap_or(Timestamps { per_second: 1_000_000, utc: true })),
        Field::Date(days) => {
            let epoch = NaiveDate::default();
            let since = Days::new(u64::from(days.unsigned_abs()));
            let date = if *days < 0 { epoch.checked_sub_days(since) } else { epoch.checked_add_days(since) };
            date.map(|date| date.to_string())
        }
        Field::Null | Field::Group(_) | Field::ListInternal(_) | Field::MapInternal(_) => None,
        number => Some(number.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_in_csv() {
        let micros = |utc| Some(Timestamps { per_second: 1_000_000, utc });
        for (field, timestamps, expected) in [
            (Field::Str("路灯".into()), None, Some("路灯")),
            (Field::Long(430_102), None, Some("430102")),
            (Field::Double(113.5), None, Some("113.5")),
            (Field::Date(20_513), None, Some("2026-03-01")),
            (Field::Date(-1), None, Some("1969-12-31")),
            (Field::TimestampMicros(1_772_328_600_000_000), micros(true), Some("2026-03-01T01:30:00+00:00")),
            (Field::TimestampMicros(1_772_328_600_000_000), micros(false), Some("2026-03-01 01:30:00")),
            (
                Field::Long(1_772_328_600_000_000_000),
                Some(Timestamps { per_second: 1_000_000_000, utc: true }),
                Some("2026-03-01T01:30:00+00:00"),
            ),
            (Field::Null, None, None),
        ] {
            assert_eq!(text(&field, timestamps).as_deref(), expected, "{field:?}");
        }
    }
}
