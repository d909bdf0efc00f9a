//! Records as JSON: decoded by the connector's decoders if there is a schema, otherwise unchanged.
//!
//! | `read_as` | if |
//! |---|---|
//! | `REGISTRY.SCHEMA` | the topic has that table, which decodes the value to a row |
//! | `avro`, `protobuf` | the record names a schema of this format, in Glue or in a Confluent registry |
//! | `json` | it is JSON, after a registry's header or not |
//! | `text` | it is UTF-8 without control characters |
//! | `hex` | it is anything else |
//! | `null` | it is a tombstone |
//!
//! Keys are read likewise, except that columns of a table that come from the key are part of the row.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use chrono::{DateTime, SecondsFormat};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use topic::{
    Headers, Record, RowDecoder, RowError, SchemaDefinition, TableDefaults, TableError, TopicDocument,
    TopicTable, WriterSchemaId, WriterSchemas, written_key, written_value,
};

use crate::output::json_line;

/// Decodes records of one topic.
pub(super) struct RecordView {
    topic: String,
    table: Option<TableView>,
    writers: Arc<dyn WriterSchemas>,
    /// Decoders for records without a table, by the writer's schema; or the reason why there is none.
    written: HashMap<WriterSchemaId, Result<Written, String>>,
}

/// Record in JSON, with its keys in this order.
#[derive(Debug, Serialize)]
pub(super) struct ShownRecord {
    pub(super) partition: i32,
    pub(super) offset: i64,
    /// ISO 8601, UTC.
    pub(super) time: Option<String>,
    pub(super) key: Box<RawValue>,
    /// Values of each name, in order.
    headers: ShownHeaders,
    pub(super) value: Box<RawValue>,
    pub(super) read_as: String,
    /// Reason why the value does not fit the table, or the schema that the record names.
    pub(super) error: Option<String>,
    /// Milliseconds since 1970, to order records by.
    #[serde(skip)]
    pub(super) time_ms: Option<i64>,
    /// Bytes of the value; `None` for a tombstone.
    #[serde(skip)]
    pub(super) bytes: Option<Vec<u8>>,
}

/// Header names in the order of their first appearance.
#[derive(Debug)]
struct ShownHeaders(Vec<(String, Vec<Option<String>>)>);

impl Serialize for ShownHeaders {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, values)| (name, values)))
    }
}

/// Decoders of one table: one that reports misfits, and the function's for rows with any.
struct TableView {
    name: String,
    strict: RowDecoder,
    decoder: RowDecoder,
}

/// Decoder for payloads of one writer's schema.
enum Written {
    /// JSON text after the header.
    Json,
    Rows(Box<TableView>),
}

/// Payload in JSON, and how it was read.
struct Shown {
    json: Box<RawValue>,
    read_as: String,
    error: Option<String>,
}

/// Error of a table without a decoder.
#[derive(Debug, thiserror::Error)]
#[error("table {table}: {source}")]
pub(super) struct ViewError {
    table: String,
    source: Box<TableError>,
}

impl RecordView {
    /// # Errors
    /// If records cannot become rows of the table.
    pub(super) fn new(
        topic: &str,
        table: Option<&TopicTable>,
        writers: Arc<dyn WriterSchemas>,
    ) -> Result<Self, ViewError> {
        let table = table.map(|table| {
            let name = format!("{}.{}", table.registry_name, table.schema_name);
            TableView::try_new(name.clone(), table, &writers).map_err(|source| ViewError {
                table: name,
                source: Box::new(source),
            })
        });
        Ok(Self {
            topic: topic.to_owned(),
            table: table.transpose()?,
            writers,
            written: HashMap::new(),
        })
    }

    /// Shows one record. May block: schemas that records name are looked up.
    pub(super) fn show(&mut self, record: &Record<'_>) -> ShownRecord {
        let key = self.key(record);
        let Shown { json, read_as, error } = self.value(record);
        let time_ms = record.timestamp.map(|timestamp| timestamp.millis);
        let time = time_ms.and_then(DateTime::from_timestamp_millis);
        ShownRecord {
            partition: record.partition,
            offset: record.offset,
            time: time.map(|time| time.to_rfc3339_opts(SecondsFormat::Millis, true)),
            key,
            headers: headers(record.headers),
            value: json,
            read_as,
            error,
            time_ms,
            bytes: record.value.map(<[u8]>::to_vec),
        }
    }

