//! The roles of our templates allow what the functions call in AWS and Kafka, and nothing else.
//!
//! A stack is rendered with the parameters of a scenario; the real binary runs with the stack's variables and
//! handles every request of Athena; each call is recorded as IAM sees it. The role must allow each, and each
//! permission must be the only one that allows some call. What AWS itself does with the role is listed here.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use apache_avro::types::Value as Avro;
use arrow::array::Date64Array;
use aws_sdk_glue::types::ConnectionInput;
use aws_sdk_s3::primitives::ByteStream;
use embedded::glue::DataFormat;
use protocol::{
    Constraints, FederationRequest, ListSchemasRequest, ListTablesRequest, Range, SortedRangeSet,
};
use serde_json::Value as Json;
use tests::certificates::{Authority, Certificates, Holder, StoreType, TRUST_STORE_PASSWORD};
use tests::client::{Client, identity};
use tests::cloud::Cloud;
use tests::iam::{Call, Policy};
use tests::kafka_front::KafkaFront;
use tests::lambda::{Outcome, binary};
use tests::template::{Rendered, Template};
use tests::world::{REGISTRY, World};

/// Permissions that Lambda uses in the function's name. Those for logs and network interfaces are in AWS
/// managed policies, which [`every_combination_of_conditions_renders`] names.
const OF_LAMBDA: [&str; 2] = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"];

/// Actions whose resource can only be `*`.
const WITHOUT_RESOURCE: [&str; 6] = [
    "glue:ListRegistries",
    // By a version's id, which does not contain the schema.
    "glue:GetSchemaVersion",
    "kms:GenerateRandom",
    "kafka:GetBootstrapBrokers",
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
];

/// Resources that are wider than a name, and the reason.
const WIDE: [(&str, &str); 1] = [(
    "arn:aws:secretsmanager:us-east-1:123456789012:secret:*",
    "the Glue connection names the secret, which the template cannot look into",
)];

const FUNCTION: &str = "AthenaMSKConnector";
const CLUSTER_ARN: &str =
    "arn:aws:kafka:us-east-1:123456789012:cluster/orders/0c1b2a39-4f5e-6d7c-8b9a-001122334455-3";
const SECRET_KEY: &str = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const SECRET_ARN: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:AmazonMSK_orders-AbCd1x";
const ORDER: &str = r#"{"type": "record", "name": "Order", "fields": [{"name": "id", "type": "long"}]}"#;

/// Prefix of certificates, in a bucket of their own.
const CERTIFICATES_PREFIX: &str = "some/deep/prefix/";

/// World with a table of records that name their schema, on a broker that can be slowed down.
async fn world() -> World {
    let world = World::embedded().await;
    let kafka = world.broker.as_embedded().expect("the embedded broker");
    kafka.create_topic("orders", 2).expect("a topic");
    let version = world.register_schema("orders", DataFormat::Avro, ORDER);
    let schema = apache_avro::Schema::parse_str(ORDER).expect("a schema");
    let records: Vec<_> = (0..50)
        .map(|id| {
            let record = Avro::Record(vec![("id".into(), Avro::Long(id))]);
            let body = apache_avro::to_avro_datum(&schema, record).expect("a datum");
            Some([&[3, 0], version.as_bytes().as_slice(), &body].concat())
        })
        .collect();
    world.broker.produce("orders", 0, records);
    world
}

/// Makes every request of Athena: lists, tables, plans, inline rows, spilled rows, and a long read.
async fn ask_everything(world: &World, mut client: Client) {
    let (query_id, catalog_name) = (Some("query".to_owned()), "msk".to_owned());
    let schemas = ListSchemasRequest {
        identity: Some(identity()),
        query_id: query_id.clone(),
        catalog_name: catalog_name.clone(),
    };
    let schemas = client.call(&FederationRequest::ListSchemas(schemas)).await;
    schemas.expect("the registries");
    let tables = ListTablesRequest {
        identity: Some(identity()),
        query_id,
        catalog_name,
        schema_name: Some(REGISTRY.into()),
        next_token: None,
        page_size: None,
    };
    let tables = client.call(&FederationRequest::ListTables(tables)).await;
    tables.expect("the tables");
    assert_eq!(
        client.select("orders", &["id"]).await.expect("rows").num_rows(),
        50
    );
    // Whether an upper time bound applies depends on the topic's settings.
    let latest = Range::below(Arc::new(Date64Array::from(vec![i64::MAX / 2]))).expect("a range");
    let latest = SortedRangeSet::try_new(latest.data_type().clone(), vec![latest], false).expect("a set");
    let constraints = Constraints {
        summary: [("_timestamp".to_owned(), latest.into())].into(),
        ..Constraints::default()
    };
    let bounded = client.select_where("orders", &["id"], &constraints).await;
    assert_eq!(bounded.expect("rows").num_rows(), 50);
    client.max_inline_block_bytes = 1;
    assert_eq!(
        client.select("orders", &["id"]).await.expect("rows").num_rows(),
        50
    );
    // The query's state is requested after a second.
    let kafka = world.broker.as_embedded().expect("the embedded broker");
    kafka.stall_fetches(Duration::from_millis(1500));
    assert_eq!(
        client.select("orders", &["id"]).await.expect("rows").num_rows(),
        50
    );
}

