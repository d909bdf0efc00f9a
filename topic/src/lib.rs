//! Topics as tables: columns from documents, rows from records. Pure: no I/O, no AWS, no Kafka client.
//!
//! | module | idea |
//! |---|---|
//! | [`definition`] | schemas as a registry stores them |
//! | [`document`] | the topic document: topic, formats, columns |
//! | [`table`] | table of a document, and its metadata on the wire |
//! | [`type_name`] | type names of documents |
//! | [`path`] | mappings to parts of a payload |
//! | [`record`] | records as Kafka stores them |
//! | [`decode`] | records to Arrow columns |
//! | [`format_hint`] | date patterns |
//! | [`undescribed`] | table of a topic without a description |
//! | [`infer`] | inference of a document from sample records |
//! | `connect_types` | types that Kafka Connect and Debezium name |
//! | `names` | names that differ only by case |

mod connect_types;
pub mod decode;
pub mod definition;
pub mod document;
pub mod format_hint;
pub mod infer;
mod names;
pub mod path;
pub mod record;
pub mod table;
pub mod type_name;
pub mod undescribed;

pub use decode::{
    BadRecord, NoWriterSchemas, RowDecoder, RowError, TableError, Unresolved, ValueErrors, WriterSchemaError,
    WriterSchemaId, WriterSchemas, written_key, written_value,
};
pub use definition::{ReferencedSchema, SchemaDefinition, SchemaFormat};
pub use document::{DocumentError, SchemaReference, TableDefaults, TopicDocument, Warning};
pub use record::{Headers, NoHeaders, Record, RecordTimestamp, TimestampType};
pub use table::{DataFormat, Encoding, OnBadRecord, OnTombstone, ReadOptions, Source, TopicTable};
