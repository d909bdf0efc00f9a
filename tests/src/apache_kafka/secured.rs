//! Broker that requires authentication, with every mechanism of Kafka.

use std::io;
use std::sync::LazyLock;

use super::admin;
use super::node::{Node, NodeConfig};
use super::ports::{free_port, start_on_free_ports};
use crate::broker::Broker;
use crate::certificates::{BROKER_PASSWORD, Certificates, Holder};

/// User of SCRAM and PLAIN.
pub const USER: &str = "athena";
/// Password with characters that would be lost if they were not escaped in settings.
pub const PASSWORD: &str = r#"s3cret-73905 p@ss;w=rd%41'"\#"#;

/// Credentials and region that the listener for IAM accepts. The region is not the emulated function's.
pub const ACCESS_KEY_ID: &str = "ASIAIOSFODNN7EXAMPLE";
pub const SECRET_ACCESS_KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
pub const SESSION_TOKEN: &str = "session/token+with=what&URLs?escape";
pub const MSK_REGION: &str = "eu-central-1";

/// Prefix of topics that every authenticated user may read and write; other topics are denied.
const OPEN_PREFIX: &str = "open-";

/// Listener of the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listener {
    /// Allows everything to everyone: for the test itself.
    Open,
    /// TLS with a certificate of the client.
    MutualTls,
    /// TLS with SCRAM or PLAIN.
    SaslTls,
    /// Like `SaslTls`, for a test that counts connections.
    CountedSaslTls,
    /// Like `SaslTls`, but the broker's certificate has expired.
    ExpiredSaslTls,
    /// Like `SaslTls`, but the broker's certificate is for another host.
    OtherHostSaslTls,
    /// SCRAM or PLAIN without TLS.
    SaslPlaintext,
    /// TLS with OAUTHBEARER and tokens of MSK's IAM access control.
    Iam,
    /// TLS with OAUTHBEARER and any unsigned token that has a subject and an expiry.
    Oauth,
}

/// Listener, name, security protocol, and holder of its certificate.
const LISTENERS: [(Listener, &str, &str, Option<Holder>); 9] = [
    (Listener::Open, "OPEN", "PLAINTEXT", None),
    (Listener::MutualTls, "MUTUAL", "SSL", Some(Holder::Broker)),
    (Listener::SaslTls, "SASLTLS", "SASL_SSL", Some(Holder::Broker)),
    (
        Listener::CountedSaslTls,
        "COUNTED",
        "SASL_SSL",
        Some(Holder::Broker),
    ),
    (
        Listener::ExpiredSaslTls,
        "EXPIRED",
        "SASL_SSL",
        Some(Holder::ExpiredBroker),
    ),
    (
        Listener::OtherHostSaslTls,
        "OTHERHOST",
        "SASL_SSL",
        Some(Holder::OtherBroker),
    ),
    (Listener::SaslPlaintext, "SASLPLAIN", "SASL_PLAINTEXT", None),
    (Listener::Iam, "IAM", "SASL_SSL", Some(Holder::Broker)),
    (Listener::Oauth, "OAUTH", "SASL_SSL", Some(Holder::Broker)),
];

/// Node with all these listeners, its certificates beside it.
pub struct SecuredBroker {
    /// Kept for its process.
    _node: Node,
    ports: [u16; LISTENERS.len()],
    certificates: Certificates,
}

