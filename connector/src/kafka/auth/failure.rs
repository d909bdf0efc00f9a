//! Why brokers and client do not come together, from what librdkafka says of it.
//!
//! librdkafka goes on trying whatever happens. What is recognised here does not change by trying: a request that needs
//! the cluster ends with it. All else (brokers that are away, connections that break) is waited out.

use std::fmt;

use rdkafka::types::RDKafkaErrorCode;

/// A connection that was refused for good, by one side or the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthenticationFailure {
    pub cause: AuthenticationCause,
    /// librdkafka's words.
    pub reason: String,
}

/// What to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthenticationCause {
    /// The brokers do not take the password or the token.
    Credentials,
    /// The listener has another mechanism than `auth_type`'s.
    Mechanism,
    /// There is no token to log in with.
    Token,
    /// The brokers' certificate does not stand the check.
    BrokerCertificate,
    NoClientCertificate,
    ClientCertificateExpired,
    /// The brokers do not trust who issued the client's certificate, or not the certificate.
    ClientCertificate,
    /// No version or cipher of TLS is common to both, or the other side speaks no TLS.
    Tls,
}

impl AuthenticationFailure {
    /// What librdkafka reports as `code` and `reason`, if it is one.
    pub fn recognise(code: RDKafkaErrorCode, reason: &str) -> Option<Self> {
        let cause = match code {
            RDKafkaErrorCode::Authentication => sasl_cause(reason)?,
            RDKafkaErrorCode::SSL | RDKafkaErrorCode::BrokerTransportFailure => tls_cause(reason)?,
            _ => return None,
        };
        Some(Self {
            cause,
            reason: reason.to_owned(),
        })
    }
}

/// `None` for what passes: MSK turns away connections over its limits as if the login had failed.
fn sasl_cause(reason: &str) -> Option<AuthenticationCause> {
    if reason.contains("Too many connects") {
        return None;
    }
    Some(if reason.contains("mechanism handshake failed") {
        AuthenticationCause::Mechanism
    } else if reason.contains("OAUTHBEARER token") || reason.contains("no token available") {
        AuthenticationCause::Token
    } else {
        AuthenticationCause::Credentials
    })
}

/// By OpenSSL's words for its own verdict and for the alerts (RFC 8446, section 6.2) that the brokers send.
fn tls_cause(reason: &str) -> Option<AuthenticationCause> {
    use AuthenticationCause as Cause;
    const CAUSES: [(&str, AuthenticationCause); 10] = [
        ("certificate verify failed", Cause::BrokerCertificate),
        ("alert certificate required", Cause::NoClientCertificate),
        ("alert certificate expired", Cause::ClientCertificateExpired),
        ("alert bad certificate", Cause::ClientCertificate),
        ("alert unsupported certificate", Cause::ClientCertificate),
        ("alert certificate revoked", Cause::ClientCertificate),
        ("alert certificate unknown", Cause::ClientCertificate),
        ("alert unknown ca", Cause::ClientCertificate),
        ("alert handshake failure", Cause::Tls),
        ("wrong version number", Cause::Tls),
    ];
    let cause = CAUSES.iter().find(|(words, _)| reason.contains(words));
    cause.map(|(_, cause)| *cause)
}

impl fmt::Display for AuthenticationCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Credentials => "the brokers do not accept the credentials",
            Self::Mechanism => "the brokers' listener has another mechanism than `auth_type`",
            Self::Token => "there is no token to log in with",
            Self::BrokerCertificate => "the brokers' certificate was not verified",
            Self::NoClientCertificate => {
                "the brokers want a client certificate, which `auth_type` SSL takes from the key store"
            }
            Self::ClientCertificateExpired => "the client's certificate has expired",
            Self::ClientCertificate => "the brokers do not accept the client's certificate, or want one",
            Self::Tls => "client and brokers do not agree on TLS",
        })
    }
}
