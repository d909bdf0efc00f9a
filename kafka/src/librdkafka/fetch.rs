//! Fetches of one partition through librdkafka without a consumer group.
//!
//! `BaseConsumer::assign` needs a `group.id`, and a consumer that has one looks up the group's coordinator: a
//! further connection, a further permission (`DescribeGroup`), and on a fresh cluster the creation of
//! `__consumer_offsets`, none of which a reader of fixed ranges needs. librdkafka's partition calls
//! (`rd_kafka_consume_start_queue` and related ones) need no group, and report the offset at which a
//! partition ended. The `rdkafka` crate does not wrap them, so this file does, with `unsafe` code.

use std::borrow::Cow;
use std::ffi::{CStr, CString, c_void};
use std::ptr::NonNull;
use std::time::Duration;
use std::{ptr, slice, vec};

use rdkafka::bindings as sys;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::types::{RDKafkaErrorCode, RDKafkaRespErr};
use topic::{Headers, Record, RecordTimestamp, TimestampType};

/// Running fetch of one partition, from an offset onwards; stops when dropped.
///
/// Records that librdkafka has prefetched are freed with it. At most one may run for each client and
/// partition.
pub(crate) struct PartitionFetch<'c, C: ConsumerContext> {
    /// Consumer whose client owns the pointers below, which it therefore outlives.
    _consumer: &'c BaseConsumer<C>,
    topic: NonNull<sys::rd_kafka_topic_t>,
    queue: NonNull<sys::rd_kafka_queue_t>,
    partition: i32,
    /// Messages that were taken off the queue and not visited yet.
    taken: vec::IntoIter<Message>,
}

/// Number of messages taken off the queue in one call: each call locks the partition, as the fetching thread
/// does.
const TAKEN_MESSAGES: usize = 256;

/// Results of a fetch, in offset order.
pub(crate) enum Fetched<'a> {
    Record(Record<'a>),
    /// Everything before `offset` was delivered or is not visible to readers (control records, aborted
    /// transactions, compacted away), and `offset` is the end: the high watermark, or the last stable offset
    /// when only committed records are read.
    EndOfPartition {
        offset: i64,
    },
    /// A response, requested at `offset`, without a record: whole batches without a record for this fetch, or
    /// less than one batch. Everything before `offset` was delivered or is not visible to readers. librdkafka
    /// continues after those batches by itself, so that the next response without records has a later offset.
    ///
    /// librdkafka assumes that its size limit truncated a batch in every such response and doubles the
    /// partition's limit, for as long as the client lives; it reports the response only once the limit has
    /// reached 1 GiB (`rd_kafka_msgset_reader_run`, `rktp_fetch_msg_max_bytes`).
    WithoutRecords {
        offset: i64,
        reason: String,
    },
    /// librdkafka or the broker reports an error of this partition.
    Failed {
        code: RDKafkaErrorCode,
        reason: String,
    },
}

