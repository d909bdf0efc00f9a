//! Tokens with which clients of OAUTHBEARER log in.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use crate::auth::secret::SecretText;

/// Token endpoint of an OAuth authorization server
/// ([client credentials](https://www.rfc-editor.org/rfc/rfc6749#section-4.4)).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TokenEndpoint {
    /// `http://` or `https://`.
    pub url: String,
    /// `scope` of the request, if the server requires one.
    pub scope: Option<String>,
}

/// Token and the end of its validity.
#[derive(Debug, Clone)]
pub struct LoginToken {
    pub text: SecretText,
    pub expires: SystemTime,
}

/// Pairs of key and value that a login sends with its token
/// ([RFC 7628](https://www.rfc-editor.org/rfc/rfc7628#section-3.1),
/// [KIP-342](https://cwiki.apache.org/confluence/display/KAFKA/KIP-342%3A+Add+support+for+Custom+SASL+extensions+in+OAuthBearer+authentication)).
/// The text form is Kafka's own: `key=value` pairs separated by commas.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SaslExtensions(Vec<(String, String)>);

/// Text that is not a list of SASL extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("wanted {}", SaslExtensions::WANTED)]
pub struct SaslExtensionsError;

impl SaslExtensions {
    /// Description of the accepted texts.
    pub const WANTED: &'static str = "key=value pairs separated by commas, such as logicalCluster=lkc-1; each key once, of \
                                      letters, not `auth`; values of visible ASCII characters and blanks";

    /// Key and value of each extension, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

impl FromStr for SaslExtensions {
    type Err = SaslExtensionsError;

    fn from_str(text: &str) -> Result<Self, SaslExtensionsError> {
        let mut extensions = Vec::<(String, String)>::new();
        for pair in text.split(',') {
            let (key, value) = pair.split_once('=').ok_or(SaslExtensionsError)?;
            let (key, value) = (key.trim(), value.trim());
            let is_key =
                !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphabetic()) && key != "auth";
            let is_value = !value.is_empty() && value.bytes().all(is_visible);
            if !is_key || !is_value || extensions.iter().any(|(known, _)| known == key) {
                return Err(SaslExtensionsError);
            }
            extensions.push((key.to_owned(), value.to_owned()));
        }
        Ok(Self(extensions))
    }
}

impl fmt::Display for SaslExtensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (key, value)) in self.iter().enumerate() {
            let separator = if place == 0 { "" } else { "," };
            write!(f, "{separator}{key}={value}")?;
        }
        Ok(())
    }
}

/// Whether a value may contain this byte; line breaks and tabs, which the RFC has too, are of no use in a setting.
pub(crate) fn is_visible(byte: u8) -> bool {
    (0x20..=0x7e).contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_are_pairs_in_their_order() {
        let text = "logicalCluster=lkc-1, identityPoolId = pool-a=b c";
        let extensions: SaslExtensions = text.parse().unwrap();
        let pairs: Vec<_> = extensions.iter().collect();
        assert_eq!(
            pairs,
            [("logicalCluster", "lkc-1"), ("identityPoolId", "pool-a=b c")]
        );
        assert_eq!(
            extensions.to_string(),
            "logicalCluster=lkc-1,identityPoolId=pool-a=b c"
        );
    }

    #[test]
    fn what_a_login_cannot_carry_is_refused() {
        for text in [
            "logicalCluster",
            "logicalCluster=",
            "=lkc-1",
            "logical-cluster=lkc-1",
            "auth=Bearer x",
            "a=1,a=2",
            "a=1,",
            "a=ü",
            "a=\u{1}b=2",
        ] {
            assert_eq!(text.parse::<SaslExtensions>(), Err(SaslExtensionsError), "{text}");
        }
    }
}
