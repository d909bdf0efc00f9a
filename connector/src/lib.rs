//! The Athena connector for Kafka and Amazon MSK: one Lambda that answers the federation protocol.
//!
//! [`Connector::handle`] takes a request's bytes and gives the response's. The binary `bootstrap` calls it for Lambda;
//! whoever wants a connector in process calls it directly.
//!
//! | module | idea |
//! |---|---|
//! | [`config`] | every environment variable, once |
//! | [`metadata`] | ping, schemas, tables, table, layout, capabilities |
//! | [`splits`] | watermarks to splits, page by page |
//! | [`pushdown`] | constraints to what of a topic is read |
//! | [`records`] | a split to rows: reader, decoder, filter, spiller |
//! | [`filter`] | constraints over a batch |
//! | [`registry`] | schema registries: where tables come from |
//! | [`kafka`] | brokers: where records come from |
//! | [`query_status`] | whether anybody still waits for the rows |
//! | [`error`], [`diagnostic`] | what can go wrong, and what Athena's users read of it |

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_config::meta::region::RegionProviderChain;
use aws_config::{BehaviorVersion, SdkConfig};
use futures::FutureExt;
use protocol::{FederationRequest, FederationResponse};
use spill::{BlockStore, S3BlockStore};
use tracing::Instrument;

use crate::config::cluster::ClusterConfig;
use crate::config::{Config, ConfigError};
use crate::diagnostic::Diagnostic;
use crate::error::Error;
use crate::kafka::Broker;
use crate::kafka::auth::store::CredentialStore;
use crate::kafka::auth::store::aws::AwsCredentialStore;
use crate::kafka::client::KafkaBroker;
use crate::kafka::clusters::Clusters;
use crate::query_status::{AthenaQueryStatus, QueryStatus};
use crate::registry::SchemaRegistry;
use crate::registry::catalog::Catalog;
use crate::registry::confluent::ConfluentRegistry;
use crate::registry::glue::GlueSchemaRegistry;
use crate::registry::writer_schemas::WriterSchemaSources;
use crate::wait::{registry, within};
use topic::TableDefaults;

pub mod config;
pub mod diagnostic;
pub mod error;
pub mod filter;
pub mod kafka;
pub mod metadata;
pub mod pushdown;
pub mod query_status;
pub mod records;
pub mod registry;
pub mod splits;
#[cfg(test)]
mod testing;
mod wait;

/// Answers the requests of Athena, or of whoever plays it. May be asked several things at once.
pub struct Connector {
    /// A faulty configuration is told by the calls that need one: a ping must be answered regardless.
    parts: Result<Parts, ConfigError>,
}

/// What the calls work with.
pub struct Parts {
    pub config: Config,
    pub catalog: Catalog,
    pub writer_schemas: Arc<WriterSchemaSources>,
    pub clusters: Clusters,
    pub blocks: Arc<dyn BlockStore>,
    pub query_status: Arc<dyn QueryStatus>,
}

impl Connector {
    pub fn new(
        config: Config,
        registry: Arc<dyn SchemaRegistry>,
        clusters: impl Into<Clusters>,
        blocks: Arc<dyn BlockStore>,
        query_status: Arc<dyn QueryStatus>,
    ) -> Self {
        Self {
            parts: Ok(Parts::new(
                config,
                registry,
                clusters.into(),
                blocks,
                query_status,
            )),
        }
    }

    /// With AWS and Kafka as the environment names them. Touches no network: clients connect when first used.
    pub async fn from_env() -> Self {
        match Config::from_vars(|name| std::env::var(name).ok()) {
            Ok(config) => Self::with_aws(config, &sdk_config().await),
            Err(error) => Self { parts: Err(error) },
        }
    }

    fn with_aws(config: Config, aws: &SdkConfig) -> Self {
        Self {
            parts: Ok(Parts::with_aws(config, aws)),
        }
    }

