use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int32Array,
    ListArray, MapArray, StringArray, StructArray, TimestampMillisecondArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Int32Type};

use super::*;

fn batch() -> RecordBatch {
    let list = ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1), None]), None]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("n", Arc::new(Int32Array::from(vec![Some(1), None]))),
        (
            "at",
            Arc::new(TimestampMillisecondArray::from(vec![1_678_752_000_040, 0])),
        ),
        ("l", Arc::new(list)),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn written(format: &str, batches: &[RecordBatch]) -> String {
    let schema = batches
        .first()
        .map_or_else(|| batch().schema(), RecordBatch::schema);
    written_as(format, batches, output_columns(&schema).unwrap())
}

fn written_as(format: &str, batches: &[RecordBatch], columns: Vec<OutputColumn>) -> String {
    let mut out = Vec::new();
    let mut writer = RowWriter::new(&mut out, columns, format.parse().unwrap());
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    writer.finish().unwrap();
    String::from_utf8(out).unwrap()
}

/// One row of a map from `keys` to 0, 1, ….
fn map(keys: ArrayRef) -> RecordBatch {
    let values: ArrayRef = Arc::new(Int32Array::from_iter_values(0..keys.len() as i32));
    let fields = vec![
        Field::new("key", keys.data_type().clone(), false),
        Field::new("value", DataType::Int32, true),
    ];
    let entries = StructArray::new(fields.clone().into(), vec![keys, values], None);
    let entry = Arc::new(Field::new("entries", DataType::Struct(fields.into()), false));
    let offsets = OffsetBuffer::from_lengths([entries.len()]);
    let map: ArrayRef = Arc::new(MapArray::new(entry, offsets, entries, None, false));
    RecordBatch::try_from_iter([("m", map)]).unwrap()
}

#[test]
fn keys_of_maps_are_text_in_json() {
    for (keys, wanted) in [
        (
            Arc::new(Int32Array::from(vec![5, -7])) as ArrayRef,
            r#"{"5":0,"-7":1}"#,
        ),
        (Arc::new(BooleanArray::from(vec![true])), r#"{"true":0}"#),
        (Arc::new(Date32Array::from(vec![19_425])), r#"{"2023-03-09":0}"#),
        (
            Arc::new(
                Decimal128Array::from(vec![1234])
                    .with_precision_and_scale(5, 2)
                    .unwrap(),
            ),
            r#"{"12.34":0}"#,
        ),
        (Arc::new(StringArray::from(vec!["a\"", ""])), r#"{"a\"":0,"":1}"#),
    ] {
        assert_eq!(written("json", &[map(keys)]), format!("{{\"m\":{wanted}}}\n"));
    }
}

#[test]
fn doubles_and_reals_are_spelled_as_java_spells_them() {
    let values = vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.5, 1e16];
    let doubles: ArrayRef = Arc::new(Float64Array::from(values.clone()));
    let reals: ArrayRef = Arc::new(Float32Array::from_iter_values(
        values.iter().map(|value| *value as f32),
    ));
    let batch = RecordBatch::try_from_iter([("d", doubles), ("r", reals)]).unwrap();
    assert_eq!(
        written("json", std::slice::from_ref(&batch)),
        "{\"d\":\"NaN\",\"r\":\"NaN\"}\n{\"d\":\"Infinity\",\"r\":\"Infinity\"}\n\
         {\"d\":\"-Infinity\",\"r\":\"-Infinity\"}\n{\"d\":1.5,\"r\":1.5}\n{\"d\":1e+16,\"r\":1e+16}\n"
    );
    let csv = "NaN,NaN\nInfinity,Infinity\n-Infinity,-Infinity\n1.5,1.5\n1.0E16,1.0E16\n";
    assert_eq!(
        written("csv", std::slice::from_ref(&batch)),
        format!("d,r\n{csv}")
    );
    assert!(written("table", &[batch]).contains("| -Infinity | -Infinity |"));
}

#[test]
fn csv_tells_null_from_the_empty_text() {
    let texts = |texts: Vec<Option<&str>>| -> ArrayRef { Arc::new(StringArray::from(texts)) };
    let one = RecordBatch::try_from_iter([("t", texts(vec![None, Some(""), Some("a,\"b\"")]))]).unwrap();
    assert_eq!(written("csv", &[one]), "t\n\n\"\"\n\"a,\"\"b\"\"\"\n");
    let two = RecordBatch::try_from_iter([("t", texts(vec![None])), ("u", texts(vec![Some("")]))]).unwrap();
    assert_eq!(written("csv", &[two]), "t,u\n,\"\"\n");
}

#[test]
fn csv_has_one_header_and_nested_values_as_text() {
    let row = "1,2023-03-14 00:00:00.040,\"[1, null]\"\n,1970-01-01 00:00:00.000,\n";
    assert_eq!(written("csv", &[batch(), batch()]), format!("n,at,l\n{row}{row}"));
    assert_eq!(written("csv", &[]), "n,at,l\n");
}

#[test]
fn rows_and_maps_are_shown_with_their_names() {
    let fields = vec![
        Field::new("a", DataType::Int32, true),
        Field::new("b", DataType::Binary, true),
    ];
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int32Array::from(vec![1])),
        Arc::new(arrow::array::BinaryArray::from_vec(vec![b"hi"])),
    ];
    let row: ArrayRef = Arc::new(StructArray::new(fields.into(), columns, None));
    let batch = RecordBatch::try_from_iter([("r", row)]).unwrap();
    assert_eq!(
        written("csv", std::slice::from_ref(&batch)),
        "r\n\"{a=1, b=68 69}\"\n"
    );
    let mut columns = output_columns(&batch.schema()).unwrap();
    columns[0].ty = Type::Row(
        [Type::Integer, Type::Varbinary]
            .map(|ty| trino_sql::RowField { name: None, ty })
            .into(),
    );
    assert_eq!(
        written_as("json", &[batch], columns),
        "{\"r\":{\"field0\":1,\"field1\":\"68 69\"}}\n"
    );
    let keys: ArrayRef = Arc::new(StringArray::from(vec!["x", "y"]));
    assert!(written("table", &[map(keys)]).contains("| {x=0, y=1} |"));
}

#[test]
fn json_has_a_line_for_each_row_with_every_column() {
    let lines = "{\"n\":1,\"at\":\"2023-03-14 00:00:00.040\",\"l\":[1,null]}\n\
                 {\"n\":null,\"at\":\"1970-01-01 00:00:00.000\",\"l\":null}\n";
    assert_eq!(written("json", &[batch()]), lines);
    assert_eq!(written("json", &[]), "");
}

#[test]
fn a_table_without_rows_names_its_columns() {
    assert!(written("table", &[]).contains("| n | at | l |"));
    assert!(written("table", &[batch()]).contains("| 1 | 2023-03-14 00:00:00.040 | [1, null] |"));
}

#[test]
fn knows_three_formats() {
    assert!("xml".parse::<OutputFormat>().is_err());
}
