//! The requests that this broker answers, as shapes that are checked before the codec sees a byte.
//!
//! The codec allocates whatever an array's count asks for, before it reads the first element. A shape walks the same
//! bytes without allocating: a count must be followed by as many elements, and all arrays of a request together may not
//! hold more than [`MAX_ELEMENTS`]. Fields stand in wire order, as in Kafka's own message definitions:
//! <https://github.com/apache/kafka/tree/trunk/clients/src/main/resources/common/message>

use kafka_protocol::messages::ApiKey;

#[cfg(test)]
pub(crate) mod samples;
mod walk;

pub(crate) use walk::Malformed;
use walk::{Field, Shape, Versioned};

/// Enough for every topic and partition that a client may sensibly name at once.
const MAX_ELEMENTS: usize = 100_000;

/// One api and the versions of it, both ends inclusive, that this broker answers.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) key: ApiKey,
    pub(crate) min_version: i16,
    pub(crate) max_version: i16,
    shape: Shape,
}

impl Api {
    pub(crate) fn with_key(key: i16) -> Option<&'static Self> {
        APIS.iter().find(|api| api.key as i16 == key)
    }

    pub(crate) fn answers(&self, version: i16) -> bool {
        (self.min_version..=self.max_version).contains(&version)
    }

    /// Whether `body`, a request without its header, is one that the codec may be given.
    pub(crate) fn check(&self, body: &[u8], version: i16) -> Result<(), Malformed> {
        self.shape.check(body, version, MAX_ELEMENTS)
    }
}

pub(crate) static APIS: [Api; 15] = [
    api(ApiKey::Produce, 3, 11, 9, PRODUCE),
    api(ApiKey::Fetch, 4, 16, 12, FETCH),
    api(ApiKey::ListOffsets, 1, 10, 6, LIST_OFFSETS),
    api(ApiKey::Metadata, 0, 13, 9, METADATA),
    api(ApiKey::FindCoordinator, 0, 6, 3, FIND_COORDINATOR),
    api(ApiKey::ApiVersions, 0, 4, 3, API_VERSIONS),
    api(ApiKey::CreateTopics, 2, 7, 5, CREATE_TOPICS),
    api(ApiKey::DeleteTopics, 1, 6, 4, DELETE_TOPICS),
    api(ApiKey::DeleteRecords, 0, 2, 2, DELETE_RECORDS),
    api(ApiKey::InitProducerId, 0, 5, 2, INIT_PRODUCER_ID),
    api(ApiKey::OffsetForLeaderEpoch, 2, 4, 4, OFFSET_FOR_LEADER_EPOCH),
    api(ApiKey::AddPartitionsToTxn, 0, 3, 3, ADD_PARTITIONS_TO_TXN),
    api(ApiKey::EndTxn, 0, 4, 3, END_TXN),
    api(ApiKey::CreatePartitions, 0, 3, 2, CREATE_PARTITIONS),
    api(ApiKey::DescribeConfigs, 1, 4, 4, DESCRIBE_CONFIGS),
];

const BOOL: Field = Field::Fixed(1);
const INT8: Field = Field::Fixed(1);
const INT16: Field = Field::Fixed(2);
const INT32: Field = Field::Fixed(4);
const INT64: Field = Field::Fixed(8);
const UUID: Field = Field::Fixed(16);
const STRING: Field = Field::String;
const BYTES: Field = Field::Bytes;

const fn array(element: &'static [Versioned]) -> Field {
    Field::Array(element)
}

const fn list(element: &'static Field) -> Field {
    Field::List(element)
}

const fn all(field: Field) -> Versioned {
    Versioned {
        from: 0,
        to: i16::MAX,
        field,
    }
}

const fn since(from: i16, field: Field) -> Versioned {
    Versioned {
        from,
        to: i16::MAX,
        field,
    }
}

const fn between(from: i16, to: i16, field: Field) -> Versioned {
    Versioned { from, to, field }
}

const fn api(
    key: ApiKey,
    min_version: i16,
    max_version: i16,
    flexible_from: i16,
    fields: &'static [Versioned],
) -> Api {
    Api {
        key,
        min_version,
        max_version,
        shape: Shape {
            flexible_from,
            fields,
        },
    }
}

