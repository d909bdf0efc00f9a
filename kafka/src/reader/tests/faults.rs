//! Failing brokers: the read continues, or its error has the reason.

use std::sync::mpsc;

use rdkafka::bindings::rd_kafka_resp_err_t as RequestError;

use super::*;

/// Outcome of a read after an error of the brokers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// All records are read, each once.
    ReadsOn,
    UnknownTopic,
    Unauthorized,
    Unreadable,
}

impl Outcome {
    fn of(error: &KafkaError) -> Option<Self> {
        match error {
            KafkaError::UnknownTopic { .. } => Some(Self::UnknownTopic),
            KafkaError::Unauthorized { .. } => Some(Self::Unauthorized),
            KafkaError::Unreadable { .. } => Some(Self::Unreadable),
            _ => None,
        }
    }
}

use Outcome::*;
use RequestError::*;

/// Transient errors occur twice, since librdkafka may handle one by itself; permanent ones do not end.
async fn check(request: ApiKey, cases: &[(RequestError, Outcome)]) {
    let mut wrong = Vec::new();
    for (error, wanted) in cases {
        let cluster = Cluster::with_records(100);
        let times = if *wanted == ReadsOn { 2 } else { 50 };
        cluster.fail(request, &vec![*error; times]);
        let (result, offsets) = cluster.read(10, 100, PATIENT).await;
        let found = match &result {
            Ok(_) => Some(ReadsOn),
            Err(error) => Outcome::of(error),
        };
        let all = offsets == (10..100).collect::<Vec<_>>();
        if found != Some(*wanted) || all != (*wanted == ReadsOn) {
            wrong.push(format!("{error:?}: {result:?}, {} records", offsets.len()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn errors_of_fetches_are_waited_out_or_end_the_read() {
    let cases = [
        (RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, ReadsOn),
        (RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, ReadsOn),
        (RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE, ReadsOn),
        (RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE, ReadsOn),
        (RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH, ReadsOn),
        (RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH, ReadsOn),
        (RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE, ReadsOn),
        (RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, ReadsOn),
        (RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR, ReadsOn),
        (RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, ReadsOn),
        (RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, ReadsOn),
        (RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_ID, ReadsOn),
        (RD_KAFKA_RESP_ERR_FETCH_SESSION_ID_NOT_FOUND, ReadsOn),
        (RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED, ReadsOn),
        (RD_KAFKA_RESP_ERR_UNKNOWN, ReadsOn),
        (RD_KAFKA_RESP_ERR__TRANSPORT, ReadsOn),
        (RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, Unauthorized),
        (RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, Unauthorized),
        (RD_KAFKA_RESP_ERR_INVALID_MSG, Unreadable),
        (RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, Unreadable),
        (RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION, Unreadable),
    ];
    check(ApiKey::Fetch, &cases).await;
}

#[tokio::test]
async fn errors_of_offsets_are_waited_out_or_end_the_read() {
    let cases = [
        (RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, ReadsOn),
        (RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, ReadsOn),
        (RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE, ReadsOn),
        (RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH, ReadsOn),
        (RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH, ReadsOn),
        (RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE, ReadsOn),
        (RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR, ReadsOn),
        (RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, ReadsOn),
        (RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED, ReadsOn),
        (RD_KAFKA_RESP_ERR__TRANSPORT, ReadsOn),
        (RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, Unauthorized),
    ];
    check(ApiKey::ListOffsets, &cases).await;
}

/// ApiVersions is the first request on a connection.
#[tokio::test]
async fn errors_of_the_greeting_are_waited_out() {
    let cases = [
        (RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, ReadsOn),
        (RD_KAFKA_RESP_ERR__TRANSPORT, ReadsOn),
    ];
    check(ApiKey::ApiVersion, &cases).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_of_the_topic_are_waited_out_or_end_the_look_up() {
    for (error, wanted) in [
        (RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, UnknownTopic),
        (RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, Unauthorized),
    ] {
        let cluster = Cluster::with_records(10);
        cluster.mock.topic_error(TOPIC, error).unwrap();
        let result = cluster.read(0, 10, PATIENT).await.0;
        assert_eq!(Outcome::of(&result.unwrap_err()), Some(wanted), "{error:?}");
    }
    let cluster = Cluster::with_records(10);
    let none = RD_KAFKA_RESP_ERR_NO_ERROR;
    let passing = RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
    cluster.mock.topic_error(TOPIC, passing).unwrap();
    let error = cluster.read(0, 10, Duration::from_secs(1)).await.0.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("no partitions from the brokers within"),
        "{error}"
    );
    let repair = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        cluster.mock.topic_error(TOPIC, none).unwrap();
    };
    let ((stats, _), ()) = futures::join!(cluster.read(0, 10, PATIENT), repair);
    assert_eq!(stats.unwrap().records, 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_broker_that_was_asked_before_is_away_another_one_is_asked() {
    let cluster = Cluster::of_brokers(3);
    cluster.produce(0..100, usize::to_string);
    cluster.read(0, 1, PATIENT).await.0.unwrap();
    cluster.mock.broker_down(3).unwrap();
    cluster.mock.partition_leader(TOPIC, 0, Some(2)).unwrap();
    let (stats, offsets) = cluster.read(0, 100, PATIENT).await;
    assert_eq!(stats.unwrap().records, 100);
    assert_eq!(offsets, (0..100).collect::<Vec<_>>());
}

/// Sink that keeps offsets. Reports the first, and waits for a signal to continue.
struct Pause {
    offsets: Arc<Mutex<Vec<i64>>>,
    first: mpsc::Sender<()>,
    go_on: mpsc::Receiver<()>,
}

impl RecordSink for Pause {
    fn accept(&mut self, record: Record<'_>) -> Result<ControlFlow<()>, SinkFailed> {
        let mut offsets = self.offsets.lock().unwrap();
        if offsets.is_empty() {
            self.first.send(()).unwrap();
            self.go_on.recv().unwrap();
        }
        offsets.push(record.offset);
        Ok(ControlFlow::Continue(()))
    }

    fn finish(&mut self) -> Result<(), SinkFailed> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_goes_down_while_it_is_read_is_followed_to_the_next() {
    let cluster = Cluster::of_brokers(3);
    // More than a few fetches return, each of which takes a while.
    cluster.produce(0..80, |number| format!("{number} {}", "x".repeat(50_000)));
    for broker in 1..=3 {
        let delay = Duration::from_millis(100);
        cluster.mock.broker_round_trip_time(broker, delay).unwrap();
    }
    let ((first, wait_for_first), (go_on, wait_to_go_on)) = (mpsc::channel(), mpsc::channel());
    let offsets = Arc::default();
    let sink = Box::new(Pause {
        offsets: Arc::clone(&offsets),
        first,
        go_on: wait_to_go_on,
    });
    let planned = planned(0, 0, 80);
    let read = cluster.broker.read(&planned, Instant::now() + PATIENT, sink);
    let move_leader = async {
        let first = blocking(move || Ok(wait_for_first.recv()));
        first.await.unwrap().unwrap();
        cluster.mock.broker_down(3).unwrap();
        cluster.mock.partition_leader(TOPIC, 0, Some(2)).unwrap();
        go_on.send(()).unwrap();
    };
    let (stats, ()) = futures::join!(read, move_leader);
    assert_eq!(stats.unwrap().records, 80);
    assert_eq!(*offsets.lock().unwrap(), (0..80).collect::<Vec<_>>());
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
    assert!(matches!(error, KafkaError::Unauthorized { .. }), "{error}");
    assert!(
        error.to_string().contains("topic `orders` partition 0"),
        "{error}"
    );
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
        matches!(error, KafkaError::Stalled { position: 40, .. }),
        "{error}"
    );
    assert!(
        error.to_string().contains("offset 40 of offsets 40..100"),
        "{error}"
    );
    assert!(offsets.is_empty());
}
