use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aws_sdk_s3::config::Region;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::*;

#[tokio::test]
async fn puts_the_object_with_its_length_and_nothing_chosen_for_the_bucket() {
    let server = ScriptedS3::start([OK]).await;
    server
        .store()
        .put(&location(), Bytes::from_static(b"block"))
        .await
        .unwrap();
    let [request] = server.requests().try_into().unwrap();
    assert!(request.starts_with("PUT /bkt/pre/q/s.0"), "{request}");
    assert!(
        request.contains("content-length: 5\r\n") && request.ends_with("\r\n\r\nblock"),
        "{request}"
    );
    for header in ["x-amz-acl", "x-amz-meta", "x-amz-server-side-encryption"] {
        assert!(!request.contains(header), "{request}");
    }
}

#[tokio::test]
async fn puts_with_the_headers_it_was_given() {
    let server = ScriptedS3::start([SLOW_DOWN, OK]).await;
    let header = ("x-amz-server-side-encryption".to_owned(), "aws:kms".to_owned());
    let store = server
        .store()
        .with_put_headers(PutHeaders::try_new([header]).unwrap());
    store
        .put(&location(), Bytes::from_static(b"block"))
        .await
        .unwrap();
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    for request in requests {
        assert!(
            request.contains("x-amz-server-side-encryption: aws:kms\r\n"),
            "{request}"
        );
    }
}

#[tokio::test]
async fn tells_a_bucket_that_is_not_there_from_one_that_cannot_be_asked() {
    let status = |status| Answer::Status(status, None);
    let server = ScriptedS3::start([OK, status(404), status(403), status(301)]).await;
    let store = server.store();
    store.check_bucket("bkt").await.unwrap();
    for status in [404, 403] {
        let error = store.check_bucket("bkt").await.unwrap_err();
        assert!(matches!(&error, StoreError::NoBucket { bucket, .. } if bucket == "bkt"));
        let text = error.to_string();
        let said = ["bkt", "NotFound", &status.to_string()];
        assert!(
            text.contains(said[0]) && said[1..].iter().any(|words| text.contains(words)),
            "{text}"
        );
    }
    let error = store.check_bucket("bkt").await.unwrap_err();
    assert!(
        matches!(&error, StoreError::CheckBucket { reason, .. } if reason.contains("another region")),
        "{error}"
    );
    assert!(
        server
            .requests()
            .iter()
            .all(|request| request.starts_with("HEAD /bkt"))
    );
}

#[tokio::test]
async fn repeats_a_put_five_times_while_the_reason_may_pass() {
    let server = ScriptedS3::start([SLOW_DOWN, INTERNAL, SLOW_DOWN, Answer::HangUp, INTERNAL, OK]).await;
    server
        .store()
        .put(&location(), Bytes::from_static(b"block"))
        .await
        .unwrap();
    assert_eq!(server.requests().len(), 6);
}

#[tokio::test]
async fn gives_up_in_the_words_of_s3() {
    let server = ScriptedS3::start([SLOW_DOWN; 10]).await;
    let error = server
        .store()
        .put(&location(), Bytes::from_static(b"block"))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot put 5 bytes to s3://bkt/pre/q/s.0: SlowDown: Reduce your request rate"
    );
    assert_eq!(server.requests().len(), 6);
}

#[tokio::test]
async fn tells_the_status_of_an_answer_without_words() {
    let server = ScriptedS3::start([Answer::Status(403, None)]).await;
    let error = server.store().get(&location()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot get s3://bkt/pre/q/s.0: HTTP status 403"
    );
}

#[tokio::test]
async fn tells_why_nobody_answers() {
    let nobody = {
        TcpListener::bind("127.0.0.1:0")
            .await
            .unwrap()
            .local_addr()
            .unwrap()
    };
    let impatient = RetryConfig::standard().with_initial_backoff(Duration::from_millis(1));
    let config = config(&format!("http://{nobody}")).retry_config(impatient);
    let store = S3BlockStore::new(Client::from_conf(config.build()));
    let shown = store
        .put(&location(), Bytes::new())
        .await
        .unwrap_err()
        .to_string();
    assert!(
        shown.contains("s3://bkt/pre/q/s.0: dispatch failure: ") && shown.contains("refused"),
        "{shown}"
    );
}

