//! Composition root: builds the clients of AWS and Kafka and joins them into the [`Parts`] that calls use, as
//! settings specify.
//!
//! Parts are built when a request first needs them; a ping uses no network.

use std::sync::Arc;

use aws_config::SdkConfig;
use futures::FutureExt;
use futures::future::BoxFuture;
use kafka::auth::credentials::CredentialStore;
use kafka::{Broker, Cluster, Clusters, KafkaBroker};
use protocol::FederatedIdentity;
use spill::S3BlockStore;
use tokio::sync::OnceCell;

use crate::aws::credentials::AwsCredentialStore;
use crate::aws::kms::KmsSpillKeys;
use crate::aws::session::ForwardedSession;
use crate::aws::{glue_connection, role, sdk, zone};
use crate::config::cluster::ZONE_OF_FUNCTION;
use crate::config::error::{ConfigError, GLUE_CONNECTION};
use crate::config::variables::Variables;
use crate::config::{Config, GLUE_ENDPOINT};
use crate::error::Error;
use crate::once_cache::OnceCache;
use crate::parts::Parts;
use crate::query_status::AthenaQueryStatus;
use crate::registry::glue::GlueSchemaRegistry;
use crate::spill_keys::{LocalSpillKeys, SpillKeys};

/// Parts of calls as the environment and AWS specify. Built when first needed; a failure is returned and not
/// kept.
pub(crate) struct AwsParts {
    variables: Variables,
    sdk: SdkConfig,
    parts: OnceCell<Arc<Parts>>,
    of_callers: OnceCache<ForwardedSession, Parts>,
}

impl AwsParts {
    pub(crate) async fn from_env() -> Self {
        Self::new(Variables::from_env(), sdk::sdk_config().await)
    }

    pub(crate) fn new(variables: Variables, sdk: SdkConfig) -> Self {
        Self {
            variables,
            sdk,
            parts: OnceCell::new(),
            of_callers: OnceCache::new(MAX_CALLERS),
        }
    }

    /// Value of a setting, without a call of AWS; until parts are assembled, of the environment.
    pub(crate) fn known_setting<T>(&self, setting: impl FnOnce(&Config) -> T) -> Option<T> {
        match self.parts.get() {
            Some(parts) => Some(setting(&parts.config)),
            None => self.variables.config().ok().as_ref().map(setting),
        }
    }

    /// Parts for a request by `identity`: with the caller's own session, if the request carries one.
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
                &self.sdk,
                parts.clusters.clone(),
                parts.spill_keys.clone(),
            ))
        };
        self.of_callers.get_or_load(&session, of_caller).await
    }

    async fn assemble(&self) -> Result<Arc<Parts>, ConfigError> {
        let config = with_zone(config(&self.variables, &self.sdk).await?).await;
        Ok(Arc::new(parts(&config, &self.sdk)))
    }
}

/// Parts for these settings, with the permissions of `sdk`. Uses no network.
pub fn parts(config: &Config, sdk: &SdkConfig) -> Parts {
    let clusters = kafka_clusters(config, credential_store(sdk));
    assemble(config, sdk, sdk, clusters, spill_keys(config, sdk))
}

/// Builds parts with the permissions of `sdk`: a caller's session reads Glue and writes blocks, but brokers,
/// their secrets and the keys of blocks are the function's own, whose identity is `own`. `own` also assumes the
/// role that the settings name for Glue.
fn assemble(
    config: &Config,
    sdk: &SdkConfig,
    own: &SdkConfig,
    clusters: Clusters,
    spill_keys: Arc<dyn SpillKeys>,
) -> Parts {
    let registry = GlueSchemaRegistry::from_sdk_config(&glue_sdk(config, sdk, own));
    let blocks = S3BlockStore::new(sdk::s3_client(sdk)).with_put_headers(config.spill_put_headers.clone());
    let query_status = AthenaQueryStatus::new(aws_sdk_athena::Client::new(sdk));
    let parts = Parts::new(
        config.clone(),
        Arc::new(registry),
        clusters,
        Arc::new(blocks),
        Arc::new(query_status.with_throttle(config.throttle)),
    );
    parts
        .with_spill_keys(spill_keys)
        .with_registry_credentials(credential_store(own))
}

/// Configuration of clients of Glue: with the role that the settings name, assumed by `own`, otherwise `sdk`.
pub fn glue_sdk(config: &Config, sdk: &SdkConfig, own: &SdkConfig) -> SdkConfig {
    match &config.glue_role {
        Some(role) => role::assume(own, role),
        None => sdk.clone(),
    }
}

/// Number of sessions whose parts are kept: a container serves one request at a time, and the requests of a
/// query carry the same one.
const MAX_CALLERS: usize = 4;

async fn config(variables: &Variables, sdk: &SdkConfig) -> Result<Config, ConfigError> {
    complete(variables.clone(), sdk).await?.config()
}

/// `config` with the function's availability zone for clusters that are read from replicas in it.
async fn with_zone(mut config: Config) -> Config {
    let is_asked = |cluster: &Cluster| cluster.rack.as_deref() == Some(ZONE_OF_FUNCTION);
    let clusters = std::iter::once(&mut config.cluster).chain(config.named_clusters.values_mut());
    let mut asking: Vec<_> = clusters.filter(|cluster| is_asked(cluster)).collect();
    if !asking.is_empty() {
        let zone = zone::availability_zone_id().await;
        asking
            .iter_mut()
            .for_each(|cluster| cluster.rack.clone_from(&zone));
    }
    config
}

/// `variables`, completed by a Glue connection and by secrets if they name any.
///
/// # Errors
/// If the connection or a secret cannot be read.
pub fn complete(variables: Variables, sdk: &SdkConfig) -> BoxFuture<'_, Result<Variables, ConfigError>> {
    completed(variables, sdk).boxed()
}

async fn completed(mut variables: Variables, sdk: &SdkConfig) -> Result<Variables, ConfigError> {
    if let Some(name) = variables.get(GLUE_CONNECTION) {
        let connection = glue_connection::read(sdk, name, variables.get(GLUE_ENDPOINT)).await?;
        variables = variables.over(connection);
    }
    if variables.name_secrets() {
        variables = variables.with_secrets(credential_store(sdk).as_ref()).await?;
    }
    Ok(variables)
}

/// Source of the keys of spilled blocks.
pub fn spill_keys(config: &Config, sdk: &SdkConfig) -> Arc<dyn SpillKeys> {
    match &config.kms_key_id {
        Some(key_id) => Arc::new(KmsSpillKeys::new(sdk, key_id)),
        None => Arc::new(LocalSpillKeys),
    }
}

/// Store of secrets and certificates in AWS, as the environment specifies. Uses no network.
pub async fn credential_store_from_env() -> Arc<dyn CredentialStore> {
    credential_store(&sdk::sdk_config().await)
}

fn credential_store(sdk: &SdkConfig) -> Arc<dyn CredentialStore> {
    Arc::new(AwsCredentialStore::new(sdk, sdk::s3_client(sdk)))
}

/// Clusters of `config`. None is connected, and `credentials` is not called, before first use.
pub fn kafka_clusters(config: &Config, credentials: Arc<dyn CredentialStore>) -> Clusters {
    let broker = |cluster: &Cluster| -> Arc<dyn Broker> {
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

#[cfg(test)]
mod tests;