    fn value(&mut self, record: &Record<'_>) -> Shown {
        let Some(value) = record.value else {
            return Shown {
                json: null(),
                read_as: "null".to_owned(),
                error: None,
            };
        };
        if let Some(table) = &mut self.table {
            return table
                .show(record)
                .unwrap_or_else(|error| as_it_is(value, Some(error)));
        }
        match written_value(record) {
            Ok(Some((id, body))) => self.written(id, record, value, &body),
            // Bytes that only resemble a header are payload.
            Ok(None) | Err(_) => as_it_is(value, None),
        }
    }

    fn key(&mut self, record: &Record<'_>) -> Box<RawValue> {
        let Some(key) = record.key else { return null() };
        let shown = match written_key(record) {
            // Columns of a table's key are shown with the row.
            Ok(Some((id, body))) if self.table.is_none() => {
                self.written(id, &Record::of_value(key), key, &body)
            }
            _ => as_it_is(key, None),
        };
        shown.json
    }

    /// Shows a payload whose schema the record names. Without that schema it may still be JSON, or bytes that resemble
    /// a header by chance.
    fn written(&mut self, id: WriterSchemaId, record: &Record<'_>, payload: &[u8], body: &[u8]) -> Shown {
        let (topic, writers) = (&self.topic, &self.writers);
        let known = self
            .written
            .entry(id)
            .or_insert_with(|| Written::of(id, topic, writers));
        let error = match known {
            Ok(Written::Json) => match json(body) {
                Some(json) => return plain(json, "json"),
                None => "the record names a JSON schema, but its value is not JSON".to_owned(),
            },
            Ok(Written::Rows(table)) => match table.show(record) {
                Ok(shown) => return shown,
                Err(error) => error,
            },
            Err(_) if payload.len() <= LONGEST_NUMBER_BYTES => return as_it_is(payload, None),
            Err(reason) => reason.clone(),
        };
        match json(body) {
            Some(json) => Shown {
                error: Some(error),
                ..plain(json, "json")
            },
            None => as_it_is(payload, Some(error)),
        }
    }
}

/// Maximum length of a payload that is taken for a number: one of 4 or 8 bytes begins with zeros, as Confluent's
/// header does, but after a header more bytes follow.
const LONGEST_NUMBER_BYTES: usize = 12;

impl Written {
    fn of(id: WriterSchemaId, topic: &str, writers: &Arc<dyn WriterSchemas>) -> Result<Self, String> {
        let definition = writers.schema(id).map_err(|error| error.to_string())?;
        let format = definition.data_format.to_lowercase();
        if format == "json" {
            return Ok(Self::Json);
        }
        let view = table_of(topic, &definition).and_then(|table| {
            let view = TableView::try_new(format, &table, writers);
            view.map_err(|error| error.to_string())
        });
        view.map(|view| Self::Rows(Box::new(view)))
            .map_err(|reason| format!("the schema {id} that the record names cannot be read with: {reason}"))
    }
}

/// Table of a schema without a topic document.
fn table_of(topic: &str, definition: &SchemaDefinition) -> Result<TopicTable, String> {
    let document = TopicDocument::parse(topic, definition).map_err(|error| error.to_string())?;
    let table = document.into_table("", topic, &Default::default(), &TableDefaults::default());
    table.map_err(|error| error.to_string())
}

impl TableView {
    fn try_new(
        name: String,
        table: &TopicTable,
        writers: &Arc<dyn WriterSchemas>,
    ) -> Result<Self, TableError> {
        let decoder = || {
            let schema: &SchemaRef = &table.schema;
            RowDecoder::try_new(schema, Some(table), writers)
        };
        Ok(Self {
            name,
            strict: decoder()?.strict(),
            decoder: decoder()?,
        })
    }

