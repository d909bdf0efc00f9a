//! MSK's IAM access control: Apache Kafka with a listener that checks tokens as MSK does, for connector and
//! producer; and a broker's side of the login that ends once it has received a token, with botocore to
//! compute the signature again.

use std::io::Write as _;
use std::process::Command;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::{
    ApiKey, ApiVersionsResponse, RequestHeader, ResponseHeader, SaslAuthenticateRequest,
    SaslHandshakeResponse,
};
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};
use tests::apache_kafka::{ACCESS_KEY_ID, MSK_REGION, SECRET_ACCESS_KEY, SESSION_TOKEN};
use tests::certificates::{python, tls_acceptor};
use tests::lambda::{Lambda, Outcome, binary};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::*;

/// TLS listener that requires OAUTHBEARER and forwards the first message of clients.
struct Login {
    address: String,
    heard: mpsc::UnboundedReceiver<Bytes>,
}

impl Login {
    async fn listen() -> Self {
        let pem = SecuredBroker::shared()
            .certificates()
            .key_store(Holder::Broker, StoreType::Pem);
        let pem = pem.expect("a key and its certificate");
        let acceptor = tls_acceptor(&pem).expect("a key that fits");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let (tell, heard) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let (acceptor, tell) = (acceptor.clone(), tell.clone());
                tokio::spawn(async move {
                    let connection = acceptor.accept(connection).await?;
                    converse(connection, &tell).await
                });
            }
        });
        Self { address, heard }
    }
}

/// Handles a connection until the client has logged in; then it stops responding, as if the broker had been
/// shut down.
async fn converse(
    mut connection: impl AsyncRead + AsyncWrite + Unpin,
    tell: &mpsc::UnboundedSender<Bytes>,
) -> std::io::Result<()> {
    loop {
        let length = connection.read_u32().await?;
        let mut frame = vec![0; length as usize];
        connection.read_exact(&mut frame).await?;
        let key = i16::from_be_bytes([frame[0], frame[1]]);
        let version = i16::from_be_bytes([frame[2], frame[3]]);
        let key = ApiKey::try_from(key).expect("a request of Kafka's");
        let mut frame = Bytes::from(frame);
        let header =
            RequestHeader::decode(&mut frame, key.request_header_version(version)).expect("a header");
        let mut answer = BytesMut::new();
        answer.put_u32(0);
        ResponseHeader::default()
            .with_correlation_id(header.correlation_id)
            .encode(&mut answer, key.response_header_version(version))
            .expect("a header");
        match key {
            ApiKey::ApiVersions => api_versions().encode(&mut answer, version),
            ApiKey::SaslHandshake => SaslHandshakeResponse::default()
                .with_mechanisms(vec![StrBytes::from_static_str("OAUTHBEARER")])
                .encode(&mut answer, version),
            ApiKey::SaslAuthenticate => {
                let request = SaslAuthenticateRequest::decode(&mut frame, version).expect("a request");
                // The receiver may be closed.
                let _ = tell.send(request.auth_bytes);
                return Ok(());
            }
            other => panic!("{other:?} before the login"),
        }
        .expect("the answer encodes");
        let length = u32::try_from(answer.len() - 4).expect("a length");
        answer[..4].copy_from_slice(&length.to_be_bytes());
        connection.write_all(&answer).await?;
    }
}

fn api_versions() -> ApiVersionsResponse {
    let keys = [
        (ApiKey::ApiVersions, 0, 3),
        (ApiKey::Metadata, 0, 12),
        (ApiKey::ListOffsets, 0, 7),
        (ApiKey::Fetch, 0, 13),
        (ApiKey::SaslHandshake, 0, 1),
        (ApiKey::SaslAuthenticate, 0, 2),
    ];
    let keys = keys.map(|(key, min, max)| {
        ApiVersion::default()
            .with_api_key(key as i16)
            .with_min_version(min)
            .with_max_version(max)
    });
    ApiVersionsResponse::default().with_api_keys(keys.to_vec())
}

/// Signed URL of `n,…\x01auth=Bearer TOKEN\x01…`.
fn signed_url(client_first: &[u8]) -> String {
    let text = String::from_utf8(client_first.to_vec()).expect("a text");
    let (_, token) = text.split_once("\u{1}auth=Bearer ").expect("a token");
    let (token, _) = token.split_once('\u{1}').expect("its end");
    let url = BASE64_URL_SAFE_NO_PAD
        .decode(token)
        .expect("base64url without padding");
    String::from_utf8(url).expect("a URL")
}

