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
//! | [`telemetry`] | what is logged, counted and traced |
//! | [`error`], [`diagnostic`] | what can go wrong, and what Athena's users read of it |

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures::FutureExt;
use protocol::{FederatedIdentity, FederationRequest, FederationResponse};
use spill::BlockStore;
use tokio::sync::OnceCell;
use tracing::field::Empty;
use tracing::{Instrument, Span};

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
use crate::telemetry::metrics::Metrics;
use crate::telemetry::report::{Report, collect, note};
use crate::wait::{look_up, within};
use topic::TableDefaults;

pub mod aws;
pub mod config;
pub mod diagnostic;
pub mod error;
pub mod filter;
mod http;
pub mod kafka;
pub mod metadata;
pub mod pushdown;
pub mod query_status;
pub mod records;
pub mod registry;
pub mod splits;
pub mod telemetry;
#[cfg(test)]
mod testing;
mod wait;

pub use aws::credential_store_from_env;

/// Answers the requests of Athena, or of whoever plays it. May be asked several things at once.
pub struct Connector {
    parts: Source,
    /// Whether a request has come.
    is_warm: AtomicBool,
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
        Self::with_parts(Source::Given(Arc::new(parts)))
    }

    fn with_parts(parts: Source) -> Self {
        Self {
            parts,
            is_warm: AtomicBool::new(false),
        }
    }

    /// With AWS and Kafka as the environment names them. Touches no network: clients connect when first used.
    pub async fn from_env() -> Self {
        Self::with_parts(Source::Aws(Box::new(AwsParts::from_env().await)))
    }

    /// Answers one request of the protocol, in JSON, at the version and in the Arrow framing it is written in.
    ///
    /// The answer, or the error instead, comes before `deadline`: a little time is kept back so that what was waited
    /// for can be said. What it came to is logged and, if the settings say so, counted.
    ///
    /// # Errors
    /// Every failure, a panic included, as Athena's user is to read it. The next request works.
    pub async fn handle(&self, request: &[u8], deadline: Instant) -> Result<Vec<u8>, Diagnostic> {
        let started = Instant::now();
        // At `error`, so that under any level a warning says which request it is about.
        let span = tracing::error_span!("request", otel.kind = "server", call = Empty, query_id = Empty);
        let report = Report {
            cold_start: !self.is_warm.swap(true, Ordering::Relaxed),
            ..Report::default()
        };
        let answering = AssertUnwindSafe(self.answer(request, deadline)).catch_unwind();
        let (answer, mut report) = collect(report, answering.instrument(span.clone())).await;
        let answer = answer.unwrap_or_else(|panic| Err(Error::Internal(panic_text(panic.as_ref()))));
        report.end(answer.as_ref(), started.elapsed());
        span.in_scope(|| report.log());
        report.describe(&span);
        if let Some(namespace) = self.metrics_namespace() {
            Metrics {
                namespace: &namespace,
            }
            .emit(&report);
        }
        answer.map_err(|error| Diagnostic::from(&error))
    }

    async fn answer(&self, request: &[u8], deadline: Instant) -> Result<Vec<u8>, Error> {
        let (request, version) = FederationRequest::decode(request)?;
        note(|report| {
            report.about(&request);
            let span = Span::current();
            span.record("call", report.call);
            span.record("query_id", report.query_id.as_deref());
        });
        let response = self.dispatch_within(request, deadline).await?;
        Ok(response.encode(version)?)
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
                Response::ListSchemas(look_up(deadline, "databases".into(), schemas).await?)
            }
            FederationRequest::ListTables(request) => {
                let parts = parts(&request.identity).await?;
                let tables = metadata::list_tables(&parts.catalog, request);
                Response::ListTables(look_up(deadline, "tables".into(), tables).await?)
            }
            FederationRequest::GetTable(request) => {
                let parts = parts(&request.identity).await?;
                let wanted = format!("table `{}`", request.table_name);
                let table = metadata::get_table(&parts.catalog, request);
                Response::GetTable(look_up(deadline, wanted, table).await?)
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

    fn metrics_namespace(&self) -> Option<String> {
        match &self.parts {
            Source::Given(parts) => parts.config.metrics_namespace.clone(),
            Source::Aws(parts) => parts.metrics_namespace(),
        }
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

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("the connector panicked: {}", text.unwrap_or("without a message"))
}

#[cfg(test)]
mod tests;
