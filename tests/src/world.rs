//! Everything a query needs, started for one test: broker, registry endpoint, bucket; and a connector in
//! front of them, in this process or as the real binary in an emulated Lambda.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use connector::Connector;
use connector::assembly::kafka_clusters;
use connector::aws::credentials::AwsCredentialStore;
use connector::config::Config;
use connector::query_status::{AthenaQueryStatus, QueryStatus};
use connector::registry::glue::GlueSchemaRegistry;
use embedded::EmbeddedAthena;
use embedded::glue::{DataFormat, EmbeddedGlue};
use embedded::s3::EmbeddedS3;
use kafka::Clusters;
use spill::{BlockStore, S3BlockStore};

use crate::broker::Broker;
pub use crate::client::REGISTRY;
use crate::client::{Ask, Client};
use crate::lambda::{Lambda, Outcome};

/// Parts of one test.
pub struct World {
    pub broker: Broker,
    pub glue: EmbeddedGlue,
    pub bucket: String,
    s3: Option<EmbeddedS3>,
    s3_endpoint: String,
    athena: EmbeddedAthena,
}

impl World {
    /// Starts the parts that the environment does not name: `KAFKA_BOOTSTRAP` and `MOTO_ENDPOINT` name the
    /// real ones.
    pub async fn start() -> Self {
        Self::with_broker(Broker::start().await).await
    }

    /// Starts parts with the embedded broker, whatever the environment names, for faults that only it can
    /// cause.
    pub async fn embedded() -> Self {
        Self::with_broker(Broker::embedded().await).await
    }

    /// Starts parts with this broker.
    pub async fn with_broker(broker: Broker) -> Self {
        let glue = EmbeddedGlue::start().await.expect("the registry endpoint starts");
        glue.add_registry(REGISTRY, "orders and others {AthenaFederationMSK}")
            .expect("a registry");
        let bucket = format!("spill-{}", uuid::Uuid::new_v4().simple());
        let (s3, s3_endpoint) = match std::env::var("MOTO_ENDPOINT") {
            Ok(endpoint) => (None, endpoint),
            Err(_) => {
                let s3 = EmbeddedS3::start().await.expect("the bucket endpoint starts");
                let endpoint = s3.endpoint_url();
                (Some(s3), endpoint)
            }
        };
        let world = Self {
            broker,
            glue,
            bucket,
            s3,
            s3_endpoint,
            athena: EmbeddedAthena::start().await.expect("Athena's endpoint starts"),
        };
        world
            .s3()
            .create_bucket()
            .bucket(&world.bucket)
            .send()
            .await
            .expect("the bucket is made");
        world
    }

    /// Embedded S3, for faults; `None` for a real one.
    pub fn as_embedded_s3(&self) -> Option<&EmbeddedS3> {
        self.s3.as_ref()
    }

    /// Registers a schema document under `table` in [`REGISTRY`].
    pub fn register(&self, table: &str, document: &serde_json::Value) {
        self.register_in(REGISTRY, table, document);
    }

    /// Registers a schema document in another registry.
    pub fn register_in(&self, registry: &str, table: &str, document: &serde_json::Value) {
        let registered = self
            .glue
            .register_schema(registry, table, DataFormat::Json, &document.to_string());
        registered.expect("a schema");
    }

    /// Registers the next version of an Avro or Protobuf schema; returns the version's id.
    pub fn register_schema(&self, name: &str, data_format: DataFormat, definition: &str) -> uuid::Uuid {
        let version = self.glue.register_schema(REGISTRY, name, data_format, definition);
        version.expect("a schema")
    }

    /// Registers a JSON topic whose columns map to keys of their own name: `(name, type, formatHint)`.
    pub fn register_json(&self, table: &str, topic: &str, columns: &[(&str, &str, &str)]) {
        let fields: Vec<_> = columns
            .iter()
            .map(|(name, sql_type, hint)| {
                serde_json::json!({ "name": name, "mapping": name, "type": sql_type, "formatHint": hint })
            })
            .collect();
        let document =
            serde_json::json!({ "topicName": topic, "message": { "dataFormat": "json", "fields": fields } });
        self.register(table, &document);
    }