    /// Answers one request of the protocol, in JSON, at the version and in the Arrow framing it is written in.
    ///
    /// The answer, or the error instead, comes before `deadline`: a little time is kept back so that what was waited
    /// for can be said.
    ///
    /// # Errors
    /// Every failure, a panic included, as Athena's user is to read it. The next request works.
    pub async fn handle(&self, request: &[u8], deadline: Instant) -> Result<Vec<u8>, Diagnostic> {
        let answer = AssertUnwindSafe(self.answer(request, deadline))
            .catch_unwind()
            .await;
        let answer = answer.unwrap_or_else(|panic| Err(Error::Internal(panic_text(panic.as_ref()))));
        answer.map_err(|error| Diagnostic::from(&error))
    }

    async fn answer(&self, request: &[u8], deadline: Instant) -> Result<Vec<u8>, Error> {
        let (request, version) = FederationRequest::decode(request).inspect_err(|error| {
            tracing::error!(%error, "refused a request");
        })?;
        let span = tracing::info_span!(
            "request",
            call = request.name(),
            query_id = query_id(&request),
            version = version.number()
        );
        let answering = async {
            let started = Instant::now();
            let response = self.dispatch_within(request, deadline).await;
            let response = response.and_then(|response| Ok(response.encode(version.framing())?));
            let elapsed_ms = started.elapsed().as_millis() as u64;
            match &response {
                Ok(response) => tracing::info!(elapsed_ms, bytes = response.len(), "answered"),
                Err(error) => tracing::error!(elapsed_ms, error = error.full_message(), "failed"),
            }
            response
        };
        answering.instrument(span).await
    }

    /// Calls that wait for others are given a deadline of their own, so that they can tell what they waited for; the
    /// last resort cuts off the rest.
    async fn dispatch_within(
        &self,
        request: FederationRequest,
        deadline: Instant,
    ) -> Result<FederationResponse, Error> {
        let name = request.name();
        let limit = deadline.saturating_duration_since(Instant::now());
        let margin = MARGIN.min(limit / 10);
        let (inner, outer) = (deadline - 2 * margin, deadline - margin);
        match tokio::time::timeout_at(outer.into(), self.dispatch(request, inner)).await {
            Ok(response) => response,
            Err(_) => Err(Error::DeadlineExceeded { request: name, limit }),
        }
    }

    async fn dispatch(
        &self,
        request: FederationRequest,
        deadline: Instant,
    ) -> Result<FederationResponse, Error> {
        use FederationResponse as Response;
        Ok(match request {
            FederationRequest::Ping(request) => Response::Ping(metadata::ping(request)),
            FederationRequest::ListSchemas(request) => {
                let schemas = metadata::list_schemas(&self.parts()?.catalog, request);
                Response::ListSchemas(within(deadline, registry("databases".into()), schemas).await?)
            }
            FederationRequest::ListTables(request) => {
                let tables = metadata::list_tables(&self.parts()?.catalog, request);
                Response::ListTables(within(deadline, registry("tables".into()), tables).await?)
            }
            FederationRequest::GetTable(request) => {
                let wanted = format!("table `{}`", request.table_name);
                let table = metadata::get_table(&self.parts()?.catalog, request);
                Response::GetTable(within(deadline, registry(wanted), table).await?)
            }
            FederationRequest::GetTableLayout(request) => {
                Response::GetTableLayout(metadata::get_table_layout(request)?)
            }
            FederationRequest::GetSplits(request) => {
                Response::GetSplits(splits::get_splits(self.parts()?, request, deadline).await?)
            }
            FederationRequest::ReadRecords(request) => {
                records::read_records(self.parts()?, request, deadline).await?
            }
            FederationRequest::GetDataSourceCapabilities(request) => {
                Response::GetDataSourceCapabilities(metadata::get_data_source_capabilities(request))
            }
            FederationRequest::UserDefinedFunction(_) => return Err(Error::UnknownRequest(request.name())),
        })
    }

    fn parts(&self) -> Result<&Parts, Error> {
        self.parts.as_ref().map_err(|error| Error::Config(error.clone()))
    }
}

impl Parts {
    /// With AWS and Kafka as they are named. Touches no network: clients connect when first used.
    pub fn with_aws(config: Config, aws: &SdkConfig) -> Self {
        let clusters = kafka_clusters(&config, credential_store(aws));
        Self::new(
            config,
            Arc::new(GlueSchemaRegistry::from_sdk_config(aws)),
            clusters,
            Arc::new(S3BlockStore::new(s3_client(aws))),
            Arc::new(AthenaQueryStatus::new(aws_sdk_athena::Client::new(aws))),
        )
    }

