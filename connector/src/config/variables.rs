//! Texts of variables: those of the environment, which take precedence over a Glue connection, with secrets
//! inserted.
//!
//! `${name}` in a value is replaced by the text of that secret of Secrets Manager; the inserted text is not
//! expanded again. A secret that is a JSON object with `username` and `password`, in any case, is inserted as
//! `username:password`. In a URL both are percent-encoded.

use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::config::error::ConfigError;
use crate::config::{Config, SCHEMA_REGISTRY_URL};
use kafka::auth::credentials::CredentialStore;
use kafka::auth::secret::SecretText;

/// Values by name; blank ones count as absent. `Debug` hides them: values may have come from secrets.
#[derive(Clone, Default)]
pub struct Variables {
    texts: BTreeMap<String, String>,
    /// Names of variables whose value came from a secret.
    secret: BTreeSet<String>,
}

impl Variables {
    /// Variables of the environment that the connector reads.
    pub fn from_env() -> Self {
        let read = |name: String| Some((name.clone(), std::env::var(name).ok()?));
        Self::new(Config::variables().into_iter().filter_map(read))
    }

    pub fn new(texts: impl IntoIterator<Item = (String, String)>) -> Self {
        let texts = texts.into_iter().filter(|(_, text)| !text.trim().is_empty());
        Self {
            texts: texts.collect(),
            secret: BTreeSet::new(),
        }
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.texts.keys().map(String::as_str)
    }

    /// Variables with another text for `name`; a blank text changes nothing.
    #[must_use]
    pub fn with(self, name: &str, text: &str) -> Self {
        let mut given = Self::new([(name.to_owned(), text.to_owned())]);
        if given.texts.is_empty() {
            return self;
        }
        given = given.over(self.texts);
        given.secret = self.secret;
        given.secret.remove(name);
        given
    }

    /// Variables without the listed ones.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.texts.remove(name);
        self.secret.remove(name);
        self
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(|text| text.trim())
    }

    /// These variables, completed by those of `others` that are not set here.
    pub(crate) fn over(mut self, others: BTreeMap<String, String>) -> Self {
        for (name, text) in Self::new(others).texts {
            self.texts.entry(name).or_insert(text);
        }
        self
    }

    pub(crate) fn name_secrets(&self) -> bool {
        self.texts.values().any(|text| references(text).next().is_some())
    }

    /// Replaces names of secrets by their texts. Each secret is read once.
    pub(crate) async fn with_secrets(mut self, store: &dyn CredentialStore) -> Result<Self, ConfigError> {
        let mut secrets: BTreeMap<String, SecretText> = BTreeMap::new();
        for (variable, text) in &mut self.texts {
            for secret in references(text) {
                if !secrets.contains_key(secret) {
                    let found = store.secret(secret).await.map_err(|error| ConfigError::Secret {
                        variable: variable.clone(),
                        reason: error.to_string(),
                    })?;
                    secrets.insert(secret.to_owned(), found);
                }
            }
            if references(text).next().is_some() {
                *text = replace(text, &secrets, variable == SCHEMA_REGISTRY_URL);
                self.secret.insert(variable.clone());
            }
        }
        Ok(self)
    }

    /// # Errors
    /// As [`Config::from_vars`], but without the content of a secret.
    pub fn config(&self) -> Result<Config, ConfigError> {
        let config = Config::from_vars(|name| self.texts.get(name).cloned());
        config.map_err(|error| match self.secret.get(error.variable()) {
            Some(variable) => ConfigError::SecretValue {
                variable: variable.clone(),
            },
            None => error,
        })
    }
}

const OPENS: &str = "${";

/// Names of secrets in `text`, in order.
fn references(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let (_, after) = rest.split_once(OPENS)?;
            rest = after;
            if let Some((name, after)) = after.split_once('}')
                && is_secret_name(name)
            {
                rest = after;
                return Some(name);
            }
        }
    })
}

/// Whether `name` consists of the characters that names of secrets may have.
fn is_secret_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-/_.+=@".contains(&byte))
}

fn replace(text: &str, secrets: &BTreeMap<String, SecretText>, is_url: bool) -> String {
    let mut replaced = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(OPENS) {
        replaced.push_str(before);
        let named = after.split_once('}');
        match named.and_then(|(name, after)| Some((secrets.get(name)?, after))) {
            Some((secret, after)) => {
                replaced.push_str(&put_in(secret.expose(), is_url));
                rest = after;
            }
            None => {
                replaced.push_str(OPENS);
                rest = after;
            }
        }
    }
    replaced + rest
}

fn put_in(secret: &str, is_url: bool) -> String {
    let encoded = |text: &str| match is_url {
        true => utf8_percent_encode(text, NON_ALPHANUMERIC).to_string(),
        false => text.to_owned(),
    };
    match user_and_password(secret) {
        Some((user, password)) => format!("{}:{}", encoded(&user), encoded(&password)),
        None => secret.to_owned(),
    }
}

