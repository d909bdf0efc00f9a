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

use hyper::Uri;
use kafka::auth::error::{AuthError, Credential};
use kafka::auth::location::CertificatesLocation;
use kafka::auth::token::{SaslExtensions, TokenEndpoint};
use kafka::{AssumedRole, Cluster, KafkaError};

use crate::config::error::{AUTH_TYPE, ConfigError, KAFKA_CLUSTERS};
use crate::config::typed::TypedVariables;
use crate::raw_topics::RawDatabase;
use crate::raw_topics::patterns::TopicPatterns;
use crate::registry::confluent::url::redact;

const KAFKA_ENDPOINT: &str = "kafka_endpoint";
const SECRETS_MANAGER_SECRET: &str = "secrets_manager_secret";
const CERTIFICATES_S3_REFERENCE: &str = "certificates_s3_reference";
const MSK_REGION: &str = "msk_region";
pub(super) const RAW_DATABASE: &str = "raw_database";
const RAW_TOPICS: &str = "raw_topics";
const OAUTH_TOKEN_URL: &str = "oauth_token_url";
const OAUTH_SCOPE: &str = "oauth_scope";
const OAUTH_EXTENSIONS: &str = "oauth_extensions";
const CLIENT_RACK: &str = "client_rack";

/// Value of [`Cluster::rack`] that stands for the id of the function's availability zone.
pub(crate) const ZONE_OF_FUNCTION: &str = "auto";

/// Keys of an entry of `kafka_clusters`.
const KEYS: [&str; 14] = [
    KAFKA_ENDPOINT,
    AUTH_TYPE,
    SECRETS_MANAGER_SECRET,
    CERTIFICATES_S3_REFERENCE,
    MSK_REGION,
    RAW_DATABASE,
    RAW_TOPICS,
    KAFKA_ROLE.arn,
    KAFKA_ROLE.external_id,
    KAFKA_ROLE.session_name,
    OAUTH_TOKEN_URL,
    OAUTH_SCOPE,
    OAUTH_EXTENSIONS,
    CLIENT_RACK,
];

/// Names of the variables that describe a role.
#[derive(Debug, Clone, Copy)]
pub(super) struct RoleVariables {
    arn: &'static str,
    external_id: &'static str,
    session_name: &'static str,
}

/// Variables of the role that signs tokens of MSK.
const KAFKA_ROLE: RoleVariables = RoleVariables {
    arn: "role_arn",
    external_id: "external_id",
    session_name: "role_session_name",
};
/// Variables of the role that reads Glue's registries.
pub(super) const GLUE_ROLE: RoleVariables = RoleVariables {
    arn: "glue_role_arn",
    external_id: "glue_external_id",
    session_name: "glue_role_session_name",
};

/// Reads the role that `names` describe.
pub(super) fn read_role(
    vars: &TypedVariables<impl Fn(&str) -> Option<String>>,
    names: RoleVariables,
) -> Result<Option<AssumedRole>, ConfigError> {
    let external_id = vars.text(names.external_id);
    let session_name = vars.text(names.session_name);
    let invalid = |variable, value, wanted| ConfigError::Invalid {
        variable,
        value,
        wanted,
    };
    match vars.text(names.arn) {
        Some(arn) if is_role_arn(&arn) => Ok(Some(AssumedRole {
            arn,
            external_id,
            session_name,
        })),
        Some(arn) => Err(invalid(names.arn, arn, "the ARN of an IAM role".to_owned())),
        None => {
            let lonely = [
                (names.external_id, external_id),
                (names.session_name, session_name),
            ];
            match lonely.into_iter().find_map(|(name, value)| Some((name, value?))) {
                Some((name, value)) => Err(invalid(name, value, format!("{} beside it", names.arn))),
                None => Ok(None),
            }
        }
    }
}

fn read_token_endpoint(
    vars: &TypedVariables<impl Fn(&str) -> Option<String>>,
) -> Result<Option<TokenEndpoint>, ConfigError> {
    let scope = vars.text_beside(OAUTH_SCOPE, OAUTH_TOKEN_URL)?;
    let Some(url) = vars.text(OAUTH_TOKEN_URL) else {
        return Ok(None);
    };
    let parsed: Option<Uri> = url.parse().ok();
    let is_http = |uri: &Uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some();
    match parsed.filter(is_http) {
        // User info would be in errors, and means nothing here.
        Some(uri)
            if !uri
                .authority()
                .is_some_and(|authority| authority.as_str().contains('@')) =>
        {
            Ok(Some(TokenEndpoint { url, scope }))
        }
        _ => Err(ConfigError::Invalid {
            variable: OAUTH_TOKEN_URL,
            value: redact(&url),
            wanted: "an http:// or https:// URL without user info".to_owned(),
        }),
    }
}

fn read_extensions(
    vars: &TypedVariables<impl Fn(&str) -> Option<String>>,
) -> Result<SaslExtensions, ConfigError> {
    vars.text_beside(OAUTH_EXTENSIONS, OAUTH_TOKEN_URL)?;
    let extensions = vars.parsed(OAUTH_EXTENSIONS, SaslExtensions::WANTED)?;
    Ok(extensions.unwrap_or_default())
}

