//! `auth_type`: how the client proves who it is, and how it knows the brokers.
//!
//! The names are the Java connector's. Each type becomes a set of librdkafka settings here, and
//! nowhere else does the code know which one is in use.
//!
//! | module | idea |
//! |---|---|
//! | [`store`] | the seam to Secrets Manager, S3 and AWS's credentials |
//! | [`secret`] | texts that nobody may see, the keys of a cluster's secret |
//! | [`certificates`] | trust store and key store, found in S3 |
//! | [`keystore`] | JKS, PKCS12 and PEM to what librdkafka takes |
//! | [`settings`] | all of these to the settings of one client |
//! | [`failure`] | why brokers and client do not come together |
//! | [`verification`] | what is wrong with a broker's certificate |
//! | [`validity`] | what is wrong with the client's |

use std::str::FromStr;

use certificates::CertificatesLocation;
use msk_iam::SigningError;
use secret::SecretKey;

pub mod certificates;
pub mod failure;
pub mod keystore;
pub mod secret;
pub mod settings;
pub mod store;
pub mod validity;
#[expect(
    unsafe_code,
    reason = "a callback of librdkafka's that the rdkafka crate does not wrap"
)]
pub mod verification;

/// The types that exist, as `auth_type` spells them, surrounding blanks and case aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AuthType {
    /// Plain text without authentication; what an unset or blank `auth_type` means.
    #[default]
    NoAuth,
    SaslSslAwsMskIam,
    SaslSslScramSha512,
    SaslPlaintextScramSha512,
    SaslSslPlain,
    SaslPlaintextPlain,
    /// Mutual TLS.
    Ssl,
}

const NAMES: [(&str, AuthType); 7] = [
    ("NO_AUTH", AuthType::NoAuth),
    ("SASL_SSL_AWS_MSK_IAM", AuthType::SaslSslAwsMskIam),
    ("SASL_SSL_SCRAM_SHA512", AuthType::SaslSslScramSha512),
    ("SASL_PLAINTEXT_SCRAM_SHA512", AuthType::SaslPlaintextScramSha512),
    ("SASL_SSL_PLAIN", AuthType::SaslSslPlain),
    ("SASL_PLAINTEXT_PLAIN", AuthType::SaslPlaintextPlain),
    ("SSL", AuthType::Ssl),
];

impl AuthType {
    /// The name as documented.
    pub fn name(self) -> &'static str {
        NAMES
            .iter()
            .find(|(_, auth_type)| *auth_type == self)
            .map_or("", |(name, _)| name)
    }

    fn security_protocol(self) -> &'static str {
        match self {
            Self::NoAuth => "PLAINTEXT",
            Self::SaslPlaintextScramSha512 | Self::SaslPlaintextPlain => "SASL_PLAINTEXT",
            Self::SaslSslAwsMskIam | Self::SaslSslScramSha512 | Self::SaslSslPlain => "SASL_SSL",
            Self::Ssl => "SSL",
        }
    }

    fn sasl_mechanism(self) -> Option<&'static str> {
        match self {
            Self::NoAuth | Self::Ssl => None,
            Self::SaslSslAwsMskIam => Some("OAUTHBEARER"),
            Self::SaslSslScramSha512 | Self::SaslPlaintextScramSha512 => Some("SCRAM-SHA-512"),
            Self::SaslSslPlain | Self::SaslPlaintextPlain => Some("PLAIN"),
        }
    }

    /// Whether the client logs in with a user name and a password, which only a secret can hold.
    fn has_password(self) -> bool {
        matches!(self.sasl_mechanism(), Some("SCRAM-SHA-512" | "PLAIN"))
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

/// Why an `auth_type` is of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthTypeError {
    #[error("`auth_type` is `{value}`, which is none of {}", NAMES.map(|(name, _)| name).join(", "))]
    Unknown { value: String },
}

/// Why there is nothing to authenticate with. Names variables, secrets, keys and objects, never what they hold.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    #[error("`auth_type` {auth_type} needs {variable}, which is not set")]
    MissingVariable {
        auth_type: &'static str,
        variable: &'static str,
    },

    #[error("{needed_by} needs {key}, which secret `{id}` does not have")]
    MissingKey {
        needed_by: String,
        id: String,
        key: SecretKey,
    },

    #[error("secret `{id}` cannot be read: {reason}")]
    Secret { id: String, reason: String },

    #[error("secret `{id}` is binary; wanted a JSON object as text")]
    BinarySecret { id: String },

    #[error("secret `{id}` is not a JSON object of texts")]
    SecretText { id: String },

    #[error("{location} has none of {names}")]
    NoStore {
        location: CertificatesLocation,
        names: String,
    },

    #[error("{object} cannot be read: {reason}")]
    Object { object: String, reason: String },

    #[error("{object} has more than {limit_bytes} bytes, too many for a store of certificates")]
    ObjectTooLarge { object: String, limit_bytes: usize },

    #[error("{object} {reason}")]
    Store { object: String, reason: String },

    #[error("no AWS credentials for a token: {reason}")]
    AwsCredentials { reason: String },

    #[error(transparent)]
    Signing(SigningError),

    #[error(
        "the region to sign for is not known: the brokers' names do not end with it, the function has none, and \
         msk_region is not set"
    )]
    NoRegion,
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
