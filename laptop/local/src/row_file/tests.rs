use std::fs::File;
use std::io::Write;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, Decimal128Array, Int64Array, RecordBatch, TimestampMicrosecondArray,
};
use arrow_avro::writer::AvroWriter;
use parquet::arrow::ArrowWriter;

use super::*;

fn file(name: &str, bytes: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    File::create(&path).unwrap().write_all(bytes).unwrap();
    (folder, path)
}

fn rows(name: &str, bytes: &[u8]) -> Vec<Result<String, String>> {
    let (_folder, path) = file(name, bytes);
    match RowFile::open(&path, None) {
        Ok(rows) => rows
            .map(|row| {
                row.map(|row| String::from_utf8(row.json).unwrap())
                    .map_err(|error| error.to_string().replace(&path.display().to_string(), name))
            })
            .collect(),
        Err(error) => vec![Err(error.to_string().replace(&path.display().to_string(), name))],
    }
}

fn batch() -> RecordBatch {
    let columns: Vec<(&str, ArrayRef)> = vec![
        (
            "id",
            Arc::new(Int64Array::from(vec![Some(9_007_199_254_740_993), None])),
        ),
        (
            "price",
            Arc::new(
                Decimal128Array::from(vec![Some(110), Some(-5)])
                    .with_precision_and_scale(10, 2)
                    .unwrap(),
            ),
        ),
        (
            "at",
            Arc::new(TimestampMicrosecondArray::from(vec![1_678_752_000_000_040, 0])),
        ),
        ("raw", Arc::new(BinaryArray::from(vec![&b"\x00\xff"[..], b""]))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

/// Rows of `batch`, with all digits and uniform times.
const WANTED: [&str; 2] = [
    r#"{"id":9007199254740993,"price":1.10,"at":"2023-03-14 00:00:00.000040","raw":"00ff"}"#,
    r#"{"id":null,"price":-0.05,"at":"1970-01-01 00:00:00.000000","raw":""}"#,
];

fn plain(rows: Vec<Result<String, String>>) -> Vec<String> {
    rows.into_iter().map(Result::unwrap).collect()
}

#[test]
fn json_lines_are_sent_as_they_are() {
    assert_eq!(
        plain(rows("a.jsonl", b" {\"a\": 1.0} \r\n\n[2]\n\"x\"")),
        ["{\"a\": 1.0}", "[2]", "\"x\""]
    );
}

#[test]
fn a_line_that_is_no_json_is_named() {
    let found = rows("a.jsonl", b"{}\n\n{\"a\": }\n");
    assert_eq!(found[0], Ok("{}".to_owned()));
    assert_eq!(found[1], Err("a.jsonl line 3: not JSON at column 7".to_owned()));
}

#[test]
fn parquet_keeps_all_digits() {
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch().schema(), None).unwrap();
    writer.write(&batch()).unwrap();
    writer.close().unwrap();
    assert_eq!(plain(rows("a.parquet", &bytes)), WANTED);
    let (_folder, path) = file("a.parquet", &bytes);
    let rows = RowFile::open(&path, None).unwrap();
    let extent = rows.extent();
    assert_eq!(rows.count(), 2);
    assert_eq!((extent.total, extent.read()), (Some(2), 2));
}

#[test]
fn avro_keeps_all_digits() {
    let mut bytes = Vec::new();
    let batch = batch();
    let mut writer = AvroWriter::new(&mut bytes, batch.schema().as_ref().clone()).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    drop(writer);
    let found = plain(rows("a.avro", &bytes));
    assert_eq!(found, WANTED);
}

#[test]
fn a_file_that_is_not_what_its_name_says_is_an_error() {
    for name in ["a.parquet", "a.avro"] {
        let found = rows(name, b"{}\n");
        assert!(
            matches!(&found[..], [Err(error)] if error.starts_with(name)),
            "{found:?}"
        );
    }
    let found = rows("a.xlsx", b"");
    assert!(
        matches!(&found[..], [Err(error)] if error.contains("--format")),
        "{found:?}"
    );
}

#[test]
fn reading_is_counted_in_bytes() {
    let (_folder, path) = file("a.csv", b"a\n1\n2\n");
    let rows = RowFile::open(&path, Some(FileFormat::Csv)).unwrap();
    let extent = rows.extent();
    assert_eq!((extent.total, extent.read()), (Some(6), 0));
    assert_eq!(rows.count(), 2);
    assert_eq!(extent.read(), 6);
}
