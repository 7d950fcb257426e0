//! Parquet files, a row group at a time.

use std::{fs::File, sync::Arc};

use parquet::{
    basic::Compression,
    data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type},
    errors::ParquetError,
    file::{
        properties::WriterProperties,
        writer::{SerializedColumnWriter, SerializedFileWriter, SerializedRowGroupWriter},
    },
    schema::parser::parse_message_type,
};

use super::table::{Cell, Column, Kind, TableError};

/// Rows kept in memory before they are written as one group.
const GROUP: usize = 16_384;

pub struct Parquet {
    columns: &'static [Column],
    writer: SerializedFileWriter<File>,
    /// Rows of the group that is not written yet.
    rows: Vec<Vec<Cell>>,
}

impl Parquet {
    pub fn new(columns: &'static [Column], file: File) -> Result<Self, TableError> {
        let field = |(name, kind): &Column| match kind {
            Kind::Text => format!("optional binary {name} (UTF8);"),
            Kind::Integer => format!("optional int64 {name};"),
            Kind::Number => format!("optional double {name};"),
            Kind::Flag => format!("optional boolean {name};"),
            Kind::Time => format!("optional int64 {name} (TIMESTAMP(MILLIS,true));"),
        };
        let schema = format!("message row {{ {} }}", columns.iter().map(field).collect::<String>());
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let writer = SerializedFileWriter::new(file, Arc::new(parse_message_type(&schema)?), Arc::new(properties))?;
        Ok(Self { columns, writer, rows: Vec::new() })
    }

    pub fn row(&mut self, cells: &[Cell]) -> Result<(), TableError> {
        self.rows.push(cells.to_vec());
        if self.rows.len() >= GROUP {
            self.group()?;
        }
        Ok(())
    }

    pub fn finish(mut self) -> Result<(), TableError> {
        self.group()?;
        self.writer.close()?;
        Ok(())
    }

    fn group(&mut self) -> Result<(), TableError> {
        let rows = std::mem::take(&mut self.rows);
        if rows.is_empty() {
            return Ok(());
        }
        let mut group = self.writer.next_row_group()?;
        for (at, (_, kind)) in self.columns.iter().enumerate() {
            let cells = rows.iter().map(|row| row.get(at).unwrap_or(&Cell::Empty));
            match kind {
                Kind::Text => column::<ByteArrayType>(&mut group, cells, |cell| match cell {
                    Cell::Text(text) => Some(ByteArray::from(text.as_str())),
                    _ => None,
                }),
                Kind::Integer => column::<Int64Type>(&mut group, cells, |cell| match cell {
                    Cell::Integer(number) => Some(*number),
                    _ => None,
                }),
                Kind::Time => column::<Int64Type>(&mut group, cells, |cell| match cell {
                    Cell::Time(time) => Some(time.timestamp_millis()),
                    _ => None,
                }),
                Kind::Number => column::<DoubleType>(&mut group, cells, |cell| match cell {
                    Cell::Number(number) => Some(*number),
                    _ => None,
                }),
                Kind::Flag => column::<BoolType>(&mut group, cells, |cell| match cell {
                    Cell::Flag(flag) => Some(*flag),
                    _ => None,
                }),
            }?;
        }
        group.close()?;
        Ok(())
    }
}

/// Writes the next column of a group: a level of 1 for each cell that has a value, and the values.
fn column<'c, T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, File>,
    cells: impl Iterator<Item = &'c Cell>,
    value: impl Fn(&Cell) -> Option<T::T>,
) -> Result<(), ParquetError> {
    let values: Vec<Option<T::T>> = cells.map(value).collect();
    let levels: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
    let values: Vec<T::T> = values.into_iter().flatten().collect();
    let missing = || ParquetError::General("a column is missing".to_owned());
    let mut writer: SerializedColumnWriter<'_> = group.next_column()?.ok_or_else(missing)?;
    writer.typed::<T>().write_batch(&values, Some(&levels), None)?;
    writer.close()
}
