//! What a topic is as a table: its document to columns, its records to rows. Pure: no I/O, no AWS, no Kafka client.
//!
//! | module | idea |
//! |---|---|
//! | [`definition`] | a schema as a registry holds it |
//! | [`document`] | the topic document: topic, formats, columns |
//! | [`table`] | the table that a document makes, and what of it travels on the wire |
//! | [`type_name`] | every type name a document may use |
//! | [`path`] | which part of a payload fills a column |
//! | [`record`] | a record as Kafka holds it |
//! | [`decode`] | records to Arrow columns |
//! | [`format_hint`] | date patterns |
//! | [`undescribed`] | the table of a topic that nobody described |
//! | [`infer`] | a document proposed from sample records |
//! | `names` | names that differ by case alone |

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
    WriterSchemaId, WriterSchemas,
};
pub use definition::{ReferencedSchema, SchemaDefinition};
pub use document::{DocumentError, SchemaReference, TableDefaults, TopicDocument, Warning};
pub use record::{Headers, NoHeaders, Record, RecordTimestamp, TimestampType};
pub use table::{DataFormat, Encoding, OnBadRecord, OnTombstone, ReadOptions, Source, TopicTable};
