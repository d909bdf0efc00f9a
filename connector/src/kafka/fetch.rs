//! Fetching one partition through librdkafka without a consumer group.
//!
//! `BaseConsumer::assign` needs a `group.id`, and a consumer that has one looks up the group's
//! coordinator: a further connection, a further permission (`DescribeGroup`), and on a fresh
//! cluster the creation of `__consumer_offsets`, none of which a reader of fixed ranges needs.
//! librdkafka's partition calls (`rd_kafka_consume_start_queue` and its kin) need no group, and
//! tell at which offset a partition ended. The `rdkafka` crate does not wrap them, so this file
//! does; it is the only one with `unsafe` code.

use std::ffi::{CStr, CString};
use std::ptr::NonNull;
use std::time::Duration;
use std::{ptr, slice};

use rdkafka::bindings as sys;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::types::{RDKafkaErrorCode, RDKafkaRespErr};

/// A running fetch of one partition, from an offset onwards; stops when dropped.
///
/// Records that librdkafka has fetched ahead are freed with it. At most one may run per client
/// and partition.
pub(super) struct PartitionFetch<'c, C: ConsumerContext> {
    /// Outlives the pointers below, which belong to its client.
    _consumer: &'c BaseConsumer<C>,
    topic: NonNull<sys::rd_kafka_topic_t>,
    queue: NonNull<sys::rd_kafka_queue_t>,
    partition: i32,
}

/// What a fetch delivers, in offset order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fetched<'a> {
    /// A record; `value` is `None` for a tombstone.
    Record { offset: i64, value: Option<&'a [u8]> },
    /// Everything before `offset` was delivered or is not for readers (control records, aborted
    /// transactions, compacted away), and `offset` is the end: the high watermark, or the last
    /// stable offset when only committed records are read.
    EndOfPartition { offset: i64 },
    /// librdkafka or the broker reports an error about this partition.
    Failed { code: RDKafkaErrorCode, reason: String },
}

impl<'c, C: ConsumerContext> PartitionFetch<'c, C> {
    /// Begins to fetch `partition` of `topic` at `offset` in the background.
    pub(super) fn start(
        consumer: &'c BaseConsumer<C>,
        topic: &str,
        partition: i32,
        offset: i64,
    ) -> Result<Self, RDKafkaErrorCode> {
        let client = consumer.client().native_ptr();
        let name = CString::new(topic).map_err(|_| RDKafkaErrorCode::InvalidTopic)?;
        // SAFETY: `client` is live as long as `consumer`; `name` ends with NUL; without a
        // configuration of its own the topic gets the client's defaults.
        let topic = unsafe { sys::rd_kafka_topic_new(client, name.as_ptr(), ptr::null_mut()) };
        let topic = NonNull::new(topic).ok_or_else(last_error)?;
        // SAFETY: `client` is live. The call never returns null.
        let queue = unsafe { NonNull::new_unchecked(sys::rd_kafka_queue_new(client)) };
        let fetch = Self {
            _consumer: consumer,
            topic,
            queue,
            partition,
        };
        // SAFETY: topic and queue are live handles of the same client.
        let started =
            unsafe { sys::rd_kafka_consume_start_queue(topic.as_ptr(), partition, offset, queue.as_ptr()) };
        if started == 0 {
            Ok(fetch)
        } else {
            Err(last_error())
        }
    }

    /// Waits up to `timeout` for the next thing fetched and shows it to `visit`.
    pub(super) fn poll<R>(&mut self, timeout: Duration, visit: impl FnOnce(Fetched<'_>) -> R) -> Option<R> {
        let timeout_ms = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: the queue is live.
        let message = unsafe { sys::rd_kafka_consume_queue(self.queue.as_ptr(), timeout_ms) };
        let message = Message(NonNull::new(message)?);
        Some(visit(message.fetched()))
    }
}

impl<C: ConsumerContext> Drop for PartitionFetch<'_, C> {
    fn drop(&mut self) {
        // SAFETY: both handles are live and used nowhere else. Stopping waits for librdkafka's
        // main thread, so that nothing is put on the queue afterwards; stopping a fetch that
        // never started only returns an error. Freeing the queue frees what it still holds.
        unsafe {
            sys::rd_kafka_consume_stop(self.topic.as_ptr(), self.partition);
            sys::rd_kafka_queue_destroy(self.queue.as_ptr());
            sys::rd_kafka_topic_destroy(self.topic.as_ptr());
        }
    }
}

/// A message of librdkafka's, freed when dropped.
struct Message(NonNull<sys::rd_kafka_message_t>);

impl Message {
    fn fetched(&self) -> Fetched<'_> {
        // SAFETY: the message is live until `self` drops.
        let message = unsafe { self.0.as_ref() };
        match message.err {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR => Fetched::Record {
                offset: message.offset,
                value: self.value(),
            },
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__PARTITION_EOF => Fetched::EndOfPartition {
                offset: message.offset,
            },
            code => Fetched::Failed {
                code: code.into(),
                reason: self.reason(),
            },
        }
    }

    fn value(&self) -> Option<&[u8]> {
        // SAFETY: the message is live; a payload that is not null has `len` bytes.
        unsafe {
            let message = self.0.as_ref();
            let payload = NonNull::new(message.payload.cast::<u8>())?;
            Some(slice::from_raw_parts(payload.as_ptr(), message.len))
        }
    }

    fn reason(&self) -> String {
        // SAFETY: the message is live and carries an error, so the text is not null.
        let text = unsafe { CStr::from_ptr(sys::rd_kafka_message_errstr(self.0.as_ptr())) };
        text.to_string_lossy().into_owned()
    }
}

impl Drop for Message {
    fn drop(&mut self) {
        // SAFETY: the message came from `rd_kafka_consume_queue` and is freed once.
        unsafe { sys::rd_kafka_message_destroy(self.0.as_ptr()) }
    }
}

fn last_error() -> RDKafkaErrorCode {
    // SAFETY: reads a thread-local of librdkafka.
    unsafe { sys::rd_kafka_last_error() }.into()
}
