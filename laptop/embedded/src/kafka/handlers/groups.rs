//! Commits and look-ups of groups' offsets, and the list of groups.

use kafka_protocol::messages::list_groups_response::ListedGroup;
use kafka_protocol::messages::offset_commit_response::{
    OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use kafka_protocol::messages::offset_fetch_response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions,
    OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use kafka_protocol::messages::{
    GroupId, ListGroupsResponse, OffsetCommitRequest, OffsetCommitResponse, OffsetFetchRequest,
    OffsetFetchResponse, TopicName,
};
use kafka_protocol::protocol::StrBytes;

use super::{code_of, named_partition};
use crate::kafka::broker::Broker;
use crate::kafka::groups::Groups;
use crate::kafka::locks::lock;

/// Offset in a response for a partition without a committed one.
const NONE: i64 = -1;
/// First version of `OffsetFetch` with several groups in a request.
const FIRST_FETCH_OF_GROUPS: i16 = 8;

pub(crate) fn offset_commit(broker: &Broker, request: OffsetCommitRequest) -> OffsetCommitResponse {
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|partition| {
            let found = named_partition(broker, &topic.name, partition.partition_index);
            if found.is_ok() {
                let (index, offset) = (partition.partition_index, partition.committed_offset);
                lock(&broker.groups).commit(&request.group_id, &topic.name, index, offset);
            }
            OffsetCommitResponsePartition::default()
                .with_partition_index(partition.partition_index)
                .with_error_code(code_of(&found))
        });
        let partitions = partitions.collect();
        OffsetCommitResponseTopic::default()
            .with_name(topic.name)
            .with_partitions(partitions)
    });
    OffsetCommitResponse::default().with_topics(topics.collect())
}

/// A topic and its partitions.
type Wanted = (TopicName, Vec<i32>);

pub(crate) fn offset_fetch(
    broker: &Broker,
    request: OffsetFetchRequest,
    version: i16,
) -> OffsetFetchResponse {
    let groups = lock(&broker.groups);
    if version < FIRST_FETCH_OF_GROUPS {
        let wanted = request.topics.map(|topics| {
            let topics = topics
                .into_iter()
                .map(|topic| (topic.name, topic.partition_indexes));
            topics.collect()
        });
        let topics = offsets(&groups, &request.group_id, wanted).into_iter();
        let topics = topics.map(|(name, offsets)| {
            let partitions = offsets.into_iter().map(|(index, offset)| {
                OffsetFetchResponsePartition::default()
                    .with_partition_index(index)
                    .with_committed_offset(offset)
                    .with_metadata(Some(StrBytes::new()))
            });
            OffsetFetchResponseTopic::default()
                .with_name(name)
                .with_partitions(partitions.collect())
        });
        return OffsetFetchResponse::default().with_topics(topics.collect());
    }
    let answered = request.groups.into_iter().map(|group| {
        let wanted = group.topics.map(|topics| {
            let topics = topics
                .into_iter()
                .map(|topic| (topic.name, topic.partition_indexes));
            topics.collect()
        });
        let topics = offsets(&groups, &group.group_id, wanted).into_iter();
        let topics = topics.map(|(name, offsets)| {
            let partitions = offsets.into_iter().map(|(index, offset)| {
                OffsetFetchResponsePartitions::default()
                    .with_partition_index(index)
                    .with_committed_offset(offset)
                    .with_metadata(Some(StrBytes::new()))
            });
            OffsetFetchResponseTopics::default()
                .with_name(name)
                .with_partitions(partitions.collect())
        });
        let topics = topics.collect();
        OffsetFetchResponseGroup::default()
            .with_group_id(group.group_id)
            .with_topics(topics)
    });
    OffsetFetchResponse::default().with_groups(answered.collect())
}

/// Committed offsets of `group` for the wanted partitions; `None` stands for all that it has committed.
fn offsets(groups: &Groups, group: &str, wanted: Option<Vec<Wanted>>) -> Vec<(TopicName, Vec<(i32, i64)>)> {
    let wanted = wanted.unwrap_or_else(|| {
        let all = groups.all_committed(group);
        let all = all.map(|(topic, index)| (TopicName(StrBytes::from_string(topic.to_owned())), vec![index]));
        all.collect()
    });
    let committed = |topic: &TopicName, index: i32| groups.committed(group, topic, index).unwrap_or(NONE);
    let topics = wanted.into_iter().map(|(topic, indexes)| {
        let offsets = indexes.into_iter().map(|index| (index, committed(&topic, index)));
        let offsets = offsets.collect();
        (topic, offsets)
    });
    topics.collect()
}

pub(crate) fn list_groups(broker: &Broker) -> ListGroupsResponse {
    let groups = lock(&broker.groups);
    let listed = groups.names().map(|name| {
        let name = StrBytes::from_string(name.to_owned());
        ListedGroup::default()
            .with_group_id(GroupId(name))
            .with_protocol_type(StrBytes::from_static_str("consumer"))
    });
    ListGroupsResponse::default().with_groups(listed.collect())
}
