//! List of partitions of one topic, as librdkafka's calls take and return it.

use std::ffi::CString;
use std::ptr::NonNull;

use rdkafka::bindings as sys;
use rdkafka::types::RDKafkaErrorCode;

use crate::librdkafka::admin::{elements, succeeded};

/// A list of partitions; freed when dropped.
pub(crate) struct PartitionList(NonNull<sys::rd_kafka_topic_partition_list_t>);

impl PartitionList {
    /// Partitions of `topic`, each with an offset or what stands for one.
    pub(crate) fn new(topic: &str, partitions: &[(i32, i64)]) -> Result<Self, RDKafkaErrorCode> {
        let topic = CString::new(topic).map_err(|_| RDKafkaErrorCode::InvalidTopic)?;
        let size = i32::try_from(partitions.len()).unwrap_or(i32::MAX);
        // SAFETY: the size only reserves room. The call never returns null.
        let list = Self(unsafe { NonNull::new_unchecked(sys::rd_kafka_topic_partition_list_new(size)) });
        for (partition, offset) in partitions {
            // SAFETY: the list is live, the name ends with NUL and is copied. The call returns the list's new element.
            unsafe {
                let added =
                    sys::rd_kafka_topic_partition_list_add(list.0.as_ptr(), topic.as_ptr(), *partition);
                (*added).offset = *offset;
            }
        }
        Ok(list)
    }

    pub(crate) fn as_ptr(&self) -> *mut sys::rd_kafka_topic_partition_list_t {
        self.0.as_ptr()
    }
}

impl Drop for PartitionList {
    fn drop(&mut self) {
        // SAFETY: made by `new`, freed once.
        unsafe { sys::rd_kafka_topic_partition_list_destroy(self.0.as_ptr()) }
    }
}

/// Partition and offset of an element that has no error.
///
/// # Safety
/// `element` must be live.
pub(crate) unsafe fn partition_offset(
    element: *const sys::rd_kafka_topic_partition_t,
) -> Result<(i32, i64), RDKafkaErrorCode> {
    // SAFETY: as the caller must see to.
    let element = unsafe { &*element };
    succeeded(element.err)?;
    Ok((element.partition, element.offset))
}

/// The elements of a list.
///
/// # Safety
/// `list` must be null or live as long as the result.
pub(crate) unsafe fn elements_of<'a>(
    list: *const sys::rd_kafka_topic_partition_list_t,
) -> &'a [sys::rd_kafka_topic_partition_t] {
    if list.is_null() {
        return &[];
    }
    // SAFETY: as the caller must see to; a list has so many elements.
    unsafe { elements((*list).elems, usize::try_from((*list).cnt).unwrap_or_default()) }
}
