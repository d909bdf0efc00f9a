use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use rdkafka::ClientConfig;
use rdkafka::bindings::rd_kafka_resp_err_t as ResponseError;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer};
use rdkafka::types::RDKafkaApiKey as ApiKey;
use tokio::time::timeout;
use topic::{RecordTimestamp, TimestampType};

use super::*;
use crate::auth::credentials::memory::MemoryCredentialStore;
use crate::auth::settings::Authentication;
use crate::blocking::blocking;
use crate::broker::KafkaBroker;
use crate::cluster::{self, IsolationLevel};
use crate::memory::{MemoryBroker, MemoryRecord};
use crate::offsets::{OffsetRange, OnExpiredOffsets, TopicSnapshot, Watermarks};
use crate::topic_id::TopicId;
use crate::{Broker, SinkFailed};

mod faults;

const TOPIC: &str = "orders";

/// Mock cluster of librdkafka, which can be made to fail, and a broker client for it.
struct Cluster {
    mock: MockCluster<'static, DefaultProducerContext>,
    broker: KafkaBroker,
}

impl Cluster {
    fn start() -> Self {
        Self::of_brokers(1)
    }

    /// Cluster of so many brokers, whose ids begin with 1; the last leads partition 0.
    fn of_brokers(brokers: i32) -> Self {
        let mock = MockCluster::new(brokers).unwrap();
        mock.create_topic(TOPIC, 2, brokers).unwrap();
        mock.partition_leader(TOPIC, 0, Some(brokers)).unwrap();
        let cluster = cluster::Cluster::at(mock.bootstrap_servers());
        Self {
            mock,
            broker: KafkaBroker::new(
                cluster,
                IsolationLevel::ReadCommitted,
                Arc::new(MemoryCredentialStore::new()),
            ),
        }
    }

    /// Cluster with records 0..`records` in partition 0, whose values are their numbers.
    fn with_records(records: usize) -> Self {
        let cluster = Self::start();
        cluster.produce(0..records, usize::to_string);
        cluster
    }

    fn produce(&self, numbers: std::ops::Range<usize>, value: impl Fn(&usize) -> String) {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", self.mock.bootstrap_servers())
            .set("linger.ms", "5");
        let producer: BaseProducer = config.create().unwrap();
        for number in numbers {
            let value = value(&number);
            producer
                .send(BaseRecord::<(), _>::to(TOPIC).partition(0).payload(&value))
                .unwrap();
        }
        producer.flush(Duration::from_secs(20)).unwrap();
    }

    async fn read(&self, start: i64, end: i64, limit: Duration) -> (Result<ReadStats, KafkaError>, Vec<i64>) {
        let sink = Collect::default();
        let deadline = Instant::now() + limit;
        let result = self
            .broker
            .read(&planned(0, start, end), deadline, Box::new(sink.clone()))
            .await;
        let offsets = sink.0.lock().unwrap().clone();
        (result, offsets)
    }

    async fn snapshot(&self) -> TopicSnapshot {
        let deadline = Instant::now() + PATIENT;
        self.broker.snapshot(TOPIC, deadline).await.unwrap()
    }

    fn fail(&self, request: ApiKey, errors: &[ResponseError]) {
        self.mock.request_errors(request, errors);
    }
}

fn planned(partition: i32, start: i64, end: i64) -> PlannedRange {
    PlannedRange {
        topic_partition: TopicPartition {
            topic: TOPIC.into(),
            partition,
        },
        topic_id: None,
        range: OffsetRange::new(start, end).unwrap(),
        on_expired_offsets: OnExpiredOffsets::Skip,
    }
}

/// Deadline of reads that are expected to succeed.
const PATIENT: Duration = Duration::from_secs(30);

#[derive(Clone, Default)]
struct Collect(Arc<Mutex<Vec<i64>>>);

impl RecordSink for Collect {
    fn accept(&mut self, record: Record<'_>) -> Result<ControlFlow<()>, SinkFailed> {
        let value = record
            .value
            .map(|value| String::from_utf8(value.to_vec()).unwrap())
            .unwrap();
        assert!(
            value.starts_with(&record.offset.to_string()),
            "offset {} holds {value}",
            record.offset
        );
        self.0.lock().unwrap().push(record.offset);
        Ok(ControlFlow::Continue(()))
    }

    fn finish(&mut self) -> Result<(), SinkFailed> {
        Ok(())
    }
}

