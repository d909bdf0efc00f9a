//! Settings of Kafka clusters: the function's own variables, or an entry of `kafka_clusters`.
//!
//! `kafka_clusters` is a JSON object of clusters by name, each an object whose keys are the variables that describe the
//! function's own cluster:
//!
//! ```json
//! {"payments": {"kafka_endpoint": "b-1.payments:9098", "auth_type": "SASL_SSL_AWS_MSK_IAM"}}
//! ```
//!
//! A named cluster inherits nothing: the settings of one cluster, above all a password, are not sent to
//! another.

use std::collections::BTreeMap;

use kafka::auth::error::{AuthError, Credential};
use kafka::auth::location::CertificatesLocation;
use kafka::{Cluster, KafkaError};

use crate::config::error::{AUTH_TYPE, ConfigError, KAFKA_CLUSTERS};
use crate::config::typed::TypedVariables;

const KAFKA_ENDPOINT: &str = "kafka_endpoint";
const SECRETS_MANAGER_SECRET: &str = "secrets_manager_secret";
const CERTIFICATES_S3_REFERENCE: &str = "certificates_s3_reference";
const MSK_REGION: &str = "msk_region";

/// Keys of an entry of `kafka_clusters`.
const KEYS: [&str; 5] = [
    KAFKA_ENDPOINT,
    AUTH_TYPE,
    SECRETS_MANAGER_SECRET,
    CERTIFICATES_S3_REFERENCE,
    MSK_REGION,
];

/// Reads the cluster that `vars` describe.
pub(super) fn read(vars: &TypedVariables<impl Fn(&str) -> Option<String>>) -> Result<Cluster, ConfigError> {
    Ok(Cluster {
        bootstrap_servers: vars.text(KAFKA_ENDPOINT),
        auth_type: vars.text(AUTH_TYPE).unwrap_or_default().parse()?,
        secret_id: vars.text(SECRETS_MANAGER_SECRET),
        certificates: vars.parsed(CERTIFICATES_S3_REFERENCE, CertificatesLocation::WANTED)?,
        signing_region: vars.text(MSK_REGION),
    })
}

/// Message of `error` in terms of settings: which of them is missing, or causes it.
pub(crate) fn explain(error: &KafkaError) -> String {
    match error {
        KafkaError::NoBootstrapServers => format!("configuration: {MISSING_ENDPOINT}"),
        KafkaError::UnknownCluster { name, known } => {
            format!("unknown cluster `{name}`: {KAFKA_CLUSTERS} defines {known}")
        }
        KafkaError::Credentials(AuthError::Missing {
            auth_type,
            credential,
        }) => {
            let variable = match credential {
                Credential::Secret => SECRETS_MANAGER_SECRET,
                Credential::Certificates => CERTIFICATES_S3_REFERENCE,
            };
            format!(
                "the Kafka client has no credentials: `auth_type` {auth_type} needs {variable}, which is not set"
            )
        }
        KafkaError::Credentials(AuthError::NoRegion) => format!("{error}; {MSK_REGION} is not set"),
        KafkaError::Expired { .. } => format!("{error}, and on_expired_offsets is `fail`"),
        error => error.to_string(),
    }
}

/// Error of the default cluster without brokers; an entry of [`KAFKA_CLUSTERS`] always has some.
pub(super) const MISSING_ENDPOINT: ConfigError = ConfigError::Missing {
    variable: KAFKA_ENDPOINT,
};

/// Reads the value of [`KAFKA_CLUSTERS`].
pub(super) fn read_named(json: &str) -> Result<BTreeMap<String, Cluster>, ConfigError> {
    let clusters: BTreeMap<String, BTreeMap<String, String>> =
        serde_json::from_str(json).map_err(|error| invalid(error.to_string()))?;
    let read_named = |(name, settings): (String, BTreeMap<String, String>)| {
        if let Some(key) = settings.keys().find(|key| !KEYS.contains(&key.as_str())) {
            let known = KEYS.join(", ");
            return Err(invalid(format!(
                "cluster `{name}` has unknown key `{key}`, wanted {known}"
            )));
        }
        let in_cluster = |error| invalid(format!("cluster `{name}`: {error}"));
        let cluster = read(&TypedVariables(|key: &str| settings.get(key).cloned())).map_err(in_cluster)?;
        if cluster.bootstrap_servers.is_none() {
            return Err(invalid(format!("cluster `{name}` has no {KAFKA_ENDPOINT}")));
        }
        Ok((name, cluster))
    };
    clusters.into_iter().map(read_named).collect()
}

/// Error without the value, which may contain names of secrets.
fn invalid(reason: String) -> ConfigError {
    ConfigError::Clusters { reason }
}

#[cfg(test)]
mod tests {
    use kafka::auth::AuthType;

    use super::*;

    #[test]
    fn reads_clusters_by_name_as_the_functions_own_is_read() {
        let clusters = read_named(
            r#"{"a": {"kafka_endpoint": "a:9092"}, "b": {"kafka_endpoint": " b:9092 ", "auth_type": "no_auth"}}"#,
        );
        let wanted = [("a", "a:9092"), ("b", "b:9092")];
        let wanted = wanted.map(|(name, endpoint)| (name.to_owned(), Cluster::at(endpoint)));
        assert_eq!(clusters, Ok(BTreeMap::from(wanted)));
        assert_eq!(read_named("{}"), Ok(BTreeMap::new()));
    }

    #[test]
    fn a_named_cluster_has_credentials_of_its_own() {
        let clusters = read_named(
            r#"{"a": {"kafka_endpoint": "a:9096", "auth_type": "SASL_SSL_SCRAM_SHA512",
                "secrets_manager_secret": "AmazonMSK_a", "certificates_s3_reference": "s3://certs/kafka/a",
                "msk_region": "eu-west-1"}}"#,
        );
        let wanted = Cluster {
            auth_type: AuthType::SaslSslScramSha512,
            secret_id: Some("AmazonMSK_a".into()),
            certificates: Some("s3://certs/kafka/a".parse().unwrap()),
            signing_region: Some("eu-west-1".into()),
            ..Cluster::at("a:9096")
        };
        assert_eq!(clusters, Ok(BTreeMap::from([("a".to_owned(), wanted)])));
    }

    #[test]
    fn says_which_cluster_is_wrong_and_why() {
        for (json, reason) in [
            ("[]", "invalid type: sequence"),
            (r#"{"a": "b-1:9092"}"#, "invalid type: string"),
            (r#"{"a": {}}"#, "cluster `a` has no kafka_endpoint"),
            (
                r#"{"a": {"kafka_endpoint": "a:9092", "kafka_port": "1"}}"#,
                "cluster `a` has unknown key `kafka_port`, wanted kafka_endpoint, auth_type",
            ),
            (
                r#"{"a": {"kafka_endpoint": "a:9092", "auth_type": "KERBEROS"}}"#,
                "cluster `a`: `auth_type` is `KERBEROS`",
            ),
            (
                r#"{"a": {"kafka_endpoint": "a:9092", "certificates_s3_reference": "certs/kafka"}}"#,
                "certificates_s3_reference is `certs/kafka`; wanted s3://",
            ),
        ] {
            let error = read_named(json).unwrap_err().to_string();
            assert!(
                error.contains("kafka_clusters") && error.contains(reason),
                "{error}"
            );
        }
    }
}
