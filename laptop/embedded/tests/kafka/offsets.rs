//! Offsets of partitions: both ends, and by time.

use rdkafka::admin::AdminOptions;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::{BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};

use crate::support::*;

fn delete_before(kafka: &embedded::kafka::EmbeddedKafka, offset: Offset) -> Result<i64, RDKafkaErrorCode> {
    let mut positions = TopicPartitionList::new();
    positions.add_partition_offset("orders", 0, offset).unwrap();
    let results = block_on(admin(kafka).delete_records(&positions, &AdminOptions::new())).unwrap();
    let elements = results.elements();
    let result = &elements[0];
    result
        .error()
        .map_err(|error| error.rdkafka_error_code().unwrap())?;
    Ok(result.offset().to_raw().unwrap())
}

fn watermarks(consumer: &BaseConsumer) -> (i64, i64) {
    consumer.fetch_watermarks("orders", 0, PATIENCE).unwrap()
}

fn offset_for_time(consumer: &BaseConsumer, timestamp_ms: i64) -> Offset {
    let mut times = TopicPartitionList::new();
    times
        .add_partition_offset("orders", 0, Offset::Offset(timestamp_ms))
        .unwrap();
    let found = consumer.offsets_for_times(times, PATIENCE).unwrap();
    found.elements()[0].offset()
}

#[test]
fn watermarks_follow_records_and_deletions() {
    let kafka = started_with("orders", 1);
    let consumer = committed(&kafka);
    assert_eq!(watermarks(&consumer), (0, 0));
    fill(&kafka, "orders", 0, 10);
    assert_eq!(watermarks(&consumer), (0, 10));
    assert_eq!(delete_before(&kafka, Offset::Offset(4)), Ok(4));
    assert_eq!(watermarks(&consumer), (4, 10));
    assert_eq!(delete_before(&kafka, Offset::End), Ok(10));
    assert_eq!(watermarks(&consumer), (10, 10));
    assert_eq!(read_to_end(&consumer, "orders", 0, 10), Ok(vec![]));
}

#[test]
fn deleted_and_future_offsets_are_out_of_range() {
    let kafka = started_with("orders", 1);
    fill(&kafka, "orders", 0, 10);
    kafka.log_start("orders", 0, 4).unwrap();
    let consumer = committed(&kafka);
    for offset in [0, 3, 11] {
        let error = read_to_end(&consumer, "orders", 0, offset).unwrap_err();
        let code = error.rdkafka_error_code();
        let expected = [
            Some(RDKafkaErrorCode::OffsetOutOfRange),
            Some(RDKafkaErrorCode::AutoOffsetReset),
        ];
        assert!(expected.contains(&code), "from {offset}: {error}");
    }
    assert_eq!(
        offsets_of(&read_to_end(&consumer, "orders", 0, 4).unwrap()),
        (4..10).collect::<Vec<_>>()
    );
}

#[test]
fn nothing_beyond_the_end_can_be_deleted() {
    let kafka = started_with("orders", 1);
    fill(&kafka, "orders", 0, 10);
    assert_eq!(
        delete_before(&kafka, Offset::Offset(11)),
        Err(RDKafkaErrorCode::OffsetOutOfRange)
    );
    assert!(kafka.log_start("orders", 0, 11).is_err());
    assert!(kafka.log_start("orders", 1, 0).is_err());
}

#[test]
fn times_are_found_inside_batches_of_any_codec() {
    for codec in ["none", "zstd"] {
        let kafka = started_with("orders", 1);
        let producer = producer(&kafka, &[("compression.type", codec), ("linger.ms", "50")]);
        for index in 0..100 {
            let record = BaseRecord::<(), str>::to("orders")
                .payload("v")
                .timestamp(1_000_000 + 10 * index);
            producer.send(record).map_err(|(error, _)| error).unwrap();
        }
        producer.flush(PATIENCE).unwrap();
        let consumer = committed(&kafka);
        for (timestamp_ms, expected) in [
            (0, 0),
            (1_000_000, 0),
            (1_000_001, 1),
            (1_000_500, 50),
            (1_000_990, 99),
        ] {
            assert_eq!(
                offset_for_time(&consumer, timestamp_ms),
                Offset::Offset(expected),
                "{timestamp_ms} {codec}"
            );
        }
        assert_eq!(offset_for_time(&consumer, 1_000_991), Offset::End, "{codec}");
    }
}

#[test]
fn compacted_partitions_have_gaps_and_an_end() {
    let kafka = started_with("orders", 1);
    fill(&kafka, "orders", 0, 100);
    assert_eq!(
        kafka
            .drop_records("orders", 0, (0..100).filter(|offset| offset % 3 != 0))
            .unwrap(),
        66
    );
    assert_eq!(kafka.drop_records("orders", 0, 30..60).unwrap(), 10);
    let checked = consumer(&kafka, &[("check.crcs", "true")]);
    let received = read_to_end(&checked, "orders", 0, 0).unwrap();
    let left: Vec<_> = (0..100)
        .filter(|offset| offset % 3 == 0 && !(30..60).contains(offset))
        .collect();
    assert_eq!(offsets_of(&received), left);
    for record in &received {
        assert_eq!(record.value, format!("value-{}", record.offset));
    }
    assert_eq!(watermarks(&checked), (0, 100));
}

#[test]
fn a_reader_reaches_the_end_past_a_tail_without_records() {
    let kafka = started_with("orders", 1);
    fill(&kafka, "orders", 0, 10);
    fill(&kafka, "orders", 0, 10);
    kafka.drop_records("orders", 0, 5..20).unwrap();
    let consumer = committed(&kafka);
    assert_eq!(
        offsets_of(&read_to_end(&consumer, "orders", 0, 0).unwrap()),
        [0, 1, 2, 3, 4]
    );
    assert_eq!(read_to_end(&consumer, "orders", 0, 7), Ok(vec![]));
    fill(&kafka, "orders", 0, 1);
    assert_eq!(offsets_of(&read_to_end(&consumer, "orders", 0, 7).unwrap()), [20]);
}
