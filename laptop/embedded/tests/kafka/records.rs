//! Producing and consuming.

use std::time::{Duration, Instant};

use embedded::kafka::{ApiKey, LogOffsets};
use kafka_protocol::messages::InitProducerIdRequest;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::message::{Header, Headers, Message, OwnedHeaders, Timestamp};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use crate::support::*;
use crate::wire::{Batch, Wire, fetch_request, produce_request};

#[test]
fn returns_a_hundred_thousand_records_over_three_partitions() {
    let kafka = started_with("orders", 3);
    let producer = producer(&kafka, &[("linger.ms", "5")]);
    for index in 0..100_000usize {
        let partition = (index % 3) as i32;
        let value = format!("value-{index}");
        let record = BaseRecord::<(), str>::to("orders")
            .partition(partition)
            .payload(&value);
        producer.send(record).map_err(|(error, _)| error).unwrap();
        if index % 1_000 == 0 {
            producer.poll(Duration::ZERO);
        }
    }
    producer.flush(PATIENCE).unwrap();
    let consumer = committed(&kafka);
    for partition in 0..3 {
        let received = read_to_end(&consumer, "orders", partition, 0).unwrap();
        let expected: Vec<_> = (0..100_000).filter(|index| index % 3 == partition).collect();
        assert_eq!(received.len(), expected.len());
        for (offset, (record, index)) in received.iter().zip(&expected).enumerate() {
            assert_eq!(
                (record.offset, &record.value),
                (offset as i64, &format!("value-{index}"))
            );
        }
    }
    assert!(kafka.fetched("orders").unwrap().records >= 100_000);
    assert!(kafka.requests(ApiKey::Fetch) > 0 && kafka.requests(ApiKey::Produce) > 0);
}

#[test]
fn passes_every_codec_through() {
    let kafka = started_with("orders", 5);
    for (partition, codec) in ["none", "gzip", "snappy", "lz4", "zstd"].into_iter().enumerate() {
        let partition = partition as i32;
        let producer = producer(&kafka, &[("compression.type", codec), ("linger.ms", "20")]);
        send(&producer, "orders", partition, numbered(0, 2_000));
        let received = read_to_end(&committed(&kafka), "orders", partition, 0).unwrap();
        assert_eq!(
            values_of(&received),
            numbered(0, 2_000).collect::<Vec<_>>(),
            "{codec}"
        );
    }
    let sizes: Vec<_> = (0..5)
        .map(|partition| kafka.offsets("orders", partition).unwrap().end)
        .collect();
    assert_eq!(sizes, [2_000; 5]);
}

#[test]
fn compressed_records_stay_compressed() {
    let kafka = started();
    for (topic, codec) in [("plain", "none"), ("packed", "zstd")] {
        kafka.create_topic(topic, 1).unwrap();
        let producer = producer(&kafka, &[("compression.type", codec), ("linger.ms", "50")]);
        send(
            &producer,
            topic,
            0,
            (0..1_000).map(|_| "the same words again and again".to_owned()),
        );
        read_to_end(&committed(&kafka), topic, 0, 0).unwrap();
    }
    let (plain, packed) = (kafka.fetched("plain").unwrap(), kafka.fetched("packed").unwrap());
    assert_eq!((plain.records, packed.records), (1_000, 1_000));
    assert!(
        packed.size_bytes * 5 < plain.size_bytes,
        "{packed:?} against {plain:?}"
    );
}

#[test]
fn keeps_keys_headers_tombstones_and_times() {
    let kafka = started_with("orders", 1);
    let producer = producer(&kafka, &[]);
    let headers = OwnedHeaders::new().insert(Header {
        key: "trace",
        value: Some("1"),
    });
    let record = BaseRecord::<str, [u8]>::to("orders")
        .key("k")
        .headers(headers)
        .timestamp(1_700_000_000_123);
    producer.send(record).map_err(|(error, _)| error).unwrap();
    producer.flush(PATIENCE).unwrap();
    let consumer = committed(&kafka);
    assign(&consumer, "orders", 0, 0);
    let message = consumer.poll(PATIENCE).unwrap().unwrap();
    assert_eq!((message.key(), message.payload()), (Some(&b"k"[..]), None));
    assert_eq!(message.headers().unwrap().get(0).value, Some(&b"1"[..]));
    assert_eq!(message.timestamp(), Timestamp::CreateTime(1_700_000_000_123));
}

#[test]
fn log_append_time_replaces_the_producers_time() {
    let kafka = started();
    kafka
        .create_topic_with("orders", 1, &[("message.timestamp.type", "LogAppendTime")])
        .unwrap();
    let producer = producer(&kafka, &[]);
    let record = BaseRecord::<(), str>::to("orders").payload("value").timestamp(1);
    producer.send(record).map_err(|(error, _)| error).unwrap();
    producer.flush(PATIENCE).unwrap();
    // With check.crcs the consumer verifies that the rewritten batch has the right checksum.
    let received = read_to_end(&consumer(&kafka, &[("check.crcs", "true")]), "orders", 0, 0).unwrap();
    let Timestamp::LogAppendTime(time_ms) = received[0].timestamp else {
        panic!("{:?}", received[0])
    };
    assert!(time_ms > 1_700_000_000_000, "{time_ms}");
}

