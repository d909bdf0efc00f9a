//! Deployment packages: the zips of `scripts/package`, unpacked as Lambda unpacks them, with the variables
//! that the rendered templates give the functions, and with the events that start them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use aws_sdk_s3::primitives::ByteStream;
use embedded::glue::DataFormat;
use local::{Athena, LambdaInvoke, LambdaTarget};
use protocol::{FederationRequest, FederationResponse, ListSchemasRequest, ListTablesRequest, PingRequest};
use serde_json::{Value as Json, json};
use spill::S3BlockStore;
use tempfile::TempDir;
use tests::certificates::{Authority, Certificates, Holder, StoreType};
use tests::client::identity;
use tests::cloud::Cloud;
use tests::iam::Policy;
use tests::kafka_front::KafkaFront;
use tests::lambda::{Outcome, bundles};
use tests::template::Template;
use tests::world::{REGISTRY, World};

/// Handler of both functions, which Lambda starts.
const HANDLER: &str = "bootstrap";

/// Keeps the modes of files, as Lambda does; Python's own unpacking loses them.
const UNPACK: &str = "
import os, sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
for entry in archive.infolist():
    os.chmod(archive.extract(entry, sys.argv[2]), entry.external_attr >> 16)
";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Unpacked bundle of `function`. All bundles are built by the first test that needs one.
fn unpacked(function: &str) -> TempDir {
    static PACKAGED: LazyLock<Result<(), String>> = LazyLock::new(|| {
        if bundles().is_some() {
            return Ok(());
        }
        let mut package = Command::new(root().join("scripts/package"));
        run(package.args(["--profile", "dev"]))
    });
    PACKAGED.as_ref().expect("both functions are packaged");
    let folder = tempfile::tempdir().expect("a folder");
    let archives = bundles().unwrap_or_else(|| root().join("target/package"));
    let archive = archives.join(format!("{function}.zip"));
    let mut unpack = Command::new("python3");
    unpack.args(["-c", UNPACK]).arg(archive).arg(folder.path());
    run(&mut unpack).expect("the bundle is unpacked");
    folder
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command
        .output()
        .map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    ))
}

