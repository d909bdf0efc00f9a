//! A topic's partitions and its id, in one Metadata request.
//!
//! librdkafka's `rd_kafka_metadata`, which the `rdkafka` crate wraps, keeps topic ids to itself; `rd_kafka_DescribeTopics`
//! tells them. It sends the same request, asks for the same permission (`Describe` of the topic), never creates the topic,
//! and needs no handle but the consumer's own.

use std::ffi::{CString, c_char};
use std::ptr::NonNull;
use std::slice;
use std::time::Duration;

use rdkafka::bindings as sys;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::types::{RDKafkaErrorCode, RDKafkaRespErr};

use super::topic_id::TopicId;

/// What brokers tell of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TopicDescription {
    /// `None` if the brokers give topics no ids.
    pub(super) id: Option<TopicId>,
    /// Ascending.
    pub(super) partitions: Vec<i32>,
}

/// Asks `broker`, by its number, what `topic` is; waits for `timeout` at most.
///
/// Left to itself librdkafka would ask the controller: a further connection, and no answer while there is none.
///
/// # Errors
/// The brokers' code for the topic, or the client's if no answer came, [`RDKafkaErrorCode::OperationTimedOut`] among them.
pub(super) fn describe<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    topic: &str,
    broker: i32,
    timeout: Duration,
) -> Result<TopicDescription, RDKafkaErrorCode> {
    let client = consumer.client().native_ptr();
    let timeout_ms =
        i32::try_from(timeout.as_millis()).map_or(MAX_TIMEOUT_MS, |ms| ms.clamp(1, MAX_TIMEOUT_MS));
    let topics = TopicNames::one(topic)?;
    let options = Options::new(client, broker, timeout_ms)?;
    let queue = Queue::new(client);
    // SAFETY: all four are live. The call copies names and options; the queue is reference-counted, so that an answer
    // that comes after it was given up is freed unseen.
    unsafe { sys::rd_kafka_DescribeTopics(client, topics.0.as_ptr(), options.0.as_ptr(), queue.0.as_ptr()) };
    let event = queue
        .poll(timeout_ms)
        .ok_or(RDKafkaErrorCode::OperationTimedOut)?;
    event.description()
}

/// The longest that librdkafka's options take.
const MAX_TIMEOUT_MS: i32 = 3_600_000;

/// Names of topics, freed when dropped.
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

/// How to ask, freed when dropped.
struct Options(NonNull<sys::rd_kafka_AdminOptions_t>);

impl Options {
    fn new(client: *mut sys::rd_kafka_t, broker: i32, timeout_ms: i32) -> Result<Self, RDKafkaErrorCode> {
        let operation = sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS;
        // SAFETY: `client` is live. The call returns null only for an operation that it does not know.
        let options = unsafe { sys::rd_kafka_AdminOptions_new(client, operation) };
        let options = Self(NonNull::new(options).ok_or(RDKafkaErrorCode::InvalidArgument)?);
        let mut text: [c_char; 128] = [0; 128];
        // SAFETY: the options are live, and `text` has the length that is said.
        succeeded(unsafe {
            sys::rd_kafka_AdminOptions_set_request_timeout(
                options.0.as_ptr(),
                timeout_ms,
                text.as_mut_ptr(),
                text.len(),
            )
        })?;
        // SAFETY: as above.
        succeeded(unsafe {
            sys::rd_kafka_AdminOptions_set_broker(options.0.as_ptr(), broker, text.as_mut_ptr(), text.len())
        })?;
        Ok(options)
    }
}

impl Drop for Options {
    fn drop(&mut self) {
        // SAFETY: made by `new`, freed once.
        unsafe { sys::rd_kafka_AdminOptions_destroy(self.0.as_ptr()) }
    }
}

/// Where the answer arrives, freed when dropped.
struct Queue(NonNull<sys::rd_kafka_queue_t>);

impl Queue {
    fn new(client: *mut sys::rd_kafka_t) -> Self {
        // SAFETY: `client` is live. The call never returns null.
        Self(unsafe { NonNull::new_unchecked(sys::rd_kafka_queue_new(client)) })
    }

    fn poll(&self, timeout_ms: i32) -> Option<Event> {
        // SAFETY: the queue is live.
        NonNull::new(unsafe { sys::rd_kafka_queue_poll(self.0.as_ptr(), timeout_ms) }).map(Event)
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // SAFETY: made by `new`, freed once; what it still holds is freed with it.
        unsafe { sys::rd_kafka_queue_destroy(self.0.as_ptr()) }
    }
}

/// The answer, freed when dropped.
struct Event(NonNull<sys::rd_kafka_event_t>);

impl Event {
    fn description(&self) -> Result<TopicDescription, RDKafkaErrorCode> {
        // SAFETY: the event is live.
        succeeded(unsafe { sys::rd_kafka_event_error(self.0.as_ptr()) })?;
        // SAFETY: as above. The result is null if the event is of another kind, else part of the event.
        let result = unsafe { sys::rd_kafka_event_DescribeTopics_result(self.0.as_ptr()) };
        if result.is_null() {
            return Err(RDKafkaErrorCode::Partial);
        }
        let mut count = 0;
        // SAFETY: the result is live, and `count` is there to be written.
        let topics = unsafe { sys::rd_kafka_DescribeTopics_result_topics(result, &raw mut count) };
        // SAFETY: so many descriptions, which live as long as the event.
        let topics = unsafe { elements(topics, count) };
        let topic = topics.first().copied().filter(|topic| !topic.is_null());
        let topic = topic.ok_or(RDKafkaErrorCode::Partial)?;
        // SAFETY: the description is live; of a topic without error, code 0 is told for a null error.
        succeeded(unsafe { sys::rd_kafka_error_code(sys::rd_kafka_TopicDescription_error(topic)) })?;
        Ok(TopicDescription {
            // SAFETY: the description is live.
            id: unsafe { topic_id(topic) },
            // SAFETY: as above.
            partitions: unsafe { partitions(topic) },
        })
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: the event came from `rd_kafka_queue_poll` and is freed once.
        unsafe { sys::rd_kafka_event_destroy(self.0.as_ptr()) }
    }
}

/// # Safety
/// `topic` must be live.
unsafe fn topic_id(topic: *const sys::rd_kafka_TopicDescription_t) -> Option<TopicId> {
    // SAFETY: as the caller must see to; the id is part of the description.
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
    // SAFETY: as the caller must see to, and `count` is there to be written.
    let partitions = unsafe { sys::rd_kafka_TopicDescription_partitions(topic, &raw mut count) };
    // SAFETY: so many partitions, which live as long as the description.
    let partitions = unsafe { elements(partitions, count) };
    // SAFETY: as above.
    let number = |partition: &*const _| unsafe { sys::rd_kafka_TopicPartitionInfo_partition(*partition) };
    let mut numbers: Vec<i32> = partitions.iter().map(number).collect();
    numbers.sort_unstable();
    numbers
}

/// Empty if `start` is null.
///
/// # Safety
/// Else it must point to `count` elements that live as long as the slice is used.
unsafe fn elements<'a, T>(start: *mut T, count: usize) -> &'a [T] {
    if start.is_null() {
        return &[];
    }
    // SAFETY: as the caller must see to.
    unsafe { slice::from_raw_parts(start, count) }
}

fn succeeded(code: RDKafkaRespErr) -> Result<(), RDKafkaErrorCode> {
    match code {
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR => Ok(()),
        code => Err(code.into()),
    }
}