/// Transactional id, acks, timeout; topics with their partitions' records.
const PRODUCE: &[Versioned] = &[
    all(STRING),
    all(INT16),
    all(INT32),
    all(array(&[all(STRING), all(array(&[all(INT32), all(BYTES)]))])),
];

/// Replica, wait, bytes, isolation, session; topics with partitions; forgotten topics; rack.
const FETCH: &[Versioned] = &[
    between(0, 14, INT32),
    all(INT32),
    all(INT32),
    all(INT32),
    all(INT8),
    since(7, INT32),
    since(7, INT32),
    all(array(&[
        between(0, 12, STRING),
        since(13, UUID),
        all(array(FETCH_PARTITION)),
    ])),
    since(
        7,
        array(&[between(7, 12, STRING), since(13, UUID), all(list(&INT32))]),
    ),
    since(11, STRING),
];

/// Partition, current leader epoch, offset, last fetched epoch, the follower's log start, bytes.
const FETCH_PARTITION: &[Versioned] = &[
    all(INT32),
    since(9, INT32),
    all(INT64),
    since(12, INT32),
    since(5, INT64),
    all(INT32),
];

/// Replica, isolation; topics with partitions, leader epochs and timestamps; timeout.
const LIST_OFFSETS: &[Versioned] = &[
    all(INT32),
    since(2, INT8),
    all(array(&[
        all(STRING),
        all(array(&[all(INT32), since(4, INT32), all(INT64)])),
    ])),
    since(10, INT32),
];

/// Topics; whether to create them; whether to tell what the cluster, then the topics, allow.
const METADATA: &[Versioned] = &[
    all(array(&[since(10, UUID), all(STRING)])),
    since(4, BOOL),
    between(8, 10, BOOL),
    since(8, BOOL),
];

/// Key, kind of key, keys.
const FIND_COORDINATOR: &[Versioned] = &[between(0, 3, STRING), since(1, INT8), since(4, list(&STRING))];

/// Name and version of the client.
const API_VERSIONS: &[Versioned] = &[since(3, STRING), since(3, STRING)];

/// Topics with partition count, replication factor, assignments and settings; timeout; whether only to validate.
const CREATE_TOPICS: &[Versioned] = &[
    all(array(&[
        all(STRING),
        all(INT32),
        all(INT16),
        all(array(&[all(INT32), all(list(&INT32))])),
        all(array(&[all(STRING), all(STRING)])),
    ])),
    all(INT32),
    all(BOOL),
];

/// Topics by name or id, formerly names alone; timeout.
const DELETE_TOPICS: &[Versioned] = &[
    since(6, array(&[all(STRING), all(UUID)])),
    between(0, 5, list(&STRING)),
    all(INT32),
];

/// Topics with partitions and offsets; timeout.
const DELETE_RECORDS: &[Versioned] = &[
    all(array(&[all(STRING), all(array(&[all(INT32), all(INT64)]))])),
    all(INT32),
];

/// Transactional id, timeout, producer id and epoch.
const INIT_PRODUCER_ID: &[Versioned] = &[all(STRING), all(INT32), since(3, INT64), since(3, INT16)];

/// Replica; topics with partitions, current and asked leader epochs.
const OFFSET_FOR_LEADER_EPOCH: &[Versioned] = &[
    since(3, INT32),
    all(array(&[
        all(STRING),
        all(array(&[all(INT32), all(INT32), all(INT32)])),
    ])),
];

/// Transactional id, producer id and epoch; topics with partitions.
const ADD_PARTITIONS_TO_TXN: &[Versioned] = &[
    all(STRING),
    all(INT64),
    all(INT16),
    all(array(&[all(STRING), all(list(&INT32))])),
];

/// Transactional id, producer id and epoch, whether to commit.
const END_TXN: &[Versioned] = &[all(STRING), all(INT64), all(INT16), all(BOOL)];

/// Topics with their new counts and assignments; timeout; whether only to validate.
const CREATE_PARTITIONS: &[Versioned] = &[
    all(array(&[
        all(STRING),
        all(INT32),
        all(array(&[all(list(&INT32))])),
    ])),
    all(INT32),
    all(BOOL),
];

/// What is asked about, its name and the settings that are wanted; whether with synonyms and documentation.
const DESCRIBE_CONFIGS: &[Versioned] = &[
    all(array(&[all(INT8), all(STRING), all(list(&STRING))])),
    since(1, BOOL),
    since(3, BOOL),
];

#[cfg(test)]
mod tests;