#[test]
fn an_empty_partition_ends_at_once() {
    let kafka = started_with("orders", 1);
    assert_eq!(read_to_end(&committed(&kafka), "orders", 0, 0), Ok(vec![]));
}

#[test]
fn a_waiting_fetch_is_answered_when_records_arrive() {
    let kafka = started_with("orders", 1);
    let consumer = consumer(&kafka, &[("fetch.wait.max.ms", "20000")]);
    assign(&consumer, "orders", 0, 0);
    let deadline = Instant::now() + PATIENCE;
    while kafka.requests(ApiKey::Fetch) == 0 && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(10));
    }
    let before = Instant::now();
    fill(&kafka, "orders", 0, 1);
    let message = consumer.poll(PATIENCE).unwrap().unwrap();
    assert_eq!(message.offset(), 0);
    assert!(
        before.elapsed() < Duration::from_secs(10),
        "{:?}",
        before.elapsed()
    );
    // The request that waited, and perhaps the next.
    assert!(kafka.requests(ApiKey::Fetch) <= 2);
}

#[test]
fn batches_larger_than_every_fetch_limit_still_arrive() {
    let kafka = started_with("orders", 1);
    let producer = producer(&kafka, &[]);
    let long = "x".repeat(200_000);
    send(&producer, "orders", 0, (0..5).map(|_| long.clone()));
    let small = consumer(
        &kafka,
        &[
            ("fetch.message.max.bytes", "1000"),
            ("fetch.max.bytes", "1000"),
            ("receive.message.max.bytes", "2000000"),
            ("message.max.bytes", "1000"),
        ],
    );
    let received = read_to_end(&small, "orders", 0, 0).unwrap();
    assert_eq!(received.len(), 5);
}

#[test]
fn a_partition_gives_no_more_bytes_than_asked() {
    let kafka = started_with("orders", 1);
    let producer = producer(&kafka, &[("batch.size", "2000"), ("linger.ms", "20")]);
    send(&producer, "orders", 0, numbered(0, 5_000));
    let before = kafka.fetched("orders").unwrap();
    let consumer = consumer(
        &kafka,
        &[
            ("fetch.message.max.bytes", "5000"),
            ("queued.min.messages", "1"),
            ("fetch.queue.backoff.ms", "1"),
        ],
    );
    read_to_end(&consumer, "orders", 0, 0).unwrap();
    let after = kafka.fetched("orders").unwrap();
    let fetches = kafka.requests(ApiKey::Fetch);
    assert!(
        after.size_bytes - before.size_bytes <= fetches * 5_000,
        "{after:?} in {fetches} fetches"
    );
}

#[test]
fn only_the_first_batch_of_an_answer_may_pass_the_limits() {
    let kafka = started_with("orders", 2);
    for partition in 0..2 {
        fill(&kafka, "orders", partition, 3);
    }
    let request = fetch_request("orders", &[(0, 0, 1), (1, 0, 1)]).with_min_bytes(1);
    let answer = Wire::connect(&kafka).call(11, &request);
    let sizes: Vec<_> = answer.responses[0]
        .partitions
        .iter()
        .map(|data| data.records.as_ref().unwrap().len())
        .collect();
    assert!(sizes[0] > 1 && sizes[1] == 0, "{sizes:?}");
}

#[test]
fn a_fetch_waits_as_long_as_the_client_wants_and_fails_at_once() {
    let kafka = started_with("orders", 1);
    let mut wire = Wire::connect(&kafka);
    let mut took = |offset, min_bytes| {
        let request = fetch_request("orders", &[(0, offset, 1_000)])
            .with_min_bytes(min_bytes)
            .with_max_wait_ms(600);
        let began = Instant::now();
        wire.call(11, &request);
        began.elapsed()
    };
    let wait = Duration::from_millis(600);
    assert!(took(0, 1) >= wait, "nothing there");
    assert!(took(0, 0) < wait, "nothing wanted");
    assert!(took(9, 1) < wait, "out of range");
    fill(&kafka, "orders", 0, 1);
    assert!(took(0, 1) < wait, "enough there");
    assert!(took(0, 10_000) >= wait, "not enough there");
}

#[test]
fn an_unknown_topic_is_an_error_and_stays_unknown() {
    let kafka = started();
    let failed = {
        let producer: BaseProducer = config(&kafka, &[("message.timeout.ms", "2000")])
            .create()
            .unwrap();
        let record = BaseRecord::<(), str>::to("missing").partition(0).payload("value");
        producer.send(record).map_err(|(error, _)| error).unwrap();
        producer.flush(PATIENCE).unwrap();
        kafka.offsets("missing", 0)
    };
    assert!(failed.is_err());
    let error = read_to_end(&committed(&kafka), "missing", 0, 0).unwrap_err();
    let unknown = [
        RDKafkaErrorCode::UnknownTopicOrPartition,
        RDKafkaErrorCode::UnknownTopic,
    ];
    assert!(unknown.contains(&error.rdkafka_error_code().unwrap()), "{error}");
}

