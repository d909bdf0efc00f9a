//! Partitions of a topic and their ends, as rows.

use std::sync::Arc;

use arrow::array::{ArrayRef, Date64Array, Int32Array, Int64Array, ListArray};
use arrow::datatypes::{DataType, Field, Int32Type};
use kafka::{LogState, PartitionState};

/// Columns; timestamps are TIMESTAMP, in milliseconds since 1970.
pub(super) fn fields() -> Vec<Field> {
    let brokers = DataType::List(Arc::new(Field::new("item", DataType::Int32, true)));
    [
        ("partition_id", DataType::Int64),
        ("earliest_offset", DataType::Int64),
        ("latest_offset", DataType::Int64),
        ("last_stable_offset", DataType::Int64),
        ("estimated_records", DataType::Int64),
        ("first_timestamp", DataType::Date64),
        ("newest_timestamp", DataType::Date64),
        ("leader", DataType::Int32),
        ("replicas", brokers.clone()),
        ("in_sync_replicas", brokers),
    ]
    .map(|(name, data_type)| Field::new(name, data_type, true))
    .to_vec()
}

/// Columns in the order of [`fields`]. Those about the log are NULL for a partition without a leader.
pub(super) fn columns(states: &[PartitionState]) -> Vec<ArrayRef> {
    let logs = || states.iter().map(|state| state.log.as_ref());
    let offsets = |offset: fn(&LogState) -> i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter(logs().map(|log| log.map(offset))))
    };
    let times = |time: fn(&LogState) -> Option<i64>| -> ArrayRef {
        Arc::new(Date64Array::from_iter(logs().map(|log| log.and_then(time))))
    };
    let brokers = |brokers: fn(&PartitionState) -> &[i32]| -> ArrayRef {
        let lists = states
            .iter()
            .map(|state| Some(brokers(state).iter().copied().map(Some)));
        Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(lists))
    };
    vec![
        Arc::new(Int64Array::from_iter_values(
            states.iter().map(|state| state.partition.into()),
        )),
        offsets(|log| log.earliest_offset),
        offsets(|log| log.latest_offset),
        offsets(|log| log.last_stable_offset),
        offsets(|log| log.latest_offset - log.earliest_offset),
        times(|log| log.first_timestamp_ms),
        times(|log| log.newest_timestamp_ms),
        Arc::new(Int32Array::from_iter(states.iter().map(|state| state.leader))),
        brokers(|state| &state.replicas),
        brokers(|state| &state.in_sync_replicas),
    ]
}
