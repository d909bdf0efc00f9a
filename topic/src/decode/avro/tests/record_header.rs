//! Data whose schema id is in a record header.

use uuid::Uuid;

use super::*;
use crate::decode::testing::{Failing, Registries};
use crate::record::Record;

/// Fields of the table, in its order.
const REGISTERED: &str = r#"{"type": "record", "name": "c.Customer", "fields": [
    {"name": "address", "type": {"type": "record", "name": "c.Address", "fields": [{"name": "city", "type": "string"}]}},
    {"name": "name", "type": "string"}]}"#;
/// Same fields in the opposite order.
const WRITER: &str = r#"{"type": "record", "name": "c.Customer", "fields": [
    {"name": "name", "type": "string"},
    {"name": "address", "type": {"type": "record", "name": "c.Address", "fields": [{"name": "city", "type": "string"}]}}]}"#;
/// Two texts: their meaning depends on the schema only.
const DATUM: &[u8] = b"\x06cid\x08Bern";
const GUID: Uuid = Uuid::from_u128(0x3f0a_6c1e_8d52_4b7a_9c11_0e5d_2a7b_4c90);
const HEADER: &str = "__value_schema_id";

type HeaderList<'a> = [(&'a str, Option<&'a [u8]>)];

fn guid(guid: Uuid) -> Vec<u8> {
    [&[1], guid.as_bytes().as_slice()].concat()
}

fn registries() -> Arc<dyn WriterSchemas> {
    Arc::new(Registries(vec![
        (WriterSchemaId::ConfluentGuid(GUID), ("AVRO", WRITER, &[])),
        (WriterSchemaId::Confluent(7), ("AVRO", WRITER, &[])),
        (
            WriterSchemaId::Confluent(8),
            ("PROTOBUF", "syntax = 'proto3';", &[]),
        ),
        (WriterSchemaId::Confluent(9), ("AVRO", "{", &[])),
    ]))
}

fn read_by(
    writers: Arc<dyn WriterSchemas>,
    headers: &HeaderList<'_>,
    datum: &[u8],
) -> Result<Json, RowError> {
    let mut decoder = with_writers(REGISTERED, fields(REGISTERED).unwrap(), writers);
    decoder.0.decode(&Record {
        headers: &headers,
        ..Record::of_value(datum)
    })?;
    Ok(rows(&decoder.flush()).remove(0))
}

fn read(headers: &HeaderList<'_>, datum: &[u8]) -> Result<Json, String> {
    read_by(registries(), headers, datum).map_err(|error| error.to_string())
}

/// Row decoded with the writer's schema.
fn by_writer() -> Result<Json, String> {
    Ok(json!({"name": "cid", "address": {"city": "Bern"}}))
}

/// Row decoded with the table's schema.
fn as_bare() -> Result<Json, String> {
    Ok(json!({"name": "Bern", "address": {"city": "cid"}}))
}

#[test]
fn the_schema_of_the_header_is_that_of_the_datum() {
    assert_eq!(read(&[], DATUM), as_bare());
    assert_eq!(read(&[(HEADER, Some(&guid(GUID)))], DATUM), by_writer());
    assert_eq!(read(&[(HEADER, Some(&[0, 0, 0, 0, 7]))], DATUM), by_writer());
    // Bytes after the id are for Protobuf.
    let with_index = [guid(GUID), vec![2, 2]].concat();
    assert_eq!(read(&[(HEADER, Some(&with_index))], DATUM), by_writer());
}

#[test]
fn the_last_header_counts_and_one_without_value_is_none() {
    let unknown = guid(Uuid::nil());
    let known = guid(GUID);
    let (unknown, known): (&[u8], &[u8]) = (&unknown, &known);
    let twice = [(HEADER, Some(unknown)), ("x", None), (HEADER, Some(known))];
    assert_eq!(read(&twice, DATUM), by_writer());
    let twice = [(HEADER, Some(known)), (HEADER, Some(unknown))];
    assert!(
        read(&twice, DATUM)
            .unwrap_err()
            .ends_with("that the record names does not exist")
    );
    let taken_back = [(HEADER, Some(known)), (HEADER, None)];
    assert_eq!(read(&taken_back, DATUM), as_bare());
}

#[test]
fn headers_of_other_names_say_nothing() {
    let known = guid(GUID);
    for name in ["__key_schema_id", "__VALUE_SCHEMA_ID", "value_schema_id", ""] {
        assert_eq!(read(&[(name, Some(&known))], DATUM), as_bare(), "{name}");
    }
}

