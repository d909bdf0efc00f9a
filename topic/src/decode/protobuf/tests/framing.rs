//! Headers, and the schemas they name.

use std::collections::HashMap;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use uuid::Uuid;

use super::*;
use crate::decode::WriterSchemaError;
use crate::definition::SchemaDefinition;

const READER: &str = r#"syntax = "proto3";
    message Zed { message Inner { int32 a = 1; } map<string, int32> m = 1; int32 a = 2; }
    message Alpha { string s = 1; int64 a = 7; }"#;
const VERSION: Uuid = Uuid::from_u128(7);

/// Source of Glue's versions and Confluent's ids by one number; 500 cannot be looked up.
#[derive(Default)]
struct Registry {
    schemas: HashMap<u128, (&'static str, String)>,
    asked: AtomicUsize,
}

impl Registry {
    fn with(schemas: &[(u128, &'static str, &str)]) -> Arc<Self> {
        let schemas = schemas
            .iter()
            .map(|(id, format, text)| (*id, (*format, (*text).to_owned())));
        Arc::new(Self {
            schemas: schemas.collect(),
            asked: AtomicUsize::new(0),
        })
    }

    fn find(&self, id: u128) -> Result<Arc<SchemaDefinition>, WriterSchemaError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if id == 500 {
            return Err(WriterSchemaError::Unavailable {
                id: id.to_string(),
                reason: "timeout".into(),
            });
        }
        let unknown = || WriterSchemaError::Unknown { id: id.to_string() };
        let (data_format, definition) = self.schemas.get(&id).ok_or_else(unknown)?;
        Ok(Arc::new(SchemaDefinition {
            schema_version_id: id.to_string(),
            data_format: (*data_format).to_owned(),
            definition: definition.clone(),
            ..SchemaDefinition::default()
        }))
    }
}

impl WriterSchemas for Registry {
    fn schema(&self, id: WriterSchemaId) -> Result<Arc<SchemaDefinition>, WriterSchemaError> {
        self.find(match id {
            WriterSchemaId::Glue(id) | WriterSchemaId::ConfluentGuid(id) => id.as_u128(),
            WriterSchemaId::Confluent(id) => id.into(),
        })
    }
}

fn glue(version: Uuid, body: &[u8]) -> Vec<u8> {
    [&[3, 0], version.as_bytes().as_slice(), body].concat()
}

fn confluent(id: u32, body: &[u8]) -> Vec<u8> {
    [&[0], id.to_be_bytes().as_slice(), body].concat()
}

/// Decoder of the column `a`.
fn decoder(message: Option<&str>, registry: &Arc<Registry>) -> ValueDecoder {
    let columns = vec![column("a", "a", DataType::Int64)];
    let registry: Arc<dyn WriterSchemas> = Arc::<Registry>::clone(registry);
    ValueDecoder::with_writers(encoding(READER, message), columns, registry)
}

fn same() -> Arc<Registry> {
    Registry::with(&[(7, "PROTOBUF", READER)])
}

fn error(decoder: &mut ValueDecoder, payload: &[u8]) -> String {
    decoder.decode(payload).unwrap_err().to_string()
}

#[test]
fn glue_numbers_messages_by_the_order_of_their_names() {
    let mut decoder = decoder(None, &same());
    for (payload, wanted) in [
        (glue(VERSION, &[0, 0x38, 5]), "5"),
        (glue(VERSION, &[1, 0x10, 6]), "6"),
        (glue(VERSION, &[2, 0x08, 7]), "7"),
        (glue(VERSION, &[3, 0x08, 7]), "NULL"),
        (glue(VERSION, &[0x81, 0, 0x10, 6]), "6"),
        (glue(VERSION, &[1]), "0"),
    ] {
        assert_eq!(one_row(&mut decoder, &payload), [wanted], "{payload:?}");
    }
    assert_eq!(
        error(&mut decoder, &glue(VERSION, &[4])),
        "message 4 does not exist: the definition has 4"
    );
    assert_eq!(
        error(&mut decoder, &glue(VERSION, &[])),
        "not a Protobuf message: the message is cut short at byte 0"
    );
}

#[test]
fn reads_compressed_payloads() {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&[1, 0x10, 6]).unwrap();
    let body = encoder.finish().unwrap();
    let payload = [&[3, 5], VERSION.as_bytes().as_slice(), &body].concat();
    assert_eq!(one_row(&mut decoder(None, &same()), &payload), ["6"]);
}

#[test]
fn confluent_leads_to_messages_by_a_path() {
    let mut decoder = decoder(None, &same());
    for (payload, wanted) in [
        (confluent(7, &[0, 0x10, 6]), "6"),
        (confluent(7, &[2, 0, 0x10, 6]), "6"),
        (confluent(7, &[2, 2, 0x38, 5]), "5"),
        (confluent(7, &[4, 0, 0, 0x08, 7]), "7"),
        (confluent(7, &[0]), "0"),
    ] {
        assert_eq!(one_row(&mut decoder, &payload), [wanted], "{payload:?}");
    }
    for (body, wanted) in [
        (&[2, 4][..], "message 2 does not exist: the list has 2"),
        (&[4, 0, 2], "message 1 does not exist: the list has 1"),
        (&[6, 0, 0, 0], "message 0 does not exist: the list has 0"),
        (&[2, 1], "message -1 does not exist: the list has 2"),
        (&[1], "a path of -1 steps to the message"),
        (&[0xfe, 0xff, 3], "a path of 32767 steps to the message"),
        (&[], "not a Protobuf message: the message is cut short at byte 0"),
        (
            &[4, 0],
            "not a Protobuf message: the message is cut short at byte 2",
        ),
    ] {
        assert_eq!(error(&mut decoder, &confluent(7, body)), wanted, "{body:?}");
    }
}

#[test]
fn a_bare_payload_is_the_named_message_or_the_first() {
    let registry = same();
    assert_eq!(one_row(&mut decoder(None, &registry), &[0x10, 6]), ["6"]);
    assert_eq!(one_row(&mut decoder(Some("Alpha"), &registry), &[0x38, 5]), ["5"]);
    assert_eq!(one_row(&mut decoder(Some("Inner"), &registry), &[0x08, 5]), ["5"]);
    assert_eq!(one_row(&mut decoder(None, &registry), &[]), ["0"]);
    assert_eq!(registry.asked.load(Ordering::Relaxed), 0);
}

#[test]
fn reads_by_the_writers_schema() {
    let writer = r#"syntax = "proto3"; message Zed { string m = 1; sint64 a = 9; }"#;
    let registry = Registry::with(&[
        (7, "PROTOBUF", writer),
        (8, "PROTOBUF", "syntax = 'proto3'; message Zed {}"),
    ]);
    let mut decoder = decoder(None, &registry);
    assert_eq!(one_row(&mut decoder, &glue(VERSION, &[0, 0x48, 3])), ["-2"]);
    assert_eq!(one_row(&mut decoder, &confluent(7, &[0, 0x48, 3])), ["-2"]);
    // Its writer did not have this field.
    assert_eq!(one_row(&mut decoder, &confluent(8, &[0])), ["NULL"]);
}

/// Row of these columns of a table, written with another schema, and the number of misfits.
fn read(table: &str, columns: Vec<Field>, writer: &str, payload: &[u8]) -> (Vec<String>, u64) {
    let registry: Arc<dyn WriterSchemas> = Registry::with(&[(7, "PROTOBUF", writer)]);
    let mut decoder = ValueDecoder::with_writers(encoding(table, None), columns, registry);
    let row = one_row(&mut decoder, &confluent(7, &[&[0], payload].concat()));
    (
        row,
        decoder.value_errors().iter().map(|errors| errors.values).sum(),
    )
}

#[test]
fn a_field_of_another_type_costs_no_other_column() {
    let table =
        "message M { optional string a = 1; optional int32 b = 2; optional N n = 3; repeated int32 l = 4;
        map<string, int32> m = 5; message N { optional int32 x = 1; optional int32 y = 2; } }";
    let b = || column("b", "b", DataType::Int32);
    for (written, columns, payload, wanted, misfits) in [
        // Read as written, if it fits the column.
        (
            "int32 a = 1",
            vec![column("a", "a", DataType::Utf8)],
            &[8, 7][..],
            "\"7\"",
            0,
        ),
        (
            "string a = 1",
            vec![column("a", "a", DataType::Int32)],
            &[10, 1, b'7'],
            "7",
            0,
        ),
        (
            "string a = 1",
            vec![column("a", "a", DataType::Int32)],
            &[10, 1, b'x'],
            "NULL",
            1,
        ),
        (
            "N a = 1",
            vec![column("a", "a", DataType::Int32)],
            &[10, 2, 8, 7],
            "NULL",
            1,
        ),
        (
            "repeated N a = 1",
            vec![column("a", "a", DataType::Int32)],
            &[10, 0],
            "NULL",
            1,
        ),
        // Also within a row, and along a path.
        (
            "N n = 3",
            vec![column(
                "n",
                "n",
                row_type(&[("x", DataType::Int32), ("y", DataType::Int32)]),
            )],
            &[26, 5, 10, 1, b'q', 16, 5],
            "(x: NULL, y: 5)",
            1,
        ),
        (
            "int32 n = 3",
            vec![column("n", "n.x", DataType::Int32)],
            &[24, 7],
            "NULL",
            1,
        ),
        (
            "int32 n = 3",
            vec![column("n", "n.x", DataType::Int32)],
            &[],
            "NULL",
            0,
        ),
        (
            "repeated N n = 3",
            vec![column("n", "n.x", DataType::Int32)],
            &[26, 0],
            "NULL",
            1,
        ),
        (
            "N l = 4",
            vec![column("l", "l[0]", DataType::Int32)],
            &[34, 0],
            "NULL",
            1,
        ),
        (
            "int32 l = 4",
            vec![column("l", "l[0]", DataType::Int32)],
            &[32, 7],
            "NULL",
            1,
        ),
        (
            "bool m = 5",
            vec![column("m", "m.k", DataType::Int32)],
            &[40, 1],
            "NULL",
            1,
        ),
        // A message that only lacks the field is not an error.
        (
            "N n = 3",
            vec![column("z", "n.z", DataType::Int32)],
            &[26, 2, 16, 5],
            "NULL",
            0,
        ),
    ] {
        let writer = format!(
            r#"syntax = "proto3"; message W {{ {written}; int32 b = 2; message N {{ optional string x = 1; optional int32 y = 2; }} }}"#
        );
        let payload = [payload, &[16, 1]].concat();
        let columns = [columns, vec![b()]].concat();
        assert_eq!(
            read(table, columns, &writer, &payload),
            (vec![wanted.to_owned(), "1".to_owned()], misfits),
            "{written}"
        );
        assert_eq!(
            read(table, vec![b()], &writer, &payload),
            (vec!["1".to_owned()], 0),
            "{written}"
        );
    }
}

