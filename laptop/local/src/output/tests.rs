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
    let mut writer = RowWriter::new(&mut out, columns, format.parse().unwrap()).unwrap();
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
    let rows = written("table", &[batch()]);
    assert_eq!(
        rows,
        "+------+-------------------------+-----------+\n\
         |    n | at                      | l         |\n\
         +------+-------------------------+-----------+\n\
         |    1 | 2023-03-14 00:00:00.040 | [1, null] |\n\
         | NULL | 1970-01-01 00:00:00.000 | NULL      |\n\
         +------+-------------------------+-----------+\n"
    );
}

#[test]
fn every_format_has_a_name_and_no_other_has() {
    for name in OutputFormat::NAMES.replace(" or ", ", ").split(", ") {
        assert!(name.trim().parse::<OutputFormat>().is_ok(), "{name}");
    }
    let error = "xml".parse::<OutputFormat>().unwrap_err().to_string();
    assert!(error.contains("markdown") && error.contains("xml"), "{error}");
}

/// NULL, the empty text, and texts that a format has to escape.
fn texts() -> RecordBatch {
    let texts = vec![None, Some(""), Some("a|b\tc\nd\\"), Some("NULL"), Some("\\N")];
    RecordBatch::try_from_iter([
        ("t", Arc::new(StringArray::from(texts)) as ArrayRef),
        ("n", Arc::new(Int32Array::from_iter_values(1..=5))),
    ])
    .unwrap()
}

#[test]
fn null_and_the_empty_text_differ_in_every_format() {
    for (format, wanted) in [
        (
            "csv-header",
            "t,n\n,1\n\"\",2\n\"a|b\tc\nd\\\",3\nNULL,4\n\\N,5\n",
        ),
        ("csv-no-header", ",1\n\"\",2\n\"a|b\tc\nd\\\",3\nNULL,4\n\\N,5\n"),
        (
            "tsv",
            "t\tn\n\\N\t1\n\t2\na|b\\tc\\nd\\\\\t3\nNULL\t4\n\\\\N\t5\n",
        ),
        (
            "json-array",
            "[\n{\"t\":null,\"n\":1},\n{\"t\":\"\",\"n\":2},\n{\"t\":\"a|b\\tc\\nd\\\\\",\"n\":3},\n\
             {\"t\":\"NULL\",\"n\":4},\n{\"t\":\"\\\\N\",\"n\":5}\n]\n",
        ),
        (
            "markdown",
            "| t | n |\n| --- | --: |\n| NULL | 1 |\n|  | 2 |\n| a\\|b c<br>d\\\\ | 3 |\n| NULL | 4 |\n| \\\\N | 5 |\n",
        ),
        (
            "vertical",
            "-[ RECORD 1 ]\nt | NULL\nn | 1\n-[ RECORD 2 ]\nt | \nn | 2\n-[ RECORD 3 ]\nt | a|b\\tc\\nd\\\nn | 3\n\
             -[ RECORD 4 ]\nt | NULL\nn | 4\n-[ RECORD 5 ]\nt | \\N\nn | 5\n",
        ),
    ] {
        assert_eq!(written(format, &[texts()]), wanted, "{format}");
    }
    assert_eq!(written("json-array", &[]), "[]\n");
}

fn written_with(options: OutputOptions, batches: &[RecordBatch]) -> String {
    let mut out = Vec::new();
    let columns = output_columns(&batches[0].schema()).unwrap();
    let mut writer = RowWriter::with_options(&mut out, columns, options).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    writer.finish().unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_text_of_null_that_is_chosen_is_told_from_the_same_text_in_csv() {
    let options = |format: &str| OutputOptions {
        format: format.parse().unwrap(),
        null: Some("NULL".to_owned()),
        ..OutputOptions::default()
    };
    let csv = written_with(options("csv-no-header"), &[texts()]);
    assert_eq!(csv, "NULL,1\n\"\",2\n\"a|b\tc\nd\\\",3\n\"NULL\",4\n\\N,5\n");
    let tsv = written_with(options("tsv-no-header"), &[texts()]);
    assert!(tsv.starts_with("NULL\t1\n\t2\n"), "{tsv}");
}

#[test]
fn a_table_on_a_terminal_is_cut_to_it_and_counts_what_it_leaves_out() {
    let text = "x".repeat(100);
    let numbers: ArrayRef = Arc::new(Int32Array::from_iter_values(0..150));
    let texts: ArrayRef = Arc::new(StringArray::from_iter_values((0..150).map(|_| &text)));
    let batch = RecordBatch::try_from_iter([("n", numbers), ("t", texts)]).unwrap();
    for format in [OutputFormat::Table, OutputFormat::Vertical] {
        let options = OutputOptions {
            format,
            width: Some(40),
            rows: Some(2),
            ..OutputOptions::default()
        };
        let many: Vec<_> = (0..10).map(|_| batch.clone()).collect();
        let shown = written_with(options, &many);
        assert!(shown.ends_with("… 1,498 more rows\n"), "{shown}");
        if format == OutputFormat::Table {
            let row = format!("| 1 | {}… |", "x".repeat(31));
            assert_eq!(row.chars().count(), 40);
            assert!(shown.contains(&row), "{shown}");
            assert!(shown.lines().all(|line| line.chars().count() <= 40), "{shown}");
        }
    }
}

#[test]
fn a_long_table_is_written_before_its_end_and_keeps_every_cell() {
    let long = "x".repeat(50);
    let text = |at: usize| if at == 0 { long.as_str() } else { "x" };
    let batch =
        |texts: StringArray| RecordBatch::try_from_iter([("t", Arc::new(texts) as ArrayRef)]).unwrap();
    let short = batch(StringArray::from_iter_values((0..6_000).map(|_| "x")));
    let late = batch(StringArray::from_iter_values((0..6_000).map(text)));
    let mut out = Vec::new();
    let columns = output_columns(&short.schema()).unwrap();
    let mut writer = TextWriter::new(&mut out, columns, OutputOptions::default());
    writer.write(&short).unwrap();
    assert!(writer.out.is_empty(), "the widths are not known");
    writer.write(&short).unwrap();
    assert!(writer.out.len() > 12_000 * 5, "the first rows decide");
    writer.write(&late).unwrap();
    writer.finish().unwrap();
    let shown = String::from_utf8(out).unwrap();
    assert!(
        shown.contains(&format!("| {long} |\n| x |\n")),
        "nothing is cut off"
    );
    assert_eq!(shown.lines().count(), 18_000 + 4);
}
