use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use uuid::Uuid;

use super::*;
use crate::testing::http::{HttpEndpoint, closed_url};

const UNKNOWN: &str = r#"{"error_code": 40403, "message": "Schema 7 not found"}"#;

async fn ask(endpoint: &HttpEndpoint) -> Result<RegisteredSchema, ConfluentError> {
    registry(&endpoint.url).schema(&SchemaKey::Id(7)).await
}

fn registry(url: &str) -> ConfluentRegistry {
    ConfluentRegistry::new(url.parse().unwrap())
}

async fn error(status: u16, body: &str) -> (ConfluentError, usize) {
    let endpoint = HttpEndpoint::answering(status, body).await;
    let error = ask(&endpoint).await.unwrap_err();
    (error, endpoint.requests().len())
}

#[tokio::test]
async fn reads_a_schema_of_each_type() {
    for (body, data_format) in [
        (r#"{"schema": "\"string\""}"#, "AVRO"),
        (r#"{"schema": "\"string\"", "schemaType": null, "id": 7}"#, "AVRO"),
        (
            r#"{"schema": "\"string\"", "schemaType": "PROTOBUF", "references": []}"#,
            "PROTOBUF",
        ),
        (r#"{"schema": "\"string\"", "schemaType": "JSON"}"#, "JSON"),
    ] {
        let endpoint = HttpEndpoint::answering(200, body).await;
        let wanted = RegisteredSchema {
            data_format: data_format.into(),
            definition: "\"string\"".into(),
            references: Vec::new(),
            id: body.contains("\"id\"").then_some(7),
        };
        assert_eq!(ask(&endpoint).await.unwrap(), wanted);
    }
}

#[tokio::test]
async fn asks_under_the_base_path_and_with_credentials_if_there_are_any() {
    let endpoint = HttpEndpoint::answering(200, r#"{"schema": ""}"#).await;
    let address = endpoint.url.strip_prefix("http://").unwrap();
    let plain = registry(&format!("http://{address}/base/"));
    plain.schema(&SchemaKey::Id(4_294_967_295)).await.unwrap();
    let known = registry(&format!("http://key:s%3Acret@{address}"));
    known.schema(&SchemaKey::Id(0)).await.unwrap();
    let [first, second] = endpoint.requests().try_into().unwrap();
    assert!(
        first.starts_with("GET /base/schemas/ids/4294967295 HTTP/1.1"),
        "{first}"
    );
    assert!(!first.contains("authorization"), "{first}");
    assert!(second.starts_with("GET /schemas/ids/0 HTTP/1.1"), "{second}");
    // "key:s:cret"
    assert!(
        second.contains("authorization: Basic a2V5OnM6Y3JldA==\r\n"),
        "{second}"
    );
    assert!(second.contains(&format!("host: {address}\r\n")), "{second}");
}

#[tokio::test]
async fn asks_for_each_kind_of_key_at_its_path() {
    let endpoint = HttpEndpoint::answering(200, r#"{"schema": ""}"#).await;
    let registry = registry(&endpoint.url);
    let guid = Uuid::from_u128(0x3f0a_6c1e_8d52_4b7a_9c11_0e5d_2a7b_4c90);
    let version = SubjectVersion {
        subject: "common/money.proto".into(),
        version: 3,
    };
    for (key, path) in [
        (
            SchemaKey::Guid(guid),
            "/schemas/guids/3f0a6c1e-8d52-4b7a-9c11-0e5d2a7b4c90",
        ),
        (
            SchemaKey::Version(version.clone()),
            "/subjects/common%2Fmoney.proto/versions/3",
        ),
        (
            SchemaKey::DeletedVersion(version),
            "/subjects/common%2Fmoney.proto/versions/3?deleted=true",
        ),
    ] {
        registry.schema(&key).await.unwrap();
        assert_eq!(endpoint.paths().pop().as_deref(), Some(path));
    }
}

#[tokio::test]
async fn reads_references() {
    let body = r#"{"schema": "{}", "references": [{"name": "a.A", "subject": "a-value", "version": 1, "more": {}}]}"#;
    let endpoint = HttpEndpoint::answering(200, body).await;
    let version = SubjectVersion {
        subject: "a-value".into(),
        version: 1,
    };
    let name = "a.A".into();
    assert_eq!(
        ask(&endpoint).await.unwrap().references,
        [Reference { name, version }]
    );
}

#[tokio::test]
async fn tells_an_unknown_schema_from_a_wrong_path() {
    for (status, code) in [(404, 40401), (404, 40402), (404, 40403), (422, 42202)] {
        let body = format!(r#"{{"error_code": {code}, "message": "not found"}}"#);
        let (unknown, requests) = error(status, &body).await;
        assert!(matches!(unknown, ConfluentError::NotFound), "{unknown}");
        assert_eq!(requests, 1);
    }
    let (unknown, _) = error(404, UNKNOWN).await;
    assert!(matches!(unknown, ConfluentError::NotFound), "{unknown}");
    for body in [
        r#"{"error_code": 404, "message": "HTTP 404 Not Found"}"#,
        "<html>",
        "",
    ] {
        let (wrong, _) = error(404, body).await;
        assert!(matches!(wrong, ConfluentError::NoRegistry), "{wrong}");
    }
}

#[tokio::test]
async fn an_id_that_no_registry_can_give_is_unknown() {
    for (status, body) in [
        (404, r#"{"error_code": 404, "message": "HTTP 404 Not Found"}"#),
        (400, r#"{"error_code": 400, "message": "invalid schema id"}"#),
        (422, ""),
    ] {
        let endpoint = HttpEndpoint::answering(status, body).await;
        let registry = registry(&endpoint.url);
        for (id, is_unknown) in [(2_147_483_647, false), (2_147_483_648, true), (u32::MAX, true)] {
            let error = registry.schema(&SchemaKey::Id(id)).await.unwrap_err();
            assert_eq!(
                matches!(error, ConfluentError::NotFound),
                is_unknown,
                "{status} {id}: {error}"
            );
        }
    }
    // Nothing about the id.
    for status in [401, 403] {
        let endpoint = HttpEndpoint::answering(status, "").await;
        let error = registry(&endpoint.url).schema(&SchemaKey::Id(u32::MAX)).await;
        assert!(matches!(error, Err(ConfluentError::Refused(_))), "{error:?}");
    }
}

#[tokio::test]
async fn a_registry_without_guids_is_told_from_one_that_lacks_the_schema() {
    let (body, guid) = (r#"{"error_code": 404}"#, SchemaKey::Guid(Uuid::nil()));
    let endpoint = HttpEndpoint::answering(404, body).await;
    let error = registry(&endpoint.url).schema(&guid).await.unwrap_err();
    assert!(matches!(error, ConfluentError::NoGuids), "{error}");
    let endpoint = HttpEndpoint::answering(404, UNKNOWN).await;
    let error = registry(&endpoint.url).schema(&guid).await.unwrap_err();
    assert!(matches!(error, ConfluentError::NotFound), "{error}");
}

#[tokio::test]
async fn tries_again_when_the_registry_is_busy() {
    let endpoint =
        HttpEndpoint::scripted(&[(503, ""), (429, ""), (500, ""), (200, r#"{"schema": ""}"#)]).await;
    ask(&endpoint).await.unwrap();
    assert_eq!(endpoint.requests().len(), 4);
    let (busy, requests) = error(503, "").await;
    assert_eq!(
        busy.to_string(),
        "the Confluent registry answered 503 Service Unavailable"
    );
    assert_eq!(requests, MAX_ATTEMPTS as usize);
}

#[tokio::test]
async fn does_not_ask_again_when_refused() {
    for status in [301, 401, 403] {
        let (refused, requests) = error(status, "").await;
        assert!(matches!(refused, ConfluentError::Refused(_)), "{refused}");
        assert_eq!(requests, 1, "{status}");
    }
}

#[tokio::test]
async fn says_that_the_registry_cannot_be_reached() {
    let url = closed_url().await.replace("http://", "http://key:secret@");
    let error = registry(&url)
        .schema(&SchemaKey::Id(7))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("the Confluent registry could not be reached: "),
        "{error}"
    );
    assert!(error.contains("refused") && !error.contains("secret"), "{error}");
}

#[tokio::test]
async fn tries_again_when_the_connection_breaks() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let accepted = tokio::spawn(async move {
        for _ in 0..MAX_ATTEMPTS {
            drop(listener.accept().await.unwrap());
        }
    });
    let error = registry(&url).schema(&SchemaKey::Id(7)).await.unwrap_err();
    assert!(matches!(error, ConfluentError::Unreachable(_)), "{error}");
    let all_tries = tokio::time::timeout(Duration::from_secs(10), accepted).await;
    all_tries.expect("every try should have been made").unwrap();
}

#[tokio::test(start_paused = true)]
async fn waits_for_no_answer_for_ever() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let error = registry(&url).schema(&SchemaKey::Id(7)).await.unwrap_err();
    assert!(
        matches!(error, ConfluentError::TimedOut | ConfluentError::Unreachable(_)),
        "{error}"
    );
}

#[tokio::test]
async fn refuses_answers_that_are_no_schema_or_too_long() {
    for body in [
        "",
        "<html>",
        "[]",
        r#"{"schemaType": "AVRO"}"#,
        r#"{"schema": 7}"#,
        r#"{"schema": "", "references": [{"name": "a", "subject": "a"}]}"#,
    ] {
        let (error, requests) = error(200, body).await;
        assert!(matches!(error, ConfluentError::Unreadable(_)), "{body}: {error}");
        assert_eq!(requests, 1);
    }
    let long = format!(r#"{{"schema": "{}"}}"#, "x".repeat(MAX_ANSWER_BYTES));
    let (error, _) = error(200, &long).await;
    assert!(
        matches!(&error, ConfluentError::Unreadable(reason) if reason.contains("limit")),
        "{error}"
    );
}

#[tokio::test]
async fn speaks_tls_where_the_url_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let registry = registry(&format!("https://{}", listener.local_addr().unwrap()));
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.read_u8().await.unwrap()
    };
    let key = SchemaKey::Id(7);
    let first_byte = tokio::select! {
        byte = server => byte,
        answer = registry.schema(&key) => panic!("{answer:?}"),
    };
    assert_eq!(first_byte, 0x16, "a TLS handshake");
}
