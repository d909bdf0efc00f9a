//! Settings in a Glue connection, which the setting `glue_connection` names.
//!
//! | in the connection | becomes |
//! | --- | --- |
//! | `HOST` and `PORT`, else `KAFKA_BOOTSTRAP_SERVERS` | `kafka_endpoint` |
//! | `CUSTOM_AUTH_TYPE` | `auth_type` |
//! | `CERTIFICATE_S3_REFERENCE` | `certificates_s3_reference` |
//! | the secret's ARN of its authentication | `secrets_manager_secret`, by name |
//! | its Athena properties | variables of the same names; `spill_kms_key_id` is `kms_key_id` |
//!
//! AWS's connector for MSK reads the same names. Needs the action `glue:GetConnection` on the connection and
//! on the catalog.

use std::collections::BTreeMap;

use aws_config::SdkConfig;
use aws_sdk_glue::types::{Connection, ConnectionPropertyKey};

use crate::aws::sdk::{reason, retries, timeouts};
use crate::config::error::ConfigError;

/// Variables that the connection `name` sets. `endpoint` takes precedence over the endpoint of Glue in AWS's
/// variables.
///
/// # Errors
/// [`ConfigError::GlueConnection`] if it cannot be read.
pub(crate) async fn read(
    sdk: &SdkConfig,
    name: &str,
    endpoint: Option<&str>,
) -> Result<BTreeMap<String, String>, ConfigError> {
    let unreadable = |reason| ConfigError::GlueConnection {
        name: name.to_owned(),
        reason,
    };
    let mut glue = aws_sdk_glue::config::Builder::from(sdk)
        .timeout_config(timeouts())
        .retry_config(retries(MAX_ATTEMPTS));
    if let Some(endpoint) = endpoint {
        glue = glue.endpoint_url(endpoint);
    }
    let glue = aws_sdk_glue::Client::from_conf(glue.build());
    // Passwords of the connection itself are neither needed nor permitted.
    let asked = glue.get_connection().name(name).hide_password(true).send().await;
    let answer = asked.map_err(|error| unreadable(reason(&error, "glue")))?;
    let connection = answer
        .connection
        .ok_or_else(|| unreadable("the response contains no connection".to_owned()))?;
    Ok(variables(&connection))
}

const MAX_ATTEMPTS: u32 = 3;

/// Properties without a name in Glue's SDK.
const CUSTOM_AUTH_TYPE: &str = "CUSTOM_AUTH_TYPE";
const CERTIFICATE_S3_REFERENCE: &str = "CERTIFICATE_S3_REFERENCE";

fn variables(connection: &Connection) -> BTreeMap<String, String> {
    let property = |key: ConnectionPropertyKey| {
        let text = connection.connection_properties.as_ref()?.get(&key)?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    let endpoint = match (
        property(ConnectionPropertyKey::Host),
        property(ConnectionPropertyKey::Port),
    ) {
        (Some(host), Some(port)) => Some(format!("{host}:{port}")),
        (host, _) => host.or_else(|| property(ConnectionPropertyKey::KafkaBootstrapServers)),
    };
    let authentication = connection.authentication_configuration.as_ref();
    let secret = authentication.and_then(|authentication| authentication.secret_arn.as_deref());
    let of_kafka = [
        ("kafka_endpoint", endpoint),
        ("auth_type", property(CUSTOM_AUTH_TYPE.into())),
        (
            "certificates_s3_reference",
            property(CERTIFICATE_S3_REFERENCE.into()),
        ),
        (
            "secrets_manager_secret",
            secret.map(|arn| secret_name(arn).to_owned()),
        ),
    ];
    let of_kafka = of_kafka
        .into_iter()
        .filter_map(|(name, text)| Some((name.to_owned(), text?)));
    let of_athena = connection.athena_properties.iter().flatten().map(|(name, text)| {
        let name = match name.as_str() {
            "spill_kms_key_id" => "kms_key_id",
            name => name,
        };
        (name.to_owned(), text.clone())
    });
    of_kafka.chain(of_athena).collect()
}

/// Name of the secret in `arn`: of `…:secret:name-AbC123` it is `name`.
fn secret_name(arn: &str) -> &str {
    let name = arn.rsplit_once(':').map_or(arn, |(_, name)| name);
    match name.rsplit_once('-') {
        Some((name, suffix)) if suffix.len() == 6 => name,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_glue::types::AuthenticationConfiguration;

    use super::*;

    fn connection(properties: &[(&str, &str)]) -> aws_sdk_glue::types::builders::ConnectionBuilder {
        properties
            .iter()
            .fold(Connection::builder(), |connection, (key, text)| {
                connection.connection_properties((*key).into(), *text)
            })
    }

    fn kafka_endpoint(properties: &[(&str, &str)]) -> Option<String> {
        variables(&connection(properties).build()).remove("kafka_endpoint")
    }

    #[test]
    fn every_property_has_its_variable() {
        let arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:AmazonMSK_orders-AbC123";
        let whole = connection(&[
            ("HOST", "b-1.msk"),
            ("PORT", "9096"),
            ("CUSTOM_AUTH_TYPE", "SASL_SSL_SCRAM_SHA512"),
            ("CERTIFICATE_S3_REFERENCE", "s3://certs/kafka/"),
            ("KAFKA_SSL_ENABLED", "true"),
        ])
        .authentication_configuration(AuthenticationConfiguration::builder().secret_arn(arn).build())
        .athena_properties("spill_bucket", "spill")
        .athena_properties("spill_kms_key_id", "alias/spill");
        let wanted = [
            ("auth_type", "SASL_SSL_SCRAM_SHA512"),
            ("certificates_s3_reference", "s3://certs/kafka/"),
            ("kafka_endpoint", "b-1.msk:9096"),
            ("kms_key_id", "alias/spill"),
            ("secrets_manager_secret", "AmazonMSK_orders"),
            ("spill_bucket", "spill"),
        ];
        let wanted = wanted.map(|(name, text)| (name.to_owned(), text.to_owned()));
        assert_eq!(variables(&whole.build()), BTreeMap::from(wanted));
    }

    #[test]
    fn what_is_absent_or_blank_is_no_variable() {
        assert_eq!(variables(&Connection::builder().build()), BTreeMap::new());
        assert_eq!(kafka_endpoint(&[("HOST", " "), ("PORT", "9092")]), None);
    }

    #[test]
    fn brokers_are_a_host_with_its_port_or_a_list() {
        let list = ("KAFKA_BOOTSTRAP_SERVERS", "b-1:9098,b-2:9098");
        assert_eq!(kafka_endpoint(&[list]).as_deref(), Some(list.1));
        assert_eq!(
            kafka_endpoint(&[list, ("HOST", "b-3"), ("PORT", "1")]).as_deref(),
            Some("b-3:1")
        );
        assert_eq!(
            kafka_endpoint(&[("HOST", "b-4:9092")]).as_deref(),
            Some("b-4:9092")
        );
    }

    #[test]
    fn a_secrets_name_is_without_the_suffix_of_its_arn() {
        let arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:";
        for (id, name) in [
            (format!("{arn}team/kafka-prod-AbC123"), "team/kafka-prod"),
            (format!("{arn}plain"), "plain"),
            ("AmazonMSK_orders".to_owned(), "AmazonMSK_orders"),
        ] {
            assert_eq!(secret_name(&id), name);
        }
    }
}
