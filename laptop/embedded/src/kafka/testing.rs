//! Batches for unit tests, made by the codec crate's encoder, which is independent of our own reader of the
//! format.

use bytes::{Bytes, BytesMut};
use kafka_protocol::records::{Compression, Record, RecordBatchEncoder, RecordEncodeOptions, TimestampType};

use super::batch::{NO_PRODUCER_ID, ProducerIdentity, RecordBatch};

/// Properties of the records of a batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) producer: ProducerIdentity,
    pub(crate) base_sequence: i32,
    pub(crate) transactional: bool,
    pub(crate) control: bool,
    pub(crate) compression: Compression,
    pub(crate) base_timestamp_ms: i64,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            producer: ProducerIdentity {
                id: NO_PRODUCER_ID,
                epoch: -1,
            },
            base_sequence: -1,
            transactional: false,
            control: false,
            compression: Compression::None,
            base_timestamp_ms: 1_000,
        }
    }
}

impl Plan {
    pub(crate) fn idempotent(producer: ProducerIdentity, base_sequence: i32) -> Self {
        Self {
            producer,
            base_sequence,
            ..Self::default()
        }
    }

    pub(crate) fn transactional(producer: ProducerIdentity, base_sequence: i32) -> Self {
        Self {
            transactional: true,
            ..Self::idempotent(producer, base_sequence)
        }
    }
}

/// Wire bytes of `count` records `value-0`, `value-1`, …, ten milliseconds apart.
pub(crate) fn encoded(count: usize, plan: Plan) -> Bytes {
    let records: Vec<_> = (0..count as i64).map(|index| record(index, plan)).collect();
    let options = RecordEncodeOptions {
        version: 2,
        compression: plan.compression,
    };
    let mut bytes = BytesMut::new();
    RecordBatchEncoder::encode(&mut bytes, &records, &options).unwrap();
    bytes.freeze()
}

pub(crate) fn batch(count: usize, plan: Plan) -> RecordBatch {
    RecordBatch::parse(encoded(count, plan)).unwrap()
}

fn record(index: i64, plan: Plan) -> Record {
    Record {
        transactional: plan.transactional,
        control: plan.control,
        delete_horizon: false,
        partition_leader_epoch: -1,
        producer_id: plan.producer.id,
        producer_epoch: plan.producer.epoch,
        timestamp_type: TimestampType::Creation,
        offset: index,
        sequence: plan.base_sequence.wrapping_add(index as i32),
        timestamp: plan.base_timestamp_ms + 10 * index,
        key: None,
        value: Some(format!("value-{index}").into()),
        headers: Default::default(),
    }
}
