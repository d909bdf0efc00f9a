//! Lambda function that sends a hundred orders a second until its time is up.
//!
//! The article starts it every minute from five targets of one EventBridge rule; the content of the event is
//! ignored. Every invocation draws its own seed, so that no two send the same orders.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::auth::UnknownAuth;
use crate::encode::UnknownItemsAs;
use crate::{CreateTopicError, OrderGenerator, Pace, PublishConfig, SendError, create_topic, publish};

/// Configuration of the function.
///
/// | variable | meaning | default |
/// |---|---|---|
/// | `kafka_endpoint` | brokers, `host:port`, comma-separated, under the connector's name for them | `BOOTSTRAP_SERVERS` |
/// | `BOOTSTRAP_SERVERS` | the same under the article's name | none: an error |
/// | `TOPIC_NAME` | topic | none: an error |
/// | `TOPIC_PARTITIONS` | partitions of the topic, which is created if it does not exist | none: the topic exists |
/// | `MAX_RUN_SEC` | seconds an invocation sends for | 60 |
/// | `AUTH_TYPE` | `NO_AUTH` or `SASL_SSL_AWS_MSK_IAM` | `NO_AUTH` |
/// | `MSK_REGION` | region that IAM's tokens are signed for | that of the brokers' names, then the function's |
/// | `CA_LOCATION` | file or folder of PEM certificates of the brokers' authorities | the system's authorities |
/// | `ITEMS_AS` | `string` or `array` | `string` |
///
/// `BOOTSTRAP_SERVERS`, `TOPIC_NAME` and `MAX_RUN_SEC` are the article's.
#[derive(Debug, Clone)]
pub struct LambdaConfig {
    publish: PublishConfig,
    topic_partitions: Option<i32>,
}

impl LambdaConfig {
    /// Reads the configuration through `var`, which returns the value of a variable. Empty counts as absent.
    pub fn from_vars(var: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let var = |name| var(name).filter(|value| !value.is_empty());
        let required = |name| var(name).ok_or(ConfigError::Missing(name));
        let bootstrap_servers = var("kafka_endpoint").or_else(|| var("BOOTSTRAP_SERVERS"));
        let mut publish = PublishConfig::new(
            bootstrap_servers.ok_or(ConfigError::NoBrokers)?,
            required("TOPIC_NAME")?,
        );
        publish.pace = Pace::ARTICLE;
        publish.max_run = Some(max_run(var("MAX_RUN_SEC"))?);
        if let Some(auth) = var("AUTH_TYPE") {
            publish.to.auth = auth.parse()?;
        }
        publish.to.msk_region = var("MSK_REGION");
        publish.to.ca_location = var("CA_LOCATION");
        if let Some(items_as) = var("ITEMS_AS") {
            publish.items_as = items_as.parse()?;
        }
        Ok(Self {
            publish,
            topic_partitions: var("TOPIC_PARTITIONS").map(topic_partitions).transpose()?,
        })
    }
}

fn topic_partitions(text: String) -> Result<i32, ConfigError> {
    match text.parse() {
        Ok(partitions) if partitions > 0 => Ok(partitions),
        _ => Err(ConfigError::TopicPartitions(text)),
    }
}

fn max_run(text: Option<String>) -> Result<Duration, ConfigError> {
    let Some(text) = text else {
        return Ok(Duration::from_secs(60));
    };
    text.parse()
        .map(Duration::from_secs)
        .map_err(|_| ConfigError::MaxRunSec(text))
}

