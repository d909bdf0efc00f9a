//! Addresses and credentials of a Kafka cluster, and its isolation level.

use crate::auth::AuthType;
use crate::auth::location::CertificatesLocation;
use crate::auth::token::{SaslExtensions, TokenEndpoint};
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
    /// Source of tokens for OAUTHBEARER; `None` for IAM.
    pub token_endpoint: Option<TokenEndpoint>,
    /// SASL extensions that a login sends with a token of `token_endpoint`.
    pub sasl_extensions: SaslExtensions,
    /// Rack or zone of this client, whose replicas are read from
    /// ([KIP-392](https://cwiki.apache.org/confluence/x/go_zBQ)); `None` to read from leaders only.
    pub rack: Option<String>,
    /// Role that signs IAM's tokens; `None` for the identity of this process.
    pub role: Option<AssumedRole>,
}

/// IAM role to assume, such as for another account's resources.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AssumedRole {
    pub arn: String,
    /// External id that the role's trust policy requires.
    pub external_id: Option<String>,
    /// Name of the session in logs; `None` for the connector's own.
    pub session_name: Option<String>,
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
