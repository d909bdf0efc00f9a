//! Reads of a topic's records without processing them: the limit of any reader. Done by librdkafka, which the
//! connector uses, and by our own fetches whose record batches `kafka-protocol` decodes, which it could use
//! instead.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::{
    ApiKey, FetchRequest, FetchResponse, RequestHeader, ResponseHeader, TopicName,
};
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};
use kafka_protocol::records::RecordBatchDecoder;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use tests::world::World;

use crate::figures::{Figures, median};
use crate::function::orders;

const RUNS: usize = 5;

/// Measures both over one partition of the article's orders, a million by default.
pub(crate) async fn measure(rows: &[usize], figures: &mut Figures) -> io::Result<()> {
    let rows = rows.first().copied().unwrap_or(1_000_000);
    let world = World::start().await;
    let topic = orders(&world, rows).await;
    let bootstrap = world.broker.bootstrap().to_owned();
    let times = tokio::task::spawn_blocking(move || {
        let (mut polls, mut fetches) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            polls.push(poll(&bootstrap, &topic, rows as i64)?.as_secs_f64());
            fetches.push(fetch(&bootstrap, &topic, rows as i64)?.as_secs_f64());
        }
        Ok::<_, io::Error>((median(polls), median(fetches)))
    });
    let (poll, fetch) = times.await.map_err(io::Error::other)??;
    for (what, seconds) in [
        ("librdkafka", poll),
        ("fetches that kafka-protocol decodes", fetch),
    ] {
        let what = format!("bare read of {rows} JSON orders by {what}");
        figures.add(what, rows as f64 / seconds / 1e6, "M records/s");
    }
    Ok(())
}

/// Polls the first `records` records of partition 0, and uses only their lengths.
pub(crate) fn poll(bootstrap: &str, topic: &str, records: i64) -> io::Result<Duration> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", "measure")
        .set("enable.auto.commit", "false")
        .create()
        .map_err(io::Error::other)?;
    let mut partitions = TopicPartitionList::new();
    partitions
        .add_partition_offset(topic, 0, Offset::Offset(0))
        .map_err(io::Error::other)?;
    let started = Instant::now();
    consumer.assign(&partitions).map_err(io::Error::other)?;
    let (mut polled, mut bytes) = (0, 0);
    while polled < records {
        let message = consumer
            .poll(Duration::from_secs(10))
            .ok_or(io::ErrorKind::TimedOut)?;
        let message = message.map_err(io::Error::other)?;
        polled += 1;
        bytes += message.payload_len();
    }
    assert!(bytes > 0, "records have bytes");
    Ok(started.elapsed())
}

/// Maximum number of received fetches of librdkafka's size that are not decoded yet.
const FETCHED_AHEAD: usize = 4;
const FETCH_BYTES: i32 = 1024 * 1024;
/// Latest version that names topics.
const FETCH_VERSION: i16 = 12;

/// Reads like [`poll`], with one thread for fetching and one for decoding.
fn fetch(bootstrap: &str, topic: &str, records: i64) -> io::Result<Duration> {
    let started = Instant::now();
    let mut broker = TcpStream::connect(bootstrap)?;
    broker.set_nodelay(true)?;
    broker.set_read_timeout(Some(Duration::from_secs(10)))?;
    let topic = topic.to_owned();
    let (sender, fetched) = mpsc::sync_channel(FETCHED_AHEAD);
    let fetching = thread::spawn(move || {
        let mut offset = 0;
        while offset < records {
            let batches = fetch_at(&mut broker, &topic, offset)?;
            offset = end_of(&batches).ok_or(io::ErrorKind::TimedOut)?;
            if sender.send(batches).is_err() {
                break;
            }
        }
        Ok::<_, io::Error>(())
    });
    let (mut decoded, mut bytes) = (0, 0);
    for mut batches in fetched {
        while !batches.is_empty() {
            // The last batch of a response is often truncated.
            let Ok(batch) = RecordBatchDecoder::decode(&mut batches) else {
                break;
            };
            decoded += batch.records.len();
            let values = batch.records.iter().filter_map(|record| record.value.as_ref());
            bytes += values.map(Bytes::len).sum::<usize>();
        }
    }
    fetching.join().map_err(|_| io::ErrorKind::Other)??;
    assert!(bytes > 0 && decoded >= records as usize, "records have bytes");
    Ok(started.elapsed())
}

fn fetch_at(broker: &mut TcpStream, topic: &str, offset: i64) -> io::Result<Bytes> {
    let partition = FetchPartition::default()
        .with_fetch_offset(offset)
        .with_partition_max_bytes(FETCH_BYTES);
    let topic = FetchTopic::default()
        .with_topic(TopicName(StrBytes::from_string(topic.to_owned())))
        .with_partitions(vec![partition]);
    let request = FetchRequest::default()
        .with_max_wait_ms(500)
        .with_min_bytes(1)
        .with_topics(vec![topic]);
    let header = RequestHeader::default()
        .with_request_api_key(ApiKey::Fetch as i16)
        .with_request_api_version(FETCH_VERSION);
    let mut message = BytesMut::new();
    let header_version = ApiKey::Fetch.request_header_version(FETCH_VERSION);
    header
        .encode(&mut message, header_version)
        .map_err(io::Error::other)?;
    request
        .encode(&mut message, FETCH_VERSION)
        .map_err(io::Error::other)?;
    broker.write_all(&(message.len() as u32).to_be_bytes())?;
    broker.write_all(&message)?;

    let mut length = [0; 4];
    broker.read_exact(&mut length)?;
    let mut answer = vec![0; u32::from_be_bytes(length) as usize];
    broker.read_exact(&mut answer)?;
    let mut answer = Bytes::from(answer);
    let header_version = ApiKey::Fetch.response_header_version(FETCH_VERSION);
    ResponseHeader::decode(&mut answer, header_version).map_err(io::Error::other)?;
    let answer = FetchResponse::decode(&mut answer, FETCH_VERSION).map_err(io::Error::other)?;
    let topic = answer.responses.into_iter().next();
    let partition = topic.and_then(|topic| topic.partitions.into_iter().next());
    partition
        .and_then(|partition| partition.records)
        .ok_or_else(|| io::ErrorKind::NotFound.into())
}

/// Offset after the last complete batch.
fn end_of(batches: &[u8]) -> Option<i64> {
    // A batch begins with its base offset and the length of the rest; the last offset, relative to the base,
    // is at byte 23.
    const HEADER_BYTES: usize = 12;
    const LAST_OFFSET_DELTA_AT: usize = 23;
    let number = |at: usize| Some(i32::from_be_bytes(batches.get(at..at + 4)?.try_into().ok()?));
    let (mut at, mut end) = (0, None);
    while let Some(length) = number(at + 8) {
        let next = at + HEADER_BYTES + usize::try_from(length).ok()?;
        if next > batches.len() {
            break;
        }
        let base = i64::from_be_bytes(batches[at..at + 8].try_into().ok()?);
        end = Some(base + i64::from(number(at + LAST_OFFSET_DELTA_AT)?) + 1);
        at = next;
    }
    end
}
