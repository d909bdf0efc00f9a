//! Topics as tables without a description: a database for each cluster that has one, whose tables are its topics.
//!
//! The brokers list the topics; [`undescribed`] gives such a table its columns. Lists are cached for as long as
//! tables of registries are.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kafka::{Broker, KafkaError};
use topic::{TopicTable, undescribed};

use crate::expiring_cache::ExpiringCache;
use crate::names::{AmbiguousName, pick};
use patterns::TopicPatterns;

pub mod patterns;

/// Database whose tables are topics of one cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawDatabase {
    pub name: String,
    pub topics: TopicPatterns,
    /// `None` for the default cluster.
    pub cluster: Option<String>,
}

/// All databases of this kind.
pub struct RawTopics {
    databases: Vec<RawDatabase>,
    /// Topics by the database's name.
    listed: ExpiringCache<String, Arc<[String]>>,
}

/// Reason why a name is not a table of a raw database.
#[derive(Debug, thiserror::Error)]
pub enum RawTopicError {
    #[error("table `{database}.{table}` does not exist: raw_topics, which is `{patterns}`, does not mean it")]
    NotMeant {
        database: String,
        table: String,
        patterns: String,
    },
    #[error(transparent)]
    Ambiguous(#[from] AmbiguousName),
    #[error(transparent)]
    Kafka(#[from] KafkaError),
}

impl RawTopics {
    /// Lists of topics are cached for `cache_for`; zero requests them every time.
    pub fn new(databases: Vec<RawDatabase>, cache_for: Duration) -> Self {
        Self {
            databases,
            listed: ExpiringCache::new(cache_for),
        }
    }

    pub fn databases(&self) -> &[RawDatabase] {
        &self.databases
    }

    /// Database of this name, in any case.
    pub fn database(&self, name: &str) -> Option<&RawDatabase> {
        self.databases
            .iter()
            .find(|raw| raw.name.eq_ignore_ascii_case(name))
    }

    /// Names of the topics that are tables of `database`, sorted.
    pub async fn topics(
        &self,
        database: &RawDatabase,
        broker: &dyn Broker,
        deadline: Instant,
    ) -> Result<Arc<[String]>, KafkaError> {
        let list = async {
            let topics = broker.topics(deadline).await?;
            Ok(topics
                .into_iter()
                .filter(|topic| database.topics.fit(topic))
                .collect())
        };
        self.listed
            .get_or_load(database.name.clone(), Instant::now(), list)
            .await
    }

    /// Table of the topic called `table`, in any case.
    ///
    /// # Errors
    /// [`KafkaError::Unauthorized`] or [`KafkaError::UnknownTopic`], if the brokers do not list the topic.
    pub async fn table(
        &self,
        database: &RawDatabase,
        broker: &dyn Broker,
        table: &str,
        deadline: Instant,
    ) -> Result<TopicTable, RawTopicError> {
        let topics = self.topics(database, broker, deadline).await?;
        let topic = match pick(topics.iter().map(String::as_str), table, "topic")? {
            Some(topic) => topic,
            None if database.topics.fit(table) => {
                broker.snapshot(table, deadline).await?;
                table
            }
            None => {
                return Err(RawTopicError::NotMeant {
                    database: database.name.clone(),
                    table: table.to_owned(),
                    patterns: database.topics.to_string(),
                });
            }
        };
        Ok(undescribed::table(
            &database.name,
            topic,
            database.cluster.as_deref(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use kafka::MemoryBroker;

    use super::*;
    use crate::testing::soon;

    fn database(patterns: &str) -> RawDatabase {
        RawDatabase {
            name: "raw".into(),
            topics: patterns.parse().unwrap(),
            cluster: Some("payments".into()),
        }
    }

    fn broker() -> MemoryBroker {
        let broker = MemoryBroker::default();
        for topic in ["Orders", "orders", "Payments", "__internal"] {
            broker.create_topic(topic, 1);
        }
        broker
    }

    #[tokio::test]
    async fn topics_that_are_meant_are_tables_under_their_own_names() {
        let raw = RawTopics::new(vec![database("*")], Duration::ZERO);
        let database = raw.database("RAW").unwrap();
        let topics = raw.topics(database, &broker(), soon()).await.unwrap();
        assert_eq!(&*topics, ["Orders", "Payments", "orders"]);
        for (asked, found) in [
            ("orders", "orders"),
            ("Orders", "Orders"),
            ("payments", "Payments"),
        ] {
            let table = raw.table(database, &broker(), asked, soon()).await.unwrap();
            let cluster = table.cluster.as_deref();
            assert_eq!((table.topic.as_str(), cluster), (found, Some("payments")));
        }
    }

    #[tokio::test]
    async fn a_name_that_is_not_a_table_says_why() {
        let raw = RawTopics::new(vec![database("o*,O*")], Duration::ZERO);
        let database = raw.database("raw").unwrap();
        for (asked, reason) in [
            (
                "ORDERS",
                "the topic names `Orders` and `orders` differ only by case",
            ),
            ("payments", "raw_topics, which is `o*,O*`, does not mean it"),
            ("other", "topic `other` does not exist in the Kafka cluster"),
        ] {
            let error = raw.table(database, &broker(), asked, soon()).await.unwrap_err();
            assert!(error.to_string().contains(reason), "{error}");
        }
    }

    #[tokio::test]
    async fn the_brokers_are_asked_once_within_the_time_that_lists_are_kept() {
        let broker = broker();
        for (cache_for, seen) in [(Duration::from_secs(60), 3), (Duration::ZERO, 4)] {
            let raw = RawTopics::new(vec![database("*")], cache_for);
            let database = raw.database("raw").unwrap();
            raw.topics(database, &broker, soon()).await.unwrap();
            broker.create_topic("later", 1);
            let topics = raw.topics(database, &broker, soon()).await.unwrap();
            assert_eq!(topics.len(), seen);
            broker.create_topic("later", 1);
        }
    }
}
