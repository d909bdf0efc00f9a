//! Secret texts, and the secret that holds a cluster's passwords.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, Unexpected, Visitor};
use zeroize::Zeroizing;

/// Password, key or token. Wiped when dropped; `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself: for the client and for decryption, never for a log or an error.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<Zeroizing<String>> for SecretText {
    fn from(text: Zeroizing<String>) -> Self {
        Self(text)
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(***)")
    }
}

/// Reads a number as its digits, as the Java connector does.
impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ScalarVisitor;

        impl Visitor<'_> for ScalarVisitor {
            type Value = SecretText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<SecretText, E> {
                Ok(SecretText::new(text))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<SecretText, E> {
                Ok(SecretText::new(number.to_string()))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<SecretText, E> {
                Ok(SecretText::new(number.to_string()))
            }

            fn visit_f64<E: de::Error>(self, _: f64) -> Result<SecretText, E> {
                Err(E::invalid_type(Unexpected::Other("a fraction"), &self))
            }
        }

        deserializer.deserialize_any(ScalarVisitor)
    }
}

/// Content of a cluster's secret: a JSON object, whose other keys are ignored.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct KafkaSecret {
    username: Option<SecretText>,
    password: Option<SecretText>,
    truststore_password: Option<SecretText>,
    keystore_password: Option<SecretText>,
    ssl_key_password: Option<SecretText>,
}

/// Key of the secret's JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKey {
    Username,
    Password,
    TruststorePassword,
    KeystorePassword,
    SslKeyPassword,
}

impl KafkaSecret {
    /// Reads a secret's text; `None` if it is not a JSON object of texts. The parser's error is dropped,
    /// since it may quote the secret.
    pub fn parse(text: &SecretText) -> Option<Self> {
        serde_json::from_str(text.expose()).ok()
    }

    pub fn get(&self, key: SecretKey) -> Option<&SecretText> {
        match key {
            SecretKey::Username => self.username.as_ref(),
            SecretKey::Password => self.password.as_ref(),
            SecretKey::TruststorePassword => self.truststore_password.as_ref(),
            SecretKey::KeystorePassword => self.keystore_password.as_ref(),
            SecretKey::SslKeyPassword => self.ssl_key_password.as_ref(),
        }
    }
}

impl fmt::Display for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Username => "username",
            Self::Password => "password",
            Self::TruststorePassword => "truststore_password",
            Self::KeystorePassword => "keystore_password",
            Self::SslKeyPassword => "ssl_key_password",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<KafkaSecret> {
        KafkaSecret::parse(&SecretText::new(text))
    }

    #[test]
    fn reads_javas_keys_and_passes_over_others() {
        let secret = parse(
            r#"{"username": "anna", "password": "a\"b\\c", "truststore_password": "t", "keystore_password": "k",
                "ssl_key_password": 123456, "engine": {"a": [1]}, "port": 5432}"#,
        )
        .unwrap();
        for (key, wanted) in [
            (SecretKey::Username, "anna"),
            (SecretKey::Password, "a\"b\\c"),
            (SecretKey::TruststorePassword, "t"),
            (SecretKey::KeystorePassword, "k"),
            (SecretKey::SslKeyPassword, "123456"),
        ] {
            assert_eq!(secret.get(key).map(SecretText::expose), Some(wanted), "{key}");
        }
        assert_eq!(
            parse(r#"{"password": null}"#).unwrap().get(SecretKey::Password),
            None
        );
    }

    #[test]
    fn only_an_object_of_texts_is_a_secret() {
        for text in [
            "hunter2",
            r#""hunter2""#,
            r#"{"password": ["hunter2"]}"#,
            r#"{"password": "hunter2""#,
        ] {
            assert!(parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn shows_nothing() {
        let secret = parse(r#"{"username": "anna", "password": "hunter2"}"#).unwrap();
        let shown = format!("{secret:?} {:?}", secret.get(SecretKey::Password));
        assert!(!shown.contains("anna") && !shown.contains("hunter2"), "{shown}");
    }
}
