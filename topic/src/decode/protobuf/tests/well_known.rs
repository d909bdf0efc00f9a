//! Messages that represent a value.

use super::*;

const WELL_KNOWN: &str = r#"syntax = "proto3";
    import "google/protobuf/timestamp.proto"; import "google/protobuf/duration.proto";
    import "google/protobuf/wrappers.proto"; import "google/protobuf/empty.proto";
    import "google/protobuf/field_mask.proto";
    message M {
        google.protobuf.Timestamp at = 1; google.protobuf.Duration took = 2; google.protobuf.Empty empty = 3;
        google.protobuf.FieldMask mask = 4; google.protobuf.BoolValue b = 5; google.protobuf.Int32Value i = 6;
        google.protobuf.UInt64Value u = 7; google.protobuf.DoubleValue d = 8; google.protobuf.StringValue s = 9;
        google.protobuf.BytesValue y = 10; google.protobuf.FloatValue f = 11; google.protobuf.Int64Value l = 12;
        google.protobuf.UInt32Value n = 13; repeated google.protobuf.Int32Value many = 14;
        repeated google.protobuf.Timestamp times = 15;
    }"#;

fn time_of(name: &str, seconds: i64, nanos: i32) -> Value {
    let name = format!("google.protobuf.{name}");
    Value::Message(with(
        message(WELL_KNOWN, &name),
        &[("seconds", Value::I64(seconds)), ("nanos", Value::I32(nanos))],
    ))
}

fn wrapped(name: &str, value: Value) -> Value {
    Value::Message(with(
        message(WELL_KNOWN, &format!("google.protobuf.{name}")),
        &[("value", value)],
    ))
}

#[test]
fn reads_well_known_messages() {
    let paths = Value::List(vec![text("user.display_name"), text("photo")]);
    let payload = encode(
        WELL_KNOWN,
        "M",
        &[
            ("at", time_of("Timestamp", -1, 999_999_999)),
            ("took", time_of("Duration", 3, 500_000_000)),
            (
                "empty",
                Value::Message(message(WELL_KNOWN, "google.protobuf.Empty")),
            ),
            (
                "mask",
                Value::Message(with(
                    message(WELL_KNOWN, "google.protobuf.FieldMask"),
                    &[("paths", paths)],
                )),
            ),
            ("b", wrapped("BoolValue", Value::Bool(false))),
            ("i", wrapped("Int32Value", Value::I32(-1))),
            ("u", wrapped("UInt64Value", Value::U64(u64::MAX))),
            ("d", wrapped("DoubleValue", Value::F64(0.0))),
            ("s", wrapped("StringValue", text("x"))),
            ("y", wrapped("BytesValue", Value::Bytes(vec![1].into()))),
            ("f", wrapped("FloatValue", Value::F32(2.5))),
            ("l", wrapped("Int64Value", Value::I64(-2))),
            ("n", wrapped("UInt32Value", Value::U32(u32::MAX))),
            (
                "many",
                Value::List(vec![
                    wrapped("Int32Value", Value::I32(0)),
                    wrapped("Int32Value", Value::I32(7)),
                ]),
            ),
            ("times", Value::List(vec![time_of("Timestamp", 1, 0)])),
        ],
    );
    assert_eq!(
        row(WELL_KNOWN, &payload),
        [
            "ms -1",
            "\"3.500s\"",
            "\"{}\"",
            "\"user.displayName,photo\"",
            "false",
            "-1",
            "18446744073709551615",
            "0.0",
            "\"x\"",
            "[1]",
            "2.5",
            "-2",
            "4294967295",
            "[0, 7]",
            "[ms 1000]",
        ]
    );
}

#[test]
fn absent_well_known_messages_are_null() {
    let mut wanted = vec!["NULL"; 13];
    wanted.extend(["[]"; 2]);
    assert_eq!(row(WELL_KNOWN, b""), wanted);
}

#[test]
fn converts_timestamps_to_the_columns_type() {
    let types = [
        DataType::Utf8,
        DataType::Date32,
        DataType::Date64,
        DataType::Int64,
        row_type(&[("nanos", DataType::Int32)]),
    ];
    let mut decoder = decoder_of(WELL_KNOWN, &types.map(|data_type| ("at", data_type)));
    let payload = |seconds| encode(WELL_KNOWN, "M", &[("at", time_of("Timestamp", seconds, 1_000))]);
    assert_eq!(
        one_row(&mut decoder, &payload(-1)),
        [
            "\"1969-12-31T23:59:59.000001Z\"",
            "day -1",
            "ms -1000",
            "NULL",
            "(nanos: 1000)"
        ]
    );
    assert_eq!(decoder.value_errors().len(), 1);
    assert_eq!(one_row(&mut decoder, &payload(i64::MAX))[..4], ["NULL"; 4]);
    assert_eq!(
        decoder
            .value_errors()
            .iter()
            .map(|errors| errors.values)
            .sum::<u64>(),
        5
    );
}
