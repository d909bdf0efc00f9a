use super::*;
use crate::auth::credentials::memory::MemoryCredentialStore;

const TRUST_STORE: &[u8] = include_bytes!("../keystore/fixtures/truststore.jks");
const KEY_STORE: &[u8] = include_bytes!("../keystore/fixtures/keystore-keypass.jks");
const PEM_KEY_STORE: &[u8] = include_bytes!("../keystore/fixtures/keystore-sec1.pem");
const PEM_TRUST_STORE: &[u8] = include_bytes!("../keystore/fixtures/truststore.pem");

const SECRET: &str = r#"{"username": "anna", "password": "hunter2", "truststore_password": "storepass",
    "keystore_password": "storepass", "ssl_key_password": "keypass"}"#;

/// Cluster of settings with the names that the connector uses.
fn cluster(settings: &[(&str, &str)]) -> Cluster {
    let get = |name| {
        settings
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| (*value).to_owned())
    };
    Cluster {
        bootstrap_servers: get("kafka_endpoint"),
        auth_type: get("auth_type").unwrap_or_default().parse().unwrap(),
        secret_id: get("secrets_manager_secret"),
        certificates: get("certificates_s3_reference").map(|text| text.parse().unwrap()),
        signing_region: get("msk_region"),
    }
}

/// Cluster and its credential store.
struct World {
    store: Arc<MemoryCredentialStore>,
    authentication: Authentication,
}

impl World {
    /// Cluster of these variables with an empty store.
    fn new(auth_type: &str, vars: &[(&str, &str)]) -> Self {
        let store = Arc::new(MemoryCredentialStore::new());
        let vars = [vars, &[("auth_type", auth_type)]].concat();
        let cluster = cluster(&vars);
        Self {
            store: store.clone(),
            authentication: Authentication::new(cluster, store),
        }
    }

    fn with_secret(auth_type: &str, more: &[(&str, &str)]) -> Self {
        let secret = [("secrets_manager_secret", "AmazonMSK_orders")];
        let world = Self::new(auth_type, &[&secret, more].concat());
        world.store.put_secret("AmazonMSK_orders", SECRET);
        world
    }

    fn put_store(&self, name: &str, content: &[u8]) {
        self.store
            .put_object("certs", &format!("kafka/eu/{name}"), content);
    }

    async fn settings(&self) -> Vec<(&'static str, String)> {
        let settings = self.authentication.settings().await.unwrap();
        settings
            .iter()
            .map(|(name, value)| (name, value.to_owned()))
            .collect()
    }

    async fn error(&self) -> String {
        self.authentication.settings().await.unwrap_err().to_string()
    }
}

const CERTIFICATES: (&str, &str) = ("certificates_s3_reference", "s3://certs/kafka/eu");

fn pairs(pairs: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    pairs
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()))
        .collect()
}

