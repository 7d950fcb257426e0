//! Parquet files are read as the same rows in CSV are.

use std::{fs::File, path::Path, process::Command, sync::Arc};

use parquet::{
    data_type::{ByteArray, ByteArrayType, Int64Type},
    file::{properties::WriterProperties, writer::SerializedFileWriter},
    schema::parser::parse_message_type,
};

/// Two row groups; columns in an order of their own, one that nobody knows, one with gaps, and times in two kinds.
const SCHEMA: &str = "message rows {
    required int64 submitted_at (TIMESTAMP(MICROS, true));
    optional binary content (UTF8);
    required binary id (UTF8);
    required int64 colour;
    optional binary name (UTF8);
    optional binary id_number (UTF8);
}";
const CSV: &str = "id,name,id_number,submitted_at,content
1,王小明,11010519491231002X,2026-03-01T01:30:00Z,金桂苑旁工地半夜打桩扰民凌晨两点还在打桩噪音太大无法休息
2,王小明,11010519491231002X,2026-03-01T01:30:00Z,金桂苑小区东侧工地每天凌晨两点仍在打桩噪音很大居民无法休息
3,,,2026-03-01T01:30:00Z,宏达纺织厂从去年九月起拖欠六十多名工人工资老板躲着不见
";

fn write(path: &Path) {
    let schema = Arc::new(parse_message_type(SCHEMA).unwrap());
    let mut writer = SerializedFileWriter::new(File::create(path).unwrap(), schema, Arc::new(WriterProperties::builder().build())).unwrap();
    let rows: Vec<Vec<&str>> = CSV.lines().skip(1).map(|line| line.split(',').collect()).collect();
    for group in rows.chunks(2) {
        let mut columns = writer.next_row_group().unwrap();
        let texts = |at: usize| {
            let given: Vec<ByteArray> = group.iter().filter(|row| !row[at].is_empty()).map(|row| ByteArray::from(row[at])).collect();
            let levels: Vec<i16> = group.iter().map(|row| i16::from(!row[at].is_empty())).collect();
            (given, levels)
        };
        for name in ["submitted_at", "content", "id", "colour", "name", "id_number"] {
            let mut column = columns.next_column().unwrap().unwrap();
            match name {
                "submitted_at" | "colour" => {
                    column.typed::<Int64Type>().write_batch(&vec![1_772_328_600_000_000; group.len()], None, None).unwrap();
                }
                text => {
                    let (given, levels) =
                        texts(["id", "name", "id_number", "", "content"].iter().position(|known| *known == text).unwrap());
                    let levels = (text != "id").then_some(&levels[..]);
                    column.typed::<ByteArrayType>().write_batch(&given, levels, None).unwrap();
                }
            }
            column.close().unwrap();
        }
        columns.close().unwrap();
    }
    writer.close().unwrap();
}

fn link(folder: &Path, file: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_onecase")).current_dir(folder).args(["link", "--quiet", file]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn parquet_is_linked_as_csv_is() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rows.csv"), CSV).unwrap();
    write(&folder.path().join("rows.parquet"));
    let links = link(folder.path(), "rows.parquet");
    assert_eq!(links, link(folder.path(), "rows.csv"));
    assert!(links.contains("2,1,1,"), "one person, one matter: {links}");
}

#[test]
fn what_is_no_parquet_or_has_no_column_of_ours_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.parquet");
    std::fs::write(&path, "id,subject\n").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_onecase")).arg("link").arg(&path).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("rows.parquet"));
}
