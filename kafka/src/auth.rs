//! `auth_type`: how the client authenticates to the brokers, and how it verifies them.
//!
//! The names are those of the Java connector. Each type is mapped to librdkafka settings here; no other code
//! depends on which one is in use.
//!
//! | module | idea |
//! |---|---|
//! | [`credentials`] | the seam to secrets, stored certificates and AWS's credentials |
//! | [`token`] | tokens that clients log in with |
//! | [`secret`] | secret texts, and the keys of a cluster's secret |
//! | [`location`] | where certificates are stored |
//! | [`certificates`] | trust store and key store, found by name under a location |
//! | [`keystore`] | conversion of JKS, PKCS12 and PEM to what librdkafka accepts |
//! | [`settings`] | settings of one client |
//! | [`failure`] | classifies authentication and TLS failures |
//! | [`validity`] | validity of the client's certificate |
//! | [`error`] | errors of missing or unreadable credentials |

use std::str::FromStr;

pub mod certificates;
pub mod credentials;
pub mod error;
pub mod failure;
pub mod keystore;
pub mod location;
pub mod secret;
pub mod settings;
pub mod token;
pub mod validity;

/// Authentication types, as `auth_type` spells them; surrounding blanks and case are ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AuthType {
    /// Plain text without authentication; the meaning of an unset or blank `auth_type`.
    #[default]
    NoAuth,
    SaslSslAwsMskIam,
    SaslSslScramSha512,
    SaslPlaintextScramSha512,
    SaslSslScramSha256,
    SaslPlaintextScramSha256,
    SaslSslPlain,
    SaslPlaintextPlain,
    /// With a token of an OAuth authorization server.
    SaslSslOauthbearer,
    SaslPlaintextOauthbearer,
    /// Mutual TLS.
    Ssl,
}

const NAMES: [(&str, AuthType); 11] = [
    ("NO_AUTH", AuthType::NoAuth),
    ("SASL_SSL_AWS_MSK_IAM", AuthType::SaslSslAwsMskIam),
    ("SASL_SSL_SCRAM_SHA512", AuthType::SaslSslScramSha512),
    ("SASL_PLAINTEXT_SCRAM_SHA512", AuthType::SaslPlaintextScramSha512),
    ("SASL_SSL_SCRAM_SHA256", AuthType::SaslSslScramSha256),
    ("SASL_PLAINTEXT_SCRAM_SHA256", AuthType::SaslPlaintextScramSha256),
    ("SASL_SSL_PLAIN", AuthType::SaslSslPlain),
    ("SASL_PLAINTEXT_PLAIN", AuthType::SaslPlaintextPlain),
    ("SASL_SSL_OAUTHBEARER", AuthType::SaslSslOauthbearer),
    ("SASL_PLAINTEXT_OAUTHBEARER", AuthType::SaslPlaintextOauthbearer),
    ("SSL", AuthType::Ssl),
];

impl AuthType {
    /// Name as documented.
    pub fn name(self) -> &'static str {
        NAMES
            .iter()
            .find(|(_, auth_type)| *auth_type == self)
            .map_or("", |(name, _)| name)
    }

    fn security_protocol(self) -> &'static str {
        match self {
            Self::NoAuth => "PLAINTEXT",
            Self::SaslPlaintextScramSha512
            | Self::SaslPlaintextScramSha256
            | Self::SaslPlaintextPlain
            | Self::SaslPlaintextOauthbearer => "SASL_PLAINTEXT",
            Self::SaslSslAwsMskIam
            | Self::SaslSslScramSha512
            | Self::SaslSslScramSha256
            | Self::SaslSslPlain
            | Self::SaslSslOauthbearer => "SASL_SSL",
            Self::Ssl => "SSL",
        }
    }

    fn sasl_mechanism(self) -> Option<&'static str> {
        match self {
            Self::NoAuth | Self::Ssl => None,
            Self::SaslSslAwsMskIam | Self::SaslSslOauthbearer | Self::SaslPlaintextOauthbearer => {
                Some("OAUTHBEARER")
            }
            Self::SaslSslScramSha256 | Self::SaslPlaintextScramSha256 => Some("SCRAM-SHA-256"),
            Self::SaslSslScramSha512 | Self::SaslPlaintextScramSha512 => Some("SCRAM-SHA-512"),
            Self::SaslSslPlain | Self::SaslPlaintextPlain => Some("PLAIN"),
        }
    }

    /// Whether the client logs in with a user name and a password, which require a secret.
    fn has_password(self) -> bool {
        matches!(
            self.sasl_mechanism(),
            Some("SCRAM-SHA-512" | "SCRAM-SHA-256" | "PLAIN")
        )
    }

    /// Whether the client logs in with a token, of IAM or of an authorization server.
    pub(crate) fn has_token(self) -> bool {
        self.sasl_mechanism() == Some("OAUTHBEARER")
    }

    /// Whether an OAuth authorization server gives the token.
    fn has_oauth_token(self) -> bool {
        matches!(self, Self::SaslSslOauthbearer | Self::SaslPlaintextOauthbearer)
    }

    fn is_encrypted(self) -> bool {
        matches!(self.security_protocol(), "SASL_SSL" | "SSL")
    }
}

impl FromStr for AuthType {
    type Err = AuthTypeError;

    fn from_str(text: &str) -> Result<Self, AuthTypeError> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Self::NoAuth);
        }
        let known = NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
        known
            .map(|(_, auth_type)| *auth_type)
            .ok_or_else(|| AuthTypeError::Unknown {
                value: text.to_owned(),
            })
    }
}

/// Unknown `auth_type`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthTypeError {
    #[error("`auth_type` is `{value}`, wanted one of {}", NAMES.map(|(name, _)| name).join(", "))]
    Unknown { value: String },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names_without_regard_to_case_and_blanks() {
        assert_eq!(" No_Auth\n".parse(), Ok(AuthType::NoAuth));
        assert_eq!("sasl_ssl_aws_msk_iam".parse(), Ok(AuthType::SaslSslAwsMskIam));
        for (name, auth_type) in NAMES {
            assert_eq!((name.parse(), auth_type.name()), (Ok(auth_type), name));
        }
    }

    #[test]
    fn an_unset_type_is_no_auth() {
        assert_eq!("".parse(), Ok(AuthType::NoAuth));
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones() {
        let error = "KERBEROS".parse::<AuthType>().unwrap_err().to_string();
        assert!(
            error.contains("`KERBEROS`") && error.contains("NO_AUTH, SASL_SSL_AWS_MSK_IAM"),
            "{error}"
        );
    }
}