fn names(settings: &[(&'static str, String)]) -> Vec<&'static str> {
    settings.iter().map(|(name, _)| *name).collect()
}

fn value<'a>(settings: &'a [(&'static str, String)], wanted: &str) -> &'a str {
    let found = settings.iter().find(|(name, _)| *name == wanted);
    &found.unwrap().1
}

#[tokio::test]
async fn without_authentication_asks_for_nothing() {
    let world = World::with_secret("NO_AUTH", &[CERTIFICATES]);
    assert_eq!(
        world.settings().await,
        pairs(&[("security.protocol", "PLAINTEXT")])
    );
    assert_eq!(world.store.take_asked(), [""; 0]);
}

#[tokio::test]
async fn a_password_comes_from_the_secret() {
    for (auth_type, protocol, mechanism) in [
        ("SASL_PLAINTEXT_SCRAM_SHA512", "SASL_PLAINTEXT", "SCRAM-SHA-512"),
        ("SASL_PLAINTEXT_PLAIN", "SASL_PLAINTEXT", "PLAIN"),
        ("SASL_SSL_SCRAM_SHA512", "SASL_SSL", "SCRAM-SHA-512"),
        ("SASL_SSL_PLAIN", "SASL_SSL", "PLAIN"),
    ] {
        let world = World::with_secret(auth_type, &[]);
        let mut wanted = pairs(&[
            ("security.protocol", protocol),
            ("sasl.mechanism", mechanism),
            ("sasl.username", "anna"),
            ("sasl.password", "hunter2"),
        ]);
        if protocol == "SASL_SSL" {
            wanted.extend(pairs(&[
                ("ssl.endpoint.identification.algorithm", "https"),
                ("ssl.ca.location", "probe"),
            ]));
        }
        assert_eq!(world.settings().await, wanted, "{auth_type}");
        assert_eq!(
            world.store.take_asked(),
            ["secret AmazonMSK_orders"],
            "{auth_type}"
        );
    }
}

#[tokio::test]
async fn iam_needs_no_secret() {
    let world = World::new("SASL_SSL_AWS_MSK_IAM", &[]);
    let wanted = pairs(&[
        ("security.protocol", "SASL_SSL"),
        ("sasl.mechanism", "OAUTHBEARER"),
        ("ssl.endpoint.identification.algorithm", "https"),
        ("ssl.ca.location", "probe"),
    ]);
    assert_eq!(world.settings().await, wanted);
    assert_eq!(world.store.take_asked(), [""; 0]);
}

#[tokio::test]
async fn a_trust_store_takes_the_place_of_the_public_authorities() {
    for auth_type in ["SASL_SSL_SCRAM_SHA512", "SASL_SSL_PLAIN", "SASL_SSL_AWS_MSK_IAM"] {
        let world = World::with_secret(auth_type, &[CERTIFICATES]);
        world.put_store("kafka.client.truststore.jks", TRUST_STORE);
        // Not fetched.
        world.put_store("kafka.client.keystore.jks", b"broken");
        let settings = world.settings().await;
        let certificates = value(&settings, "ssl.ca.pem")
            .matches("BEGIN CERTIFICATE")
            .count();
        assert_eq!(certificates, 2, "{auth_type}");
        assert!(!names(&settings).contains(&"ssl.ca.location"), "{auth_type}");
    }
}

#[tokio::test]
async fn a_trust_store_in_pem_needs_no_secret() {
    let world = World::new("SASL_SSL_AWS_MSK_IAM", &[CERTIFICATES]);
    world.put_store("kafka.client.truststore.pem", PEM_TRUST_STORE);
    assert!(names(&world.settings().await).contains(&"ssl.ca.pem"));
}

#[tokio::test]
async fn mutual_tls_shows_the_key_stores_certificate() {
    let world = World::with_secret("SSL", &[CERTIFICATES]);
    world.put_store("kafka.client.keystore.jks", KEY_STORE);
    world.put_store("kafka.client.truststore.jks", TRUST_STORE);
    let settings = world.settings().await;
    assert_eq!(
        names(&settings),
        [
            "security.protocol",
            "ssl.endpoint.identification.algorithm",
            "ssl.certificate.pem",
            "ssl.key.pem",
            "ssl.ca.pem"
        ]
    );
    assert_eq!(value(&settings, "security.protocol"), "SSL");
    assert!(value(&settings, "ssl.key.pem").starts_with("-----BEGIN PRIVATE KEY-----"));
    assert_eq!(
        value(&settings, "ssl.certificate.pem")
            .matches("BEGIN CERTIFICATE")
            .count(),
        3
    );

    // One secret, one listing, two objects.
    assert_eq!(world.store.take_asked().len(), 4);
}

#[tokio::test]
async fn mutual_tls_without_a_trust_store_trusts_public_authorities() {
    let world = World::with_secret("SSL", &[CERTIFICATES]);
    world.put_store("kafka.client.keystore.pem", PEM_KEY_STORE);
    let settings = world.settings().await;
    assert_eq!(value(&settings, "ssl.ca.location"), "probe");
    assert_eq!(value(&settings, "ssl.key.password"), "keypass");
}

#[tokio::test]
async fn librdkafka_takes_what_a_key_store_becomes() {
    for (name, content) in [
        ("kafka.client.keystore.jks", KEY_STORE),
        ("kafka.client.keystore.pem", PEM_KEY_STORE),
    ] {
        let world = World::with_secret("SSL", &[CERTIFICATES]);
        world.put_store(name, content);
        world.put_store("kafka.client.truststore.jks", TRUST_STORE);
        let mut config = rdkafka::ClientConfig::new();
        for (name, value) in world.settings().await {
            config.set(name, value);
        }
        let client: Result<rdkafka::consumer::BaseConsumer, _> = config.create();
        assert!(client.is_ok(), "{name}: {:?}", client.err());
    }
}

#[tokio::test]
async fn names_the_variable_that_is_missing() {
    for (auth_type, credential) in [
        ("SASL_SSL_SCRAM_SHA512", "a secret"),
        ("SASL_PLAINTEXT_SCRAM_SHA512", "a secret"),
        ("SASL_SSL_PLAIN", "a secret"),
        ("SASL_PLAINTEXT_PLAIN", "a secret"),
        ("SSL", "a location of certificates"),
    ] {
        let wanted = format!("`auth_type` {auth_type} needs {credential}, which is not set");
        assert_eq!(World::new(auth_type, &[]).error().await, wanted);
    }
    // A store that needs a password, and no secret.
    let world = World::new("SSL", &[CERTIFICATES]);
    world.put_store("kafka.client.keystore.jks", KEY_STORE);
    assert_eq!(
        world.error().await,
        "`auth_type` SSL needs a secret, which is not set"
    );
}

#[tokio::test]
async fn names_the_key_that_the_secret_lacks_and_what_wants_it() {
    let world = World::with_secret("SASL_SSL_PLAIN", &[]);
    world.store.put_secret(
        "AmazonMSK_orders",
        r#"{"username": "anna", "Password": "hunter2"}"#,
    );
    assert_eq!(
        world.error().await,
        "`auth_type` SASL_SSL_PLAIN needs password, which secret `AmazonMSK_orders` does not have"
    );

    let world = World::with_secret("SASL_SSL_PLAIN", &[CERTIFICATES]);
    world.put_store("kafka.client.truststore.jks", TRUST_STORE);
    let secret = SECRET.replace("truststore_password", "trust_store_password");
    world.store.put_secret("AmazonMSK_orders", &secret);
    assert_eq!(
        world.error().await,
        "s3://certs/kafka/eu/kafka.client.truststore.jks needs truststore_password, which secret `AmazonMSK_orders` \
         does not have"
    );
}

#[tokio::test]
async fn a_reference_without_the_store_that_is_wanted_is_an_error() {
    for (auth_type, name) in [("SASL_SSL_PLAIN", "truststore"), ("SSL", "keystore")] {
        let error = World::with_secret(auth_type, &[CERTIFICATES]).error().await;
        let wanted = format!("s3://certs/kafka/eu/ has none of kafka.client.{name}.jks, ");
        assert!(error.starts_with(&wanted), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn reads_afresh_after_a_minute_or_a_failure_and_not_before() {
    let world = World::with_secret("SASL_SSL_PLAIN", &[]);
    let password = async || value(&world.settings().await, "sasl.password").to_owned();
    assert_eq!(password().await, "hunter2");

    world
        .store
        .put_secret("AmazonMSK_orders", &SECRET.replace("hunter2", "second"));
    tokio::time::advance(Duration::from_secs(59)).await;
    assert_eq!(password().await, "hunter2");
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(password().await, "second");

    world
        .store
        .put_secret("AmazonMSK_orders", &SECRET.replace("hunter2", "third"));
    assert_eq!(password().await, "second");
    world.authentication.forget();
    assert_eq!(password().await, "third");
    assert_eq!(world.store.take_asked().len(), 3);
}

#[tokio::test]
async fn keeps_no_failure() {
    let world = World::new("SASL_SSL_PLAIN", &[("secrets_manager_secret", "orders")]);
    assert_eq!(
        world.error().await,
        "secret `orders` cannot be read: the secret does not exist"
    );
    world.store.put_secret("orders", SECRET);
    assert_eq!(value(&world.settings().await, "sasl.username"), "anna");
}

#[tokio::test]
async fn signs_for_the_setting_then_the_brokers_then_the_functions_region() {
    const MSK: (&str, &str) = (
        "kafka_endpoint",
        "b-1.orders.a1.c2.kafka.eu-west-3.amazonaws.com:9098",
    );
    const OWN: (&str, &str) = ("kafka_endpoint", "kafka.example.org:9098");
    for (vars, function, wanted) in [
        (
            &[MSK, ("msk_region", "ap-south-1")][..],
            Some("us-east-1"),
            Some("ap-south-1"),
        ),
        (&[MSK], Some("us-east-1"), Some("eu-west-3")),
        (&[OWN], Some("us-east-1"), Some("us-east-1")),
        (&[OWN], None, None),
    ] {
        let world = World::new("SASL_SSL_AWS_MSK_IAM", vars);
        world
            .store
            .set_aws_credentials(aws_credential_types::Credentials::new(
                "AKIDEXAMPLE",
                "hunter2",
                None,
                None,
                "test",
            ));
        if let Some(region) = function {
            world.store.set_region(region);
        }
        let region = world.authentication.signing_region();
        assert_eq!(region.ok().as_deref(), wanted);
        let token = world.authentication.iam_token(SystemTime::UNIX_EPOCH).await;
        match wanted {
            Some(_) => assert!(token.is_ok()),
            None => {
                let error = token.err().unwrap().to_string();
                assert!(error.contains("the region to sign for is unknown"), "{error}");
            }
        }
    }
}

#[tokio::test]
async fn shows_no_value() {
    let world = World::with_secret("SASL_SSL_PLAIN", &[]);
    let shown = format!("{:?}", world.authentication.settings().await.unwrap());
    assert!(
        shown.contains("sasl.password") && !shown.contains("hunter2") && !shown.contains("anna"),
        "{shown}"
    );
}
