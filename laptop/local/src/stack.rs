//! Everything a connector talks to, in this process: Kafka, a Glue registry endpoint, S3. And the real connector on it.

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

/// The schema of the orders' table: a registry's name.
pub const REGISTRY: &str = "customer";
/// The orders' table and topic.
pub const TABLE: &str = "orders";
const BUCKET: &str = "athena-spill";
const REGION: &str = "us-east-1";

/// The orders' table as registered: the article's columns, `items` as JSON text.
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

/// The parts, running until dropped.
pub struct Stack {
    kafka: EmbeddedKafka,
    glue: EmbeddedGlue,
    s3: EmbeddedS3,
}

/// Which orders to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Orders {
    pub count: usize,
    pub seed: u64,
    /// When the first one was made, UTC.
    pub start: NaiveDateTime,
}

/// A part that did not start or take what it was given.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    #[error("cannot start an embedded server: {0}")]
    Start(#[from] std::io::Error),
    #[error("cannot make topic {TABLE}: {0}")]
    Topic(#[from] TopicError),
    #[error("cannot register the schema of {TABLE}: {0}")]
    Registry(#[from] GlueError),
    #[error("cannot configure the connector: {0}")]
    Config(#[from] ConfigError),
    #[error("cannot produce orders: {0}")]
    Publish(#[from] PublishError),
}

impl Stack {
    /// Starts the parts with an empty topic `orders` of so many partitions, its schema registered under
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

    /// Makes orders and sends them; tells what they add up to once all have arrived.
    pub async fn produce(
        &self,
        orders: Orders,
        progress: impl FnMut(Progress),
    ) -> Result<Summary, StackError> {
        let config = PublishConfig::new(self.kafka.bootstrap_servers(), TABLE);
        let orders = OrderGenerator::seeded(orders.seed, orders.start).take(orders.count);
        Ok(publish(&config, orders, progress).await?)
    }

    /// Athena over a connector of its own, which runs in this process and talks to the parts over TCP.
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
            // The embedded Kafka lets everybody in.
            kafka_clusters(&config, Arc::new(MemoryCredentialStore::new())),
            Arc::new(self.block_store()),
            Arc::new(NobodysQuery),
        ))
    }

    fn block_store(&self) -> S3BlockStore {
        S3BlockStore::new(aws_sdk_s3::Client::new(&sdk_config(&self.s3.endpoint_url())))
    }

    /// The environment that points a connector in another process at the parts.
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

    /// Bytes of spilled blocks in the bucket.
    pub fn spilled_bytes(&self) -> u64 {
        self.s3.stored_bytes()
    }

    /// Forgets all spilled blocks: AWS leaves that to a lifecycle rule of the bucket.
    pub fn forget_spilled(&self) {
        self.s3.clear(BUCKET, "");
    }
}

/// A client configuration for one of the parts, whatever the process's own environment says.
fn sdk_config(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY, None, None, "embedded");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}

/// Queries made here are none of Athena's: there is nobody to ask whether they still run.
struct NobodysQuery;

#[async_trait]
impl QueryStatus for NobodysQuery {
    async fn state(&self, _query_id: &str) -> Result<QueryState, QueryStatusError> {
        Ok(QueryState::Unknown)
    }
}
