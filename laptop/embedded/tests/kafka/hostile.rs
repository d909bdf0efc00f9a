//! Peers that do not implement Kafka, or send invalid requests.

use embedded::kafka::{ApiKey, EmbeddedKafka};
use kafka_protocol::messages::{ApiVersionsRequest, FetchRequest, MetadataRequest};
use rdkafka::consumer::Consumer;

use crate::support::*;
use crate::wire::{Wire, fetch_request};

fn still_works(kafka: &EmbeddedKafka) {
    assert_eq!(
        committed(kafka).fetch_watermarks("orders", 0, PATIENCE).unwrap(),
        (0, 0)
    );
}

/// xorshift: the same bytes in every run.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

#[test]
fn bytes_that_are_no_request_close_the_connection() {
    let kafka = started_with("orders", 1);
    let huge_length = 104_857_601i32.to_be_bytes();
    let frames: [&[u8]; 6] = [
        b"GET / HTTP/1.1\r\n\r\n",
        &huge_length,
        &[0xff; 4],
        &[0, 0, 0, 0],
        &[0, 0, 0, 3, 0, 18, 0],
        // An api that does not exist.
        &[0, 0, 0, 10, 0x7f, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff],
    ];
    for frame in frames {
        let mut wire = Wire::connect(&kafka);
        wire.send_bytes(frame);
        assert_eq!(wire.receive(), None, "{frame:?}");
    }
    still_works(&kafka);
}

#[test]
fn noise_of_every_api_and_version_closes_the_connection_or_is_answered() {
    let kafka = started_with("orders", 1);
    for key in 0..=75i16 {
        for version in 0..=19i16 {
            let seed = 1 + 100 * key as u64 + version as u64;
            let mut frame = [key.to_be_bytes(), version.to_be_bytes()].concat();
            frame.extend([0, 0, 0, 1, 0xff, 0xff, 0]);
            frame.extend(noise(seed, (seed % 60) as usize));
            let mut wire = Wire::connect(&kafka);
            wire.send_frame(&frame);
            drop(wire);
        }
    }
    still_works(&kafka);
}

#[test]
fn counts_beyond_the_request_allocate_nothing() {
    let kafka = started_with("orders", 1);
    // Metadata of two thousand million topics, in version 0 and, with a compact length, in version 9.
    let version_0 = [0, 3, 0, 0, 0, 0, 0, 1, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff];
    let version_9 = [
        0, 3, 0, 9, 0, 0, 0, 1, 0xff, 0xff, 0, 0xff, 0xff, 0xff, 0xff, 0x07,
    ];
    for frame in [&version_0[..], &version_9] {
        let mut wire = Wire::connect(&kafka);
        wire.send_frame(frame);
        assert_eq!(wire.receive(), None, "{frame:?}");
    }
    still_works(&kafka);
}

#[test]
fn an_unknown_version_of_api_versions_is_answered_in_version_zero() {
    let kafka = started();
    let mut wire = Wire::connect(&kafka);
    wire.send_frame(&[0, 18, 0, 99, 0, 0, 0, 7, 0xff, 0xff, 0, 1, 1, 0]);
    let answer = wire.receive().unwrap();
    // Correlation id, then error 35: unsupported version; then the apis.
    assert_eq!(answer[..6], [0, 0, 0, 7, 0, 35]);
    let offered = wire.call(0, &ApiVersionsRequest::default()).api_keys;
    assert!(offered.iter().any(|api| api.api_key == ApiKey::Fetch as i16));
}

#[test]
fn versions_that_are_not_offered_close_the_connection() {
    let kafka = started_with("orders", 1);
    let mut wire = Wire::connect(&kafka);
    wire.send_frame(&[0, 3, 0, 99, 0, 0, 0, 7, 0xff, 0xff, 0]);
    assert_eq!(wire.receive(), None);
    still_works(&kafka);
}

#[test]
fn fetch_limits_may_be_nonsense() {
    let kafka = started_with("orders", 1);
    fill(&kafka, "orders", 0, 3);
    let mut wire = Wire::connect(&kafka);
    let mut fetch = |max_bytes, partition_max_bytes, offset| {
        let request = fetch_request("orders", &[(0, offset, partition_max_bytes)])
            .with_max_wait_ms(-5)
            .with_min_bytes(i32::MIN)
            .with_max_bytes(max_bytes);
        wire.call(11, &request).responses[0].partitions[0].clone()
    };
    for (max_bytes, partition_max_bytes) in [(i32::MAX, i32::MAX), (0, 0), (-1, -1), (i32::MIN, i32::MAX)] {
        let data = fetch(max_bytes, partition_max_bytes, 0);
        assert_eq!((data.error_code, data.high_watermark), (0, 3));
        assert!(!data.records.unwrap().is_empty(), "the first batch comes whole");
    }
    for offset in [i64::MIN, -1, 4, i64::MAX] {
        assert_eq!(fetch(1, 1, offset).error_code, 1, "{offset}");
    }
}

#[test]
fn sessions_are_neither_made_nor_known() {
    let kafka = started_with("orders", 1);
    let mut wire = Wire::connect(&kafka);
    let fresh = wire.call(11, &FetchRequest::default().with_max_bytes(1));
    assert_eq!((fresh.error_code, fresh.session_id), (0, 0));
    let unknown = wire.call(
        11,
        &FetchRequest::default().with_session_id(9).with_session_epoch(1),
    );
    assert_eq!(unknown.error_code, 70);
}

#[test]
fn metadata_names_every_topic_in_every_version() {
    let kafka = started_with("orders", 2);
    let mut wire = Wire::connect(&kafka);
    for version in 0..=13 {
        let everything = if version == 0 { Some(vec![]) } else { None };
        let metadata = wire.call(version, &MetadataRequest::default().with_topics(everything));
        assert_eq!(metadata.topics.len(), 1, "version {version}");
        assert_eq!(metadata.topics[0].partitions.len(), 2, "version {version}");
        assert_eq!(metadata.brokers.len(), 1, "version {version}");
    }
}
