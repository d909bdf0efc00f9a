//! All checks over parts in memory, each with one fault.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use async_trait::async_trait;
use connector::config::Config;
use connector::query_status::AlwaysRunning;
use connector::registry::memory::MemorySchemaRegistry;
use connector::spill_keys::{LocalSpillKeys, SpillKeyError, SpillKeys};
use kafka::Clusters;
use kafka::MemoryBroker;
use kafka::auth::failure::AuthenticationCause;
use kafka::{Broker, KafkaError, PlannedRange, ReadStats, RecordSink, TopicSnapshot};
use protocol::{EncryptionKey, SpillLocation};
use spill::{BlockStore, MemoryBlockStore, StoreError};

use super::*;

const MARKED: &str = "orders {AthenaFederationMSK}";
const DOCUMENT: &str = r#"{"topicName": "orders", "message": {"dataFormat": "json", "fields": [
    {"name": "id", "mapping": "id", "type": "BIGINT"},
    {"name": "at", "mapping": "at", "type": "TIMESTAMP", "formatHint": "yyyy-MM-dd HH:mm:ss"}
]}}"#;

/// Deployment without fault, and handles to cause some.
struct World {
    variables: Variables,
    registry: Arc<MemorySchemaRegistry>,
    kafka: Arc<Kafka>,
    blocks: Arc<dyn BlockStore>,
    objects: Deletions,
    keys: Arc<dyn SpillKeys>,
    options: DoctorOptions,
}

/// Kafka in memory that may fail.
#[derive(Default)]
struct Kafka {
    topics: MemoryBroker,
    /// Error of every call.
    refusal: Option<fn() -> KafkaError>,
    /// Error of reads.
    read_refusal: Option<fn() -> KafkaError>,
    /// Error of requests for settings.
    config_refusal: Option<fn() -> KafkaError>,
}

/// Deletes nothing, and records what was to be deleted.
#[derive(Clone, Default)]
struct Deletions {
    refusal: Option<&'static str>,
    deleted: Arc<Mutex<Vec<SpillLocation>>>,
}

/// Store that fails as configured, and stores nothing.
#[derive(Clone, Copy)]
struct Refusing {
    bucket_exists: bool,
}

/// Source that generates no key.
struct NoKeys;

impl World {
    fn new() -> Self {
        let registry = MemorySchemaRegistry::new();
        registry.add_registry("customer", MARKED);
        registry.register_schema("customer", "orders", "JSON", DOCUMENT);
        let kafka = Kafka::default();
        kafka.topics.create_topic("orders", 2);
        for (partition, id) in [(0, 1), (1, 2), (0, 3)] {
            append(
                &kafka,
                partition,
                &format!(r#"{{"id": {id}, "at": "2023-03-14 09:26:53"}}"#),
            );
        }
        let variables = [
            ("kafka_endpoint", "b-1:9092"),
            ("spill_bucket", "spill"),
            ("spill_prefix", "p"),
        ];
        Self {
            variables: variables
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            registry: Arc::new(registry),
            kafka: Arc::new(kafka),
            blocks: Arc::new(MemoryBlockStore::new()),
            objects: Deletions::default(),
            keys: Arc::new(LocalSpillKeys),
            options: DoctorOptions {
                table: None,
                read_only: false,
                records: 10,
                limit: Duration::from_secs(10),
            },
        }
    }

    fn with_document(self, document: &str) -> Self {
        self.registry
            .register_schema("customer", "orders", "JSON", document);
        self
    }

    fn with_kafka(mut self, change: impl FnOnce(&mut Kafka)) -> Self {
        change(Arc::get_mut(&mut self.kafka).expect("it is not shared yet"));
        self
    }

    fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    async fn examined(&self) -> Vec<Finding> {
        self.examined_despite(&Obstacles::default()).await
    }

    async fn examined_despite(&self, obstacles: &Obstacles) -> Vec<Finding> {
        let config = Config::from_vars(|name| self.variables.get(name).cloned()).expect("a configuration");
        let clusters = Clusters::from(Arc::clone(&self.kafka));
        let deployment = Deployment {
            parts: Parts::new(
                config,
                self.registry.clone(),
                clusters,
                Arc::clone(&self.blocks),
                Arc::new(AlwaysRunning),
            )
            .with_spill_keys(Arc::clone(&self.keys)),
            objects: Box::new(self.objects.clone()),
        };
        let mut report = Report::new(|_| {});
        examine(&deployment, obstacles, &self.options, &mut report).await;
        report.findings().to_vec()
    }
}

fn append(kafka: &Kafka, partition: i32, value: &str) {
    kafka.topics.append("orders", partition, Some(value.as_bytes()));
}

#[deny(
    clippy::missing_trait_methods,
    reason = "a default method would bypass the inner broker"
)]
#[async_trait]
impl Broker for Kafka {
    async fn snapshot(&self, topic: &str, deadline: Instant) -> Result<TopicSnapshot, KafkaError> {
        match self.refusal {
            Some(refusal) => Err(refusal()),
            None => self.topics.snapshot(topic, deadline).await,
        }
    }

