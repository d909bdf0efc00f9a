//! Committed offsets of a topic's consumer groups, as rows.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray};
use arrow::datatypes::{DataType, Field};
use kafka::CommittedOffset;

pub(super) fn fields() -> Vec<Field> {
    [
        ("group_id", DataType::Utf8),
        ("partition_id", DataType::Int64),
        ("committed_offset", DataType::Int64),
        ("lag", DataType::Int64),
    ]
    .map(|(name, data_type)| Field::new(name, data_type, true))
    .to_vec()
}

/// Columns in the order of [`fields`].
pub(super) fn columns(committed: &[CommittedOffset]) -> Vec<ArrayRef> {
    let numbers = |number: fn(&CommittedOffset) -> Option<i64>| -> ArrayRef {
        Arc::new(Int64Array::from_iter(committed.iter().map(number)))
    };
    vec![
        Arc::new(StringArray::from_iter_values(
            committed.iter().map(|each| &each.group),
        )),
        numbers(|each| Some(each.partition.into())),
        numbers(|each| Some(each.offset)),
        numbers(|each| each.lag),
    ]
}
