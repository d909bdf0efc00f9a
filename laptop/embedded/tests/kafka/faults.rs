//! Faults that other tests rely on, and the end of the broker itself.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use embedded::kafka::ApiKey;
use kafka_protocol::messages::ApiVersionsRequest;
use rdkafka::consumer::Consumer;

use crate::support::*;
use crate::wire::Wire;

#[test]
fn stalled_fetches_are_answered_late_and_everything_else_in_time() {
    let kafka = started_with("orders", 1);
    fill(&kafka, "orders", 0, 10);
    let stall = Duration::from_millis(1_500);
    let began = Instant::now();
    kafka.stall_fetches(stall);
    let consumer = committed(&kafka);
    consumer.fetch_watermarks("orders", 0, PATIENCE).unwrap();
    assert!(began.elapsed() < stall, "watermarks took {:?}", began.elapsed());
    assert_eq!(read_to_end(&consumer, "orders", 0, 0).unwrap().len(), 10);
    assert!(began.elapsed() >= stall);
}

#[test]
fn a_stall_can_be_ended_early() {
    let kafka = started_with("orders", 1);
    fill(&kafka, "orders", 0, 10);
    kafka.stall_fetches(Duration::from_secs(3_600));
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| read_to_end(&committed(&kafka), "orders", 0, 0).unwrap().len());
        std::thread::sleep(Duration::from_millis(500));
        assert!(!reader.is_finished());
        kafka.resume_fetches();
        assert_eq!(reader.join().unwrap(), 10);
    });
}

#[test]
fn a_delay_slows_one_api_until_it_is_taken_away() {
    let kafka = started_with("orders", 1);
    let consumer = committed(&kafka);
    consumer.fetch_watermarks("orders", 0, PATIENCE).unwrap();
    let took = || {
        let began = Instant::now();
        consumer.fetch_watermarks("orders", 0, PATIENCE).unwrap();
        began.elapsed()
    };
    let delay = Duration::from_millis(700);
    kafka.delay(ApiKey::ListOffsets, delay);
    assert!(took() >= delay);
    kafka.delay(ApiKey::ListOffsets, Duration::ZERO);
    assert!(took() < delay);
}

#[test]
fn killing_closes_the_connections_that_are_open_and_no_others() {
    let kafka = started();
    let (mut first, mut second) = (Wire::connect(&kafka), Wire::connect(&kafka));
    for wire in [&mut first, &mut second] {
        wire.call(0, &ApiVersionsRequest::default());
    }
    kafka.kill_connections();
    assert_eq!((first.receive(), second.receive()), (None, None));
    Wire::connect(&kafka).call(0, &ApiVersionsRequest::default());
}

#[test]
fn readers_survive_killed_connections() {
    let kafka = started_with("orders", 1);
    fill(&kafka, "orders", 0, 5_000);
    let consumer = consumer(
        &kafka,
        &[
            ("fetch.message.max.bytes", "2000"),
            ("reconnect.backoff.ms", "10"),
        ],
    );
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| read_to_end(&consumer, "orders", 0, 0).unwrap());
        for _ in 0..5 {
            std::thread::sleep(Duration::from_millis(20));
            kafka.kill_connections();
        }
        assert_eq!(
            offsets_of(&reader.join().unwrap()),
            (0..5_000).collect::<Vec<_>>()
        );
    });
}

#[test]
fn requests_are_counted_by_api() {
    let kafka = started_with("orders", 1);
    let consumer = committed(&kafka);
    let before = kafka.requests(ApiKey::ListOffsets);
    consumer.fetch_watermarks("orders", 0, PATIENCE).unwrap();
    // One for each end.
    assert_eq!(kafka.requests(ApiKey::ListOffsets) - before, 2);
    assert_eq!(kafka.requests(ApiKey::Produce), 0);
}

#[test]
fn dropping_the_broker_closes_its_port_and_its_connections() {
    let kafka = started();
    let address = kafka.bootstrap_servers();
    let mut connected = Wire::connect(&kafka);
    drop(kafka);
    assert_eq!(connected.receive(), None);
    let deadline = Instant::now() + PATIENCE;
    while TcpStream::connect(&address).is_ok() {
        assert!(Instant::now() < deadline, "the port is still open");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[tokio::test]
async fn a_broker_may_be_dropped_inside_a_runtime() {
    let kafka = embedded::kafka::EmbeddedKafka::start().await.unwrap();
    kafka.create_topic("orders", 1).unwrap();
    // A blocking call on the only thread of this runtime: the broker must not depend on it.
    assert_eq!(
        committed(&kafka).fetch_watermarks("orders", 0, PATIENCE).unwrap(),
        (0, 0)
    );
    drop(kafka);
}
