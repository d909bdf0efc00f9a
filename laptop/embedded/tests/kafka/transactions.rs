//! Transactions, written by librdkafka's transactional producer.

use std::time::{Duration, Instant};

use kafka_protocol::messages::{InitProducerIdRequest, ProducerId, TransactionalId};
use kafka_protocol::protocol::StrBytes;
use rdkafka::consumer::Consumer;
use rdkafka::producer::{BaseProducer, Producer};

use crate::support::*;
use crate::wire::{Batch, Wire, produce_request};

fn transactional(kafka: &embedded::kafka::EmbeddedKafka, id: &str) -> BaseProducer {
    let producer = producer(kafka, &[("transactional.id", id)]);
    producer.init_transactions(PATIENCE).unwrap();
    producer
}

fn commit(producer: &BaseProducer, values: impl IntoIterator<Item = String>) {
    producer.begin_transaction().unwrap();
    send(producer, "orders", 0, values);
    producer.commit_transaction(PATIENCE).unwrap();
}

fn abort(producer: &BaseProducer, values: impl IntoIterator<Item = String>) {
    producer.begin_transaction().unwrap();
    send(producer, "orders", 0, values);
    producer.abort_transaction(PATIENCE).unwrap();
}

#[test]
fn committed_records_are_read_and_markers_leave_gaps() {
    let kafka = started_with("orders", 1);
    let producer = transactional(&kafka, "payments");
    commit(&producer, numbered(0, 3));
    commit(&producer, numbered(3, 2));
    // 0..3, marker at 3, 4..6, marker at 6.
    assert_eq!(kafka.offsets("orders", 0).unwrap().end, 7);
    for consumer in [committed(&kafka), uncommitted(&kafka)] {
        let received = read_to_end(&consumer, "orders", 0, 0).unwrap();
        assert_eq!(offsets_of(&received), [0, 1, 2, 4, 5]);
        assert_eq!(values_of(&received), numbered(0, 5).collect::<Vec<_>>());
    }
}

#[test]
fn aborted_records_are_for_uncommitted_readers_only() {
    let kafka = started_with("orders", 1);
    let producer = transactional(&kafka, "payments");
    commit(&producer, ["a".to_owned()]);
    abort(&producer, ["b".to_owned(), "c".to_owned()]);
    commit(&producer, ["d".to_owned()]);
    abort(&producer, ["e".to_owned()]);
    let seen = read_to_end(&committed(&kafka), "orders", 0, 0).unwrap();
    assert_eq!(
        (values_of(&seen), offsets_of(&seen)),
        (vec!["a", "d"], vec![0, 5])
    );
    let seen = read_to_end(&uncommitted(&kafka), "orders", 0, 0).unwrap();
    assert_eq!(
        (values_of(&seen), offsets_of(&seen)),
        (vec!["a", "b", "c", "d", "e"], vec![0, 2, 3, 5, 7])
    );
}

#[test]
fn a_reader_may_start_inside_an_aborted_transaction() {
    let kafka = started_with("orders", 1);
    let producer = transactional(&kafka, "payments");
    abort(&producer, numbered(0, 10));
    commit(&producer, ["good".to_owned()]);
    for start in 0..=11 {
        let seen = read_to_end(&committed(&kafka), "orders", 0, start).unwrap();
        assert_eq!(values_of(&seen), ["good"], "from {start}");
    }
}

#[test]
fn an_open_transaction_ends_the_log_for_committed_readers() {
    let kafka = started_with("orders", 1);
    fill(&kafka, "orders", 0, 2);
    let producer = transactional(&kafka, "payments");
    producer.begin_transaction().unwrap();
    send(&producer, "orders", 0, numbered(0, 3));
    // Not part of the transaction, but after its first record.
    fill(&kafka, "orders", 0, 1);
    let consumer = committed(&kafka);
    assert_eq!(
        offsets_of(&read_to_end(&consumer, "orders", 0, 0).unwrap()),
        [0, 1]
    );
    assert_eq!(consumer.fetch_watermarks("orders", 0, PATIENCE).unwrap(), (0, 2));
    assert_eq!(
        uncommitted(&kafka)
            .fetch_watermarks("orders", 0, PATIENCE)
            .unwrap(),
        (0, 6)
    );
    producer.commit_transaction(PATIENCE).unwrap();
    assert_eq!(consumer.fetch_watermarks("orders", 0, PATIENCE).unwrap(), (0, 7));
    assert_eq!(
        offsets_of(&read_to_end(&consumer, "orders", 0, 0).unwrap()),
        [0, 1, 2, 3, 4, 5]
    );
}

