//! Workbooks (XLSX): one sheet's rows as texts, read whole under limits.
//!
//! A workbook is a ZIP archive of XML. Before anything reads it, every entry is unpacked once into nothing, up to a limit, so
//! that a small file cannot become a large one in memory; cells are then read one by one, so that two cells far apart do not
//! make the rows between them.

use std::io::{Cursor, Read};

use calamine::{DataRef, Reader, Xlsx};

use super::error::FileError;

/// Bytes a workbook may have.
pub(super) const MAX_WORKBOOK: usize = 32 << 20;
/// Bytes its parts may have together, unpacked.
const MAX_UNPACKED: u64 = 256 << 20;
/// Parts of the archive.
const MAX_PARTS: usize = 2_000;
/// Rows with something in them.
const MAX_ROWS: usize = 200_000;
/// Columns; later ones are an error, as a record has no such member.
const MAX_COLUMNS: usize = 500;
/// Bytes of all texts.
const MAX_TEXT: usize = 256 << 20;

/// A row that has something in it, and its number, counted from 1 as spreadsheets do.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub number: u32,
    pub cells: Vec<String>,
}

fn broken(why: impl Into<String>) -> FileError {
    FileError::Workbook(why.into())
}

/// The rows of the sheet of this name, or of the first.
pub(super) fn rows(bytes: &[u8], sheet: Option<&str>) -> Result<Vec<Row>, FileError> {
    check_size(bytes, MAX_UNPACKED)?;
    let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|_| broken("it is not an XLSX workbook"))?;
    let name = match sheet {
        Some(name) => name.to_owned(),
        None => workbook.sheet_names().into_iter().next().ok_or_else(|| broken("it has no sheet"))?,
    };
    let mut cells = workbook.worksheet_cells_reader(&name).map_err(|_| broken(format!("it has no sheet {name}")))?;
    let (mut rows, mut text) = (Vec::<Row>::new(), 0_usize);
    while let Some(cell) = cells.next_cell().map_err(|_| broken(format!("the sheet {name} is damaged")))? {
        let (row, column) = cell.get_position();
        let value = written(cell.get_value());
        if value.is_empty() {
            continue;
        }
        let column = usize::try_from(column).ok().filter(|column| *column < MAX_COLUMNS);
        let column = column.ok_or_else(|| broken(format!("it has more than {MAX_COLUMNS} columns")))?;
        text += value.len();
        let number = row.saturating_add(1);
        match rows.last() {
            Some(last) if last.number == number => {}
            Some(last) if last.number > number => return Err(broken("its rows are not in order")),
            _ => rows.push(Row { number, cells: Vec::new() }),
        }
        if rows.len() > MAX_ROWS || text > MAX_TEXT {
            return Err(FileError::TooLarge);
        }
        if let Some(row) = rows.last_mut() {
            row.cells.resize(row.cells.len().max(column + 1), String::new());
            row.cells[column] = value;
        }
    }
    Ok(rows)
}

fn check_size(bytes: &[u8], mut room: u64) -> Result<(), FileError> {
    if bytes.len() > MAX_WORKBOOK {
        return Err(FileError::TooLarge);
    }
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_| broken("it is not an XLSX workbook"))?;
    if archive.len() > MAX_PARTS {
        return Err(FileError::TooLarge);
    }
    for at in 0..archive.len() {
        let part = archive.by_index(at).map_err(|_| broken("a part of it cannot be unpacked"))?;
        let unpacked = std::io::copy(&mut part.take(room + 1), &mut std::io::sink()).map_err(|_| broken("a part of it is damaged"))?;
        room = room.checked_sub(unpacked).ok_or(FileError::TooLarge)?;
    }
    Ok(())
}

