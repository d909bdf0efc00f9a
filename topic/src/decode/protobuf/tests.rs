//! Values of each type. Payloads are encoded by another implementation.

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, Decimal128Type, Field, Float32Type, Float64Type, Int32Type, Int64Type,
};
use prost_reflect::prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MapKey, ReflectMessage, Value};

use super::*;
use crate::decode::testing::{ValueDecoder, column};
use crate::table::Encoding;

mod editions;
mod framing;
mod json;
mod limits;
mod mapping;
mod properties;
mod record_header;
mod references;
mod well_known;

fn encoding(definition: &str, message: Option<&str>) -> Encoding {
    Encoding::Protobuf {
        definition: definition.to_owned(),
        references: Vec::new(),
        message: message.map(str::to_owned),
    }
}

/// Decoder of all columns of the first message.
fn decoder(definition: &str) -> ValueDecoder {
    ValueDecoder::new(encoding(definition, None), fields(definition, &[], None).unwrap())
}

/// Decoder of these columns, each with its mapping.
fn decoder_of(definition: &str, columns: &[(&str, DataType)]) -> ValueDecoder {
    let columns = columns.iter().zip(0..);
    let columns =
        columns.map(|((mapping, data_type), index)| column(&format!("c{index}"), mapping, data_type.clone()));
    ValueDecoder::new(encoding(definition, None), columns.collect())
}

fn pool(definition: &str) -> DescriptorPool {
    definition::compile(definition, &[])
        .ok()
        .unwrap()
        .file
        .parent_pool()
        .clone()
}

/// Empty message of this name.
fn message(definition: &str, name: &str) -> DynamicMessage {
    DynamicMessage::new(pool(definition).get_message_by_name(name).unwrap())
}

/// Bytes of a message with these fields.
fn encode(definition: &str, name: &str, fields: &[(&str, Value)]) -> Vec<u8> {
    with(message(definition, name), fields).encode_to_vec()
}

