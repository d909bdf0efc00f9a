//! Errors of requests, grouped by who can correct them.

use std::error::Error as _;
use std::time::Duration;

use arrow::error::ArrowError;
use kafka::{KafkaError, TopicPartition};
use protocol::{EncodeError, TableName, UnsupportedType, WireError};
use spill::SpillError;
use topic::{TableError, WriterSchemaError};

use crate::aws::session::SessionError;
use crate::config::cluster;
use crate::config::error::ConfigError;
use crate::filter::FilterError;
use crate::registry::catalog::CatalogError;
use crate::spill_keys::SpillKeyError;
use crate::splits::token::TokenError;
use crate::splits::topic_split::PropertyError;

/// Reason why a request failed. Messages are for the user who runs the query: they name what was requested
/// and found, never a record's data nor a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The function's environment lacks a setting or has an invalid one, which its owner must correct.
    #[error("configuration: {0}")]
    Config(#[from] ConfigError),

    /// The request does not follow the protocol.
    #[error("request: {0}")]
    Request(#[from] WireError),

    /// The connector does not support the call.
    #[error("unknown request class {0}")]
    UnknownRequest(&'static str),

    /// The response cannot be encoded.
    #[error("response: {0}")]
    Response(#[from] EncodeError),

    /// Error of a database or table, or of the service that stores them.
    #[error(transparent)]
    Catalog(#[from] CatalogError),

    #[error("the request lists tables without a schema")]
    NoSchemaName,

    #[error("query passthrough is not supported: a topic can only be queried as a table")]
    QueryPassthrough,

    /// A column has a type that the wire cannot carry.
    #[error("table `{table}`: {source}")]
    UnsupportedType {
        table: TableName,
        source: UnsupportedType,
    },

    #[error("the table's layout could not be made: {0}")]
    Layout(#[from] ArrowError),

    /// In terms of settings, if one of them is the cause.
    #[error("{}", cluster::explain(.0))]
    Kafka(#[from] KafkaError),

    /// The continuation token was not written by this connector.
    #[error("continuation token: {0}")]
    Token(#[from] TokenError),

    /// The split's properties were not written by this connector.
    #[error("split: {0}")]
    Split(#[from] PropertyError),

    #[error("spill prefix and query id make keys of {bytes} bytes, wanted at most {limit_bytes}")]
    SpillKeyTooLong { bytes: usize, limit_bytes: usize },

    /// The requested columns cannot be read from the topic's records.
    #[error("table `{table}`: {source}")]
    Table { table: String, source: Box<TableError> },

    /// The registry did not return the schema that a record was written with.
    #[error("{topic_partition} offset {offset}: {source}")]
    WriterSchema {
        topic_partition: TopicPartition,
        offset: i64,
        source: WriterSchemaError,
    },

    /// No record of a split could be read: all name schemas of a registry that no setting names.
    #[error("{topic_partition} offset {offset}: {reason}")]
    NoSchemaRegistry {
        topic_partition: TopicPartition,
        /// Offset of the first of them.
        offset: i64,
        reason: String,
    },

    /// A predicate does not fit the type of its column.
    #[error("constraints: {0}")]
    Filter(#[from] FilterError),

    /// A record cannot be decoded and `on_bad_record` is `fail`.
    #[error("{topic_partition} offset {offset}: {reason}")]
    BadRecord {
        topic_partition: TopicPartition,
        offset: i64,
        reason: String,
    },

    /// Boxed, because it would make every result of the crate large.
    #[error("spilling: {0}")]
    Spill(#[source] Box<SpillError>),

    /// Keys to encrypt spilled blocks could not be generated.
    #[error("spilling: {0}")]
    SpillKeys(#[from] SpillKeyError),

    #[error(transparent)]
    Session(#[from] SessionError),

    /// Athena no longer waits for the rows.
    #[error("query {query_id} has ended ({state}): the read was stopped")]
    QueryOver { query_id: String, state: String },

    /// The request's time is over while an external service has not responded.
    #[error("{whom} did not answer within {waited:?}; asked for {wanted}")]
    NoAnswer {
        whom: String,
        wanted: String,
        waited: Duration,
    },

    #[error("{request} did not complete within {limit:?}")]
    DeadlineExceeded { request: &'static str, limit: Duration },

    /// A bug of the connector.
    #[error("internal error: {0}")]
    Internal(String),
}

impl From<SpillError> for Error {
    fn from(error: SpillError) -> Self {
        Self::Spill(Box::new(error))
    }
}

impl Error {
    /// Kind of failure in one of a few words, by which errors are counted.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Config(_) | Self::NoSchemaRegistry { .. } => "configuration",
            Self::Request(_)
            | Self::UnknownRequest(_)
            | Self::NoSchemaName
            | Self::QueryPassthrough
            | Self::UnsupportedType { .. }
            | Self::Layout(_)
            | Self::Token(_)
            | Self::Split(_)
            | Self::SpillKeyTooLong { .. } => "request",
            Self::Catalog(error) => error.kind(),
            Self::Table { .. } | Self::Filter(_) => "table",
            Self::Kafka(error) => error.kind(),
            Self::WriterSchema { .. } | Self::BadRecord { .. } => "record",
            Self::SpillKeys(error) if error.throttled => "throttled",
            Self::Spill(_) | Self::SpillKeys(_) => "spill",
            Self::Session(_) => "session",
            Self::QueryOver { .. } => "query_over",
            Self::NoAnswer { .. } | Self::DeadlineExceeded { .. } => "timeout",
            Self::Response(_) | Self::Internal(_) => "internal",
        }
    }

    /// Message with those of its causes, each once.
    pub fn full_message(&self) -> String {
        let mut message = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            let text = error.to_string();
            if !message.contains(&text) {
                message = format!("{message}: {text}");
            }
            cause = error.source();
        }
        message
    }
}

#[cfg(test)]
mod tests {
    mod runbook;

    use protocol::SpillLocation;
    use spill::{CipherError, StoreError};

    use super::*;

    #[test]
    fn the_full_message_says_each_cause_once() {
        let location = SpillLocation {
            bucket: "b".into(),
            key: "k.0".into(),
            directory: false,
        };
        let put = StoreError::Put {
            location: location.clone(),
            bytes: 7,
            reason: "SlowDown".into(),
        };
        let message = Error::from(SpillError::from(put)).full_message();
        assert!(
            message.starts_with("spilling: cannot put 7 bytes to ") && message.ends_with(": SlowDown"),
            "{message}"
        );
        assert_eq!(message.matches("SlowDown").count(), 1);

        let decrypt = SpillError::Decrypt {
            location,
            source: CipherError::NotAuthentic,
        };
        let message = Error::from(decrypt).full_message();
        assert!(
            message.ends_with("the block is not what was encrypted under this key and nonce"),
            "{message}"
        );
    }
}