fn is_role_arn(arn: &str) -> bool {
    let mut parts = arn.splitn(6, ':');
    parts.next() == Some("arn")
        && parts.nth(1) == Some("iam")
        && parts.nth(2).is_some_and(|resource| resource.starts_with("role/"))
}

/// Cluster, and the database whose tables are its topics, if there is one.
pub(super) type NamedCluster = (Cluster, Option<RawDatabase>);

/// Reads the database whose tables are the topics of `cluster`, if `vars` name one.
pub(super) fn read_raw(
    vars: &TypedVariables<impl Fn(&str) -> Option<String>>,
    cluster: Option<&str>,
) -> Result<Option<RawDatabase>, ConfigError> {
    let topics: Option<TopicPatterns> = vars.parsed(RAW_TOPICS, TopicPatterns::WANTED)?;
    let name = vars.text(RAW_DATABASE);
    if let (None, Some(topics)) = (&name, &topics) {
        return Err(ConfigError::Invalid {
            variable: RAW_TOPICS,
            value: topics.to_string(),
            wanted: format!("{RAW_DATABASE} beside it"),
        });
    }
    Ok(name.map(|name| RawDatabase {
        name,
        topics: topics.unwrap_or_default(),
        cluster: cluster.map(str::to_owned),
    }))
}

/// Reads the cluster that `vars` describe.
pub(super) fn read(vars: &TypedVariables<impl Fn(&str) -> Option<String>>) -> Result<Cluster, ConfigError> {
    Ok(Cluster {
        bootstrap_servers: vars.text(KAFKA_ENDPOINT),
        auth_type: vars.text(AUTH_TYPE).unwrap_or_default().parse()?,
        secret_id: vars.text(SECRETS_MANAGER_SECRET),
        certificates: vars.parsed(CERTIFICATES_S3_REFERENCE, CertificatesLocation::WANTED)?,
        signing_region: vars.text(MSK_REGION),
        role: read_role(vars, KAFKA_ROLE)?,
        token_endpoint: read_token_endpoint(vars)?,
        sasl_extensions: read_extensions(vars)?,
        rack: vars.text(CLIENT_RACK),
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
                Credential::TokenEndpoint => OAUTH_TOKEN_URL,
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
pub(super) fn read_named(json: &str) -> Result<BTreeMap<String, NamedCluster>, ConfigError> {
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
        let vars = TypedVariables(|key: &str| settings.get(key).cloned());
        let cluster = read(&vars).map_err(in_cluster)?;
        let raw = read_raw(&vars, Some(&name)).map_err(in_cluster)?;
        if cluster.bootstrap_servers.is_none() {
            return Err(invalid(format!("cluster `{name}` has no {KAFKA_ENDPOINT}")));
        }
        Ok((name, (cluster, raw)))
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
        let wanted = wanted.map(|(name, endpoint)| (name.to_owned(), (Cluster::at(endpoint), None)));
        assert_eq!(clusters, Ok(BTreeMap::from(wanted)));
        assert_eq!(read_named("{}"), Ok(BTreeMap::new()));
    }

    #[test]
    fn a_named_cluster_has_credentials_of_its_own() {
        let clusters = read_named(
            r#"{"a": {"kafka_endpoint": "a:9096", "auth_type": "SASL_SSL_SCRAM_SHA512",
                "secrets_manager_secret": "AmazonMSK_a", "certificates_s3_reference": "s3://certs/kafka/a",
                "msk_region": "eu-west-1", "role_arn": "arn:aws:iam::123456789012:role/a"}}"#,
        );
        let wanted = Cluster {
            auth_type: AuthType::SaslSslScramSha512,
            secret_id: Some("AmazonMSK_a".into()),
            certificates: Some("s3://certs/kafka/a".parse().unwrap()),
            signing_region: Some("eu-west-1".into()),
            role: Some(AssumedRole {
                arn: "arn:aws:iam::123456789012:role/a".into(),
                external_id: None,
                session_name: None,
            }),
            ..Cluster::at("a:9096")
        };
        assert_eq!(clusters, Ok(BTreeMap::from([("a".to_owned(), (wanted, None))])));
    }

    #[test]
    fn a_named_cluster_has_a_database_of_topics_of_its_own() {
        let clusters = read_named(
            r#"{"a": {"kafka_endpoint": "a:9092", "raw_database": "raw_a", "raw_topics": "orders-*"},
                "b": {"kafka_endpoint": "b:9092"}}"#,
        );
        let clusters = clusters.unwrap();
        let raw = RawDatabase {
            name: "raw_a".into(),
            topics: "orders-*".parse().unwrap(),
            cluster: Some("a".into()),
        };
        assert_eq!((&clusters["a"].1, &clusters["b"].1), (&Some(raw), &None));
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
                r#"{"a": {"kafka_endpoint": "a:9092", "raw_topics": "orders"}}"#,
                "raw_topics is `orders`; wanted raw_database beside it",
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
