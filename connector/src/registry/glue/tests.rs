use aws_config::{BehaviorVersion, Region};
use aws_sdk_glue::config::Credentials;

use super::*;
use crate::testing::http::{HttpEndpoint, closed_url};

fn sdk_config(url: &str) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(aws_sdk_glue::config::SharedCredentialsProvider::new(
            Credentials::new("id", "secret", None, None, "test"),
        ))
        .endpoint_url(url)
        .build()
}

async fn error(status: u16, body: &'static str) -> (RegistryError, usize) {
    let endpoint = HttpEndpoint::answering(status, body).await;
    let registry = GlueSchemaRegistry::from_sdk_config(&sdk_config(&endpoint.url));
    let error = registry.latest_schema("customer", "orders").await.unwrap_err();
    (error, endpoint.requests().len())
}

#[tokio::test]
async fn reads_a_schema_version() {
    let body = r#"{"SchemaVersionId": "0d1e", "DataFormat": "JSON", "SchemaDefinition": "{}"}"#;
    let endpoint = HttpEndpoint::answering(200, body).await;
    let registry = GlueSchemaRegistry::from_sdk_config(&sdk_config(&endpoint.url));
    let found = registry.latest_schema("customer", "orders").await.unwrap();
    let wanted = SchemaDefinition {
        schema_version_id: "0d1e".into(),
        data_format: "JSON".into(),
        definition: "{}".into(),
        ..SchemaDefinition::default()
    };
    assert_eq!(found, wanted);

    let found = registry.schema_version("0d1e").await.unwrap();
    assert_eq!(found, wanted);
    let request = endpoint.requests().pop().unwrap();
    assert!(request.ends_with(r#"{"SchemaVersionId":"0d1e"}"#), "{request}");
}

#[tokio::test]
async fn a_version_tells_its_registry_by_the_arn() {
    for (arn, registry) in [
        (
            "arn:aws:glue:eu-central-1:123456789012:schema/customer/orders",
            Some("customer"),
        ),
        (
            "arn:aws-cn:glue:cn-north-1:123456789012:schema/r.1/a#b",
            Some("r.1"),
        ),
        ("customer/orders", None),
    ] {
        let body = format!(
            r#"{{"SchemaVersionId": "0d1e", "DataFormat": "JSON", "SchemaDefinition": "{{}}", "SchemaArn": "{arn}"}}"#
        );
        let endpoint = HttpEndpoint::answering(200, &body).await;
        let found = GlueSchemaRegistry::from_sdk_config(&sdk_config(&endpoint.url));
        let found = found.schema_version("0d1e").await.unwrap();
        assert_eq!(found.registry_name.as_deref(), registry, "{arn}");
    }
}

#[tokio::test]
async fn an_answer_without_definition_is_an_error() {
    let (error, _) = error(200, r#"{"SchemaVersionId": "0d1e", "DataFormat": "JSON"}"#).await;
    assert!(error.to_string().contains("lacks"), "{error}");
}

#[tokio::test]
async fn tells_what_does_not_exist() {
    let (error, requests) = error(400, r#"{"__type": "EntityNotFoundException", "Message": "no"}"#).await;
    assert!(matches!(error, RegistryError::NotFound { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        "schema `orders` in registry `customer` does not exist"
    );
    assert_eq!(requests, 1);

    let body = r#"{"__type": "EntityNotFoundException", "Message": "no"}"#;
    let endpoint = HttpEndpoint::answering(400, body).await;
    let registry = GlueSchemaRegistry::from_sdk_config(&sdk_config(&endpoint.url));
    let error = registry.schema_version("0d1e").await.unwrap_err();
    assert!(matches!(error, RegistryError::NotFound { .. }), "{error:?}");
    assert_eq!(error.to_string(), "schema version `0d1e` does not exist");
}

#[tokio::test]
async fn tells_what_is_denied() {
    let body = r#"{"__type": "AccessDeniedException", "Message": "glue:GetSchemaVersion is not allowed"}"#;
    let (error, _) = error(400, body).await;
    assert!(matches!(error, RegistryError::AccessDenied { .. }), "{error:?}");
    assert!(
        error.to_string().contains("glue:GetSchemaVersion is not allowed"),
        "{error}"
    );
}

#[tokio::test]
async fn retries_throttling_before_giving_up() {
    let (error, requests) = error(
        400,
        r#"{"__type": "ThrottlingException", "Message": "rate exceeded"}"#,
    )
    .await;
    assert!(matches!(error, RegistryError::Throttled { .. }), "{error:?}");
    assert!(error.to_string().contains("rate exceeded"), "{error}");
    assert_eq!(requests, MAX_ATTEMPTS as usize);
}

#[tokio::test]
async fn passes_other_errors_on_with_their_message() {
    let (error, _) = error(
        400,
        r#"{"__type": "InvalidInputException", "Message": "bad name"}"#,
    )
    .await;
    assert!(matches!(error, RegistryError::Failed { .. }), "{error:?}");
    assert!(error.to_string().contains("bad name"), "{error}");
}

#[tokio::test]
async fn says_what_to_check_when_glue_cannot_be_reached() {
    let registry = GlueSchemaRegistry::from_sdk_config(&sdk_config(&closed_url().await));
    let error = registry.registry("customer").await.unwrap_err();
    assert!(matches!(error, RegistryError::Unreachable { .. }), "{error:?}");
    let message = error.to_string();
    assert!(
        message.starts_with("Glue could not be reached for GetRegistry: "),
        "{message}"
    );
    assert!(message.contains("interface endpoint"), "{message}");
}

#[tokio::test]
async fn missing_credentials_are_not_taken_for_a_missing_route() {
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url("http://127.0.0.1:1")
        .build();
    let error = GlueSchemaRegistry::from_sdk_config(&config)
        .registry("customer")
        .await
        .unwrap_err();
    assert!(matches!(error, RegistryError::Failed { .. }), "{error:?}");
    assert!(error.to_string().contains("credentials"), "{error}");
}
