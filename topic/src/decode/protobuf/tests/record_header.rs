//! Messages whose schema id is in a record header.

use uuid::Uuid;

use super::*;
use crate::decode::testing::{Failing, Registries};
use crate::record::Record;

const TABLE: &str = "syntax = 'proto3'; message A { int32 n = 1; string name = 2; }";
/// Writer's schema: the same fields with other numbers, and further messages beside and within.
const WRITER: &str = "syntax = 'proto3';
    message A { string name = 1; int32 n = 2; message Inner { int32 n = 3; } }
    message B { int32 n = 4; message First { int32 n = 5; } message Second { int32 n = 6; } }";
const GUID: Uuid = Uuid::from_u128(0x3f0a_6c1e_8d52_4b7a_9c11_0e5d_2a7b_4c90);
const HEADER: &str = "__value_schema_id";
/// Writer's first message.
const MESSAGE: &[u8] = b"\x0a\x01x\x10\x07";

fn registries() -> Arc<dyn WriterSchemas> {
    Arc::new(Registries(vec![
        (WriterSchemaId::ConfluentGuid(GUID), ("PROTOBUF", WRITER, &[])),
        (WriterSchemaId::Confluent(7), ("PROTOBUF", WRITER, &[])),
        (WriterSchemaId::Confluent(8), ("AVRO", "\"int\"", &[])),
    ]))
}

fn guid(message_index: &[u8]) -> Vec<u8> {
    [&[1], GUID.as_bytes().as_slice(), message_index].concat()
}

fn decode(
    writers: Arc<dyn WriterSchemas>,
    header: Option<&[u8]>,
    payload: &[u8],
) -> Result<Vec<String>, RowError> {
    let columns = fields(TABLE, &[], None).unwrap();
    let mut decoder = ValueDecoder::with_writers(encoding(TABLE, None), columns, writers);
    let headers = [(HEADER, header)];
    decoder.0.decode(&Record {
        headers: &headers.as_slice(),
        ..Record::of_value(payload)
    })?;
    Ok(super::rows(&decoder.flush()).remove(0))
}

fn read(header: &[u8], payload: &[u8]) -> Result<Vec<String>, String> {
    decode(registries(), Some(header), payload).map_err(|error| error.to_string())
}

/// Expected row; texts are in quotes.
fn row(n: &str, name: &str) -> Result<Vec<String>, String> {
    Ok(vec![n.to_owned(), name.to_owned()])
}

#[test]
fn the_header_names_schema_and_message() {
    assert_eq!(read(&guid(&[0]), MESSAGE), row("7", "\"x\""));
    assert_eq!(read(&guid(&[2, 0]), MESSAGE), row("7", "\"x\""));
    assert_eq!(read(&[0, 0, 0, 0, 7, 0], MESSAGE), row("7", "\"x\""));
    for (index, field) in [
        (&[2, 2][..], 4),
        (&[4, 2, 0], 5),
        (&[4, 2, 2], 6),
        (&[4, 0, 0], 3),
    ] {
        assert_eq!(
            read(&guid(index), &[field << 3, 9]),
            row("9", "NULL"),
            "{index:?}"
        );
    }
    // Bytes after the path are ignored.
    assert_eq!(read(&guid(&[0, 9, 9]), MESSAGE), row("7", "\"x\""));
    // A message without fields is a message.
    assert_eq!(read(&guid(&[0]), &[]), row("0", "\"\""));
}

#[test]
fn without_a_value_the_header_says_nothing() {
    let bare = decode(registries(), None, &[0x08, 5]).unwrap();
    assert_eq!(bare, ["5", "\"\""]);
}

#[test]
fn with_a_header_the_payload_has_nothing_in_front() {
    let framed = [&[0, 0, 0, 0, 7, 0], MESSAGE].concat();
    assert!(
        read(&guid(&[0]), &framed)
            .unwrap_err()
            .starts_with("not a Protobuf message")
    );
}

#[test]
fn a_header_without_a_usable_message_makes_a_bad_record() {
    let place = "message index in the record header: ";
    for (header, wanted) in [
        (
            guid(&[2, 4]),
            format!("{place}message 2 does not exist: the list has 2"),
        ),
        (
            guid(&[4, 2, 4]),
            format!("{place}message 2 does not exist: the list has 2"),
        ),
        (guid(&[1]), format!("{place}a path of -1 steps to the message")),
        (guid(&[]), place.to_owned()),
        (guid(&[4, 2]), place.to_owned()),
        (
            vec![0, 0, 0, 0, 8, 0],
            "schema 8 that the record names is AVRO, wanted PROTOBUF".to_owned(),
        ),
        (
            vec![0, 0, 0, 0, 9, 0],
            "the schema 9 that the record names does not exist".to_owned(),
        ),
        (
            vec![1, 2, 3],
            "the record header with the schema's id has 3 bytes".to_owned(),
        ),
        (
            vec![3],
            "the record header with the schema's id begins with 3".to_owned(),
        ),
    ] {
        let error = decode(registries(), Some(&header), &[0x08, 5]).unwrap_err();
        assert!(
            matches!(&error, RowError::Bad(bad) if !bad.lacks_registry),
            "{error}"
        );
        assert!(error.to_string().starts_with(&wanted), "{error}");
    }
    let header = guid(&[0]);
    let absent = decode(Arc::new(Failing::Absent), Some(&header), &[0x08, 5]).unwrap_err();
    assert!(
        matches!(&absent, RowError::Bad(bad) if bad.lacks_registry),
        "{absent}"
    );
    let down = decode(Arc::new(Failing::Down), Some(&header), &[0x08, 5]).unwrap_err();
    assert!(matches!(down, RowError::WriterSchema(_)), "{down}");
}
