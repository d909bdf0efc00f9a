//! Topics as tables, and their metadata on the wire.
//!
//! Everything that decoding a JSON or CSV table needs is in the metadata of the table schema, as `GetTable`
//! returned it, so that a split is read without a call of the registry. Tables that need more (a schema text,
//! a key's format) are looked up by the schema version in the metadata.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use arrow::datatypes::{Field, Schema, SchemaRef};

use crate::definition::{ReferencedSchema, SchemaFormat};

/// Table schema metadata: format of the topic's record values.
pub const DATA_FORMAT_KEY: &str = "dataFormat";
/// Table schema metadata: format of the topic's record keys, if the document declares one.
pub const KEY_DATA_FORMAT_KEY: &str = "keyDataFormat";
/// Table schema metadata: original name of the registry.
pub const REGISTRY_NAME_KEY: &str = "glueRegistryName";
/// Table schema metadata: original name of the registered schema.
pub const SCHEMA_NAME_KEY: &str = "glueSchemaName";
/// Table schema metadata: version of the registered schema.
pub const SCHEMA_VERSION_KEY: &str = "glueSchemaVersionId";
/// Table schema metadata: Kafka topic.
pub const TOPIC_NAME_KEY: &str = "topicName";
/// Table schema metadata: handling of bad records, if the document specifies it.
pub const ON_BAD_RECORD_KEY: &str = "onBadRecord";
/// Table schema metadata: handling of tombstones, if the document specifies it.
pub const ON_TOMBSTONE_KEY: &str = "onTombstone";
/// Table schema metadata: `csv` object of the document, as JSON.
pub const CSV_KEY: &str = "csv";
/// Field metadata: mapping of the column to a part of a payload.
pub const MAPPING_KEY: &str = "mapping";
/// Field metadata: date pattern, empty if there is none.
pub const FORMAT_HINT_KEY: &str = "formatHint";
/// Field metadata: type as spelled in the document.
pub const TYPE_KEY: &str = "type";
/// Field metadata: description of the column. In the table schema's metadata it is under the column's name, as in the
/// SDK's `GlueMetadataHandler`.
pub const COMMENT_KEY: &str = "comment";
/// Field metadata: part of a record that the column shows ([`Source`]); absent for its value.
pub const SOURCE_KEY: &str = "source";

/// Keys of the table schema's metadata that no column's comment may take.
const SCHEMA_KEYS: [&str; 9] = [
    DATA_FORMAT_KEY,
    KEY_DATA_FORMAT_KEY,
    REGISTRY_NAME_KEY,
    SCHEMA_NAME_KEY,
    SCHEMA_VERSION_KEY,
    TOPIC_NAME_KEY,
    ON_BAD_RECORD_KEY,
    ON_TOMBSTONE_KEY,
    CSV_KEY,
];

/// Topic as a table.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicTable {
    /// Name of the registry in its original case.
    pub registry_name: String,
    pub schema_name: String,
    pub schema_version_id: String,
    /// Kafka cluster, by its name in the connector's settings; `None` for the default.
    pub cluster: Option<String>,
    pub topic: String,
    /// Encoding of record values.
    pub value: Encoding,
    /// Encoding of record keys, if columns are read from them.
    pub key: Option<Encoding>,
    pub options: ReadOptions,
    /// All columns, nullable, with the metadata that decoding needs.
    pub schema: SchemaRef,
}

impl TopicTable {
    /// Column of this name in any case: Athena lower-cases names.
    pub fn column(&self, name: &str) -> Option<&Field> {
        let name = name.to_lowercase();
        let mut fields = self.schema.fields().iter();
        fields
            .find(|field| field.name().to_lowercase() == name)
            .map(AsRef::as_ref)
    }

    /// Metadata of the table schema whose columns are `fields`.
    pub(crate) fn metadata(&self, fields: &[Field]) -> HashMap<String, String> {
        let mut metadata = HashMap::from([
            (DATA_FORMAT_KEY.to_owned(), self.value.format().to_string()),
            (REGISTRY_NAME_KEY.to_owned(), self.registry_name.clone()),
            (SCHEMA_NAME_KEY.to_owned(), self.schema_name.clone()),
            (SCHEMA_VERSION_KEY.to_owned(), self.schema_version_id.clone()),
            (TOPIC_NAME_KEY.to_owned(), self.topic.clone()),
        ]);
        if let Encoding::Csv(csv) = &self.value {
            metadata.insert(CSV_KEY.to_owned(), csv.to_json());
        }
        if let Some(key) = &self.key {
            metadata.insert(KEY_DATA_FORMAT_KEY.to_owned(), key.format().to_string());
        }
        let ReadOptions {
            on_bad_record,
            on_tombstone,
        } = self.options;
        if let Some(policy) = on_bad_record {
            metadata.insert(ON_BAD_RECORD_KEY.to_owned(), policy.to_string());
        }
        if let Some(policy) = on_tombstone {
            metadata.insert(ON_TOMBSTONE_KEY.to_owned(), policy.to_string());
        }
        for field in fields {
            let name = field.name();
            if let Some(comment) = field.metadata().get(COMMENT_KEY)
                && !SCHEMA_KEYS.contains(&name.as_str())
            {
                metadata.insert(name.clone(), comment.clone());
            }
        }
        metadata
    }
}

