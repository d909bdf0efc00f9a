use arrow::array::AsArray;
use arrow::datatypes::Field;
use uuid::Uuid;

use super::*;
use crate::decode::testing::{Failing, Registries, ValueDecoder, column, sourced};
use crate::record::{Headers, Record};
use crate::table::Encoding;

const AVRO: &str = r#"{"type": "record", "name": "T", "fields": [
    {"name": "id", "type": "int"}, {"name": "tags", "type": {"type": "array", "items": "string"}}]}"#;
const PROTOBUF: &str = "syntax = 'proto3'; message T { int32 id = 1; string name = 2; }";
const VERSION: Uuid = Uuid::from_u128(7);

fn columns() -> Vec<Field> {
    vec![
        column("value", "", DataType::Utf8),
        sourced("id", "schema_id", "", DataType::Utf8),
    ]
}

fn registries(format: &'static str, definition: &'static str) -> Arc<dyn WriterSchemas> {
    let ids = [WriterSchemaId::Glue(VERSION), WriterSchemaId::Confluent(7)];
    let schemas = ids.map(|id| (id, (format, definition, [].as_slice())));
    Arc::new(Registries(schemas.into()))
}

/// The text of one payload and the schema's id beside it.
fn shown(
    writers: Arc<dyn WriterSchemas>,
    payload: &[u8],
) -> Result<(Option<String>, Option<String>), String> {
    let mut decoder = ValueDecoder::with_writers(Encoding::Text, columns(), writers);
    decoder.decode(payload).map_err(|error| error.to_string())?;
    let rows = decoder.flush();
    assert_eq!((rows.num_rows(), decoder.value_errors().len()), (1, 0));
    let text = |column: usize| {
        let texts = rows.column(column).as_string::<i32>();
        texts.iter().next().flatten().map(str::to_owned)
    };
    Ok((text(0), text(1)))
}

fn glue(body: &[u8]) -> Vec<u8> {
    [&[3, 0], VERSION.as_bytes().as_slice(), body].concat()
}

fn confluent(body: &[u8]) -> Vec<u8> {
    [&[0, 0, 0, 0, 7], body].concat()
}

const AVRO_BODY: [u8; 6] = [2, 2, 4, b'h', b'i', 0];
const PROTOBUF_BODY: [u8; 6] = [8, 1, 0x12, 2, b'h', b'i'];

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn a_payload_that_names_no_schema_is_text_where_it_is_utf_8() {
    for (payload, text) in [
        (&b"plain"[..], some("plain")),
        ("Käse".as_bytes(), some("Käse")),
        (b"", some("")),
        (b"\xff\xfe", None),
    ] {
        assert_eq!(shown(Arc::new(Failing::Down), payload), Ok((text, None)));
    }
}

#[test]
fn a_payload_that_names_its_schema_is_its_json() {
    let avro = r#"{"id":1,"tags":["hi"]}"#;
    for (payload, id) in [
        (glue(&AVRO_BODY), VERSION.to_string()),
        (confluent(&AVRO_BODY), "7".into()),
    ] {
        assert_eq!(
            shown(registries("AVRO", AVRO), &payload),
            Ok((some(avro), Some(id)))
        );
    }
    let protobuf = r#"{"id":1,"name":"hi"}"#;
    let first = [&[0], &PROTOBUF_BODY[..]].concat();
    for payload in [glue(&first), confluent(&first)] {
        let (text, _) = shown(registries("PROTOBUF", PROTOBUF), &payload).unwrap();
        assert_eq!(text, some(protobuf));
    }
    let (text, _) = shown(registries("JSON", "{}"), &confluent(br#"{"a": 1}"#)).unwrap();
    assert_eq!(text, some(r#"{"a": 1}"#));
}

#[test]
fn a_record_header_names_it_too() {
    let header = [0, 0, 0, 0, 7];
    let headers = [("__value_schema_id", Some(&header[..]))];
    let headers: &dyn Headers = &headers.as_slice();
    let mut decoder = ValueDecoder::with_writers(Encoding::Text, columns(), registries("AVRO", AVRO));
    let record = Record {
        headers,
        ..Record::of_value(&AVRO_BODY)
    };
    decoder.0.decode(&record).unwrap();
    let rows = decoder.flush();
    assert_eq!(
        rows.column(0).as_string::<i32>().value(0),
        r#"{"id":1,"tags":["hi"]}"#
    );
    assert_eq!(rows.column(1).as_string::<i32>().value(0), "7");
}

#[test]
fn a_payload_that_only_begins_as_a_header_does_is_what_it_is() {
    let payload = [&[0, 0, 0, 0, 9], &b"text"[..]].concat();
    for writers in [registries("AVRO", AVRO), Arc::new(Failing::Absent)] {
        let (text, id) = shown(writers, &payload).unwrap();
        assert_eq!((text, id), (some("\0\0\0\0\ttext"), some("9")));
    }
}

#[test]
fn the_id_is_shown_also_where_no_registry_knows_it() {
    let unknown = Uuid::from_u128(9);
    let glue = [&[3, 0], unknown.as_bytes().as_slice(), b"text"].concat();
    let header = [0, 0, 0, 0, 9];
    let headers = [("__value_schema_id", Some(&header[..]))];
    let headers: &dyn Headers = &headers.as_slice();
    for writers in [registries("AVRO", AVRO), Arc::new(Failing::Absent)] {
        assert_eq!(
            shown(Arc::clone(&writers), &glue).unwrap().1,
            Some(unknown.to_string())
        );
        let mut decoder = ValueDecoder::with_writers(Encoding::Text, columns(), writers);
        let record = Record {
            headers,
            ..Record::of_value(b"text")
        };
        decoder.0.decode(&record).unwrap();
        let rows = decoder.flush();
        assert_eq!(rows.column(0).as_string::<i32>().value(0), "text");
        assert_eq!(rows.column(1).as_string::<i32>().value(0), "9");
    }
}

#[test]
fn a_payload_that_does_not_follow_the_schema_it_names_is_bad() {
    let error = shown(registries("AVRO", AVRO), &confluent(&[2])).unwrap_err();
    assert!(error.contains("not an Avro datum"), "{error}");
    let error = shown(registries("AVRO", "{"), &confluent(&AVRO_BODY)).unwrap_err();
    assert!(error.contains("the record's schema 7"), "{error}");
    let error = shown(Arc::new(Failing::Down), &confluent(&AVRO_BODY)).unwrap_err();
    assert!(error.contains("timed out"), "{error}");
}

#[test]
fn a_column_that_is_no_text_is_refused() {
    let table = crate::decode::testing::table(Encoding::Text, vec![column("value", "", DataType::Int64)]);
    let writers: Arc<dyn WriterSchemas> = Arc::new(Failing::Absent);
    let refused = crate::decode::RowDecoder::try_new(&table.schema, Some(&table), &writers).err();
    assert!(
        matches!(refused, Some(TableError::UnsupportedType { .. })),
        "{refused:?}"
    );
}