#[tokio::test]
async fn does_not_repeat_what_is_forbidden() {
    let server = ScriptedS3::start([FORBIDDEN, OK]).await;
    let error = server
        .store()
        .put(&location(), Bytes::from_static(b"block"))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot put 5 bytes to s3://bkt/pre/q/s.0: AccessDenied: Access Denied"
    );
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn ends_an_attempt_that_hangs() {
    let server = ScriptedS3::start([Answer::Hang, OK]).await;
    let timeout = TimeoutConfig::builder()
        .operation_attempt_timeout(Duration::from_millis(200))
        .build();
    let config = server.config().timeout_config(timeout);
    let store = S3BlockStore::new(Client::from_conf(config.build()));
    store
        .put(&location(), Bytes::from_static(b"block"))
        .await
        .unwrap();
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn keeps_the_attempts_and_time_outs_of_a_more_patient_client() {
    let retry = RetryConfig::standard().with_max_attempts(9);
    let timeout = TimeoutConfig::builder()
        .operation_attempt_timeout(Duration::from_secs(5))
        .build();
    let patient = Client::from_conf(
        config("http://127.0.0.1:1")
            .retry_config(retry)
            .timeout_config(timeout)
            .build(),
    );
    assert_eq!(attempts_and_timeout(patient), (9, Some(Duration::from_secs(5))));
    let plain = Client::from_conf(config("http://127.0.0.1:1").build());
    assert_eq!(attempts_and_timeout(plain), (MAX_ATTEMPTS, Some(ATTEMPT_TIMEOUT)));
}

#[tokio::test]
async fn tells_a_missing_object_from_a_failure() {
    let server = ScriptedS3::start([NO_SUCH_KEY, FORBIDDEN]).await;
    let store = server.store();
    assert_eq!(
        store.get(&location()).await,
        Err(StoreError::NotFound { location: location() })
    );
    let error = store.get(&location()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot get s3://bkt/pre/q/s.0: AccessDenied: Access Denied"
    );
}

#[tokio::test]
async fn refuses_a_body_that_ends_early() {
    let server = ScriptedS3::start([Answer::Truncated]).await;
    let error = server.store().get(&location()).await.unwrap_err();
    assert!(matches!(error, StoreError::Get { .. }), "{error}");
}

fn attempts_and_timeout(client: Client) -> (u32, Option<Duration>) {
    let store = S3BlockStore::new(client);
    let config = store.client.config();
    (
        config.retry_config().unwrap().max_attempts(),
        config.timeout_config().unwrap().operation_attempt_timeout(),
    )
}

fn config(endpoint_url: &str) -> aws_sdk_s3::config::Builder {
    aws_sdk_s3::Config::builder()
        .endpoint_url(endpoint_url)
        .region(Region::from_static("us-east-1"))
        .allow_no_auth()
}

fn location() -> SpillLocation {
    SpillLocation {
        bucket: "bkt".into(),
        key: "pre/q/s.0".into(),
        directory: false,
    }
}

#[derive(Debug, Clone, Copy)]
enum Answer {
    /// HTTP status, S3's error code and message, if any.
    Status(u16, Option<(&'static str, &'static str)>),
    /// Claims ten bytes of body and sends five.
    Truncated,
    HangUp,
    Hang,
}

const OK: Answer = Answer::Status(200, None);
const SLOW_DOWN: Answer = Answer::Status(503, Some(("SlowDown", "Reduce your request rate")));
const INTERNAL: Answer = Answer::Status(500, Some(("InternalError", "We encountered an internal error")));
const FORBIDDEN: Answer = Answer::Status(403, Some(("AccessDenied", "Access Denied")));
const NO_SUCH_KEY: Answer = Answer::Status(404, Some(("NoSuchKey", "The specified key does not exist.")));

/// Server that gives one scripted answer to each connection, and keeps the requests. Ends when dropped.
struct ScriptedS3 {
    endpoint_url: String,
    requests: Arc<Mutex<Vec<String>>>,
    server: JoinHandle<()>,
}

impl ScriptedS3 {
    async fn start(answers: impl Into<VecDeque<Answer>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint_url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(vec![]));
        let (mut answers, kept) = (answers.into(), requests.clone());
        let server = tokio::spawn(async move {
            while let Some(answer) = answers.pop_front() {
                let (connection, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(connection, answer, kept.clone()));
            }
        });
        Self {
            endpoint_url,
            requests,
            server,
        }
    }

    fn config(&self) -> aws_sdk_s3::config::Builder {
        let impatient = RetryConfig::standard().with_initial_backoff(Duration::from_millis(1));
        config(&self.endpoint_url).retry_config(impatient)
    }

    fn store(&self) -> S3BlockStore {
        S3BlockStore::new(Client::from_conf(self.config().build()))
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for ScriptedS3 {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(mut connection: TcpStream, answer: Answer, requests: Arc<Mutex<Vec<String>>>) {
    let request = read_request(&mut connection).await;
    requests.lock().unwrap().push(request);
    let response = match answer {
        Answer::Status(status, error) => {
            let xml =
                |(code, message)| format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
            let body = error.map(xml).unwrap_or_default();
            let length = body.len();
            format!("HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}")
        }
        Answer::Truncated => "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort".to_owned(),
        Answer::HangUp => return,
        Answer::Hang => return sleep(Duration::from_secs(60)).await,
    };
    connection.write_all(response.as_bytes()).await.unwrap();
}

/// Request head and body; the length is the head's.
async fn read_request(connection: &mut TcpStream) -> String {
    let mut request = String::new();
    loop {
        let mut bytes = [0; 4096];
        let read = connection.read(&mut bytes).await.unwrap();
        assert!(read > 0, "the request ended early: {request}");
        request.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
        let Some((head, body)) = request.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
            return request;
        }
    }
}
