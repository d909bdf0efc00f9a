//! Supported requests of this broker.

use std::ops::RangeInclusive;

use kafka_protocol::messages::ApiKey;

/// API with its supported versions.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) key: ApiKey,
    pub(crate) versions: RangeInclusive<i16>,
}

impl Api {
    pub(crate) fn with_key(key: i16) -> Option<&'static Self> {
        APIS.iter().find(|api| api.key as i16 == key)
    }
}

pub(crate) static APIS: [Api; 15] = [
    api(ApiKey::Produce, 3..=11),
    api(ApiKey::Fetch, 4..=16),
    api(ApiKey::ListOffsets, 1..=10),
    api(ApiKey::Metadata, 0..=13),
    api(ApiKey::FindCoordinator, 0..=6),
    api(ApiKey::ApiVersions, 0..=4),
    api(ApiKey::CreateTopics, 2..=7),
    api(ApiKey::DeleteTopics, 1..=6),
    api(ApiKey::DeleteRecords, 0..=2),
    api(ApiKey::InitProducerId, 0..=5),
    api(ApiKey::OffsetForLeaderEpoch, 2..=4),
    api(ApiKey::AddPartitionsToTxn, 0..=3),
    api(ApiKey::EndTxn, 0..=4),
    api(ApiKey::CreatePartitions, 0..=3),
    api(ApiKey::DescribeConfigs, 1..=4),
];

const fn api(key: ApiKey, versions: RangeInclusive<i16>) -> Api {
    Api { key, versions }
}