    /// Variables of the function, and endpoints in place of AWS's own.
    pub fn variables(&self) -> Vec<(String, String)> {
        let pairs = [
            ("kafka_endpoint", self.broker.bootstrap()),
            ("auth_type", "NO_AUTH"),
            ("spill_bucket", &self.bucket),
            ("spill_prefix", "athena-spill"),
            ("AWS_ENDPOINT_URL_GLUE", &self.glue.endpoint_url()),
            // A host name, not an address: buckets must be found in the path nevertheless.
            (
                "AWS_ENDPOINT_URL_S3",
                &self.s3_endpoint.replace("127.0.0.1", "localhost"),
            ),
            ("AWS_ENDPOINT_URL_ATHENA", &self.athena_endpoint()),
            ("AWS_ACCESS_KEY_ID", embedded::s3::ACCESS_KEY_ID),
            ("AWS_SECRET_ACCESS_KEY", embedded::s3::SECRET_ACCESS_KEY),
        ];
        let mut variables = pairs
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
        if let Ok(endpoint) = std::env::var("MOTO_ENDPOINT") {
            variables.push(("AWS_ENDPOINT_URL_SECRETS_MANAGER".to_owned(), endpoint));
        }
        variables
    }

    /// Store of secrets and certificates in moto; without moto only the embedded S3.
    fn credentials(&self) -> Arc<AwsCredentialStore> {
        Arc::new(AwsCredentialStore::new(&self.sdk(&self.s3_endpoint), self.s3()))
    }

    /// Connector in this process, with settings that override [`World::variables`].
    pub fn connector(&self, settings: &[(&str, &str)]) -> Client {
        self.connector_on(self.clusters(settings), settings)
    }

    /// Connector over Kafka clients that may be shared with another one.
    pub fn connector_on(&self, clusters: Clusters, settings: &[(&str, &str)]) -> Client {
        let connector = self.in_process(settings, clusters, self.blocks(), self.query_status());
        Client::new(Arc::new(InProcess(connector)), self.blocks())
    }

    /// Connector that spills to another store than the bucket.
    pub fn connector_that_spills_to(&self, blocks: Arc<dyn BlockStore>, settings: &[(&str, &str)]) -> Client {
        self.connector_of(settings, blocks, self.query_status())
    }

    /// Connector with a store and a query status of the test.
    pub fn connector_of(
        &self,
        settings: &[(&str, &str)],
        blocks: Arc<dyn BlockStore>,
        query_status: Arc<dyn QueryStatus>,
    ) -> Client {
        let clusters = self.clusters(settings);
        let connector = self.in_process(settings, clusters, Arc::clone(&blocks), query_status);
        Client::new(Arc::new(InProcess(connector)), blocks)
    }

    /// SQL over a connector in this process, with settings that override [`World::variables`].
    pub fn athena(&self, settings: &[(&str, &str)]) -> local::Athena {
        local::Athena::new(Arc::new(self.invoke_in_process(settings)), self.blocks())
    }

    /// SQL over a function, invoked by AWS's SDK.
    pub fn athena_on(&self, lambda: &Lambda) -> local::Athena {
        local::Athena::new(Arc::new(self.invoke_lambda(lambda)), self.blocks())
    }

    /// Connector in this process, with settings that override [`World::variables`].
    pub fn invoke_in_process(&self, settings: &[(&str, &str)]) -> local::InProcess {
        let clusters = self.clusters(settings);
        local::InProcess::new(self.in_process(settings, clusters, self.blocks(), self.query_status()))
    }

    /// Function invoked by AWS's SDK.
    pub fn invoke_lambda(&self, lambda: &Lambda) -> local::LambdaInvoke {
        let client = aws_sdk_lambda::Client::new(&self.sdk(lambda.endpoint_url()));
        local::LambdaInvoke::new(client, "f")
    }

