//! Classifies authentication and TLS failures, from what librdkafka says of them.
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
    /// The broker's certificate does not stand the check, for a reason that is not among the next ones.
    BrokerCertificate,
    /// Nobody whom the client trusts has issued the broker's certificate.
    BrokerAuthority,
    BrokerCertificateExpired,
    /// The broker's certificate is for other names than the one it was reached by.
    BrokerName,
    /// None was shown; the client keeps one back that the brokers do not ask for by its issuer.
    NoClientCertificate,
    ClientCertificateExpired,
    /// The brokers do not trust who issued the client's certificate, or not the certificate.
    ClientCertificate,
    /// No version or cipher of TLS is common to both, or the other side speaks no TLS, or before TLS 1.3 wants a
    /// client certificate.
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

/// The `host:port` in a line of librdkafka's that begins with a broker's name, such as
/// `sasl_ssl://b-1:9096/bootstrap: SSL handshake failed`.
pub fn broker_of(reason: &str) -> Option<&str> {
    let (_, rest) = reason.split_once("://")?;
    let (broker, _) = rest.split_once(['/', ' '])?;
    let broker = broker.trim_end_matches(':');
    broker.contains(':').then_some(broker)
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
            Self::BrokerCertificate => "the broker's certificate was not verified",
            Self::BrokerAuthority => {
                "the broker's certificate was issued by nobody that the trust store, or without one the system, trusts"
            }
            Self::BrokerCertificateExpired => "the broker's certificate has expired or is not valid yet",
            Self::BrokerName => "the broker's certificate is for other host names",
            Self::NoClientCertificate => {
                "the brokers want a client certificate of an authority that they trust, which `auth_type` SSL takes from \
                 the key store"
            }
            Self::ClientCertificateExpired => "the client's certificate has expired",
            Self::ClientCertificate => "the brokers do not accept the client's certificate, or want one",
            Self::Tls => "client and brokers do not agree on TLS, or the brokers want a client certificate",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use AuthenticationCause as Cause;
    use RDKafkaErrorCode as Code;

    fn cause(code: Code, reason: &str) -> Option<Cause> {
        AuthenticationFailure::recognise(code, reason).map(|failure| failure.cause)
    }

    #[test]
    fn recognises_refused_logins() {
        for (reason, wanted) in [
            (
                "sasl_ssl://b-1:9096/bootstrap: SASL authentication error: Authentication failed during authentication \
                 due to invalid credentials with SASL mechanism SCRAM-SHA-512 (after 12ms in state AUTH_REQ)",
                Some(Cause::Credentials),
            ),
            (
                "sasl_ssl://b-1:9098/bootstrap: SASL authentication error: [3f2c]: Access denied (after 301ms in state \
                 AUTH_REQ)",
                Some(Cause::Credentials),
            ),
            (
                "sasl_ssl://b-1:9098/bootstrap: SASL authentication error: [3f2c]: Too many connects (after 301ms in \
                 state AUTH_REQ)",
                None,
            ),
            (
                "sasl_plaintext://b-1:9096/bootstrap: SASL PLAIN mechanism handshake failed: Broker: Unsupported SASL \
                 mechanism: broker's supported mechanisms: SCRAM-SHA-512 (after 1ms in state AUTH_HANDSHAKE)",
                Some(Cause::Mechanism),
            ),
            (
                "Failed to acquire SASL OAUTHBEARER token: no AWS credentials for a token: there are none",
                Some(Cause::Token),
            ),
        ] {
            assert_eq!(cause(Code::Authentication, reason), wanted, "{reason}");
        }
    }

    /// Lines of librdkafka 2.12 with OpenSSL 3.6, whose other side was `openssl s_server`.
    #[test]
    fn recognises_refused_certificates() {
        for (code, reason, wanted) in [
            (
                Code::SSL,
                "sasl_ssl://localhost:9096/bootstrap: SSL handshake failed: error:0A000086:SSL routines::certificate \
                 verify failed: broker certificate could not be verified, verify that ssl.ca.location is correctly \
                 configured or root CA certificates are installed (install ca-certificates package) (after 16ms in \
                 state SSL_HANDSHAKE)",
                Cause::BrokerCertificate,
            ),
            (
                Code::BrokerTransportFailure,
                "sasl_ssl://localhost:9096/bootstrap: error:0A000086:SSL routines::certificate verify failed (after \
                 5ms in state SSL_HANDSHAKE)",
                Cause::BrokerCertificate,
            ),
            (
                Code::BrokerTransportFailure,
                "sasl_ssl://localhost:9094/bootstrap: Receive failed: error:0A00045C:SSL routines::tlsv13 alert \
                 certificate required: SSL alert number 116 (after 0ms in state APIVERSION_QUERY)",
                Cause::NoClientCertificate,
            ),
            (
                Code::BrokerTransportFailure,
                "ssl://localhost:9094/bootstrap: Receive failed: error:0A000415:SSL routines::ssl/tls alert certificate \
                 expired: SSL alert number 45 (after 0ms in state APIVERSION_QUERY)",
                Cause::ClientCertificateExpired,
            ),
            (
                Code::SSL,
                "ssl://localhost:9094/bootstrap: SSL handshake failed: error:0A000410:SSL routines::ssl/tls alert \
                 handshake failure: SSL alert number 40 (after 3ms in state SSL_HANDSHAKE)",
                Cause::Tls,
            ),
        ] {
            assert_eq!(cause(code, reason), Some(wanted), "{reason}");
        }
    }

    #[test]
    fn waits_for_what_passes() {
        for (code, reason) in [
            (
                Code::BrokerTransportFailure,
                "ssl://b-1:9094/bootstrap: SSL handshake failed: Disconnected: connecting to a PLAINTEXT broker \
                 listener? (after 3ms in state SSL_HANDSHAKE)",
            ),
            (
                Code::BrokerTransportFailure,
                "b-1:9092/bootstrap: Connect to ipv4#10.0.0.1:9092 failed: Connection refused (after 0ms in state \
                 CONNECT)",
            ),
            (
                Code::Resolve,
                "b-1:9092/bootstrap: Failed to resolve 'b-1:9092': certificate verify failed",
            ),
            (Code::AllBrokersDown, "1/1 brokers are down"),
        ] {
            assert_eq!(cause(code, reason), None, "{reason}");
        }
    }

    #[test]
    fn finds_the_broker_in_a_line() {
        for (reason, wanted) in [
            (
                "sasl_ssl://b-1.example:9096/bootstrap: SSL handshake failed",
                Some("b-1.example:9096"),
            ),
            ("ssl://[::1]:9094/1: SSL handshake failed", Some("[::1]:9094")),
            ("ssl://b-1:9094: SSL handshake failed", Some("b-1:9094")),
            ("b-1:9092/bootstrap: Connect failed", None),
            ("Failed to acquire SASL OAUTHBEARER token: https://kafka", None),
        ] {
            assert_eq!(broker_of(reason), wanted, "{reason}");
        }
    }
}
