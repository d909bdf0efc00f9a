//! Settings for which the function calls AWS: KMS keys, headers of uploads, the check of the bucket, a Glue
//! connection, secrets in values, the caller's session.

use std::collections::BTreeSet;

use arrow::array::AsArray;
use aws_sdk_glue::types::ConnectionInput;
use aws_sdk_s3::types::ServerSideEncryption;
use protocol::{Constraints, FederationResponse, Split};
use tests::client::{Client, identity};
use tests::world::World;

fn moto() -> String {
    std::env::var("MOTO_ENDPOINT").expect("MOTO_ENDPOINT, see scripts/moto")
}

const ROWS: usize = 60;

/// Table `t` over a topic with three partitions.
async fn texts(world: &World) {
    let topic = world.broker.create_topic("kept-settings", 3).await;
    for partition in 0..3 {
        let records = (0..ROWS / 3).map(|row| Some(format!(r#"{{"text":"{partition}/{row}"}}"#)));
        world.broker.produce(&topic, partition, records);
    }
    world.register_json("t", &topic, &[("text", "VARCHAR", "")]);
}

async fn all_texts(client: &Client) -> BTreeSet<String> {
    let rows = client.select("t", &["text"]).await.expect("rows");
    let texts = rows.column(0).as_string::<i32>().iter();
    texts.map(|text| text.expect("a text").to_owned()).collect()
}

async fn first_split(client: &Client) -> Split {
    let splits = client.splits("t").await.expect("splits");
    splits.into_iter().next().expect("a split")
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/moto run -- …"]
async fn keys_of_kms_encrypt_what_is_spilled() {
    let world = World::start().await;
    texts(&world).await;
    let kms = aws_sdk_kms::Client::new(&world.sdk(&moto()));
    let created = kms.create_key().send().await.expect("a key");
    let key_id = created.key_metadata().expect("its metadata").key_id().to_owned();
    let settings = [
        ("AWS_ENDPOINT_URL_KMS", moto()),
        ("kms_key_id", key_id),
        ("max_records_per_split", "5".to_owned()),
    ];
    let settings: Vec<_> = settings
        .iter()
        .map(|(name, text)| (*name, text.as_str()))
        .collect();
    let (_lambda, mut client) = world.lambda(1, &settings).await;
    client.max_inline_block_bytes = 0;
    let splits = client.splits("t").await.expect("splits");
    assert_eq!(splits.len(), 12);
    let keys: Vec<_> = splits
        .iter()
        .map(|split| split.encryption_key.as_ref().expect("a key"))
        .collect();
    assert!(
        keys.iter()
            .all(|key| (key.key.len(), key.nonce.len()) == (16, 12))
    );
    assert_eq!(keys.iter().map(|key| &key.key).collect::<BTreeSet<_>>().len(), 12);
    assert_eq!(
        keys.iter().map(|key| &key.nonce).collect::<BTreeSet<_>>().len(),
        12
    );
    assert_eq!(all_texts(&client).await.len(), ROWS);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/moto run -- …"]
async fn a_key_that_is_not_there_is_named() {
    let world = World::start().await;
    texts(&world).await;
    let endpoint = moto();
    let settings = [
        ("AWS_ENDPOINT_URL_KMS", endpoint.as_str()),
        ("kms_key_id", "alias/none"),
    ];
    let (_lambda, client) = world.lambda(1, &settings).await;
    let error = client.splits("t").await.expect_err("no keys");
    assert!(
        error.starts_with("spilling: GenerateDataKey with key `alias/none`: NotFoundException"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/moto run -- …"]
async fn blocks_are_put_with_the_headers_of_the_settings() {
    let world = World::start().await;
    texts(&world).await;
    let headers = r#"{"X-Amz-Server-Side-Encryption": "aws:kms", "x-amz-meta-team": "orders"}"#;
    let (_lambda, mut client) = world
        .lambda(
            1,
            &[
                ("spill_put_request_headers", headers),
                ("SPILL_QUEUE_CAPACITY", "1"),
            ],
        )
        .await;
    client.max_inline_block_bytes = 0;
    let split = first_split(&client).await;
    let schema = client.projection("t", &["text"]).await.expect("the schema");
    let response = client
        .read_response("t", &schema, &split, &Constraints::default())
        .await;
    let Ok(FederationResponse::RemoteReadRecords(response)) = response else {
        panic!("not spilled: {response:?}")
    };
    let block = response.remote_blocks.first().expect("a block");
    let found = world
        .s3()
        .head_object()
        .bucket(&block.bucket)
        .key(&block.key)
        .send()
        .await;
    let found = found.expect("the object");
    assert_eq!(
        found.server_side_encryption().map(ServerSideEncryption::as_str),
        Some("aws:kms")
    );
    assert_eq!(
        found
            .metadata()
            .and_then(|all| all.get("team"))
            .map(String::as_str),
        Some("orders")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_is_not_there_fails_the_planning() {
    let world = World::start().await;
    texts(&world).await;
    let (_lambda, client) = world.lambda(1, &[("spill_bucket", "nobodys-bucket")]).await;
    let error = client.splits("t").await.expect_err("no bucket");
    assert!(
        error.starts_with("spilling: spill bucket \"nobodys-bucket\" does not exist or access is denied"),
        "{error}"
    );
    let mut caller = identity();
    caller.config_options = [("spill_bucket".to_owned(), world.bucket.clone())].into();
    let page = client
        .split_page_as(caller, "t", &Constraints::default(), None)
        .await;
    assert_eq!(
        page.expect("the caller's bucket is not asked for").splits.len(),
        3
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/moto run -- …"]
async fn a_glue_connection_completes_the_settings() {
    let world = World::start().await;
    texts(&world).await;
    let glue = aws_sdk_glue::Client::new(&world.sdk(&moto()));
    let name = format!("c{}", uuid::Uuid::new_v4().simple());
    let (host, port) = world.broker.bootstrap().rsplit_once(':').expect("host and port");
    let connection = ConnectionInput::builder()
        .name(&name)
        .connection_type("KAFKA".into())
        .connection_properties("HOST".into(), host)
        .connection_properties("PORT".into(), port)
        .connection_properties("CUSTOM_AUTH_TYPE".into(), "NO_AUTH")
        .athena_properties("spill_bucket", &world.bucket)
        .athena_properties("spill_prefix", "from-the-connection")
        .build()
        .expect("a connection");
    glue.create_connection()
        .connection_input(connection)
        .send()
        .await
        .expect("it is made");

    let endpoint = moto();
    let settings = [
        ("glue_connection", name.as_str()),
        ("GLUE_ENDPOINT", &endpoint),
        ("kafka_endpoint", ""),
        ("auth_type", ""),
        ("spill_bucket", ""),
        ("spill_prefix", "from-the-environment"),
    ];
    let (_lambda, client) = world.lambda(1, &settings).await;
    let location = first_split(&client).await.spill_location.expect("a location");
    assert_eq!(location.bucket, world.bucket);
    assert!(
        location.key.starts_with("from-the-environment/"),
        "{}",
        location.key
    );
    assert_eq!(all_texts(&client).await.len(), ROWS);

    let (_lambda, client) = world
        .lambda(1, &[("glue_connection", "none"), ("GLUE_ENDPOINT", &endpoint)])
        .await;
    let error = client.splits("t").await.expect_err("no connection");
    assert!(
        error.starts_with("configuration: Glue connection `none`: EntityNotFoundException"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/moto run -- …"]
async fn a_value_may_name_a_secret() {
    let world = World::start().await;
    texts(&world).await;
    let secrets = aws_sdk_secretsmanager::Client::new(&world.sdk(&moto()));
    let name = format!("team/brokers-{}", uuid::Uuid::new_v4().simple());
    let created = secrets
        .create_secret()
        .name(&name)
        .secret_string(world.broker.bootstrap());
    created.send().await.expect("a secret");
    let named = format!("${{{name}}}");
    let (_lambda, client) = world.lambda(1, &[("kafka_endpoint", &named)]).await;
    assert_eq!(all_texts(&client).await.len(), ROWS);

    let (_lambda, client) = world.lambda(1, &[("kafka_endpoint", "${team/none}")]).await;
    let error = client.splits("t").await.expect_err("no secret");
    assert!(
        error.starts_with("configuration: environment variable kafka_endpoint: ")
            && error.contains("team/none"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_does_not_open_fails_the_request_and_nothing_else() {
    let world = World::start().await;
    texts(&world).await;
    let (lambda, client) = world.lambda(1, &[]).await;
    let mut caller = identity();
    let options = [("fas_token", "aHVudGVyMg=="), ("service_kms_key_id", "key")];
    caller.config_options = options
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .into();
    let error = client
        .split_page_as(caller, "t", &Constraints::default(), None)
        .await
        .expect_err("no session");
    assert_eq!(
        error,
        "the caller's session (fas_token): its format is 104, wanted 2"
    );
    assert_eq!(all_texts(&client).await.len(), ROWS);
    assert!(!lambda.output().contains("aHVudGVyMg"));
}