    /// Row of the record, and its misfits.
    ///
    /// # Errors
    /// Reason why the record has no row.
    fn show(&mut self, record: &Record<'_>) -> Result<Shown, String> {
        let strictly = self.strict.decode(record);
        let row = self.strict.flush();
        let (row, misfit) = match strictly {
            // Without a misfit both decoders have the same row.
            Ok(()) => (row, None),
            Err(misfit) => {
                self.decoder.decode(record).map_err(|error| match error {
                    RowError::Bad(bad) => bad.to_string(),
                    error => error.to_string(),
                })?;
                (self.decoder.flush(), Some(misfit.to_string()))
            }
        };
        let row = json_line(&row).map_err(|error| error.to_string())?;
        let json = RawValue::from_string(row).map_err(|error| error.to_string())?;
        Ok(Shown {
            json,
            read_as: self.name.clone(),
            error: misfit,
        })
    }
}

fn as_it_is(payload: &[u8], error: Option<String>) -> Shown {
    let shown = match (json(payload), readable(payload)) {
        (Some(json), _) => plain(json, "json"),
        (None, Some(text)) => plain(string(text), "text"),
        (None, None) => plain(string(&hex(payload)), "hex"),
    };
    Shown { error, ..shown }
}

fn plain(json: Box<RawValue>, read_as: &str) -> Shown {
    Shown {
        json,
        read_as: read_as.to_owned(),
        error: None,
    }
}

/// Object or array on one line. A number or a word alone is shown as text, since it need not be meant as JSON.
fn json(payload: &[u8]) -> Option<Box<RawValue>> {
    let text = std::str::from_utf8(payload).ok()?.trim();
    if !text.starts_with(['{', '[']) {
        return None;
    }
    let raw: &RawValue = serde_json::from_str(text).ok()?;
    match text.contains(['\n', '\r']) {
        false => Some(raw.to_owned()),
        true => RawValue::from_string(one_line(text)).ok(),
    }
}

/// JSON without line feeds. Valid JSON has them only between its tokens.
fn one_line(json: &str) -> String {
    json.chars()
        .map(|c| if matches!(c, '\n' | '\r') { ' ' } else { c })
        .collect()
}

