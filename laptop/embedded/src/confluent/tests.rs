//! Registry as its clients see it.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use uuid::Uuid;

use super::*;

const ADDRESS: &str =
    r#"{"type": "record", "name": "c.Addr", "fields": [{"name": "city", "type": "string"}]}"#;
const USER: &str = r#"{"type": "record", "name": "c.U", "fields": [{"name": "addr", "type": "c.Addr"}]}"#;
const MONEY: &str =
    r#"syntax = "proto3"; package c; message Money { string currency = 1; int64 units = 2; }"#;

async fn start() -> EmbeddedConfluent {
    EmbeddedConfluent::start().await.unwrap()
}

async fn ask(
    registry: &EmbeddedConfluent,
    method: Method,
    target: &str,
    headers: HeaderMap,
    body: Value,
) -> (u16, Value) {
    let uri = target.parse().unwrap();
    let body = Bytes::from(body.to_string());
    let answer = handle(State(registry.service.clone()), method, uri, headers, body).await;
    let status = answer.status().as_u16();
    let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

async fn get(registry: &EmbeddedConfluent, target: &str) -> (u16, Value) {
    ask(registry, Method::GET, target, HeaderMap::new(), Value::Null).await
}

async fn post(registry: &EmbeddedConfluent, target: &str, body: Value) -> (u16, Value) {
    ask(registry, Method::POST, target, HeaderMap::new(), body).await
}

async fn assert_refused(registry: &EmbeddedConfluent, target: &str, status: u16, code: u32) {
    let (found, body) = get(registry, target).await;
    assert_eq!(
        (found, &body["error_code"]),
        (status, &json!(code)),
        "{target}: {body}"
    );
    assert!(body["message"].is_string(), "{target}: {body}");
}

#[tokio::test]
async fn a_schema_is_found_by_id_guid_and_version() {
    let registry = start().await;
    let address = registry.register("addr", &Schema::avro(ADDRESS)).unwrap();
    let user = Schema::avro(USER).referring_to("c.Addr", "addr", 1);
    let user = registry.register("users-value", &user).unwrap();
    assert_eq!((address.id, user.id, user.version), (1, 2, 1));

    let guid = user.guid.to_string();
    let references = json!([{ "name": "c.Addr", "subject": "addr", "version": 1 }]);
    let shown = json!({ "schema": USER, "references": references, "guid": guid });
    assert_eq!(get(&registry, "/schemas/ids/2").await, (200, shown.clone()));
    assert_eq!(
        get(&registry, &format!("/schemas/guids/{guid}")).await,
        (200, shown)
    );
    let shown = json!({
        "schema": USER, "references": references, "guid": guid, "id": 2, "subject": "users-value", "version": 1,
    });
    for version in ["1", "latest", "-1"] {
        let target = format!("/subjects/users-value/versions/{version}");
        assert_eq!(get(&registry, &target).await, (200, shown.clone()));
    }
    let (_, of_subject) = get(&registry, "/schemas/ids/2?subject=users-value").await;
    assert_eq!(
        (&of_subject["subject"], &of_subject["version"]),
        (&json!("users-value"), &json!(1))
    );
    assert_eq!(get(&registry, "/schemas/ids/1/schema").await.1, json!(ADDRESS));
    let places = json!([{ "subject": "users-value", "version": 1 }]);
    assert_eq!(get(&registry, "/schemas/ids/2/versions").await.1, places);
    assert_eq!(
        get(&registry, "/schemas/ids/2/subjects").await.1,
        json!(["users-value"])
    );
    assert_eq!(
        get(&registry, "/subjects/addr/versions/1/referencedby").await.1,
        json!([2])
    );
    assert_eq!(
        get(&registry, "/subjects").await.1,
        json!(["addr", "users-value"])
    );
    assert_eq!(get(&registry, "/subjects/addr/versions").await.1, json!([1]));
    assert_eq!(get(&registry, "/config").await.1["compatibilityLevel"], "NONE");
    assert_eq!(get(&registry, "/mode/addr").await.1["mode"], "READWRITE");
}

#[tokio::test]
async fn what_is_unknown_is_refused_with_its_code() {
    let registry = start().await;
    registry.register("addr", &Schema::avro(ADDRESS)).unwrap();
    assert_refused(&registry, "/schemas/ids/2", 404, 40403).await;
    assert_refused(&registry, "/schemas/ids/0", 404, 40403).await;
    assert_refused(&registry, "/schemas/ids/x", 404, 40403).await;
    assert_refused(&registry, &format!("/schemas/guids/{}", Uuid::nil()), 404, 40403).await;
    assert_refused(&registry, "/schemas/guids/x", 404, 40403).await;
    assert_refused(&registry, "/subjects/none/versions", 404, 40401).await;
    assert_refused(&registry, "/subjects/none/versions/1", 404, 40401).await;
    assert_refused(&registry, "/subjects/addr/versions/2", 404, 40402).await;
    assert_refused(&registry, "/subjects/addr/versions/0", 422, 42202).await;
    assert_refused(&registry, "/elsewhere", 404, 404).await;
    let (status, body) = post(&registry, "/subjects/none", json!({ "schema": ADDRESS })).await;
    assert_eq!((status, &body["error_code"]), (404, &json!(40401)));
    let (status, body) = post(&registry, "/subjects/addr", json!({ "schema": "\"int\"" })).await;
    assert_eq!((status, &body["error_code"]), (404, &json!(40403)));
    assert_eq!(post(&registry, "/subjects/addr/versions", json!({})).await.0, 400);
}

#[tokio::test]
async fn equal_schemas_share_id_and_guid_and_no_others() {
    let (registry, other) = (start().await, start().await);
    let first = registry.register("a", &Schema::avro(ADDRESS)).unwrap();
    let spaced = ADDRESS.replace(": ", ":   ");
    for subject in ["a", "b"] {
        let again = registry
            .register(subject, &Schema::avro(spaced.as_str()))
            .unwrap();
        assert_eq!(again, first, "{subject}");
    }
    assert_eq!(registry.register("a", &Schema::json(ADDRESS)).unwrap().id, 2);
    let referring = Schema::avro(ADDRESS).referring_to("x", "b", 1);
    let referring = registry.register("a", &referring).unwrap();
    assert_eq!((referring.id, referring.version), (3, 3));
    assert_ne!(referring.guid, first.guid);

    other.register("z", &Schema::avro("\"int\"")).unwrap();
    let elsewhere = other.register("z", &Schema::avro(ADDRESS)).unwrap();
    assert_eq!((elsewhere.id, elsewhere.guid), (2, first.guid));
}

#[tokio::test]
async fn registers_and_looks_up_over_http() {
    let registry = start().await;
    let target = "/subjects/orders-value/versions?normalize=False";
    let (status, registered) = post(
        &registry,
        target,
        json!({ "schema": ADDRESS, "schemaType": "AVRO" }),
    )
    .await;
    assert_eq!(
        (status, &registered["id"], &registered["version"]),
        (200, &json!(1), &json!(1))
    );
    let body = json!({ "schema": ADDRESS, "schemaType": null, "references": null });
    let (status, found) = post(
        &registry,
        "/subjects/orders-value?normalize=False&deleted=False",
        body,
    )
    .await;
    assert_eq!(status, 200);
    for member in ["id", "guid", "version"] {
        assert_eq!(found[member], registered[member], "{member}");
    }
    assert_eq!(found["subject"], "orders-value");
}

#[tokio::test]
async fn subjects_may_have_blanks_and_slashes() {
    let registry = start().await;
    let subject = "a b/c+d%é";
    registry.register(subject, &Schema::avro(ADDRESS)).unwrap();
    let target = "/subjects/a%20b%2Fc%2Bd%25%C3%A9/versions/1";
    assert_eq!(get(&registry, target).await.1["subject"], subject);
    let (_, found) = get(&registry, "/schemas/ids/1?subject=a+b%2Fc%2Bd%25%C3%A9").await;
    assert_eq!(found["subject"], subject);
    assert_eq!(registry.requests(&["subjects", subject, "versions", "1"]), 1);
}

#[tokio::test]
async fn invalid_schemas_are_refused() {
    let registry = start().await;
    for schema in [
        Schema::avro("{"),
        Schema::json("{} x"),
        Schema::protobuf("message"),
        Schema::protobuf(MONEY).referring_to("x.proto", "none", 1),
    ] {
        let refused = registry.register("s", &schema);
        assert!(
            matches!(refused, Err(ConfluentError::InvalidSchema(_))),
            "{refused:?}"
        );
    }
    let (status, body) = post(&registry, "/subjects/s/versions", json!({ "schema": "{" })).await;
    assert_eq!((status, &body["error_code"]), (422, &json!(42201)));
    assert_eq!(get(&registry, "/subjects").await.1, json!([]));
}

#[tokio::test]
async fn circles_can_be_put() {
    let registry = start().await;
    let schema = |other: &str| Schema::avro(ADDRESS).referring_to("x", other, 1);
    let first = registry.put_unchecked("a", &schema("b"));
    let second = registry.put_unchecked("b", &schema("a"));
    assert_eq!((first.version, second.version, second.id), (1, 1, 2));
}

#[tokio::test]
async fn a_deleted_version_is_found_by_who_asks_for_it() {
    let registry = start().await;
    registry.register("addr", &Schema::avro(ADDRESS)).unwrap();
    registry.register("addr", &Schema::avro("\"int\"")).unwrap();
    registry.delete_version("addr", 1).unwrap();
    assert_refused(&registry, "/subjects/addr/versions/1", 404, 40402).await;
    assert_eq!(
        get(&registry, "/subjects/addr/versions/1?deleted=true").await.1["id"],
        1
    );
    assert_eq!(get(&registry, "/subjects/addr/versions").await.1, json!([2]));
    assert_eq!(get(&registry, "/schemas/ids/1").await.0, 200);
    assert!(registry.delete_version("addr", 1).is_err());
    registry.delete_version("addr", 2).unwrap();
    assert_refused(&registry, "/subjects/addr/versions/2", 404, 40401).await;
    assert_eq!(get(&registry, "/subjects").await.1, json!([]));
    // Its number is not reused.
    assert_eq!(
        registry.register("addr", &Schema::avro(ADDRESS)).unwrap().version,
        3
    );
}

#[tokio::test]
async fn a_descriptor_is_kept_as_text_and_given_back_as_one() {
    let registry = start().await;
    registry.register("money", &Schema::protobuf(MONEY)).unwrap();
    let (_, serialized) = get(&registry, "/subjects/money/versions/1?format=serialized").await;
    assert_eq!(serialized["schemaType"], "PROTOBUF");
    let body = json!({ "schema": serialized["schema"], "schemaType": "PROTOBUF" });
    let (status, registered) = post(&registry, "/subjects/copy/versions", body.clone()).await;
    assert_eq!(status, 200);
    let (_, copy) = get(&registry, "/subjects/copy/versions/1").await;
    let text = copy["schema"].as_str().unwrap();
    assert!(
        text.contains("message Money {") && text.contains("int64 units = 2;"),
        "{text}"
    );
    // Equal base64 is one schema, also after it was converted to text.
    assert_eq!(
        post(&registry, "/subjects/copy", body).await.1["id"],
        registered["id"]
    );
}

#[tokio::test]
async fn fails_as_it_is_told_and_counts_every_request() {
    let registry = start().await;
    registry.register("addr", &Schema::avro(ADDRESS)).unwrap();
    let path = ["schemas", "ids", "1"];
    registry.break_path(&path, Fault::Status(500));
    assert_refused(&registry, "/schemas/ids/1", 500, 50001).await;
    registry.break_path(&path, Fault::Status(503));
    assert_refused(&registry, "/schemas/ids/1", 503, 503).await;
    assert_eq!(
        get(&registry, "/subjects/addr/versions/1").await.0,
        200,
        "another path"
    );
    registry.mend(&path);
    assert_eq!(get(&registry, "/schemas/ids/1?subject=addr").await.0, 200);
    assert_eq!((registry.requests(&path), registry.all_requests()), (3, 4));
}

#[tokio::test]
async fn credentials_are_wanted_once_they_are_set() {
    let registry = start().await;
    registry.require_basic_auth("reader", "p:ss");
    assert_refused(&registry, "/subjects", 401, 401).await;
    let mut headers = HeaderMap::new();
    headers.insert(header::AUTHORIZATION, "Basic cmVhZGVyOnA6c3M=".parse().unwrap());
    let (status, _) = ask(&registry, Method::GET, "/subjects", headers, Value::Null).await;
    assert_eq!(status, 200);
}

/// Over the socket: a hanging request must end with the registry, with whatever error.
#[tokio::test]
async fn a_hanging_request_ends_with_the_registry() {
    let registry = start().await;
    registry.break_path(&["subjects"], Fault::Hang);
    let address = registry.url().replace("http://", "");
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection
        .write_all(b"GET /subjects HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    while registry.all_requests() == 0 {
        tokio::task::yield_now().await;
    }
    let mut answer = Vec::new();
    let reading = connection.read_to_end(&mut answer);
    tokio::pin!(reading);
    assert!(futures::poll!(&mut reading).is_pending());
    drop(registry);
    reading.await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 503"));
}