#[test]
fn an_idempotent_producer_is_understood() {
    let kafka = started_with("orders", 1);
    let producer = producer(&kafka, &[("enable.idempotence", "true"), ("batch.size", "1000")]);
    send(&producer, "orders", 0, numbered(0, 5_000));
    let received = read_to_end(&committed(&kafka), "orders", 0, 0).unwrap();
    assert_eq!(values_of(&received), numbered(0, 5_000).collect::<Vec<_>>());
}

#[test]
fn connections_lost_in_flight_neither_lose_nor_repeat_records() {
    let kafka = started_with("orders", 1);
    let producer = producer(
        &kafka,
        &[
            ("enable.idempotence", "true"),
            ("batch.size", "2000"),
            ("retry.backoff.ms", "10"),
        ],
    );
    std::thread::scope(|scope| {
        let killer = scope.spawn(|| {
            for _ in 0..10 {
                std::thread::sleep(Duration::from_millis(30));
                kafka.kill_connections();
            }
        });
        let mut sent = 0;
        while !killer.is_finished() {
            send(&producer, "orders", 0, numbered(sent, 500));
            sent += 500;
        }
        let received = read_to_end(&committed(&kafka), "orders", 0, 0).unwrap();
        assert_eq!(values_of(&received), numbered(0, sent).collect::<Vec<_>>());
    });
}

#[test]
fn a_repeated_batch_is_recognised_and_a_hole_refused() {
    let kafka = started_with("orders", 1);
    let mut wire = Wire::connect(&kafka);
    let producer = wire.call(4, &InitProducerIdRequest::default().with_transactional_id(None));
    let mut produce = |base_sequence| {
        let batch = Batch {
            producer_id: producer.producer_id.0,
            producer_epoch: producer.producer_epoch,
            base_sequence,
            ..Batch::of(3)
        };
        let answer = wire.produce("orders", batch.encode());
        (answer.error_code, answer.base_offset)
    };
    assert_eq!(produce(0), (0, 0));
    assert_eq!(produce(3), (0, 3));
    assert_eq!(produce(0), (0, 0));
    assert_eq!(produce(3), (0, 3));
    assert_eq!(produce(7).0, 45);
    assert_eq!(
        kafka.offsets("orders", 0).unwrap(),
        LogOffsets {
            start: 0,
            last_stable: 6,
            end: 6
        }
    );
}

#[test]
fn damaged_and_oversized_batches_are_refused() {
    let kafka = started();
    kafka
        .create_topic_with("orders", 1, &[("max.message.bytes", "200")])
        .unwrap();
    let mut wire = Wire::connect(&kafka);
    let mut damaged = Batch::of(1).encode().to_vec();
    *damaged.last_mut().unwrap() ^= 1;
    assert_eq!(wire.produce("orders", damaged.into()).error_code, 2);
    assert_eq!(wire.produce("orders", Batch::of(50).encode()).error_code, 10);
    assert_eq!(wire.produce("orders", bytes::Bytes::new()).error_code, 87);
    assert_eq!(wire.produce("missing", Batch::of(1).encode()).error_code, 3);
    assert_eq!(wire.produce("orders", Batch::of(1).encode()).error_code, 0);
    assert_eq!(kafka.offsets("orders", 0).unwrap().end, 1);
}

#[test]
fn records_from_the_far_future_are_refused_unless_the_broker_sets_the_time() {
    let kafka = started_with("orders", 1);
    kafka
        .create_topic_with("stamped", 1, &[("message.timestamp.type", "LogAppendTime")])
        .unwrap();
    let mut wire = Wire::connect(&kafka);
    let future = Batch {
        timestamp_ms: 4_000_000_000_000,
        ..Batch::of(1)
    }
    .encode();
    assert_eq!(wire.produce("orders", future.clone()).error_code, 32);
    let stamped = wire.produce("stamped", future);
    assert_eq!(stamped.error_code, 0);
    assert!(stamped.log_append_time_ms > 0);
}

#[test]
fn acks_decide_about_the_answer() {
    let kafka = started_with("orders", 1);
    let mut wire = Wire::connect(&kafka);
    wire.send(9, &produce_request("orders", Batch::of(1).encode(), 0));
    // The next response belongs to the next request: the first had none.
    assert_eq!(wire.produce("orders", Batch::of(1).encode()).base_offset, 1);
    let refused = wire.call(9, &produce_request("orders", Batch::of(1).encode(), 2));
    assert_eq!(refused.responses[0].partition_responses[0].error_code, 21);
    wire.send(9, &produce_request("missing", Batch::of(1).encode(), 0));
    assert_eq!(wire.receive(), None);
}
