//! Messages as JSON text.

use super::*;

const DEFINITION: &str = r#"syntax = "proto3";
    import "google/protobuf/struct.proto"; import "google/protobuf/any.proto"; import "google/protobuf/wrappers.proto";
    import "google/protobuf/timestamp.proto"; import "google/protobuf/duration.proto";
    import "google/protobuf/field_mask.proto"; import "google/protobuf/empty.proto";
    message Outer { M m = 1; repeated M many = 2; map<string, M> named = 3; google.protobuf.Value v = 4;
        google.protobuf.Struct s = 5; google.protobuf.ListValue l = 6; google.protobuf.Any any = 7; repeated E es = 8; }
    enum E { ZERO = 0; ONE = 1; }
    message M {
        int32 an_int = 1; int64 a_long = 2; uint64 big = 3; float f = 4; double d = 5; bool b = 6; string s = 7;
        bytes y = 8; E e = 9; optional int32 maybe = 10; repeated int32 list = 11; repeated string words = 12;
        map<int64, bool> map = 13; M m = 14; google.protobuf.Int64Value wrapped = 15;
        google.protobuf.Timestamp at = 16; google.protobuf.Duration took = 17; google.protobuf.FieldMask mask = 18;
        google.protobuf.Empty empty = 19; google.protobuf.NullValue nothing = 20; repeated fixed64 fixed = 21;
        string renamed = 22 [json_name = "@other"]; oneof o { string one = 23; google.protobuf.NullValue two = 24; }
    }"#;

fn m(fields: &[(&str, Value)]) -> Value {
    Value::Message(with(message(DEFINITION, "M"), fields))
}

fn standard(name: &str, fields: &[(&str, Value)]) -> Value {
    Value::Message(with(
        message(DEFINITION, &format!("google.protobuf.{name}")),
        fields,
    ))
}

/// Field `name` of `Outer` as VARCHAR.
fn json(name: &str, value: Value) -> String {
    let mut decoder = decoder_of(DEFINITION, &[(name, DataType::Utf8)]);
    decoder
        .decode(&encode(DEFINITION, "Outer", &[(name, value)]))
        .unwrap();
    let batch = decoder.flush();
    let text = batch.column(0).as_string::<i32>().value(0).to_owned();
    serde_json::from_str::<serde_json::Value>(&text).unwrap();
    text
}

#[test]
fn spells_every_type() {
    let fields = [
        ("an_int", Value::I32(-1)),
        ("a_long", Value::I64(-2)),
        ("big", Value::U64(u64::MAX)),
        ("f", Value::F32(0.1)),
        ("d", Value::F64(1e300)),
        ("b", Value::Bool(true)),
        ("s", text("\"\\\n\r\t\u{1}ä")),
        ("y", Value::Bytes(vec![0xfb, 0xff].into())),
        ("e", Value::EnumNumber(1)),
        ("maybe", Value::I32(0)),
        ("list", Value::List(vec![Value::I32(1), Value::I32(0)])),
        ("words", Value::List(vec![text("a"), text("")])),
        ("map", Value::Map([(MapKey::I64(-3), Value::Bool(false))].into())),
        ("m", m(&[])),
        ("wrapped", standard("Int64Value", &[("value", Value::I64(4))])),
        ("at", standard("Timestamp", &[("nanos", Value::I32(5_000_000))])),
        ("took", standard("Duration", &[("seconds", Value::I64(-6))])),
        (
            "mask",
            standard("FieldMask", &[("paths", Value::List(vec![text("a_b")]))]),
        ),
        ("empty", standard("Empty", &[])),
        ("fixed", Value::List(vec![Value::U64(7)])),
        ("renamed", text("x")),
        ("two", Value::EnumNumber(0)),
    ];
    assert_eq!(
        json("m", m(&fields)),
        concat!(
            r#"{"anInt":-1,"aLong":"-2","big":"18446744073709551615","f":0.1,"d":1e300,"b":true,"#,
            r#""s":"\"\\\n\r\t\u0001ä","y":"+/8=","e":"ONE","maybe":0,"list":[1,0],"words":["a",""],"#,
            r#""map":{"-3":false},"m":{},"wrapped":"4","at":"1970-01-01T00:00:00.005Z","took":"-6s","mask":"aB","#,
            r#""empty":{},"fixed":["7"],"@other":"x","two":null}"#
        )
    );
}

