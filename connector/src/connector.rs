//! Handling of requests: dispatch from request to response, within the time limit.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::BoxFuture;
use kafka::Clusters;
use protocol::{FederatedIdentity, FederationRequest, FederationResponse};
use spill::BlockStore;
use tracing::field::Empty;
use tracing::{Instrument, Span};

use crate::assembly::AwsParts;
use crate::aws::sdk::sdk_config;
use crate::config::Config;
use crate::config::variables::Variables;
use crate::diagnostic::Diagnostic;
use crate::error::Error;
use crate::parts::Parts;
use crate::query_status::QueryStatus;
use crate::registry::SchemaRegistry;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::report::{Failure, Report, collect, note};
use crate::wait::within;
use crate::{metadata, records, splits};

/// Handler of requests from Athena or a client that plays it. Requests may be concurrent.
pub struct Connector {
    parts: Source,
    /// Whether a request has been handled before.
    is_warm: AtomicBool,
}

/// Source of a connector's parts.
enum Source {
    Given(Arc<Parts>),
    /// A configuration error is returned by the calls that need the configuration: a ping must succeed
    /// regardless.
    Aws(Box<AwsParts>),
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

    /// Connector with AWS and Kafka as the environment specifies. Uses no network: clients connect when first
    /// used.
    pub fn from_env() -> BoxFuture<'static, Self> {
        async { Self::with_parts(Source::Aws(Box::new(AwsParts::from_env().await))) }.boxed()
    }

    /// Creates a connector with these variables in place of those of the environment that the connector reads.
    pub fn from_variables(variables: Variables) -> BoxFuture<'static, Self> {
        async {
            let parts = AwsParts::new(variables, sdk_config().await);
            Self::with_parts(Source::Aws(Box::new(parts)))
        }
        .boxed()
    }

    /// Handles one request of the protocol, in JSON, and responds at its version and in its Arrow framing.
    ///
    /// The response or error is returned before `deadline`: some time is reserved so that the error can name
    /// what was waited for. The outcome is logged and, if configured, counted.
    ///
    /// # Errors
    /// Every failure, including a panic, in the form that Athena shows to its user. The next request works.
    pub fn handle<'a>(
        &'a self,
        request: &'a [u8],
        deadline: Instant,
    ) -> BoxFuture<'a, Result<Vec<u8>, Diagnostic>> {
        // Boxed in this crate, because otherwise each caller's crate compiles the futures of all calls again.
        self.answer_and_report(request, deadline).boxed()
    }

    async fn answer_and_report(&self, request: &[u8], deadline: Instant) -> Result<Vec<u8>, Diagnostic> {
        let started = Instant::now();
        // At level `error`, so that a warning carries its request whatever the log level.
        let span = tracing::error_span!("request", otel.kind = "server", call = Empty, query_id = Empty);
        let report = Report {
            cold_start: !self.is_warm.swap(true, Ordering::Relaxed),
            ..Report::default()
        };
        let answering = AssertUnwindSafe(self.answer(request, deadline)).catch_unwind();
        let (answer, mut report) = collect(report, answering.instrument(span.clone())).await;
        let answer = answer.unwrap_or_else(|panic| Err(Error::Internal(panic_text(panic.as_ref()))));
        report.end(answer.as_ref().map(Vec::len).map_err(failure), started.elapsed());
        span.in_scope(|| report.log());
        report.describe(&span);
        if let Some(namespace) = self
            .known_setting(|config| config.metrics_namespace.clone())
            .flatten()
        {
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
            report.call = request.name();
            report.query_id = request.query_id().map(str::to_owned);
            report.table = request.table_name().map(ToString::to_string);
            let span = Span::current();
            span.record("call", report.call);
            span.record("query_id", report.query_id.as_deref());
        });
        let response = self.dispatch_within(request, deadline).await?;
        Ok(response.encode(version)?)
    }

    /// Calls that wait for external services have an earlier deadline, so that their error names the service;
    /// this limit ends all others.
    async fn dispatch_within(
        &self,
        request: FederationRequest,
        deadline: Instant,
    ) -> Result<FederationResponse, Error> {
        let name = request.name();
        let limit = deadline.saturating_duration_since(Instant::now());
        let margin = MARGIN.min(limit / 10);
        let (inner, outer) = (deadline - 2 * margin, deadline - margin);
        // Boxed, because the nested types of all calls exceed the compiler's limit.
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
        use FederationRequest as Request;
        use FederationResponse as Response;
        let identity = request.identity().cloned();
        // Calls that need no parts succeed whatever is wrong with the settings.
        let parts = async || self.parts(identity.as_ref(), deadline).await;
        Ok(match request {
            Request::Ping(request) => Response::Ping(metadata::ping(request)),
            Request::ListSchemas(request) => {
                let parts = parts().await?;
                let schemas = metadata::list_schemas(&parts.tables(deadline), request).await?;
                Response::ListSchemas(schemas)
            }
            Request::ListTables(request) => {
                let parts = parts().await?;
                let tables = metadata::list_tables(&parts.tables(deadline), request).await?;
                Response::ListTables(tables)
            }
            Request::GetTable(request) => {
                let parts = parts().await?;
                let table = metadata::get_table(&parts.tables(deadline), request).await?;
                Response::GetTable(table)
            }
            Request::GetTableLayout(request) => {
                Response::GetTableLayout(metadata::get_table_layout(request)?)
            }
            Request::GetSplits(request) => {
                let parts = parts().await?;
                Response::GetSplits(splits::get_splits(&parts, request, deadline).await?)
            }
            Request::ReadRecords(request) => {
                let parts = parts().await?;
                records::read_records(&parts, request, deadline).await?
            }
            Request::GetDataSourceCapabilities(request) => {
                // Invalid settings advertise nothing: the calls that need them report the fault.
                let top_n_pushdown = self
                    .known_setting(|config| config.top_n_pushdown)
                    .unwrap_or_default();
                let capabilities = metadata::get_data_source_capabilities(request, top_n_pushdown);
                Response::GetDataSourceCapabilities(capabilities)
            }
            Request::UserDefinedFunction(_) => return Err(Error::UnknownRequest(request.name())),
        })
    }

    /// Value of a setting, if it is known without a request to a service.
    fn known_setting<T>(&self, setting: impl FnOnce(&Config) -> T) -> Option<T> {
        match &self.parts {
            Source::Given(parts) => Some(setting(&parts.config)),
            Source::Aws(parts) => parts.known_setting(setting),
        }
    }

    /// Parts for a request by `identity`.
    async fn parts(
        &self,
        identity: Option<&FederatedIdentity>,
        deadline: Instant,
    ) -> Result<Arc<Parts>, Error> {
        match &self.parts {
            Source::Given(parts) => Ok(Arc::clone(parts)),
            Source::Aws(parts) => {
                let aws = ("AWS".to_owned(), "settings that are stored there".to_owned());
                within(deadline, aws, parts.get(identity)).await
            }
        }
    }
}

/// Time reserved of a request's limit, twice: for a call to end by itself, and for its response to be sent.
/// Less if the limit is short.
const MARGIN: Duration = Duration::from_millis(1500);

fn failure(error: &Error) -> Failure {
    Failure {
        error_type: error.kind(),
        message: error.full_message(),
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("the connector panicked: {}", text.unwrap_or("without a message"))
}

#[cfg(test)]
mod tests;
