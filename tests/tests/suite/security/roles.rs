//! A role for the tokens of MSK's IAM access control, which the listener takes only of the role's session.

use tests::apache_kafka::{ACCESS_KEY_ID, MSK_REGION, SECRET_ACCESS_KEY, SESSION_TOKEN};
use tests::sts::{Role, Sts};

use super::*;

const ROLE: &str = "arn:aws:iam::210987654321:role/msk";

async fn sts() -> Sts {
    let sts = Sts::start().await.expect("the endpoint starts");
    let role = Role {
        external_id: Some("orders"),
        access_key_id: ACCESS_KEY_ID,
        secret_access_key: SECRET_ACCESS_KEY,
        session_token: SESSION_TOKEN,
        session: Duration::from_secs(3600),
    };
    sts.add_role(ROLE, role);
    sts
}

/// Variables of a function that logs in by IAM.
async fn variables(world: &World, sts: &Sts) -> Vec<(String, String)> {
    let prefix = "some/deep/prefix/";
    let trusted = SecuredBroker::shared()
        .certificates()
        .trust_store(Authority::Cluster, StoreType::Pem);
    put(
        world,
        &format!("{prefix}kafka.client.truststore.pem"),
        trusted.expect("a store"),
    )
    .await;
    [
        ("kafka_endpoint", SecuredBroker::shared().address(Listener::Iam)),
        ("auth_type", "SASL_SSL_AWS_MSK_IAM".to_owned()),
        ("msk_region", MSK_REGION.to_owned()),
        (
            "certificates_s3_reference",
            format!("s3://{}/{prefix}", world.bucket),
        ),
        ("AWS_ENDPOINT_URL_STS", sts.endpoint_url()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}

async fn rows(settings: &[(&str, &str)], sts: &Sts) -> Result<usize, String> {
    let world = World::with_broker(SecuredBroker::shared().broker()).await;
    table(&world, "open").await;
    let variables = variables(&world, sts).await;
    let mut all: Vec<_> = variables
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    all.extend_from_slice(settings);
    let (_lambda, client) = world.lambda(1, &all).await;
    Ok(client.select("t", &["n"]).await?.num_rows())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka and moto: scripts/test"]
async fn a_token_is_signed_as_the_clusters_role() {
    let sts = sts().await;
    let settings = [
        ("role_arn", ROLE),
        ("external_id", "orders"),
        ("role_session_name", "queries"),
    ];
    assert_eq!(rows(&settings, &sts).await, Ok(ROWS * PARTITIONS));
    assert_eq!(sts.assumed(), [(ROLE.to_owned(), "queries".to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka and moto: scripts/test"]
async fn a_role_that_cannot_be_assumed_is_named() {
    let sts = sts().await;
    let error = rows(&[("role_arn", ROLE), ("external_id", "payments")], &sts)
        .await
        .expect_err("no token");
    assert!(
        error.contains(&format!("role `{ROLE}` cannot be assumed")),
        "{error}"
    );
}
