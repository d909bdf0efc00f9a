use std::io::Write;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Date64Type, Field, Float32Type, Float64Type, Int32Type, Int64Type};
use arrow::util::display::array_value_to_string;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::decode::ValueErrors;
use crate::decode::json::testing::{Sample, json_value, key, sample};
use crate::decode::testing::{ValueDecoder, column, hinted};
use crate::table::Encoding;

mod nested;
mod paths;

fn decoder(columns: Vec<Field>) -> ValueDecoder {
    ValueDecoder::new(Encoding::Json, columns)
}

/// Decoder with the one column `v` of key `v`.
fn single(data_type: DataType) -> ValueDecoder {
    decoder(vec![column("v", "v", data_type)])
}

/// Value of a record in the column `v`: its text, or `None` for NULL; and the number of misfits.
fn read(data_type: DataType, record: &[u8]) -> (Option<String>, u64) {
    let mut decoder = single(data_type);
    decoder.decode(record).unwrap();
    let errors = decoder.value_errors().first().map_or(0, |errors| errors.values);
    let batch = decoder.flush();
    assert_eq!(batch.num_rows(), 1);
    let array = batch.column(0);
    (
        array
            .is_valid(0)
            .then(|| array_value_to_string(array, 0).unwrap()),
        errors,
    )
}

fn text(record: &str) -> Option<String> {
    read(DataType::Utf8, record.as_bytes()).0
}

fn reason(record: &[u8]) -> String {
    let mut decoder = single(DataType::Utf8);
    let RowError::Bad(bad) = decoder.decode(record).unwrap_err() else {
        panic!("the record is at fault")
    };
    assert_eq!((decoder.rows(), bad.column), (0, None));
    bad.reason
}