#[test]
fn with_a_header_the_payload_has_nothing_in_front() {
    const TWO: &str = r#"{"type": "record", "name": "T", "fields": [
        {"name": "a", "type": "int"}, {"name": "b", "type": "string"}]}"#;
    let writers: Arc<dyn WriterSchemas> = Arc::new(Registries(vec![
        (WriterSchemaId::ConfluentGuid(GUID), ("AVRO", TWO, &[])),
        (
            WriterSchemaId::Confluent(0x0a61_6263),
            ("AVRO", r#"{"type": "record", "name": "T", "fields": []}"#, &[]),
        ),
    ]));
    // Begins like Confluent's header of an existing schema.
    let datum = b"\x00\x0aabcde";
    let headers: &HeaderList<'_> = &[(HEADER, Some(&guid(GUID)))];
    let mut decoder = with_writers(TWO, fields(TWO).unwrap(), writers);
    let record = Record {
        headers: &headers,
        ..Record::of_value(datum)
    };
    decoder.0.decode(&record).unwrap();
    assert_eq!(rows(&decoder.flush()), [json!({"a": 0, "b": "abcde"})]);
    let framed = [&[0, 0, 0, 0, 7], DATUM].concat();
    assert!(read(&[(HEADER, Some(&[0, 0, 0, 0, 7]))], &framed).is_err());
}

#[test]
fn a_header_without_a_usable_schema_makes_a_bad_record_and_never_a_bare_datum() {
    let unknown = guid(Uuid::nil());
    for (header, wanted) in [
        (
            unknown.as_slice(),
            "the schema 00000000-0000-0000-0000-000000000000 that the record names does not exist",
        ),
        (
            &[0, 0, 0, 0, 6],
            "the schema 6 that the record names does not exist",
        ),
        (
            &[0, 0, 0, 0, 8],
            "the record's schema 8: its format is PROTOBUF, wanted AVRO",
        ),
        (
            &[0, 0, 0, 0, 9],
            "the record's schema 9: the Avro schema is not JSON: ",
        ),
        (&[], "the record header with the schema's id has 0 bytes, wanted "),
        (
            &unknown[..16],
            "the record header with the schema's id has 16 bytes, wanted ",
        ),
        (
            &[2, 0, 0, 0, 7],
            "the record header with the schema's id begins with 2, wanted 0 or 1",
        ),
    ] {
        let error = read_by(registries(), &[(HEADER, Some(header))], DATUM).unwrap_err();
        assert!(
            matches!(&error, RowError::Bad(bad) if !bad.lacks_registry),
            "{error}"
        );
        assert!(error.to_string().starts_with(wanted), "{error}");
    }
    let known = guid(GUID);
    let headers: &HeaderList<'_> = &[(HEADER, Some(&known))];
    let error = read_by(Arc::new(Failing::Absent), headers, DATUM).unwrap_err();
    assert!(
        matches!(&error, RowError::Bad(bad) if bad.lacks_registry),
        "{error}"
    );
    let error = read_by(Arc::new(Failing::Incomplete), headers, DATUM).unwrap_err();
    assert!(
        matches!(&error, RowError::Bad(bad) if !bad.lacks_registry),
        "{error}"
    );
}

#[test]
fn a_registry_that_is_down_ends_reading() {
    let known = guid(GUID);
    let error = read_by(Arc::new(Failing::Down), &[(HEADER, Some(&known))], DATUM).unwrap_err();
    assert!(matches!(error, RowError::WriterSchema(_)), "{error}");
}

#[test]
fn writers_of_all_kinds_stand_side_by_side() {
    let mut decoder = with_writers(REGISTERED, fields(REGISTERED).unwrap(), registries());
    let known = guid(GUID);
    let headed: &HeaderList<'_> = &[(HEADER, Some(&known))];
    let framed = [&[0, 0, 0, 0, 7], DATUM].concat();
    let bare: &HeaderList<'_> = &[];
    for (headers, payload) in [
        (&headed, DATUM),
        (&bare, DATUM),
        (&bare, &framed),
        (&headed, DATUM),
    ] {
        decoder
            .0
            .decode(&Record {
                headers,
                ..Record::of_value(payload)
            })
            .unwrap();
    }
    let wanted = [by_writer(), as_bare(), by_writer(), by_writer()];
    assert_eq!(rows(&decoder.flush()), wanted.map(Result::unwrap));
}
