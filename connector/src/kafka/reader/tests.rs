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
use crate::config::IsolationLevel;
use crate::config::cluster::ClusterConfig;
use crate::kafka::auth::store::memory::MemoryCredentialStore;
use crate::kafka::client::KafkaBroker;
use crate::kafka::memory::MemoryRecord;
use crate::kafka::{Broker, Watermarks};

const TOPIC: &str = "orders";

/// A cluster of librdkafka's, which can be told to fail, and a broker client for it.
struct Cluster {
    mock: MockCluster<'static, DefaultProducerContext>,
    broker: KafkaBroker,
}

impl Cluster {
    fn start() -> Self {
        let mock = MockCluster::new(1).unwrap();
        mock.create_topic(TOPIC, 2, 1).unwrap();
        let cluster = ClusterConfig::at(mock.bootstrap_servers());
        Self {
            mock,
            broker: KafkaBroker::new(
                cluster,
                IsolationLevel::ReadCommitted,
                Arc::new(MemoryCredentialStore::new()),
            ),
        }
    }

    /// With records 0..`records` in partition 0, each of its own number as text.
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

    async fn read(&self, start: i64, end: i64, limit: Duration) -> (Result<ReadStats, Error>, Vec<i64>) {
        let sink = Collect::default();
        let range = OffsetRange::new(start, end).unwrap();
        let deadline = Instant::now() + limit;
        let result = self
            .broker
            .read(&partition(0), range, deadline, Box::new(sink.clone()))
            .await;
        let offsets = sink.0.lock().unwrap().clone();
        (result, offsets)
    }

    fn fail(&self, request: ApiKey, errors: &[ResponseError]) {
        self.mock.request_errors(request, errors);
    }
}

fn partition(partition: i32) -> TopicPartition {
    TopicPartition {
        topic: TOPIC.into(),
        partition,
    }
}

/// Long enough for any read that goes well.
const PATIENT: Duration = Duration::from_secs(30);

#[derive(Clone, Default)]
struct Collect(Arc<Mutex<Vec<i64>>>);