    async fn offsets_at(
        &self,
        topic: &str,
        partitions: &[i32],
        time_ms: i64,
        deadline: Instant,
    ) -> Result<Vec<Option<i64>>, KafkaError> {
        self.topics.offsets_at(topic, partitions, time_ms, deadline).await
    }

    async fn timestamp_type(&self, topic: &str, deadline: Instant) -> Result<Option<String>, KafkaError> {
        match self.config_refusal {
            Some(refusal) => Err(refusal()),
            None => self.topics.timestamp_type(topic, deadline).await,
        }
    }

    async fn has_log_append_time(&self, topic: &str, deadline: Instant) -> bool {
        self.config_refusal.is_none() && self.topics.has_log_append_time(topic, deadline).await
    }

    async fn read(
        &self,
        planned: &PlannedRange,
        deadline: Instant,
        sink: Box<dyn RecordSink>,
    ) -> Result<ReadStats, KafkaError> {
        match self.read_refusal {
            Some(refusal) => Err(refusal()),
            None => self.topics.read(planned, deadline, sink).await,
        }
    }
}

#[async_trait]
impl DeleteObject for Deletions {
    async fn delete(&self, location: &SpillLocation) -> Result<(), String> {
        self.deleted.lock().unwrap().push(location.clone());
        self.refusal.map_or(Ok(()), |reason| Err(reason.to_owned()))
    }
}

#[async_trait]
impl BlockStore for Refusing {
    async fn put(&self, location: &SpillLocation, block: bytes::Bytes) -> Result<(), StoreError> {
        Err(StoreError::Put {
            location: location.clone(),
            bytes: block.len(),
            reason: "AccessDenied: Access Denied".into(),
        })
    }

    async fn get(&self, location: &SpillLocation) -> Result<bytes::Bytes, StoreError> {
        Err(StoreError::NotFound {
            location: location.clone(),
        })
    }

    async fn check_bucket(&self, bucket: &str) -> Result<(), StoreError> {
        match self.bucket_exists {
            true => Ok(()),
            false => Err(StoreError::NoBucket {
                bucket: bucket.to_owned(),
                reason: "HTTP status 404".into(),
            }),
        }
    }
}

#[async_trait]
impl SpillKeys for NoKeys {
    async fn generate(&self, _count: usize) -> Result<Vec<EncryptionKey>, SpillKeyError> {
        Err(SpillKeyError {
            operation: "GenerateDataKey",
            key_id: "alias/spill".into(),
            reason: "AccessDeniedException".into(),
            throttled: false,
        })
    }
}

fn unauthorized() -> KafkaError {
    KafkaError::Unauthorized {
        place: "topic `orders`".into(),
        reason: "TopicAuthorizationFailed".into(),
    }
}

/// Only finding of a check, or the last of several.
fn last(findings: &[Finding], check: Check) -> &Finding {
    let mut of_check = findings.iter().filter(|finding| finding.check == check);
    of_check
        .next_back()
        .unwrap_or_else(|| panic!("{check} is not in {findings:#?}"))
}

fn statuses(findings: &[Finding], checks: &[Check]) -> Vec<Status> {
    checks.iter().map(|check| last(findings, *check).status).collect()
}

const OF_TOPIC: [Check; 4] = [Check::Topic, Check::Timestamps, Check::Read, Check::Decode];

#[tokio::test]
async fn a_deployment_without_fault_is_ok_throughout() {
    let findings = World::new().examined().await;
    // AlwaysRunning reports that a missing query runs.
    let rest: Vec<_> = findings
        .iter()
        .filter(|finding| finding.check != Check::QueryStatus)
        .collect();
    assert!(
        rest.iter().all(|finding| finding.status == Status::Ok),
        "{rest:#?}"
    );
    assert!(rest.iter().all(|finding| finding.fix.is_none()));
    assert_eq!(
        last(&findings, Check::Document).found,
        "topic orders, json values, 2 columns"
    );
    assert_eq!(
        last(&findings, Check::Topic).found,
        "2 partitions with 3 offsets (0: 0..2, 1: 0..1)"
    );
    assert_eq!(
        last(&findings, Check::Read).found,
        "3 latest records, of 2 partitions"
    );
    assert_eq!(
        last(&findings, Check::Decode).found,
        "all 3 with a value become rows"
    );
}