#[tokio::test]
async fn reads_each_record_of_the_range_once_and_nothing_else() {
    let cluster = Cluster::with_records(1000);
    for (start, end) in [(0, 1000), (0, 1), (999, 1000), (250, 750), (0, 1000)] {
        let (stats, offsets) = cluster.read(start, end, PATIENT).await;
        assert_eq!(offsets, (start..end).collect::<Vec<_>>());
        let stats = stats.unwrap();
        assert_eq!((stats.records, stats.expired_offsets), (offsets.len() as u64, 0));
    }
}

/// Sink that keeps whole records.
#[derive(Clone, Default)]
struct Keep(Arc<Mutex<Vec<MemoryRecord>>>);

impl RecordSink for Keep {
    fn accept(&mut self, record: Record<'_>) -> Result<ControlFlow<()>, SinkFailed> {
        assert_eq!(record.partition, 1);
        let mut headers = Vec::new();
        record.headers.visit(&mut |name, value| {
            headers.push((name.into_owned(), value.map(<[u8]>::to_vec)));
        });
        self.0.lock().unwrap().push(MemoryRecord {
            key: record.key.map(<[u8]>::to_vec),
            value: record.value.map(<[u8]>::to_vec),
            headers,
            timestamp: record.timestamp,
            leader_epoch: record.leader_epoch,
        });
        Ok(ControlFlow::Continue(()))
    }

    fn finish(&mut self) -> Result<(), SinkFailed> {
        Ok(())
    }
}

#[tokio::test]
async fn a_record_comes_with_all_it_carries() {
    let cluster = Cluster::start();
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", cluster.mock.bootstrap_servers());
    let producer: BaseProducer = config.create().unwrap();
    let header = |key, value| Header { key, value };
    let headers = OwnedHeaders::new()
        .insert(header("trace", Some(&b"\xff\x00"[..])))
        .insert(header("none", None))
        .insert(header("trace", Some(&b""[..])));
    let full = BaseRecord::to(TOPIC)
        .partition(1)
        .key("k")
        .payload("v")
        .timestamp(1_678_352_400_123)
        .headers(headers);
    producer.send(full).unwrap();
    let tombstone = BaseRecord::<[u8], [u8]>::to(TOPIC)
        .partition(1)
        .key(b"")
        .timestamp(5);
    producer.send(tombstone).unwrap();
    producer.flush(Duration::from_secs(20)).unwrap();

    let sink = Keep::default();
    let (planned, deadline) = (planned(1, 0, 2), Instant::now() + PATIENT);
    let read = cluster.broker.read(&planned, deadline, Box::new(sink.clone()));
    assert_eq!(read.await.unwrap().value_bytes, 1);
    let created = |millis| {
        Some(RecordTimestamp {
            millis,
            kind: TimestampType::CreateTime,
        })
    };
    let records = sink.0.lock().unwrap();
    let trace = |value: &[u8]| ("trace".to_owned(), Some(value.to_vec()));
    let full = MemoryRecord {
        key: Some(b"k".to_vec()),
        value: Some(b"v".to_vec()),
        headers: vec![trace(b"\xff\x00"), ("none".to_owned(), None), trace(b"")],
        timestamp: created(1_678_352_400_123),
        leader_epoch: Some(0),
    };
    let tombstone = MemoryRecord {
        key: Some(vec![]),
        value: None,
        headers: vec![],
        timestamp: created(5),
        leader_epoch: Some(0),
    };
    assert_eq!(*records, [full, tombstone]);
}

#[tokio::test]
async fn knows_both_ends_of_every_partition() {
    let cluster = Cluster::with_records(10);
    let snapshot = cluster.snapshot().await;
    assert_eq!(
        snapshot.partitions,
        [
            (0, Watermarks { low: 0, high: 10 }),
            (1, Watermarks { low: 0, high: 0 })
        ]
    );
}