/// Inline policies of the role.
fn policy(stack: &Rendered, role: &str) -> Policy {
    let role = stack.resource(role).expect("a role");
    Policy::of_role(&role.properties).expect("policies that are known here")
}

/// Asserts that each call is allowed, and that each permission is the only one to allow one of them.
fn assert_allows_these_alone(scenario: &str, policy: &Policy, calls: &[Call]) {
    let mut needed = BTreeSet::new();
    for call in calls {
        let allowing = policy.allowing(call);
        assert!(!allowing.is_empty(), "{scenario}: the role does not allow {call}");
        if let [only] = &*allowing {
            needed.insert(only.clone());
        }
    }
    let idle: Vec<_> = policy
        .permissions()
        .filter(|permission| !needed.contains(permission) && !OF_LAMBDA.contains(&permission.action.as_str()))
        .map(|permission| {
            let statement = &policy.statements()[permission.statement];
            format!("{} on {:?}", permission.action, statement.resources)
        })
        .collect();
    let calls: BTreeSet<_> = calls.iter().map(ToString::to_string).collect();
    assert!(
        idle.is_empty(),
        "{scenario}: nothing needs {idle:?} for {calls:#?}"
    );
}

/// Runs one scenario: additional parameters of the template, and a front of the broker.
async fn connector_uses_its_role(
    scenario: &str,
    cloud: &Cloud,
    front: Option<&KafkaFront>,
    parameters: &[(&str, &str)],
) {
    let world = &cloud.world;
    let endpoint = front.map_or(world.broker.bootstrap(), KafkaFront::address);
    let mut all = vec![
        ("LambdaFunctionName", "msk"),
        ("KafkaEndpoint", endpoint),
        ("SpillBucket", &world.bucket),
        ("MetadataColumns", "true"),
    ];
    all.extend_from_slice(parameters);
    let template = Template::read("template.yaml").expect("the template");
    let stack = template.render(&all).expect("a stack");
    let environment = stack.environment(FUNCTION).expect("variables");
    let program = binary("bootstrap").expect("the connector");
    let lambda = cloud
        .start_function(&program, environment, Duration::from_secs(60))
        .await;
    ask_everything(world, world.client(&lambda)).await;
    let mut calls = cloud.calls().expect("calls that are known here");
    if let Some(front) = front {
        let of_kafka = front.calls(CLUSTER_ARN).expect("requests that are known here");
        let is_iam = parameters.contains(&("AuthType", "SASL_SSL_AWS_MSK_IAM"));
        calls.extend(of_kafka.into_iter().filter(|_| is_iam));
    }
    assert_allows_these_alone(scenario, &policy(&stack, "FunctionRole"), &calls);
}

/// Listener with a certificate of its own authority, whose trust store is in `bucket`.
async fn front(world: &World, bucket: &str, mechanism: &'static str, store_type: StoreType) -> KafkaFront {
    let folder = tempfile::tempdir().expect("a folder");
    let certificates = Certificates::make(folder.path().join("certificates")).expect("certificates");
    let trusted = certificates.trust_store(Authority::Cluster, store_type);
    let bucket_made = world.s3().create_bucket().bucket(bucket).send().await;
    bucket_made.expect("a bucket");
    world
        .s3()
        .put_object()
        .bucket(bucket)
        .key(format!("{CERTIFICATES_PREFIX}kafka.client.truststore.jks"))
        .body(ByteStream::from(trusted.expect("a trust store")))
        .send()
        .await
        .expect("the trust store is put");
    let identity = certificates.key_store(Holder::Broker, StoreType::Pem);
    let identity = identity.expect("a key and its certificate");
    let front = KafkaFront::start(world.broker.bootstrap(), &identity, mechanism).await;
    front.expect("the listener starts")
}