#[tokio::test]
async fn every_fault_comes_with_what_to_do() {
    let worlds = [
        World::new().with_document("{}"),
        World::new().with_document(&DOCUMENT.replace("\"orders\"", "\"orderz\"")),
        World::new().with_kafka(|kafka| kafka.refusal = Some(unauthorized)),
        World {
            blocks: Arc::new(Refusing { bucket_exists: false }),
            ..World::new()
        },
    ];
    for world in worlds {
        for finding in world.examined().await {
            let wants_fix = matches!(finding.status, Status::Failed | Status::Warning);
            assert_eq!(finding.fix.is_some(), wants_fix, "{finding:?}");
        }
    }
}

#[tokio::test]
async fn a_document_that_makes_no_table_hides_its_topic_alone() {
    let world = World::new().with_document(&DOCUMENT.replace(r#""name": "at", "#, ""));
    world
        .registry
        .register_schema("customer", "more", "JSON", DOCUMENT);
    let findings = world.examined().await;
    let of = |table: &str, check| {
        let subject = format!("table customer.{table}");
        let found = findings
            .iter()
            .find(|finding| finding.subject == subject && finding.check == check);
        found.expect("a finding").clone()
    };
    let document = of("orders", Check::Document);
    assert_eq!(document.status, Status::Failed);
    assert!(
        document.found.starts_with("message.fields[1].name: missing"),
        "{}",
        document.found
    );
    for check in OF_TOPIC {
        assert_eq!(of("orders", check).status, Status::Skipped);
        assert_eq!(of("more", check).status, Status::Ok);
    }
    assert_eq!(last(&findings, Check::Write).status, Status::Ok);
}

#[tokio::test]
async fn odd_parts_of_a_document_are_warnings() {
    let odd = DOCUMENT
        .replace("BIGINT", "NUMERAL")
        .replace(r#", "formatHint": "yyyy-MM-dd HH:mm:ss""#, "");
    let findings = World::new().with_document(&odd).examined().await;
    let warnings: Vec<_> = findings
        .iter()
        .filter(|finding| finding.check == Check::Document && finding.status == Status::Warning)
        .map(|finding| finding.found.as_str())
        .collect();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].contains("unknown type `NUMERAL`"), "{warnings:?}");
    assert!(warnings[1].starts_with("no formatHint: at;"), "{warnings:?}");
}

#[tokio::test]
async fn a_format_hint_that_is_not_one_is_a_warning() {
    let document = DOCUMENT.replace("yyyy-MM-dd HH:mm:ss", "bbb");
    let findings = World::new().with_document(&document).examined().await;
    let warning = findings
        .iter()
        .find(|finding| finding.check == Check::Document && finding.status == Status::Warning);
    let found = &warning.expect("a warning").found;
    assert!(found.starts_with("message.fields[1].formatHint: "), "{found}");
}

#[tokio::test]
async fn a_cluster_that_refuses_the_login_hides_its_topics_alone() {
    fn refused() -> KafkaError {
        KafkaError::Authentication {
            cause: AuthenticationCause::Mechanism,
            reason: "mechanism handshake failed".into(),
        }
    }
    let findings = World::new()
        .with_kafka(|kafka| kafka.refusal = Some(refused))
        .examined()
        .await;
    let login = last(&findings, Check::Login);
    assert_eq!(login.status, Status::Failed);
    assert!(
        login
            .found
            .contains("does not offer the mechanism of `auth_type`"),
        "{}",
        login.found
    );
    assert!(login.fix.as_ref().unwrap().contains("9096 for SCRAM"));
    assert_eq!(statuses(&findings, &OF_TOPIC), [Status::Skipped; 4]);
    assert_eq!(
        statuses(&findings, &[Check::Document, Check::Write]),
        [Status::Ok; 2]
    );
}

#[tokio::test]
async fn no_right_to_a_topic_that_there_is_not_proves_the_login() {
    let findings = World::new()
        .with_kafka(|kafka| kafka.refusal = Some(unauthorized))
        .examined()
        .await;
    assert_eq!(
        statuses(&findings, &[Check::Login, Check::Topic]),
        [Status::Ok, Status::Failed]
    );
    assert!(
        last(&findings, Check::Topic)
            .fix
            .as_ref()
            .unwrap()
            .contains("kafka-cluster:ReadData")
    );
}

#[tokio::test]
async fn a_missing_topic_is_named() {
    let document = DOCUMENT.replace("\"orders\"", "\"Orders\"");
    let findings = World::new().with_document(&document).examined().await;
    let topic = last(&findings, Check::Topic);
    assert_eq!(topic.status, Status::Failed);
    assert!(
        topic.found.contains("topic `Orders` does not exist"),
        "{}",
        topic.found
    );
    assert_eq!(statuses(&findings, &OF_TOPIC[1..]), [Status::Skipped; 3]);
}

#[tokio::test]
async fn a_cluster_that_no_setting_names_is_a_fault_of_the_table() {
    let document = DOCUMENT.replacen('{', r#"{"kafkaCluster": "payments", "#, 1);
    let findings = World::new().with_document(&document).examined().await;
    let topic = last(&findings, Check::Topic);
    assert_eq!(topic.status, Status::Failed);
    assert!(topic.found.contains("`payments`"), "{}", topic.found);
}

#[tokio::test]
async fn settings_that_may_not_be_asked_for_cost_a_pruning_only() {
    let findings = World::new()
        .with_kafka(|kafka| kafka.config_refusal = Some(unauthorized))
        .examined()
        .await;
    let timestamps = last(&findings, Check::Timestamps);
    assert_eq!(timestamps.status, Status::Warning);
    assert!(
        timestamps.found.contains("upper time bound narrows nothing"),
        "{}",
        timestamps.found
    );
    assert_eq!(last(&findings, Check::Decode).status, Status::Ok);
}

#[tokio::test]
async fn records_that_may_not_be_read_are_a_fault() {
    let findings = World::new()
        .with_kafka(|kafka| kafka.read_refusal = Some(unauthorized))
        .examined()
        .await;
    let checks = [Check::Topic, Check::Read, Check::Decode];
    assert_eq!(
        statuses(&findings, &checks),
        [Status::Ok, Status::Failed, Status::Skipped]
    );
}

#[tokio::test]
async fn an_empty_topic_proves_nothing() {
    let world = World::new().with_kafka(|kafka| kafka.topics.create_topic("orders", 1));
    let findings = world.examined().await;
    let checks = [Check::Topic, Check::Read, Check::Decode];
    assert_eq!(
        statuses(&findings, &checks),
        [Status::Ok, Status::Skipped, Status::Skipped]
    );
}

#[tokio::test]
async fn the_first_record_that_does_not_fit_is_named() {
    let world = World::new();
    append(&world.kafka, 1, r#"{"id": 4, "at": "14.03.2023"}"#);
    append(&world.kafka, 1, "no json");
    let findings = world.examined().await;
    let decode = last(&findings, Check::Decode);
    assert_eq!(decode.status, Status::Warning);
    let wanted = "3 of 5 become complete rows; cannot be decoded: 1; do not fit column `at`: 1; the first: partition 1 \
                  offset 1: column `at`: ";
    assert!(decode.found.starts_with(wanted), "{}", decode.found);
    assert!(!decode.found.contains("14.03"), "{}", decode.found);
}

#[tokio::test]
async fn a_bad_record_is_a_fault_where_queries_fail_over_it() {
    let world = World::new().set("on_bad_record", "fail");
    append(&world.kafka, 1, "no json");
    assert_eq!(
        last(&world.examined().await, Check::Decode).status,
        Status::Failed
    );
}

#[tokio::test]
async fn a_topic_of_which_no_record_becomes_a_whole_row_is_a_fault() {
    let world = World::new().with_document(&DOCUMENT.replace("yyyy-MM-dd HH:mm:ss", "epoch_millis"));
    let findings = world.examined().await;
    let decode = last(&findings, Check::Decode);
    assert_eq!(decode.status, Status::Failed);
    assert!(
        decode
            .found
            .starts_with("0 of 3 become complete rows; do not fit column `at`: 3;"),
        "{}",
        decode.found
    );
}

#[tokio::test]
async fn a_mapping_that_leads_nowhere_is_a_warning() {
    let world = World::new().with_document(&DOCUMENT.replace(r#""mapping": "id""#, r#""mapping": "ID""#));
    let findings = world.examined().await;
    let decode = last(&findings, Check::Decode);
    assert_eq!(
        (decode.status, &*decode.found),
        (Status::Warning, "NULL in every one of these rows: `id`")
    );
}

#[tokio::test]
async fn tombstones_are_no_bad_records() {
    let world = World::new();
    world.kafka.topics.append("orders", 0, None);
    let findings = world.examined().await;
    assert_eq!(
        last(&findings, Check::Read).found,
        "4 latest records, of 2 partitions"
    );
    assert_eq!(
        last(&findings, Check::Decode).found,
        "all 3 with a value become rows"
    );
}

#[tokio::test]
async fn what_was_put_into_the_bucket_is_deleted() {
    let mut world = World::new();
    let blocks = Arc::new(MemoryBlockStore::new());
    world.blocks = blocks.clone();
    world.examined().await;
    let put = blocks.locations();
    assert_eq!(put.len(), 1);
    assert!(put[0].key.starts_with("p/athena-local-doctor/"), "{}", put[0].key);
    assert_eq!(*world.objects.deleted.lock().unwrap(), put);
}

#[tokio::test]
async fn a_bucket_that_keeps_what_it_got_is_ok() {
    let mut world = World::new();
    world.objects.refusal = Some("AccessDenied");
    let findings = world.examined().await;
    let write = last(&findings, Check::Write);
    assert_eq!(write.status, Status::Ok);
    assert!(write.found.contains("left it there"), "{}", write.found);
}

#[tokio::test]
async fn read_only_puts_nothing() {
    let mut world = World::new();
    let blocks = Arc::new(MemoryBlockStore::new());
    world.blocks = blocks.clone();
    world.options.read_only = true;
    let findings = world.examined().await;
    assert_eq!(
        statuses(&findings, &[Check::Bucket, Check::Write]),
        [Status::Ok, Status::Skipped]
    );
    assert_eq!(blocks.locations(), []);
}

#[tokio::test]
async fn a_bucket_that_takes_nothing_is_told_from_one_that_is_not_there() {
    let mut world = World::new();
    let checks = [Check::Bucket, Check::Write];
    world.blocks = Arc::new(Refusing { bucket_exists: true });
    let findings = world.examined().await;
    assert_eq!(statuses(&findings, &checks), [Status::Ok, Status::Failed]);
    assert!(
        last(&findings, Check::Write)
            .fix
            .as_ref()
            .unwrap()
            .contains("s3:PutObject")
    );
    world.blocks = Arc::new(Refusing { bucket_exists: false });
    let findings = world.examined().await;
    assert_eq!(statuses(&findings, &checks), [Status::Failed, Status::Skipped]);
    assert!(
        last(&findings, Check::Bucket)
            .fix
            .as_ref()
            .unwrap()
            .contains("s3:ListBucket")
    );
}

#[tokio::test]
async fn a_key_service_is_asked_only_if_the_settings_name_a_key() {
    let mut world = World::new();
    world.keys = Arc::new(NoKeys);
    assert_eq!(last(&world.examined().await, Check::Key).status, Status::Ok);
    let world = world.set("kms_key_id", "alias/spill");
    let findings = world.examined().await;
    let key = last(&findings, Check::Key);
    assert_eq!(key.status, Status::Failed);
    assert!(key.found.contains("AccessDeniedException"), "{}", key.found);
    assert!(key.fix.as_ref().unwrap().contains("kms:GenerateRandom"));
    assert_eq!(last(&findings, Check::Write).status, Status::Ok);
    let world = world.set("disable_spill_encryption", "true");
    assert_eq!(last(&world.examined().await, Check::Key).status, Status::Ok);
}

#[tokio::test]
async fn without_aws_the_brokers_are_still_asked() {
    let obstacles = Obstacles {
        aws: Some("no region is configured".into()),
        ..Obstacles::default()
    };
    let findings = World::new().examined_despite(&obstacles).await;
    let skipped = [Check::Registries, Check::Key, Check::Bucket, Check::QueryStatus];
    assert_eq!(statuses(&findings, &skipped), [Status::Skipped; 4]);
    assert_eq!(last(&findings, Check::Login).status, Status::Ok);
    assert_eq!(
        last(&findings, Check::Bucket).found,
        "because no region is configured"
    );
}

#[tokio::test]
async fn without_settings_of_kafka_no_broker_is_asked() {
    let obstacles = Obstacles {
        kafka: Some("auth_type has an invalid value".into()),
        ..Obstacles::default()
    };
    let findings = World::new().examined_despite(&obstacles).await;
    assert_eq!(statuses(&findings, &OF_TOPIC), [Status::Skipped; 4]);
    assert_eq!(
        statuses(&findings, &[Check::Login, Check::Document]),
        [Status::Skipped, Status::Ok]
    );
}

#[tokio::test]
async fn one_table_can_be_asked_for() {
    let mut world = World::new();
    world.registry.register_schema("customer", "more", "JSON", "{}");
    world.options.table = Some(TableName {
        schema_name: "customer".into(),
        table_name: "ORDERS".into(),
    });
    let findings = world.examined().await;
    assert!(
        findings.iter().all(|finding| finding.status != Status::Failed),
        "{findings:#?}"
    );
    assert_eq!(last(&findings, Check::Decode).subject, "table customer.ORDERS");
}
