use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Date32Type, Field, Int32Type, Schema};

use super::*;
use crate::definition::SchemaDefinition;
use crate::table::{DATA_FORMAT_KEY, MAPPING_KEY, is_self_described};

mod schema_ids;

fn table() -> TopicTable {
    let definition = r#"{"topicName": "orders", "message": {"dataFormat": "json", "fields": [
        {"name": "Id", "mapping": "order_id", "type": "INTEGER"},
        {"name": "day", "mapping": "d", "type": "DATE", "formatHint": "dd.MM.yyyy"},
        {"name": "note", "mapping": "n", "type": "VARCHAR"}
    ]}}"#;
    let definition = SchemaDefinition {
        schema_version_id: "1".into(),
        data_format: "JSON".into(),
        definition: definition.into(),
        ..SchemaDefinition::default()
    };
    TopicTable::parse("customer", "orders", &definition).unwrap()
}

/// Schema without any metadata.
fn bare(fields: &[(&str, DataType)]) -> SchemaRef {
    let fields = fields
        .iter()
        .map(|(name, data_type)| Field::new(*name, data_type.clone(), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn row_decoder(schema: &SchemaRef, table: Option<&TopicTable>) -> Result<RowDecoder, TableError> {
    RowDecoder::try_new(
        schema,
        table,
        &(Arc::new(NoWriterSchemas) as Arc<dyn WriterSchemas>),
    )
}

fn error(schema: &SchemaRef, table: Option<&TopicTable>) -> String {
    match row_decoder(schema, table) {
        Ok(_) => panic!("a decoder was made"),
        Err(error) => error.to_string(),
    }
}

mod hints;

#[test]
fn reads_what_the_requests_own_metadata_says() {
    let table = table();
    let schema = Arc::new(table.schema.project(&[1, 0]).unwrap());
    assert!(is_self_described(&schema));
    let mut decoder = row_decoder(&schema, None).unwrap();
    decoder
        .decode(&Record::of_value(
            br#"{"order_id": 7, "d": "09.03.2023", "n": "x"}"#,
        ))
        .unwrap();
    let batch = decoder.flush();
    assert_eq!(batch.schema(), schema);
    assert_eq!(batch.column(0).as_primitive::<Date32Type>().value(0), 19_425);
    assert_eq!(batch.column(1).as_primitive::<Int32Type>().value(0), 7);
}

#[test]
fn asks_the_table_for_what_the_request_lost_whatever_the_case_of_names() {
    let schema = bare(&[("id", DataType::Int32), ("DAY", DataType::Date32)]);
    assert!(!is_self_described(&schema));
    let mut decoder = row_decoder(&schema, Some(&table())).unwrap();
    decoder
        .decode(&Record::of_value(br#"{"order_id": 7, "d": "09.03.2023"}"#))
        .unwrap();
    let batch = decoder.flush();
    assert_eq!(batch.schema(), schema);
    assert_eq!(batch.column(0).as_primitive::<Int32Type>().value(0), 7);
    assert_eq!(batch.column(1).as_primitive::<Date32Type>().value(0), 19_425);
}

#[test]
fn prefers_the_requests_own_mapping() {
    let own = Field::new("id", DataType::Int32, true)
        .with_metadata(HashMap::from([(MAPPING_KEY.to_owned(), "other".to_owned())]));
    let mut decoder = row_decoder(&Arc::new(Schema::new(vec![own])), Some(&table())).unwrap();
    decoder
        .decode(&Record::of_value(br#"{"order_id": 7, "other": 8}"#))
        .unwrap();
    assert_eq!(decoder.flush().column(0).as_primitive::<Int32Type>().value(0), 8);
}

#[test]
fn knows_which_schemas_need_no_registry() {
    let described = Schema::clone(&table().schema);
    assert!(is_self_described(&described));
    let mut formatless = described.clone();
    formatless.metadata.remove(DATA_FORMAT_KEY);
    assert!(!is_self_described(&formatless));
    let mut added = described.fields().to_vec();
    added.push(Arc::new(Field::new("x", DataType::Utf8, true)));
    assert!(!is_self_described(&Schema::new_with_metadata(
        added,
        described.metadata
    )));
}

#[test]
fn says_which_column_or_format_cannot_be_read() {
    let table = table();
    let unknown = bare(&[("id", DataType::Int32), ("extra", DataType::Utf8)]);
    assert_eq!(
        error(&unknown, Some(&table)),
        "column `extra` has no `mapping` metadata and the topic's table has no such column"
    );
    assert_eq!(
        error(&unknown, None),
        "column `id` has no `mapping` metadata and the topic's table has no such column"
    );
    let unsigned = bare(&[("note", DataType::UInt8)]);
    assert_eq!(
        error(&unsigned, Some(&table)),
        "column `note`: json values cannot be read as UInt8"
    );

    let strict = Arc::new(Schema::new(vec![Field::new("id", DataType::Int32, false)]));
    assert!(error(&strict, Some(&table)).contains("`id` is declared not nullable"));
}

#[test]
fn a_bad_record_names_its_column_if_it_knows_one() {
    let whole = BadRecord {
        column: None,
        reason: "not JSON".into(),
        lacks_registry: false,
    };
    assert_eq!(whole.to_string(), "not JSON");
    let column = BadRecord {
        column: Some("id".into()),
        reason: "too long".into(),
        lacks_registry: false,
    };
    assert_eq!(column.to_string(), "column `id`: too long");
}
