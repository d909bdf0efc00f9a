//! Conformance suite of [`Broker`] implementations, over a topic of [`PARTITIONS`] partitions that the caller
//! has filled: partition 0 holds [`RECORDS`] records, the one at offset `n` with the text of `n` as its value
//! and [`time_ms`]`(n)` as its timestamp; partition 1 is empty.

#![expect(clippy::unwrap_used, reason = "a test: a panic is how it fails")]

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use topic::Record;

use crate::error::{KafkaError, SinkFailed};
use crate::offsets::{OffsetRange, OnExpiredOffsets, PlannedRange, ReadStats, TopicPartition, Watermarks};
use crate::seam::{Broker, EARLIEST_TIME_MS, RecordSink};
use crate::topic_id::TopicId;

/// Number of partitions of the topic.
pub const PARTITIONS: usize = 2;

/// Number of records in partition 0.
pub const RECORDS: i64 = 100;

/// Timestamp of the record at an offset of partition 0, in milliseconds since 1970: one second after the one before it.
pub fn time_ms(offset: i64) -> i64 {
    1_700_000_000_000 + offset * 1_000
}

/// Panics at the first rule that `broker` violates.
///
/// The rules are also public one by one, for brokers that lack a request. The rule
/// [`treats_expired_offsets_as_planned`] is separate: it needs another topic.
pub async fn check(broker: &dyn Broker, topic: &str) {
    check_before_kafka_3(broker, topic).await;
    shows_the_greatest_timestamp(broker, topic).await;
}

/// Checks all rules but that of the greatest timestamp, which brokers before Kafka 3.0 do not know.
pub async fn check_before_kafka_3(broker: &dyn Broker, topic: &str) {
    check_reads(broker, topic).await;
    finds_offsets_by_time(broker, topic).await;
    tells_the_timestamp_type(broker, topic).await;
    shows_the_state_of_partitions(broker, topic).await;
    lists_topics(broker, topic).await;
}

/// Checks the rules of [`Broker::snapshot`] and [`Broker::read`].
pub async fn check_reads(broker: &dyn Broker, topic: &str) {
    lists_partitions_in_order_with_both_ends(broker, topic).await;
    tells_an_unknown_topic(broker).await;
    reads_each_record_of_a_range_once_and_in_order(broker, topic).await;
    reads_ranges_side_by_side(broker, topic).await;
    stops_when_the_sink_has_enough(broker, topic).await;
    ends_with_the_error_of_the_sink(broker, topic).await;
    refuses_a_range_past_the_end_of_the_log(broker, topic).await;
    tells_an_unknown_partition(broker, topic).await;
    refuses_a_topic_of_another_id(broker, topic).await;
}

pub async fn lists_partitions_in_order_with_both_ends(broker: &dyn Broker, topic: &str) {
    let snapshot = broker.snapshot(topic, deadline()).await.unwrap();
    let (filled, empty) = (
        Watermarks {
            low: 0,
            high: RECORDS,
        },
        Watermarks { low: 0, high: 0 },
    );
    assert_eq!(snapshot.partitions, [(0, filled), (1, empty)]);
}

pub async fn lists_topics(broker: &dyn Broker, topic: &str) {
    let topics = broker.topics(deadline()).await.unwrap();
    assert!(topics.iter().any(|each| each == topic), "{topics:?}");
    assert!(topics.is_sorted());
}

pub async fn shows_the_greatest_timestamp(broker: &dyn Broker, topic: &str) {
    let states = broker.partition_states(topic, deadline()).await.unwrap();
    let greatest = states.iter().map(|state| state.log.unwrap().newest_timestamp_ms);
    assert_eq!(greatest.collect::<Vec<_>>(), [Some(time_ms(RECORDS - 1)), None]);
}

