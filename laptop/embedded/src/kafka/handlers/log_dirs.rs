//! Sizes of the logs, as of one directory.

use std::sync::Arc;

use kafka_protocol::messages::describe_log_dirs_request::DescribableLogDirTopic;
use kafka_protocol::messages::describe_log_dirs_response::{
    DescribeLogDirsPartition, DescribeLogDirsResult, DescribeLogDirsTopic,
};
use kafka_protocol::messages::{DescribeLogDirsRequest, DescribeLogDirsResponse, TopicName};
use kafka_protocol::protocol::StrBytes;

use crate::kafka::broker::Broker;
use crate::kafka::locks::read;
use crate::kafka::topics::Topic;

/// Name of the directory; the logs are in memory.
const DIRECTORY: &str = "memory";

/// Sizes of all partitions, or of the requested ones. Leaves out unknown partitions, as Kafka does.
pub(crate) fn describe_log_dirs(
    broker: &Broker,
    request: &DescribeLogDirsRequest,
) -> DescribeLogDirsResponse {
    let topics = match &request.topics {
        None => {
            let all = read(&broker.topics).all();
            all.iter()
                .map(|topic| described(topic, 0..topic.partition_count()))
                .collect()
        }
        Some(wanted) => wanted
            .iter()
            .filter_map(|wanted| asked_for(broker, wanted))
            .collect(),
    };
    let directory = DescribeLogDirsResult::default()
        .with_log_dir(StrBytes::from_static_str(DIRECTORY))
        .with_topics(topics);
    DescribeLogDirsResponse::default().with_results(vec![directory])
}

fn asked_for(broker: &Broker, wanted: &DescribableLogDirTopic) -> Option<DescribeLogDirsTopic> {
    let topic = broker.topic(&wanted.topic)?;
    Some(described(&topic, wanted.partitions.iter().copied()))
}

fn described(topic: &Arc<Topic>, partitions: impl Iterator<Item = i32>) -> DescribeLogDirsTopic {
    let size = |index| {
        let partition = topic.partition(index)?;
        // A log of more bytes than i64 counts does not fit into memory.
        let size_bytes = i64::try_from(partition.log().size_bytes()).unwrap_or(i64::MAX);
        Some(
            DescribeLogDirsPartition::default()
                .with_partition_index(index)
                .with_partition_size(size_bytes),
        )
    };
    DescribeLogDirsTopic::default()
        .with_name(TopicName(StrBytes::from_string(topic.name.clone())))
        .with_partitions(partitions.filter_map(size).collect())
}
