//! MSK's IAM access control, up to the token: a broker's side of the login that ends once it has heard it, and botocore to
//! compute the signature a second time.

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
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tests::certificates::python;
use tests::lambda::Lambda;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use super::*;

const ACCESS_KEY_ID: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET_ACCESS_KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const SESSION_TOKEN: &str = "session/token+with=what&URLs?escape";
/// Not the function's, which is us-east-1.
const REGION: &str = "eu-central-1";

/// A TLS listener that wants OAUTHBEARER and passes on what clients say first.
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
        let chain = CertificateDer::pem_slice_iter(&pem)
            .collect::<Result<_, _>>()
            .expect("certificates");
        let key = PrivateKeyDer::from_pem_slice(&pem).expect("a key");
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(chain, key);
        let acceptor = TlsAcceptor::from(Arc::new(config.expect("a key that fits")));
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

/// Until the client has logged in: then it knows no answer, as if the broker had been shut down.
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
                // Nobody may be listening any more.
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

/// The signed URL of `n,…\x01auth=Bearer TOKEN\x01…`.
fn signed_url(client_first: &[u8]) -> String {
    let text = String::from_utf8(client_first.to_vec()).expect("a text");
    let (_, token) = text.split_once("\u{1}auth=Bearer ").expect("a token");
    let (token, _) = token.split_once('\u{1}').expect("its end");
    let url = BASE64_URL_SAFE_NO_PAD
        .decode(token)
        .expect("base64url without padding");
    String::from_utf8(url).expect("a URL")
}

/// What botocore makes of the same request at the same second: the URL's signature.
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
    let arguments = [ACCESS_KEY_ID, SECRET_ACCESS_KEY, SESSION_TOKEN, REGION, date];
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
    for (name, value) in [
        ("kafka_endpoint", &*login.address),
        ("msk_region", REGION),
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID),
        ("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY),
        ("AWS_SESSION_TOKEN", SESSION_TOKEN),
    ] {
        variables.push((name.into(), value.into()));
    }
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
    assert_eq!(address, format!("https://kafka.{REGION}.amazonaws.com/"));
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
        format!("{ACCESS_KEY_ID}%2F{day}%2F{REGION}%2Fkafka-cluster%2Faws4_request")
    );
    assert_eq!(value("X-Amz-Expires"), "900");
    assert_eq!(value("X-Amz-SignedHeaders"), "host");
    assert_eq!(
        value("X-Amz-Security-Token"),
        "session%2Ftoken%2Bwith%3Dwhat%26URLs%3Fescape"
    );
    assert_eq!(value("X-Amz-Signature"), botocore_signature(date));
    // Appended once all else was signed.
    assert_eq!(pairs.last().expect("pairs").0, "User-Agent");
    assert!(!lambda.output().contains(SECRET_ACCESS_KEY) && !lambda.output().contains(SESSION_TOKEN));
}
