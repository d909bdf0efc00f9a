//! Brokers that authenticate clients, and clients that verify brokers: configured only by the Java
//! connector's variables, through the real binary. Errors name the failed check, and no secret.

use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use tests::apache_kafka::{Listener, PASSWORD, SecuredBroker, USER};
use tests::certificates::{
    Authority, Holder, KEY_PASSWORD, KEY_STORE_PASSWORD, StoreType, TRUST_STORE_PASSWORD,
};
use tests::world::World;

mod connections;
mod doctor;
mod iam;

/// Number of rows in each of the topic's partitions.
const ROWS: usize = 100;
const PARTITIONS: usize = 3;

/// Time limit of a refusal, which is immediate. A caller that waits for the look-up's limit (a minute) or for
/// the deadline has not been informed.
const REFUSAL_LIMIT: Duration = Duration::from_secs(30);

/// Authentication of a function.
#[derive(Clone)]
struct Access {
    auth_type: &'static str,
    listener: Listener,
    user: &'static str,
    password: &'static str,
    trust: Option<(Authority, StoreType)>,
    key: Option<(Holder, StoreType)>,
    topic_stem: &'static str,
}

impl Access {
    /// Access that is granted.
    fn granted(auth_type: &'static str) -> Self {
        let (listener, trust, key) = match auth_type {
            "SSL" => (Listener::MutualTls, true, true),
            "NO_AUTH" => (Listener::Open, false, false),
            "SASL_SSL_SCRAM_SHA512" | "SASL_SSL_PLAIN" => (Listener::SaslTls, true, false),
            _ => (Listener::SaslPlaintext, false, false),
        };
        Self {
            auth_type,
            listener,
            user: USER,
            password: PASSWORD,
            trust: trust.then_some((Authority::Cluster, StoreType::Jks)),
            key: key.then_some((Holder::Client, StoreType::Jks)),
            topic_stem: "open",
        }
    }

    /// Stores what the function needs, and returns the function's variables for it.
    async fn variables(&self, world: &World) -> Vec<(String, String)> {
        let broker = SecuredBroker::shared();
        let prefix = "some/deep/prefix/";
        let certificates = broker.certificates();
        if let Some((authority, store_type)) = self.trust {
            let store = certificates.trust_store(authority, store_type);
            put(
                world,
                &format!("{prefix}kafka.client.truststore.jks"),
                store.expect("a store"),
            )
            .await;
        }
        if let Some((holder, store_type)) = self.key {
            let store = certificates.key_store(holder, store_type);
            put(
                world,
                &format!("{prefix}kafka.client.keystore.jks"),
                store.expect("a store"),
            )
            .await;
        }
        let key_password = match self.key {
            Some((_, StoreType::Jks)) | None => KEY_PASSWORD,
            _ => KEY_STORE_PASSWORD,
        };
        let secret = serde_json::json!({
            "username": self.user,
            "password": self.password,
            "truststore_password": TRUST_STORE_PASSWORD,
            "keystore_password": KEY_STORE_PASSWORD,
            "ssl_key_password": key_password,
        });
        let mut variables = vec![
            ("kafka_endpoint", broker.address(self.listener)),
            ("auth_type", self.auth_type.to_owned()),
            ("secrets_manager_secret", store_secret(world, &secret).await),
            ("ATHENA_FEDERATION_SDK_LOG_LEVEL", "trace".to_owned()),
        ];
        if self.trust.is_some() || self.key.is_some() {
            variables.push((
                "certificates_s3_reference",
                format!("s3://{}/{prefix}", world.bucket),
            ));
        }
        let named = variables
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value));
        named.collect()
    }

    /// Number of rows that the function reads, or its error; and all its output.
    async fn read(&self) -> (Result<usize, String>, String) {
        let world = World::with_broker(SecuredBroker::shared().broker()).await;
        table(&world, self.topic_stem).await;
        let variables = self.variables(&world).await;
        let settings: Vec<_> = variables
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect();
        let (lambda, client) = world.lambda(1, &settings).await;
        let rows = tokio::time::timeout(REFUSAL_LIMIT, client.select("t", &["n"]));
        let rows = rows.await.expect("an answer long before the deadline");
        (rows.map(|rows| rows.num_rows()), lambda.output())
    }

    async fn reads_all(&self) {
        let (rows, output) = self.read().await;
        assert_eq!(rows, Ok(ROWS * PARTITIONS), "{}", self.auth_type);
        assert_shows_no_secret(&output);
    }

    /// Asserts that the function's error has all these texts, and neither it nor the log contains a secret.
    async fn is_refused(&self, reasons: &[&str]) {
        let (rows, output) = self.read().await;
        let error = rows.expect_err("refused");
        for reason in reasons {
            assert!(error.contains(reason), "{reason} is not in: {error}");
        }
        assert_shows_no_secret(&error);
        assert_shows_no_secret(&output);
    }
}

/// Endpoint of moto: the secrets and stores must be stored somewhere.
fn moto() -> String {
    std::env::var("MOTO_ENDPOINT").expect("MOTO_ENDPOINT, see scripts/moto")
}

async fn put(world: &World, key: &str, content: Vec<u8>) {
    let put = world.s3().put_object().bucket(&world.bucket).key(key);
    let put = put.body(ByteStream::from(content)).send().await;
    put.expect("the object is put");
}