    /// Kafka clients of a configuration, with settings that override [`World::variables`].
    pub fn clusters(&self, settings: &[(&str, &str)]) -> Clusters {
        kafka_clusters(&self.config(settings), self.credentials())
    }

    fn in_process(
        &self,
        settings: &[(&str, &str)],
        clusters: Clusters,
        blocks: Arc<dyn BlockStore>,
        query_status: Arc<dyn QueryStatus>,
    ) -> Connector {
        let registry = GlueSchemaRegistry::from_sdk_config(&self.sdk(&self.glue.endpoint_url()));
        Connector::new(
            self.config(settings),
            Arc::new(registry),
            clusters,
            blocks,
            query_status,
        )
    }

    fn config(&self, settings: &[(&str, &str)]) -> Config {
        let variables = self.variables();
        let variable = |name: &str| {
            let set = settings
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned());
            set.or_else(|| {
                variables
                    .iter()
                    .find(|(key, _)| key == name)
                    .map(|(_, value)| value.clone())
            })
        };
        Config::from_vars(variable).expect("a valid configuration")
    }

    fn blocks(&self) -> Arc<S3BlockStore> {
        Arc::new(S3BlockStore::new(self.s3()))
    }

    fn query_status(&self) -> Arc<AthenaQueryStatus> {
        let client = aws_sdk_athena::Client::new(&self.sdk(&self.athena_endpoint()));
        Arc::new(AthenaQueryStatus::new(client))
    }

    /// Real binary in an emulated Lambda with this many containers.
    pub async fn lambda(&self, containers: usize, settings: &[(&str, &str)]) -> (Arc<Lambda>, Client) {
        let mut variables = self.variables();
        variables.extend(
            settings
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let lambda = Arc::new(
            Lambda::start("bootstrap", containers, &variables)
                .await
                .expect("the function starts"),
        );
        let client = self.client(&lambda);
        (lambda, client)
    }

    /// Client of a function that was started with other variables.
    pub fn client(&self, lambda: &Arc<Lambda>) -> Client {
        Client::new(Arc::new(Invoked(Arc::clone(lambda))), self.blocks())
    }

    /// Client of the bucket's S3.
    pub fn s3(&self) -> aws_sdk_s3::Client {
        aws_sdk_s3::Client::new(&self.sdk(&self.s3_endpoint))
    }

    /// Endpoint of the bucket.
    pub fn s3_endpoint(&self) -> &str {
        &self.s3_endpoint
    }

    /// Endpoint of GetQueryExecution: moto, or the embedded one, which has no queries.
    pub fn athena_endpoint(&self) -> String {
        std::env::var("MOTO_ENDPOINT").unwrap_or_else(|_| self.athena.endpoint_url())
    }

    /// SDK configuration for one endpoint, with the stand-ins' credentials.
    pub fn sdk(&self, endpoint: &str) -> SdkConfig {
        let credentials = aws_sdk_s3::config::Credentials::new(
            embedded::s3::ACCESS_KEY_ID,
            embedded::s3::SECRET_ACCESS_KEY,
            None,
            None,
            "test",
        );
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(endpoint)
            .credentials_provider(aws_sdk_s3::config::SharedCredentialsProvider::new(credentials))
            .build()
    }
}

struct InProcess(Connector);

#[async_trait::async_trait]
impl Ask for InProcess {
    async fn ask(&self, request: Vec<u8>, limit: Duration) -> Result<Vec<u8>, String> {
        self.0
            .handle(&request, Instant::now() + limit)
            .await
            .map_err(|fault| fault.error_message)
    }
}

struct Invoked(Arc<Lambda>);

#[async_trait::async_trait]
impl Ask for Invoked {
    async fn ask(&self, request: Vec<u8>, _limit: Duration) -> Result<Vec<u8>, String> {
        match self.0.invoke(&request).await {
            Outcome::Success(answer) => Ok(answer),
            Outcome::FunctionError(error) => {
                let error: serde_json::Value =
                    serde_json::from_slice(&error).map_err(|error| error.to_string())?;
                Err(error["errorMessage"].as_str().unwrap_or_default().to_owned())
            }
        }
    }
}
