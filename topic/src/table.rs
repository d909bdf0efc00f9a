//! A topic as a table, and what of it travels on the wire.
//!
//! What decoding needs to know of a JSON or CSV table travels in the metadata of the table schema, as `GetTable` put it
//! there, so that a split is read without asking the registry. Tables that need more (a schema text, a key's format)
//! are looked up by the schema version that the metadata names.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use arrow::datatypes::{Field, Schema, SchemaRef};

/// Table schema metadata: the format of the topic's record values.
pub const DATA_FORMAT_KEY: &str = "dataFormat";
/// Table schema metadata: the format of the topic's record keys, if the document declares one.
pub const KEY_DATA_FORMAT_KEY: &str = "keyDataFormat";
/// Table schema metadata: the registry's real name.
pub const REGISTRY_NAME_KEY: &str = "glueRegistryName";
/// Table schema metadata: the registered schema's real name.
pub const SCHEMA_NAME_KEY: &str = "glueSchemaName";
/// Table schema metadata: the version of the registered schema.
pub const SCHEMA_VERSION_KEY: &str = "glueSchemaVersionId";
/// Table schema metadata: the Kafka topic.
pub const TOPIC_NAME_KEY: &str = "topicName";
/// Table schema metadata: what becomes of bad records, where the document says it.
pub const ON_BAD_RECORD_KEY: &str = "onBadRecord";
/// Table schema metadata: what becomes of tombstones, where the document says it.
pub const ON_TOMBSTONE_KEY: &str = "onTombstone";
/// Table schema metadata: the document's `csv` object, as JSON.
pub const CSV_KEY: &str = "csv";
/// Field metadata: which part of a payload fills the column.
pub const MAPPING_KEY: &str = "mapping";
/// Field metadata: the date pattern, empty if there is none.
pub const FORMAT_HINT_KEY: &str = "formatHint";
/// Field metadata: the type as the document names it.
pub const TYPE_KEY: &str = "type";
/// Field metadata: what of a record the column shows ([`Source`]); absent for its value.
pub const SOURCE_KEY: &str = "source";

/// A topic as a table.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicTable {
    /// Names as the registry spells them.
    pub registry_name: String,
    pub schema_name: String,
    pub schema_version_id: String,
    /// The Kafka cluster, by the name the connector's settings give it; `None` for the one that has none.
    pub cluster: Option<String>,
    pub topic: String,
    /// How record values are encoded.
    pub value: Encoding,
    /// How record keys are encoded, if columns are read from them.
    pub key: Option<Encoding>,
    pub options: ReadOptions,
    /// All columns, nullable, with the metadata that decoding needs.
    pub schema: SchemaRef,
}

impl TopicTable {
    /// The column of this name, whatever its case: Athena lower-cases names.
    pub fn column(&self, name: &str) -> Option<&Field> {
        let name = name.to_lowercase();
        let mut fields = self.schema.fields().iter();
        fields
            .find(|field| field.name().to_lowercase() == name)
            .map(AsRef::as_ref)
    }

    /// Metadata of the table schema.
    pub(crate) fn metadata(&self) -> HashMap<String, String> {
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
        metadata
    }
}

/// How a payload, a record's value or key, is encoded.
#[derive(Debug, Clone, PartialEq)]
pub enum Encoding {
    Json,
    Csv(CsvOptions),
    /// The registered Avro schema, as JSON.
    Avro {
        definition: String,
    },
    /// The registered Protobuf text or base64 descriptor, and the message that headerless payloads hold (else the
    /// first of the file).
    Protobuf {
        definition: String,
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

/// How a CSV payload is divided. Characters are single bytes.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct CsvOptions {
    pub delimiter: char,
    /// None reads quotes as text.
    pub quote: Option<char>,
    /// Before a quote within quotes; a doubled quote always stands for one.
    pub escape: Option<char>,
    /// An unquoted field of this text is NULL.
    pub null_text: Option<String>,
    /// Blanks around unquoted fields are dropped, as the Java connector does.
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

/// What a document may say of records that are no plain rows; what it leaves open the connector's settings say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReadOptions {
    pub on_bad_record: Option<OnBadRecord>,
    pub on_tombstone: Option<OnTombstone>,
}

/// What becomes of a record that does not decode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnBadRecord {
    /// A row of NULLs, as with the Java connector.
    #[default]
    Null,
    Skip,
    Fail,
}

/// What becomes of a record without value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnTombstone {
    #[default]
    Skip,
    Null,
}

impl OnBadRecord {
    /// Each with the word that settings and documents use.
    pub const WORDS: [(&str, Self); 3] = [("null", Self::Null), ("skip", Self::Skip), ("fail", Self::Fail)];
}

impl OnTombstone {
    /// Each with the word that settings and documents use.
    pub const WORDS: [(&str, Self); 2] = [("skip", Self::Skip), ("null", Self::Null)];
}

/// What of a record a column shows.
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
    /// The last header named by the column's mapping.
    Header,
    RawValue,
    RawValueLength,
    RawKey,
    RawKeyLength,
    /// Whether the value did not decode.
    ValueCorrupt,
    KeyCorrupt,
    /// Why the value did not decode.
    Error,
    /// Id of the schema that the value was written with, as the record names it.
    SchemaId,
    /// Id of the schema that the key was written with.
    KeySchemaId,
}

impl Source {
    /// Each with its name in documents.
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

/// The format of a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataFormat {
    Json,
    Csv,
    Avro,
    Protobuf,
    /// A value alone, as Kafka's own serializers write it.
    Raw,
    /// Text; of a payload that names its schema, its JSON.
    Text,
}

impl DataFormat {
    /// Each with its name in documents.
    pub const WORDS: [(&str, Self); 6] = [
        ("json", Self::Json),
        ("csv", Self::Csv),
        ("avro", Self::Avro),
        ("protobuf", Self::Protobuf),
        ("raw", Self::Raw),
        ("text", Self::Text),
    ];
}

/// A word that is none of those allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not supported, wanted {wanted}")]
pub struct UnknownWord {
    pub found: String,
    pub wanted: String,
}

/// Reads in any case, prints as in the table of words.
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

/// Whether `schema` says by itself how each of its columns is read, so that no registry need be asked.
pub fn is_self_described(schema: &Schema) -> bool {
    let metadata = schema.metadata();
    let format = metadata.get(DATA_FORMAT_KEY).and_then(|name| name.parse().ok());
    // A key without a format is never corrupt, and names no schema but in the record's headers.
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

/// The encoding that the metadata of a [self-described](is_self_described) schema tells.
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

/// The encoding of keys that the metadata of a schema tells by the format's name alone.
pub(crate) fn key_encoding(schema: &Schema) -> Option<Encoding> {
    match schema.metadata().get(KEY_DATA_FORMAT_KEY)?.parse().ok()? {
        DataFormat::Text => Some(Encoding::Text),
        DataFormat::Json | DataFormat::Csv | DataFormat::Avro | DataFormat::Protobuf | DataFormat::Raw => {
            None
        }
    }
}

/// The read options that the metadata of a schema tells.
pub fn read_options(schema: &Schema) -> ReadOptions {
    let metadata = schema.metadata();
    ReadOptions {
        on_bad_record: metadata.get(ON_BAD_RECORD_KEY).and_then(|word| word.parse().ok()),
        on_tombstone: metadata.get(ON_TOMBSTONE_KEY).and_then(|word| word.parse().ok()),
    }
}
