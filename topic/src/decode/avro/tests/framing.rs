//! Headers, the schemas they name, and data that only seem to have one.

use std::collections::HashMap;
use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use uuid::Uuid;

use super::*;

const REGISTERED: &str = r#"{"type": "record", "name": "R", "fields": [
    {"name": "a", "type": "int"}, {"name": "b", "type": "string", "default": "none"}]}"#;
const OLDER: &str = r#"{"type": "record", "name": "R", "fields": [{"name": "a", "type": "long"}]}"#;
const OTHER: &str = r#""string""#;

/// Schemas by the last number of their id: 0 is unavailable, the rest is as listed.
struct Registry(HashMap<u32, (&'static str, &'static str)>);

impl Registry {
    fn find(&self, number: u32, id: String) -> Result<Arc<SchemaDefinition>, WriterSchemaError> {
        if number == 0 {
            let reason = "timed out".to_owned();
            return Err(WriterSchemaError::Unavailable { id, reason });
        }
        let Some((data_format, definition)) = self.0.get(&number) else {
            return Err(WriterSchemaError::Unknown { id });
        };
        Ok(Arc::new(SchemaDefinition {
            schema_version_id: id,
            data_format: (*data_format).to_owned(),
            definition: (*definition).to_owned(),
            ..SchemaDefinition::default()
        }))
    }
}

impl WriterSchemas for Registry {
    fn schema(&self, id: WriterSchemaId) -> Result<Arc<SchemaDefinition>, WriterSchemaError> {
        let number = match id {
            WriterSchemaId::Glue(id) | WriterSchemaId::ConfluentGuid(id) => id.as_u128() as u32,
            WriterSchemaId::Confluent(id) => id,
        };
        self.find(number, id.to_string())
    }
}

fn registry() -> Arc<dyn WriterSchemas> {
    Arc::new(Registry(HashMap::from([
        (1, ("AVRO", REGISTERED)),
        (2, ("AVRO", OLDER)),
        (3, ("AVRO", OTHER)),
        (4, ("PROTOBUF", "syntax = \"proto3\";")),
        (5, ("AVRO", "{}")),
    ])))
}

fn decoder() -> ValueDecoder {
    with_writers(REGISTERED, fields(REGISTERED).unwrap(), registry())
}

fn glue(number: u128, body: &[u8]) -> Vec<u8> {
    [&[3, 0], Uuid::from_u128(number).as_bytes().as_slice(), body].concat()
}

fn compressed(number: u128, body: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).unwrap();
    let mut payload = glue(number, &encoder.finish().unwrap());
    payload[1] = 5;
    payload
}

fn confluent(number: u32, body: &[u8]) -> Vec<u8> {
    [&[0], number.to_be_bytes().as_slice(), body].concat()
}

fn read(payload: &[u8]) -> Result<Json, String> {
    let mut decoder = decoder();
    decoder.decode(payload).map_err(|error| error.to_string())?;
    Ok(rows(&decoder.flush()).remove(0))
}

#[test]
fn reads_each_framing_by_its_writers_schema() {
    let row = Ok(json!({"a": 5, "b": "x"}));
    let body = [10, 2, b'x'];
    assert_eq!(read(&body), row);
    assert_eq!(read(&glue(1, &body)), row);
    assert_eq!(read(&compressed(1, &body)), row);
    assert_eq!(read(&confluent(1, &body)), row);
    let older = Ok(json!({"a": 5, "b": "none"}));
    assert_eq!(read(&glue(2, &[10])), older);
    assert_eq!(read(&confluent(2, &[10])), older);
}

#[test]
fn reads_versions_in_any_order() {
    let mut decoder = decoder();
    for payload in [glue(2, &[2]), glue(1, &[4, 0]), glue(2, &[6]), confluent(2, &[8])] {
        decoder.decode(&payload).unwrap();
    }
    let wanted = [(1, "none"), (2, ""), (3, "none"), (4, "none")];
    assert_eq!(
        rows(&decoder.flush()),
        wanted.map(|(a, b)| json!({"a": a, "b": b}))
    );
}

#[test]
fn says_why_a_writers_schema_cannot_be_used() {
    let id = |number: u128| Uuid::from_u128(number).to_string();
    for (number, reason) in [
        (3, "wanted record R, found string"),
        (4, "its format is PROTOBUF, wanted AVRO"),
        (5, "an object without `type` is not a type"),
    ] {
        let wanted = format!("the record's schema {}: {reason}", id(number));
        assert_eq!(read(&glue(number, &[2, b'x'])), Err(wanted));
    }
    let unknown = format!("the schema {} that the record names does not exist", id(9));
    assert_eq!(read(&glue(9, &[10, 2, b'x'])), Err(unknown.clone()));
    // A body that cannot be inflated does not hide the fault either.
    let mut damaged = compressed(9, &[10, 2, b'x']);
    assert_eq!(read(&damaged), Err(unknown));
    damaged.truncate(20);
    assert!(read(&damaged).unwrap_err().contains("not zlib data"));
    assert_eq!(
        read(&confluent(9, &[10, 2, b'x'])),
        Err("the schema 9 that the record names does not exist".to_owned())
    );
}