fn user_and_password(secret: &str) -> Option<(String, String)> {
    let object: BTreeMap<String, serde_json::Value> = serde_json::from_str(secret).ok()?;
    let text = |wanted: &str| {
        let (_, value) = object.iter().find(|(key, _)| key.eq_ignore_ascii_case(wanted))?;
        value.as_str().map(str::to_owned)
    };
    Some((text("username")?, text("password")?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kafka::auth::credentials::memory::MemoryCredentialStore;

    fn variables(texts: &[(&str, &str)]) -> Variables {
        Variables::new(
            texts
                .iter()
                .map(|(name, text)| ((*name).to_owned(), (*text).to_owned())),
        )
    }

    fn store() -> MemoryCredentialStore {
        let store = MemoryCredentialStore::new();
        store.put_secret("plain", "b-1:9092");
        store.put_secret(
            "team/registry",
            r#"{"Username": "anna", "PASSWORD": "p@ss/word"}"#,
        );
        store.put_secret("nested", "${plain}");
        store
    }

    async fn resolved(name: &str, text: &str) -> Result<String, ConfigError> {
        let resolved = variables(&[(name, text)]).with_secrets(&store()).await?;
        Ok(resolved.get(name).unwrap().to_owned())
    }

    #[tokio::test]
    async fn secrets_are_put_in_where_they_are_named() {
        for (text, wanted) in [
            ("${plain}", "b-1:9092"),
            ("${plain},${plain}", "b-1:9092,b-1:9092"),
            ("a${nested}b", "a${plain}b"),
            ("x-${team/registry}", "x-anna:p@ss/word"),
            ("${un closed", "${un closed"),
            ("${not a name} ${plain}", "${not a name} b-1:9092"),
            ("$plain {plain} ${}", "$plain {plain} ${}"),
        ] {
            assert_eq!(resolved("kafka_endpoint", text).await.as_deref(), Ok(wanted));
        }
    }

    #[tokio::test]
    async fn a_password_in_a_url_is_encoded() {
        let url = resolved("schema_registry_url", "https://${team/registry}@registry:8081").await;
        assert_eq!(url.as_deref(), Ok("https://anna:p%40ss%2Fword@registry:8081"));
    }

    #[tokio::test]
    async fn a_secret_is_asked_for_once_and_only_if_it_is_named() {
        let store = store();
        let named = variables(&[
            ("kafka_endpoint", "${plain}"),
            ("spill_bucket", "${plain}-${nested}"),
        ]);
        assert!(named.name_secrets());
        named.with_secrets(&store).await.unwrap();
        assert_eq!(store.take_asked(), ["secret plain", "secret nested"]);
        assert!(!variables(&[("kafka_endpoint", "b-1:9092")]).name_secrets());
    }

    #[tokio::test]
    async fn an_unknown_secret_is_an_error_that_names_the_variable() {
        let error = resolved("kafka_endpoint", "${gone}")
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("environment variable kafka_endpoint: ") && error.contains("gone"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn an_error_shows_nothing_of_a_secret() {
        for variable in [
            "isolation_level",
            "auth_type",
            "kafka_clusters",
            "max_records_per_split",
        ] {
            let resolved = variables(&[(variable, "${plain}"), ("on_tombstone", "null")]);
            let resolved = resolved.with_secrets(&store()).await.unwrap();
            let error = resolved.config().unwrap_err();
            assert_eq!(
                error,
                ConfigError::SecretValue {
                    variable: variable.to_owned()
                }
            );
        }
    }

    #[test]
    fn a_given_text_takes_the_place_of_another_unless_it_is_blank() {
        let one = variables(&[("kafka_endpoint", "a:9092"), ("auth_type", "SSL")]);
        let given = one.with("kafka_endpoint", "b:9092").with("auth_type", " ");
        assert_eq!(
            (given.get("kafka_endpoint"), given.get("auth_type")),
            (Some("b:9092"), Some("SSL"))
        );
    }

    #[test]
    fn the_environment_goes_before_a_connection_unless_it_is_blank() {
        let connection = [
            ("kafka_endpoint", "c:9092"),
            ("auth_type", "SSL"),
            ("spill_bucket", "c"),
        ];
        let connection = connection.map(|(name, text)| (name.to_owned(), text.to_owned()));
        let both = variables(&[("kafka_endpoint", "e:9092"), ("auth_type", " ")]).over(connection.into());
        let of = |name| both.get(name);
        assert_eq!(
            (of("kafka_endpoint"), of("auth_type"), of("spill_bucket")),
            (Some("e:9092"), Some("SSL"), Some("c"))
        );
    }
}
