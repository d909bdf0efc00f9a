//! Servers of a connector in this process (Kafka, a Glue registry endpoint, S3), the real connector with them, and
//! Athena's API over both. Kafka may be an external cluster instead.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use athena_api::{Api, ApiOptions, ApiServer, Guard, NamedQuery, Telemetry};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use bytes::Bytes;
use chrono::NaiveDateTime;
use connector::Connector;
use connector::assembly::{complete, credential_store_from_env, kafka_clusters};
use connector::config::Config;
use connector::config::error::ConfigError;
use connector::config::variables::Variables;
use connector::query_status::{QueryState, QueryStatus, QueryStatusError};
use connector::registry::glue::GlueSchemaRegistry;
use embedded::glue::{DataFormat, GlueError};
use embedded::kafka::TopicError;
use embedded::s3::{ACCESS_KEY_ID, SECRET_ACCESS_KEY};
use embedded::{EmbeddedGlue, EmbeddedKafka, EmbeddedS3, Place, one_endpoint};
use kafka::auth::credentials::CredentialStore;
use kafka::auth::credentials::memory::MemoryCredentialStore;
use producer::{OrderGenerator, Progress, PublishConfig, SendConfig, SendError, Sender, Summary, publish};
use protocol::SpillLocation;
use spill::{BlockStore, S3BlockStore, StoreError};
use topic::infer::{InferRecord, infer};

use crate::api::{ApiEngine, BucketStore};
use crate::athena::{Athena, AthenaOptions};
use crate::end::AtEnd;
use crate::invoke::InProcess;
use crate::row_file::{LoadError, Loaded, RowFile, Shown, load};
use crate::schema_files::{SchemaFilesError, schema_files};

/// Schema of the orders' table, which is the registry's name.
pub const REGISTRY: &str = "customer";
/// Table and topic of the orders.
pub const TABLE: &str = "orders";
const BUCKET: &str = "athena-spill";
const PREFIX: &str = "athena-spill";
/// Folder of results whose request names none.
const RESULTS: &str = "s3://athena-results/";
/// Time after a query's end in which reads that were under way may still spill.
const LATE: Duration = Duration::from_secs(20);
const REGION: &str = "us-east-1";
/// Rows of a file that its table's document is inferred from.
const INFERRED_ROWS: usize = 10_000;

/// Description of the registries, with the marker by which Athena lists them.
const DESCRIPTION: &str = "Kafka topics {AthenaFederationMSK}";

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
    kafka: Kafka,
    glue: EmbeddedGlue,
    s3: EmbeddedS3,
    /// Settings of the function; those that name the servers take precedence.
    settings: Variables,
}

/// Cluster with the topics.
enum Kafka {
    Embedded(EmbeddedKafka),
    /// A cluster that the settings name.
    Own,
}

/// Addresses of the servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    pub listen: IpAddr,
    /// Host for clients to connect to.
    pub host: String,
    /// 0 is a free port, as for the others.
    pub kafka_port: u16,
    pub glue_port: u16,
    pub s3_port: u16,
    pub athena_port: u16,
}

/// Free ports of 127.0.0.1.
impl Default for Places {
    fn default() -> Self {
        Self {
            listen: Ipv4Addr::LOCALHOST.into(),
            host: Ipv4Addr::LOCALHOST.to_string(),
            kafka_port: 0,
            glue_port: 0,
            s3_port: 0,
            athena_port: 0,
        }
    }
}

