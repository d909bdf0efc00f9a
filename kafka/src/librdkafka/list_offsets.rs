//! Offsets by position and by time, with timestamps.
//!
//! `offsets_for_times` of the `rdkafka` crate sends the same request, but does not return timestamps, and uses the
//! isolation level of its client: here one client requests both levels.

use std::time::Duration;

use rdkafka::bindings as sys;
use rdkafka::bindings::rd_kafka_IsolationLevel_t as IsolationLevel;
use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::types::RDKafkaErrorCode;

use crate::librdkafka::admin::{AdminCall, Event, elements};
use crate::librdkafka::partition_list::{PartitionList, partition_offset};

/// Offset to look up in each partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OffsetQuestion {
    Earliest,
    /// The high watermark.
    Latest,
    LastStable,
    /// The first record that has a timestamp.
    FirstTimestamp,
    /// The first record with the greatest timestamp.
    GreatestTimestamp,
}

impl OffsetQuestion {
    fn spec(self) -> i64 {
        use sys::rd_kafka_OffsetSpec_t as Spec;
        let spec = match self {
            Self::Earliest => Spec::RD_KAFKA_OFFSET_SPEC_EARLIEST,
            Self::Latest | Self::LastStable => Spec::RD_KAFKA_OFFSET_SPEC_LATEST,
            Self::GreatestTimestamp => Spec::RD_KAFKA_OFFSET_SPEC_MAX_TIMESTAMP,
            // A time: 1970 or later.
            Self::FirstTimestamp => return 0,
        };
        spec as i64
    }

    fn isolation_level(self) -> IsolationLevel {
        match self {
            Self::LastStable => IsolationLevel::RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED,
            _ => IsolationLevel::RD_KAFKA_ISOLATION_LEVEL_READ_UNCOMMITTED,
        }
    }
}

/// The answer for one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FoundOffset {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    /// Timestamp of the record at the offset; `None` if the question is not about time, or no record was found.
    pub(crate) timestamp_ms: Option<i64>,
}

/// Asks the leaders of `partitions`; waits for `timeout` at most.
///
/// # Errors
/// The brokers' code for one of them, or the client's.
pub(crate) fn list_offsets<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    topic: &str,
    partitions: &[i32],
    question: OffsetQuestion,
    timeout: Duration,
) -> Result<Vec<FoundOffset>, RDKafkaErrorCode> {
    let questions: Vec<_> = partitions
        .iter()
        .map(|partition| (*partition, question.spec()))
        .collect();
    ask(consumer, topic, &questions, question.isolation_level(), timeout)
}

/// Asks for the first record of each partition at or after a time, in milliseconds since 1970. The offset is -1 if there
/// is none.
///
/// # Errors
/// As [`list_offsets`].
pub(crate) fn list_offsets_from<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    topic: &str,
    times_ms: &[(i32, i64)],
    timeout: Duration,
) -> Result<Vec<FoundOffset>, RDKafkaErrorCode> {
    let level = IsolationLevel::RD_KAFKA_ISOLATION_LEVEL_READ_UNCOMMITTED;
    ask(consumer, topic, times_ms, level, timeout)
}

fn ask<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    topic: &str,
    questions: &[(i32, i64)],
    isolation_level: IsolationLevel,
    timeout: Duration,
) -> Result<Vec<FoundOffset>, RDKafkaErrorCode> {
    let questions = PartitionList::new(topic, questions)?;
    let operation = sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_LISTOFFSETS;
    let call = AdminCall::new(consumer, operation, timeout)?.reading(isolation_level)?;
    // SAFETY: `consumer` is borrowed, so its client lives. The list is copied.
    let event = unsafe {
        call.answer(|client, options, queue| {
            sys::rd_kafka_ListOffsets(client, questions.as_ptr(), options, queue);
        })
    };
    event?.found_offsets()
}

impl Event {
    fn found_offsets(&self) -> Result<Vec<FoundOffset>, RDKafkaErrorCode> {
        // SAFETY: the event is live. The result is null if the event is of another kind, else part of the event.
        let result = unsafe { sys::rd_kafka_event_ListOffsets_result(self.as_ptr()) };
        if result.is_null() {
            return Err(RDKafkaErrorCode::Partial);
        }
        let mut count = 0;
        // SAFETY: the result is live, and `count` is there to be written.
        let found = unsafe { sys::rd_kafka_ListOffsets_result_infos(result, &raw mut count) };
        // SAFETY: so many answers, which live as long as the event.
        let found = unsafe { elements(found, count) };
        let found = found.iter().map(|found| {
            // SAFETY: the answer is live, and so is its element.
            let (partition, offset) =
                unsafe { partition_offset(sys::rd_kafka_ListOffsetsResultInfo_topic_partition(*found)) }?;
            // SAFETY: as above.
            let timestamp_ms = unsafe { sys::rd_kafka_ListOffsetsResultInfo_timestamp(*found) };
            Ok(FoundOffset {
                partition,
                offset,
                timestamp_ms: (timestamp_ms >= 0).then_some(timestamp_ms),
            })
        });
        found.collect()
    }
}
