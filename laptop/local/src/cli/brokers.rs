//! Brokers of a command: addresses from its arguments, everything else from the connector's settings.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_config::SdkConfig;
use clap::Args;
use connector::assembly;
use connector::config::Config;
use connector::config::variables::Variables;
use kafka::KafkaBroker;

use super::terminal::Error;

/// Time limit for brokers to answer one request. Unreachable brokers are given up much sooner.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);

/// Brokers of a command.
#[derive(Debug, Clone, Args)]
pub(super) struct BrokersArgs {
    /// Brokers, `host:port`, comma-separated. Authentication is configured by the connector's environment
    /// variables: `auth_type` and those that it needs.
    #[arg(
        long,
        env = "kafka_endpoint",
        alias = "bootstrap-servers",
        value_name = "HOST:PORT"
    )]
    bootstrap: String,
}

/// Client of a cluster as the connector would connect to it, and the settings for that.
pub(super) struct Connection {
    pub(super) broker: KafkaBroker,
    pub(super) config: Config,
    pub(super) sdk: SdkConfig,
}

impl BrokersArgs {
    /// Uses no network, unless settings are kept in AWS.
    pub(super) async fn connect(&self) -> Result<Connection, Error> {
        let sdk = connector::aws::sdk::sdk_config().await;
        let variables = Variables::from_env().with("kafka_endpoint", &self.bootstrap);
        let config = assembly::complete(variables, &sdk).await?.config()?;
        let credentials = assembly::credential_store_from_env().await;
        Ok(Connection {
            broker: KafkaBroker::new(
                config.cluster.clone(),
                config.isolation_level,
                Arc::clone(&credentials),
            ),
            config,
            sdk,
        })
    }
}

/// Deadline for a request that is sent to brokers now.
pub(super) fn answer_deadline() -> Instant {
    Instant::now() + ANSWER_LIMIT
}
