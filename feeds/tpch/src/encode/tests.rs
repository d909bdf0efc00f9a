//! Round trips of every row through a reader that is not of the encoder's library.

use apache_avro::types::Value as AvroValue;
use apache_avro::{Schema, from_avro_datum};
use prost_reflect::{DynamicMessage, MessageDescriptor, ReflectMessage, Value as ProtoValue};

use crate::row::{Value, rows};

use super::*;

const SCALE: f64 = 0.001;

/// Reader of a table's values, as text in the order of its columns.
type Reader = Box<dyn Fn(&[u8]) -> Vec<String>>;

#[test]
fn json_reads_back() {
    round_trip(Format::Json, |table| {
        Box::new(move |value| {
            let object: serde_json::Value = serde_json::from_slice(value).unwrap();
            assert_eq!(object.as_object().unwrap().len(), table.columns().len());
            table
                .columns()
                .iter()
                .map(|column| json_text(&object[column.name]))
                .collect()
        })
    });
}

#[test]
fn json_decimals_are_numbers_with_all_their_digits() {
    let encoder = Encoder::new(Table::Partsupp, Format::Json).unwrap();
    let row = rows(Table::Partsupp, SCALE)
        .find(|row| decimal(row, 3).ends_with('0'))
        .unwrap();
    let text = String::from_utf8(encoder.encode(&row).unwrap()).unwrap();
    assert!(
        text.contains(&format!(r#""ps_supplycost":{},"#, decimal(&row, 3))),
        "{text}"
    );
}

#[test]
fn csv_reads_back() {
    round_trip(Format::Csv, |_| Box::new(csv_fields));
}

#[test]
fn csv_quotes_what_must_be_quoted() {
    let encoder = Encoder::new(Table::Customer, Format::Csv).unwrap();
    let mut row = rows(Table::Customer, SCALE).next().unwrap();
    let Row::Customer(customer) = &mut row else {
        panic!("wanted a customer, found {row:?}");
    };
    customer.c_comment = "a \"comment\",\nof two lines";
    let value = encoder.encode(&row).unwrap();
    assert!(value.ends_with(b",\"a \"\"comment\"\",\nof two lines\""));
}

#[test]
fn avro_reads_back() {
    round_trip(Format::Avro, |table| {
        let schema = Schema::parse_str(&avro_schema(table)).unwrap();
        Box::new(move |mut value| {
            let datum = from_avro_datum(&schema, &mut value, None).unwrap();
            assert!(value.is_empty());
            let AvroValue::Record(fields) = datum else {
                panic!("wanted a record, found {datum:?}");
            };
            fields.into_iter().map(|(_, value)| avro_text(value)).collect()
        })
    });
}

#[test]
fn avro_stands_behind_glues_header() {
    let id = Uuid::from_u128(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff);
    let row = rows(Table::Region, SCALE).nth(1).unwrap();
    let bare = Encoder::new(Table::Region, Format::Avro)
        .unwrap()
        .encode(&row)
        .unwrap();
    let framed = Encoder::avro_with_glue_header(Table::Region, id)
        .unwrap()
        .encode(&row)
        .unwrap();
    let header = [
        3, 0, 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
    ];
    assert_eq!(framed, [&header[..], &bare].concat());
}

/// The text of `tpch.proto` describes what the structs write, field for field.
#[test]
fn protobuf_reads_back_by_its_text() {
    round_trip(Format::Protobuf, |table| {
        let message = message(table);
        let names: Vec<_> = message.fields().map(|field| field.name().to_owned()).collect();
        let columns: Vec<_> = table.columns().iter().map(|column| column.name).collect();
        assert_eq!(names, columns);
        Box::new(move |value| {
            let message = DynamicMessage::decode(message.clone(), value).unwrap();
            assert_eq!(message.unknown_fields().count(), 0);
            message
                .descriptor()
                .fields()
                .map(|field| proto_text(&message.get_field(&field)))
                .collect()
        })
    });
}

#[test]
fn formats_name_themselves() {
    for format in Format::ALL {
        assert_eq!(format.name().parse::<Format>().unwrap(), format);
    }
    let error = "xml".parse::<Format>().unwrap_err();
    assert!(error.to_string().ends_with("found \"xml\""));
}

fn round_trip(format: Format, reader: impl Fn(Table) -> Reader) {
    for table in Table::ALL {
        let encoder = Encoder::new(table, format).unwrap();
        let read = reader(table);
        for row in rows(table, SCALE) {
            let expected: Vec<_> = row.values().iter().map(text).collect();
            assert_eq!(
                read(&encoder.encode(&row).unwrap()),
                expected,
                "{table} as {format}"
            );
        }
    }
}

fn text(value: &Value<'_>) -> String {
    match value {
        Value::BigInt(number) => number.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Decimal(number) => number.to_string(),
        Value::Date(date) => date.to_string(),
        Value::Varchar(text) => text.to_string(),
    }
}

fn decimal(row: &Row, at: usize) -> String {
    text(&row.values()[at])
}

/// Text of a decimal, which a double represents exactly here, with two decimal places.
fn json_text(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Number(number) if number.is_f64() => format!("{:.2}", number.as_f64().unwrap()),
        other => other.to_string(),
    }
}

fn csv_fields(value: &[u8]) -> Vec<String> {
    let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(value);
    let records: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), 1);
    records[0].iter().map(str::to_owned).collect()
}

fn avro_text(value: AvroValue) -> String {
    match value {
        AvroValue::Long(number) => number.to_string(),
        AvroValue::Int(number) => number.to_string(),
        AvroValue::String(text) => text,
        AvroValue::Date(days) => {
            let date = arrow::datatypes::Date32Type::to_naive_date_opt(days);
            date.unwrap().to_string()
        }
        AvroValue::Decimal(decimal) => {
            let bytes = Vec::try_from(decimal).unwrap();
            let sign = if bytes[0] & 0x80 == 0 { 0 } else { -1 };
            let unscaled = bytes
                .iter()
                .fold(sign, |number: i64, byte| number << 8 | i64::from(*byte));
            format!("{:.2}", unscaled as f64 / 100.0)
        }
        other => panic!("wanted a value of a column, found {other:?}"),
    }
}

fn message(table: Table) -> MessageDescriptor {
    struct TpchFile;
    impl protox::file::FileResolver for TpchFile {
        fn open_file(&self, name: &str) -> Result<protox::file::File, protox::Error> {
            protox::file::File::from_source(name, PROTO)
        }
    }
    let mut compiler = protox::Compiler::with_file_resolver(TpchFile);
    compiler.open_file("tpch.proto").unwrap();
    let pool = compiler.descriptor_pool();
    pool.get_message_by_name(message_name(table)).unwrap()
}

fn proto_text(value: &ProtoValue) -> String {
    match value {
        ProtoValue::I64(number) => number.to_string(),
        ProtoValue::I32(number) => number.to_string(),
        ProtoValue::String(text) => text.clone(),
        other => panic!("wanted a value of a column, found {other:?}"),
    }
}