/// Each line: type, JSON of the value, value of the column (`None` is NULL), and whether it counts as a
/// misfit.
#[test]
fn follows_the_table_of_rules() {
    use DataType::{
        Binary, Boolean, Date32, Date64, Decimal128, Float32, Float64, Int8, Int16, Int32, Int64, Utf8,
    };
    const FITS: u64 = 0;
    const COUNTED: u64 = 1;
    for (data_type, value, shown, errors) in [
        (Utf8, r#"null"#, None, FITS),
        (Utf8, r#""text""#, Some("text"), FITS),
        (Utf8, r#""""#, Some(""), FITS),
        (Utf8, r#""null""#, Some("null"), FITS),
        (Utf8, r#"5"#, Some("5"), FITS),
        (Utf8, r#"1.10"#, Some("1.10"), FITS),
        (Utf8, r#"1e10"#, Some("1e10"), FITS),
        (
            Utf8,
            r#"123456789012345678901234567890"#,
            Some("123456789012345678901234567890"),
            FITS,
        ),
        (Utf8, r#"true"#, Some("true"), FITS),
        (Utf8, r#"false"#, Some("false"), FITS),
        (Utf8, r#"[1, {"a" :null}]"#, Some(r#"[1, {"a" :null}]"#), FITS),
        (Utf8, r#"{ "b":"\u00e9" }"#, Some(r#"{ "b":"\u00e9" }"#), FITS),
        (Utf8, r#"[]"#, Some("[]"), FITS),
        (Int32, r#"null"#, None, FITS),
        (Int32, r#"5"#, Some("5"), FITS),
        (Int32, r#"-5"#, Some("-5"), FITS),
        (Int32, r#""5""#, Some("5"), FITS),
        (Int32, r#""+5""#, Some("5"), FITS),
        (Int32, r#"" 7 ""#, None, COUNTED),
        (Int32, r#""""#, None, COUNTED),
        (Int32, r#""abc""#, None, COUNTED),
        (Int32, r#"1.0"#, None, COUNTED),
        (Int32, r#"1e3"#, None, COUNTED),
        (Int32, r#"1.5"#, None, COUNTED),
        (Int32, r#"2147483647"#, Some("2147483647"), FITS),
        (Int32, r#"2147483648"#, None, COUNTED),
        (Int32, r#"true"#, None, COUNTED),
        (Int32, r#"[5]"#, None, COUNTED),
        (Int32, r#"{"v":5}"#, None, COUNTED),
        (Int8, r#"127"#, Some("127"), FITS),
        (Int8, r#"128"#, None, COUNTED),
        (Int16, r#"-32768"#, Some("-32768"), FITS),
        (Int16, r#"-32769"#, None, COUNTED),
        (Int64, r#"9223372036854775807"#, Some("9223372036854775807"), FITS),
        (Int64, r#"9223372036854775808"#, None, COUNTED),
        (Float64, r#"1.5"#, Some("1.5"), FITS),
        (Float64, r#"1e3"#, Some("1000.0"), FITS),
        (Float64, r#"5"#, Some("5.0"), FITS),
        (Float64, r#"" 2 ""#, Some("2.0"), FITS),
        (Float64, r#""NaN""#, Some("NaN"), FITS),
        (Float64, r#""-Infinity""#, Some("-inf"), FITS),
        (Float64, r#""1.5f""#, Some("1.5"), FITS),
        (Float64, r#""0x1p3""#, None, COUNTED),
        (Float64, r#""""#, None, COUNTED),
        (Float64, r#"true"#, None, COUNTED),
        (Float64, r#"{}"#, None, COUNTED),
        (Float32, r#"0.1"#, Some("0.1"), FITS),
        (Float32, r#"1e300"#, Some("inf"), FITS),
        (Boolean, r#"true"#, Some("true"), FITS),
        (Boolean, r#"false"#, Some("false"), FITS),
        (Boolean, r#""TRUE""#, Some("true"), FITS),
        (Boolean, r#""yes""#, Some("false"), FITS),
        (Boolean, r#"1"#, Some("false"), FITS),
        (Boolean, r#"null"#, None, FITS),
        (Boolean, r#"[]"#, None, COUNTED),
        (Date32, r#""2023-03-09""#, Some("2023-03-09"), FITS),
        (Date32, r#""soon""#, None, COUNTED),
        (Date32, r#"{}"#, None, COUNTED),
        (
            Date64,
            r#""2023-03-09 21:05:00.073""#,
            Some("2023-03-09T21:05:00.073"),
            FITS,
        ),
        (Date64, r#""""#, None, COUNTED),
        (Date64, r#"true"#, None, COUNTED),
        (Decimal128(4, 2), r#"12.10"#, Some("12.10"), FITS),
        (Decimal128(4, 2), r#""-0.105""#, Some("-0.11"), FITS),
        (Decimal128(4, 2), r#"100"#, None, COUNTED),
        (Decimal128(4, 2), r#"true"#, None, COUNTED),
        (
            Decimal128(38, 1),
            r#"1234567890123456789012345678901234567.8"#,
            Some("1234567890123456789012345678901234567.8"),
            FITS,
        ),
        (Binary, r#""AP8=""#, Some("00ff"), FITS),
        (Binary, r#""""#, Some(""), FITS),
        (Binary, r#""AP8""#, None, COUNTED),
        (Binary, r#"0"#, None, COUNTED),
    ] {
        let record = format!(r#"{{"v":{value}}}"#);
        let wanted = (shown.map(str::to_owned), errors);
        assert_eq!(
            read(data_type.clone(), record.as_bytes()),
            wanted,
            "{value} as {data_type}"
        );
    }
}

#[test]
fn reads_numbers_through_a_date_format() {
    let mut decoder = decoder(vec![hinted("v", "v", DataType::Date64, "epoch_millis")]);
    decoder.decode(br#"{"v": 1678395900073}"#).unwrap();
    assert_eq!(
        decoder.flush().column(0).as_primitive::<Date64Type>().value(0),
        1_678_395_900_073
    );
}

#[test]
fn a_missing_key_is_null_and_no_misfit() {
    for data_type in [
        DataType::Utf8,
        DataType::Boolean,
        DataType::Int64,
        DataType::Date32,
    ] {
        assert_eq!(read(data_type, br#"{"w":1}"#), (None, 0));
    }
    assert_eq!(text("{}"), None);
}

#[test]
fn the_last_of_a_key_given_twice_wins() {
    assert_eq!(text(r#"{"v":1,"v":2}"#).as_deref(), Some("2"));
    assert_eq!(text(r#"{"v":1,"v":null}"#), None);
    assert_eq!(text(r#"{"v":"a","\u0076":"b"}"#).as_deref(), Some("b"));
}

#[test]
fn keys_with_escapes_are_compared_unescaped() {
    let mut decoder = decoder(vec![column("v", "na\"m\u{e9}", DataType::Utf8)]);
    decoder.decode(br#"{"na\"m\u00e9":1}"#).unwrap();
    assert_eq!(decoder.flush().column(0).as_string::<i32>().value(0), "1");
}

#[test]
fn several_columns_may_read_one_key() {
    let columns = vec![
        column("text", "v", DataType::Utf8),
        column("other", "w", DataType::Utf8),
        column("number", "v", DataType::Int32),
    ];
    let mut decoder = decoder(columns);
    decoder.decode(br#"{"v":"5","w":"6"}"#).unwrap();
    let batch = decoder.flush();
    assert_eq!(batch.column(0).as_string::<i32>().value(0), "5");
    assert_eq!(batch.column(1).as_string::<i32>().value(0), "6");
    assert_eq!(batch.column(2).as_primitive::<Int32Type>().value(0), 5);
}

#[test]
fn undoes_every_escape() {
    for (json, wanted) in [
        (r#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
        (r#""\u0041\u00e9\u20AC""#, "A\u{e9}\u{20ac}"),
        (r#""\ud83d\ude00!""#, "\u{1f600}!"),
        (r#""\ud800""#, "\u{fffd}"),
        (r#""\ude00x""#, "\u{fffd}x"),
        (r#""\ud800\ud83d\ude00""#, "\u{fffd}\u{1f600}"),
        (r#""\ud800\u0041""#, "\u{fffd}A"),
        (r#""\ud800\n""#, "\u{fffd}\n"),
        (
            r#""[{\"product_id\": 1, \"quantity\": 2}]""#,
            r#"[{"product_id": 1, "quantity": 2}]"#,
        ),
        (r#""\u0000""#, "\0"),
    ] {
        assert_eq!(
            text(&format!(r#"{{"v":{json}}}"#)).as_deref(),
            Some(wanted),
            "{json}"
        );
    }
}

#[test]
fn an_odd_key_that_no_mapping_names_does_no_harm() {
    assert_eq!(text(r#"{"\ud800":0,"v":1}"#).as_deref(), Some("1"));
}

#[test]
fn replaces_bytes_that_are_not_utf8_and_keeps_the_row() {
    let (value, errors) = read(DataType::Utf8, b"{\"v\":\"a\xff\xfeb\",\"w\xff\":1}");
    assert_eq!((value.as_deref(), errors), (Some("a\u{fffd}\u{fffd}b"), 0));
}

#[test]
fn ignores_what_follows_the_document() {
    for record in [
        r#"{"v":1} trailing"#,
        r#"{"v":1}{"v":2}"#,
        "{\"v\":1}\u{0}",
        "\r\n\t {\"v\":1}\n",
    ] {
        assert_eq!(text(record).as_deref(), Some("1"), "{record}");
    }
}

#[test]
fn drops_the_header_of_a_registry() {
    let record = br#"{"v":1}"#;
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
    zlib.write_all(record).unwrap();
    for framed in [
        [&[3, 0], [7; 16].as_slice(), record].concat(),
        [&[3, 5], [7; 16].as_slice(), &zlib.finish().unwrap()].concat(),
        [&[0, 0, 0, 0, 9], record.as_slice()].concat(),
    ] {
        assert_eq!(read(DataType::Int64, &framed), (Some("1".into()), 0));
    }
}

#[test]
fn names_what_stands_there_instead_of_an_object() {
    for (record, wanted) in [
        ("", "the value is empty, wanted a JSON object"),
        ("  \n", "the value is empty, wanted a JSON object"),
        ("[1]", "top level is an array, wanted an object"),
        ("\"v\"", "top level is a string, wanted an object"),
        ("5", "the value does not begin with a JSON object"),
        ("null", "the value does not begin with a JSON object"),
        ("// {}", "the value does not begin with a JSON object"),
        ("\u{feff}{\"v\":1}", "the value begins with a byte order mark"),
        ("\u{3}\u{0}{\"v\":1}", "a Glue header has 18 bytes, the payload 9"),
        ("\u{0}\u{0}{}", "a Confluent header has 5 bytes, the payload 4"),
        (
            "\u{0}\u{0}\u{0}\u{0}\u{1}",
            "the value is empty, wanted a JSON object",
        ),
        (
            "\u{0}\u{0}\u{0}\u{0}\u{1}\u{0}{}",
            "the value does not begin with a JSON object",
        ),
    ] {
        assert_eq!(reason(record.as_bytes()), wanted);
    }
}

#[test]
fn refuses_documents_that_are_not_json() {
    for record in [
        "{",
        r#"{"v""#,
        r#"{"v":"#,
        r#"{"v":1"#,
        r#"{"v":"a"#,
        r#"{"v":1,}"#,
        r#"{'v':1}"#,
        r#"{v:1}"#,
        r#"{"v":NaN}"#,
        r#"{"v":01}"#,
        r#"{"v":+1}"#,
        r#"{"v":.5}"#,
        r#"{"v":nul}"#,
        r#"{"v":"\x"}"#,
        r#"{"v":"\u12g4"}"#,
        "{\"v\":\"a\nb\"}",
        r#"{"v":1 /* one */}"#,
        r#"{"w":[1,{]}"#,
        r#"{1:2}"#,
    ] {
        assert!(reason(record.as_bytes()).starts_with("not JSON: "), "{record}");
    }
}

#[test]
fn a_reason_never_quotes_the_record() {
    for record in [
        r#"["secret"]"#,
        r#""secret""#,
        r#"{"secret":"secret" "#,
        r#"{"secret" "secret"}"#,
    ] {
        assert!(!reason(record.as_bytes()).contains("secret"), "{record}");
    }
}

#[test]
fn nesting_of_any_depth_costs_no_stack() {
    let depth = 1_000_000;
    let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(text(&format!(r#"{{"w":{nested},"v":1}}"#)).as_deref(), Some("1"));
    assert_eq!(text(&format!(r#"{{"v":{nested}}}"#)).unwrap(), nested);
    assert!(reason(format!(r#"{{"v":{}"#, "[".repeat(depth)).as_bytes()).starts_with("not JSON"));
    assert!(reason(format!(r#"{{"w":{}"#, r#"{"a":"#.repeat(depth)).as_bytes()).starts_with("not JSON"));
}

#[test]
fn a_bad_record_leaves_its_neighbours_alone() {
    let mut decoder = decoder(vec![
        column("v", "v", DataType::Int64),
        column("w", "w", DataType::Utf8),
    ]);
    decoder.decode(br#"{"v":1,"w":"a"}"#).unwrap();
    decoder.decode(br#"{"v":2,"w":"b""#).unwrap_err();
    decoder.append_nulls();
    decoder.decode(br#"{"v":3}"#).unwrap();
    assert_eq!(decoder.rows(), 3);
    assert!(decoder.bytes() > 3 * 8);
    let batch = decoder.flush();
    let numbers: Vec<_> = batch.column(0).as_primitive::<Int64Type>().iter().collect();
    let texts: Vec<_> = batch.column(1).as_string::<i32>().iter().collect();
    assert_eq!(numbers, [Some(1), None, Some(3)]);
    assert_eq!(texts, [Some("a"), None, None]);
    assert_eq!(
        (decoder.rows(), decoder.bytes(), decoder.flush().num_rows()),
        (0, 0, 0)
    );
}

#[test]
fn counts_misfits_by_column_over_all_batches() {
    let mut decoder = decoder(vec![
        column("v", "v", DataType::Int64),
        column("w", "w", DataType::Utf8),
    ]);
    for record in [r#"{"v":"x"}"#, r#"{"v":1}"#, r#"{"v":[]}"#] {
        decoder.decode(record.as_bytes()).unwrap();
        decoder.flush();
    }
    let wanted = [ValueErrors {
        column: "v".into(),
        values: 2,
    }];
    assert_eq!(decoder.value_errors(), wanted);
}

#[test]
fn counts_rows_of_a_schema_without_columns() {
    let mut decoder = decoder(vec![]);
    decoder.decode(br#"{"v":1}"#).unwrap();
    decoder.decode(b"[]").unwrap_err();
    decoder.append_nulls();
    assert_eq!(decoder.flush().num_rows(), 2);
}

/// Model of the same rules through a tree. Numbers are left to the tests above, since a tree does not keep
/// their spelling.
fn model(data_type: &DataType, value: Option<&Value>) -> Option<String> {
    let text = match value? {
        Value::Null => return None,
        Value::String(text) => text.clone(),
        nested @ (Value::Array(_) | Value::Object(_)) => {
            return (*data_type == DataType::Utf8).then(|| nested.to_string());
        }
        scalar => scalar.to_string(),
    };
    match data_type {
        DataType::Boolean => Some((text.to_lowercase() == "true").to_string()),
        DataType::Int8 => text.parse::<i8>().ok().map(|value| value.to_string()),
        DataType::Int16 => text.parse::<i16>().ok().map(|value| value.to_string()),
        DataType::Int32 => text.parse::<i32>().ok().map(|value| value.to_string()),
        DataType::Int64 => text.parse::<i64>().ok().map(|value| value.to_string()),
        DataType::Utf8 => Some(text),
        _ => None,
    }
}

fn shown(array: &ArrayRef, row: usize) -> Option<String> {
    array
        .is_valid(row)
        .then(|| array_value_to_string(array, row).unwrap())
}

const MODEL_TYPES: [DataType; 6] = [
    DataType::Utf8,
    DataType::Boolean,
    DataType::Int8,
    DataType::Int16,
    DataType::Int32,
    DataType::Int64,
];

proptest! {
    #[test]
    fn every_type_reads_what_was_written(Sample { array, json, text } in sample()) {
        for value in [json, Value::from(text)] {
            let mut decoder = decoder(vec![column("v", "v", array.data_type().clone())]);
            decoder.decode(serde_json::json!({"v": value}).to_string().as_bytes()).unwrap();
            let batch = decoder.flush();
            prop_assert_eq!(batch.column(0), &array);
        }
    }

    #[test]
    fn equals_a_model_that_reads_trees(
        documents in prop::collection::vec(prop::collection::hash_map(key(), json_value(), 0..8), 1..6),
        pretty: bool,
    ) {
        let keys = ["a", "b", "c", "d", "e", "f"];
        let columns = MODEL_TYPES.iter().zip(keys).map(|(data_type, key)| column(key, key, data_type.clone()));
        let mut decoder = decoder(columns.collect());
        let documents: Vec<Value> =
            documents.into_iter().map(|map| Value::Object(map.into_iter().collect())).collect();
        for document in &documents {
            let record = if pretty { serde_json::to_vec_pretty(document) } else { serde_json::to_vec(document) };
            decoder.decode(&record.unwrap()).unwrap();
        }
        let batch = decoder.flush();
        for (row, document) in documents.iter().enumerate() {
            for (index, (data_type, key)) in MODEL_TYPES.iter().zip(keys).enumerate() {
                let value = document.get(key);
                let nested = matches!(value, Some(Value::Array(_) | Value::Object(_)));
                if pretty && nested {
                    continue; // shown as written, with its blanks
                }
                prop_assert_eq!(shown(batch.column(index), row), model(data_type, value), "{}", key);
            }
        }
    }

    #[test]
    fn takes_any_bytes_without_panic(bytes: Vec<u8>, tail in "[\\[\\]{}\":,\\\\u0-9a-f ]*") {
        let mut decoder = single(DataType::Utf8);
        let object = [b"{\"v\":", bytes.as_slice(), tail.as_bytes()].concat();
        let mut rows = 0;
        for record in [bytes.as_slice(), tail.as_bytes(), &object] {
            rows += usize::from(decoder.decode(record).is_ok());
        }
        prop_assert_eq!(decoder.flush().num_rows(), rows);
    }

    #[test]
    fn numbers_survive_as_written(number in "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?") {
        let record = format!("{{\"v\":{number}}}");
        prop_assert_eq!(text(&record), Some(number.clone()));
        let double = single_double(&record);
        prop_assert_eq!(double.to_bits(), number.parse::<f64>().unwrap().to_bits());
    }
}

fn single_double(record: &str) -> f64 {
    let mut decoder = single(DataType::Float64);
    decoder.decode(record.as_bytes()).unwrap();
    decoder.flush().column(0).as_primitive::<Float64Type>().value(0)
}

#[test]
fn floats_are_rounded_once() {
    let mut decoder = single(DataType::Float32);
    decoder.decode(br#"{"v":16777217.000000000001}"#).unwrap();
    assert_eq!(
        decoder.flush().column(0).as_primitive::<Float32Type>().value(0),
        16_777_218.0
    );
}
