use std::sync::Arc;
use std::time::{Duration, Instant};

use super::*;
use crate::auth::AuthType;
use crate::auth::credentials::memory::MemoryCredentialStore;
use crate::auth::secret::SecretText;
use crate::auth::token::{LoginToken, TokenEndpoint};
use crate::testing::{Script, ScriptedBroker};
use crate::{Broker, Cluster, IsolationLevel, KafkaBroker};

/// Cluster of a broker that takes tokens of an authorization server.
fn cluster(broker: &ScriptedBroker, extensions: &str) -> Cluster {
    Cluster {
        auth_type: AuthType::SaslPlaintextOauthbearer,
        secret_id: Some("orders".into()),
        token_endpoint: Some(TokenEndpoint {
            url: "https://login.example/token".into(),
            scope: None,
        }),
        sasl_extensions: extensions.parse().unwrap_or_default(),
        ..Cluster::at(&broker.address)
    }
}

fn store(token: &str) -> Arc<MemoryCredentialStore> {
    let store = MemoryCredentialStore::new();
    store.put_secret("orders", r#"{"client_id": "athena", "client_secret": "hunter2"}"#);
    store.set_token(LoginToken {
        text: SecretText::new(token),
        expires: SystemTime::now() + Duration::from_secs(1000),
    });
    Arc::new(store)
}

#[tokio::test]
async fn a_login_sends_the_token_and_the_extensions_of_the_cluster() {
    for (extensions, sent) in [
        (
            "logicalCluster=lkc-1,identityPoolId=pool-1",
            "logicalCluster=lkc-1\u{1}identityPoolId=pool-1\u{1}",
        ),
        ("", ""),
    ] {
        let scripted = ScriptedBroker::start(Script::default());
        let cluster = cluster(&scripted, extensions);
        let broker = KafkaBroker::new(cluster, IsolationLevel::default(), store("the-token"));
        let deadline = Instant::now() + Duration::from_secs(60);
        broker.partition_states("orders", deadline).await.unwrap();
        let wanted = format!("n,,\u{1}auth=Bearer the-token\u{1}{sent}\u{1}");
        let logins = scripted.logins();
        assert!(
            !logins.is_empty() && logins.iter().all(|login| *login == wanted),
            "{logins:?}"
        );
    }
}

#[tokio::test]
async fn a_token_is_renewed_before_it_expires_and_not_sooner() {
    let scripted = ScriptedBroker::start(Script::default());
    let store = store("the-token");
    let authentication = Authentication::new(cluster(&scripted, ""), store.clone());
    let context = Context::new(Arc::new(authentication));
    let served = tokio::task::spawn_blocking(move || {
        let config = [
            ("bootstrap.servers", "127.0.0.1:1"),
            ("security.protocol", "sasl_plaintext"),
            ("sasl.mechanism", "OAUTHBEARER"),
        ];
        let config: rdkafka::ClientConfig = config
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let client: Client = config.create_with_context(context).unwrap();
        let mut tokens = Vec::new();
        for elapsed_seconds in [0, 790, 810] {
            if let Some(at) = &mut client.context().heard().renew_token_at {
                *at -= Duration::from_secs(elapsed_seconds);
            }
            serve_events(&client).unwrap();
            let asked = store.take_asked();
            tokens.push(asked.iter().filter(|each| each.starts_with("token of")).count());
            if elapsed_seconds > 0
                && let Some(at) = &mut client.context().heard().renew_token_at
            {
                *at += Duration::from_secs(elapsed_seconds);
            }
        }
        tokens
    });
    assert_eq!(served.await.unwrap(), [1, 0, 1]);
}

#[tokio::test]
async fn a_token_that_a_login_cannot_carry_is_an_error_without_it() {
    let scripted = ScriptedBroker::start(Script::default());
    let cluster = cluster(&scripted, "");
    let broker = KafkaBroker::new(cluster, IsolationLevel::default(), store("t0ken\u{1}auth=x"));
    let deadline = Instant::now() + Duration::from_secs(60);
    let error = broker.partition_states("orders", deadline).await.unwrap_err();
    assert!(matches!(error, KafkaError::Authentication { .. }), "{error:?}");
    let error = error.to_string();
    assert!(
        error.contains("characters that a login cannot carry") && !error.contains("t0ken"),
        "{error}"
    );
    assert!(scripted.logins().is_empty());
}