/// Encoding of a payload, a record's value or key.
#[derive(Debug, Clone, PartialEq)]
pub enum Encoding {
    Json,
    Csv(CsvOptions),
    /// Registered Avro schema, as JSON, and the schemas whose types it names.
    Avro {
        definition: String,
        references: Vec<ReferencedSchema>,
    },
    /// Registered Protobuf text or base64 descriptor, the schemas that it imports by their names, and the message of
    /// headerless payloads (else the first of the file).
    Protobuf {
        definition: String,
        references: Vec<ReferencedSchema>,
        message: Option<String>,
    },
    Raw,
    /// Text, or whatever the schema that a payload names makes of it.
    Text,
}

impl Encoding {
    pub fn format(&self) -> DataFormat {
        match self {
            Self::Json => DataFormat::Json,
            Self::Csv(_) => DataFormat::Csv,
            Self::Avro { .. } => DataFormat::Avro,
            Self::Protobuf { .. } => DataFormat::Protobuf,
            Self::Raw => DataFormat::Raw,
            Self::Text => DataFormat::Text,
        }
    }
}

/// Options for splitting a CSV payload. Characters are single bytes.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct CsvOptions {
    pub delimiter: char,
    /// Quote; with `None` quotes are text.
    pub quote: Option<char>,
    /// Escape before a quote within quotes; a doubled quote is always one quote.
    pub escape: Option<char>,
    /// Text of an unquoted field that is NULL.
    pub null_text: Option<String>,
    /// Whether blanks around unquoted fields are removed, as in the Java connector.
    pub trim: bool,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self {
            delimiter: ',',
            quote: Some('"'),
            escape: None,
            null_text: None,
            trim: true,
        }
    }
}

impl CsvOptions {
    fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Handling of records without a complete row, as far as a document specifies it; the rest is in the
/// connector's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReadOptions {
    pub on_bad_record: Option<OnBadRecord>,
    pub on_tombstone: Option<OnTombstone>,
}

/// Handling of a record that cannot be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnBadRecord {
    /// A row of NULLs, as in the Java connector.
    #[default]
    Null,
    Skip,
    Fail,
}

/// Handling of a record without value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnTombstone {
    #[default]
    Skip,
    Null,
}

impl OnBadRecord {
    /// Values with their words in settings and documents.
    pub const WORDS: [(&str, Self); 3] = [("null", Self::Null), ("skip", Self::Skip), ("fail", Self::Fail)];
}

impl OnTombstone {
    /// Values with their words in settings and documents.
    pub const WORDS: [(&str, Self); 2] = [("skip", Self::Skip), ("null", Self::Null)];
}

/// Part of a record that a column shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Source {
    /// Part of the value, by the column's mapping.
    #[default]
    Value,
    /// Part of the key, by the column's mapping.
    Key,
    Partition,
    Offset,
    Timestamp,
    TimestampType,
    LeaderEpoch,
    /// All headers: map(varchar, array(varbinary)).
    Headers,
    /// The last header with the name in the column's mapping.
    Header,
    RawValue,
    RawValueLength,
    RawKey,
    RawKeyLength,
    /// Whether the value cannot be decoded.
    ValueCorrupt,
    KeyCorrupt,
    /// Reason why the value cannot be decoded.
    Error,
    /// Id of the schema that the value was written with, if the record names one.
    SchemaId,
    /// Id of the schema that the key was written with.
    KeySchemaId,
}

impl Source {
    /// Sources with their names in documents.
    pub const WORDS: [(&str, Self); 18] = [
        ("value", Self::Value),
        ("key", Self::Key),
        ("partition", Self::Partition),
        ("offset", Self::Offset),
        ("timestamp", Self::Timestamp),
        ("timestamp_type", Self::TimestampType),
        ("leader_epoch", Self::LeaderEpoch),
        ("headers", Self::Headers),
        ("header", Self::Header),
        ("raw_value", Self::RawValue),
        ("raw_value_length", Self::RawValueLength),
        ("raw_key", Self::RawKey),
        ("raw_key_length", Self::RawKeyLength),
        ("value_corrupt", Self::ValueCorrupt),
        ("key_corrupt", Self::KeyCorrupt),
        ("error", Self::Error),
        ("schema_id", Self::SchemaId),
        ("key_schema_id", Self::KeySchemaId),
    ];
}