#[test]
fn leaves_out_defaults_but_keeps_what_is_present() {
    assert_eq!(
        json(
            "m",
            m(&[
                ("an_int", Value::I32(0)),
                ("list", Value::List(vec![])),
                ("s", text(""))
            ])
        ),
        "{}"
    );
    let mut decoder = decoder_of(DEFINITION, &[("m", DataType::Utf8)]);
    // Zero, an empty packed list and an optional zero, written explicitly.
    assert_eq!(
        one_row(&mut decoder, &[0x0a, 6, 0x08, 0, 0x5a, 0, 0x50, 0]),
        [r#""{\"maybe\":0}""#]
    );
    assert_eq!(one_row(&mut decoder, b""), ["NULL"]);
}

#[test]
fn spells_numbers_that_json_has_not() {
    for (value, wanted) in [
        (f64::NAN, "NaN"),
        (f64::INFINITY, "Infinity"),
        (f64::NEG_INFINITY, "-Infinity"),
    ] {
        assert_eq!(
            json("m", m(&[("d", Value::F64(value))])),
            format!("{{\"d\":\"{wanted}\"}}")
        );
        assert_eq!(
            json("m", m(&[("f", Value::F32(value as f32))])),
            format!("{{\"f\":\"{wanted}\"}}")
        );
    }
    let mut decoder = decoder_of(DEFINITION, &[("m", DataType::Utf8)]);
    let negative_zero = [0x0a, 9, 0x29, 0, 0, 0, 0, 0, 0, 0, 0x80];
    assert_eq!(one_row(&mut decoder, &negative_zero), [r#""{\"d\":-0.0}""#]);
    assert_eq!(json("m", m(&[("e", Value::EnumNumber(-5))])), r#"{"e":-5}"#);
    let far = standard("Timestamp", &[("seconds", Value::I64(i64::MAX))]);
    assert_eq!(json("m", m(&[("at", far)])), r#"{"at":null}"#);
}

#[test]
fn lists_and_maps_are_arrays_and_objects() {
    let many = Value::List(vec![m(&[]), m(&[("an_int", Value::I32(1))])]);
    assert_eq!(json("many", many), r#"[{},{"anInt":1}]"#);
    assert_eq!(
        json(
            "named",
            Value::Map([(MapKey::String("k\"".into()), m(&[]))].into())
        ),
        r#"{"k\"":{}}"#
    );
    assert_eq!(
        json(
            "es",
            Value::List(vec![Value::EnumNumber(0), Value::EnumNumber(2)])
        ),
        r#"["ZERO",2]"#
    );
    let mut decoder = decoder_of(DEFINITION, &[("many", DataType::Utf8), ("named", DataType::Utf8)]);
    assert_eq!(one_row(&mut decoder, b""), ["\"[]\"", "\"{}\""]);
}

#[test]
fn structs_are_what_they_hold() {
    let value = |field: &str, value| standard("Value", &[(field, value)]);
    let list = standard(
        "ListValue",
        &[(
            "values",
            Value::List(vec![
                value("number_value", Value::F64(1.0)),
                value("null_value", Value::EnumNumber(0)),
                value("bool_value", Value::Bool(false)),
                standard("Value", &[]),
            ]),
        )],
    );
    assert_eq!(json("l", list.clone()), "[1.0,null,false,null]");
    let fields = Value::Map([(MapKey::String("a".into()), value("list_value", list))].into());
    let object = standard("Struct", &[("fields", fields)]);
    assert_eq!(json("s", object.clone()), r#"{"a":[1.0,null,false,null]}"#);
    assert_eq!(
        json("v", value("struct_value", object)),
        r#"{"a":[1.0,null,false,null]}"#
    );
    assert_eq!(json("v", value("string_value", text("x"))), "\"x\"");
    let mut decoder = decoder_of(DEFINITION, &[("s", DataType::Utf8)]);
    let twice = [
        0x2a, 20, 0x0a, 8, 0x0a, 1, b'k', 0x12, 3, 0x1a, 1, b'a', 0x0a, 8, 0x0a, 1, b'k', 0x12, 3, 0x1a, 1,
        b'b',
    ];
    assert_eq!(one_row(&mut decoder, &twice), [r#""{\"k\":\"b\"}""#]);
}

#[test]
fn an_any_shows_what_it_knows() {
    let any = |url: &str, value: Value| {
        let Value::Message(content) = value else {
            panic!("a message")
        };
        standard(
            "Any",
            &[
                ("type_url", text(url)),
                ("value", Value::Bytes(content.encode_to_vec().into())),
            ],
        )
    };
    let known = any("type.googleapis.com/M", m(&[("an_int", Value::I32(1))]));
    assert_eq!(
        json("any", known),
        r#"{"@type":"type.googleapis.com/M","anInt":1}"#
    );
    let duration = any(
        "x/google.protobuf.Duration",
        standard("Duration", &[("seconds", Value::I64(1))]),
    );
    assert_eq!(
        json("any", duration),
        r#"{"@type":"x/google.protobuf.Duration","value":"1s"}"#
    );
    let unknown = any("x/Unknown", m(&[("an_int", Value::I32(1))]));
    assert_eq!(json("any", unknown), r#"{"@type":"x/Unknown","value":"CAE="}"#);
    assert_eq!(json("any", standard("Any", &[])), "{}");
}