/// Stores a secret; returns its name.
async fn store_secret(world: &World, secret: &serde_json::Value) -> String {
    let name = format!("AmazonMSK_{}", uuid::Uuid::new_v4().simple());
    let client = aws_sdk_secretsmanager::Client::new(&world.sdk(&moto()));
    let created = client
        .create_secret()
        .name(&name)
        .secret_string(secret.to_string())
        .send()
        .await;
    created.expect("the secret is stored");
    name
}

/// Table `t` over a topic with rows in every partition.
async fn table(world: &World, topic_stem: &str) -> String {
    let partitions = i32::try_from(PARTITIONS).expect("a count");
    let topic = world.broker.create_topic(topic_stem, partitions).await;
    for partition in 0..partitions {
        let values = (0..ROWS).map(|n| Some(format!(r#"{{"n":{n}}}"#)));
        world.broker.produce(&topic, partition, values);
    }
    world.register_json("t", &topic, &[("n", "BIGINT", "")]);
    topic
}

/// Asserts that not even the first word of a secret appears, however the rest is escaped.
fn assert_shows_no_secret(text: &str) {
    for secret in [
        PASSWORD,
        WRONG_PASSWORD,
        TRUST_STORE_PASSWORD,
        KEY_STORE_PASSWORD,
        KEY_PASSWORD,
    ] {
        let word = secret.split(' ').next().expect("a word");
        assert!(!text.contains(word), "`{word}` is in: {text}");
    }
    assert!(!text.contains("PRIVATE KEY"), "{text}");
}

const WRONG_PASSWORD: &str = "wr0ng-p@ssword";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka and moto: scripts/test"]
async fn every_auth_type_reads_all_rows() {
    for auth_type in [
        "NO_AUTH",
        "SASL_PLAINTEXT_PLAIN",
        "SASL_PLAINTEXT_SCRAM_SHA512",
        "SASL_SSL_PLAIN",
        "SASL_SSL_SCRAM_SHA512",
        "SSL",
    ] {
        Access::granted(auth_type).reads_all().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka and moto: scripts/test"]
async fn stores_may_be_pkcs12_or_pem_under_the_same_names() {
    for store_type in [StoreType::Pkcs12, StoreType::Pem] {
        let access = Access {
            trust: Some((Authority::Cluster, store_type)),
            key: Some((Holder::Client, store_type)),
            ..Access::granted("SSL")
        };
        access.reads_all().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka and moto: scripts/test"]
async fn a_wrong_password_and_an_unknown_user_are_named() {
    for auth_type in [
        "SASL_PLAINTEXT_PLAIN",
        "SASL_PLAINTEXT_SCRAM_SHA512",
        "SASL_SSL_PLAIN",
        "SASL_SSL_SCRAM_SHA512",
    ] {
        let access = Access {
            password: WRONG_PASSWORD,
            ..Access::granted(auth_type)
        };
        access
            .is_refused(&["the brokers do not accept the credentials"])
            .await;
        let access = Access {
            user: "nobody",
            ..Access::granted(auth_type)
        };
        access
            .is_refused(&["the brokers do not accept the credentials"])
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka and moto: scripts/test"]
async fn a_broker_whose_authority_is_unknown_is_named() {
    let access = Access {
        trust: Some((Authority::Stranger, StoreType::Jks)),
        ..Access::granted("SASL_SSL_SCRAM_SHA512")
    };
    access
        .is_refused(&["the broker's certificate was issued by an authority that neither"])
        .await;
    // Without a trust store public authorities are trusted, which ours is not.
    let access = Access {
        trust: None,
        ..access
    };
    access
        .is_refused(&["the broker's certificate was issued by an authority that neither"])
        .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka and moto: scripts/test"]
async fn a_brokers_expired_certificate_is_named() {
    let access = Access {
        listener: Listener::ExpiredSaslTls,
        ..Access::granted("SASL_SSL_SCRAM_SHA512")
    };
    access.is_refused(&["the broker's certificate has expired"]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka and moto: scripts/test"]
async fn a_brokers_certificate_for_another_host_is_named() {
    let access = Access {
        listener: Listener::OtherHostSaslTls,
        ..Access::granted("SASL_SSL_SCRAM_SHA512")
    };
    access
        .is_refused(&["the broker's certificate does not name the host that the client connected to"])
        .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka and moto: scripts/test"]
async fn a_clients_certificate_that_is_not_taken_is_named() {
    for (holder, reason) in [
        (Holder::ExpiredClient, "the client's certificate has expired"),
        (
            Holder::Stranger,
            "the brokers do not accept the client's certificate",
        ),
    ] {
        let access = Access {
            key: Some((holder, StoreType::Jks)),
            ..Access::granted("SSL")
        };
        access.is_refused(&[reason]).await;
    }
}

/// SASL_SSL types send no certificate; this listener requires one.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka and moto: scripts/test"]
async fn a_missing_client_certificate_is_named() {
    let access = Access {
        listener: Listener::MutualTls,
        ..Access::granted("SASL_SSL_PLAIN")
    };
    access
        .is_refused(&["the brokers require a client certificate"])
        .await;
    let access = Access {
        key: None,
        ..Access::granted("SSL")
    };
    access.is_refused(&["kafka.client.keystore.jks"]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka and moto: scripts/test"]
async fn a_topic_that_the_user_may_not_read_is_named() {
    for auth_type in ["SASL_SSL_SCRAM_SHA512", "SSL"] {
        let access = Access {
            topic_stem: "closed",
            ..Access::granted(auth_type)
        };
        access.is_refused(&["topic `closed-", "refuse access"]).await;
    }
}