/// Format of a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataFormat {
    Json,
    Csv,
    Avro,
    Protobuf,
    /// Single value, as Kafka's own serializers write it.
    Raw,
    /// Text; of a payload that names its schema, its JSON.
    Text,
}

impl DataFormat {
    /// Formats with their names in documents.
    pub const WORDS: [(&str, Self); 6] = [
        ("json", Self::Json),
        ("csv", Self::Csv),
        ("avro", Self::Avro),
        ("protobuf", Self::Protobuf),
        ("raw", Self::Raw),
        ("text", Self::Text),
    ];
}

impl From<SchemaFormat> for DataFormat {
    fn from(format: SchemaFormat) -> Self {
        match format {
            SchemaFormat::Json => Self::Json,
            SchemaFormat::Avro => Self::Avro,
            SchemaFormat::Protobuf => Self::Protobuf,
        }
    }
}

/// Word that is not an allowed one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not supported, wanted {wanted}")]
pub struct UnknownWord {
    pub found: String,
    pub wanted: String,
}

/// Implements parsing in any case, and printing as in the table of words.
macro_rules! words {
    ($($name:ty),+) => {$(
        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                let text = text.trim();
                let mut words = Self::WORDS.into_iter();
                let known = words.find(|(word, _)| word.eq_ignore_ascii_case(text));
                known.map(|(_, meaning)| meaning).ok_or_else(|| UnknownWord {
                    found: text.to_owned(),
                    wanted: Self::WORDS.map(|(word, _)| word).join(" or "),
                })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut words = Self::WORDS.into_iter();
                let known = words.find(|(_, meaning)| meaning == self);
                f.write_str(known.map_or("", |(word, _)| word))
            }
        }
    )+};
}

words!(DataFormat, Source, OnBadRecord, OnTombstone);

/// Whether `schema` itself describes how each of its columns is read, so that no registry is needed.
pub fn is_self_described(schema: &Schema) -> bool {
    let metadata = schema.metadata();
    let format = metadata.get(DATA_FORMAT_KEY).and_then(|name| name.parse().ok());
    // A key without a format is never corrupt, and has a schema id only in the record's headers.
    let key_is_plain = !metadata.contains_key(KEY_DATA_FORMAT_KEY);
    let key_is_text = key_encoding(schema).is_some();
    let is_told = |source| match source {
        Source::Key => key_is_text,
        Source::KeyCorrupt | Source::KeySchemaId => key_is_plain || key_is_text,
        _ => true,
    };
    let tells = [
        DataFormat::Json,
        DataFormat::Csv,
        DataFormat::Raw,
        DataFormat::Text,
    ];
    format.is_some_and(|format| tells.contains(&format))
        && schema.fields().iter().all(|field| {
            let metadata = field.metadata();
            let source = metadata
                .get(SOURCE_KEY)
                .map_or(Ok(Source::Value), |name| name.parse());
            metadata.contains_key(MAPPING_KEY) && source.is_ok_and(is_told)
        })
}

/// Encoding in the metadata of a [self-described](is_self_described) schema.
pub(crate) fn encoding(schema: &Schema) -> Option<Encoding> {
    let metadata = schema.metadata();
    Some(match metadata.get(DATA_FORMAT_KEY)?.parse().ok()? {
        DataFormat::Json => Encoding::Json,
        DataFormat::Raw => Encoding::Raw,
        DataFormat::Text => Encoding::Text,
        DataFormat::Csv => Encoding::Csv(match metadata.get(CSV_KEY) {
            Some(json) => serde_json::from_str(json).ok()?,
            None => CsvOptions::default(),
        }),
        DataFormat::Avro | DataFormat::Protobuf => return None,
    })
}

/// Description of a column in the metadata of a table schema.
pub fn comment<'a>(schema: &'a Schema, column: &str) -> Option<&'a str> {
    let comment = schema.metadata().get(column)?;
    (!SCHEMA_KEYS.contains(&column)).then_some(comment)
}

/// Encoding of keys in the metadata of a schema, if the name of the format is enough.
pub(crate) fn key_encoding(schema: &Schema) -> Option<Encoding> {
    match schema.metadata().get(KEY_DATA_FORMAT_KEY)?.parse().ok()? {
        DataFormat::Text => Some(Encoding::Text),
        DataFormat::Json | DataFormat::Csv | DataFormat::Avro | DataFormat::Protobuf | DataFormat::Raw => {
            None
        }
    }
}

/// Read options in the metadata of a schema.
pub fn read_options(schema: &Schema) -> ReadOptions {
    let metadata = schema.metadata();
    ReadOptions {
        on_bad_record: metadata.get(ON_BAD_RECORD_KEY).and_then(|word| word.parse().ok()),
        on_tombstone: metadata.get(ON_TOMBSTONE_KEY).and_then(|word| word.parse().ok()),
    }
}
