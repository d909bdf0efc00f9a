use std::sync::atomic::AtomicUsize;

use aws_credential_types::Credentials;
use rdkafka::client::ClientContext;
use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError as ClientError;
use rdkafka::types::RDKafkaErrorCode;

use super::*;
use crate::auth::AuthType;
use crate::auth::credentials::memory::MemoryCredentialStore;
use crate::auth::failure::AuthenticationCause;
use crate::client::{Client, serve_events};

const SECRET: &str = r#"{"username": "anna", "password": "hunter2"}"#;

/// Unreachable broker, with the credentials that its clients may use.
fn broker(auth_type: AuthType) -> (KafkaBroker, Arc<MemoryCredentialStore>) {
    let cluster = Cluster {
        auth_type,
        secret_id: Some("orders".into()),
        ..Cluster::at("127.0.0.1:1")
    };
    let store = Arc::new(MemoryCredentialStore::new());
    store.put_secret("orders", SECRET);
    store.set_region("us-east-1");
    let broker = KafkaBroker::new(cluster, IsolationLevel::default(), store.clone());
    (broker, store)
}

fn refused() -> KafkaError {
    let (cause, reason) = (
        AuthenticationCause::Credentials,
        "failure requested by the test".to_owned(),
    );
    KafkaError::Authentication { cause, reason }
}

/// Reports a refusal as librdkafka does.
fn refuse(client: &Client) {
    let error = ClientError::Global(RDKafkaErrorCode::Authentication);
    client.context().error(
        error,
        "sasl_ssl://b-1:9096/bootstrap: SASL authentication error: Authentication failed",
    );
}

/// Lends a client to work that is refused for the first `refusals` times; returns how often it ran.
async fn work(broker: &KafkaBroker, refusals: usize) -> (Result<(), KafkaError>, usize) {
    let pool = Arc::clone(&broker.pool);
    let runs = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&runs);
    let result = blocking(move || {
        pool.with_client(|client| {
            if count.fetch_add(1, Ordering::Relaxed) < refusals {
                refuse(client);
                return Err(refused());
            }
            Ok(())
        })
    });
    let result = result.await;
    (result, runs.load(Ordering::Relaxed))
}

fn idle(broker: &KafkaBroker) -> usize {
    broker.pool.idle().len()
}

#[tokio::test]
async fn a_client_goes_from_call_to_call_without_asking_for_credentials_again() {
    let (broker, store) = broker(AuthType::SaslPlaintextPlain);
    assert_eq!(store.take_asked(), [""; 0]);
    for _ in 0..3 {
        assert!(matches!(work(&broker, 0).await, (Ok(()), 1)));
        assert_eq!(idle(&broker), 1);
    }
    assert_eq!(store.take_asked(), ["secret orders"]);
}

#[tokio::test]
async fn a_client_that_worked_before_is_replaced_once_with_fresh_credentials() {
    let (broker, store) = broker(AuthType::SaslPlaintextPlain);
    work(&broker, 0).await.0.unwrap();
    store.take_asked();
    assert!(matches!(work(&broker, 1).await, (Ok(()), 2)));
    assert_eq!(store.take_asked(), ["secret orders"]);
    assert_eq!(idle(&broker), 1);
    assert!(matches!(work(&broker, 2).await, (Err(_), 2)));
    assert_eq!(idle(&broker), 0);
}

#[tokio::test]
async fn a_new_client_that_is_refused_is_dropped_and_its_credentials_forgotten() {
    let (broker, store) = broker(AuthType::SaslPlaintextPlain);
    for _ in 0..2 {
        assert!(matches!(work(&broker, 1).await, (Err(_), 1)));
        assert_eq!(idle(&broker), 0);
        assert_eq!(store.take_asked(), ["secret orders"]);
    }
}

#[tokio::test]
async fn a_refusal_ends_a_look_up_long_before_its_deadline() {
    let (broker, _) = broker(AuthType::NoAuth);
    let pool = Arc::clone(&broker.pool);
    let error = blocking(move || {
        pool.with_client(|client| {
            refuse(client);
            serve_events(client)
        })
    });
    let error = error.await.unwrap_err().to_string();
    assert!(
        error
            .starts_with("no connection with the Kafka cluster: the brokers do not accept the credentials: "),
        "{error}"
    );
}

#[tokio::test]
async fn a_client_of_iam_has_its_token_before_it_works() {
    let (broker, store) = broker(AuthType::SaslSslAwsMskIam);
    store.set_aws_credentials(Credentials::new("AKIDEXAMPLE", "hunter2", None, None, "test"));
    work(&broker, 0).await.0.unwrap();
    assert_eq!(store.take_asked(), ["credentials"]);
    work(&broker, 0).await.0.unwrap();
    assert_eq!(store.take_asked(), [""; 0]);
}

#[tokio::test]
async fn a_client_of_iam_without_credentials_fails_at_once() {
    let (broker, _) = broker(AuthType::SaslSslAwsMskIam);
    let (result, runs) = work(&broker, 0).await;
    let error = result.unwrap_err().to_string();
    assert!(
        error.contains("no token is available for the login")
            && error.contains("no AWS credentials for a token"),
        "{error}"
    );
    assert_eq!((runs, idle(&broker)), (0, 0));
}

#[tokio::test]
async fn a_client_whose_token_has_expired_is_not_used_again() {
    let (broker, store) = broker(AuthType::SaslSslAwsMskIam);
    store.set_aws_credentials(Credentials::new("AKIDEXAMPLE", "hunter2", None, None, "test"));
    work(&broker, 0).await.0.unwrap();
    for client in broker.pool.idle().iter() {
        client.context().expire_token();
    }
    store.take_asked();
    work(&broker, 0).await.0.unwrap();
    assert_eq!(store.take_asked(), ["credentials"]);
    assert_eq!(idle(&broker), 1);
}

#[tokio::test]
async fn a_token_that_cannot_be_renewed_is_good_until_it_expires() {
    let (broker, store) = broker(AuthType::SaslSslAwsMskIam);
    store.set_aws_credentials(Credentials::new("AKIDEXAMPLE", "hunter2", None, None, "test"));
    work(&broker, 0).await.0.unwrap();
    let failed = || ClientError::Global(RDKafkaErrorCode::Authentication);
    let reason = "Failed to acquire SASL OAUTHBEARER token: no AWS credentials for a token: throttled";
    for client in broker.pool.idle().iter() {
        client.context().error(failed(), reason);
        assert!(!client.context().has_failed());
        client.context().expire_token();
        client.context().error(failed(), reason);
        assert!(client.context().has_failed());
    }
}
