//! Helpers of the targets: a table in each format, with columns of every kind.
//!
//! Run a target with `cargo fuzz run decode_avro`, from this folder's parent; `cargo fuzz` needs a nightly
//! toolchain.

use std::sync::{Arc, LazyLock};

use topic::{
    NoWriterSchemas, Record, RowDecoder, SchemaDefinition, TopicTable, WriterSchemas,
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

/// Decodes one payload in a table of that format; rows are complete, whatever the payload is.
pub fn decode(format: Format, payload: &[u8]) {
    let table = &TABLES[format as usize];
    let writers: Arc<dyn WriterSchemas> = Arc::new(NoWriterSchemas);
    let mut decoder = RowDecoder::try_new(&table.schema, Some(table), &writers).expect("a decoder");
    let record = Record::of_value(payload);
    let decoded = decoder.decode(&record);
    assert_eq!(decoder.rows(), usize::from(decoded.is_ok()));
    if decoded.is_err() {
        decoder.append_null_value(&record, Some("bad")).expect("a row of NULLs");
    }
    assert_eq!(decoder.flush().num_rows(), 1);
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
        let names = ["text", "number", "nested.price", "ratio", "at", "at", "bytes", "items"];
        fields.replace(&format!(r#""mapping": "{}""#, names[index]), &format!(r#""mapping": "{index}""#))
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
    let definition = SchemaDefinition {
        schema_version_id: String::new(),
        data_format: data_format.to_owned(),
        definition: text.to_owned(),
        ..SchemaDefinition::default()
    };
    TopicTable::parse("registry", "schema", &definition).expect("a table")
}
