//! Classification of authentication and TLS failures by librdkafka's error texts.
//!
//! librdkafka retries whatever happens. Failures classified here do not pass by retrying: a request that
//! needs the cluster ends with them. All others (unreachable brokers, broken connections) are retried until
//! the deadline.

use std::fmt;

use rdkafka::types::RDKafkaErrorCode;

/// Permanent refusal of a connection, by the broker or by the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthenticationFailure {
    pub cause: AuthenticationCause,
    /// Error text of librdkafka.
    pub reason: String,
}

/// Cause of the refusal: what to check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthenticationCause {
    /// The brokers reject the password or the token.
    Credentials,
    /// The listener does not offer the mechanism of `auth_type`.
    Mechanism,
    /// No token is available for the login.
    Token,
    /// The broker's certificate does not verify, for a reason that is not among the following ones.
    BrokerCertificate,
    /// The broker's certificate was not issued by an authority that the client trusts.
    BrokerAuthority,
    BrokerCertificateExpired,
    /// The broker's certificate does not name the host that the client connected to.
    BrokerName,
    /// The client sent no certificate. It does not send one whose issuer is not among those that the brokers
    /// request.
    NoClientCertificate,
    ClientCertificateExpired,
    /// The brokers do not trust the issuer of the client's certificate, or reject the certificate itself.
    ClientCertificate,
    /// No TLS version or cipher is common to both, the other side does not use TLS, or it requires a client
    /// certificate before TLS 1.3.
    Tls,
}

impl AuthenticationFailure {
    /// Classifies librdkafka's `code` and `reason`; `None` if the failure may pass.
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

/// `host:port` of a librdkafka message that begins with a broker's name, such as
/// `sasl_ssl://b-1:9096/bootstrap: SSL handshake failed`.
pub fn broker_of(reason: &str) -> Option<&str> {
    let (_, rest) = reason.split_once("://")?;
    let (broker, _) = rest.split_once(['/', ' '])?;
    let broker = broker.trim_end_matches(':');
    broker.contains(':').then_some(broker)
}

/// `None` for transient failures: MSK rejects connections over its limits as if the login had failed.
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

/// Classifies by OpenSSL's verification error and by the alerts that brokers send ([RFC 8446, section
/// 6.2](https://www.rfc-editor.org/rfc/rfc8446#section-6.2)).
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
            Self::Mechanism => "the brokers' listener does not offer the mechanism of `auth_type`",
            Self::Token => "no token is available for the login",
            Self::BrokerCertificate => "the broker's certificate could not be verified",
            Self::BrokerAuthority => {
                "the broker's certificate was issued by an authority that neither the trust store nor, without one, \
                 the system trusts"
            }
            Self::BrokerCertificateExpired => "the broker's certificate has expired or is not valid yet",
            Self::BrokerName => "the broker's certificate does not name the host that the client connected to",
            Self::NoClientCertificate => {
                "the brokers require a client certificate of an authority that they trust, which `auth_type` SSL takes from \
                 the key store"
            }
            Self::ClientCertificateExpired => "the client's certificate has expired",
            Self::ClientCertificate => "the brokers do not accept the client's certificate, or require one",
            Self::Tls => {
                "client and brokers have no TLS version or cipher in common, or the brokers require a client \
                 certificate"
            },
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

    /// Messages of librdkafka 2.12 with OpenSSL 3.6, connected to `openssl s_server`.
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
