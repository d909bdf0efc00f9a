//! Helpers of the targets: a table in each format, with columns of every kind, and decoders that are made once.
//!
//! `scripts/fuzz TARGET SECONDS` runs one.
//!
//! | target | input | dictionary |
//! |---|---|---|
//! | `decode_json`, `decode_csv`, `decode_avro`, `decode_protobuf`, `decode_raw` | a payload | of the format |
//! | `decode_text` | a payload in no declared format, whose schema may be known | |
//! | `schema_header` | a record header, its length in the first byte, then the payload | `protobuf.dict` |
//! | `avro_writer` | a writer's Avro schema, a zero byte, the datum | `avro_schema.dict` |
//! | `document`, `json_schema`, `avro_schema`, `protobuf_schema` | a text | `json_schema.dict`, `avro_schema.dict`, `protobuf_schema.dict` |
//! | `format_hint`, `infer` | hints and texts, records | |
//! | `request`, `predicate` | a message on the wire; seeds are `protocol/tests/fixtures/v6` | `request.dict` |
//!
//! The continuation token, `continuation_token`, needs the whole connector, and has a package of its own in `connector`.

use std::cell::RefCell;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use topic::{
    NoWriterSchemas, Record, RowDecoder, SchemaDefinition, TopicTable, WriterSchemaError, WriterSchemaId,
    WriterSchemas,
};

/// Format of payloads.
#[derive(Debug, Clone, Copy)]
pub enum Format {
    Json,
    Csv,
    Avro,
    Protobuf,
    Raw,
}

thread_local! {
    /// Made once: compiling the schema of a decoder takes far longer than decoding a payload.
    static DECODERS: RefCell<Vec<RowDecoder>> = RefCell::new(
        TABLES.iter().map(|table| decoder(table, Arc::new(NoWriterSchemas))).collect(),
    );
    /// Decoders of Avro and of Protobuf, whose tables' own schemas have the id 1 and the GUID of ones.
    static KNOWING: RefCell<Vec<RowDecoder>> = RefCell::new(
        [Format::Avro, Format::Protobuf]
            .map(|format| &TABLES[format as usize])
            .map(|table| decoder(table, Arc::new(OwnSchema::of(table))))
            .into(),
    );
    /// Decoders of undescribed topics: the schema with the id 1 and the GUID of ones is Avro for the first, Protobuf for
    /// the second.
    static TEXTS: RefCell<Vec<RowDecoder>> = RefCell::new(
        [Format::Avro, Format::Protobuf]
            .map(|format| OwnSchema::of(&TABLES[format as usize]))
            .map(|schema| decoder(&topic::undescribed::table("raw", "topic", None), Arc::new(schema)))
            .into(),
    );
    static OF_WRITERS: RefCell<RowDecoder> =
        RefCell::new(decoder(&TABLES[Format::Avro as usize], Arc::<LatestSchema>::clone(&WRITER)));
}

fn decoder(table: &TopicTable, writers: Arc<dyn WriterSchemas>) -> RowDecoder {
    RowDecoder::try_new(&table.schema, Some(table), &writers).expect("a decoder")
}

/// Decodes one payload in a table of that format; rows are complete, whatever the payload is.
pub fn decode(format: Format, payload: &[u8]) {
    DECODERS.with_borrow_mut(|decoders| {
        decode_record(&mut decoders[format as usize], &Record::of_value(payload))
    });
}

/// Decodes a payload of a topic without a description.
pub fn decode_text(payload: &[u8]) {
    let record = Record::of_value(payload);
    TEXTS.with_borrow_mut(|decoders| {
        decoders
            .iter_mut()
            .for_each(|decoder| decode_record(decoder, &record))
    });
}

/// Decodes a payload whose schema a record header names, as Avro and as Protobuf.
pub fn decode_headed(header: &[u8], payload: &[u8]) {
    let headers = [("__value_schema_id", Some(header))];
    let headers = headers.as_slice();
    let record = Record {
        headers: &headers,
        ..Record::of_value(payload)
    };
    KNOWING.with_borrow_mut(|decoders| {
        decoders
            .iter_mut()
            .for_each(|decoder| decode_record(decoder, &record))
    });
}

/// Decodes an Avro datum that was written with this schema.
pub fn decode_written(schema: &str, datum: &[u8]) {
    let id = WRITER.put(schema);
    let payload = [&[0], id.to_be_bytes().as_slice(), datum].concat();
    OF_WRITERS.with_borrow_mut(|decoder| decode_record(decoder, &Record::of_value(&payload)));
}