impl<'c, C: ConsumerContext> PartitionFetch<'c, C> {
    /// Starts to fetch `partition` of `topic` at `offset` in the background.
    pub(crate) fn start(
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
            taken: Vec::new().into_iter(),
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

    /// Waits up to `timeout` for the next result and passes it to `visit`.
    pub(crate) fn poll<R>(&mut self, timeout: Duration, visit: impl FnOnce(Fetched<'_>) -> R) -> Option<R> {
        if !self.has_taken() {
            self.taken = self.take().into_iter();
        }
        let message = self.taken.next().or_else(|| self.wait(timeout))?;
        Some(visit(message.fetched()))
    }

    /// Whether the next result has been taken off the queue, so that [`Self::poll`] does not call librdkafka.
    pub(crate) fn has_taken(&self) -> bool {
        !self.taken.as_slice().is_empty()
    }

    /// Takes the messages on the queue, as many as one call returns.
    fn take(&mut self) -> Vec<Message> {
        let mut messages = [ptr::null_mut(); TAKEN_MESSAGES];
        // SAFETY: the queue is live, and there is room for as many messages as the call is given. With a
        // timeout the call would wait until all the room is used.
        let taken = unsafe {
            sys::rd_kafka_consume_batch_queue(self.queue.as_ptr(), 0, messages.as_mut_ptr(), TAKEN_MESSAGES)
        };
        // Negative only if the queue does not belong to the client, which it does.
        let taken = usize::try_from(taken).unwrap_or_default();
        messages[..taken]
            .iter()
            .filter_map(|message| NonNull::new(*message).map(Message))
            .collect()
    }

    fn wait(&mut self, timeout: Duration) -> Option<Message> {
        if timeout.is_zero() {
            return None;
        }
        let timeout_ms = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: the queue is live.
        let message = unsafe { sys::rd_kafka_consume_queue(self.queue.as_ptr(), timeout_ms) };
        NonNull::new(message).map(Message)
    }
}

impl<C: ConsumerContext> Drop for PartitionFetch<'_, C> {
    fn drop(&mut self) {
        self.taken = Vec::new().into_iter();
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

/// Message of librdkafka; freed when dropped.
struct Message(NonNull<sys::rd_kafka_message_t>);

impl Message {
    fn fetched(&self) -> Fetched<'_> {
        // SAFETY: the message is live until `self` drops.
        let message = unsafe { self.0.as_ref() };
        match message.err {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR => Fetched::Record(Record {
                partition: message.partition,
                offset: message.offset,
                timestamp: self.timestamp(),
                leader_epoch: self.leader_epoch(),
                // SAFETY: both pairs belong to the message.
                key: unsafe { self.bytes(message.key, message.key_len) },
                // SAFETY: as above.
                value: unsafe { self.bytes(message.payload, message.len) },
                headers: self,
            }),
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__PARTITION_EOF => Fetched::EndOfPartition {
                offset: message.offset,
            },
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE => Fetched::WithoutRecords {
                offset: message.offset,
                reason: self.reason(),
            },
            code => Fetched::Failed {
                code: code.into(),
                reason: self.reason(),
            },
        }
    }

    /// Bytes at `start`; `None` if it is null.
    ///
    /// # Safety
    /// Unless null, it must point to `len` bytes that live as long as the message.
    unsafe fn bytes(&self, start: *const c_void, len: usize) -> Option<&[u8]> {
        // SAFETY: guaranteed by the caller; `self` is the message.
        (!start.is_null()).then(|| unsafe { slice::from_raw_parts(start.cast(), len) })
    }

    fn timestamp(&self) -> Option<RecordTimestamp> {
        let mut kind = sys::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        // SAFETY: the message is live and `kind` is there to be written.
        let millis = unsafe { sys::rd_kafka_message_timestamp(self.0.as_ptr(), &raw mut kind) };
        let kind = match kind {
            sys::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE => return None,
            sys::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_CREATE_TIME => TimestampType::CreateTime,
            sys::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME => {
                TimestampType::LogAppendTime
            }
        };
        // Producers send -1 for records without a timestamp.
        (millis != -1).then_some(RecordTimestamp { millis, kind })
    }

    fn leader_epoch(&self) -> Option<i32> {
        // SAFETY: the message is live, was consumed and carries no error.
        let epoch = unsafe { sys::rd_kafka_message_leader_epoch(self.0.as_ptr()) };
        (epoch >= 0).then_some(epoch)
    }

    /// Header list, which lives as long as the message; null if there are no headers.
    fn header_list(&self) -> *const sys::rd_kafka_headers_t {
        let mut headers = ptr::null_mut();
        // SAFETY: the message is live and `headers` is there to be written. Parsing them on the first call
        // changes the message through its pointer; `Message` is not `Sync`, so no other thread accesses it.
        let code = unsafe { sys::rd_kafka_message_headers(self.0.as_ptr(), &raw mut headers) };
        match code {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR => headers,
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__NOENT => ptr::null(),
            code => {
                let code = RDKafkaErrorCode::from(code);
                tracing::warn!(%code, "the headers of a record cannot be read and are treated as absent");
                ptr::null()
            }
        }
    }

    fn reason(&self) -> String {
        // SAFETY: the message is live and carries an error, so the text is not null.
        let text = unsafe { CStr::from_ptr(sys::rd_kafka_message_errstr(self.0.as_ptr())) };
        text.to_string_lossy().into_owned()
    }
}

impl Headers for Message {
    fn visit<'a>(&'a self, show: &mut dyn FnMut(Cow<'a, str>, Option<&'a [u8]>)) {
        let headers = self.header_list();
        if headers.is_null() {
            return;
        }
        for index in 0.. {
            let (mut name, mut value, mut value_bytes) = (ptr::null(), ptr::null(), 0);
            // SAFETY: the list is live as long as the message; an index past its end only returns an error. The rest is
            // there to be written.
            let code = unsafe {
                sys::rd_kafka_header_get_all(
                    headers,
                    index,
                    &raw mut name,
                    &raw mut value,
                    &raw mut value_bytes,
                )
            };
            if code != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
                return;
            }
            // SAFETY: the name of an existing header is a text that ends with NUL and lives as long as the
            // message.
            let name = unsafe { CStr::from_ptr(name) };
            // SAFETY: the value is null or of this length, and lives as long as the message.
            let value = unsafe { self.bytes(value, value_bytes) };
            show(name.to_string_lossy(), value);
        }
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
