use std::collections::BTreeMap;

use arrow::datatypes::Schema;
use async_trait::async_trait;
use protocol::{GetTableRequest, PingRequest, SerdeVersion, UserDefinedFunctionRequest};
use serde_json::Value;

use super::*;
use crate::config::variables::Variables;
use crate::diagnostic::CONNECTOR_EXCEPTION;
use crate::registry::catalog::Catalog;
use crate::registry::{Page, Registry, RegistryError};
use crate::testing::aws::sdk_config;
use crate::testing::{World, soon, splits_request, table_name};
use kafka::{Broker, KafkaError, MemoryBroker, PlannedRange, ReadStats, RecordSink, TopicSnapshot};
use topic::SchemaDefinition;

fn connector(world: World) -> Connector {
    Connector::with_parts(Source::Given(Arc::new(world.parts)))
}

async fn ask(connector: &Connector, request: impl Into<FederationRequest>) -> Result<Value, Diagnostic> {
    ask_at(connector, request, SerdeVersion::V6).await
}

async fn ask_at(
    connector: &Connector,
    request: impl Into<FederationRequest>,
    version: SerdeVersion,
) -> Result<Value, Diagnostic> {
    let request = request.into().encode(version).unwrap();
    let response = connector.handle(&request, soon()).await?;
    Ok(serde_json::from_slice(&response).unwrap())
}

fn ping() -> PingRequest {
    PingRequest {
        identity: None,
        catalog_name: "msk".into(),
        query_id: "q".into(),
    }
}

fn get_table() -> GetTableRequest {
    GetTableRequest {
        identity: None,
        query_id: None,
        catalog_name: "msk".into(),
        table_name: table_name(),
        query_passthrough_arguments: Default::default(),
    }
}

#[tokio::test]
async fn a_ping_is_answered_whatever_the_configuration() {
    let of_no_use = [("isolation_level".to_owned(), "serializable".to_owned())];
    let parts = AwsParts::new(Variables::new(of_no_use), sdk_config("http://127.0.0.1:1"));
    let faulty = Connector::with_parts(Source::Aws(Box::new(parts)));
    assert_eq!(ask(&faulty, ping()).await.unwrap()["serDeVersion"], 6);
    let error = ask(&faulty, get_table()).await.unwrap_err();
    assert_eq!(
        error.error_message,
        "configuration: environment variable isolation_level is `serializable`; wanted read_committed or \
         read_uncommitted"
    );
    assert_eq!(error.error_type, CONNECTOR_EXCEPTION);
}

#[tokio::test]
async fn answers_in_the_framing_of_the_request() {
    let connector = connector(World::new(1));
    // GetTable requests of versions 2 to 4 are identical; GetSplits carries Arrow bytes that differ.
    let response = ask_at(&connector, get_table(), SerdeVersion::V6).await.unwrap();
    assert!(
        response["schema"].as_str().unwrap().starts_with("/////"),
        "continuation marker"
    );
    let layout = |version| {
        let request = protocol::GetTableLayoutRequest {
            identity: None,
            query_id: None,
            catalog_name: "msk".into(),
            table_name: table_name(),
            constraints: Default::default(),
            schema: Arc::new(Schema::empty()),
            partition_columns: Vec::new(),
        };
        ask_at(&connector, request, version)
    };
    let schema = |response: Value| response["partitions"]["schema"].as_str().unwrap().to_owned();
    assert!(schema(layout(SerdeVersion::V3).await.unwrap()).starts_with("/////"));
    assert!(!schema(layout(SerdeVersion::V2).await.unwrap()).starts_with("/////"));
}

#[tokio::test]
async fn functions_are_an_unknown_request_class() {
    let request = UserDefinedFunctionRequest {
        identity: None,
        input_records: arrow::array::RecordBatch::new_empty(Arc::new(Schema::empty())).into(),
        output_schema: Arc::new(Schema::empty()),
        method_name: "f".into(),
    };
    let error = ask(&connector(World::new(1)), request).await.unwrap_err();
    assert_eq!(
        error.error_message,
        "unknown request class UserDefinedFunctionRequest"
    );
}

#[tokio::test]
async fn a_hostile_request_is_an_error_and_the_next_one_works() {
    let connector = connector(World::new(1));
    for hostile in [
        &b""[..],
        b"\xff\xfe",
        b"null",
        b"{",
        b"[]",
        br#"{"@type":"Drop"}"#,
        br#"{"@type":7}"#,
    ] {
        let error = connector.handle(hostile, soon()).await.unwrap_err();
        assert_eq!(error.error_type, CONNECTOR_EXCEPTION);
        assert!(
            error.error_message.starts_with("request: "),
            "{}",
            error.error_message
        );
        ask(&connector, ping()).await.unwrap();
    }
}

/// Broker that panics on a snapshot, and waits forever on a read.
struct Faulty;

#[async_trait]
impl Broker for Faulty {
    async fn snapshot(&self, _: &str, _: Instant) -> Result<TopicSnapshot, KafkaError> {
        panic!("no partition for you");
    }

    async fn offsets_at(
        &self,
        _: &str,
        _: &[i32],
        _: i64,
        _: Instant,
    ) -> Result<Vec<Option<i64>>, KafkaError> {
        std::future::pending().await
    }

