//! The connector's surroundings in AWS: its services' clients, and the settings that are kept there.
//!
//! Nothing here is built before a request needs it, and no network is touched for a ping.

use std::sync::Arc;
use std::time::Duration;

use aws_config::meta::region::RegionProviderChain;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_glue::error::{ProvideErrorMetadata, SdkError};
use protocol::FederatedIdentity;
use spill::S3BlockStore;
use tokio::sync::OnceCell;

use crate::Parts;
use crate::config::variables::Variables;
use crate::config::{Config, ConfigError, GLUE_CONNECTION, GLUE_ENDPOINT};
use crate::error::Error;
use crate::kafka::auth::store::CredentialStore;
use crate::kafka::auth::store::aws::AwsCredentialStore;
use crate::kafka::clusters::Clusters;
use crate::kafka_clusters;
use crate::query_status::AthenaQueryStatus;
use crate::registry::glue::GlueSchemaRegistry;
use crate::registry::once_cache::OnceCache;
use crate::splits::{LocalSpillKeys, SpillKeys};
use kms::KmsSpillKeys;
use session::ForwardedSession;

mod glue_connection;
mod kms;
mod session;

pub use session::SessionError;

/// What calls work with, as the environment and AWS say. Made when first needed; a failure is told and not kept.
pub(crate) struct AwsParts {
    variables: Variables,
    sdk: SdkConfig,
    parts: OnceCell<Arc<Parts>>,
    of_callers: OnceCache<ForwardedSession, Parts>,
}

impl AwsParts {
    pub(crate) async fn from_env() -> Self {
        Self::new(Variables::from_env(), sdk_config().await)
    }

    pub(crate) fn new(variables: Variables, sdk: SdkConfig) -> Self {
        Self {
            variables,
            sdk,
            parts: OnceCell::new(),
            of_callers: OnceCache::new(MAX_CALLERS),
        }
    }

    /// As far as it is known: of calls that need no parts, what the environment says.
    pub(crate) fn metrics_namespace(&self) -> Option<String> {
        match self.parts.get() {
            Some(parts) => parts.config.metrics_namespace.clone(),
            None => self.variables.config().ok()?.metrics_namespace,
        }
    }

    /// Those of a request: with the caller's own session, if it brings one.
    pub(crate) async fn get(&self, identity: Option<&FederatedIdentity>) -> Result<Arc<Parts>, Error> {
        let parts = self.parts.get_or_try_init(|| self.assemble()).await?;
        let Some(session) = ForwardedSession::of(identity) else {
            return Ok(Arc::clone(parts));
        };
        let of_caller = async {
            let sdk = session.assume(&self.sdk).await?;
            Ok(assemble(
                &parts.config,
                &sdk,
                parts.clusters.clone(),
                parts.spill_keys.clone(),
            ))
        };
        self.of_callers.get_or_load(&session, of_caller).await
    }

    async fn assemble(&self) -> Result<Arc<Parts>, ConfigError> {
        let config = config(&self.variables, &self.sdk).await?;
        Ok(Arc::new(parts(&config, &self.sdk)))
    }
}

/// What calls work with under these settings, with what `sdk` has the right to. Touches no network.
pub fn parts(config: &Config, sdk: &SdkConfig) -> Parts {
    let clusters = kafka_clusters(config, credential_store(sdk));
    assemble(config, sdk, clusters, spill_keys(config, sdk))
}

/// What `sdk` has the right to: a caller's session reads Glue and writes blocks, but brokers, their secrets and the keys of
/// blocks are the function's own.
fn assemble(config: &Config, sdk: &SdkConfig, clusters: Clusters, spill_keys: Arc<dyn SpillKeys>) -> Parts {
    let blocks = S3BlockStore::new(s3_client(sdk)).with_put_headers(config.spill_put_headers.clone());
    let query_status = AthenaQueryStatus::new(aws_sdk_athena::Client::new(sdk));
    let parts = Parts::new(
        config.clone(),
        Arc::new(GlueSchemaRegistry::from_sdk_config(sdk)),
        clusters,
        Arc::new(blocks),
        Arc::new(query_status.with_throttle(config.throttle)),
    );
    parts.with_spill_keys(spill_keys)
}