#[test]
fn transactions_of_two_producers_may_interleave() {
    let kafka = started_with("orders", 1);
    let (first, second) = (transactional(&kafka, "first"), transactional(&kafka, "second"));
    first.begin_transaction().unwrap();
    second.begin_transaction().unwrap();
    for round in 0..3 {
        send(&first, "orders", 0, [format!("first-{round}")]);
        send(&second, "orders", 0, [format!("second-{round}")]);
    }
    first.abort_transaction(PATIENCE).unwrap();
    second.commit_transaction(PATIENCE).unwrap();
    let seen = read_to_end(&committed(&kafka), "orders", 0, 0).unwrap();
    assert_eq!(values_of(&seen), ["second-0", "second-1", "second-2"]);
}

#[test]
fn a_transaction_spans_partitions() {
    let kafka = started_with("orders", 3);
    let producer = transactional(&kafka, "payments");
    producer.begin_transaction().unwrap();
    for partition in 0..3 {
        send(&producer, "orders", partition, numbered(0, 2));
    }
    let consumer = committed(&kafka);
    for partition in 0..3 {
        assert_eq!(read_to_end(&consumer, "orders", partition, 0), Ok(vec![]));
    }
    producer.commit_transaction(PATIENCE).unwrap();
    for partition in 0..3 {
        assert_eq!(read_to_end(&consumer, "orders", partition, 0).unwrap().len(), 2);
    }
}

#[test]
fn a_second_producer_fences_the_first() {
    let kafka = started_with("orders", 1);
    let first = transactional(&kafka, "payments");
    first.begin_transaction().unwrap();
    send(&first, "orders", 0, ["lost".to_owned()]);
    let second = transactional(&kafka, "payments");
    assert!(first.commit_transaction(PATIENCE).is_err());
    commit(&second, ["kept".to_owned()]);
    let seen = read_to_end(&committed(&kafka), "orders", 0, 0).unwrap();
    assert_eq!(values_of(&seen), ["kept"]);
}

#[test]
fn a_transaction_without_end_is_aborted_in_time() {
    let kafka = started_with("orders", 1);
    let producer = producer(
        &kafka,
        &[
            ("transactional.id", "payments"),
            ("transaction.timeout.ms", "1000"),
        ],
    );
    producer.init_transactions(PATIENCE).unwrap();
    producer.begin_transaction().unwrap();
    send(&producer, "orders", 0, ["late".to_owned()]);
    assert_eq!(kafka.offsets("orders", 0).unwrap().last_stable, 0);
    let deadline = Instant::now() + PATIENCE;
    while kafka.offsets("orders", 0).unwrap().last_stable == 0 && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(kafka.offsets("orders", 0).unwrap().last_stable, 2);
    assert_eq!(read_to_end(&committed(&kafka), "orders", 0, 0), Ok(vec![]));
}

#[test]
fn transactional_records_need_a_transaction() {
    let kafka = started_with("orders", 1);
    let mut wire = Wire::connect(&kafka);
    let id = TransactionalId(StrBytes::from_static_str("payments"));
    let init = InitProducerIdRequest::default()
        .with_transactional_id(Some(id.clone()))
        .with_transaction_timeout_ms(60_000);
    let producer = wire.call(4, &init.with_producer_id(ProducerId(-1)).with_producer_epoch(-1));
    let batch = Batch {
        producer_id: producer.producer_id.0,
        producer_epoch: producer.producer_epoch,
        base_sequence: 0,
        transactional: true,
        ..Batch::of(3)
    };
    let without_id = produce_request("orders", batch.encode(), -1);
    let with_id = without_id.clone().with_transactional_id(Some(id));
    for (request, code) in [(without_id, 53), (with_id, 48)] {
        assert_eq!(
            wire.call(9, &request).responses[0].partition_responses[0].error_code,
            code
        );
    }
    assert_eq!(kafka.offsets("orders", 0).unwrap().end, 0);
}