/// Error of the function's environment.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("neither of the environment variables kafka_endpoint and BOOTSTRAP_SERVERS is set")]
    NoBrokers,
    #[error("environment variable {0} is not set")]
    Missing(&'static str),
    #[error("MAX_RUN_SEC: wanted a whole number of seconds, found {0:?}")]
    MaxRunSec(String),
    #[error("TOPIC_PARTITIONS: wanted a whole number of at least 1, found {0:?}")]
    TopicPartitions(String),
    #[error("AUTH_TYPE: {0}")]
    Auth(#[from] UnknownAuth),
    #[error("ITEMS_AS: {0}")]
    ItemsAs(#[from] UnknownItemsAs),
}

/// Response of the function.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Orders delivered to the topic.
    pub orders: u64,
    /// Items of all these orders.
    pub items: u64,
    /// Seed of the orders; with `start`, `orders --seed … --start …` generates them again.
    pub seed: u64,
    /// `ordered_at` of the first order, UTC.
    pub start: String,
    pub elapsed_sec: f64,
}

/// Error of an invocation that did not deliver all its orders.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    CreateTopic(#[from] CreateTopicError),
    #[error(transparent)]
    Send(#[from] SendError),
}

/// Runs one invocation.
pub async fn run(config: &LambdaConfig) -> Result<Report, RunError> {
    let started = SystemTime::now();
    if let Some(partitions) = config.topic_partitions {
        create_topic(&config.publish.to, partitions).await?;
    }
    let start = DateTime::<Utc>::from(started).naive_utc();
    let seed = rand::random();
    let summary = publish(&config.publish, OrderGenerator::seeded(seed, start), |_| {}).await?;
    Ok(Report {
        orders: summary.orders,
        items: summary.items,
        seed,
        start: start.format(crate::order::ORDERED_AT_FORMAT).to_string(),
        elapsed_sec: started.elapsed().unwrap_or_default().as_secs_f64(),
    })
}

#[cfg(test)]
mod tests {
    use rdkafka::mocking::MockCluster;

    use super::*;
    use crate::{Auth, ItemsAs};

    fn config(vars: &[(&str, &str)]) -> Result<LambdaConfig, ConfigError> {
        LambdaConfig::from_vars(|name| {
            vars.iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    const BROKER: (&str, &str) = ("BOOTSTRAP_SERVERS", "b-1:9092,b-2:9092");
    const TOPIC: (&str, &str) = ("TOPIC_NAME", "orders");

    #[test]
    fn two_variables_are_enough() {
        let publish = config(&[BROKER, TOPIC]).unwrap().publish;
        assert_eq!(publish.to.bootstrap_servers, BROKER.1);
        assert_eq!(publish.to.topic, TOPIC.1);
        assert_eq!(publish.max_run, Some(Duration::from_secs(60)));
        assert_eq!(publish.pace, Pace::PerSecond(100));
        assert_eq!(
            (publish.to.auth, publish.items_as),
            (Auth::NoAuth, ItemsAs::JsonString)
        );
    }

    #[test]
    fn the_connectors_name_for_brokers_takes_precedence_over_the_articles() {
        let both = config(&[BROKER, TOPIC, ("kafka_endpoint", "c-1:9092")]).unwrap();
        assert_eq!(both.publish.to.bootstrap_servers, "c-1:9092");
    }

    #[test]
    fn reads_every_variable() {
        let vars = [
            BROKER,
            TOPIC,
            ("TOPIC_PARTITIONS", "3"),
            ("MAX_RUN_SEC", "5"),
            ("AUTH_TYPE", "SASL_SSL_AWS_MSK_IAM"),
            ("MSK_REGION", "eu-west-3"),
            ("CA_LOCATION", "ca.pem"),
            ("ITEMS_AS", "array"),
        ];
        let LambdaConfig {
            publish,
            topic_partitions,
        } = config(&vars).unwrap();
        assert_eq!(topic_partitions, Some(3));
        assert_eq!(publish.max_run, Some(Duration::from_secs(5)));
        assert_eq!(publish.items_as, ItemsAs::Array);
        assert_eq!(publish.to.auth, Auth::SaslSslAwsMskIam);
        assert_eq!(publish.to.msk_region.as_deref(), Some("eu-west-3"));
        assert_eq!(publish.to.ca_location.as_deref(), Some("ca.pem"));
    }

    #[test]
    fn names_the_variable_that_is_wrong() {
        let message = |vars: &[_]| config(vars).unwrap_err().to_string();
        assert_eq!(
            message(&[TOPIC]),
            "neither of the environment variables kafka_endpoint and BOOTSTRAP_SERVERS is set"
        );
        assert_eq!(
            message(&[BROKER, ("TOPIC_NAME", "")]),
            "environment variable TOPIC_NAME is not set"
        );
        assert!(message(&[BROKER, TOPIC, ("MAX_RUN_SEC", "1m")]).contains("found \"1m\""));
        assert!(message(&[BROKER, TOPIC, ("TOPIC_PARTITIONS", "0")]).ends_with("found \"0\""));
        assert!(message(&[BROKER, TOPIC, ("AUTH_TYPE", "IAM")]).starts_with("AUTH_TYPE: "));
        assert!(message(&[BROKER, TOPIC, ("ITEMS_AS", "list")]).starts_with("ITEMS_AS: "));
    }

    #[tokio::test]
    async fn reports_what_it_sent() {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic(TOPIC.1, 1, 1).unwrap();
        let brokers = cluster.bootstrap_servers();
        let config = config(&[("BOOTSTRAP_SERVERS", &brokers), TOPIC, ("MAX_RUN_SEC", "1")]).unwrap();
        let report = run(&config).await.unwrap();
        assert!((1..=100).contains(&report.orders), "{report:?}");
        assert!(
            (report.orders..=4 * report.orders).contains(&report.items),
            "{report:?}"
        );
        assert!(report.elapsed_sec < 10.0, "{report:?}");
        let start =
            chrono::NaiveDateTime::parse_from_str(&report.start, crate::order::ORDERED_AT_FORMAT).unwrap();
        let again: crate::Summary = OrderGenerator::seeded(report.seed, start)
            .take(report.orders as usize)
            .collect();
        assert_eq!(again.items, report.items);
    }
}
