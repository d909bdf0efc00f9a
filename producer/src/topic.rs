//! Making the topic.

use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::publish::{PublishConfig, client_config};

/// How long brokers may take to make a topic.
const CREATE_TIMEOUT: Duration = Duration::from_secs(30);
/// Leaves the number of replicas to the broker's own default.
const BROKER_DEFAULT: TopicReplication<'static> = TopicReplication::Fixed(-1);

/// Makes the topic of `config` with this many partitions; `false` if a topic of that name is already there, whatever
/// its partitions.
pub async fn create_topic(config: &PublishConfig, partitions: i32) -> Result<bool, CreateTopicError> {
    let failed = |reason: String| CreateTopicError {
        topic: config.topic.clone(),
        reason,
    };
    let admin: AdminClient<DefaultClientContext> = client_config(config)
        .create()
        .map_err(|error: KafkaError| failed(error.to_string()))?;
    let options = AdminOptions::new()
        .operation_timeout(Some(CREATE_TIMEOUT))
        .request_timeout(Some(CREATE_TIMEOUT));
    let topic = NewTopic::new(&config.topic, partitions, BROKER_DEFAULT);
    let results = admin
        .create_topics([&topic], &options)
        .await
        .map_err(|error| failed(error.to_string()))?;
    match results.into_iter().next() {
        Some(Ok(_)) => Ok(true),
        Some(Err((_, RDKafkaErrorCode::TopicAlreadyExists))) => Ok(false),
        Some(Err((_, code))) => Err(failed(code.to_string())),
        None => Err(failed("the broker answered for no topic".to_owned())),
    }
}

/// The topic was not made.
#[derive(Debug, thiserror::Error)]
#[error("cannot create topic {topic}: {reason}")]
pub struct CreateTopicError {
    topic: String,
    reason: String,
}