/// As a person reads it: whole numbers without a point, times as `2026-03-01 09:30:00`.
fn written(value: &DataRef) -> String {
    match value {
        DataRef::Empty | DataRef::Error(_) => String::new(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::Bool(truth) => truth.to_string(),
        DataRef::String(text) => text.trim().to_owned(),
        DataRef::SharedString(text) => text.trim().to_owned(),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::DateTime(at) if at.is_duration() => at.as_f64().to_string(),
        DataRef::DateTime(at) => {
            let (year, month, day, hour, minute, second, milli) = at.to_ymd_hms_milli();
            // A serial number of days cannot hold every second exactly.
            let second = u32::from(second) + u32::from(milli >= 500);
            let time = chrono::NaiveDate::from_ymd_opt(year.into(), month.into(), day.into())
                .and_then(|day| day.and_hms_opt(hour.into(), minute.into(), 0))
                .map(|at| at + chrono::TimeDelta::seconds(second.into()));
            time.map(|at| at.format("%Y-%m-%d %H:%M:%S").to_string()).unwrap_or_default()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::*;

    fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in parts {
            writer.start_file(*name, SimpleFileOptions::default()).expect("a part");
            writer.write_all(content).expect("written");
        }
        writer.finish().expect("an archive").into_inner()
    }

    /// A workbook of one sheet with these rows.
    fn workbook(rows: &str) -> Vec<u8> {
        let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
        let relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
        let book = format!(
            "<workbook xmlns=\"{main}\" xmlns:r=\"{relations}\"><sheets><sheet name=\"S\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"
        );
        let links = format!(
            "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"r1\" Type=\"{relations}/worksheet\" Target=\"worksheets/s.xml\"/></Relationships>"
        );
        let sheet = format!("<worksheet xmlns=\"{main}\"><sheetData>{rows}</sheetData></worksheet>");
        archive(&[
            ("xl/workbook.xml", book.as_bytes()),
            ("xl/_rels/workbook.xml.rels", links.as_bytes()),
            ("xl/worksheets/s.xml", sheet.as_bytes()),
        ])
    }

    fn check(bytes: &[u8], sheet: Option<&str>, expected: Result<&[(u32, &[&str])], &str>) {
        let found = rows(bytes, sheet).map_err(|error| error.to_string());
        let expected = expected.map(|rows| {
            let row = |(number, cells): &(u32, &[&str])| Row { number: *number, cells: cells.iter().map(|c| (*c).to_owned()).collect() };
            rows.iter().map(row).collect::<Vec<_>>()
        });
        assert_eq!(found, expected.map_err(str::to_owned));
    }

    #[test]
    fn rows_are_read_under_limits() {
        let text = |at: &str, text: &str| format!("<c r=\"{at}\" t=\"inlineStr\"><is><t>{text}</t></is></c>");
        let good =
            workbook(&format!("<row r=\"2\">{}<c r=\"C2\"><v>12</v></c></row><row r=\"9\">{}</row>", text("A2", " x "), text("B9", "y")));
        check(&good, None, Ok(&[(2, &["x", "", "12"]), (9, &["", "y"])]));
        check(&good, Some("T"), Err("the workbook cannot be read: it has no sheet T"));
        check(b"PK", None, Err("the workbook cannot be read: it is not an XLSX workbook"));
        check(&archive(&[("a", b"b")]), None, Err("the workbook cannot be read: it is not an XLSX workbook"));
        // Two cells far apart are two cells, not the seventeen thousand million between them.
        let far = workbook(&format!("<row r=\"1\">{}</row><row r=\"1048576\">{}</row>", text("A1", "a"), text("A1048576", "z")));
        check(&far, None, Ok(&[(1, &["a"]), (1_048_576, &["z"])]));
        let wide = workbook(&format!("<row r=\"1\">{}</row>", text("XFD1", "a")));
        check(&wide, None, Err("the workbook cannot be read: it has more than 500 columns"));
    }

    #[test]
    fn what_unpacks_to_too_much_is_refused() {
        let bomb = archive(&[("a", &vec![b' '; 8 << 20]), ("b", &vec![b' '; 8 << 20])]);
        assert!(bomb.len() < 100_000);
        assert!(check_size(&bomb, 16 << 20).is_ok());
        assert!(matches!(check_size(&bomb, (16 << 20) - 1), Err(FileError::TooLarge)));
    }
}
