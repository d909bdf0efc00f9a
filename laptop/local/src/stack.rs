//! Servers of a connector in this process: Kafka, a Glue registry endpoint, S3. And the real connector with
//! them.

use std::sync::Arc;

use async_trait::async_trait;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use chrono::NaiveDateTime;
use connector::Connector;
use connector::assembly::kafka_clusters;
use connector::config::Config;
use connector::config::error::ConfigError;
use connector::query_status::{QueryState, QueryStatus, QueryStatusError};
use connector::registry::glue::GlueSchemaRegistry;
use embedded::glue::{DataFormat, EmbeddedGlue, GlueError};
use embedded::kafka::{EmbeddedKafka, TopicError};
use embedded::s3::{ACCESS_KEY_ID, EmbeddedS3, SECRET_ACCESS_KEY};
use kafka::auth::credentials::memory::MemoryCredentialStore;
use producer::{OrderGenerator, Progress, PublishConfig, PublishError, Summary, publish};
use spill::S3BlockStore;

use crate::athena::{Athena, AthenaOptions};
use crate::invoke::InProcess;

/// Schema of the orders' table, which is the registry's name.
pub const REGISTRY: &str = "customer";
/// Table and topic of the orders.
pub const TABLE: &str = "orders";
const BUCKET: &str = "athena-spill";
const REGION: &str = "us-east-1";

/// Definition of the orders' table: the article's columns, `items` as JSON text.
pub const DEFINITION: &str = r#"{
  "topicName": "orders",
  "message": {
    "dataFormat": "json",
    "fields": [
      {"name": "order_id", "mapping": "order_id", "type": "VARCHAR"},
      {"name": "ordered_at", "mapping": "ordered_at", "type": "TIMESTAMP", "formatHint": "yyyy-MM-dd HH:mm:ss.SSS"},
      {"name": "user_id", "mapping": "user_id", "type": "VARCHAR"},
      {"name": "items", "mapping": "items", "type": "VARCHAR"}
    ]
  }
}"#;

/// Running servers, which stop when dropped.
pub struct Stack {
    kafka: EmbeddedKafka,
    glue: EmbeddedGlue,
    s3: EmbeddedS3,
}

/// Orders to generate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Orders {
    pub count: usize,
    pub seed: u64,
    /// Time of the first order, UTC.
    pub start: NaiveDateTime,
}

/// Error of starting or filling a server.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    #[error("cannot start an embedded server: {0}")]
    Start(#[from] std::io::Error),
    #[error("cannot create topic {TABLE}: {0}")]
    Topic(#[from] TopicError),
    #[error("cannot register the schema of {TABLE}: {0}")]
    Registry(#[from] GlueError),
    #[error("cannot configure the connector: {0}")]
    Config(#[from] ConfigError),
    #[error("cannot produce orders: {0}")]
    Publish(#[from] PublishError),
}

impl Stack {
    /// Starts the servers with an empty topic `orders` of this many partitions, its schema registered under
    /// `customer`, and a bucket for spilled blocks.
    pub async fn start(partitions: i32) -> Result<Self, StackError> {
        let stack = Self {
            kafka: EmbeddedKafka::start().await?,
            glue: EmbeddedGlue::start().await?,
            s3: EmbeddedS3::start().await?,
        };
        stack.kafka.create_topic(TABLE, partitions)?;
        stack
            .glue
            .add_registry(REGISTRY, "Online orders. {AthenaFederationMSK}")?;
        stack
            .glue
            .register_schema(REGISTRY, TABLE, DataFormat::Json, DEFINITION)?;
        stack.s3.create_bucket(BUCKET);
        Ok(stack)
    }

    /// Generates and sends orders; returns their totals once all have arrived.
    pub async fn produce(
        &self,
        orders: Orders,
        progress: impl FnMut(Progress),
    ) -> Result<Summary, StackError> {
        let config = PublishConfig::new(self.kafka.bootstrap_servers(), TABLE);
        let orders = OrderGenerator::seeded(orders.seed, orders.start).take(orders.count);
        Ok(publish(&config, orders, progress).await?)
    }

    /// Engine over a connector of its own, which runs in this process and uses the servers over TCP.
    pub fn athena(&self, options: AthenaOptions) -> Result<Athena, StackError> {
        let blocks = Arc::new(self.block_store());
        Ok(Athena::with_options(
            Arc::new(InProcess::new(self.connector()?)),
            blocks,
            options,
        ))
    }

    fn connector(&self) -> Result<Connector, StackError> {
        let variables = self.variables();
        let variable = |name: &str| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value.clone())
        };
        let config = Config::from_vars(variable)?;
        Ok(Connector::new(
            config.clone(),
            Arc::new(GlueSchemaRegistry::from_sdk_config(&sdk_config(
                &self.glue.endpoint_url(),
            ))),
            // The embedded Kafka needs no authentication.
            kafka_clusters(&config, Arc::new(MemoryCredentialStore::new())),
            Arc::new(self.block_store()),
            Arc::new(NobodysQuery),
        ))
    }

    fn block_store(&self) -> S3BlockStore {
        S3BlockStore::new(aws_sdk_s3::Client::new(&sdk_config(&self.s3.endpoint_url())))
    }

    /// Environment variables with which a connector in another process uses the servers.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("kafka_endpoint", self.kafka.bootstrap_servers()),
            ("auth_type", "NO_AUTH".to_owned()),
            ("spill_bucket", BUCKET.to_owned()),
            ("spill_prefix", "athena-spill".to_owned()),
            ("AWS_ENDPOINT_URL_GLUE", self.glue.endpoint_url()),
            ("AWS_ENDPOINT_URL_S3", self.s3.endpoint_url()),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY.to_owned()),
        ]
    }

    /// Total size in bytes of the spilled blocks in the bucket.
    pub fn spilled_bytes(&self) -> u64 {
        self.s3.stored_bytes()
    }

    /// Deletes all spilled blocks: in AWS a lifecycle rule of the bucket does that.
    pub fn forget_spilled(&self) {
        self.s3.clear(BUCKET, "");
    }
}

/// Client configuration for one of the servers, independent of the process's own environment.
fn sdk_config(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY, None, None, "embedded");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}

/// Query status of queries that are unknown to Athena: whether they still run cannot be looked up.
struct NobodysQuery;

#[async_trait]
impl QueryStatus for NobodysQuery {
    async fn state(&self, _query_id: &str) -> Result<QueryState, QueryStatusError> {
        Ok(QueryState::Unknown)
    }
}
