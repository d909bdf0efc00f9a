//! `auth_type`: how the client proves who it is.
//!
//! The names are the Java connector's. Each type becomes a set of librdkafka settings here, and
//! nowhere else does the code know which one is in use.

use std::str::FromStr;

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

    /// The client settings of this type, secrets included: never log them.
    ///
    /// # Errors
    /// Every type but `NO_AUTH` is a known name without support.
    pub fn client_settings(self) -> Result<Vec<(&'static str, String)>, AuthTypeError> {
        match self {
            Self::NoAuth => Ok(vec![("security.protocol", "PLAINTEXT".to_owned())]),
            other => Err(AuthTypeError::Unsupported { name: other.name() }),
        }
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
    #[error("`auth_type` {name} is not supported by this version of the connector; NO_AUTH is")]
    Unsupported { name: &'static str },
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
        let settings = AuthType::NoAuth.client_settings().unwrap();
        assert_eq!(settings, [("security.protocol", "PLAINTEXT".to_owned())]);
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones() {
        let error = "KERBEROS".parse::<AuthType>().unwrap_err().to_string();
        assert!(
            error.contains("`KERBEROS`") && error.contains("NO_AUTH, SASL_SSL_AWS_MSK_IAM"),
            "{error}"
        );
    }

    #[test]
    fn a_known_name_without_support_says_so() {
        let error = AuthType::SaslSslPlain.client_settings().unwrap_err().to_string();
        assert!(error.contains("SASL_SSL_PLAIN is not supported"), "{error}");
    }
}
