//! Partitions and id of a topic, in one Metadata request.
//!
//! librdkafka's `rd_kafka_metadata`, which the `rdkafka` crate wraps, does not return topic ids (KIP-516);
//! `rd_kafka_DescribeTopics` does. It sends the same request, needs the same permission (`Describe` on the
//! topic), never creates the topic, and needs only the consumer's own handle.

use std::ffi::CString;
use std::ptr::NonNull;
use std::time::Duration;

use rdkafka::bindings as sys;
use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::types::RDKafkaErrorCode;

use crate::librdkafka::admin::{AdminCall, Event, elements, succeeded};
use crate::topic_id::TopicId;

/// Description of a topic by the brokers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TopicDescription {
    /// Id of the topic; `None` if the brokers do not assign ids.
    pub(crate) id: Option<TopicId>,
    /// Partition numbers, ascending.
    pub(crate) partitions: Vec<i32>,
}

/// Requests the description of `topic` from the broker with id `broker`; waits for at most `timeout`.
///
/// # Errors
/// The brokers' code for the topic, or the client's if there is no response, including
/// [`RDKafkaErrorCode::OperationTimedOut`].
pub(crate) fn describe<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    topic: &str,
    broker: i32,
    timeout: Duration,
) -> Result<TopicDescription, RDKafkaErrorCode> {
    let topics = TopicNames::one(topic)?;
    let operation = sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS;
    let call = AdminCall::new(consumer, operation, timeout)?.of_broker(broker)?;
    // SAFETY: `consumer` is borrowed, so its client lives. The names are copied.
    let event = unsafe {
        call.answer(|client, options, queue| {
            sys::rd_kafka_DescribeTopics(client, topics.0.as_ptr(), options, queue);
        })
    };
    event?.description()
}

/// Names of topics; freed when dropped.
struct TopicNames(NonNull<sys::rd_kafka_TopicCollection_t>);

impl TopicNames {
    fn one(topic: &str) -> Result<Self, RDKafkaErrorCode> {
        let name = CString::new(topic).map_err(|_| RDKafkaErrorCode::InvalidTopic)?;
        let mut names = [name.as_ptr()];
        // SAFETY: `names` holds one text that ends with NUL; the call copies it and never returns null.
        let topics = unsafe {
            NonNull::new_unchecked(sys::rd_kafka_TopicCollection_of_topic_names(
                names.as_mut_ptr(),
                names.len(),
            ))
        };
        Ok(Self(topics))
    }
}

impl Drop for TopicNames {
    fn drop(&mut self) {
        // SAFETY: made by `one`, freed once.
        unsafe { sys::rd_kafka_TopicCollection_destroy(self.0.as_ptr()) }
    }
}

impl Event {
    fn description(&self) -> Result<TopicDescription, RDKafkaErrorCode> {
        // SAFETY: the event is live. The result is null if the event is of another kind, else part of the event.
        let result = unsafe { sys::rd_kafka_event_DescribeTopics_result(self.as_ptr()) };
        if result.is_null() {
            return Err(RDKafkaErrorCode::Partial);
        }
        let mut count = 0;
        // SAFETY: the result is live, and `count` is there to be written.
        let topics = unsafe { sys::rd_kafka_DescribeTopics_result_topics(result, &raw mut count) };
        // SAFETY: an array of `count` descriptions, which live as long as the event.
        let topics = unsafe { elements(topics, count) };
        let topic = topics.first().copied().filter(|topic| !topic.is_null());
        let topic = topic.ok_or(RDKafkaErrorCode::Partial)?;
        // SAFETY: the description is live; a topic without error has a null error, whose code is 0.
        succeeded(unsafe { sys::rd_kafka_error_code(sys::rd_kafka_TopicDescription_error(topic)) })?;
        Ok(TopicDescription {
            // SAFETY: the description is live.
            id: unsafe { topic_id(topic) },
            // SAFETY: as above.
            partitions: unsafe { partitions(topic) },
        })
    }
}

/// # Safety
/// `topic` must be live.
unsafe fn topic_id(topic: *const sys::rd_kafka_TopicDescription_t) -> Option<TopicId> {
    // SAFETY: guaranteed by the caller; the id is part of the description.
    let (high, low) = unsafe {
        let id = sys::rd_kafka_TopicDescription_topic_id(topic);
        (
            sys::rd_kafka_Uuid_most_significant_bits(id),
            sys::rd_kafka_Uuid_least_significant_bits(id),
        )
    };
    let mut bytes = [0; TopicId::BYTES];
    let (first, last) = bytes.split_at_mut(TopicId::BYTES / 2);
    first.copy_from_slice(&high.to_be_bytes());
    last.copy_from_slice(&low.to_be_bytes());
    TopicId::from_bytes(bytes)
}

/// # Safety
/// `topic` must be live.
unsafe fn partitions(topic: *const sys::rd_kafka_TopicDescription_t) -> Vec<i32> {
    let mut count = 0;
    // SAFETY: guaranteed by the caller, and `count` is there to be written.
    let partitions = unsafe { sys::rd_kafka_TopicDescription_partitions(topic, &raw mut count) };
    // SAFETY: an array of `count` partitions, which live as long as the description.
    let partitions = unsafe { elements(partitions, count) };
    // SAFETY: as above.
    let number = |partition: &*const _| unsafe { sys::rd_kafka_TopicPartitionInfo_partition(*partition) };
    let mut numbers: Vec<i32> = partitions.iter().map(number).collect();
    numbers.sort_unstable();
    numbers
}
