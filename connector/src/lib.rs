//! The Athena connector for Kafka and Amazon MSK: one Lambda that answers the federation protocol.
//!
//! [`Connector::handle`] takes a request's bytes and gives the response's. The binary `bootstrap` calls it for Lambda;
//! whoever wants a connector in process calls it directly.
//!
//! | module | idea |
//! |---|---|
//! | [`config`] | every environment variable, once |
//! | [`aws`] | clients of AWS, and the settings and keys that are kept there |
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

use futures::FutureExt;
use protocol::{FederatedIdentity, FederationRequest, FederationResponse};
use spill::BlockStore;
use tokio::sync::OnceCell;
use tracing::Instrument;

use crate::aws::AwsParts;
use crate::config::Config;
use crate::config::cluster::ClusterConfig;
use crate::diagnostic::Diagnostic;
use crate::error::Error;
use crate::kafka::Broker;
use crate::kafka::auth::store::CredentialStore;
use crate::kafka::client::KafkaBroker;
use crate::kafka::clusters::Clusters;
use crate::query_status::QueryStatus;
use crate::registry::SchemaRegistry;
use crate::registry::catalog::Catalog;
use crate::registry::confluent::ConfluentRegistry;
use crate::registry::writer_schemas::WriterSchemaSources;
use crate::splits::{LocalSpillKeys, SpillKeys};
use crate::wait::{registry, within};
use topic::TableDefaults;

pub mod aws;
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

pub use aws::credential_store_from_env;

/// Answers the requests of Athena, or of whoever plays it. May be asked several things at once.
pub struct Connector {
    parts: Source,
}

/// Where a connector's parts come from.
enum Source {
    Given(Arc<Parts>),
    /// A faulty configuration is told by the calls that need one: a ping must be answered regardless.
    Aws(Box<AwsParts>),
}

/// What the calls work with.
pub struct Parts {
    pub config: Config,
    pub catalog: Catalog,
    pub writer_schemas: Arc<WriterSchemaSources>,
    pub clusters: Clusters,
    pub blocks: Arc<dyn BlockStore>,
    pub spill_keys: Arc<dyn SpillKeys>,
    /// Done once the bucket of the settings is known to be there.
    spill_bucket_check: OnceCell<()>,
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
        let parts = Parts::new(config, registry, clusters.into(), blocks, query_status);
        Self {
            parts: Source::Given(Arc::new(parts)),
        }
    }

    /// With AWS and Kafka as the environment names them. Touches no network: clients connect when first used.
    pub async fn from_env() -> Self {
        Self {
            parts: Source::Aws(Box::new(AwsParts::from_env().await)),
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
        // Boxed, or the types of all calls together are too deep for the compiler.
        let answer = self.dispatch(request, inner).boxed();
        match tokio::time::timeout_at(outer.into(), answer).await {
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
        let parts =
            async |identity: &Option<FederatedIdentity>| self.parts(identity.as_ref(), deadline).await;
        Ok(match request {
            FederationRequest::Ping(request) => Response::Ping(metadata::ping(request)),
            FederationRequest::ListSchemas(request) => {
                let parts = parts(&request.identity).await?;
                let schemas = metadata::list_schemas(&parts.catalog, request);
                Response::ListSchemas(within(deadline, registry("databases".into()), schemas).await?)
            }
            FederationRequest::ListTables(request) => {
                let parts = parts(&request.identity).await?;
                let tables = metadata::list_tables(&parts.catalog, request);
                Response::ListTables(within(deadline, registry("tables".into()), tables).await?)
            }
            FederationRequest::GetTable(request) => {
                let parts = parts(&request.identity).await?;
                let wanted = format!("table `{}`", request.table_name);
                let table = metadata::get_table(&parts.catalog, request);
                Response::GetTable(within(deadline, registry(wanted), table).await?)
            }
            FederationRequest::GetTableLayout(request) => {
                Response::GetTableLayout(metadata::get_table_layout(request)?)
            }
            FederationRequest::GetSplits(request) => {
                let parts = parts(&request.identity).await?;
                Response::GetSplits(splits::get_splits(&parts, request, deadline).await?)
            }
            FederationRequest::ReadRecords(request) => {
                let parts = parts(&request.identity).await?;
                records::read_records(&parts, request, deadline).await?
            }
            FederationRequest::GetDataSourceCapabilities(request) => {
                Response::GetDataSourceCapabilities(metadata::get_data_source_capabilities(request))
            }
            FederationRequest::UserDefinedFunction(_) => return Err(Error::UnknownRequest(request.name())),
        })
    }

    /// Those that a request by `identity` works with.
    async fn parts(
        &self,
        identity: Option<&FederatedIdentity>,
        deadline: Instant,
    ) -> Result<Arc<Parts>, Error> {
        match &self.parts {
            Source::Given(parts) => Ok(Arc::clone(parts)),
            Source::Aws(parts) => {
                let aws = ("AWS".to_owned(), "settings that are kept there".to_owned());
                within(deadline, aws, parts.get(identity)).await
            }
        }
    }
}

impl Parts {
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
            spill_keys: Arc::new(LocalSpillKeys),
            spill_bucket_check: OnceCell::new(),
            query_status,
        }
    }

    /// The same with other keys for what is spilled than those this process makes.
    pub fn with_spill_keys(self, spill_keys: Arc<dyn SpillKeys>) -> Self {
        Self { spill_keys, ..self }
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

/// Kept back from a request's time, twice: for a call to end by itself, and for its answer to travel. Less if the time
/// is short.
const MARGIN: Duration = Duration::from_millis(1500);

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