impl SecuredBroker {
    /// Broker of this process.
    ///
    /// # Panics
    /// If it does not start, with the end of its log.
    pub fn shared() -> &'static Self {
        static SHARED: LazyLock<Result<SecuredBroker, String>> =
            LazyLock::new(|| start_on_free_ports(SecuredBroker::start));
        SHARED.as_ref().expect("the secured broker starts")
    }

    pub fn port(&self, listener: Listener) -> u16 {
        let index = LISTENERS.iter().position(|(each, ..)| *each == listener);
        self.ports[index.expect("every listener is there")]
    }

    /// Address `host:port` for `kafka_endpoint`.
    pub fn address(&self, listener: Listener) -> String {
        format!("127.0.0.1:{}", self.port(listener))
    }

    /// Broker client for creating topics and records.
    pub fn broker(&self) -> Broker {
        Broker::at(self.address(Listener::Open))
    }

    pub fn certificates(&self) -> &Certificates {
        &self.certificates
    }

    fn start() -> Result<Self, String> {
        let text = |error: std::io::Error| error.to_string();
        let mut node = Node::with_properties(&[
            ("iam.accessKeyId", ACCESS_KEY_ID),
            ("iam.secretAccessKey", SECRET_ACCESS_KEY),
            ("iam.sessionToken", SESSION_TOKEN),
            ("iam.region", MSK_REGION),
        ])
        .map_err(text)?;
        node.add_class(TOKEN_VALIDATOR, include_str!("IamTokenValidator.java"))
            .map_err(text)?;
        let certificates = Certificates::make(node.folder().join("certificates")).map_err(text)?;
        let ports = LISTENERS.map(|_| free_port());
        let listeners = LISTENERS.iter().zip(ports);
        let config = NodeConfig {
            id: 1,
            listeners: listeners
                .map(|((_, name, protocol, _), port)| (*name, *protocol, port))
                .collect(),
            voters: vec![(1, free_port())],
            advertised: Vec::new(),
            settings: settings(&certificates).map_err(text)?,
        };
        node.format(&config).map_err(text)?;
        node.start().map_err(text)?;
        node.await_start()?;
        let broker = Self {
            _node: node,
            ports,
            certificates,
        };
        let open = broker.address(Listener::Open);
        admin::let_everyone_read_and_write(&open, OPEN_PREFIX).map_err(text)?;
        admin::add_scram_user(&open, USER, PASSWORD).map_err(text)?;
        Ok(broker)
    }
}

/// Name of the class that checks tokens for the listener for IAM.
const TOKEN_VALIDATOR: &str = "IamTokenValidator";

fn settings(certificates: &Certificates) -> io::Result<Vec<(String, String)>> {
    let trust_store = certificates.broker_trust_store()?;
    let mut settings: Vec<(String, String)> = [
        ("inter.broker.listener.name", "OPEN"),
        (
            "authorizer.class.name",
            "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        ),
        ("super.users", "User:ANONYMOUS"),
        ("sasl.enabled.mechanisms", "SCRAM-SHA-512,SCRAM-SHA-256,PLAIN"),
        ("ssl.keystore.type", "PKCS12"),
        ("ssl.keystore.password", BROKER_PASSWORD),
        ("ssl.key.password", BROKER_PASSWORD),
        ("ssl.truststore.type", "PKCS12"),
        ("ssl.truststore.password", BROKER_PASSWORD),
        ("listener.name.mutual.ssl.client.auth", "required"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec();
    settings.push((
        "ssl.truststore.location".into(),
        trust_store.display().to_string(),
    ));
    let plain = format!(
        "org.apache.kafka.common.security.plain.PlainLoginModule required user_{USER}={};",
        quoted(PASSWORD)
    );
    let scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;";
    for (_, name, protocol, holder) in LISTENERS {
        let listener = format!("listener.name.{}", name.to_lowercase());
        if let Some(holder) = holder {
            let store = certificates.broker_key_store(holder)?;
            settings.push((
                format!("{listener}.ssl.keystore.location"),
                store.display().to_string(),
            ));
        }
        if name == "IAM" {
            let oauthbearer = format!("{listener}.oauthbearer.sasl");
            let module = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;";
            settings.extend([
                (
                    format!("{listener}.sasl.enabled.mechanisms"),
                    "OAUTHBEARER".into(),
                ),
                (format!("{oauthbearer}.jaas.config"), module.into()),
                (
                    format!("{oauthbearer}.server.callback.handler.class"),
                    TOKEN_VALIDATOR.into(),
                ),
            ]);
        } else if name == "OAUTH" {
            // Without a callback handler Kafka's own takes unsecured tokens.
            let module = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required \
                          unsecuredLoginStringClaim_sub=\"broker\";";
            settings.extend([
                (
                    format!("{listener}.sasl.enabled.mechanisms"),
                    "OAUTHBEARER".into(),
                ),
                (format!("{listener}.oauthbearer.sasl.jaas.config"), module.into()),
            ]);
        } else if protocol.starts_with("SASL") {
            settings.push((format!("{listener}.plain.sasl.jaas.config"), plain.clone()));
            for mechanism in ["scram-sha-512", "scram-sha-256"] {
                settings.push((format!("{listener}.{mechanism}.sasl.jaas.config"), scram.into()));
            }
        }
    }
    Ok(settings)
}

/// Quoted text of a JAAS configuration in a file of properties, where each backslash of the former needs two
/// in the latter.
fn quoted(text: &str) -> String {
    let text = text.replace('\\', r"\\\\").replace('"', r#"\\""#);
    format!("\"{text}\"")
}