#[test]
fn an_older_record_shows_what_the_schema_dropped() {
    let columns = || {
        vec![
            column("id", "id", DataType::Int32),
            column("note", "note", DataType::Utf8),
            column("x", "n.x", DataType::Int32),
        ]
    };
    let newer = r#"syntax = "proto3"; message A { int32 id = 1; }"#;
    let older = r#"syntax = "proto3"; message A { int32 id = 1; string note = 2; N n = 3; } message N { int32 x = 1; }"#;
    let row = |row: [&str; 3], misfits: u64| (row.map(str::to_owned).to_vec(), misfits);
    assert_eq!(
        read(newer, columns(), older, &[8, 1, 18, 1, b'n', 26, 2, 8, 5]),
        row(["1", "\"n\"", "5"], 0)
    );
    assert_eq!(
        read(newer, columns(), newer, &[8, 2]),
        row(["2", "NULL", "NULL"], 0)
    );
    let mut bare = ValueDecoder::new(encoding(newer, None), columns());
    assert_eq!(one_row(&mut bare, &[8, 2]), ["2", "NULL", "NULL"]);
}

#[test]
fn asks_for_each_schema_once() {
    let registry = Registry::with(&[(7, "PROTOBUF", READER), (8, "PROTOBUF", "message {")]);
    let mut decoder = decoder(None, &registry);
    for _ in 0..3 {
        decoder.decode(&glue(VERSION, &[1])).unwrap();
        decoder.decode(&glue(Uuid::from_u128(8), &[1])).unwrap_err();
        decoder.decode(&glue(Uuid::from_u128(9), &[1])).unwrap_err();
    }
    assert_eq!(registry.asked.load(Ordering::Relaxed), 3);
    // More ids than are kept.
    for id in 1000..1300 {
        decoder.decode(&confluent(id, &[0])).unwrap_err();
    }
    decoder.decode(&glue(VERSION, &[1])).unwrap();
    assert_eq!(registry.asked.load(Ordering::Relaxed), 304);
}

