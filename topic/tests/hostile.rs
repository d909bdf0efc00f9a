//! Hostile payloads: whatever the bytes are, there is one row or one error, and memory stays a small multiple
//! of the input.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::Write;
use std::sync::{Arc, LazyLock};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use proptest::prelude::*;
use topic::{
    NoWriterSchemas, Record, RowDecoder, SchemaDefinition, TopicTable, WriterSchemaError, WriterSchemaId,
    WriterSchemas,
};

/// Number of bytes that a decoder may hold at once for each byte of payload, with a constant in addition.
///
/// The factor is that of a repeated Protobuf scalar, packed one byte an item: it is a tagged value in the
/// message, then a slot of the column. All others stay well below. The constant is for an Avro array of
/// nulls, whose items take no bytes and are limited in number.
const BYTES_PER_BYTE: usize = 200;
const BYTES_BESIDES: usize = 1024 * 1024;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// System allocator that counts for each thread.
struct Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    HELD.set(HELD.get() + bytes);
    PEAK.set(PEAK.get().max(HELD.get()));
}

#[expect(unsafe_code, reason = "allocators are")]
// SAFETY: every call is forwarded to the system allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's guarantees are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller's guarantees are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Maximum number of bytes held at once during `work`, above those held before.
fn peak_bytes<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = HELD.get();
    PEAK.set(before);
    let result = work();
    (result, PEAK.get().abs_diff(before))
}

const AVRO: &str = r#"{"type": "record", "name": "Order", "fields": [
    {"name": "id", "type": "long"},
    {"name": "text", "type": ["null", "string"]},
    {"name": "nothing", "type": {"type": "array", "items": "null"}},
    {"name": "hash", "type": {"type": "fixed", "name": "Hash", "size": 16}},
    {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 20, "scale": 4}},
    {"name": "tags", "type": {"type": "map", "values": "double"}},
    {"name": "items", "type": {"type": "array", "items": {"type": "record", "name": "Item", "fields": [
        {"name": "product", "type": "int"}, {"name": "raw", "type": "bytes"}]}}}
]}"#;

const PROTOBUF: &str = r#"syntax = "proto3";
import "google/protobuf/struct.proto";
message Order {
  int64 id = 1;
  string text = 2;
  repeated sint32 packed = 3;
  google.protobuf.Struct more = 4;
  map<int32, double> tags = 5;
  repeated Order children = 6;
}"#;

const FIELDS: &str = r#"[
    {"name": "text", "mapping": "0", "type": "VARCHAR"},
    {"name": "price", "mapping": "1", "type": "DECIMAL(38,10)"},
    {"name": "at", "mapping": "2", "type": "TIMESTAMP"},
    {"name": "items", "mapping": "3", "type": "array<struct<a:int,b:map<string,array<double>>>>"}
]"#;

/// Source of one version, `[1; 16]`, of a schema.
struct OneVersion(Arc<SchemaDefinition>);

impl WriterSchemas for OneVersion {
    fn schema(&self, id: WriterSchemaId) -> Result<Arc<SchemaDefinition>, WriterSchemaError> {
        let known = match id {
            WriterSchemaId::Glue(version) | WriterSchemaId::ConfluentGuid(version) => {
                version.into_bytes()[0] == 1
            }
            WriterSchemaId::Confluent(number) => number == 1,
        };
        match known {
            true => Ok(Arc::clone(&self.0)),
            false => NoWriterSchemas.schema(id),
        }
    }
}

