//! Endpoint as AWS's own client sees it.

use std::collections::BTreeSet;

use aws_sdk_glue::Client;
use aws_sdk_glue::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
use aws_sdk_glue::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_glue::operation::get_schema_version::{GetSchemaVersionError, GetSchemaVersionOutput};
use aws_sdk_glue::types::{
    Compatibility, DataFormat as Format, RegistryId, RegistryStatus, SchemaId, SchemaStatus,
    SchemaVersionNumber, SchemaVersionStatus,
};

use super::*;

const MARKED: &str = "orders {AthenaFederationMSK}";
const DEFINITION: &str = r#"{"topicName":"orders","message":{"dataFormat":"json","fields":[]}}"#;

async fn start() -> (EmbeddedGlue, Client) {
    let glue = EmbeddedGlue::start().await.unwrap();
    let client = client(&glue, 1);
    (glue, client)
}

fn client(glue: &EmbeddedGlue, attempts: u32) -> Client {
    let config = aws_sdk_glue::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .retry_config(RetryConfig::standard().with_max_attempts(attempts))
        .endpoint_url(glue.endpoint_url());
    Client::from_conf(config.build())
}

fn registry(name: &str) -> RegistryId {
    RegistryId::builder().registry_name(name).build()
}

fn schema(registry: &str, name: &str) -> SchemaId {
    SchemaId::builder()
        .registry_name(registry)
        .schema_name(name)
        .build()
}

fn number(number: i64) -> SchemaVersionNumber {
    SchemaVersionNumber::builder().version_number(number).build()
}

fn latest() -> SchemaVersionNumber {
    SchemaVersionNumber::builder().latest_version(true).build()
}

/// Version of a schema, by number or as the latest.
async fn version(
    client: &Client,
    schema_id: SchemaId,
    number: SchemaVersionNumber,
) -> Result<GetSchemaVersionOutput, SdkError<GetSchemaVersionError>> {
    let call = client.get_schema_version().schema_id(schema_id);
    call.schema_version_number(number).send().await
}

/// Endpoint with the schema `orders` in the registry `customer`.
async fn with_orders() -> (EmbeddedGlue, Client, Uuid) {
    let (glue, client) = start().await;
    glue.add_registry("customer", MARKED).unwrap();
    let first = glue.register_schema("customer", "orders", DataFormat::Json, DEFINITION);
    (glue, client, first.unwrap())
}

/// Exception and its message.
fn fault<T: std::fmt::Debug, E: ProvideErrorMetadata + std::fmt::Debug>(
    result: Result<T, E>,
) -> (String, String) {
    let error = result.unwrap_err();
    (
        error.code().unwrap().to_owned(),
        error.message().unwrap().to_owned(),
    )
}