/// Sessions whose parts are kept: a container answers one request at a time, and a query's requests bring the same one.
const MAX_CALLERS: usize = 4;

async fn config(variables: &Variables, sdk: &SdkConfig) -> Result<Config, ConfigError> {
    complete(variables.clone(), sdk).await?.config()
}

/// `variables`, completed by a Glue connection and by secrets if they name them.
///
/// # Errors
/// A connection or a secret that cannot be read.
pub async fn complete(mut variables: Variables, sdk: &SdkConfig) -> Result<Variables, ConfigError> {
    if let Some(name) = variables.get(GLUE_CONNECTION) {
        let connection = glue_connection::read(sdk, name, variables.get(GLUE_ENDPOINT)).await?;
        variables = variables.over(connection);
    }
    if variables.name_secrets() {
        variables = variables.with_secrets(credential_store(sdk).as_ref()).await?;
    }
    Ok(variables)
}

/// What makes the keys of spilled blocks.
pub fn spill_keys(config: &Config, sdk: &SdkConfig) -> Arc<dyn SpillKeys> {
    match &config.kms_key_id {
        Some(key_id) => Arc::new(KmsSpillKeys::new(sdk, key_id)),
        None => Arc::new(LocalSpillKeys),
    }
}

/// Secrets and certificates of AWS as the environment names it. Touches no network.
pub async fn credential_store_from_env() -> Arc<dyn CredentialStore> {
    credential_store(&sdk_config().await)
}

fn credential_store(sdk: &SdkConfig) -> Arc<dyn CredentialStore> {
    Arc::new(AwsCredentialStore::new(sdk, s3_client(sdk)))
}

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
pub fn s3_client(sdk: &SdkConfig) -> aws_sdk_s3::Client {
    let own_endpoint = sdk.endpoint_url().is_some() || std::env::var_os("AWS_ENDPOINT_URL_S3").is_some();
    let config = aws_sdk_s3::config::Builder::from(sdk).force_path_style(own_endpoint);
    aws_sdk_s3::Client::from_conf(config.build())
}

/// For clients that give up early: without a route to the service an attempt only ever times out, and a query should
/// end with the reason rather than with Lambda's own time-out.
pub(crate) fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .build()
}

/// The first try included.
pub(crate) fn retries(max_attempts: u32) -> RetryConfig {
    RetryConfig::standard().with_max_attempts(max_attempts)
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

/// The service's words; if there are none because it was not reached, what to look at.
pub(crate) fn reason<E>(error: &SdkError<E>, service: &str) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    if is_unreachable(error) {
        return format!(
            "{}; check that the function's subnets have a route to the service (a NAT gateway or an endpoint for \
             `{service}`) and that the security groups let port 443 through",
            causes(error)
        );
    }
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        _ => causes(error),
    }
}

/// No answer came back, because of the way there; missing credentials also fail to dispatch, but are another matter.
pub(crate) fn is_unreachable<E>(error: &SdkError<E>) -> bool {
    match error {
        SdkError::TimeoutError(_) => true,
        SdkError::DispatchFailure(failure) => failure.is_io() || failure.is_timeout(),
        _ => false,
    }
}

/// The error and what caused it, outermost first.
pub(crate) fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

/// The codes by which AWS services ask for fewer requests.
pub(crate) fn is_throttling(code: &str) -> bool {
    matches!(
        code,
        "Throttling"
            | "ThrottlingException"
            | "ThrottledException"
            | "RequestThrottled"
            | "RequestThrottledException"
            | "RequestLimitExceeded"
            | "TooManyRequestsException"
    )
}

#[cfg(test)]
mod tests;