type Target = (&'static str, TopicTable, Arc<dyn WriterSchemas>);

static TARGETS: LazyLock<Vec<Target>> = LazyLock::new(|| {
    let document = |format: &str| {
        let fields = match format {
            "raw" => FIELDS.replace(r#""mapping""#, r#""_""#),
            _ => FIELDS.to_owned(),
        };
        format!(r#"{{"topicName": "t", "message": {{"dataFormat": "{format}", "fields": {fields}}}}}"#)
    };
    [
        ("json", "JSON", document("json")),
        ("csv", "JSON", document("csv")),
        ("raw", "JSON", document("raw")),
        ("avro", "AVRO", AVRO.to_owned()),
        ("protobuf", "PROTOBUF", PROTOBUF.to_owned()),
    ]
    .into_iter()
    .map(|(name, data_format, definition)| {
        let definition = SchemaDefinition {
            schema_version_id: "00000000-0000-0000-0000-000000000000".into(),
            data_format: data_format.into(),
            definition,
            ..SchemaDefinition::default()
        };
        let table = TopicTable::parse("registry", "schema", &definition).unwrap();
        let writers: Arc<dyn WriterSchemas> = Arc::new(OneVersion(Arc::new(definition)));
        (name, table, writers)
    })
    .collect()
});

/// Decodes `payload` between two good rows, in every format.
fn survive(payload: &[u8]) {
    survive_record(&Record::of_value(payload), payload);
}

/// Decodes `payload` in every format, its schema named by a record header.
fn survive_headed(header: &[u8], payload: &[u8]) {
    let headers = [("__value_schema_id", Some(header))];
    let headers = headers.as_slice();
    let record = Record {
        headers: &headers,
        ..Record::of_value(payload)
    };
    survive_record(&record, payload);
}

fn survive_record(record: &Record<'_>, payload: &[u8]) {
    for (name, table, writers) in TARGETS.iter() {
        let mut decoder = RowDecoder::try_new(&table.schema, Some(table), writers).unwrap();
        decoder.append_null_value(record, None).unwrap();
        // Anything that is made once and kept, such as a writer's schema, is not counted for this payload.
        let _ = decoder.decode(record);
        decoder.flush();
        let (decoded, peak) = peak_bytes(|| decoder.decode(record));
        let most = BYTES_BESIDES + BYTES_PER_BYTE * inflated_len(payload);
        assert!(
            peak <= most,
            "{name}: {peak} bytes held for {} of payload",
            payload.len()
        );
        let rows = decoder.rows();
        assert_eq!(rows, usize::from(decoded.is_ok()), "{name}");
        decoder.append_null_value(record, None).unwrap();
        assert_eq!(decoder.flush().num_rows(), rows + 1, "{name}");
    }
}

/// Maximum inflated size of a framed payload; its own length otherwise.
fn inflated_len(payload: &[u8]) -> usize {
    match payload {
        [3, 5, ..] => payload.len().max(1) * 1100,
        _ => payload.len(),
    }
}

fn glue(compression: u8, body: &[u8]) -> Vec<u8> {
    [&[3, compression], [1; 16].as_slice(), body].concat()
}

#[test]
fn survives_what_is_known_to_hurt() {
    let deflated = |body: &[u8]| {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    };
    let repeated = |part: &str, times: usize| part.repeat(times).into_bytes();
    let payloads: Vec<Vec<u8>> = vec![
        Vec::new(),
        vec![0],
        vec![3],
        vec![0xff; 64],
        repeated("[", 100_000),
        repeated(r#"{"3":"#, 50_000),
        [br#"{"3":"#.as_slice(), &repeated("[", 50_000)].concat(),
        [br#"{"3":[{"b":{"x":"#.as_slice(), &repeated("[", 50_000)].concat(),
        format!(r#"{{"1":1e{}}}"#, i64::MAX).into_bytes(),
        format!(r#"{{"1":{}}}"#, "9".repeat(100_000)).into_bytes(),
        format!(r#"{{"3":[{}]}}"#, "{},".repeat(20_000).trim_end_matches(',')).into_bytes(),
        repeated("\"", 99_999),
        repeated(",", 100_000),
        repeated("\n", 10_000),
        // Avro: a string, an array and a map that claim the maximum length.
        vec![2, 2, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
        vec![2, 0, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
        vec![2, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0],
        // Protobuf: nested messages, packed items, lengths.
        (0..2_000).fold(Vec::new(), |inner: Vec<u8>, _| match inner.len() {
            len @ ..128 => [&[0x32, len as u8], inner.as_slice()].concat(),
            _ => inner,
        }),
        repeated("\x32\x00", 20_000),
        [&[0x1a, 0xa0, 0x8d, 0x06][..], &[2; 100_000]].concat(),
        vec![0x12, 0xff, 0xff, 0xff, 0xff, 0x0f],
    ];
    for payload in &payloads {
        survive(payload);
        survive(&glue(0, payload));
        survive(&glue(5, &deflated(payload)));
        survive(&[&[0, 0, 0, 0, 1], payload.as_slice()].concat());
    }
}

/// Data formats and texts of schemas that the fuzz targets found to hurt.
const FOUND: [(&str, &str); 1] = [
    // A descriptor set whose file has an unknown syntax: prost-reflect panicked.
    (
        "PROTOBUF",
        "Ci0KB20ucHJvdG8iFQoBTRIQCgFhGAEgASgFQgWqAQIIAmIIWWRpdGlvbnNw6Ac=",
    ),
];

#[test]
fn survives_schema_texts() {
    for (data_format, text) in FOUND {
        let definition = SchemaDefinition {
            data_format: data_format.to_owned(),
            definition: text.to_owned(),
            ..SchemaDefinition::default()
        };
        let _ = TopicTable::parse("registry", "schema", &definition);
        let _ = topic::document::missing_references(&definition);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn survives_random_bytes(payload in prop::collection::vec(any::<u8>(), 0..400)) {
        survive(&payload);
        survive(&glue(0, &payload));
        survive(&glue(5, &payload));
        survive_headed(&payload, &payload);
        survive_headed(&[&[1; 17], payload.as_slice()].concat(), &payload);
        survive_headed(&[&[1; 17], [0].as_slice()].concat(), &payload);
    }

    #[test]
    fn survives_broken_text(payload in r#"[\[\]{}:,"0-9a-e.\\ \n-]{0,200}"#) {
        survive(payload.as_bytes());
    }
}