    pub fn new(
        config: Config,
        registry: Arc<dyn SchemaRegistry>,
        clusters: Clusters,
        blocks: Arc<dyn BlockStore>,
        query_status: Arc<dyn QueryStatus>,
    ) -> Self {
        let defaults = TableDefaults {
            metadata_columns: config.metadata_columns,
            cluster: None,
        };
        let catalog = Catalog::new(registry, config.schema_cache)
            .with_defaults(defaults)
            .with_named_clusters(!config.named_clusters.is_empty());
        let confluent = config.schema_registry_url.clone().map(ConfluentRegistry::new);
        Self {
            writer_schemas: Arc::new(WriterSchemaSources::new(catalog.versions(), confluent)),
            config,
            catalog,
            clusters,
            blocks,
            query_status,
        }
    }
}

/// The clusters that `config` knows, none of them connected yet, nor asked `credentials` for.
pub fn kafka_clusters(config: &Config, credentials: Arc<dyn CredentialStore>) -> Clusters {
    let broker = |cluster: &ClusterConfig| -> Arc<dyn Broker> {
        let credentials = Arc::clone(&credentials);
        Arc::new(KafkaBroker::new(
            cluster.clone(),
            config.isolation_level,
            credentials,
        ))
    };
    let named = config.named_clusters.iter();
    let named = named.map(|(name, cluster)| (name.clone(), broker(cluster)));
    Clusters::new(broker(&config.cluster), named.collect())
}

/// Secrets and certificates of AWS as the environment names it. Touches no network.
pub async fn credential_store_from_env() -> Arc<dyn CredentialStore> {
    credential_store(&sdk_config().await)
}

fn credential_store(aws: &SdkConfig) -> Arc<dyn CredentialStore> {
    Arc::new(AwsCredentialStore::new(aws, s3_client(aws)))
}

/// Kept back from a request's time, twice: for a call to end by itself, and for its answer to travel. Less if the time
/// is short.
const MARGIN: Duration = Duration::from_millis(1500);

/// AWS as the environment names it. Touches no network.
///
/// Regions come from the environment or the profile; the instance metadata service, which the default chain would ask
/// next, is a network call that a Lambda never needs.
pub async fn sdk_config() -> SdkConfig {
    use aws_config::environment::EnvironmentVariableRegionProvider;
    use aws_config::profile::ProfileFileRegionProvider;
    let region = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
        .or_else(ProfileFileRegionProvider::new());
    aws_config::defaults(BehaviorVersion::latest())
        .region(region)
        .load()
        .await
}

/// A client of S3. An endpoint of one's own rarely has a host name for every bucket.
pub fn s3_client(aws: &SdkConfig) -> aws_sdk_s3::Client {
    let own_endpoint = aws.endpoint_url().is_some() || std::env::var_os("AWS_ENDPOINT_URL_S3").is_some();
    let config = aws_sdk_s3::config::Builder::from(aws).force_path_style(own_endpoint);
    aws_sdk_s3::Client::from_conf(config.build())
}

fn query_id(request: &FederationRequest) -> Option<&str> {
    match request {
        FederationRequest::Ping(request) => Some(&request.query_id),
        FederationRequest::ListSchemas(request) => request.query_id.as_deref(),
        FederationRequest::ListTables(request) => request.query_id.as_deref(),
        FederationRequest::GetTable(request) => request.query_id.as_deref(),
        FederationRequest::GetTableLayout(request) => request.query_id.as_deref(),
        FederationRequest::GetSplits(request) => request.query_id.as_deref(),
        FederationRequest::ReadRecords(request) => Some(&request.query_id),
        FederationRequest::GetDataSourceCapabilities(request) => request.query_id.as_deref(),
        FederationRequest::UserDefinedFunction(_) => None,
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("the connector panicked: {}", text.unwrap_or("without a message"))
}

#[cfg(test)]
mod tests;
