//! `client_rack`: the rack that the function sends to brokers, so that a replica near it may answer. The brokers
//! decide which one does.

use std::collections::BTreeSet;

use axum::Router;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use tests::world::World;

/// Plays Lambda's metadata endpoint; `host:port`.
async fn metadata_endpoint() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let answer = async |uri: Uri, headers: HeaderMap| {
        let is_known = headers
            .get(header::AUTHORIZATION)
            .is_some_and(|token| token == "Bearer of-the-environment");
        match uri.path() {
            "/2026-01-15/metadata/execution-environment" if is_known => {
                (StatusCode::OK, r#"{"AvailabilityZoneID": "use1-az1"}"#)
            }
            _ => (StatusCode::FORBIDDEN, ""),
        }
    };
    let router = Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// Racks that a function with these settings sends while it reads a topic; `None` with a real broker, which
/// does not report them.
async fn racks(settings: &[(&str, &str)]) -> Option<BTreeSet<String>> {
    let world = World::start().await;
    let topic = world.broker.create_topic("rack", 1).await;
    world.broker.produce(&topic, 0, [Some(r#"{"n":1}"#)]);
    world.register_json("t", &topic, &[("n", "BIGINT", "")]);
    let (_lambda, client) = world.lambda(1, settings).await;
    assert_eq!(client.select("t", &["n"]).await.expect("rows").num_rows(), 1);
    Some(world.broker.as_embedded()?.racks())
}

fn only(rack: &str) -> BTreeSet<String> {
    BTreeSet::from([rack.to_owned()])
}

#[tokio::test(flavor = "multi_thread")]
async fn brokers_are_told_the_rack_of_the_setting() {
    let told = racks(&[("client_rack", "rack-7")]).await;
    assert!(told.is_none_or(|told| told == only("rack-7")));
    let told = racks(&[]).await;
    assert!(told.is_none_or(|told| told.is_empty()));
}

#[tokio::test(flavor = "multi_thread")]
async fn auto_is_the_zone_that_lambda_tells() {
    let api = metadata_endpoint().await;
    for (token, wanted) in [
        ("of-the-environment", only("use1-az1")),
        ("of another", BTreeSet::new()),
    ] {
        let settings = [
            ("client_rack", "auto"),
            ("AWS_LAMBDA_METADATA_API", api.as_str()),
            ("AWS_LAMBDA_METADATA_TOKEN", token),
        ];
        let told = racks(&settings).await;
        assert!(told.is_none_or(|told| told == wanted), "{token}");
    }
    let told = racks(&[("client_rack", "auto")]).await;
    assert!(told.is_none_or(|told| told.is_empty()), "nobody tells");
}
