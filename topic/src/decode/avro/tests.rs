use std::sync::Arc;

use apache_avro::types::Value as Avro;
use apache_avro::{Schema as Judge, to_avro_datum};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, Decimal128Type, Field, Float32Type, Float64Type, Int32Type, Int64Type,
    TimestampMillisecondType,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};

use super::*;
use crate::decode::testing::{ValueDecoder, column};
use crate::decode::{NoWriterSchemas, WriterSchemaError, decimal};
use crate::definition::SchemaDefinition;
use crate::table::Encoding;

mod decimals;
mod dropped;
mod evolution;
mod framing;
mod hostile;
mod misfits;
mod model;
mod names;
mod nested;
mod record_header;
mod recursive;
mod references;
mod resolution;
mod types;

/// Columns of a schema that refers to no other.
fn fields(schema: &str) -> Result<Vec<Field>, SchemaTextError> {
    super::fields(schema, &[])
}

/// Decoder of bare data with the columns of the schema.
fn derived(schema: &str) -> ValueDecoder {
    declared(schema, fields(schema).unwrap())
}

fn declared(schema: &str, columns: Vec<Field>) -> ValueDecoder {
    with_writers(schema, columns, Arc::new(NoWriterSchemas))
}

fn with_writers(schema: &str, columns: Vec<Field>, writers: Arc<dyn WriterSchemas>) -> ValueDecoder {
    let definition = schema.to_owned();
    ValueDecoder::with_writers(
        Encoding::Avro {
            definition,
            references: Vec::new(),
        },
        columns,
        writers,
    )
}

/// Reason why no decoder can be made.
fn refused(schema: &str, columns: &[(&str, &str)]) -> String {
    let columns: Vec<Column> = columns
        .iter()
        .map(|(name, mapping)| Column {
            name: (*name).to_owned(),
            source: Default::default(),
            mapping: (*mapping).to_owned(),
            data_type: DataType::Utf8,
            format: crate::format_hint::DateFormat::compile("").unwrap(),
        })
        .collect();
    let writers: Arc<dyn WriterSchemas> = Arc::new(NoWriterSchemas);
    match AvroDecoder::new(&columns, (schema, &[]), &writers) {
        Ok(_) => panic!("a decoder was made"),
        Err(error) => error.to_string(),
    }
}

/// Schema of a record with these fields, each `"name": type`.
fn record(fields: &str) -> String {
    let Json::Object(fields) = serde_json::from_str(&format!("{{{fields}}}")).unwrap() else {
        unreachable!()
    };
    let fields: Vec<Json> = fields
        .iter()
        .map(|(name, of)| json!({"name": name, "type": of}))
        .collect();
    json!({"type": "record", "name": "R", "fields": fields}).to_string()
}

/// Datum written by the other implementation.
fn encoded(schema: &str, value: Avro) -> Vec<u8> {
    to_avro_datum(&Judge::parse_str(schema).unwrap(), value).unwrap()
}

fn avro_record(fields: &[(&str, Avro)]) -> Avro {
    let fields = fields.iter();
    Avro::Record(
        fields
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect(),
    )
}

/// Value through the columns of its schema: `"a": type`.
fn value_of(of: &str, value: Avro) -> Json {
    let schema = record(&format!(r#""a": {of}"#));
    let mut decoder = derived(&schema);
    decoder
        .decode(&encoded(&schema, avro_record(&[("a", value)])))
        .unwrap();
    assert_eq!(decoder.value_errors(), []);
    rows(&decoder.flush())[0]["a"].clone()
}

/// Value in a column of another type, and the number of misfits.
fn value_as(of: &str, value: Avro, data_type: DataType) -> (Json, u64) {
    let schema = record(&format!(r#""a": {of}"#));
    let mut decoder = declared(&schema, vec![column("a", "a", data_type)]);
    decoder
        .decode(&encoded(&schema, avro_record(&[("a", value)])))
        .unwrap();
    let misfits = decoder.value_errors().iter().map(|errors| errors.values).sum();
    (rows(&decoder.flush())[0]["a"].clone(), misfits)
}

fn rows(batch: &RecordBatch) -> Vec<Json> {
    let schema = batch.schema();
    let row = |row: usize| {
        let columns = schema.fields().iter().zip(batch.columns());
        columns
            .map(|(field, array)| (field.name().clone(), cell(array, row)))
            .collect()
    };
    (0..batch.num_rows()).map(row).collect()
}

/// Value of a cell in a form for tests: numbers as numbers, floats as Rust's text, decimals as text, bytes as
/// base64, dates as `days 5`, timestamps as `ms 5`, those with a zone as `packed 20480`.
fn cell(array: &ArrayRef, row: usize) -> Json {
    if array.is_null(row) {
        return Json::Null;
    }
    match array.data_type() {
        DataType::Boolean => array.as_boolean().value(row).into(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(row).into(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).into(),
        DataType::Float32 => format!("{:?}", array.as_primitive::<Float32Type>().value(row)).into(),
        DataType::Float64 => format!("{:?}", array.as_primitive::<Float64Type>().value(row)).into(),
        DataType::Decimal128(_, scale) => {
            let unscaled = array.as_primitive::<Decimal128Type>().value(row);
            decimal::to_text(unscaled, u32::try_from(*scale).unwrap()).into()
        }
        DataType::Utf8 => array.as_string::<i32>().value(row).into(),
        DataType::Binary => STANDARD.encode(array.as_binary::<i32>().value(row)).into(),
        DataType::Date32 => format!("days {}", array.as_primitive::<Date32Type>().value(row)).into(),
        DataType::Date64 => format!("ms {}", array.as_primitive::<Date64Type>().value(row)).into(),
        DataType::Timestamp(..) => format!(
            "packed {}",
            array.as_primitive::<TimestampMillisecondType>().value(row)
        )
        .into(),
        DataType::List(_) => {
            let items = array.as_list::<i32>().value(row);
            (0..items.len()).map(|item| cell(&items, item)).collect()
        }
        DataType::Struct(fields) => {
            let columns = fields.iter().zip(array.as_struct().columns());
            columns
                .map(|(field, array)| (field.name().clone(), cell(array, row)))
                .collect()
        }
        DataType::Map(..) => {
            let entries = array.as_map().value(row);
            let (keys, values) = (entries.column(0), entries.column(1));
            let key = |entry| cell(keys, entry).as_str().unwrap().to_owned();
            (0..entries.len())
                .map(|entry| (key(entry), cell(values, entry)))
                .collect()
        }
        other => panic!("no test has a column of type {other}"),
    }
}
