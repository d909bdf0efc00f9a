//! Roles that the function assumes, through the real binary: Glue is asked as one, and errors name the role.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tests::client::Client;
use tests::cloud::Cloud;
use tests::lambda::{Lambda, binary};
use tests::sts::{Role, Sts};
use tests::world::World;

const ROLE: &str = "arn:aws:iam::210987654321:role/registries";

fn role(session: Duration) -> Role {
    Role {
        external_id: Some("kafka/7"),
        access_key_id: "ASIAOFTHEROLE",
        secret_access_key: "secret-of-the-role",
        session_token: "token-of-the-role",
        session,
    }
}

async fn start(sts: &Sts, settings: &[(&str, &str)]) -> (Cloud, Arc<Lambda>, Client) {
    let world = World::start().await;
    let topic = world.broker.create_topic("roles", 1).await;
    world.broker.produce(&topic, 0, [Some(r#"{"n":1}"#)]);
    world.register_json("t", &topic, &[("n", "BIGINT", "")]);
    let cloud = Cloud::with_sts(world, sts).await;
    let mut environment = cloud.world.variables();
    environment.retain(|(name, _)| !name.starts_with("AWS_"));
    for (name, value) in settings {
        environment.push(((*name).to_owned(), (*value).to_owned()));
    }
    let program = binary("bootstrap").expect("the connector");
    let lambda = cloud
        .start_function(&program, environment, Duration::from_secs(60))
        .await;
    let client = cloud.world.client(&lambda);
    (cloud, lambda, client)
}

#[tokio::test(flavor = "multi_thread")]
async fn glue_is_asked_as_the_role_and_s3_as_the_function() {
    let sts = Sts::start().await.expect("the endpoint starts");
    sts.add_role(ROLE, role(Duration::from_secs(3600)));
    let settings = [
        ("glue_role_arn", ROLE),
        ("glue_external_id", "kafka/7"),
        ("glue_role_session_name", "tables"),
        ("schema_cache_seconds", "0"),
    ];
    let (cloud, _lambda, mut client) = start(&sts, &settings).await;
    client.max_inline_block_bytes = 0;
    for _ in 0..3 {
        assert_eq!(client.select("t", &["n"]).await.expect("rows").num_rows(), 1);
    }
    let keys = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(cloud.signers("glue"), keys(&["ASIAOFTHEROLE"]));
    assert_eq!(cloud.signers("s3"), keys(&[embedded::s3::ACCESS_KEY_ID]));
    assert_eq!(
        sts.assumed(),
        [(ROLE.to_owned(), "tables".to_owned())],
        "a session lasts"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_renewed_before_it_ends() {
    let sts = Sts::start().await.expect("the endpoint starts");
    // The SDK takes one that ends within ten seconds for over.
    sts.add_role(ROLE, role(Duration::from_secs(5)));
    let settings = [
        ("glue_role_arn", ROLE),
        ("glue_external_id", "kafka/7"),
        ("schema_cache_seconds", "0"),
    ];
    let (_cloud, _lambda, client) = start(&sts, &settings).await;
    for _ in 0..2 {
        assert_eq!(client.select("t", &["n"]).await.expect("rows").num_rows(), 1);
    }
    let assumed = sts.assumed();
    assert!(assumed.len() > 1, "{assumed:?}");
    assert!(
        assumed.iter().all(|(_, session)| session == "athena-connector"),
        "{assumed:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_does_not_trust_the_function_is_named() {
    let sts = Sts::start().await.expect("the endpoint starts");
    sts.add_role(ROLE, role(Duration::from_secs(3600)));
    let (_cloud, lambda, client) =
        start(&sts, &[("glue_role_arn", ROLE), ("glue_external_id", "wrong")]).await;
    let error = client.table("t").await.expect_err("no session");
    for reason in [
        format!("role `{ROLE}` cannot be assumed").as_str(),
        "not authorized to perform",
    ] {
        assert!(error.contains(reason), "{reason} is not in: {error}");
    }
    assert!(!lambda.output().contains("secret-of-the-role"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_role_nobody_is_assumed() {
    let sts = Sts::start().await.expect("the endpoint starts");
    let (cloud, _lambda, client) = start(&sts, &[]).await;
    assert_eq!(client.select("t", &["n"]).await.expect("rows").num_rows(), 1);
    assert_eq!(sts.assumed(), []);
    assert!(cloud.signers("sts").is_empty());
}
