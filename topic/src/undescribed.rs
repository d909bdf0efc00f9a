//! Table of a topic without a description, with columns that every record can fill.
//!
//! | column | shows |
//! |---|---|
//! | `key`, `value` VARCHAR | the payload as [text](crate::decode), NULL where it is not |
//! | `key_bytes`, `value_bytes` VARBINARY | the payload itself |
//! | `_partition_id`, `_partition_offset`, … | the predefined columns about the record, without `_key` and `_message`, which would repeat the above |
//!
//! Each record has a row, tombstones and what does not decode included.

use std::sync::Arc;

use arrow::datatypes::{DataType, Schema};

use crate::document::metadata_columns::{self, column};
use crate::table::{Encoding, OnBadRecord, OnTombstone, ReadOptions, Source, TopicTable};

/// Predefined columns that would repeat others of the table.
const SHOWN_OTHERWISE: [&str; 2] = ["_key", "_message"];

/// Table of `topic` of `cluster`, in the database `database`.
pub fn table(database: &str, topic: &str, cluster: Option<&str>) -> TopicTable {
    let payloads = [
        ("key", DataType::Utf8, Source::Key),
        ("value", DataType::Utf8, Source::Value),
        ("key_bytes", DataType::Binary, Source::RawKey),
        ("value_bytes", DataType::Binary, Source::RawValue),
    ];
    let payloads = payloads.map(|(name, data_type, source)| column(name, data_type, &source));
    let about = metadata_columns::all().filter(|field| !SHOWN_OTHERWISE.contains(&field.name().as_str()));
    let fields: Vec<_> = payloads.into_iter().chain(about).collect();
    let mut table = TopicTable {
        registry_name: database.to_owned(),
        schema_name: topic.to_owned(),
        schema_version_id: String::new(),
        cluster: cluster.map(str::to_owned),
        topic: topic.to_owned(),
        value: Encoding::Text,
        key: Some(Encoding::Text),
        options: ReadOptions {
            on_bad_record: Some(OnBadRecord::Null),
            on_tombstone: Some(OnTombstone::Null),
        },
        schema: Arc::new(Schema::empty()),
    };
    let metadata = table.metadata(&fields);
    table.schema = Arc::new(Schema::new_with_metadata(fields, metadata));
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::is_self_described;

    #[test]
    fn is_read_without_asking_anybody() {
        let table = table("raw", "orders", None);
        assert!(is_self_described(&table.schema));
    }

    #[test]
    fn shows_payloads_as_text_and_as_bytes_and_all_about_the_record() {
        let table = table("raw", "orders", Some("payments"));
        let names: Vec<_> = table
            .schema
            .fields()
            .iter()
            .map(|field| field.name().as_str())
            .collect();
        assert_eq!(
            names,
            [
                "key",
                "value",
                "key_bytes",
                "value_bytes",
                "_partition_id",
                "_partition_offset",
                "_timestamp",
                "_timestamp_type",
                "_key_length",
                "_key_corrupt",
                "_message_length",
                "_message_corrupt",
                "_message_error",
                "_headers",
                "_leader_epoch",
                "_schema_id",
                "_key_schema_id"
            ]
        );
        assert_eq!(
            (table.cluster.as_deref(), table.topic.as_str()),
            (Some("payments"), "orders")
        );
    }
}