/// Name of a secret with everything that a login over TLS needs.
async fn secret(cloud: &Cloud) -> String {
    let name = format!("AmazonMSK_{}", uuid::Uuid::new_v4().simple());
    let secret = serde_json::json!({
        "username": "athena", "password": "s3cret", "truststore_password": TRUST_STORE_PASSWORD,
    });
    let secrets = aws_sdk_secretsmanager::Client::new(&cloud.world.sdk(&cloud.world.athena_endpoint()));
    let created = secrets
        .create_secret()
        .name(&name)
        .secret_string(secret.to_string());
    created.send().await.expect("the secret is stored");
    name
}

fn own_bucket() -> String {
    format!("certificates-{}", uuid::Uuid::new_v4().simple())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_without_features_is_of_use_in_all_it_allows() {
    let cloud = Cloud::start(world().await).await;
    connector_uses_its_role("no authentication", &cloud, None, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_that_makes_its_bucket_may_spill_there() {
    let cloud = Cloud::start(world().await).await;
    let bucket = cloud
        .world
        .s3()
        .create_bucket()
        .bucket("stack-blockbucket")
        .send()
        .await;
    // With moto it may exist from an earlier test.
    drop(bucket);
    let parameters = [("SpillBucket", ""), ("SpillPrefix", "")];
    connector_uses_its_role("a bucket of its own", &cloud, None, &parameters).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Java's keytool and moto: scripts/test"]
async fn secrets_and_certificates_need_what_the_role_adds_for_them() {
    let cloud = Cloud::with_secret_key(world().await, Some(SECRET_KEY.into())).await;
    let secret = secret(&cloud).await;
    let bucket = own_bucket();
    let front = front(&cloud.world, &bucket, "PLAIN", StoreType::Jks).await;
    let reference = format!("s3://{bucket}/{CERTIFICATES_PREFIX}");
    let parameters = [
        ("AuthType", "SASL_SSL_PLAIN"),
        ("SecretNamePrefix", &*secret),
        ("SecretKmsKeyArn", SECRET_KEY),
        ("CertificatesS3Reference", &reference),
    ];
    connector_uses_its_role("a password over TLS", &cloud, Some(&front), &parameters).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/moto run -- …"]
async fn keys_of_kms_need_what_the_role_adds_for_them() {
    let world = World::embedded().await;
    let kms = aws_sdk_kms::Client::new(&world.sdk(&world.athena_endpoint()));
    let created = kms.create_key().send().await.expect("a key");
    let key = created.key_metadata().expect("its metadata");
    let arn = key.arn().expect("its ARN");
    for key in [key.key_id(), arn] {
        let cloud = Cloud::start(self::world().await).await;
        let scenario = format!("KMS key `{key}`");
        connector_uses_its_role(&scenario, &cloud, None, &[("KmsKeyId", key)]).await;
    }
}

/// The connection contains the brokers and the login; the parameters name what the role cannot derive from
/// it.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Java's keytool and moto: scripts/test"]
async fn a_glue_connection_needs_what_the_role_adds_for_it() {
    let cloud = Cloud::start(world().await).await;
    let secret = secret(&cloud).await;
    let bucket = own_bucket();
    let front = front(&cloud.world, &bucket, "PLAIN", StoreType::Jks).await;
    let (host, port) = front.address().rsplit_once(':').expect("host and port");
    let name = format!("connection-{}", uuid::Uuid::new_v4().simple());
    let connection = ConnectionInput::builder()
        .name(&name)
        .connection_type("KAFKA".into())
        .connection_properties("HOST".into(), host)
        .connection_properties("PORT".into(), port)
        .connection_properties("CUSTOM_AUTH_TYPE".into(), "SASL_SSL_PLAIN")
        .build()
        .expect("a connection");
    let glue = aws_sdk_glue::Client::new(&cloud.world.sdk(&cloud.world.athena_endpoint()));
    let created = glue.create_connection().connection_input(connection);
    created.send().await.expect("the connection is made");
    let reference = format!("s3://{bucket}/{CERTIFICATES_PREFIX}");
    let parameters = [
        ("KafkaEndpoint", ""),
        ("GlueConnection", &*name),
        ("SecretNamePrefix", &secret),
        ("CertificatesS3Reference", &reference),
    ];
    connector_uses_its_role("a Glue connection", &cloud, Some(&front), &parameters).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Java's keytool and moto: scripts/test"]
async fn msks_access_control_needs_what_the_role_adds_for_it() {
    for cluster_arn in [
        CLUSTER_ARN,
        "",
        &format!("{CLUSTER_ARN},{}", CLUSTER_ARN.replace("orders", "others")),
    ] {
        let cloud = Cloud::start(world().await).await;
        let bucket = own_bucket();
        let front = front(&cloud.world, &bucket, "OAUTHBEARER", StoreType::Pem).await;
        let reference = format!("s3://{bucket}/{CERTIFICATES_PREFIX}");
        let parameters = [
            ("AuthType", "SASL_SSL_AWS_MSK_IAM"),
            ("KafkaClusterArn", cluster_arn),
            ("CertificatesS3Reference", &reference),
        ];
        let scenario = format!("IAM with cluster `{cluster_arn}`");
        connector_uses_its_role(&scenario, &cloud, Some(&front), &parameters).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Java's keytool and moto: scripts/test"]
async fn the_producers_role_is_of_use_in_all_it_allows() {
    for mode in ["PROVISIONED", "SERVERLESS"] {
        let world = World::embedded().await;
        let bucket = own_bucket();
        let front = front(&world, &bucket, "OAUTHBEARER", StoreType::Pem).await;
        if mode == "PROVISIONED" {
            let kafka = world.broker.as_embedded().expect("the embedded broker");
            kafka.create_topic("orders", 3).expect("a topic");
        }
        let stack = Template::read("deploy/orders-stack.yaml").expect("the template");
        let stack = stack.with_answer("Brokers.Iam", front.address());
        let stack = stack.render(&[("KafkaMode", mode)]).expect("a stack");
        let mut environment = stack.environment("Producer").expect("variables");
        let trusted = world.s3().get_object().bucket(&bucket);
        let trusted = trusted.key(format!("{CERTIFICATES_PREFIX}kafka.client.truststore.jks"));
        let trusted = trusted
            .send()
            .await
            .expect("the trust store")
            .body
            .collect()
            .await;
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), trusted.expect("its content").to_vec()).expect("the file is written");
        for (name, value) in [
            ("CA_LOCATION", file.path().to_str().expect("a path")),
            ("MAX_RUN_SEC", "1"),
        ] {
            environment.push((name.into(), value.into()));
        }
        let cloud = Cloud::start(world).await;
        let program = binary("producer-lambda").expect("the producer");
        let lambda = cloud
            .start_function(&program, environment, Duration::from_secs(60))
            .await;
        let outcome = lambda.invoke(b"{}").await;
        assert!(matches!(outcome, Outcome::Success(_)), "{mode}: {outcome:?}");
        let cluster_arn = stack.outputs["ClusterArn"].as_str().expect("an ARN");
        let calls = front.calls(cluster_arn).expect("requests that are known here");
        assert_eq!(
            cloud.calls().expect("calls"),
            [],
            "the producer asks nothing of AWS"
        );
        assert_allows_these_alone(mode, &policy(&stack, "ProducerRole"), &calls);
    }
}

/// Non-default values of the connector's parameters.
const SAMPLES: [(&str, &str); 20] = [
    ("LambdaFunctionName", "msk"),
    ("DataCatalogName", "kafka"),
    ("KafkaEndpoint", "b-1:9098"),
    ("SecretNamePrefix", "AmazonMSK_orders"),
    ("SecretNamePrefix", SECRET_ARN),
    ("SecretKmsKeyArn", SECRET_KEY),
    ("CertificatesS3Reference", "s3://certificates/some/prefix/"),
    ("KafkaClusterArn", CLUSTER_ARN),
    ("GlueConnection", "orders"),
    ("SubnetIds", "subnet-1,subnet-2"),
    ("SecurityGroupIds", "sg-1"),
    ("VpcId", "vpc-0a1b"),
    ("SpillBucket", "spill"),
    ("KmsKeyId", "1234abcd-12ab-34cd-56ef-1234567890ab"),
    ("KmsKeyId", SECRET_KEY),
    ("TracesEndpoint", "http://localhost:4318"),
    (
        "CollectorLayerArn",
        "arn:aws:lambda:us-east-1:123456789012:layer:collector:1",
    ),
    ("LambdaRoleARN", "arn:aws:iam::123456789012:role/own"),
    (
        "PermissionsBoundaryARN",
        "arn:aws:iam::123456789012:policy/boundary",
    ),
    ("LogRetentionDays", "7"),
];

/// AWS managed policies that roles may have: to write logs, and to be in a VPC.
const MANAGED: [&str; 2] = [
    "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
    "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole",
];

#[test]
fn every_combination_of_conditions_renders() {
    let orders = Template::read("deploy/orders-stack.yaml").expect("the template");
    for (template, samples) in [
        (
            Template::read("template.yaml").expect("the template"),
            &SAMPLES[..],
        ),
        (orders.with_answer("Brokers.Iam", "b-1:9098"), &[]),
    ] {
        let pieces: Vec<_> = template.pieces().collect();
        for piece in pieces {
            let combinations = template.combinations(&piece, samples).expect("samples enough");
            for values in combinations {
                let given: Vec<_> = values.iter().map(|(name, value)| (&**name, &**value)).collect();
                let rendered = template.render_piece(&piece, &given);
                let rendered = rendered.unwrap_or_else(|error| panic!("{piece} with {values:?}: {error}"));
                let Some(properties) = rendered else { continue };
                if properties.get("AssumeRolePolicyDocument").is_some() {
                    assert_names_what_it_allows(&properties, &format!("{piece} with {values:?}"));
                }
            }
        }
    }
}

/// Asserts that no resource is `*`, or lacks its intended name.
fn assert_names_what_it_allows(role: &Json, place: &str) {
    for managed in role["ManagedPolicyArns"].as_array().into_iter().flatten() {
        let is_known = managed.as_str().is_some_and(|managed| MANAGED.contains(&managed));
        assert!(is_known, "{place}: {managed}");
    }
    let policy = Policy::of_role(role).unwrap_or_else(|error| panic!("{place}: {error}"));
    for statement in policy.statements() {
        for resource in &statement.resources {
            if resource == "*" {
                let wide: Vec<_> = statement
                    .actions
                    .iter()
                    .filter(|action| !WITHOUT_RESOURCE.contains(&action.as_str()))
                    .collect();
                assert!(wide.is_empty(), "{place}: {wide:?} of everything");
            } else if !WIDE.iter().any(|(wide, _)| wide == resource) {
                assert!(
                    is_named(resource),
                    "{place}: {:?} of {resource}",
                    statement.actions
                );
            }
        }
    }
}

/// Whether an ARN `arn:partition:service:region:account:resource` has a name in all of its parts, of which
/// the last may be a prefix or any.
fn is_named(arn: &str) -> bool {
    let parts: Vec<_> = arn.splitn(6, ':').collect();
    let [_, partition, service, region, account, resource] = &*parts else {
        return false;
    };
    let is_placed = match *service {
        "s3" => region.is_empty() && account.is_empty(),
        _ => !region.is_empty() && account.len() == 12,
    };
    let names: Vec<_> = resource.split(['/', ':']).collect();
    let is_whole = names.iter().all(|name| !name.is_empty());
    // Buckets and objects are named; elsewhere any resource of a kind is allowed.
    let is_any = match *service {
        "s3" => names[0].contains('*') || names.get(1).is_some_and(|name| *name == "*"),
        "secretsmanager" => names.get(1).is_none_or(|name| *name == "*"),
        _ => names[0].contains('*'),
    };
    arn.starts_with("arn:") && !partition.is_empty() && is_placed && is_whole && !is_any
}

#[test]
fn an_arn_without_a_name_is_seen() {
    for arn in [
        "arn:aws:s3:::b/p/*",
        "arn:aws:s3:::b",
        "arn:aws:glue:us-east-1:123456789012:catalog",
        "arn:aws:glue:us-east-1:123456789012:registry/*",
        CLUSTER_ARN,
    ] {
        assert!(is_named(arn), "{arn}");
    }
    for arn in [
        "arn:aws:s3:::/p/*",
        "arn:aws:s3:::b//*",
        "arn:aws:s3:::b/*",
        "arn:aws:s3:::*",
        "arn:aws:glue:us-east-1:123456789012:connection/",
        "arn:aws:glue:us-east-1::registry/*",
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:*",
        "secret",
        "",
    ] {
        assert!(!is_named(arn), "{arn}");
    }
}
