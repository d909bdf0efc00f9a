//! Topics without a description, where ACLs allow access to some of them.

use super::*;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka and moto: scripts/test"]
async fn a_topic_without_permission_is_not_listed_and_says_why() {
    let world = World::with_broker(SecuredBroker::shared().broker()).await;
    let open = world.broker.create_topic("open", 1).await;
    let closed = world.broker.create_topic("closed", 1).await;
    world.broker.produce(&open, 0, [Some("text")]);
    let mut variables = Access::granted("SASL_SSL_SCRAM_SHA512").variables(&world).await;
    variables.push(("raw_database".to_owned(), "raw".to_owned()));
    let settings: Vec<_> = variables
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    let (lambda, mut client) = world.lambda(1, &settings).await;
    client.registry = "raw".into();
    let tables = local::Athena::query(&world.athena_on(&lambda), "SHOW TABLES IN msk.raw").await;
    let tables = tables.expect("the tables").batches;
    let tables = arrow::util::pretty::pretty_format_batches(&tables)
        .expect("rows print")
        .to_string();
    assert!(tables.contains(&open) && !tables.contains(&closed), "{tables}");
    assert_eq!(
        client.select(&open, &["value"]).await.expect("rows").num_rows(),
        1
    );
    let error = client.table(&closed).await.expect_err("refused");
    assert!(
        error.contains(&format!("topic `{closed}`: the brokers refuse access")),
        "{error}"
    );
    assert_shows_no_secret(&lambda.output());
}