fn with(mut message: DynamicMessage, fields: &[(&str, Value)]) -> DynamicMessage {
    for (name, value) in fields {
        message.set_field_by_name(name, value.clone());
    }
    message
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

/// Row of `payload` in all columns.
fn row(definition: &str, payload: &[u8]) -> Vec<String> {
    one_row(&mut decoder(definition), payload)
}

fn one_row(decoder: &mut ValueDecoder, payload: &[u8]) -> Vec<String> {
    decoder.decode(payload).unwrap();
    rows(&decoder.flush()).pop().unwrap()
}

fn rows(batch: &RecordBatch) -> Vec<Vec<String>> {
    let row = |row| batch.columns().iter().map(|column| show(column, row)).collect();
    (0..batch.num_rows()).map(row).collect()
}

/// Value as text. Maps are sorted.
fn show(array: &dyn Array, row: usize) -> String {
    if array.is_null(row) {
        return "NULL".to_owned();
    }
    match array.data_type() {
        DataType::Boolean => array.as_boolean().value(row).to_string(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Float32 => format!("{:?}", array.as_primitive::<Float32Type>().value(row)),
        DataType::Float64 => format!("{:?}", array.as_primitive::<Float64Type>().value(row)),
        DataType::Decimal128(20, 0) => array.as_primitive::<Decimal128Type>().value(row).to_string(),
        DataType::Date32 => format!("day {}", array.as_primitive::<Date32Type>().value(row)),
        DataType::Date64 => format!("ms {}", array.as_primitive::<Date64Type>().value(row)),
        DataType::Utf8 => format!("{:?}", array.as_string::<i32>().value(row)),
        DataType::Binary => format!("{:?}", array.as_binary::<i32>().value(row)),
        DataType::List(_) => {
            let items = array.as_list::<i32>().value(row);
            let items: Vec<_> = (0..items.len()).map(|item| show(&items, item)).collect();
            format!("[{}]", items.join(", "))
        }
        DataType::Struct(fields) => {
            let columns = array.as_struct().columns().iter().zip(fields);
            let fields: Vec<_> = columns
                .map(|(column, field)| format!("{}: {}", field.name(), show(column, row)))
                .collect();
            format!("({})", fields.join(", "))
        }
        DataType::Map(..) => {
            let entries = array.as_map().value(row);
            let (keys, values) = (entries.column(0), entries.column(1));
            let mut entries: Vec<_> = (0..entries.len())
                .map(|entry| format!("{}={}", show(keys, entry), show(values, entry)))
                .collect();
            entries.sort();
            format!("{{{}}}", entries.join(", "))
        }
        other => panic!("no test has {other}"),
    }
}

const SCALARS: &str = r#"syntax = "proto3";
    enum Color { RED = 0; GREEN = 1; DARK = -1; }
    message M {
        int32 int32 = 1; sint32 sint32 = 2; sfixed32 sfixed32 = 3; uint32 uint32 = 4; fixed32 fixed32 = 5;
        int64 int64 = 6; sint64 sint64 = 7; sfixed64 sfixed64 = 8; uint64 uint64 = 9; fixed64 fixed64 = 10;
        bool bool = 11; float float = 12; double double = 13; string string = 14; bytes bytes = 15;
        Color color = 16;
    }"#;

#[test]
fn reads_every_scalar_at_its_limits() {
    let high = encode(
        SCALARS,
        "M",
        &[
            ("int32", Value::I32(i32::MAX)),
            ("sint32", Value::I32(i32::MAX)),
            ("sfixed32", Value::I32(i32::MAX)),
            ("uint32", Value::U32(u32::MAX)),
            ("fixed32", Value::U32(u32::MAX)),
            ("int64", Value::I64(i64::MAX)),
            ("sint64", Value::I64(i64::MAX)),
            ("sfixed64", Value::I64(i64::MAX)),
            ("uint64", Value::U64(u64::MAX)),
            ("fixed64", Value::U64(u64::MAX)),
            ("bool", Value::Bool(true)),
            ("float", Value::F32(1.5)),
            ("double", Value::F64(-0.1)),
            ("string", text("ä")),
            ("bytes", Value::Bytes(vec![0, 255].into())),
            ("color", Value::EnumNumber(-1)),
        ],
    );
    assert_eq!(
        row(SCALARS, &high),
        [
            "2147483647",
            "2147483647",
            "2147483647",
            "4294967295",
            "4294967295",
            "9223372036854775807",
            "9223372036854775807",
            "9223372036854775807",
            "18446744073709551615",
            "18446744073709551615",
            "true",
            "1.5",
            "-0.1",
            "\"ä\"",
            "[0, 255]",
            "\"DARK\"",
        ]
    );
    let low = encode(
        SCALARS,
        "M",
        &[
            ("int32", Value::I32(i32::MIN)),
            ("sint32", Value::I32(i32::MIN)),
            ("sfixed32", Value::I32(i32::MIN)),
            ("int64", Value::I64(i64::MIN)),
            ("sint64", Value::I64(i64::MIN)),
            ("sfixed64", Value::I64(i64::MIN)),
        ],
    );
    let row = row(SCALARS, &low);
    assert_eq!(row[..3], ["-2147483648"; 3]);
    assert_eq!(row[5..8], ["-9223372036854775808"; 3]);
}

#[test]
fn proto3_scalars_have_defaults() {
    assert_eq!(
        row(SCALARS, b""),
        [
            "0", "0", "0", "0", "0", "0", "0", "0", "0", "0", "false", "0.0", "0.0", "\"\"", "[]", "\"RED\""
        ]
    );
}

#[test]
fn an_unknown_number_of_an_enum_is_its_digits() {
    assert_eq!(
        row(SCALARS, &encode(SCALARS, "M", &[("color", Value::EnumNumber(9))]))[15],
        "\"9\""
    );
    let mut number = decoder_of(SCALARS, &[("color", DataType::Int32), ("color", DataType::Utf8)]);
    let payload = encode(SCALARS, "M", &[("color", Value::EnumNumber(1))]);
    assert_eq!(one_row(&mut number, &payload), ["1", "\"GREEN\""]);
    assert_eq!(one_row(&mut number, b""), ["0", "\"RED\""]);
}

#[test]
fn of_names_for_one_number_the_first_counts() {
    let definition = "syntax = 'proto3'; message M { E e = 1; }
        enum E { option allow_alias = true; A = 0; B = 1; C = 1; }";
    assert_eq!(row(definition, &[0x08, 1]), ["\"B\""]);
}

#[test]
fn absent_fields_with_presence_are_null() {
    let definition = r#"syntax = "proto3";
        message M { optional int32 a = 1; N n = 2; oneof choice { string s = 3; int32 i = 4; } repeated int32 r = 5;
            map<string, int32> m = 6; }
        message N { int32 x = 1; }"#;
    assert_eq!(row(definition, b""), ["NULL", "NULL", "NULL", "NULL", "[]", "{}"]);
    let present = encode(
        definition,
        "M",
        &[
            ("a", Value::I32(0)),
            ("n", Value::Message(message(definition, "N"))),
            ("i", Value::I32(0)),
        ],
    );
    assert_eq!(
        row(definition, &present),
        ["0", "(x: 0)", "NULL", "0", "[]", "{}"]
    );
}

#[test]
fn proto2_fields_are_null_or_their_declared_default() {
    let definition = r#"enum E { A = 1; B = 2; }
        message M { optional int32 a = 1; optional int32 b = 2 [default = -7]; required string c = 3;
            optional string d = 4 [default = "d"]; optional bytes e = 5 [default = "\001"]; optional E f = 6;
            optional E g = 7 [default = B]; optional double h = 8 [default = inf]; optional bool i = 9 [default = true];
            optional uint64 j = 10 [default = 18446744073709551615]; optional float k = 11 [default = 0.5];
            optional fixed32 l = 12 [default = 4294967295]; optional int64 m = 13 [default = -1]; }"#;
    assert_eq!(
        row(definition, b""),
        [
            "NULL",
            "-7",
            "NULL",
            "\"d\"",
            "[1]",
            "NULL",
            "\"B\"",
            "inf",
            "true",
            "18446744073709551615",
            "0.5",
            "4294967295",
            "-1"
        ]
    );
    assert_eq!(row(definition, &[0x10, 0])[1], "0");
}

#[test]
fn the_last_member_of_a_oneof_counts_wanted_or_not() {
    let definition = "syntax = 'proto3'; message M { oneof o { int32 a = 1; int32 b = 2; } int32 c = 3; }";
    assert_eq!(row(definition, &[0x08, 1, 0x18, 5, 0x10, 2]), ["NULL", "2", "5"]);
    let mut projected = decoder_of(definition, &[("a", DataType::Int32)]);
    assert_eq!(one_row(&mut projected, &[0x08, 1, 0x10, 2]), ["NULL"]);
    assert_eq!(one_row(&mut projected, &[0x10, 2, 0x08, 1]), ["1"]);
}

#[test]
fn reads_lists_packed_or_not() {
    let definition = "syntax = 'proto3'; message M { repeated sint32 a = 1; repeated fixed64 b = 2; repeated string c = 3; }";
    let unpacked = [0x08, 1, 0x1a, 1, b'x', 0x08, 2, 0x1a, 0];
    assert_eq!(row(definition, &unpacked), ["[-1, 1]", "[]", "[\"x\", \"\"]"]);
    let mixed = [0x0a, 2, 1, 2, 0x08, 3, 0x0a, 0, 0x12, 8, 7, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(row(definition, &mixed), ["[-1, 1, -2]", "[7]", "[]"]);
    let mut decoder = decoder(definition);
    let cut = decoder
        .decode(&[0x12, 7, 0, 0, 0, 0, 0, 0, 0])
        .unwrap_err()
        .to_string();
    assert_eq!(cut, "not a Protobuf message: the message is cut short at byte 2");
}

#[test]
fn reads_maps_and_the_last_entry_of_a_key() {
    let definition =
        "syntax = 'proto3'; message M { map<int32, string> m = 1; map<string, N> n = 2; map<bool, E> e = 3; }
        message N { int32 x = 1; } enum E { Z = 0; Y = 1; }";
    let twice = [
        0x0a, 5, 0x08, 1, 0x12, 1, b'a', 0x0a, 3, 0x12, 1, b'b', 0x0a, 5, 0x08, 1, 0x12, 1, b'c', 0x12, 0,
        0x1a, 2, 0x10, 1,
    ];
    assert_eq!(
        row(definition, &twice),
        ["{0=\"b\", 1=\"c\"}", "{\"\"=(x: 0)}", "{false=\"Y\"}"]
    );
}

#[test]
fn a_map_key_that_does_not_fit_is_dropped_and_counted() {
    let definition = "syntax = 'proto3'; message M { map<string, int32> m = 1; }";
    let entries = DataType::Struct(
        vec![
            Field::new("key", DataType::Int32, false),
            Field::new("value", DataType::Int32, true),
        ]
        .into(),
    );
    let map = DataType::Map(Arc::new(Field::new("entries", entries, false)), false);
    let mut decoder = decoder_of(definition, &[("m", map)]);
    let value = Value::Map(
        [
            (MapKey::String("x".into()), Value::I32(1)),
            (MapKey::String("2".into()), Value::I32(3)),
        ]
        .into(),
    );
    assert_eq!(
        one_row(&mut decoder, &encode(definition, "M", &[("m", value)])),
        ["{2=3}"]
    );
    assert_eq!(decoder.value_errors()[0].values, 1);
}

#[test]
fn merges_a_message_given_in_parts() {
    let definition =
        "syntax = 'proto3'; message M { N n = 1; } message N { int32 a = 1; repeated int32 b = 2; N n = 3; }";
    let mut decoder = decoder_of(
        definition,
        &[(
            "n",
            row_type(&[("a", DataType::Int32), ("b", list(DataType::Int32))]),
        )],
    );
    let parts = [0x0a, 4, 0x08, 1, 0x10, 2, 0x0a, 2, 0x10, 3, 0x0a, 2, 0x08, 9];
    assert_eq!(one_row(&mut decoder, &parts), ["(a: 9, b: [2, 3])"]);
}

#[test]
fn reads_groups() {
    let definition = "message M { optional group One = 1 { optional int32 a = 1; } repeated group Two = 2 { optional string b = 1; } }";
    let one = with(message(definition, "M.One"), &[("a", Value::I32(5))]);
    let two = |b| Value::Message(with(message(definition, "M.Two"), &[("b", text(b))]));
    let payload = encode(
        definition,
        "M",
        &[
            ("one", Value::Message(one)),
            ("two", Value::List(vec![two("x"), two("y")])),
        ],
    );
    assert_eq!(row(definition, &payload), ["(a: 5)", "[(b: \"x\"), (b: \"y\")]"]);
}

#[test]
fn ignores_unknown_fields_and_other_wire_types() {
    let definition = "syntax = 'proto3'; message M { int32 a = 1; }";
    assert_eq!(
        row(
            definition,
            &[0x10, 9, 0x0a, 1, b'x', 0x08, 4, 0x1b, 0x08, 1, 0x1c]
        ),
        ["4"]
    );
    assert_eq!(row(definition, &[0x0a, 1, b'x']), ["0"]);
}

#[test]
fn text_that_is_not_utf8_keeps_its_row() {
    let definition = "syntax = 'proto3'; message M { string a = 1; int32 b = 2; }";
    assert_eq!(
        row(definition, &[0x0a, 2, b'x', 0xff, 0x10, 1]),
        ["\"x\u{fffd}\"", "1"]
    );
}

#[test]
fn what_does_not_fit_is_null_and_counted() {
    let definition = "syntax = 'proto3'; message M { uint64 u = 1; string s = 2; N n = 3; repeated int32 r = 4; map<string, int32> m = 5; int64 l = 6; }
        message N { int32 x = 1; }";
    let payload = encode(
        definition,
        "M",
        &[
            ("u", Value::U64(u64::MAX)),
            ("s", text("x")),
            ("n", Value::Message(message(definition, "N"))),
            ("r", Value::List(vec![Value::I32(1)])),
            (
                "m",
                Value::Map([(MapKey::String("k".into()), Value::I32(1))].into()),
            ),
            ("l", Value::I64(1 << 40)),
        ],
    );
    let misfits = [
        ("u", DataType::Int64),
        ("s", DataType::Int32),
        ("n", DataType::Int32),
        ("r", DataType::Int32),
        ("m", list(DataType::Int32)),
        ("l", DataType::Int32),
        ("u", list(DataType::Utf8)),
        ("n", list(DataType::Utf8)),
        ("r", row_type(&[("x", DataType::Int32)])),
    ];
    let mut decoder = decoder_of(definition, &misfits);
    assert_eq!(one_row(&mut decoder, &payload), ["NULL"; 9]);
    assert_eq!(decoder.value_errors().len(), 9);
    let mut fits = decoder_of(
        definition,
        &[
            ("u", DataType::Utf8),
            ("l", DataType::Utf8),
            ("l", DataType::Float64),
        ],
    );
    assert_eq!(
        one_row(&mut fits, &payload),
        ["\"18446744073709551615\"", "\"1099511627776\"", "1099511627776.0"]
    );
    // Absent messages, lists and maps are not misfits.
    one_row(&mut decoder, b"");
    assert_eq!(decoder.value_errors().len(), 9);
}

fn list(item: DataType) -> DataType {
    DataType::List(Arc::new(Field::new("item", item, true)))
}

fn row_type(fields: &[(&str, DataType)]) -> DataType {
    let fields = fields
        .iter()
        .map(|(name, data_type)| Field::new(*name, data_type.clone(), true));
    DataType::Struct(fields.collect())
}