pub async fn shows_the_state_of_partitions(broker: &dyn Broker, topic: &str) {
    let states = broker.partition_states(topic, deadline()).await.unwrap();
    let ends = states.iter().map(|state| {
        let log = state.log.unwrap();
        (
            state.partition,
            [log.earliest_offset, log.latest_offset, log.last_stable_offset],
            log.first_timestamp_ms,
        )
    });
    let filled = (0, [0, RECORDS, RECORDS], Some(time_ms(0)));
    let empty = (1, [0, 0, 0], None);
    assert_eq!(ends.collect::<Vec<_>>(), [filled, empty]);
    for state in &states {
        let leader = state.leader.unwrap();
        assert!(
            state.replicas.contains(&leader) && state.in_sync_replicas.contains(&leader),
            "{state:?}"
        );
    }
    let unknown = format!("unknown-{}", uuid::Uuid::new_v4().simple());
    let error = broker.partition_states(&unknown, deadline()).await.unwrap_err();
    assert!(
        matches!(&error, KafkaError::UnknownTopic { topic } if *topic == unknown),
        "{error:?}"
    );
    assert_eq!(broker.committed_offsets(topic, deadline()).await.unwrap(), []);
}

/// Called twice, since a client may create a topic by requesting its metadata.
pub async fn tells_an_unknown_topic(broker: &dyn Broker) {
    let unknown = format!("unknown-{}", uuid::Uuid::new_v4().simple());
    for _ in 0..2 {
        let error = broker.snapshot(&unknown, deadline()).await.unwrap_err();
        assert!(
            matches!(&error, KafkaError::UnknownTopic { topic } if *topic == unknown),
            "{error:?}"
        );
        let (result, seen) = read(broker, &planned(&unknown, 0, 0, 1), Answers::Continue).await;
        assert!(
            matches!(&result, Err(KafkaError::UnknownTopic { topic }) if *topic == unknown),
            "{result:?}"
        );
        assert_eq!(seen, Seen::default());
    }
}

pub async fn reads_each_record_of_a_range_once_and_in_order(broker: &dyn Broker, topic: &str) {
    for (start, end) in [(0, RECORDS), (0, 1), (RECORDS - 1, RECORDS), (25, 75)] {
        let (result, seen) = read(broker, &planned(topic, 0, start, end), Answers::Continue).await;
        let value_bytes = (start..end).map(|offset| offset.to_string().len() as u64).sum();
        let wanted = ReadStats {
            records: end.abs_diff(start),
            value_bytes,
            ..ReadStats::default()
        };
        assert_eq!(without_waits(result.unwrap()), wanted, "offsets {start}..{end}");
        assert_eq!(seen, Seen::whole(start..end), "offsets {start}..{end}");
    }
}

pub async fn reads_ranges_side_by_side(broker: &dyn Broker, topic: &str) {
    let [first, second, third] = [(0, 40), (40, 60), (20, RECORDS)];
    let part = |(start, end)| async move {
        let (result, seen) = read(broker, &planned(topic, 0, start, end), Answers::Continue).await;
        result.unwrap();
        assert_eq!(seen, Seen::whole(start..end), "offsets {start}..{end}");
    };
    tokio::join!(part(first), part(second), part(third));
}

/// If the last record of the range is the one that stops the sink, the read is complete.
pub async fn stops_when_the_sink_has_enough(broker: &dyn Broker, topic: &str) {
    for (enough, stopped_early) in [(10, true), (49, true), (59, false)] {
        let (result, seen) = read(broker, &planned(topic, 0, 10, 60), Answers::BreakAt(enough)).await;
        let stats = result.unwrap();
        assert_eq!(seen, Seen::whole(10..enough + 1), "enough at offset {enough}");
        assert_eq!(
            (stats.records, stats.stopped_early),
            (enough.abs_diff(9), stopped_early),
            "enough at offset {enough}"
        );
    }
}

pub async fn ends_with_the_error_of_the_sink(broker: &dyn Broker, topic: &str) {
    for failing in [10, 30, 59] {
        let (result, seen) = read(broker, &planned(topic, 0, 10, 60), Answers::FailAt(failing)).await;
        assert!(matches!(result, Err(KafkaError::Sink(SinkFailed))), "{result:?}");
        let wanted = Seen {
            finished: 0,
            ..Seen::whole(10..failing + 1)
        };
        assert_eq!(seen, wanted, "failed at offset {failing}");
    }
}