#[tokio::test]
async fn what_was_created_can_be_read() {
    let (_glue, client) = start().await;
    let created = client
        .create_registry()
        .registry_name("customer")
        .description(MARKED)
        .send()
        .await
        .unwrap();
    assert_eq!(
        created.registry_arn(),
        Some("arn:aws:glue:us-east-1:000000000000:registry/customer")
    );

    let found = client
        .get_registry()
        .registry_id(registry("customer"))
        .send()
        .await
        .unwrap();
    assert_eq!(
        (found.description(), found.status()),
        (Some(MARKED), Some(&RegistryStatus::Available))
    );
    assert!(
        found.created_time().unwrap().ends_with('Z'),
        "{:?}",
        found.created_time()
    );

    let created = client
        .create_schema()
        .registry_id(
            RegistryId::builder()
                .registry_arn(created.registry_arn().unwrap())
                .build(),
        )
        .schema_name("orders")
        .data_format(Format::Json)
        .compatibility(Compatibility::None)
        .description("of customers")
        .schema_definition(DEFINITION)
        .send()
        .await
        .unwrap();
    assert_eq!(
        created.schema_arn(),
        Some("arn:aws:glue:us-east-1:000000000000:schema/customer/orders")
    );
    assert_eq!(
        (created.latest_schema_version(), created.next_schema_version()),
        (Some(1), Some(2))
    );
    assert_eq!(
        created.schema_version_status(),
        Some(&SchemaVersionStatus::Available)
    );

    let found = client
        .get_schema()
        .schema_id(schema("customer", "orders"))
        .send()
        .await
        .unwrap();
    assert_eq!(
        (found.data_format(), found.latest_schema_version()),
        (Some(&Format::Json), Some(1))
    );
    assert_eq!(
        (found.compatibility(), found.description()),
        (Some(&Compatibility::None), Some("of customers"))
    );

    let by_arn = SchemaId::builder().schema_arn(created.schema_arn().unwrap());
    let by_arn = by_arn.build();
    let by_number = version(&client, by_arn, number(1)).await.unwrap();
    let by_id = client
        .get_schema_version()
        .schema_version_id(created.schema_version_id().unwrap())
        .send()
        .await
        .unwrap();
    for version in [by_number, by_id] {
        assert_eq!(version.schema_definition(), Some(DEFINITION));
        assert_eq!(
            (version.data_format(), version.version_number()),
            (Some(&Format::Json), Some(1))
        );
        assert_eq!(version.schema_version_id(), created.schema_version_id());
    }
}

