//! Checks of clusters: whether the brokers respond and accept the login, with a fix for each error of Kafka.

use std::collections::BTreeMap;

use connector::Parts;
use connector::error::Error;
use kafka::Cluster;
use kafka::auth::error::AuthError;
use kafka::auth::failure::AuthenticationCause;
use kafka::{Broker, KafkaError};

use crate::finding::Check;
use crate::limit::Limit;
use crate::report::{About, Report};

/// State of each cluster by its name; `None` is the default cluster.
pub(crate) struct ClusterStates(BTreeMap<Option<String>, Result<(), String>>);

impl ClusterStates {
    /// Reason why the cluster cannot be used, if so.
    pub(crate) fn obstacle(&self, cluster: Option<&str>) -> Option<&str> {
        let state = self.0.get(&cluster.map(str::to_owned))?;
        state.as_ref().err().map(String::as_str)
    }
}

/// Requests a topic that does not exist from each cluster: the response needs a login, but no permission.
///
/// Name that no topic has; the request does not create it.
const NO_TOPIC: &str = "athena-local-doctor";

pub(crate) async fn check(
    parts: &Parts,
    obstacle: Option<&str>,
    limit: Limit,
    report: &mut Report<'_>,
) -> ClusterStates {
    let config = &parts.config;
    let named = config.named_clusters.iter();
    let named = named.map(|(name, cluster)| (Some(name.clone()), cluster));
    let mut states = BTreeMap::new();
    for (name, cluster) in [(None, &config.cluster)].into_iter().chain(named) {
        let mut about = report.about(subject(name.as_deref()));
        let state = match (obstacle, cluster.bootstrap_servers()) {
            (Some(obstacle), _) => {
                about.skip(Check::Login, obstacle);
                Err(obstacle.to_owned())
            }
            (None, Err(missing)) => {
                // Only the default cluster may be unset.
                let obstacle = config
                    .kafka_endpoint()
                    .err()
                    .map_or_else(|| missing.to_string(), |error| error.to_string());
                about.skip(Check::Login, &obstacle);
                Err(obstacle)
            }
            (None, Ok(endpoint)) => match parts.clusters.get(name.as_deref()) {
                Ok(broker) => login(broker.as_ref(), cluster, endpoint, limit, &mut about).await,
                Err(error) => Err(error.to_string()),
            },
        };
        states.insert(name, state);
    }
    ClusterStates(states)
}

async fn login(
    broker: &dyn Broker,
    cluster: &Cluster,
    endpoint: &str,
    limit: Limit,
    about: &mut About<'_, '_>,
) -> Result<(), String> {
    let auth_type = cluster.auth_type.name();
    let answer = limit.within(broker.snapshot(NO_TOPIC, limit.deadline())).await;
    let (found, fix) = match answer {
        Ok(Ok(_) | Err(KafkaError::UnknownTopic { .. } | KafkaError::Unauthorized { .. })) => {
            about.ok(Check::Login, format!("{endpoint} answers, auth_type {auth_type}"));
            return Ok(());
        }
        // The message without the name of the topic, which would be confusing.
        Ok(Err(KafkaError::LookUp { waited, reason, .. })) => {
            (format!("no answer within {waited:.0?}: {reason}"), UNREACHABLE)
        }
        Ok(Err(error)) => {
            let error = Error::from(error);
            (error.full_message(), fix(&error))
        }
        Err(late) => (late.to_string(), UNREACHABLE),
    };
    about.fail(
        Check::Login,
        format!("{endpoint}, auth_type {auth_type}: {found}"),
        fix,
    );
    Err("the cluster cannot be reached or refuses the login".to_owned())
}

fn subject(cluster: Option<&str>) -> String {
    match cluster {
        Some(name) => format!("Kafka cluster {name}"),
        None => "Kafka cluster".to_owned(),
    }
}

pub(crate) const UNREACHABLE: &str =
    "check kafka_endpoint, the port (it depends on auth_type), routes and security groups";

/// Fix for an error of Kafka.
pub(crate) fn fix(error: &Error) -> &'static str {
    match error {
        Error::Kafka(error) => kafka_fix(error),
        Error::NoAnswer { .. } | Error::DeadlineExceeded { .. } => UNREACHABLE,
        _ => "see the message",
    }
}

