//! Every type: its column, its value, and its value in other columns.

use apache_avro::{Days, Decimal, Duration, Millis, Months};
use arrow::datatypes::TimeUnit;

use super::*;
use crate::table::{FORMAT_HINT_KEY, MAPPING_KEY, TYPE_KEY};

pub(super) const MONEY: &str = r#"{"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2}"#;
const UUID: &str = "0a010203-0405-0607-0809-0a0b0c0d0e0f";
const UUID_BYTES: [u8; 16] = [10, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

pub(super) fn logical(of: &str, name: &str) -> String {
    format!(r#"{{"type": "{of}", "logicalType": "{name}"}}"#)
}

fn fixed(size: usize, logical: &str) -> String {
    format!(r#"{{"type": "fixed", "name": "F", "size": {size}, "logicalType": "{logical}"}}"#)
}

pub(super) fn text(text: &str) -> Avro {
    Avro::String(text.to_owned())
}

pub(super) fn unscaled(value: i64) -> Avro {
    Avro::Decimal(Decimal::from(value.to_be_bytes()))
}

pub(super) fn data_type(of: &str) -> DataType {
    fields(&record(&format!(r#""a": {of}"#))).unwrap()[0]
        .data_type()
        .clone()
}

fn list(item: DataType) -> DataType {
    DataType::List(Arc::new(Field::new("item", item, true)))
}

fn map(value: DataType) -> DataType {
    let entry = vec![
        Field::new("key", DataType::Utf8, false),
        Field::new("value", value, true),
    ];
    let entries = Field::new("entries", DataType::Struct(entry.into()), false);
    DataType::Map(Arc::new(entries), false)
}

pub(super) fn row(fields: &[(&str, DataType)]) -> DataType {
    let fields = fields.iter();
    DataType::Struct(
        fields
            .map(|(name, of)| Field::new(*name, of.clone(), true))
            .collect(),
    )
}

#[test]
fn makes_a_column_of_every_type() {
    for (of, wanted, name) in [
        (r#""null""#, DataType::Utf8, "null"),
        (r#""boolean""#, DataType::Boolean, "boolean"),
        (r#""int""#, DataType::Int32, "int"),
        (r#""long""#, DataType::Int64, "long"),
        (r#""float""#, DataType::Float32, "float"),
        (r#""double""#, DataType::Float64, "double"),
        (r#""bytes""#, DataType::Binary, "bytes"),
        (r#""string""#, DataType::Utf8, "string"),
        (r#"{"type": "string"}"#, DataType::Utf8, "string"),
        (r#"["null", "int"]"#, DataType::Int32, "int"),
        (r#"["long", "null"]"#, DataType::Int64, "long"),
        (r#"["double"]"#, DataType::Float64, "double"),
        (r#"["null"]"#, DataType::Utf8, "union"),
        (&fixed(3, "none"), DataType::Binary, "fixed"),
        (
            r#"{"type": "enum", "name": "E", "symbols": ["A"]}"#,
            DataType::Utf8,
            "enum",
        ),
        (MONEY, DataType::Decimal128(10, 2), "decimal"),
        (&logical("int", "date"), DataType::Date32, "date"),
        (&logical("int", "time-millis"), DataType::Utf8, "time-millis"),
        (&logical("long", "time-micros"), DataType::Utf8, "time-micros"),
        (
            &logical("long", "timestamp-millis"),
            DataType::Date64,
            "timestamp-millis",
        ),
        (
            &logical("long", "timestamp-micros"),
            DataType::Date64,
            "timestamp-micros",
        ),
        (
            &logical("long", "timestamp-nanos"),
            DataType::Date64,
            "timestamp-nanos",
        ),
        (
            &logical("long", "local-timestamp-micros"),
            DataType::Date64,
            "timestamp-micros",
        ),
        (&logical("string", "uuid"), DataType::Utf8, "uuid"),
        (&fixed(16, "uuid"), DataType::Utf8, "uuid"),
        (&fixed(12, "duration"), DataType::Utf8, "duration"),
        (&logical("bytes", "big-decimal"), DataType::Binary, "bytes"),
        (
            r#"{"type": "array", "items": ["null", "int"]}"#,
            list(DataType::Int32),
            "array",
        ),
        (
            r#"{"type": "map", "values": "long"}"#,
            map(DataType::Int64),
            "map",
        ),
        (
            r#"{"type": "record", "name": "P", "fields": [{"name": "x", "type": "int"}, {"name": "y", "type": "string"}]}"#,
            row(&[("x", DataType::Int32), ("y", DataType::Utf8)]),
            "record",
        ),
        (
            r#"{"type": "record", "name": "P", "fields": []}"#,
            DataType::Utf8,
            "record",
        ),
        (
            r#"{"type": "record", "name": "P", "fields": [{"name": "x", "type": "int"}, {"name": "X", "type": "int"}]}"#,
            DataType::Utf8,
            "record",
        ),
        (
            r#"{"type": "array", "items": ["int", {"type": "fixed", "name": "Int", "size": 1}]}"#,
            list(DataType::Utf8),
            "array",
        ),
        (
            r#"["null", "int", {"type": "array", "items": "string"}, {"type": "fixed", "name": "n.F", "size": 1}]"#,
            row(&[
                ("int", DataType::Int32),
                ("array", list(DataType::Utf8)),
                ("F", DataType::Binary),
            ]),
            "union",
        ),
    ] {
        let columns = fields(&record(&format!(r#""Col": {of}"#))).unwrap();
        let [column] = columns.as_slice() else {
            panic!("one column")
        };
        assert_eq!(
            (column.name().as_str(), column.data_type()),
            ("Col", &wanted),
            "{of}"
        );
        assert!(column.is_nullable());
        let metadata = [(MAPPING_KEY, "Col"), (FORMAT_HINT_KEY, ""), (TYPE_KEY, name)];
        for (key, wanted) in metadata {
            assert_eq!(column.metadata()[key], wanted, "{of}");
        }
    }
}

#[test]
fn gives_the_value_of_every_type() {
    for (of, value, wanted) in [
        (r#""null""#, Avro::Null, Json::Null),
        (r#""boolean""#, Avro::Boolean(true), json!(true)),
        (r#""int""#, Avro::Int(i32::MIN), json!(i32::MIN)),
        (r#""long""#, Avro::Long(i64::MIN), json!(i64::MIN)),
        (r#""float""#, Avro::Float(1.5), json!("1.5")),
        (r#""double""#, Avro::Double(f64::NAN), json!("NaN")),
        (r#""bytes""#, Avro::Bytes(vec![0, 255]), json!("AP8=")),
        (r#""string""#, text("grün"), json!("grün")),
        (
            r#"["null", "int"]"#,
            Avro::Union(1, Avro::Int(5).into()),
            json!(5),
        ),
        (
            r#"["null", "int"]"#,
            Avro::Union(0, Avro::Null.into()),
            Json::Null,
        ),
        (&fixed(3, "none"), Avro::Fixed(3, vec![1, 2, 3]), json!("AQID")),
        (
            r#"{"type": "enum", "name": "E", "symbols": ["A", "B"]}"#,
            Avro::Enum(1, "B".into()),
            json!("B"),
        ),
        (MONEY, unscaled(-12_345), json!("-123.45")),
        (&logical("int", "date"), Avro::Date(-1), json!("days -1")),
        (
            &logical("int", "time-millis"),
            Avro::TimeMillis(3_723_004),
            json!("01:02:03.004000"),
        ),
        (
            &logical("long", "time-micros"),
            Avro::TimeMicros(86_399_999_999),
            json!("23:59:59.999999"),
        ),
        (
            &logical("long", "timestamp-millis"),
            Avro::TimestampMillis(-1),
            json!("ms -1"),
        ),
        (
            &logical("long", "timestamp-micros"),
            Avro::TimestampMicros(-1),
            json!("ms -1"),
        ),
        (
            &logical("long", "timestamp-micros"),
            Avro::TimestampMicros(1_999),
            json!("ms 1"),
        ),
        (
            &logical("long", "timestamp-nanos"),
            Avro::TimestampNanos(-1_000_001),
            json!("ms -2"),
        ),
        (
            &logical("long", "local-timestamp-millis"),
            Avro::LocalTimestampMillis(7),
            json!("ms 7"),
        ),
        (
            &logical("long", "local-timestamp-nanos"),
            Avro::LocalTimestampNanos(7),
            json!("ms 0"),
        ),
        (
            &logical("string", "uuid"),
            Avro::Uuid(UUID.parse().unwrap()),
            json!(UUID),
        ),
        (
            &fixed(12, "duration"),
            Avro::Duration(Duration::new(Months::new(1), Days::new(2), Millis::new(3_004))),
            json!("P1M2DT3.004S"),
        ),
        (
            r#"{"type": "array", "items": ["null", "int"]}"#,
            Avro::Array(vec![
                Avro::Union(1, Avro::Int(1).into()),
                Avro::Union(0, Avro::Null.into()),
            ]),
            json!([1, null]),
        ),
        (
            r#"{"type": "array", "items": "int"}"#,
            Avro::Array(vec![]),
            json!([]),
        ),
        (
            r#"{"type": "map", "values": "long"}"#,
            Avro::Map([("k".to_owned(), Avro::Long(5))].into()),
            json!({"k": 5}),
        ),
        (
            r#"["null", "int", {"type": "record", "name": "n.P", "fields": [{"name": "x", "type": "int"}]}]"#,
            Avro::Union(2, avro_record(&[("x", Avro::Int(3))]).into()),
            json!({"int": null, "P": {"x": 3}}),
        ),
        (
            r#"["null", "int", "string"]"#,
            Avro::Union(0, Avro::Null.into()),
            Json::Null,
        ),
    ] {
        assert_eq!(value_of(of, value), wanted, "{of}");
    }
}

/// The other implementation cannot distinguish a UUID in 16 bytes from one in text, so the bytes are written
/// here.
#[test]
fn reads_a_uuid_of_sixteen_bytes() {
    let mut decoder = derived(&record(&format!(r#""a": {}"#, fixed(16, "uuid"))));
    decoder.decode(&UUID_BYTES).unwrap();
    assert_eq!(rows(&decoder.flush()), [json!({"a": UUID})]);
}

#[test]
fn converts_to_the_type_a_column_declares() {
    let date = &logical("int", "date");
    let millis = &logical("long", "timestamp-millis");
    let micros = &logical("long", "timestamp-micros");
    let time = &logical("int", "time-millis");
    let symbol = r#"{"type": "enum", "name": "E", "symbols": ["A", "B"]}"#;
    let zoned = DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()));
    for (of, value, to, wanted) in [
        (r#""long""#, Avro::Long(5), DataType::Int32, json!(5)),
        (r#""long""#, Avro::Long(5), DataType::Utf8, json!("5")),
        (r#""int""#, Avro::Int(5), DataType::Float64, json!("5.0")),
        (
            r#""int""#,
            Avro::Int(5),
            DataType::Decimal128(5, 2),
            json!("5.00"),
        ),
        (r#""string""#, text("42"), DataType::Int64, json!(42)),
        (
            r#""string""#,
            text("1.25"),
            DataType::Decimal128(5, 2),
            json!("1.25"),
        ),
        (
            r#""bytes""#,
            Avro::Bytes(b"abc".to_vec()),
            DataType::Utf8,
            json!("abc"),
        ),
        (symbol, Avro::Enum(0, "A".into()), DataType::Utf8, json!("A")),
        (
            MONEY,
            unscaled(12_345),
            DataType::Decimal128(38, 5),
            json!("123.45000"),
        ),
        (MONEY, unscaled(12_345), DataType::Utf8, json!("123.45")),
        (MONEY, unscaled(12_300), DataType::Int32, json!(123)),
        (MONEY, unscaled(12_345), DataType::Float64, json!("123.45")),
        (MONEY, unscaled(1), DataType::Binary, json!("AAAAAAAAAAE=")),
        (date, Avro::Date(19_425), DataType::Utf8, json!("2023-03-09")),
        (date, Avro::Date(19_425), DataType::Int32, json!(19_425)),
        (date, Avro::Date(1), DataType::Date64, json!("ms 86400000")),
        (
            millis,
            Avro::TimestampMillis(1_500),
            DataType::Int64,
            json!(1_500),
        ),
        (
            micros,
            Avro::TimestampMicros(1_999),
            DataType::Int64,
            json!(1_999),
        ),
        (
            millis,
            Avro::TimestampMillis(1_500),
            DataType::Utf8,
            json!("1970-01-01 00:00:01.500"),
        ),
        (
            millis,
            Avro::TimestampMillis(-1),
            DataType::Date32,
            json!("days -1"),
        ),
        (
            millis,
            Avro::TimestampMillis(1_500),
            zoned,
            json!("packed 6144000"),
        ),
        (time, Avro::TimeMillis(1_500), DataType::Int32, json!(1_500)),
        (
            time,
            Avro::TimeMillis(1_500),
            DataType::Utf8,
            json!("00:00:01.500000"),
        ),
        (
            r#"["null", "int", "string"]"#,
            Avro::Union(2, text("x").into()),
            DataType::Utf8,
            json!("x"),
        ),
        (
            r#"["null", "int", "long"]"#,
            Avro::Union(1, Avro::Int(4).into()),
            DataType::Int64,
            json!(4),
        ),
    ] {
        assert_eq!(value_as(of, value, to.clone()), (wanted, 0), "{of} as {to}");
    }
}

#[test]
fn a_value_that_does_not_fit_is_null_and_counted() {
    let time = &logical("int", "time-millis");
    for (of, value, to) in [
        (r#""long""#, Avro::Long(1 << 31), DataType::Int32),
        (r#""string""#, text("x"), DataType::Int32),
        (r#""boolean""#, Avro::Boolean(true), DataType::Int32),
        (r#""int""#, Avro::Int(5), DataType::Boolean),
        (r#""double""#, Avro::Double(1.5), DataType::Int64),
        (r#""string""#, text("[1]"), list(DataType::Int32)),
        (MONEY, unscaled(100_000), DataType::Decimal128(5, 2)),
        (MONEY, unscaled(12_345), DataType::Int32),
        (time, Avro::TimeMillis(86_400_000), DataType::Utf8),
        (time, Avro::TimeMillis(-1), DataType::Utf8),
        (
            r#"{"type": "array", "items": "int"}"#,
            Avro::Array(vec![Avro::Int(1)]),
            DataType::Int32,
        ),
        (
            r#"{"type": "map", "values": "int"}"#,
            Avro::Map([].into()),
            list(DataType::Int32),
        ),
        (
            r#"["int", "string"]"#,
            Avro::Union(1, text("x").into()),
            DataType::Int32,
        ),
    ] {
        assert_eq!(value_as(of, value, to.clone()), (Json::Null, 1), "{of} as {to}");
    }
}

#[test]
fn text_that_is_not_utf_8_is_repaired() {
    let mut decoder = derived(&record(r#""a": "string", "b": {"type": "map", "values": "int"}"#));
    decoder.decode(&[4, b'x', 0xff, 2, 2, 0xfe, 6, 0]).unwrap();
    assert_eq!(
        rows(&decoder.flush()),
        [json!({"a": "x\u{fffd}", "b": {"\u{fffd}": 3}})]
    );
}
