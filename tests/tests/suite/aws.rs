//! AWS's services in another implementation: our clients and our stand-ins against moto, where it is
//! available.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use connector::aws::credentials::AwsCredentialStore;
use connector::aws::kms::KmsSpillKeys;
use connector::query_status::{AthenaQueryStatus, QueryState, QueryStatus};
use connector::registry::SchemaRegistry;
use connector::registry::conformance;
use connector::registry::glue::GlueSchemaRegistry;
use connector::spill_keys;
use kafka::auth::credentials::conformance as credentials;
use spill::S3BlockStore;
use tests::lambda::Lambda;
use tests::world::World;

/// Endpoint of moto. Tests that need it are ignored unless `scripts/test` runs them with it.
fn moto() -> String {
    std::env::var("MOTO_ENDPOINT").expect("MOTO_ENDPOINT, see scripts/moto")
}

async fn fill(client: &aws_sdk_glue::Client) {
    use aws_sdk_glue::types::{Compatibility, DataFormat, RegistryId, SchemaId};
    for (name, description) in conformance::REGISTRIES {
        client
            .create_registry()
            .registry_name(name)
            .description(description)
            .send()
            .await
            .expect("a registry");
    }
    for (registry, schema, format, definition) in conformance::SCHEMAS {
        let created = client
            .create_schema()
            .registry_id(RegistryId::builder().registry_name(registry).build())
            .schema_name(schema)
            .data_format(DataFormat::from(format))
            .compatibility(Compatibility::None)
            .schema_definition(definition)
            .send()
            .await;
        if created.is_err() {
            let id = SchemaId::builder()
                .registry_name(registry)
                .schema_name(schema)
                .build();
            let registered = client
                .register_schema_version()
                .schema_id(id)
                .schema_definition(definition)
                .send()
                .await;
            registered.expect("the schema is new or gets a version");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_keeps_blocks() {
    let world = World::start().await;
    spill::conformance(&S3BlockStore::new(world.s3()), &world.bucket).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn our_registry_endpoint_answers_as_a_registry_must() {
    let world = World::start().await;
    let endpoint = embedded::glue::EmbeddedGlue::start()
        .await
        .expect("the endpoint starts");
    let client = aws_sdk_glue::Client::new(&world.sdk(&endpoint.endpoint_url()));
    fill(&client).await;
    conformance::check(&GlueSchemaRegistry::new(client)).await;
}

/// moto lacks ListSchemas; where it responds, it and our endpoint must follow the same rules.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/moto run -- …"]
async fn motos_registries_answer_by_the_same_rules() {
    let endpoint = moto();
    let world = World::start().await;
    let client = aws_sdk_glue::Client::new(&world.sdk(&endpoint));
    fill(&client).await;
    let registry = GlueSchemaRegistry::new(client);
    conformance::lists_every_registry_with_its_description(&registry).await;
    conformance::reads_one_registry(&registry).await;
    conformance::reads_the_latest_version(&registry).await;
    registry
        .latest_schema("customer", "nothing")
        .await
        .expect_err("there is no such schema");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/moto run -- …"]
async fn a_finished_query_is_seen_to_be_over() {
    let endpoint = moto();
    let world = World::start().await;
    let client = aws_sdk_athena::Client::new(&world.sdk(&endpoint));
    let started = client
        .start_query_execution()
        .query_string("SELECT 1")
        .send()
        .await
        .expect("a query");
    let id = started.query_execution_id().expect("its id");
    let status = AthenaQueryStatus::new(client);
    let state = tokio::time::timeout(Duration::from_secs(30), status.state(id))
        .await
        .expect("an answer");
    assert_eq!(state.expect("a state"), QueryState::Over("SUCCEEDED".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn stored_certificates_are_read_by_the_rules() {
    let world = World::start().await;
    for (key, content) in credentials::OBJECTS {
        let put = world.s3().put_object().bucket(&world.bucket).key(key);
        let put = put.body(ByteStream::from_static(content)).send().await;
        put.expect("the object is put");
    }
    let store = AwsCredentialStore::new(&world.sdk(world.s3_endpoint()), world.s3());
    credentials::check_objects(&store, &world.bucket).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/moto run -- …"]
async fn secrets_are_read_by_the_rules() {
    let endpoint = moto();
    let world = World::start().await;
    let sdk = world.sdk(&endpoint);
    let id = format!("AmazonMSK_{}", uuid::Uuid::new_v4().simple());
    let created = aws_sdk_secretsmanager::Client::new(&sdk)
        .create_secret()
        .name(&id)
        .secret_string(credentials::SECRET_TEXT)
        .send()
        .await;
    let arn = created.expect("a secret").arn.expect("its ARN");
    let store = AwsCredentialStore::new(&sdk, world.s3());
    for id in [id, arn] {
        credentials::check_secrets(&store, &id).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/moto run -- …"]
async fn keys_of_kms_are_made_by_the_rules() {
    let endpoint = moto();
    let sdk = World::start().await.sdk(&endpoint);
    let created = aws_sdk_kms::Client::new(&sdk).create_key().send().await;
    let created = created.expect("a key").key_metadata.expect("its metadata");
    spill_keys::conformance::check(&KmsSpillKeys::new(&sdk, created.key_id)).await;
}

/// One endpoint for all services: `AWS_ENDPOINT_URL` only, with a host name without subdomains for buckets.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/moto run -- …"]
async fn one_endpoint_serves_every_service() {
    use aws_sdk_glue::types::{Compatibility, DataFormat, RegistryId};
    let endpoint = moto().replace("127.0.0.1", "localhost");
    let world = World::start().await;
    let topic = world.broker.create_topic("one-endpoint", 1).await;
    let text = "o".repeat(1_000);
    world
        .broker
        .produce(&topic, 0, vec![Some(format!(r#"{{"text":"{text}"}}"#)); 500]);

    let registry = format!("r{}", uuid::Uuid::new_v4().simple());
    let glue = aws_sdk_glue::Client::new(&world.sdk(&endpoint));
    let marked = glue
        .create_registry()
        .registry_name(&registry)
        .description("{AthenaFederationKafka}");
    marked.send().await.expect("a registry");
    let document = serde_json::json!({
        "topicName": topic,
        "message": { "dataFormat": "json", "fields": [{ "name": "text", "mapping": "text", "type": "VARCHAR" }] },
    });
    glue.create_schema()
        .registry_id(RegistryId::builder().registry_name(&registry).build())
        .schema_name("t")
        .data_format(DataFormat::Json)
        .compatibility(Compatibility::None)
        .schema_definition(document.to_string())
        .send()
        .await
        .expect("a schema");

    let mut variables = world.variables();
    variables.retain(|(name, _)| !name.starts_with("AWS_ENDPOINT_URL"));
    variables.push(("AWS_ENDPOINT_URL".into(), endpoint));
    let lambda = Arc::new(
        Lambda::start("bootstrap", 1, &variables)
            .await
            .expect("the function starts"),
    );
    let mut client = world.client(&lambda);
    client.registry = registry;
    client.max_inline_block_bytes = 1_000;
    let rows = client.select("t", &["text"]).await.expect("rows");
    assert_eq!(rows.num_rows(), 500);
}
