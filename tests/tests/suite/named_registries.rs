//! Registries that the settings name, through the real binary: marked or not, of this account or another.

use protocol::{FederationRequest, FederationResponse, ListSchemasRequest};
use serde_json::json;
use tests::client::{Client, identity};
use tests::cloud::Cloud;
use tests::lambda::binary;
use tests::world::{REGISTRY, World};

const ARN: &str = "arn:aws:glue:eu-west-1:210987654321:registry/payments";

async fn databases(client: &Client) -> Vec<String> {
    let request = ListSchemasRequest {
        identity: Some(identity()),
        query_id: Some("query".into()),
        catalog_name: "msk".into(),
    };
    match client.call(&FederationRequest::ListSchemas(request)).await {
        Ok(FederationResponse::ListSchemas(response)) => response.schemas,
        other => panic!("not databases: {other:?}"),
    }
}

/// Table `bills` in the registry `payments`, which has no marker, and `t` in the one that has.
async fn world() -> World {
    let world = World::start().await;
    let topic = world.broker.create_topic("named", 1).await;
    world.broker.produce(&topic, 0, [Some(r#"{"n":1}"#)]);
    world
        .glue
        .add_registry("payments", "without a marker")
        .expect("a registry");
    let fields = json!([{"name": "n", "mapping": "n", "type": "BIGINT"}]);
    let document = json!({"topicName": topic, "message": {"dataFormat": "json", "fields": fields}});
    world.register_in("payments", "Bills", &document);
    world.register("t", &document);
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn named_registries_are_the_databases_and_all_are_never_listed() {
    for named in ["payments", ARN] {
        let cloud = Cloud::start(world().await).await;
        let mut environment = cloud.world.variables();
        environment.retain(|(name, _)| !name.starts_with("AWS_"));
        environment.push(("glue_registries".to_owned(), named.to_owned()));
        let program = binary("bootstrap").expect("the connector");
        let lambda = cloud
            .start_function(&program, environment, std::time::Duration::from_secs(60))
            .await;
        let mut client = cloud.world.client(&lambda);
        assert_eq!(databases(&client).await, ["payments"]);
        client.registry = "PAYMENTS".into();
        assert_eq!(client.select("bills", &["n"]).await.expect("rows").num_rows(), 1);
        client.registry = REGISTRY.into();
        let error = client.table("t").await.expect_err("it is not named");
        assert!(
            error.contains(&format!(
                "there is no database `{REGISTRY}`: glue_registries names"
            )),
            "{error}"
        );
        let calls = cloud.calls().expect("calls that are known here");
        let calls: Vec<_> = calls.iter().map(ToString::to_string).collect();
        assert!(
            !calls.iter().any(|call| call.contains("ListRegistries")),
            "{calls:?}"
        );
        let of_arn = calls.iter().filter(|call| call.contains("210987654321")).count();
        assert_eq!(of_arn > 0, named == ARN, "{calls:?}");
    }
}
