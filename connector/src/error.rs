//! Everything that can go wrong in a request, sorted by who can do something about it.

use std::error::Error as _;
use std::time::Duration;

use protocol::{EncodeError, WireError};
use spill::SpillError;

use crate::aws::SessionError;
use crate::config::ConfigError;
use crate::filter::FilterError;
use crate::kafka::{KafkaError, TopicPartition};
use crate::metadata::MetadataError;
use crate::registry::catalog::CatalogError;
use crate::splits::{SpillKeyError, SplitError};
use topic::{TableError, WriterSchemaError};

/// Why a request has no answer. Messages are for whoever runs the query: they name what was asked for and
/// what was found, never a record's data nor a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The function's environment lacks something or says something of no use: its owner's to mend.
    #[error("configuration: {0}")]
    Config(#[from] ConfigError),

    /// The request does not follow the protocol.
    #[error("request: {0}")]
    Request(#[from] WireError),

    /// A call that this connector does not have.
    #[error("unknown request class {0}")]
    UnknownRequest(&'static str),

    /// The answer cannot be put on the wire.
    #[error("response: {0}")]
    Response(#[from] EncodeError),

    /// Databases, tables, and the service that keeps them.
    #[error(transparent)]
    Catalog(#[from] CatalogError),

    /// A metadata call that asks for what there is not.
    #[error(transparent)]
    Metadata(#[from] MetadataError),

    #[error(transparent)]
    Kafka(#[from] KafkaError),

    /// The continuation token or the split's properties are not this connector's.
    #[error(transparent)]
    Split(#[from] SplitError),

    /// The columns asked for cannot be read from the topic's records.
    #[error("table `{table}`: {source}")]
    Table { table: String, source: Box<TableError> },

    /// The registry did not say how a record was written.
    #[error("{topic_partition} offset {offset}: {source}")]
    WriterSchema {
        topic_partition: TopicPartition,
        offset: i64,
        source: WriterSchemaError,
    },

    /// No record of a split could be read: all name schemas of a registry that the settings do not name.
    #[error("{topic_partition} offset {offset}: {reason}")]
    NoSchemaRegistry {
        topic_partition: TopicPartition,
        /// The first of them.
        offset: i64,
        reason: String,
    },

    /// A predicate does not fit the column it is about.
    #[error("constraints: {0}")]
    Filter(#[from] FilterError),

    /// A record does not decode and `on_bad_record` is `fail`.
    #[error("{topic_partition} offset {offset}: {reason}")]
    BadRecord {
        topic_partition: TopicPartition,
        offset: i64,
        reason: String,
    },

    /// Boxed, or it would make every result of the crate large.
    #[error("spilling: {0}")]
    Spill(#[source] Box<SpillError>),

    /// No keys to encrypt spilled blocks with.
    #[error("spilling: {0}")]
    SpillKeys(#[from] SpillKeyError),

    #[error(transparent)]
    Session(#[from] SessionError),

    /// Athena does not wait for the rows any more.
    #[error("query {query_id} is over ({state}): reading was stopped")]
    QueryOver { query_id: String, state: String },

    /// The request's time is over, and somebody still owes an answer to a part of it.
    #[error("{whom} did not answer within {waited:?}; asked for {wanted}")]
    NoAnswer {
        whom: String,
        wanted: String,
        waited: Duration,
    },

    #[error("{request} was not done within the {limit:?} it had")]
    DeadlineExceeded { request: &'static str, limit: Duration },

    /// A fault of the connector's own.
    #[error("internal error: {0}")]
    Internal(String),
}

impl From<SpillError> for Error {
    fn from(error: SpillError) -> Self {
        Self::Spill(Box::new(error))
    }
}

impl Error {
    /// What kind of failure it is, in one of a few words: what errors are counted by.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Config(_) | Self::NoSchemaRegistry { .. } => "configuration",
            Self::Request(_) | Self::UnknownRequest(_) | Self::Metadata(_) | Self::Split(_) => "request",
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

    /// The message with those of its causes, each said once.
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
mod runbook;

#[cfg(test)]
mod tests {
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
