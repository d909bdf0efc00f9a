use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_config::{BehaviorVersion, Region};
use aws_sdk_glue::config::Credentials;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

use super::*;

/// An endpoint that gives the same answer to every request.
struct Endpoint {
    url: String,
    requests: Arc<AtomicUsize>,
    server: AbortHandle,
}

impl Endpoint {
    async fn start(status: u16, body: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicUsize::new(0));
        let counter = requests.clone();
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::Relaxed);
                let _ = answer(stream, status, body).await;
            }
        });
        Self {
            url,
            requests,
            server: server.abort_handle(),
        }
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Reads one request, whose body ends where its `content-length` says, and closes the connection after the answer.
async fn answer(mut stream: TcpStream, status: u16, body: &str) -> std::io::Result<()> {
    let mut request = Vec::new();
    while !is_whole(&request) {
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    let head = format!(
        "HTTP/1.1 {status} -\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream
        .write_all(&[head.as_bytes(), body.as_bytes()].concat())
        .await
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.parse().unwrap())
}

fn sdk_config(url: &str) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(aws_sdk_glue::config::SharedCredentialsProvider::new(
            Credentials::new("id", "secret", None, None, "test"),
        ))
        .endpoint_url(url)
        .build()
}

async fn error(status: u16, body: &'static str) -> (RegistryError, usize) {
    let endpoint = Endpoint::start(status, body).await;
    let registry = GlueSchemaRegistry::from_sdk_config(&sdk_config(&endpoint.url));
    let error = registry.latest_schema("customer", "orders").await.unwrap_err();
    (error, endpoint.requests.load(Ordering::Relaxed))
}

#[tokio::test]
async fn reads_a_schema_version() {
    let body = r#"{"SchemaVersionId": "0d1e", "DataFormat": "JSON", "SchemaDefinition": "{}"}"#;
    let endpoint = Endpoint::start(200, body).await;
    let registry = GlueSchemaRegistry::from_sdk_config(&sdk_config(&endpoint.url));
    let found = registry.latest_schema("customer", "orders").await.unwrap();
    let wanted = SchemaDefinition {
        schema_version_id: "0d1e".into(),
        data_format: "JSON".into(),
        definition: "{}".into(),
    };
    assert_eq!(found, wanted);
}

#[tokio::test]
async fn an_answer_without_definition_is_an_error() {
    let (error, _) = error(200, r#"{"SchemaVersionId": "0d1e", "DataFormat": "JSON"}"#).await;
    assert!(error.to_string().contains("lacks"), "{error}");
}

#[tokio::test]
async fn tells_what_does_not_exist() {
    let (error, requests) = error(400, r#"{"__type": "EntityNotFoundException", "Message": "no"}"#).await;
    assert!(matches!(error, RegistryError::NotFound { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        "schema `orders` in registry `customer` does not exist"
    );
    assert_eq!(requests, 1);
}

#[tokio::test]
async fn tells_what_is_denied() {
    let body = r#"{"__type": "AccessDeniedException", "Message": "glue:GetSchemaVersion is not allowed"}"#;
    let (error, _) = error(400, body).await;
    assert!(matches!(error, RegistryError::AccessDenied { .. }), "{error:?}");
    assert!(
        error.to_string().contains("glue:GetSchemaVersion is not allowed"),
        "{error}"
    );
}

#[tokio::test]
async fn retries_throttling_before_giving_up() {
    let (error, requests) = error(
        400,
        r#"{"__type": "ThrottlingException", "Message": "rate exceeded"}"#,
    )
    .await;
    assert!(matches!(error, RegistryError::Throttled { .. }), "{error:?}");
    assert!(error.to_string().contains("rate exceeded"), "{error}");
    assert_eq!(requests, MAX_ATTEMPTS as usize);
}

#[tokio::test]
async fn passes_other_errors_on_with_their_message() {
    let (error, _) = error(
        400,
        r#"{"__type": "InvalidInputException", "Message": "bad name"}"#,
    )
    .await;
    assert!(matches!(error, RegistryError::Failed { .. }), "{error:?}");
    assert!(error.to_string().contains("bad name"), "{error}");
}

#[tokio::test]
async fn says_what_to_check_when_glue_cannot_be_reached() {
    let closed = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let registry = GlueSchemaRegistry::from_sdk_config(&sdk_config(&format!("http://{closed}")));
    let error = registry.registry("customer").await.unwrap_err();
    assert!(matches!(error, RegistryError::Unreachable { .. }), "{error:?}");
    let message = error.to_string();
    assert!(
        message.starts_with("Glue could not be reached for GetRegistry: "),
        "{message}"
    );
    assert!(message.contains("interface endpoint"), "{message}");
}

#[tokio::test]
async fn missing_credentials_are_not_taken_for_a_missing_route() {
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url("http://127.0.0.1:1")
        .build();
    let error = GlueSchemaRegistry::from_sdk_config(&config)
        .registry("customer")
        .await
        .unwrap_err();
    assert!(matches!(error, RegistryError::Failed { .. }), "{error:?}");
    assert!(error.to_string().contains("credentials"), "{error}");
}