#[test]
fn ends_reading_when_a_schema_cannot_be_looked_up() {
    for payload in [glue(0, &[10, 0]), confluent(0, &[10, 0]), compressed(0, &[10, 0])] {
        let error = decoder().decode(&payload).unwrap_err();
        assert!(matches!(error, RowError::WriterSchema(source)
            if matches!(*source, WriterSchemaError::Unavailable { .. })));
    }
}

#[test]
fn needs_no_registry_for_bare_data_that_look_framed() {
    struct Nobody;
    impl WriterSchemas for Nobody {
        fn schema(&self, id: WriterSchemaId) -> Result<Arc<SchemaDefinition>, WriterSchemaError> {
            let (id, reason) = (id.to_string(), "there is none");
            Err(WriterSchemaError::NoRegistry { id, reason })
        }
    }
    let mut decoder = with_writers(REGISTERED, fields(REGISTERED).unwrap(), Arc::new(Nobody));
    let bare = [[0, 40].as_slice(), &[b'x'; 20]].concat();
    decoder.decode(&bare).unwrap();
    let framed = confluent(9, &[10, 2, b'x']);
    let error = decoder.decode(&framed).unwrap_err();
    assert!(matches!(error, RowError::Bad(bad) if bad.lacks_registry));
}

#[test]
fn does_not_guess_while_the_registry_is_down() {
    struct Down;
    impl WriterSchemas for Down {
        fn schema(&self, id: WriterSchemaId) -> Result<Arc<SchemaDefinition>, WriterSchemaError> {
            let (id, reason) = (id.to_string(), "timed out".to_owned());
            Err(WriterSchemaError::Unavailable { id, reason })
        }
    }
    let mut decoder = with_writers(REGISTERED, fields(REGISTERED).unwrap(), Arc::new(Down));
    let bare = [[0, 40].as_slice(), &[b'x'; 20]].concat();
    let error = decoder.decode(&bare).unwrap_err();
    assert!(matches!(error, RowError::WriterSchema(_)));
}

#[test]
fn takes_what_only_looks_framed_for_a_bare_datum() {
    // A number of -2, then a text of 20 bytes: begins like a Glue header.
    let glue_like = [[3, 40].as_slice(), &[b'x'; 20]].concat();
    assert_eq!(read(&glue_like), Ok(json!({"a": -2, "b": "x".repeat(20)})));
    let schema = r#"{"type": "record", "name": "R", "fields": [
        {"name": "a", "type": "int"}, {"name": "b", "type": "int"}, {"name": "c", "type": {"type": "fixed", "name": "F", "size": 20}}]}"#;
    for second in [0, 5] {
        let payload = [[3, second].as_slice(), &[b'x'; 20]].concat();
        let mut decoder = with_writers(schema, fields(schema).unwrap(), registry());
        decoder.decode(&payload).unwrap();
        assert_eq!(rows(&decoder.flush())[0]["a"], -2);
    }
    // A number of 0, then a text of 20 bytes: begins like a Confluent header, of an unknown schema.
    let confluent_like = [[0, 40].as_slice(), &[b'x'; 20]].concat();
    assert_eq!(read(&confluent_like), Ok(json!({"a": 0, "b": "x".repeat(20)})));
    // Too short for any header.
    assert_eq!(read(&[0, 0]), Ok(json!({"a": 0, "b": ""})));
    assert_eq!(read(&[3, 0]), Ok(json!({"a": -2, "b": ""})));
}

#[test]
fn a_framed_body_is_one_datum_and_nothing_else() {
    let trailing = "not an Avro datum of its schema: bytes left after it: 1";
    assert_eq!(read(&glue(1, &[10, 0, 0])), Err(trailing.to_owned()));
    assert_eq!(read(&confluent(1, &[10, 0, 0])), Err(trailing.to_owned()));
    assert_eq!(read(&[10, 0, 0]), Err(trailing.to_owned()));
    assert_eq!(
        read(&glue(1, &[])),
        Err("not an Avro datum of its schema: it ends too early".to_owned())
    );
}

#[test]
fn keeps_a_bounded_number_of_plans() {
    struct Same;
    impl WriterSchemas for Same {
        fn schema(&self, id: WriterSchemaId) -> Result<Arc<SchemaDefinition>, WriterSchemaError> {
            Ok(Arc::new(SchemaDefinition {
                schema_version_id: id.to_string(),
                data_format: "AVRO".into(),
                definition: OLDER.into(),
                ..SchemaDefinition::default()
            }))
        }
    }
    let writers: Arc<dyn WriterSchemas> = Arc::new(Same);
    let mut decoder = AvroDecoder::new(&[], (REGISTERED, &[]), &writers).unwrap();
    for id in 0..1000 {
        decoder.decode(&confluent(id, &[2]), &mut []).unwrap();
        assert!(decoder.plans.len() <= MAX_PLANS);
    }
}