    async fn timestamp_type(&self, _: &str, _: Instant) -> Result<Option<String>, KafkaError> {
        Ok(None)
    }

    async fn read(
        &self,
        _: &PlannedRange,
        _: Instant,
        _: Box<dyn RecordSink>,
    ) -> Result<ReadStats, KafkaError> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_panic_is_an_error_and_the_next_request_works() {
    let mut world = World::new(1);
    world.parts.clusters = Arc::new(Faulty).into();
    let connector = connector(world);
    let error = ask(&connector, splits_request(None)).await.unwrap_err();
    assert_eq!(
        error.error_message,
        "internal error: the connector panicked: no partition for you"
    );
    ask(&connector, get_table()).await.unwrap();
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_an_error_before_the_deadline() {
    let mut world = World::new(1);
    let request = FederationRequest::from(world.read_request(0, 1).await)
        .encode(SerdeVersion::V6)
        .unwrap();
    world.parts.clusters = Arc::new(Faulty).into();
    let deadline = Instant::now() + Duration::from_millis(500);
    let error = connector(world).handle(&request, deadline).await.unwrap_err();
    assert!(Instant::now() < deadline, "the answer must have time to travel");
    assert!(
        error
            .error_message
            .starts_with("ReadRecordsRequest did not complete within"),
        "{}",
        error.error_message
    );
}

/// Registry that never responds.
struct Silent;

#[async_trait]
impl SchemaRegistry for Silent {
    async fn list_registries(&self, _: Option<&str>) -> Result<Page<Registry>, RegistryError> {
        std::future::pending().await
    }

    async fn registry(&self, _: &str) -> Result<Registry, RegistryError> {
        std::future::pending().await
    }

    async fn list_schemas(&self, _: &str, _: u32, _: Option<&str>) -> Result<Page<String>, RegistryError> {
        std::future::pending().await
    }

    async fn latest_schema(&self, _: &str, _: &str) -> Result<SchemaDefinition, RegistryError> {
        std::future::pending().await
    }

    async fn schema_version(&self, _: &str) -> Result<SchemaDefinition, RegistryError> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_registry_that_does_not_answer_is_an_error_that_names_it() {
    let mut world = World::new(1);
    world.parts.catalog = Catalog::new(Arc::new(Silent), Duration::ZERO);
    let list_schemas = protocol::ListSchemasRequest {
        identity: None,
        query_id: None,
        catalog_name: "msk".into(),
    };
    let connector = connector(world);
    for (request, wanted) in [
        (FederationRequest::from(list_schemas), "databases"),
        (get_table().into(), "table `customer.orders`"),
        (splits_request(None).into(), "table `customer.orders`"),
    ] {
        let request = request.encode(SerdeVersion::V6).unwrap();
        let deadline = Instant::now() + Duration::from_millis(200);
        let error = connector.handle(&request, deadline).await.unwrap_err();
        let message = error.error_message;
        assert!(
            message.starts_with("the schema registry did not answer within")
                && message.ends_with(&format!("asked for {wanted}")),
            "{message}"
        );
    }
}

#[tokio::test]
async fn a_table_is_planned_and_read_in_the_cluster_it_names() {
    let vars = [
        ("spill_bucket", "spill"),
        ("kafka_clusters", r#"{"other": {"kafka_endpoint": "other:9092"}}"#),
    ];
    let mut world = World::with_vars(1, &vars);
    world
        .registry
        .register_schema("customer", "elsewhere", "JSON", ELSEWHERE);
    let other = MemoryBroker::default();
    other.create_topic("orders", 1);
    other.append("orders", 0, Some(br#"{"id": 7}"#));
    let named = BTreeMap::from([("other".to_owned(), Arc::new(other) as Arc<dyn Broker>)]);
    world.parts.clusters = Clusters::new(world.broker.clone(), named);

    let mut request = splits_request(None);
    request.table_name.table_name = "elsewhere".into();
    let splits = splits::get_splits(&world.parts, request, soon())
        .await
        .unwrap()
        .splits;
    let mut request = world.read_request(0, 1).await;
    request.split = splits[0].clone();
    let response = records::read_records(&world.parts, request, soon())
        .await
        .unwrap();
    let FederationResponse::ReadRecords(response) = response else {
        panic!("not inline: {response:?}")
    };
    assert_eq!(response.records.batch.num_rows(), 1);
}

const ELSEWHERE: &str = r#"{"topicName": "orders", "kafkaCluster": "other", "message": {"dataFormat": "json", "fields": [
    {"name": "id", "mapping": "id", "type": "BIGINT"}
]}}"#;

#[tokio::test]
async fn a_cluster_that_is_not_configured_is_an_error_that_names_those_that_are() {
    let world = World::new(1);
    world
        .registry
        .register_schema("customer", "orders", "JSON", ELSEWHERE);
    let error = ask(&connector(world), splits_request(None)).await.unwrap_err();
    assert!(
        error
            .error_message
            .starts_with("unknown cluster `other`: kafka_clusters defines"),
        "{}",
        error.error_message
    );
}