/// Text that a terminal shows unchanged.
fn readable(payload: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(payload).ok()?;
    let is_plain = |c: char| !c.is_control() || matches!(c, '\t' | '\n' | '\r');
    text.chars().all(is_plain).then_some(text)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold("0x".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn headers(headers: &dyn Headers) -> ShownHeaders {
    let mut shown: Vec<(String, Vec<Option<String>>)> = Vec::new();
    headers.visit(&mut |name: Cow<'_, str>, value| {
        let value = value.map(|value| readable(value).map_or_else(|| hex(value), str::to_owned));
        match shown.iter_mut().find(|(known, _)| *known == *name) {
            Some((_, values)) => values.push(value),
            None => shown.push((name.into_owned(), vec![value])),
        }
    });
    ShownHeaders(shown)
}

fn string(text: &str) -> Box<RawValue> {
    to_raw_value(text).unwrap_or_else(|_| null())
}

fn null() -> Box<RawValue> {
    RawValue::NULL.to_owned()
}

#[cfg(test)]
mod tests {
    use topic::{NoWriterSchemas, RecordTimestamp, TimestampType};

    use super::*;

    fn view(definition: Option<&str>) -> RecordView {
        let table = definition.map(|definition| {
            let definition = SchemaDefinition {
                schema_version_id: String::new(),
                data_format: "JSON".to_owned(),
                definition: definition.to_owned(),
                ..SchemaDefinition::default()
            };
            TopicTable::parse("customer", "orders", &definition).unwrap()
        });
        RecordView::new("orders", table.as_ref(), Arc::new(NoWriterSchemas)).unwrap()
    }

    fn line(view: &mut RecordView, record: &Record<'_>) -> String {
        serde_json::to_string(&view.show(record)).unwrap()
    }

    fn value(payload: &[u8]) -> (String, String, bool) {
        let shown = view(None).show(&Record::of_value(payload));
        (shown.value.get().to_owned(), shown.read_as, shown.error.is_some())
    }

    #[test]
    fn a_record_is_one_line_of_json() {
        let headers: &[(&str, Option<&[u8]>)] =
            &[("trace", Some(b"a")), ("raw", Some(b"\x00\xff")), ("trace", None)];
        let record = Record {
            partition: 2,
            offset: 7,
            timestamp: Some(RecordTimestamp {
                millis: 1_678_752_000_040,
                kind: TimestampType::CreateTime,
            }),
            key: Some(b"k"),
            headers: &headers,
            ..Record::of_value(b"{\"b\": 1,\n\"a\": \"x\"}")
        };
        assert_eq!(
            line(&mut view(None), &record),
            r#"{"partition":2,"offset":7,"time":"2023-03-14T00:00:00.040Z","key":"k","headers":{"trace":["a",null],"raw":["0x00ff"]},"value":{"b": 1, "a": "x"},"read_as":"json","error":null}"#
        );
    }

    #[test]
    fn what_no_schema_describes_is_json_text_or_hex() {
        let shown = |json: &str, read_as: &str| (json.to_owned(), read_as.to_owned(), false);
        assert_eq!(value(b"[1]"), shown("[1]", "json"));
        assert_eq!(value(b"12"), shown("\"12\"", "text"));
        assert_eq!(value(b"{broken"), shown("\"{broken\"", "text"));
        assert_eq!(value("ä\tb".as_bytes()), shown("\"ä\\tb\"", "text"));
        assert_eq!(value(b"\x1b[31m"), shown("\"0x1b5b33316d\"", "hex"));
        assert_eq!(
            value(&7_u64.to_be_bytes()),
            shown("\"0x0000000000000007\"", "hex")
        );
        assert_eq!(value(b""), shown("\"\"", "text"));
    }

    #[test]
    fn a_missing_schema_is_an_error_of_its_record() {
        let framed = [&[0, 0, 0, 0, 9][..], b"more than a number"].concat();
        let shown = view(None).show(&Record::of_value(&framed));
        assert_eq!(shown.read_as, "hex");
        assert_eq!(
            shown.error.as_deref(),
            Some("the schema 9 that the record names does not exist")
        );
        let framed = [&[0, 0, 0, 0, 9][..], br#"{"a": "more than a number"}"#].concat();
        let shown = view(None).show(&Record::of_value(&framed));
        assert_eq!(
            (shown.read_as.as_str(), shown.value.get()),
            ("json", r#"{"a": "more than a number"}"#)
        );
        assert!(shown.error.is_some());
    }

    #[test]
    fn a_table_shows_rows_and_their_misfits() {
        let mut view = view(Some(
            r#"{"topicName": "orders", "message": {"dataFormat": "json", "fields": [
                {"name": "n", "mapping": "n", "type": "BIGINT"},
                {"name": "at", "mapping": "at", "type": "TIMESTAMP"}]}}"#,
        ));
        let mut shown = |payload: &[u8]| {
            let shown = view.show(&Record::of_value(payload));
            (shown.value.get().to_owned(), shown.read_as, shown.error)
        };
        let row = r#"{"n":5,"at":"2023-03-14 09:26:53.000"}"#;
        assert_eq!(
            shown(br#"{"n": 5, "at": "2023-03-14 09:26:53"}"#),
            (row.to_owned(), "customer.orders".to_owned(), None)
        );
        let (value, read_as, error) = shown(br#"{"n": "many"}"#);
        assert_eq!(
            (&*value, &*read_as),
            (r#"{"n":null,"at":null}"#, "customer.orders")
        );
        assert!(error.unwrap().starts_with("column `n`: "));
        let (value, read_as, error) = shown(b"no json");
        assert_eq!((&*value, &*read_as), ("\"no json\"", "text"));
        assert!(error.is_some());
    }

    #[test]
    fn a_tombstone_has_no_value() {
        let mut tombstone = Record::of_value(b"");
        tombstone.value = None;
        let shown = view(None).show(&tombstone);
        assert_eq!((shown.value.get(), shown.read_as.as_str()), ("null", "null"));
        assert_eq!((shown.bytes, shown.error), (None, None));
    }
}