impl Places {
    fn at(&self, port: u16) -> Place {
        // The same for all servers: a page that reaches one port of this machine reaches the others.
        let guard = Guard::new(&self.host, self.listen);
        Place {
            address: SocketAddr::new(self.listen, port),
            host: self.host.clone(),
            guard: Some(Arc::new(move |uri, headers| guard.refusal(uri, headers))),
        }
    }
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
    #[error("cannot create topic {topic}: {source}")]
    Topic { topic: String, source: TopicError },
    #[error("cannot register the schema of {table}: {source}")]
    Registry { table: String, source: GlueError },
    #[error("cannot configure the connector: {0}")]
    Config(#[from] ConfigError),
    #[error("cannot produce orders: {0}")]
    Publish(#[from] SendError),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    SchemaFiles(#[from] SchemaFilesError),
    #[error("only the embedded Kafka can be filled here; use `athena-local load` for other clusters")]
    OwnKafka,
}

impl Stack {
    /// Starts the servers with an empty topic `orders` of this many partitions, its schema registered under
    /// `customer`, and a bucket for spilled blocks.
    pub async fn start(partitions: i32) -> Result<Self, StackError> {
        Self::start_at(&Places::default(), partitions).await
    }

    /// Starts the servers at given places.
    pub async fn start_at(places: &Places, partitions: i32) -> Result<Self, StackError> {
        let kafka = EmbeddedKafka::start_at(&places.at(places.kafka_port)).await?;
        let stack = Self::with_kafka(Kafka::Embedded(kafka), places).await?;
        stack.make_topic(TABLE, partitions)?;
        stack.register(REGISTRY, TABLE, DataFormat::Json, DEFINITION)?;
        Ok(stack)
    }

    /// Starts all servers except Kafka, which is the cluster of the settings.
    pub async fn beside_own_kafka() -> Result<Self, StackError> {
        Self::with_kafka(Kafka::Own, &Places::default()).await
    }

    async fn with_kafka(kafka: Kafka, places: &Places) -> Result<Self, StackError> {
        let stack = Self {
            kafka,
            glue: EmbeddedGlue::start_at(&places.at(places.glue_port)).await?,
            s3: EmbeddedS3::start_at(&places.at(places.s3_port)).await?,
            settings: Variables::default(),
        };
        stack.s3.create_bucket(BUCKET);
        stack.s3.create_bucket("athena-results");
        Ok(stack)
    }

    /// Uses these settings of the function, except those that name the servers.
    #[must_use]
    pub fn with_settings(self, settings: Variables) -> Self {
        Self { settings, ..self }
    }

    /// Generates and sends orders; returns their totals once all have arrived.
    pub async fn produce(
        &self,
        orders: Orders,
        progress: impl FnMut(Progress),
    ) -> Result<Summary, StackError> {
        let config = PublishConfig::new(self.embedded_kafka()?.bootstrap_servers(), TABLE);
        let orders = OrderGenerator::seeded(orders.seed, orders.start).take(orders.count);
        Ok(publish(&config, orders, progress).await?)
    }

    /// Registers the schemas of a folder, see [`schema_files`], and returns their number.
    pub fn register_files(&self, folder: &Path) -> Result<usize, StackError> {
        let files = schema_files(folder, REGISTRY)?;
        for file in &files {
            self.register(&file.registry, &file.name, file.data_format, &file.definition)?;
        }
        Ok(files.len())
    }

    /// Sends the rows of a file to a topic, which is created with this many partitions if it does not exist, and
    /// registers a table of it in [`REGISTRY`], with columns inferred from its first rows.
    pub async fn load(&self, topic: &str, file: RowFile, partitions: i32) -> Result<Loaded, StackError> {
        let bootstrap_servers = self.embedded_kafka()?.bootstrap_servers();
        self.make_topic(topic, partitions)?;
        let mut sender = Sender::connect(&SendConfig::new(bootstrap_servers, topic)).await?;
        let mut first_rows: Vec<Vec<u8>> = Vec::new();
        let loaded = load(file, None, &mut sender, |shown| match shown {
            Shown::Row(row) if first_rows.len() < INFERRED_ROWS => first_rows.push(row.to_vec()),
            _ => {}
        });
        let loaded = loaded.await?;
        let records = first_rows.iter().map(|row| InferRecord {
            key: None,
            value: Some(row),
        });
        let document = infer(topic, records).document.to_string();
        self.register(REGISTRY, topic, DataFormat::Json, &document)?;
        Ok(loaded)
    }

    fn embedded_kafka(&self) -> Result<&EmbeddedKafka, StackError> {
        match &self.kafka {
            Kafka::Embedded(kafka) => Ok(kafka),
            Kafka::Own => Err(StackError::OwnKafka),
        }
    }

    /// Leaves an existing topic unchanged.
    fn make_topic(&self, topic: &str, partitions: i32) -> Result<(), StackError> {
        match self.embedded_kafka()?.create_topic(topic, partitions) {
            Ok(()) | Err(TopicError::Exists { .. }) => Ok(()),
            Err(source) => Err(StackError::Topic {
                topic: topic.to_owned(),
                source,
            }),
        }
    }

    /// Creates the registry, too, if it does not exist.
    fn register(
        &self,
        registry: &str,
        name: &str,
        data_format: DataFormat,
        definition: &str,
    ) -> Result<(), StackError> {
        let error = |source| StackError::Registry {
            table: format!("{registry}.{name}"),
            source,
        };
        match self.glue.add_registry(registry, DESCRIPTION) {
            Ok(()) | Err(GlueError::AlreadyExists(_)) => {}
            Err(source) => return Err(error(source)),
        }
        let registered = self.glue.register_schema(registry, name, data_format, definition);
        registered.map(drop).map_err(error)
    }

    /// Engine over a connector of its own, which runs in this process and uses the servers over TCP.
    pub async fn athena(&self, options: AthenaOptions) -> Result<Athena, StackError> {
        self.athena_over(Arc::new(self.blocks()), options).await
    }

    /// Engine like that of [`Self::athena`] that deletes each block when it has read it: S3 here is memory, and a query may
    /// spill more than there is.
    pub async fn athena_reading_once(&self, options: AthenaOptions) -> Result<Athena, StackError> {
        let blocks = ReadOnce {
            store: self.blocks(),
            s3: self.s3_client(),
        };
        self.athena_over(Arc::new(blocks), options).await
    }

    async fn athena_over(
        &self,
        blocks: Arc<dyn BlockStore>,
        options: AthenaOptions,
    ) -> Result<Athena, StackError> {
        let options = AthenaOptions {
            s3: options.s3.or_else(|| Some(self.s3_client())),
            ..options
        };
        Ok(Athena::with_options(
            Arc::new(self.invoke().await?),
            blocks,
            options,
        ))
    }

    /// Starts Athena's API over an engine, with Glue and S3 at the same address. `others` are interfaces whose metrics
    /// it shows beside its own.
    pub async fn api(
        &self,
        places: &Places,
        athena: Arc<Athena>,
        named_queries: Vec<NamedQuery>,
        telemetry: Arc<Telemetry>,
        others: Vec<Arc<Telemetry>>,
    ) -> Result<ApiServer, StackError> {
        let options = ApiOptions {
            output: RESULTS.to_owned(),
            named_queries,
            telemetry,
            others,
            ..ApiOptions::default()
        };
        let engine = ApiEngine::new(athena, self.at_end());
        let api = Api::new(
            Arc::new(engine),
            Arc::new(BucketStore(self.s3.buckets())),
            options,
        );
        let place = places.at(places.athena_port);
        let place = athena_api::Place {
            address: place.address,
            host: place.host,
        };
        Ok(ApiServer::start(&place, api, one_endpoint(&self.glue, &self.s3)).await?)
    }

    /// Removes the blocks that a query has spilled: S3 here is memory.
    pub(crate) fn at_end(&self) -> AtEnd {
        let buckets = self.s3.buckets();
        Arc::new(move |query_id: &str| {
            let (buckets, prefix) = (buckets.clone(), format!("{PREFIX}/{query_id}/"));
            buckets.clear(BUCKET, &prefix);
            if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                runtime.spawn(async move {
                    tokio::time::sleep(LATE).await;
                    buckets.clear(BUCKET, &prefix);
                });
            }
        })
    }

    /// Connector with the servers, called with wire bytes.
    ///
    /// # Errors
    /// If its settings are invalid.
    pub async fn invoke(&self) -> Result<InProcess, StackError> {
        Ok(InProcess::new(self.connector().await?))
    }

    async fn connector(&self) -> Result<Connector, StackError> {
        let (config, credentials) = self.config().await?;
        Ok(Connector::new(
            config.clone(),
            Arc::new(GlueSchemaRegistry::from_sdk_config(&sdk_config(
                &self.glue.endpoint_url(),
            ))),
            kafka_clusters(&config, credentials),
            Arc::new(self.blocks()),
            Arc::new(UnknownQueries),
        ))
    }

    /// Settings of a connector with the servers, and credentials for its brokers.
    async fn config(&self) -> Result<(Config, Arc<dyn CredentialStore>), StackError> {
        let variables = self.settings.clone().without("glue_connection");
        let own = self.connector_variables();
        let variables = own
            .iter()
            .fold(variables, |variables, (name, value)| variables.with(name, value));
        Ok(match self.kafka {
            // The embedded Kafka needs no authentication.
            Kafka::Embedded(_) => (variables.config()?, Arc::new(MemoryCredentialStore::new())),
            Kafka::Own => {
                let sdk = connector::aws::sdk::sdk_config().await;
                let variables = complete(variables, &sdk).await?;
                (variables.config()?, credential_store_from_env().await)
            }
        })
    }

    /// Store to which the connector spills.
    pub fn blocks(&self) -> S3BlockStore {
        S3BlockStore::new(self.s3_client())
    }

    fn s3_client(&self) -> aws_sdk_s3::Client {
        aws_sdk_s3::Client::new(&sdk_config(&self.s3.endpoint_url()))
    }

    /// Settings of a connector that uses the servers.
    fn connector_variables(&self) -> Vec<(&'static str, String)> {
        let mut variables = vec![
            ("spill_bucket", BUCKET.to_owned()),
            ("spill_prefix", PREFIX.to_owned()),
        ];
        if let Kafka::Embedded(kafka) = &self.kafka {
            variables.push(("kafka_endpoint", kafka.bootstrap_servers()));
            variables.push(("auth_type", "NO_AUTH".to_owned()));
        }
        variables
    }

    /// Environment variables with which a connector in another process uses the servers, and clients of Athena the API.
    pub fn variables(&self, api: &ApiServer) -> Vec<(&'static str, String)> {
        let mut variables = self.connector_variables();
        variables.extend([
            ("AWS_ENDPOINT_URL", api.endpoint_url().to_owned()),
            ("AWS_ENDPOINT_URL_ATHENA", api.endpoint_url().to_owned()),
            ("AWS_ENDPOINT_URL_GLUE", self.glue.endpoint_url()),
            ("AWS_ENDPOINT_URL_S3", self.s3.endpoint_url()),
            ("AWS_REGION", REGION.to_owned()),
            // The AWS CLI and boto3 read this one alone.
            ("AWS_DEFAULT_REGION", REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY.to_owned()),
        ]);
        variables
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

/// Store whose blocks are there until they are read.
struct ReadOnce {
    store: S3BlockStore,
    s3: aws_sdk_s3::Client,
}

// A wrapper that forgets to delegate a method with a default changes what it wraps.
#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl BlockStore for ReadOnce {
    async fn put(&self, location: &SpillLocation, block: Bytes) -> Result<(), StoreError> {
        self.store.put(location, block).await
    }

    async fn get(&self, location: &SpillLocation) -> Result<Bytes, StoreError> {
        let block = self.store.get(location).await?;
        let delete = self
            .s3
            .delete_object()
            .bucket(&location.bucket)
            .key(&location.key);
        // A block that stays takes memory, and nothing else.
        let _ = delete.send().await;
        Ok(block)
    }

    async fn check_bucket(&self, bucket: &str) -> Result<(), StoreError> {
        self.store.check_bucket(bucket).await
    }
}

/// Query status of queries that are unknown to Athena: whether they still run cannot be looked up.
struct UnknownQueries;

#[async_trait]
impl QueryStatus for UnknownQueries {
    async fn state(&self, _query_id: &str) -> Result<QueryState, QueryStatusError> {
        Ok(QueryState::Unknown)
    }
}

#[cfg(test)]
mod tests;