impl RecordSink for Collect {
    fn accept(&mut self, record: Record<'_>) -> Result<(), Error> {
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
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Error> {
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

/// Keeps whole records.
#[derive(Clone, Default)]
struct Keep(Arc<Mutex<Vec<MemoryRecord>>>);

impl RecordSink for Keep {
    fn accept(&mut self, record: Record<'_>) -> Result<(), Error> {
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
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Error> {
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
    let range = OffsetRange::new(0, 2).unwrap();
    let (topic_partition, deadline) = (partition(1), Instant::now() + PATIENT);
    let read = cluster
        .broker
        .read(&topic_partition, range, deadline, Box::new(sink.clone()));
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
    let snapshot = cluster
        .broker
        .snapshot(TOPIC, Instant::now() + PATIENT)
        .await
        .unwrap();
    assert_eq!(
        snapshot,
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
            .snapshot("oders", Instant::now() + PATIENT)
            .await
            .unwrap_err();
        assert!(
            matches!(&error, Error::Kafka(KafkaError::UnknownTopic { topic }) if topic == "oders"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn an_unknown_partition_is_an_error() {
    let cluster = Cluster::with_records(1);
    let (range, deadline) = (OffsetRange::new(0, 1).unwrap(), Instant::now() + PATIENT);
    let read = cluster
        .broker
        .read(&partition(7), range, deadline, Box::new(Collect::default()))
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
            Error::Kafka(KafkaError::Truncated {
                high: 10,
                end: 11,
                ..
            })
        ),
        "{error}"
    );
    assert!(offsets.is_empty());
}

#[tokio::test]
async fn reads_on_after_errors_that_pass() {
    let cluster = Cluster::with_records(100);
    cluster.fail(
        ApiKey::Fetch,
        &[
            ResponseError::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
            ResponseError::RD_KAFKA_RESP_ERR_UNKNOWN,
            ResponseError::RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
            ResponseError::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
            ResponseError::RD_KAFKA_RESP_ERR__TRANSPORT,
        ],
    );
    cluster.fail(
        ApiKey::ListOffsets,
        &[
            ResponseError::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
            ResponseError::RD_KAFKA_RESP_ERR__TRANSPORT,
            ResponseError::RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
        ],
    );
    let (stats, offsets) = cluster.read(0, 100, PATIENT).await;
    assert_eq!(stats.unwrap().records, 100);
    assert_eq!(offsets, (0..100).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_out_of_range_answer_repeats_nothing() {
    let cluster = Cluster::with_records(100);
    cluster.fail(
        ApiKey::Fetch,
        &[ResponseError::RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE; 2],
    );
    let (stats, offsets) = cluster.read(10, 100, PATIENT).await;
    assert_eq!(stats.unwrap().expired_offsets, 0, "the log still begins at 0");
    assert_eq!(offsets, (10..100).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_refused_topic_is_an_error_at_once() {
    let cluster = Cluster::with_records(100);
    cluster.fail(
        ApiKey::Fetch,
        &[ResponseError::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED; 10],
    );
    let error = cluster.read(0, 100, PATIENT).await.0.unwrap_err();
    assert!(
        matches!(error, Error::Kafka(KafkaError::Unauthorized { .. })),
        "{error}"
    );
    assert!(
        error.to_string().contains("topic `orders` partition 0"),
        "{error}"
    );
}

#[tokio::test]
async fn records_that_the_log_has_lost_are_skipped_and_counted() {
    let cluster = Cluster::start();
    // The mock keeps about 5 MiB of a partition.
    cluster.produce(0..300, |number| format!("{number} {}", "x".repeat(50_000)));
    let snapshot = cluster
        .broker
        .snapshot(TOPIC, Instant::now() + PATIENT)
        .await
        .unwrap();
    let (_, Watermarks { low, high }) = snapshot[0];
    assert!(low > 0 && high == 300, "low {low} high {high}");
    let (stats, offsets) = cluster.read(0, 300, PATIENT).await;
    assert_eq!(stats.unwrap().expired_offsets, low as u64);
    assert_eq!(offsets, (low..300).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_on_when_a_broker_comes_back() {
    let cluster = Cluster::with_records(100);
    cluster.read(0, 1, PATIENT).await.0.unwrap();
    cluster.mock.broker_down(-1).unwrap();
    let reading = cluster.read(0, 100, PATIENT);
    let repair = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        cluster.mock.broker_up(-1).unwrap();
    };
    let ((stats, offsets), ()) = futures::join!(reading, repair);
    assert_eq!(stats.unwrap().records, 100);
    assert_eq!(offsets, (0..100).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_stays_away_is_an_error_within_the_deadline() {
    let cluster = Cluster::with_records(100);
    cluster.read(0, 1, PATIENT).await.0.unwrap();
    cluster.mock.broker_down(-1).unwrap();
    let started = Instant::now();
    let error = cluster
        .read(0, 100, Duration::from_secs(3))
        .await
        .0
        .unwrap_err()
        .to_string();
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "took {:?}",
        started.elapsed()
    );
    assert!(
        error.contains("topic `orders`") && error.contains("Connection refused"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stall_is_an_error_that_says_where_and_since_when() {
    let cluster = Cluster::with_records(100);
    cluster.fail(
        ApiKey::Fetch,
        &[ResponseError::RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR; 1000],
    );
    let started = Instant::now();
    let (result, offsets) = cluster.read(40, 100, Duration::from_secs(2)).await;
    assert!(
        started.elapsed() < Duration::from_secs(4),
        "took {:?}",
        started.elapsed()
    );
    let error = result.unwrap_err();
    assert!(
        matches!(error, Error::Kafka(KafkaError::Stalled { position: 40, .. })),
        "{error}"
    );
    assert!(
        error.to_string().contains("offset 40 of offsets 40..100"),
        "{error}"
    );
    assert!(offsets.is_empty());
}

/// Refuses the record at an offset, and tells when it is dropped.
struct Refuse {
    at: i64,
    dropped: Option<tokio::sync::oneshot::Sender<()>>,
}

impl RecordSink for Refuse {
    fn accept(&mut self, record: Record<'_>) -> Result<(), Error> {
        if record.offset == self.at {
            Err(Error::Internal("refused".into()))
        } else {
            Ok(())
        }
    }

    fn finish(&mut self) -> Result<(), Error> {
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
    let range = OffsetRange::new(0, 100).unwrap();
    let read = cluster
        .broker
        .read(&partition(0), range, Instant::now() + PATIENT, sink)
        .await;
    assert!(matches!(read, Err(Error::Internal(reason)) if reason == "refused"));
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
    let range = OffsetRange::new(0, 100).unwrap();
    let topic_partition = partition(0);
    let read = cluster
        .broker
        .read(&topic_partition, range, Instant::now() + PATIENT, sink);
    assert!(
        timeout(Duration::from_millis(500), read).await.is_err(),
        "the read should be waiting"
    );
    timeout(Duration::from_secs(2), dropped)
        .await
        .expect("the thread should have ended")
        .unwrap();
}