/// The refusal precedes any record.
pub async fn refuses_a_range_past_the_end_of_the_log(broker: &dyn Broker, topic: &str) {
    for (partition, start, end, log_end) in [
        (0, 90, RECORDS + 1, RECORDS),
        (0, RECORDS, RECORDS + 1, RECORDS),
        (1, 0, 1, 0),
    ] {
        let planned = planned(topic, partition, start, end);
        let (result, seen) = read(broker, &planned, Answers::Continue).await;
        match result {
            Err(KafkaError::Truncated {
                topic_partition,
                high,
                end: planned_end,
            }) => assert_eq!(
                (topic_partition, high, planned_end),
                (planned.topic_partition, log_end, end)
            ),
            other => panic!("not Truncated: {other:?}"),
        }
        assert_eq!(seen, Seen::default());
    }
}

pub async fn tells_an_unknown_partition(broker: &dyn Broker, topic: &str) {
    for partition in [2, 7] {
        let planned = planned(topic, partition, 0, 1);
        let (result, seen) = read(broker, &planned, Answers::Continue).await;
        match result {
            Err(KafkaError::UnknownPartition(unknown)) => assert_eq!(unknown, planned.topic_partition),
            other => panic!("not UnknownPartition: {other:?}"),
        }
        assert_eq!(seen, Seen::default());
    }
}

/// Finds the topic by its id, if topics have ids; with another id it is refused.
pub async fn refuses_a_topic_of_another_id(broker: &dyn Broker, topic: &str) {
    let snapshot = broker.snapshot(topic, deadline()).await.unwrap();
    let Some(topic_id) = snapshot.topic_id else { return };
    let by_id = |topic_id| PlannedRange {
        topic_id,
        ..planned(topic, 0, 0, RECORDS)
    };
    let (result, seen) = read(broker, &by_id(Some(topic_id)), Answers::Continue).await;
    result.unwrap();
    assert_eq!(seen, Seen::whole(0..RECORDS));

    let other = TopicId::from_bytes([7; TopicId::BYTES]);
    let (result, seen) = read(broker, &by_id(other), Answers::Continue).await;
    match result {
        Err(KafkaError::Recreated {
            topic: named,
            planned,
            found,
        }) => {
            assert_eq!((named.as_str(), Some(planned), found), (topic, other, topic_id));
        }
        other => panic!("not Recreated: {other:?}"),
    }
    assert_eq!(seen, Seen::default());
}

pub async fn finds_offsets_by_time(broker: &dyn Broker, topic: &str) {
    let at = |partitions: &'static [i32], time_ms| broker.offsets_at(topic, partitions, time_ms, deadline());
    for (time_ms, wanted) in [
        (EARLIEST_TIME_MS, Some(0)),
        (time_ms(0), Some(0)),
        (time_ms(0) + 1, Some(1)),
        (time_ms(42), Some(42)),
        (time_ms(RECORDS - 1), Some(RECORDS - 1)),
        (time_ms(RECORDS - 1) + 1, None),
    ] {
        assert_eq!(at(&[0], time_ms).await.unwrap(), [wanted], "time {time_ms}");
        assert_eq!(
            at(&[1, 0], time_ms).await.unwrap(),
            [None, wanted],
            "time {time_ms}"
        );
    }
    assert_eq!(at(&[], time_ms(0)).await.unwrap().len(), 0);
}

/// The topic has no explicit setting, so that producers set its timestamps, as is the brokers' default.
pub async fn tells_the_timestamp_type(broker: &dyn Broker, topic: &str) {
    let told = broker.timestamp_type(topic, deadline()).await.unwrap();
    assert_eq!(told.as_deref(), Some("CreateTime"));
    assert!(!broker.has_log_append_time(topic, deadline()).await);
}

/// Log start of the topic of [`treats_expired_offsets_as_planned`].
pub const EXPIRED_BEFORE: i64 = 40;