#[tokio::test]
async fn the_latest_version_is_the_last_one_registered() {
    let (glue, client, first) = with_orders().await;
    let second = client
        .register_schema_version()
        .schema_id(schema("customer", "orders"))
        .schema_definition(r#"{"topicName":"orders-2"}"#)
        .send()
        .await
        .unwrap();
    assert_eq!(second.version_number(), Some(2));

    let found = version(&client, schema("customer", "orders"), latest())
        .await
        .unwrap();
    assert_eq!(
        (found.version_number(), found.schema_version_id()),
        (Some(2), second.schema_version_id())
    );

    // Equal to the first version's tree, in another layout: no third version.
    let pretty = format!(
        "{:#}",
        serde_json::from_str::<serde_json::Value>(DEFINITION).unwrap()
    );
    let again = glue
        .register_schema("customer", "orders", DataFormat::Json, &pretty)
        .unwrap();
    assert_eq!(again, first);
    let found = client
        .get_schema()
        .schema_id(schema("customer", "orders"))
        .send()
        .await
        .unwrap();
    assert_eq!(
        (found.latest_schema_version(), found.next_schema_version()),
        (Some(2), Some(3))
    );

    let versions = client
        .list_schema_versions()
        .schema_id(schema("customer", "orders"))
        .max_results(1)
        .send()
        .await
        .unwrap();
    assert_eq!(versions.schemas()[0].version_number(), Some(1));
    let rest = client
        .list_schema_versions()
        .schema_id(schema("customer", "orders"))
        .next_token(versions.next_token().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(
        (rest.schemas()[0].version_number(), rest.next_token()),
        (Some(2), None)
    );
}

#[tokio::test]
async fn lists_more_than_a_hundred_schemas_page_by_page() {
    let (glue, client) = start().await;
    glue.add_registry("customer", MARKED).unwrap();
    glue.add_registry("other", MARKED).unwrap();
    glue.register_schema("other", "elsewhere", DataFormat::Json, "{}")
        .unwrap();
    let wanted: BTreeSet<String> = (0..250).map(|i| format!("t{i}")).collect();
    for name in &wanted {
        glue.register_schema("customer", name, DataFormat::Json, "{}")
            .unwrap();
    }

    let mut names = Vec::new();
    let mut sizes = Vec::new();
    let mut next_token = None;
    loop {
        let page = client
            .list_schemas()
            .registry_id(registry("customer"))
            .max_results(100)
            .set_next_token(next_token)
            .send()
            .await
            .unwrap();
        sizes.push(page.schemas().len());
        names.extend(
            page.schemas()
                .iter()
                .map(|schema| schema.schema_name().unwrap().to_owned()),
        );
        assert!(
            page.schemas()
                .iter()
                .all(|schema| schema.registry_name() == Some("customer"))
        );
        next_token = page.next_token().map(str::to_owned);
        if next_token.is_none() {
            break;
        }
    }
    assert_eq!(sizes, [100, 100, 50]);
    assert_eq!(names.iter().cloned().collect::<BTreeSet<_>>(), wanted);
    assert_eq!(glue.calls("ListSchemas"), 3);

    let mut all = client.list_schemas().into_paginator().items().send();
    let mut count = 0;
    while let Some(schema) = all.next().await {
        assert_eq!(schema.unwrap().schema_status(), Some(&SchemaStatus::Available));
        count += 1;
    }
    assert_eq!(count, 251);
    assert_eq!(
        glue.calls("ListSchemas"),
        3 + 11,
        "25 a page unless asked otherwise"
    );
}

#[tokio::test]
async fn lists_registries_with_their_descriptions() {
    let (glue, client) = start().await;
    for name in ["b", "a", "c"] {
        glue.add_registry(name, MARKED).unwrap();
    }
    let first = client.list_registries().max_results(2).send().await.unwrap();
    let second = client
        .list_registries()
        .set_next_token(first.next_token().map(Into::into))
        .send()
        .await
        .unwrap();
    let names: Vec<_> = [&first, &second]
        .iter()
        .flat_map(|page| page.registries())
        .map(|registry| (registry.registry_name().unwrap(), registry.description().unwrap()))
        .collect();
    assert_eq!(names, [("a", MARKED), ("b", MARKED), ("c", MARKED)]);
    assert_eq!(second.next_token(), None);
}

#[tokio::test]
async fn what_is_missing_is_not_found() {
    let (_glue, client, _) = with_orders().await;
    let not_found = "EntityNotFoundException";

    let lists = client.list_schemas().registry_id(registry("none")).send().await;
    assert_eq!(fault(lists).0, not_found);
    // Names are case-sensitive.
    assert_eq!(
        fault(
            client
                .get_registry()
                .registry_id(registry("Customer"))
                .send()
                .await
        )
        .0,
        not_found
    );
    for id in [schema("none", "orders"), schema("customer", "Orders")] {
        assert_eq!(fault(client.get_schema().schema_id(id).send().await).0, not_found);
    }
    let version = version(&client, schema("customer", "orders"), number(2)).await;
    assert_eq!(fault(version).0, not_found);
    let version = client
        .get_schema_version()
        .schema_version_id("b72b2ea0-6a5a-4a67-9d34-7f1c3c0c9d0e")
        .send()
        .await;
    assert_eq!(fault(version).0, not_found);
}

#[tokio::test]
async fn nothing_is_created_twice() {
    let (_glue, client, _) = with_orders().await;
    let again = client.create_registry().registry_name("customer").send().await;
    assert_eq!(fault(again).0, "AlreadyExistsException");
    let again = client
        .create_schema()
        .registry_id(registry("customer"))
        .schema_name("orders")
        .data_format(Format::Json)
        .schema_definition(DEFINITION)
        .send()
        .await;
    assert_eq!(fault(again).0, "AlreadyExistsException");
}

#[tokio::test]
async fn rejects_what_glue_would_not_take() {
    let (glue, client, _) = with_orders().await;
    let invalid = "InvalidInputException";

    assert_eq!(
        fault(client.create_registry().registry_name("a b").send().await).0,
        invalid
    );
    let both = RegistryId::builder()
        .registry_name("customer")
        .registry_arn("arn:aws:glue:::registry/x")
        .build();
    assert_eq!(
        fault(client.get_registry().registry_id(both).send().await).0,
        invalid
    );
    assert_eq!(
        fault(client.list_schemas().max_results(101).send().await).0,
        invalid
    );
    assert_eq!(
        fault(client.list_schemas().next_token("?").send().await).0,
        invalid
    );
    let half = SchemaId::builder().schema_name("orders").build();
    assert_eq!(fault(client.get_schema().schema_id(half).send().await).0, invalid);
    let both = SchemaVersionNumber::builder()
        .latest_version(true)
        .version_number(1)
        .build();
    for number in [both, SchemaVersionNumber::builder().build()] {
        let version = version(&client, schema("customer", "orders"), number).await;
        assert_eq!(fault(version).0, invalid);
    }
    assert_eq!(
        fault(client.get_schema_version().schema_version_id("1").send().await).0,
        invalid
    );
    let broken = client
        .create_schema()
        .registry_id(registry("customer"))
        .schema_name("broken")
        .data_format(Format::Json)
        .schema_definition("{")
        .send()
        .await;
    assert_eq!(fault(broken).0, invalid);
    let other_format = glue.register_schema("customer", "orders", DataFormat::Avro, "{}");
    assert!(matches!(other_format, Err(GlueError::InvalidInput(_))));
}

#[tokio::test]
async fn disabled_compatibility_allows_one_version() {
    let (_glue, client) = start().await;
    client
        .create_schema()
        .schema_name("orders")
        .data_format(Format::Json)
        .compatibility(Compatibility::Disabled)
        .schema_definition("{}")
        .send()
        .await
        .unwrap();
    let second = client
        .register_schema_version()
        .schema_id(schema("default-registry", "orders"))
        .schema_definition("[]")
        .send()
        .await;
    assert_eq!(fault(second).0, "InvalidInputException");
}

#[tokio::test]
async fn throttles_as_often_as_told() {
    let (glue, patient) = (EmbeddedGlue::start().await.unwrap(), 3);
    let impatient = client(&glue, 1);
    glue.throttle_next(1);
    let (exception, message) = fault(impatient.list_registries().send().await);
    assert_eq!(
        (exception.as_str(), message.as_str()),
        ("ThrottlingException", "Rate exceeded")
    );
    impatient.list_registries().send().await.unwrap();

    glue.throttle_next(2);
    client(&glue, patient)
        .list_registries()
        .send()
        .await
        .expect("the client tries again");
    assert_eq!(glue.calls("ListRegistries"), 5);
    assert_eq!(glue.calls("GetSchema"), 0);
}

#[tokio::test]
async fn answers_what_is_no_call_with_an_exception() {
    let service = Service::default();
    let call = |target: &'static str, body: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert("x-amz-target", target.parse().unwrap());
        let answer = handle(
            State(service.clone()),
            headers,
            Bytes::from_static(body.as_bytes()),
        );
        async {
            let answer = answer.await;
            let status = answer.status();
            let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            (
                status.as_u16(),
                body["__type"].as_str().unwrap_or_default().to_owned(),
            )
        }
    };
    assert_eq!(
        call("AWSGlue.GetTable", "{}").await,
        (400, "UnknownOperationException".into())
    );
    assert_eq!(
        call("AWSGlue.GetRegistry", "{").await,
        (400, "SerializationException".into())
    );
    assert_eq!(
        call("AWSGlue.GetRegistry", "").await,
        (400, "SerializationException".into())
    );
    assert_eq!(
        call("AWSGlue.GetRegistry", "{}").await,
        (400, "InvalidInputException".into())
    );
    assert_eq!(
        call("AWSGlue.GetRegistry", r#"{"RegistryId":7}"#).await,
        (400, "InvalidInputException".into())
    );
    assert_eq!(
        call("AWSGlue.ListRegistries", r#"{"Unknown":1}"#).await,
        (200, String::new())
    );
}

#[tokio::test]
async fn a_definition_can_be_checked_without_being_registered() {
    let (_glue, client) = start().await;
    for (definition, valid) in [("{}", true), ("{", false)] {
        let checked = client
            .check_schema_version_validity()
            .data_format(Format::Json)
            .schema_definition(definition)
            .send()
            .await
            .unwrap();
        assert_eq!(
            (checked.valid(), checked.error().is_none()),
            (valid, valid),
            "{definition}"
        );
    }
}
