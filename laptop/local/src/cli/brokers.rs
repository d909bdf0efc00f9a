//! The brokers of a command: their addresses from its arguments, all else from the connector's own settings.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_config::SdkConfig;
use clap::Args;
use connector::assembly;
use connector::config::Config;
use connector::config::variables::Variables;
use kafka::KafkaBroker;

use super::terminal::Error;

/// How long brokers may take to answer one question; when none is reached, it is over much sooner.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);

/// Which brokers. How to log in to them is said by the connector's environment variables: `auth_type` and those that it needs.
#[derive(Debug, Clone, Args)]
pub(super) struct BrokersArgs {
    /// The brokers, `host:port`, comma-separated. How to log in to them is said by the connector's environment variables,
    /// `auth_type` and those that it needs.
    #[arg(
        long,
        env = "kafka_endpoint",
        alias = "bootstrap-servers",
        value_name = "HOST:PORT"
    )]
    bootstrap: String,
}

/// A cluster as the connector would reach it, and the settings that say so.
pub(super) struct Connection {
    pub(super) broker: KafkaBroker,
    pub(super) config: Config,
    pub(super) sdk: SdkConfig,
}

impl BrokersArgs {
    /// Touches no network, unless settings are kept in AWS.
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

/// By when brokers have to answer what they are asked now.
pub(super) fn answer_deadline() -> Instant {
    Instant::now() + ANSWER_LIMIT
}
