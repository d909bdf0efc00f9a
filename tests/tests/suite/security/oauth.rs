//! OAUTHBEARER with tokens of an authorization server, which this file plays.

use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};

use super::*;

const CLIENT_ID: &str = "athena:client";
const CLIENT_SECRET: &str = "cl1ent-secret&=%";

/// Gives tokens to one client, and keeps what it was asked.
struct AuthorizationServer {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl AuthorizationServer {
    async fn start(token: impl Fn() -> String + Clone + Send + Sync + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let url = format!("http://{}/token", listener.local_addr().expect("an address"));
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let answer = move |State(asked): State<Arc<Mutex<Vec<String>>>>, headers: HeaderMap, form: String| {
            let token = token.clone();
            async move {
                asked.lock().expect("nobody panicked").push(form);
                // By RFC 6749 both are encoded before they are joined.
                let login = BASE64_STANDARD.encode("athena%3Aclient:cl1ent%2Dsecret%26%3D%25");
                let wanted = format!("Basic {login}");
                let is_known = headers
                    .get(header::AUTHORIZATION)
                    .is_some_and(|login| *login == *wanted);
                match is_known {
                    true => (StatusCode::OK, token()),
                    false => (
                        StatusCode::UNAUTHORIZED,
                        r#"{"error": "invalid_client"}"#.to_owned(),
                    ),
                }
            }
        };
        let router = Router::new().fallback(answer).with_state(Arc::clone(&asked));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, asked }
    }
}

/// A token of `subject`, as the answer that has it.
fn token_of(subject: &str) -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .as_secs();
    let part = |json: serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
    let header = part(serde_json::json!({"alg": "none"}));
    let claims = part(serde_json::json!({"sub": subject, "iat": now, "exp": now + 600}));
    serde_json::json!({"access_token": format!("{header}.{claims}."), "expires_in": 600}).to_string()
}

async fn read(server: &AuthorizationServer, client_secret: &str) -> (Result<usize, String>, String) {
    let world = World::with_broker(SecuredBroker::shared().broker()).await;
    table(&world, "open").await;
    let prefix = "some/deep/prefix/";
    let trusted = SecuredBroker::shared()
        .certificates()
        .trust_store(Authority::Cluster, StoreType::Pem);
    put(
        &world,
        &format!("{prefix}kafka.client.truststore.pem"),
        trusted.expect("a store"),
    )
    .await;
    let secret = serde_json::json!({"client_id": CLIENT_ID, "client_secret": client_secret});
    let secret = store_secret(&world, &secret).await;
    let reference = format!("s3://{}/{prefix}", world.bucket);
    let endpoint = SecuredBroker::shared().address(Listener::Oauth);
    let settings = [
        ("kafka_endpoint", endpoint.as_str()),
        ("auth_type", "SASL_SSL_OAUTHBEARER"),
        ("oauth_token_url", &server.url),
        ("oauth_scope", "kafka read"),
        ("secrets_manager_secret", &secret),
        ("certificates_s3_reference", &reference),
        ("ATHENA_FEDERATION_SDK_LOG_LEVEL", "trace"),
    ];
    let (lambda, client) = world.lambda(1, &settings).await;
    let rows = tokio::time::timeout(REFUSAL_LIMIT, client.select("t", &["n"]));
    let rows = rows.await.expect("an answer long before the deadline");
    (rows.map(|rows| rows.num_rows()), lambda.output())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka and moto: scripts/test"]
async fn a_token_of_an_authorization_server_reads_all_rows() {
    let server = AuthorizationServer::start(|| token_of(USER)).await;
    let (rows, output) = read(&server, CLIENT_SECRET).await;
    assert_eq!(rows, Ok(ROWS * PARTITIONS), "{output}");
    let asked = server.asked.lock().expect("nobody panicked").clone();
    assert_eq!(asked[0], "grant_type=client_credentials&scope=kafka%20read");
    assert!(!output.contains("cl1ent"), "{output}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka and moto: scripts/test"]
async fn a_refusal_of_the_authorization_server_or_of_the_brokers_is_named() {
    let server = AuthorizationServer::start(|| token_of(USER)).await;
    let (rows, output) = read(&server, "wrong").await;
    let error = rows.expect_err("no token");
    for reason in [&*server.url, "401 Unauthorized invalid_client"] {
        assert!(error.contains(reason), "{reason} is not in: {error}");
    }
    assert!(!output.contains("\"wrong\""), "{output}");
    let server =
        AuthorizationServer::start(|| r#"{"access_token": "n0-token", "expires_in": 600}"#.to_owned()).await;
    let (rows, output) = read(&server, CLIENT_SECRET).await;
    let error = rows.expect_err("refused");
    assert!(
        error.contains("the brokers do not accept the credentials"),
        "{error}"
    );
    assert!(
        !error.contains("n0-token") && !output.contains("n0-token"),
        "{output}"
    );
}