#[tokio::test]
async fn the_last_range_of_a_quiet_partition_waits_for_nothing() {
    let cluster = Cluster::with_records(10);
    cluster.read(0, 10, PATIENT).await.0.unwrap();
    let started = Instant::now();
    cluster.read(0, 10, PATIENT).await.0.unwrap();
    assert!(
        started.elapsed() < Duration::from_secs(1),
        "took {:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn the_rest_of_a_range_holds_nothing_only_if_what_comes_next_lies_behind_it() {
    let cluster = Cluster::with_records(10);
    let own = cluster::Cluster::at(cluster.mock.bootstrap_servers());
    let authentication = Authentication::new(own, Arc::new(MemoryCredentialStore::new()));
    let pool = Arc::new(Pool::new(
        Arc::new(authentication),
        IsolationLevel::ReadUncommitted,
    ));
    // End of a range, and the position in it.
    for (end, position, wanted) in [
        (5, 0, false),
        (5, 4, false),
        (5, 5, true),
        (10, 9, false),
        (10, 10, true),
        (11, 10, false),
    ] {
        let pool = Arc::clone(&pool);
        let found = blocking(move || {
            pool.with_client(|client| {
                let (range, deadline) = (planned(0, 0, end), Instant::now() + PATIENT);
                let not_cancelled = AtomicBool::new(false);
                is_without_records(client, &range, position, deadline, &not_cancelled)
            })
        });
        assert_eq!(found.await.unwrap(), wanted, "from {position} to {end}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_ranges_are_read_side_by_side() {
    let cluster = Cluster::with_records(1000);
    let reads = (0..8).map(|part| cluster.read(part * 125, (part + 1) * 125, PATIENT));
    let mut all = Vec::new();
    for (stats, offsets) in futures::future::join_all(reads).await {
        assert_eq!(stats.unwrap().records, 125);
        all.extend(offsets);
    }
    assert_eq!(all, (0..1000).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_unknown_topic_is_an_error_and_stays_unknown() {
    let cluster = Cluster::start();
    for _ in 0..2 {
        let error = cluster
            .broker
            .snapshot("elsewhere", Instant::now() + PATIENT)
            .await
            .unwrap_err();
        assert!(
            matches!(&error, KafkaError::UnknownTopic { topic } if topic == "elsewhere"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_topic_of_another_id_is_an_error_before_anything_is_read() {
    let cluster = Cluster::with_records(10);
    let found = cluster.snapshot().await.topic_id.expect("the mock gives ids");
    let other = TopicId::from_bytes([7; TopicId::BYTES]).unwrap();
    let read = async |topic_id| {
        let sink = Collect::default();
        let planned = PlannedRange {
            topic_id: Some(topic_id),
            ..planned(0, 0, 10)
        };
        let deadline = Instant::now() + PATIENT;
        let read = cluster
            .broker
            .read(&planned, deadline, Box::new(sink.clone()))
            .await;
        (read, sink.0.lock().unwrap().len())
    };
    let (result, records) = read(other).await;
    assert_eq!(
        result.unwrap_err().to_string(),
        format!(
            "topic `orders` was deleted and recreated after the query was planned: its id was {other} and is {found}"
        )
    );
    assert_eq!(records, 0);
    assert_eq!(read(found).await.1, 10);
}

#[tokio::test]
async fn brokers_that_know_no_topic_ids_are_read_by_name() {
    let cluster = Cluster::with_records(10);
    // Version 10 of Metadata is the first with ids (KIP-516).
    cluster
        .mock
        .apiversion(ApiKey::Metadata, Some(0), Some(9))
        .unwrap();
    assert_eq!(cluster.snapshot().await.topic_id, None);
    let planned = PlannedRange {
        topic_id: TopicId::from_bytes([7; TopicId::BYTES]),
        ..planned(0, 0, 10)
    };
    let deadline = Instant::now() + PATIENT;
    let read = cluster
        .broker
        .read(&planned, deadline, Box::new(Collect::default()));
    assert_eq!(read.await.unwrap().records, 10);
}

#[tokio::test]
async fn an_unknown_partition_is_an_error() {
    let cluster = Cluster::with_records(1);
    let deadline = Instant::now() + PATIENT;
    let read = cluster
        .broker
        .read(&planned(7, 0, 1), deadline, Box::new(Collect::default()))
        .await;
    let error = read.unwrap_err();
    assert_eq!(
        error.to_string(),
        "topic `orders` partition 7 does not exist in the Kafka cluster"
    );
}

#[tokio::test]
async fn a_range_beyond_the_log_is_an_error_before_anything_is_read() {
    let cluster = Cluster::with_records(10);
    let (result, offsets) = cluster.read(5, 11, PATIENT).await;
    let error = result.unwrap_err();
    assert!(
        matches!(
            error,
            KafkaError::Truncated {
                high: 10,
                end: 11,
                ..
            }
        ),
        "{error}"
    );
    assert!(offsets.is_empty());
}

#[tokio::test]
async fn records_that_the_log_has_lost_are_skipped_and_counted() {
    let cluster = Cluster::start();
    // The mock keeps about 5 MiB of a partition.
    cluster.produce(0..300, |number| format!("{number} {}", "x".repeat(50_000)));
    let snapshot = cluster.snapshot().await;
    let (_, Watermarks { low, high }) = snapshot.partitions[0];
    assert!(low > 0 && high == 300, "low {low} high {high}");
    let (stats, offsets) = cluster.read(0, 300, PATIENT).await;
    assert_eq!(stats.unwrap().expired_offsets, low as u64);
    assert_eq!(offsets, (low..300).collect::<Vec<_>>());
}

/// Sink that rejects the record at an offset, and reports when it is dropped.
struct Refuse {
    at: i64,
    dropped: Option<tokio::sync::oneshot::Sender<()>>,
}

impl RecordSink for Refuse {
    fn accept(&mut self, record: Record<'_>) -> Result<ControlFlow<()>, SinkFailed> {
        if record.offset == self.at {
            Err(SinkFailed)
        } else {
            Ok(ControlFlow::Continue(()))
        }
    }

    fn finish(&mut self) -> Result<(), SinkFailed> {
        Ok(())
    }
}

impl Drop for Refuse {
    fn drop(&mut self) {
        let _ = self.dropped.take().map(|dropped| dropped.send(()));
    }
}

#[tokio::test]
async fn an_error_of_the_sink_ends_the_read() {
    let cluster = Cluster::with_records(100);
    let sink = Box::new(Refuse { at: 7, dropped: None });
    let read = cluster
        .broker
        .read(&planned(0, 0, 100), Instant::now() + PATIENT, sink)
        .await;
    assert!(matches!(read, Err(KafkaError::Sink(SinkFailed))));
}

/// Sink that stops at an offset, and counts its records and ends.
#[derive(Clone)]
struct Enough {
    at: i64,
    shown: Arc<Mutex<(u64, u64)>>,
}

impl RecordSink for Enough {
    fn accept(&mut self, record: Record<'_>) -> Result<ControlFlow<()>, SinkFailed> {
        self.shown.lock().unwrap().0 += 1;
        Ok(match record.offset == self.at {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })
    }

    fn finish(&mut self) -> Result<(), SinkFailed> {
        self.shown.lock().unwrap().1 += 1;
        Ok(())
    }
}

#[tokio::test]
async fn a_sink_that_has_enough_ends_the_read_well() {
    let cluster = Cluster::with_records(100);
    let memory = MemoryBroker::default();
    memory.create_topic(TOPIC, 1);
    (0..100).for_each(|_| memory.append(TOPIC, 0, Some(b"x")));
    let brokers: [&dyn Broker; 2] = [&cluster.broker, &memory];
    for broker in brokers {
        for (at, stopped_early) in [(17, true), (59, false), (1000, false)] {
            let shown = Arc::default();
            let sink = Box::new(Enough {
                at,
                shown: Arc::clone(&shown),
            });
            let planned = planned(0, 10, 60);
            let read = broker.read(&planned, Instant::now() + PATIENT, sink).await;
            let stats = read.unwrap();
            let records = (at + 1).min(60) as u64 - 10;
            assert_eq!(
                (stats.records, stats.stopped_early),
                (records, stopped_early),
                "at {at}"
            );
            assert_eq!(*shown.lock().unwrap(), (records, 1), "at {at}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_read_stops_its_thread_at_once() {
    let cluster = Cluster::with_records(100);
    cluster.fail(
        ApiKey::Fetch,
        &[ResponseError::RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR; 1000],
    );
    let (sender, dropped) = tokio::sync::oneshot::channel();
    let sink = Box::new(Refuse {
        at: -1,
        dropped: Some(sender),
    });
    let planned = planned(0, 0, 100);
    let read = cluster.broker.read(&planned, Instant::now() + PATIENT, sink);
    assert!(
        timeout(Duration::from_millis(500), read).await.is_err(),
        "the read should be waiting"
    );
    timeout(Duration::from_secs(2), dropped)
        .await
        .expect("the thread should have ended")
        .unwrap();
}