fn kafka_fix(error: &KafkaError) -> &'static str {
    match error {
        KafkaError::Client { .. } => "check kafka_endpoint: host:port separated by commas",
        KafkaError::UnknownCluster { .. } => {
            "name one of kafka_clusters in the schema's kafkaCluster or the registry's {KafkaCluster:…}, or add the \
             cluster to kafka_clusters"
        }
        KafkaError::UnknownTopic { .. } => {
            "check the schema's topicName (it is case-sensitive) and the cluster; a topic is not created by \
             asking for it"
        }
        KafkaError::UnknownPartition(_) | KafkaError::Recreated { .. } | KafkaError::Truncated { .. } => {
            "the topic changed meanwhile: try again"
        }
        KafkaError::Credentials(error) => credentials_fix(error),
        KafkaError::Authentication { cause, .. } => authentication_fix(*cause),
        KafkaError::Unauthorized { .. } => {
            "allow Describe and Read on the topic, with IAM kafka-cluster:DescribeTopic and kafka-cluster:ReadData"
        }
        KafkaError::LookUp { .. } | KafkaError::Stalled { .. } => UNREACHABLE,
        KafkaError::Expired { .. } => "retention is faster than reading: leave on_expired_offsets at `skip`",
        KafkaError::Unreadable { .. } => "check the partition's log on its brokers",
        _ => "try again",
    }
}

fn credentials_fix(error: &AuthError) -> &'static str {
    match error {
        AuthError::Missing { .. } => "set the variable; docs/security.md says what each auth_type needs",
        AuthError::MissingKey { .. } => "add the key to the secret's JSON",
        AuthError::Secret { .. } => {
            "check the secret's name and region, secretsmanager:GetSecretValue (and kms:Decrypt for a customer managed \
             key), and the route to Secrets Manager"
        }
        AuthError::BinarySecret { .. } | AuthError::SecretText { .. } => {
            "store the secret as text: one JSON object of texts"
        }
        AuthError::NoStore { .. } | AuthError::Object { .. } | AuthError::ObjectTooLarge { .. } => {
            "check certificates_s3_reference, s3:ListBucket for its prefix and s3:GetObject, and the route to S3"
        }
        AuthError::Store { .. } => "check the store, and its password in the secret",
        AuthError::AwsCredentials { .. } | AuthError::Signing { .. } => {
            "check the AWS credentials: tokens of IAM are signed with them"
        }
        AuthError::NoRegion => "set msk_region",
        _ => "see docs/security.md",
    }
}

fn authentication_fix(cause: AuthenticationCause) -> &'static str {
    use AuthenticationCause as Cause;
    match cause {
        Cause::Credentials => {
            "check user name and password in the secret; with IAM kafka-cluster:Connect and msk_region"
        }
        Cause::Mechanism => {
            "check auth_type and the port: MSK has 9098 for IAM, 9096 for SCRAM, 9094 for SSL"
        }
        Cause::Token => "check the AWS credentials and msk_region",
        Cause::BrokerCertificate | Cause::BrokerAuthority => {
            "put a trust store with the authority of the brokers under certificates_s3_reference"
        }
        Cause::BrokerCertificateExpired => "renew the brokers' certificate, or set this machine's clock",
        Cause::BrokerName => {
            "use the names of the certificate in kafka_endpoint and in the brokers' advertised listeners"
        }
        Cause::NoClientCertificate => "set auth_type SSL and put a key store under certificates_s3_reference",
        Cause::ClientCertificateExpired => {
            "put a key store with a new certificate under certificates_s3_reference"
        }
        Cause::ClientCertificate => {
            "put a key store of an authority that the brokers trust under certificates_s3_reference"
        }
        Cause::Tls => {
            "check the port, which may be plain text; brokers without TLS 1.3 may require a key store"
        }
    }
}

#[cfg(test)]
mod tests {
    use kafka::auth::error::Credential;

    use super::*;

    #[test]
    fn each_refusal_of_a_login_leads_to_what_is_at_fault() {
        use AuthenticationCause as Cause;
        for (cause, wanted) in [
            (Cause::Credentials, "user name and password"),
            (Cause::Mechanism, "auth_type and the port"),
            (Cause::Token, "AWS credentials"),
            (Cause::BrokerCertificate, "trust store"),
            (Cause::BrokerAuthority, "trust store"),
            (Cause::BrokerCertificateExpired, "renew the brokers' certificate"),
            (Cause::BrokerName, "advertised listeners"),
            (Cause::NoClientCertificate, "auth_type SSL"),
            (Cause::ClientCertificateExpired, "a new certificate"),
            (Cause::ClientCertificate, "an authority that the brokers trust"),
            (Cause::Tls, "plain text"),
        ] {
            let reason = String::new();
            let error = Error::from(KafkaError::Authentication { cause, reason });
            assert!(fix(&error).contains(wanted), "{cause}: {}", fix(&error));
        }
    }

    #[test]
    fn missing_credentials_lead_to_where_they_come_from() {
        let missing = AuthError::Missing {
            auth_type: "SSL",
            credential: Credential::Certificates,
        };
        let unreadable = AuthError::Secret {
            id: "AmazonMSK_a".into(),
            reason: "AccessDenied".into(),
        };
        for (error, wanted) in [
            (missing, "set the variable"),
            (unreadable, "secretsmanager:GetSecretValue"),
            (AuthError::NoRegion, "msk_region"),
        ] {
            let error = Error::from(KafkaError::from(error));
            assert!(fix(&error).contains(wanted), "{error}");
        }
    }
}
