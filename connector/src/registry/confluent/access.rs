//! Credentials for a Confluent registry, and the certificates that the client trusts, from a secret.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::HeaderValue;
use serde::Deserialize;

use kafka::auth::secret::SecretText;

/// Credentials and trusted certificates for a registry.
#[derive(Debug, Default)]
pub(crate) struct RegistryAccess {
    /// Marked as sensitive.
    pub(crate) authorization: Option<HeaderValue>,
    /// Certificates in PEM of the authorities that the client trusts, in place of the system's.
    pub(crate) authorities: Option<String>,
}

/// The secret's JSON object; other keys are ignored.
#[derive(Default, Deserialize)]
#[serde(default)]
struct RegistrySecret {
    username: Option<SecretText>,
    password: Option<SecretText>,
    token: Option<SecretText>,
    ca_certificate: Option<String>,
}

/// Form of a valid secret, for errors.
pub(crate) const WANTED: &str =
    "a JSON object with username and password, or token, and perhaps ca_certificate in PEM";

impl RegistryAccess {
    /// `None` if the text is not [such a secret](WANTED).
    pub(crate) fn parse(text: &SecretText) -> Option<Self> {
        let secret: RegistrySecret = serde_json::from_str(text.expose()).ok()?;
        let header = match (&secret.username, &secret.password, &secret.token) {
            (Some(user), Some(password), None) => {
                let credentials = format!("{}:{}", user.expose(), password.expose());
                Some(format!("Basic {}", STANDARD.encode(credentials)))
            }
            (None, None, Some(token)) => Some(format!("Bearer {}", token.expose())),
            (None, None, None) => None,
            _ => return None,
        };
        let authorization = match header {
            Some(header) => {
                let mut header = HeaderValue::try_from(header).ok()?;
                header.set_sensitive(true);
                Some(header)
            }
            None => None,
        };
        Some(Self {
            authorization,
            authorities: secret.ca_certificate,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authorization(text: &str) -> Option<Option<String>> {
        let access = RegistryAccess::parse(&SecretText::new(text))?;
        assert!(!format!("{access:?}").contains("hunter2"));
        Some(
            access
                .authorization
                .map(|header| header.to_str().unwrap().to_owned()),
        )
    }

    #[test]
    fn reads_a_password_or_a_token() {
        for (text, wanted) in [
            (
                r#"{"username": "anna", "password": "hunter2"}"#,
                Some("Basic YW5uYTpodW50ZXIy"),
            ),
            (r#"{"token": "hunter2", "engine": 1}"#, Some("Bearer hunter2")),
            (r#"{"ca_certificate": "PEM"}"#, None),
        ] {
            assert_eq!(authorization(text), Some(wanted.map(str::to_owned)), "{text}");
        }
    }

    #[test]
    fn refuses_what_says_both_or_half() {
        for text in [
            "hunter2",
            r#"{"username": "anna"}"#,
            r#"{"username": "anna", "password": "hunter2", "token": "hunter2"}"#,
            r#"{"token": "hunter2\n"}"#,
        ] {
            assert_eq!(authorization(text), None, "{text}");
        }
    }
}