fn decode_record(decoder: &mut RowDecoder, record: &Record<'_>) {
    let decoded = decoder.decode(record);
    assert_eq!(decoder.rows(), usize::from(decoded.is_ok()));
    if decoded.is_err() {
        decoder
            .append_null_value(record, Some("bad"))
            .expect("a row of NULLs");
    }
    assert_eq!(decoder.flush().num_rows(), 1);
}

/// Knows the schema that a table is described by.
struct OwnSchema(Arc<SchemaDefinition>);

impl OwnSchema {
    fn of(table: &TopicTable) -> Self {
        let (data_format, text) = match &table.value {
            topic::Encoding::Avro { definition, .. } => ("AVRO", definition),
            topic::Encoding::Protobuf { definition, .. } => ("PROTOBUF", definition),
            _ => unreachable!("its records name no schema"),
        };
        Self(Arc::new(definition(data_format, text)))
    }
}

impl WriterSchemas for OwnSchema {
    fn schema(&self, id: WriterSchemaId) -> Result<Arc<SchemaDefinition>, WriterSchemaError> {
        let known = match id {
            WriterSchemaId::Glue(id) | WriterSchemaId::ConfluentGuid(id) => *id.as_bytes() == [1; 16],
            WriterSchemaId::Confluent(id) => id == 1,
        };
        match known {
            true => Ok(Arc::clone(&self.0)),
            false => NoWriterSchemas.schema(id),
        }
    }
}

static WRITER: LazyLock<Arc<LatestSchema>> = LazyLock::new(Arc::default);

/// Knows the schema of the input at hand, which has an id of its own: decoders keep what they looked up.
#[derive(Default)]
struct LatestSchema(Mutex<(u32, String)>);

impl LatestSchema {
    fn put(&self, schema: &str) -> u32 {
        let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *latest = (latest.0.wrapping_add(1), schema.to_owned());
        latest.0
    }
}

impl WriterSchemas for LatestSchema {
    fn schema(&self, _: WriterSchemaId) -> Result<Arc<SchemaDefinition>, WriterSchemaError> {
        let latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::new(definition("AVRO", &latest.1)))
    }
}

/// Makes a table of a schema text, if it makes one.
pub fn describe(data_format: &str, text: &str) {
    let definition = definition(data_format, text);
    let _ = TopicTable::parse("registry", "schema", &definition);
    // A Protobuf text was compiled for the table in the same way.
    if data_format != "PROTOBUF" {
        let _ = topic::document::missing_references(&definition);
    }
}

static TABLES: LazyLock<[TopicTable; 5]> = LazyLock::new(|| {
    let fields = r#"[
        {"name": "text", "mapping": "text", "type": "VARCHAR"},
        {"name": "number", "mapping": "number", "type": "BIGINT"},
        {"name": "price", "mapping": "nested.price", "type": "DECIMAL(10,2)"},
        {"name": "ratio", "mapping": "ratio", "type": "DOUBLE"},
        {"name": "at", "mapping": "at", "type": "TIMESTAMP"},
        {"name": "zoned", "mapping": "at", "type": "TIMESTAMP WITH TIME ZONE"},
        {"name": "bytes", "mapping": "bytes", "type": "VARBINARY"},
        {"name": "items", "mapping": "items", "type": "array<struct<a:int,b:map<string,double>>>"}
    ]"#;
    let csv_fields = (0..8).fold(fields.to_owned(), |fields, index| {
        let names = [
            "text",
            "number",
            "nested.price",
            "ratio",
            "at",
            "at",
            "bytes",
            "items",
        ];
        fields.replace(
            &format!(r#""mapping": "{}""#, names[index]),
            &format!(r#""mapping": "{index}""#),
        )
    });
    let raw_fields = fields.replace(r#""mapping": "#, r#""_": "#);
    let document = |data_format: &str, fields: &str| {
        format!(r#"{{"topicName": "t", "message": {{"dataFormat": "{data_format}", "fields": {fields}}}}}"#)
    };
    [
        table("JSON", &document("json", fields)),
        table("JSON", &document("csv", &csv_fields)),
        table("AVRO", include_str!("order.avsc")),
        table("PROTOBUF", include_str!("order.proto")),
        table("JSON", &document("raw", &raw_fields)),
    ]
});

fn table(data_format: &str, text: &str) -> TopicTable {
    TopicTable::parse("registry", "schema", &definition(data_format, text)).expect("a table")
}

fn definition(data_format: &str, text: &str) -> SchemaDefinition {
    SchemaDefinition {
        data_format: data_format.to_owned(),
        definition: text.to_owned(),
        ..SchemaDefinition::default()
    }
}