#[test]
fn an_unknown_or_unusable_schema_makes_a_bad_record() {
    let registry = Registry::with(&[(1, "AVRO", "{}"), (2, "PROTOBUF", "message {")]);
    let mut decoder = decoder(None, &registry);
    for (id, wanted) in [
        (3, "the schema 3 that the record names does not exist"),
        (1, "schema 1 that the record names is AVRO, wanted PROTOBUF"),
        (
            2,
            "schema 2 that the record names: line 1, column 9: expected an identifier, but found '{'",
        ),
    ] {
        let error = decoder.decode(&confluent(id, &[0])).unwrap_err();
        assert!(matches!(error, RowError::Bad(_)));
        assert_eq!(error.to_string(), wanted);
    }
}

#[test]
fn reading_ends_if_a_schema_cannot_be_looked_up() {
    let mut decoder = decoder(None, &same());
    for payload in [confluent(500, &[0]), glue(Uuid::from_u128(500), &[0])] {
        assert!(matches!(decoder.decode(&payload), Err(RowError::WriterSchema(_))));
    }
    assert_eq!(decoder.rows(), 0);
}

#[test]
fn says_what_is_wrong_with_a_header() {
    let mut decoder = decoder(None, &same());
    assert_eq!(
        error(&mut decoder, &[3]),
        "a Glue header has 18 bytes, the payload 1"
    );
    assert_eq!(
        error(&mut decoder, &[0, 0]),
        "a Confluent header has 5 bytes, the payload 2"
    );
    let payload = [&[3, 1], VERSION.as_bytes().as_slice()].concat();
    assert!(error(&mut decoder, &payload).starts_with("compression 1 in the Glue header"));
}
