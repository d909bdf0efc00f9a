//! Decoders for tests of one format.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema};

use crate::decode::{
    NoWriterSchemas, RowDecoder, RowError, ValueErrors, WriterSchemaError, WriterSchemaId, WriterSchemas,
};
use crate::definition::{ReferencedSchema, SchemaDefinition};
use crate::record::Record;
use crate::table::{Encoding, FORMAT_HINT_KEY, MAPPING_KEY, ReadOptions, SOURCE_KEY, TopicTable};

/// Decoder of bare values.
pub(crate) struct ValueDecoder(pub(crate) RowDecoder);

impl ValueDecoder {
    pub(crate) fn new(encoding: Encoding, columns: Vec<Field>) -> Self {
        Self::with_writers(encoding, columns, Arc::new(NoWriterSchemas))
    }

    pub(crate) fn with_writers(
        encoding: Encoding,
        columns: Vec<Field>,
        writers: Arc<dyn WriterSchemas>,
    ) -> Self {
        let table = table(encoding, columns);
        Self(RowDecoder::try_new(&table.schema, Some(&table), &writers).unwrap())
    }

    pub(crate) fn decode(&mut self, value: &[u8]) -> Result<(), RowError> {
        self.0.decode(&Record::of_value(value))
    }

    pub(crate) fn append_nulls(&mut self) {
        self.0.append_null_value(&Record::of_value(b""), None).unwrap();
    }

    pub(crate) fn rows(&self) -> usize {
        self.0.rows()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.0.bytes()
    }

    pub(crate) fn flush(&mut self) -> RecordBatch {
        self.0.flush()
    }

    pub(crate) fn value_errors(&self) -> Vec<ValueErrors> {
        self.0.value_errors()
    }
}

/// Source of only these schemas: format, text, and name and text of their references.
pub(crate) struct Registries(pub(crate) Vec<(WriterSchemaId, Registered)>);

pub(crate) type Registered = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

impl WriterSchemas for Registries {
    fn schema(&self, id: WriterSchemaId) -> Result<Arc<SchemaDefinition>, WriterSchemaError> {
        let found = self.0.iter().find(|(known, _)| *known == id);
        let Some((_, (data_format, definition, references))) = found else {
            return Err(WriterSchemaError::Unknown { id: id.to_string() });
        };
        let references = references.iter().map(|(name, definition)| ReferencedSchema {
            name: (*name).to_owned(),
            definition: (*definition).to_owned(),
        });
        Ok(Arc::new(SchemaDefinition {
            schema_version_id: id.to_string(),
            data_format: (*data_format).to_owned(),
            definition: (*definition).to_owned(),
            references: references.collect(),
            ..SchemaDefinition::default()
        }))
    }
}

/// Source whose look-ups all fail.
pub(crate) enum Failing {
    /// No registry is configured.
    Absent,
    /// No registry responds.
    Down,
    /// References of the schemas are missing.
    Incomplete,
}

impl WriterSchemas for Failing {
    fn schema(&self, id: WriterSchemaId) -> Result<Arc<SchemaDefinition>, WriterSchemaError> {
        let id = id.to_string();
        Err(match self {
            Self::Absent => WriterSchemaError::NoRegistry {
                id,
                reason: "there is none",
            },
            Self::Down => WriterSchemaError::Unavailable {
                id,
                reason: "timed out".into(),
            },
            Self::Incomplete => WriterSchemaError::Unusable {
                id,
                reason: "it refers to nothing".into(),
            },
        })
    }
}

/// Table with these columns.
pub(crate) fn table(encoding: Encoding, columns: Vec<Field>) -> TopicTable {
    TopicTable {
        registry_name: "registry".into(),
        schema_name: "schema".into(),
        schema_version_id: "00000000-0000-0000-0000-000000000000".into(),
        cluster: None,
        topic: "topic".into(),
        value: encoding,
        key: None,
        options: ReadOptions::default(),
        schema: Arc::new(Schema::new(columns)),
    }
}

/// Column read from the value by `mapping`.
pub(crate) fn column(name: &str, mapping: &str, data_type: DataType) -> Field {
    hinted(name, mapping, data_type, "")
}

/// Column with a format hint.
pub(crate) fn hinted(name: &str, mapping: &str, data_type: DataType, hint: &str) -> Field {
    let metadata = [(MAPPING_KEY, mapping), (FORMAT_HINT_KEY, hint)];
    let metadata = metadata.map(|(key, value)| (key.to_owned(), value.to_owned()));
    Field::new(name, data_type, true).with_metadata(HashMap::from(metadata))
}

/// Column of another source than the value.
pub(crate) fn sourced(name: &str, source: &str, mapping: &str, data_type: DataType) -> Field {
    let field = column(name, mapping, data_type);
    let mut metadata = field.metadata().clone();
    metadata.insert(SOURCE_KEY.to_owned(), source.to_owned());
    field.with_metadata(metadata)
}
