//! Producers of a soak: some without and some with transactions, each with its own codec, kept for all
//! episodes.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rdkafka::Message;
use rdkafka::client::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use rdkafka::types::RDKafkaErrorCode;

/// Time limit for a broker to acknowledge.
const LIMIT: Duration = Duration::from_secs(60);

/// All producers.
pub struct Writers {
    pub plain: Vec<Writer>,
    /// Producers with at most one open transaction each.
    pub transactional: Vec<Writer>,
}

impl Writers {
    /// Connects the producers; the first of the plain ones is not idempotent.
    pub fn connect(bootstrap: &str) -> Self {
        let plain = ["none", "gzip", "snappy", "lz4", "zstd"].map(|codec| {
            Writer::new(
                bootstrap,
                codec,
                &[("enable.idempotence", (codec != "none").to_string())],
            )
        });
        let transactional = ["none", "lz4", "zstd"].map(|codec| {
            let id = uuid::Uuid::new_v4().to_string();
            // An episode may leave one open for as long as it lasts.
            let timeout_ms = "600000".to_owned();
            let settings = [("transactional.id", id), ("transaction.timeout.ms", timeout_ms)];
            let writer = Writer::new(bootstrap, codec, &settings);
            let ready = writer.producer.init_transactions(LIMIT);
            ready.expect("transactions are ready");
            writer
        });
        Self {
            plain: plain.into(),
            transactional: transactional.into(),
        }
    }
}

/// Producer that knows the offsets of its records.
pub struct Writer {
    pub codec: &'static str,
    producer: BaseProducer<Deliveries>,
}

/// Position of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivered {
    pub partition: i32,
    pub offset: i64,
    /// Number; `None` is a tombstone.
    pub value: Option<i64>,
}

impl Writer {
    fn new(bootstrap: &str, codec: &'static str, settings: &[(&str, String)]) -> Self {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", bootstrap)
            .set("compression.codec", codec)
            .set("linger.ms", "1")
            .set("reconnect.backoff.ms", "10")
            .set("reconnect.backoff.max.ms", "100")
            .set("retry.backoff.ms", "10");
        for (name, value) in settings {
            config.set(*name, value);
        }
        let producer = config.create_with_context(Deliveries::default());
        Self {
            codec,
            producer: producer.expect("a producer"),
        }
    }

    /// Sends values to one partition in batches of at most `batch_records`, each `{"n": value}` with
    /// `pad_bytes` of padding. Returns their positions, in order.
    pub fn send(
        &self,
        topic: &str,
        partition: i32,
        values: &[Option<i64>],
        batch_records: usize,
        pad_bytes: usize,
    ) -> Vec<Delivered> {
        for batch in values.chunks(batch_records.max(1)) {
            for value in batch {
                self.queue(topic, partition, *value, pad_bytes);
            }
            self.wait();
        }
        let delivered = std::mem::take(&mut *self.producer.context().delivered());
        assert_eq!(
            delivered.len(),
            values.len(),
            "a record was lost on its way to {topic}"
        );
        delivered
    }

    pub fn begin_transaction(&self) {
        self.producer.begin_transaction().expect("a transaction begins");
    }

    pub fn end_transaction(&self, commit: bool) {
        let ended = if commit {
            self.producer.commit_transaction(LIMIT)
        } else {
            self.producer.abort_transaction(LIMIT)
        };
        ended.expect("the transaction ends");
    }

    /// Waits until all queued records are acknowledged. The client's own flush checks only ten times a
    /// second.
    fn wait(&self) {
        let started = Instant::now();
        while self.producer.in_flight_count() > 0 {
            assert!(started.elapsed() < LIMIT, "no acknowledgement within {LIMIT:?}");
            self.producer.poll(Duration::from_millis(1));
        }
    }

    fn queue(&self, topic: &str, partition: i32, value: Option<i64>, pad_bytes: usize) {
        let payload = value.map(|n| format!(r#"{{"n":{n},"pad":"{}"}}"#, pad(n, pad_bytes)));
        let mut record = BaseRecord::with_opaque_to(topic, Box::new(value))
            .partition(partition)
            .key("k");
        record.payload = payload.as_deref();
        while let Err((error, back)) = self.producer.send(record) {
            let full = error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull);
            assert!(full, "{error}");
            self.producer.poll(Duration::from_millis(10));
            record = back;
        }
    }
}

/// Text that compresses to at least half its size.
fn pad(n: i64, bytes: usize) -> String {
    let mut noise = vec![0; bytes];
    ChaCha8Rng::seed_from_u64(n as u64).fill(&mut noise[..]);
    noise.iter().map(|byte| char::from(b'a' + byte % 16)).collect()
}

/// Collector of acknowledgements.
#[derive(Default)]
struct Deliveries(Mutex<Vec<Delivered>>);

impl Deliveries {
    fn delivered(&self) -> MutexGuard<'_, Vec<Delivered>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<Option<i64>>;

    fn delivery(&self, result: &DeliveryResult<'_>, value: Box<Option<i64>>) {
        // A failed record is missing from the result, which the caller checks.
        if let Ok(message) = result {
            self.delivered().push(Delivered {
                partition: message.partition(),
                offset: message.offset(),
                value: *value,
            });
        }
    }
}
