//! Spreadsheets, row by row: what is written goes to a temporary file.

use std::fs::File;

use chrono::NaiveDateTime;
use rust_xlsxwriter::{Format, Workbook, XlsxError};

use super::table::{Cell, Column, Kind, TableError};
use crate::domain::calendar::ZONE;

/// Most characters a cell can hold.
const MAX_TEXT: usize = 32_767;
/// Day 0 of a sheet's dates, in days before 1970.
const DAYS_BEFORE_EPOCH: f64 = 25_569.0;
const SECONDS_A_DAY: f64 = 86_400.0;
/// Widths of columns, characters.
const WIDTHS: [(Kind, f64); 5] = [(Kind::Text, 24.0), (Kind::Integer, 12.0), (Kind::Number, 12.0), (Kind::Flag, 9.0), (Kind::Time, 20.0)];

/// A workbook of one sheet.
pub struct Xlsx {
    workbook: Workbook,
    file: File,
    /// The next row to write.
    row: u32,
    time: Format,
}

impl Xlsx {
    pub fn new(columns: &[Column], file: File) -> Result<Self, TableError> {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet_with_constant_memory().map_err(failed)?;
        let head = Format::new().set_bold();
        let mut begin = || {
            sheet.set_freeze_panes(1, 0)?;
            for (at, (name, kind)) in (0_u16..).zip(columns) {
                let width = WIDTHS.iter().find(|(of, _)| of == kind).map_or(12.0, |(_, width)| *width);
                sheet.set_column_width(at, width)?;
                sheet.write_string_with_format(0, at, *name, &head)?;
            }
            Ok(())
        };
        begin().map_err(failed)?;
        Ok(Self { workbook, file, row: 1, time: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss") })
    }

    pub fn row(&mut self, cells: &[Cell]) -> Result<(), TableError> {
        let sheet = self.workbook.worksheet_from_index(0).map_err(failed)?;
        for (at, cell) in (0_u16..).zip(cells) {
            match cell {
                Cell::Empty => continue,
                Cell::Text(text) => sheet.write_string(self.row, at, text.chars().take(MAX_TEXT).collect::<String>()),
                // Sheets count in binary fractions of 53 bits, as many as any count here needs.
                #[allow(clippy::cast_precision_loss, reason = "counts are far below 2⁵³")]
                Cell::Integer(number) => sheet.write_number(self.row, at, *number as f64),
                Cell::Number(number) => sheet.write_number(self.row, at, *number),
                Cell::Flag(flag) => sheet.write_boolean(self.row, at, *flag),
                Cell::Time(time) => {
                    sheet.write_number_with_format(self.row, at, serial(time.with_timezone(&ZONE).naive_local()), &self.time)
                }
            }
            .map_err(failed)?;
        }
        self.row += 1;
        Ok(())
    }

    pub fn finish(mut self) -> Result<(), TableError> {
        self.workbook.save_to_writer(&mut self.file).map_err(failed)
    }
}

fn failed(error: XlsxError) -> TableError {
    TableError::Xlsx(Box::new(error))
}

/// A local time as sheets count it: days since the end of 1899.
#[allow(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2⁵³")]
fn serial(local: NaiveDateTime) -> f64 {
    local.and_utc().timestamp() as f64 / SECONDS_A_DAY + DAYS_BEFORE_EPOCH
}
