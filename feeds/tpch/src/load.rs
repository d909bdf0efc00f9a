//! Loading of rows into a topic, with a check of every delivery report.

use producer::{CreateTopicError, SendConfig, SendError, Sender, create_topic};

use crate::encode::{EncodeError, Encoder};
use crate::row::rows;
use crate::table::Table;

/// Creates topics on one cluster and fills them with the rows of one scale.
#[derive(Debug, Clone)]
pub struct Loader {
    bootstrap_servers: String,
    scale: f64,
}

/// Reason why a topic does not hold its table.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error(transparent)]
    Create(#[from] CreateTopicError),
    /// It may hold rows, which would then be duplicated.
    #[error("topic {topic} already exists")]
    Exists { topic: String },
    #[error("topic {topic}: row {key} of {table}: {source}")]
    Encode {
        topic: String,
        table: Table,
        key: String,
        source: Box<EncodeError>,
    },
    #[error("table {table}: {source}")]
    Send { table: Table, source: SendError },
}

impl Loader {
    /// `bootstrap_servers` are `host:port`, comma-separated; connections are plain text.
    pub fn new(bootstrap_servers: impl Into<String>, scale: f64) -> Self {
        Self {
            bootstrap_servers: bootstrap_servers.into(),
            scale,
        }
    }

    /// Creates a topic. An existing one is an error.
    pub async fn create_topic(&self, topic: &str, partitions: i32) -> Result<(), LoadError> {
        match create_topic(&self.config(topic), partitions).await? {
            true => Ok(()),
            false => Err(LoadError::Exists {
                topic: topic.to_owned(),
            }),
        }
    }

    /// Sends every row of the encoder's table, keyed by its primary key and partitioned like Java's client,
    /// and returns their number once all are acknowledged. Memory does not depend on the scale.
    ///
    /// # Errors
    /// If not all rows were delivered; those delivered before stay in the topic.
    pub async fn load(&self, topic: &str, encoder: Encoder) -> Result<u64, LoadError> {
        let table = encoder.table();
        let send = |source| LoadError::Send { table, source };
        let mut sender = Sender::connect(&self.config(topic)).await.map_err(send)?;
        for row in rows(table, self.scale) {
            if sender.has_failed() {
                break;
            }
            let key = row.key();
            let value = encoder.encode(&row).map_err(|source| LoadError::Encode {
                topic: topic.to_owned(),
                table,
                key: key.clone(),
                source: Box::new(source),
            })?;
            sender
                .send(Some(key.as_bytes()), &value, None)
                .await
                .map_err(send)?;
        }
        let sent = sender.finish(|_| {}).await.map_err(send)?;
        Ok(sent.sent)
    }

    fn config(&self, topic: &str) -> SendConfig {
        SendConfig::new(&self.bootstrap_servers, topic)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::time::Duration;

    use embedded::EmbeddedKafka;
    use rdkafka::ClientConfig;
    use rdkafka::consumer::{BaseConsumer, Consumer};
    use rdkafka::message::Message;
    use rdkafka::{Offset, TopicPartitionList};

    use crate::encode::Format;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn every_row_arrives_in_the_partition_of_its_key() {
        let kafka = EmbeddedKafka::start().await.unwrap();
        let loader = Loader::new(kafka.bootstrap_servers(), 0.001);
        loader.create_topic("t", 3).await.unwrap();
        let encoder = Encoder::new(Table::Orders, Format::Json).unwrap();
        assert_eq!(loader.load("t", encoder).await.unwrap(), 1_500);

        let records = tokio::task::spawn_blocking(move || read(&kafka, "t", 3, 1_500))
            .await
            .unwrap();
        let encoder = Encoder::new(Table::Orders, Format::Json).unwrap();
        let expected: HashSet<_> = rows(Table::Orders, 0.001)
            .map(|row| (row.key(), encoder.encode(&row).unwrap()))
            .collect();
        let found: HashSet<_> = records
            .iter()
            .map(|(_, key, value)| (key.clone(), value.clone()))
            .collect();
        assert_eq!(found, expected);
        let partitions: HashSet<_> = records.iter().map(|(partition, ..)| partition).collect();
        assert_eq!(partitions.len(), 3);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn refuses_a_topic_that_is_there() {
        let kafka = EmbeddedKafka::start().await.unwrap();
        let loader = Loader::new(kafka.bootstrap_servers(), 0.001);
        loader.create_topic("t", 1).await.unwrap();
        let error = loader.create_topic("t", 1).await.unwrap_err();
        assert!(matches!(error, LoadError::Exists { .. }), "{error}");
    }

    /// `(partition, key, value)` of `count` records from the topic's beginning.
    fn read(
        kafka: &EmbeddedKafka,
        topic: &str,
        partitions: i32,
        count: usize,
    ) -> Vec<(i32, String, Vec<u8>)> {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", kafka.bootstrap_servers())
            .set("group.id", "reader")
            .create()
            .unwrap();
        let mut assignment = TopicPartitionList::new();
        for partition in 0..partitions {
            assignment
                .add_partition_offset(topic, partition, Offset::Beginning)
                .unwrap();
        }
        consumer.assign(&assignment).unwrap();
        let record = |_| {
            let record = consumer.poll(Duration::from_secs(30)).expect("a record").unwrap();
            let key = String::from_utf8(record.key().unwrap().to_vec()).unwrap();
            (record.partition(), key, record.payload().unwrap().to_vec())
        };
        (0..count).map(record).collect()
    }
}