/// Partition 0 of `topic` is filled like the others; then its records before [`EXPIRED_BEFORE`] are deleted.
pub async fn treats_expired_offsets_as_planned(broker: &dyn Broker, topic: &str) {
    let snapshot = broker.snapshot(topic, deadline()).await.unwrap();
    let left = Watermarks {
        low: EXPIRED_BEFORE,
        high: RECORDS,
    };
    assert_eq!(snapshot.partitions[0], (0, left));

    let skipping = planned(topic, 0, 10, RECORDS);
    let failing = PlannedRange {
        on_expired_offsets: OnExpiredOffsets::Fail,
        ..skipping.clone()
    };
    let (result, seen) = read(broker, &skipping, Answers::Continue).await;
    let stats = result.unwrap();
    assert_eq!(seen, Seen::whole(EXPIRED_BEFORE..RECORDS));
    assert_eq!(
        (stats.records, stats.expired_offsets),
        (RECORDS.abs_diff(EXPIRED_BEFORE), EXPIRED_BEFORE.abs_diff(10))
    );

    let (result, seen) = read(broker, &failing, Answers::Continue).await;
    match result {
        Err(KafkaError::Expired {
            topic_partition,
            expired,
        }) => {
            assert_eq!(topic_partition, failing.topic_partition);
            assert_eq!(Some(expired), OffsetRange::new(10, EXPIRED_BEFORE));
        }
        other => panic!("not Expired: {other:?}"),
    }
    assert_eq!(seen, Seen::default());
}

fn deadline() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

fn planned(topic: &str, partition: i32, start: i64, end: i64) -> PlannedRange {
    PlannedRange {
        topic_partition: TopicPartition {
            topic: topic.to_owned(),
            partition,
        },
        topic_id: None,
        range: OffsetRange::new(start, end).unwrap(),
        on_expired_offsets: OnExpiredOffsets::Skip,
    }
}

/// Reads into a sink with these responses, which is dropped when this returns.
async fn read(
    broker: &dyn Broker,
    planned: &PlannedRange,
    answers: Answers,
) -> (Result<ReadStats, KafkaError>, Seen) {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let sink = Sink {
        partition: planned.topic_partition.partition,
        answers,
        seen: Arc::clone(&seen),
    };
    let result = broker.read(planned, deadline(), Box::new(sink)).await;
    let seen = seen.lock().unwrap().clone();
    (result, seen)
}

fn without_waits(stats: ReadStats) -> ReadStats {
    ReadStats {
        waited: Duration::ZERO,
        ..stats
    }
}

/// Responses of a sink to a record.
#[derive(Debug, Clone, Copy)]
enum Answers {
    Continue,
    /// Breaks at the record of this offset.
    BreakAt(i64),
    /// Fails at the record of this offset.
    FailAt(i64),
}

struct Sink {
    partition: i32,
    answers: Answers,
    seen: Arc<Mutex<Seen>>,
}

/// Calls that a sink received.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Seen {
    /// Offset, value and timestamp, in order.
    records: Vec<(i64, String, Option<i64>)>,
    finished: usize,
}

impl Seen {
    /// All records of these offsets, and one end.
    fn whole(offsets: std::ops::Range<i64>) -> Self {
        Self {
            records: offsets
                .map(|offset| (offset, offset.to_string(), Some(time_ms(offset))))
                .collect(),
            finished: 1,
        }
    }
}

impl RecordSink for Sink {
    fn accept(&mut self, record: Record<'_>) -> Result<ControlFlow<()>, SinkFailed> {
        assert_eq!(record.partition, self.partition);
        let mut seen = self.seen.lock().unwrap();
        assert_eq!(seen.finished, 0, "offset {} after the end", record.offset);
        let value = record
            .value
            .map(|value| String::from_utf8_lossy(value).into_owned());
        let time_ms = record.timestamp.map(|timestamp| timestamp.millis);
        seen.records.push((record.offset, value.unwrap(), time_ms));
        match self.answers {
            Answers::BreakAt(offset) if offset == record.offset => Ok(ControlFlow::Break(())),
            Answers::FailAt(offset) if offset == record.offset => Err(SinkFailed),
            _ => Ok(ControlFlow::Continue(())),
        }
    }

    fn finish(&mut self) -> Result<(), SinkFailed> {
        self.seen.lock().unwrap().finished += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
