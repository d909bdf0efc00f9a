//! Addresses and credentials of a Kafka cluster, and its isolation level.

use crate::auth::AuthType;
use crate::auth::location::CertificatesLocation;
use crate::error::KafkaError;

/// Settings of one cluster.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cluster {
    /// `host:port` pairs separated by commas; with `None` making a client fails.
    pub bootstrap_servers: Option<String>,
    pub auth_type: AuthType,
    /// Id of the secret with user names and passwords, as GetSecretValue takes it.
    pub secret_id: Option<String>,
    /// Location of the trust store and the key store.
    pub certificates: Option<CertificatesLocation>,
    /// Region to sign IAM's tokens for, if it is not in the brokers' names.
    pub signing_region: Option<String>,
}

impl Cluster {
    /// Cluster without authentication.
    pub fn at(bootstrap_servers: impl Into<String>) -> Self {
        Self {
            bootstrap_servers: Some(bootstrap_servers.into()),
            ..Self::default()
        }
    }

    /// # Errors
    /// [`KafkaError::NoBootstrapServers`] if there are none.
    pub fn bootstrap_servers(&self) -> Result<&str, KafkaError> {
        self.bootstrap_servers
            .as_deref()
            .ok_or(KafkaError::NoBootstrapServers)
    }
}

/// Isolation level of reads, by the rules of KIP-98.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IsolationLevel {
    /// Records of committed transactions, up to the last stable offset.
    #[default]
    ReadCommitted,
    /// All records, up to the high watermark, as the Java connector reads.
    ReadUncommitted,
}
