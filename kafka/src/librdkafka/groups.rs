//! Consumer groups, and the offsets that they have committed.

use std::ffi::{CStr, CString};
use std::ptr::NonNull;
use std::time::Duration;

use rdkafka::bindings as sys;
use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::types::RDKafkaErrorCode;

use crate::librdkafka::admin::{AdminCall, Event, Sent, elements, succeeded};
use crate::librdkafka::partition_list::{PartitionList, elements_of, partition_offset};

/// Names of the groups that the brokers list, sorted: those that the client may describe.
///
/// # Errors
/// The code of a broker that does not answer, or the client's: some groups would be missing.
pub(crate) fn groups<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    timeout: Duration,
) -> Result<Vec<String>, RDKafkaErrorCode> {
    let operation = sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS;
    let call = AdminCall::new(consumer, operation, timeout)?;
    // SAFETY: `consumer` is borrowed, so its client lives.
    let event = unsafe {
        call.answer(|client, options, queue| sys::rd_kafka_ListConsumerGroups(client, options, queue))
    };
    event?.groups()
}

/// For each of `groups`, partition and committed offset of each of `partitions` in which it has committed one. All are
/// asked before the first answer is awaited: librdkafka takes one group per call.
///
/// The error of a group is the code of its coordinator, or the client's.
pub(crate) fn committed_offsets<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    groups: &[String],
    topic: &str,
    partitions: &[i32],
    timeout: Duration,
) -> Vec<Result<Vec<(i32, i64)>, RDKafkaErrorCode>> {
    let ask = |group: &String| ask_committed_offsets(consumer, group, topic, partitions, timeout);
    let asked: Vec<_> = groups.iter().map(ask).collect();
    let answer = |asked: Result<Sent, RDKafkaErrorCode>| asked?.answer()?.committed_offsets();
    asked.into_iter().map(answer).collect()
}

fn ask_committed_offsets<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    group: &str,
    topic: &str,
    partitions: &[i32],
    timeout: Duration,
) -> Result<Sent, RDKafkaErrorCode> {
    let partitions: Vec<_> = partitions.iter().map(|partition| (*partition, 0)).collect();
    let partitions = PartitionList::new(topic, &partitions)?;
    let question = GroupQuestion::new(group, &partitions)?;
    let operation = sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS;
    let call = AdminCall::new(consumer, operation, timeout)?;
    let mut questions = [question.0.as_ptr()];
    // SAFETY: `consumer` is borrowed, so its client lives. There is one question, which is copied.
    let sent = unsafe {
        call.send(|client, options, queue| {
            sys::rd_kafka_ListConsumerGroupOffsets(
                client,
                questions.as_mut_ptr(),
                questions.len(),
                options,
                queue,
            );
        })
    };
    Ok(sent)
}

/// A group and partitions; freed when dropped.
struct GroupQuestion(NonNull<sys::rd_kafka_ListConsumerGroupOffsets_t>);

impl GroupQuestion {
    fn new(group: &str, partitions: &PartitionList) -> Result<Self, RDKafkaErrorCode> {
        let group = CString::new(group).map_err(|_| RDKafkaErrorCode::InvalidArgument)?;
        // SAFETY: the name ends with NUL, the list is live and not empty; both are copied.
        let question =
            unsafe { sys::rd_kafka_ListConsumerGroupOffsets_new(group.as_ptr(), partitions.as_ptr()) };
        NonNull::new(question)
            .map(Self)
            .ok_or(RDKafkaErrorCode::InvalidArgument)
    }
}

impl Drop for GroupQuestion {
    fn drop(&mut self) {
        // SAFETY: made by `new`, freed once.
        unsafe { sys::rd_kafka_ListConsumerGroupOffsets_destroy(self.0.as_ptr()) }
    }
}

impl Event {
    fn groups(&self) -> Result<Vec<String>, RDKafkaErrorCode> {
        // SAFETY: the event is live. The result is null if the event is of another kind, else part of the event.
        let result = unsafe { sys::rd_kafka_event_ListConsumerGroups_result(self.as_ptr()) };
        if result.is_null() {
            return Err(RDKafkaErrorCode::Partial);
        }
        let mut count = 0;
        // SAFETY: the result is live, and `count` is there to be written.
        let errors = unsafe { sys::rd_kafka_ListConsumerGroups_result_errors(result, &raw mut count) };
        // SAFETY: so many errors, which live as long as the event.
        for error in unsafe { elements(errors, count) } {
            // SAFETY: the error is live.
            succeeded(unsafe { sys::rd_kafka_error_code(*error) })?;
        }
        // SAFETY: as above.
        let listed = unsafe { sys::rd_kafka_ListConsumerGroups_result_valid(result, &raw mut count) };
        // SAFETY: so many groups, which live as long as the event.
        let listed = unsafe { elements(listed, count) };
        let name = |group: &*const _| {
            // SAFETY: the group is live, and its name ends with NUL.
            let name = unsafe { CStr::from_ptr(sys::rd_kafka_ConsumerGroupListing_group_id(*group)) };
            name.to_string_lossy().into_owned()
        };
        let mut names: Vec<_> = listed.iter().map(name).collect();
        names.sort_unstable();
        Ok(names)
    }

    fn committed_offsets(&self) -> Result<Vec<(i32, i64)>, RDKafkaErrorCode> {
        // SAFETY: the event is live. The result is null if the event is of another kind, else part of the event.
        let result = unsafe { sys::rd_kafka_event_ListConsumerGroupOffsets_result(self.as_ptr()) };
        if result.is_null() {
            return Err(RDKafkaErrorCode::Partial);
        }
        let mut count = 0;
        // SAFETY: the result is live, and `count` is there to be written.
        let groups = unsafe { sys::rd_kafka_ListConsumerGroupOffsets_result_groups(result, &raw mut count) };
        // SAFETY: so many groups, which live as long as the event.
        let group = unsafe { elements(groups, count) }.first().copied();
        let group = group
            .filter(|group| !group.is_null())
            .ok_or(RDKafkaErrorCode::Partial)?;
        // SAFETY: the group is live. Its error is null if there is none.
        let error = unsafe { sys::rd_kafka_group_result_error(group) };
        if !error.is_null() {
            // SAFETY: the error is live.
            succeeded(unsafe { sys::rd_kafka_error_code(error) })?;
        }
        // SAFETY: the list is part of the group, which lives as long as the event.
        let partitions = unsafe { elements_of(sys::rd_kafka_group_result_partitions(group)) };
        let offsets = partitions.iter().map(|element| {
            // SAFETY: the element is live.
            unsafe { partition_offset(element) }
        });
        let offsets = offsets.filter(|found| !matches!(found, Ok((_, offset)) if *offset < 0));
        offsets.collect()
    }
}