/// Timeout of the function in the template.
fn timeout(properties: &Json) -> Duration {
    let seconds = match &properties["Timeout"] {
        Json::String(text) => text.parse().ok(),
        other => other.as_u64(),
    };
    Duration::from_secs(seconds.expect("seconds"))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Python: scripts/test"]
async fn the_connectors_bundle_answers_athena_with_what_its_template_says() {
    let world = World::start().await;
    let topic = world.broker.create_topic("packaged", 2).await;
    for partition in 0..2 {
        let values = (0..500).map(|n| Some(format!(r#"{{"n":{n}}}"#)));
        world.broker.produce(&topic, partition, values);
    }
    world.register_json("t", &topic, &[("n", "BIGINT", "")]);
    let stack = Template::read("template.yaml").expect("the template");
    let stack = stack.render(&[
        ("LambdaFunctionName", "kafka"),
        ("KafkaEndpoint", world.broker.bootstrap()),
        ("SpillBucket", &world.bucket),
        ("SpillPrefix", "some/prefix"),
        ("MaxRecordsPerSplit", "100"),
        ("MetadataColumns", "true"),
    ]);
    let stack = stack.expect("a stack");
    let function = stack.resource("AthenaMSKConnector").expect("the function");
    assert_eq!(function.properties["Handler"], HANDLER);
    let bundle = unpacked("connector");
    let environment = stack.environment("AthenaMSKConnector").expect("variables");
    let cloud = Cloud::start(world).await;
    let program = bundle.path().join(HANDLER);
    let lambda = cloud
        .start_function(&program, environment, timeout(&function.properties))
        .await;
    let mut client = cloud.world.client(&lambda);

    let (identity, query_id, catalog_name) = (Some(identity()), "query".to_owned(), "kafka".to_owned());
    let ping = PingRequest {
        identity: identity.clone(),
        catalog_name: catalog_name.clone(),
        query_id: query_id.clone(),
    };
    let answer = client.call(&FederationRequest::Ping(ping)).await.expect("a pong");
    assert!(matches!(answer, FederationResponse::Ping(_)), "{answer:?}");
    let schemas = ListSchemasRequest {
        identity: identity.clone(),
        query_id: Some(query_id.clone()),
        catalog_name: catalog_name.clone(),
    };
    match client.call(&FederationRequest::ListSchemas(schemas)).await {
        Ok(FederationResponse::ListSchemas(answer)) => assert_eq!(answer.schemas, [REGISTRY]),
        other => panic!("{other:?}"),
    }
    let tables = ListTablesRequest {
        identity,
        query_id: Some(query_id),
        catalog_name,
        schema_name: Some(REGISTRY.into()),
        next_token: None,
        page_size: None,
    };
    match client.call(&FederationRequest::ListTables(tables)).await {
        Ok(FederationResponse::ListTables(answer)) => assert_eq!(answer.tables[0].table_name, "t"),
        other => panic!("{other:?}"),
    }
    let schema = client.table("t").await.expect("the table").schema;
    schema
        .field_with_name("_partition_offset")
        .expect("a parameter's columns");
    let splits = client.splits("t").await.expect("splits");
    assert_eq!(splits.len(), 10, "a parameter's length");
    let location = splits[0].spill_location.as_ref().expect("a location");
    assert!(location.key.starts_with("some/prefix/"), "{location:?}");
    for max_inline_block_bytes in [5_242_880, 1] {
        client.max_inline_block_bytes = max_inline_block_bytes;
        let rows = client.select("t", &["n"]).await.expect("rows");
        let sum: i64 = rows.column(0).as_primitive::<Int64Type>().iter().flatten().sum();
        assert_eq!((rows.num_rows(), sum), (1000, 2 * 499 * 250));
    }
}

/// Event that EventBridge sends at a rule's time.
fn scheduled_event(rule_arn: &str) -> Vec<u8> {
    let event = json!({
        "version": "0",
        "id": uuid::Uuid::new_v4().to_string(),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "123456789012",
        "time": "2026-01-02T03:04:00Z",
        "region": "us-east-1",
        "resources": [rule_arn],
        "detail": {},
    });
    event.to_string().into_bytes()
}

/// Stack of the orders, except that the functions trust the listener's authority instead of a public one.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Java's keytool and moto: scripts/test"]
async fn the_orders_stacks_bundles_send_orders_and_answer_its_saved_queries() {
    let world = World::embedded().await;
    let kafka = world.broker.as_embedded().expect("the embedded broker");
    let folder = tempfile::tempdir().expect("a folder");
    let certificates = Certificates::make(folder.path().join("certificates")).expect("certificates");
    let identity = certificates
        .key_store(Holder::Broker, StoreType::Pem)
        .expect("a key");
    let front = KafkaFront::start(world.broker.bootstrap(), &identity, "OAUTHBEARER").await;
    let front = front.expect("the listener starts");
    let authority = certificates
        .trust_store(Authority::Cluster, StoreType::Pem)
        .expect("a certificate");

    let template = Template::read("deploy/orders-stack.yaml").expect("the template");
    let template = template.with_answer("Brokers.Iam", front.address());
    let stack = template.render(&[("ProducerTargets", "2")]).expect("a stack");
    let property = |id: &str, property: &str| {
        let resource = stack.resource(id).expect("a resource");
        let value = resource.properties[property].as_str().expect("a text");
        value.to_owned()
    };
    let connector_stack = stack.resource("Connector").expect("the connector's stack");
    let connector_stack = template
        .nested(&connector_stack.properties)
        .expect("the connector's stack");

    // Created here in place of CloudFormation.
    let topic = stack.resource("Topic").expect("the topic");
    let partitions = topic.properties["PartitionCount"].as_i64().expect("a count");
    let partitions = i32::try_from(partitions).expect("a count");
    kafka
        .create_topic(&property("Topic", "TopicName"), partitions)
        .expect("the topic");
    let (registry, table) = (property("Registry", "Name"), property("OrdersSchema", "Name"));
    if registry != REGISTRY {
        world
            .glue
            .add_registry(&registry, &property("Registry", "Description"))
            .expect("the registry");
    }
    let definition = property("OrdersSchema", "SchemaDefinition");
    let registered = world
        .glue
        .register_schema(&registry, &table, DataFormat::Json, &definition);
    registered.expect("the schema");

    // Invokes the producer as often as the rule starts it.
    let authority_file = folder.path().join("authority.pem");
    std::fs::write(&authority_file, &authority).expect("the file is written");
    let cloud = Cloud::start(world).await;
    let bundle = unpacked("producer");
    let producer = stack.resource("Producer").expect("the producer");
    assert_eq!(producer.properties["Handler"], HANDLER);
    let mut environment = stack.environment("Producer").expect("variables");
    environment.push(("CA_LOCATION".into(), authority_file.display().to_string()));
    // Shorter than the minute in the template.
    environment.push(("MAX_RUN_SEC".into(), "1".into()));
    let program = bundle.path().join(HANDLER);
    let lambda = cloud
        .start_function(&program, environment, timeout(&producer.properties))
        .await;
    let rule = stack.resource("EveryMinute").expect("the rule");
    let targets = rule.properties["Targets"].as_array().expect("targets");
    assert_eq!(targets.len(), 2);
    let (mut orders, mut items) = (0, 0);
    for target in targets {
        let rule_arn = format!("arn:aws:events:us-east-1:123456789012:rule/{}", target["Id"]);
        let outcome = lambda.invoke(&scheduled_event(&rule_arn)).await;
        let Outcome::Success(report) = outcome else {
            panic!("{outcome:?}");
        };
        let report: Json = serde_json::from_slice(&report).expect("a report");
        orders += report["orders"].as_u64().expect("a count");
        items += report["items"].as_u64().expect("a count");
    }
    assert!(orders > 0 && items >= orders);

    // Connector.
    let put = cloud.world.s3().put_object().bucket(&cloud.world.bucket);
    let put = put.key("certificates/kafka.client.truststore.pem");
    put.body(ByteStream::from(authority))
        .send()
        .await
        .expect("the certificate is put");
    let bundle = unpacked("connector");
    let function = connector_stack
        .resource("AthenaMSKConnector")
        .expect("the function");
    let mut environment = connector_stack
        .environment("AthenaMSKConnector")
        .expect("variables");
    let spill_bucket = environment.iter().find(|(name, _)| name == "spill_bucket");
    let (_, spill_bucket) = spill_bucket.expect("a bucket").clone();
    // With moto it may exist from an earlier test.
    drop(
        cloud
            .world
            .s3()
            .create_bucket()
            .bucket(&spill_bucket)
            .send()
            .await,
    );
    let reference = format!("s3://{}/certificates/", cloud.world.bucket);
    environment.push(("certificates_s3_reference".into(), reference));
    let program = bundle.path().join(HANDLER);
    let lambda = cloud
        .start_function(&program, environment, timeout(&function.properties))
        .await;
    let target = LambdaTarget {
        function: "connector".into(),
        endpoint: Some(lambda.endpoint_url().to_owned()),
        ..LambdaTarget::default()
    };
    let invoke = Arc::new(LambdaInvoke::connect(target).await);
    let athena = Athena::new(invoke, Arc::new(S3BlockStore::new(cloud.world.s3())));
    let count = async |sql: &str| -> u64 {
        let batches = athena
            .sql(sql)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
        batches.iter().map(|batch| batch.num_rows() as u64).sum()
    };
    assert_eq!(count("SELECT order_id FROM msk.customer.orders").await, orders);
    assert_eq!(count(&property("ItemsQuery", "QueryString")).await, items);
    assert_eq!(count(&property("TopProductsQuery", "QueryString")).await, 10);

    // All of it with the roles of the stacks, except for the certificates, which are not part of them.
    let role = &connector_stack
        .resource("FunctionRole")
        .expect("a role")
        .properties;
    let policy = Policy::of_role(role).expect("policies that are known here");
    let cluster_arn = stack.outputs["ClusterArn"].as_str().expect("an ARN");
    let of_kafka = front.calls(cluster_arn).expect("requests that are known here");
    let of_kafka = of_kafka.iter().filter(|call| !call.action.contains("Write"));
    let calls = cloud.calls().expect("calls that are known here");
    let own = calls
        .iter()
        .filter(|call| !call.resource.contains(&cloud.world.bucket));
    for call in own.chain(of_kafka) {
        assert!(
            !policy.allowing(call).is_empty(),
            "the role does not allow {call}"
        );
    }
}