/// Python program in which botocore signs the same request at the same second; prints the URL's signature.
const BOTOCORE: &str = "
import sys
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
access_key, secret_key, token, region, date = sys.argv[1:]
request = AWSRequest('GET', f'https://kafka.{region}.amazonaws.com/?Action=kafka-cluster%3AConnect')
request.context['timestamp'] = date
signer = SigV4QueryAuth(Credentials(access_key, secret_key, token), 'kafka-cluster', region, expires=900)
signer._modify_request_before_signing(request)
print(signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request), end='')
";

fn botocore_signature(date: &str) -> String {
    let arguments = [ACCESS_KEY_ID, SECRET_ACCESS_KEY, SESSION_TOKEN, MSK_REGION, date];
    let output = Command::new(python())
        .args(["-c", BOTOCORE])
        .args(arguments)
        .output();
    let output = output.expect("Python runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("a signature")
}

/// Credentials of the user whom the listener for IAM accepts, or would with another key.
fn aws_credentials(secret_access_key: &str) -> [(String, String); 3] {
    [
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID),
        ("AWS_SECRET_ACCESS_KEY", secret_access_key),
        ("AWS_SESSION_TOKEN", SESSION_TOKEN),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
}

/// Variables for sending to `topic` for a second, and the file with the trusted authority.
fn producer_variables(topic: &str) -> (Vec<(String, String)>, tempfile::NamedTempFile) {
    let broker = SecuredBroker::shared();
    let authority = broker
        .certificates()
        .trust_store(Authority::Cluster, StoreType::Pem);
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(&authority.expect("a certificate"))
        .expect("the file is written");
    let variables = [
        ("BOOTSTRAP_SERVERS", &*broker.address(Listener::Iam)),
        ("TOPIC_NAME", topic),
        ("MAX_RUN_SEC", "1"),
        ("AUTH_TYPE", "SASL_SSL_AWS_MSK_IAM"),
        ("MSK_REGION", MSK_REGION),
        ("CA_LOCATION", file.path().to_str().expect("a text")),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    (variables.to_vec(), file)
}

/// Outcome of one invocation of the producer's function.
async fn produce(variables: &[(String, String)]) -> (Outcome, String) {
    let lambda = Lambda::start("producer-lambda", 1, variables).await;
    let lambda = lambda.expect("the function starts");
    (lambda.invoke(b"{}").await, lambda.output())
}

async fn row_count(world: &World, topic: &str) -> usize {
    world.register_json("orders", topic, &[("order_id", "VARCHAR", "")]);
    let rows = world.connector(&[]).select("orders", &["order_id"]).await;
    rows.expect("rows").num_rows()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka and moto: scripts/test"]
async fn the_connector_reads_all_rows_from_a_broker_that_checks_its_token() {
    let world = World::with_broker(SecuredBroker::shared().broker()).await;
    table(&world, "open").await;
    let access = Access {
        listener: Listener::Iam,
        trust: Some((Authority::Cluster, StoreType::Jks)),
        ..Access::granted("SASL_SSL_AWS_MSK_IAM")
    };
    let mut variables = world.variables();
    variables.extend(access.variables(&world).await);
    variables.push(("msk_region".into(), MSK_REGION.into()));
    for (secret_access_key, wanted) in [(SECRET_ACCESS_KEY, true), ("another", false)] {
        let mut variables = variables.clone();
        variables.extend(aws_credentials(secret_access_key));
        let lambda = Lambda::start("bootstrap", 1, &variables).await;
        let lambda = Arc::new(lambda.expect("the function starts"));
        let rows = world.client(&lambda).select("t", &["n"]).await;
        match rows {
            Ok(rows) if wanted => assert_eq!(rows.num_rows(), ROWS * PARTITIONS),
            Err(error) if !wanted => {
                assert!(
                    error.contains("the brokers do not accept the credentials")
                        && error.contains("X-Amz-Signature is another"),
                    "{error}"
                );
            }
            other => panic!("{other:?} with the key {secret_access_key}"),
        }
        assert!(!lambda.output().contains(SECRET_ACCESS_KEY) && !lambda.output().contains(SESSION_TOKEN));
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka and moto: scripts/test"]
async fn the_producer_sends_to_a_broker_that_checks_its_token() {
    let world = World::with_broker(SecuredBroker::shared().broker()).await;
    let topic = world.broker.create_topic("open", 1).await;
    let (mut variables, _authority) = producer_variables(&topic);
    variables.extend(aws_credentials(SECRET_ACCESS_KEY));
    let (outcome, output) = produce(&variables).await;
    let Outcome::Success(report) = outcome else {
        panic!("{outcome:?}: {output}");
    };
    let report: serde_json::Value = serde_json::from_slice(&report).expect("a report");
    let sent = report["orders"].as_u64().expect("a count");
    assert!(sent > 0, "{report}");
    assert_eq!(row_count(&world, &topic).await as u64, sent);
    assert!(!output.contains(SECRET_ACCESS_KEY) && !output.contains(SESSION_TOKEN));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka and moto: scripts/test"]
async fn a_producer_that_is_not_let_in_says_why() {
    let world = World::with_broker(SecuredBroker::shared().broker()).await;
    let topic = world.broker.create_topic("open", 1).await;
    let (variables, _authority) = producer_variables(&topic);
    for (credentials, reason) in [
        (aws_credentials("another").to_vec(), "X-Amz-Signature is another"),
        (
            vec![("AWS_EC2_METADATA_DISABLED".to_owned(), "true".to_owned())],
            "no AWS credentials for a token",
        ),
    ] {
        let variables = [variables.clone(), credentials].concat();
        let (outcome, output) = produce(&variables).await;
        let Outcome::FunctionError(error) = outcome else {
            panic!("{outcome:?}: {output}");
        };
        let error = String::from_utf8(error).expect("a text");
        assert!(error.contains(reason), "{reason} is not in: {error}");
        assert!(!error.contains(SESSION_TOKEN) && !output.contains(SESSION_TOKEN));
    }
    assert_eq!(row_count(&world, &topic).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka and moto: scripts/test"]
async fn the_command_line_makes_a_topic_where_tokens_are_checked() {
    let world = World::with_broker(SecuredBroker::shared().broker()).await;
    let topic = format!("open-{}", uuid::Uuid::new_v4().simple());
    let (variables, _authority) = producer_variables(&topic);
    let mut orders = Command::new(binary("orders").expect("the program"));
    orders
        .env_clear()
        .envs(variables)
        .envs(aws_credentials(SECRET_ACCESS_KEY))
        .args(["--count", "50", "--fast", "--create-partitions", "3"]);
    let output = tokio::task::spawn_blocking(move || orders.output()).await;
    let output = output.expect("the program ends").expect("the program runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(row_count(&world, &topic).await, 50);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka and moto: scripts/test"]
async fn the_token_is_signed_as_msk_wants_it() {
    let mut login = Login::listen().await;
    let world = World::with_broker(SecuredBroker::shared().broker()).await;
    let topic = table(&world, "open").await;
    let access = Access {
        trust: Some((Authority::Cluster, StoreType::Jks)),
        ..Access::granted("SASL_SSL_AWS_MSK_IAM")
    };
    let mut variables = world.variables();
    variables.extend(access.variables(&world).await);
    for (name, value) in [("kafka_endpoint", &*login.address), ("msk_region", MSK_REGION)] {
        variables.push((name.into(), value.into()));
    }
    variables.extend(aws_credentials(SECRET_ACCESS_KEY));
    let lambda = Lambda::start("bootstrap", 1, &variables).await;
    let lambda = Arc::new(lambda.expect("the function starts"));
    let mut client = world.client(&lambda);
    client.limit = REFUSAL_LIMIT;
    let client_first = tokio::select! {
        heard = login.heard.recv() => heard.expect("a login"),
        splits = client.splits("t") => panic!("no login before {splits:?} of {topic}"),
    };

    let url = signed_url(&client_first);
    let (address, query) = url.split_once('?').expect("a query");
    assert_eq!(address, format!("https://kafka.{MSK_REGION}.amazonaws.com/"));
    let pairs: Vec<_> = query
        .split('&')
        .map(|pair| pair.split_once('=').expect("a pair"))
        .collect();
    let value = |name: &str| {
        let found: Vec<_> = pairs.iter().filter(|(each, _)| *each == name).collect();
        assert_eq!(found.len(), 1, "{name} in {url}");
        found[0].1
    };
    let date = value("X-Amz-Date");
    let day = date.split_once('T').expect("a time").0;
    assert_eq!(value("Action"), "kafka-cluster%3AConnect");
    assert_eq!(value("X-Amz-Algorithm"), "AWS4-HMAC-SHA256");
    assert_eq!(
        value("X-Amz-Credential"),
        format!("{ACCESS_KEY_ID}%2F{day}%2F{MSK_REGION}%2Fkafka-cluster%2Faws4_request")
    );
    assert_eq!(value("X-Amz-Expires"), "900");
    assert_eq!(value("X-Amz-SignedHeaders"), "host");
    assert_eq!(
        value("X-Amz-Security-Token"),
        "session%2Ftoken%2Bwith%3Dwhat%26URLs%3Fescape"
    );
    assert_eq!(value("X-Amz-Signature"), botocore_signature(date));
    // Appended after everything else was signed.
    assert_eq!(pairs.last().expect("pairs").0, "User-Agent");
    assert!(!lambda.output().contains(SECRET_ACCESS_KEY) && !lambda.output().contains(SESSION_TOKEN));
}
