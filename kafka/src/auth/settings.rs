//! Client settings of one cluster. Names and values are those of librdkafka's
//! [CONFIGURATION.md](https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use msk_iam::IamToken;
use tokio::sync::{Mutex, OnceCell};
use tokio::time::Instant;

use crate::auth::AuthType;
use crate::auth::certificates::{KeystoreFile, KeystoreFinder, KeystoreKind};
use crate::auth::credentials::CredentialStore;
use crate::auth::error::{AuthError, Credential};
use crate::auth::keystore::{self, KeystoreFormat, KeystorePasswords};
use crate::auth::secret::{KafkaSecret, SecretKey, SecretText};
use crate::auth::token::{LoginToken, TokenEndpoint};
use crate::cluster::Cluster;

/// Authentication of one cluster's clients. Reads no credentials until a client is made.
pub struct Authentication {
    cluster: Cluster,
    store: Arc<dyn CredentialStore>,
    /// Settings in use; the lock makes concurrent callers share one read.
    cached: Mutex<Option<Cached>>,
    /// Whether the cached settings failed to authenticate.
    is_stale: AtomicBool,
}

/// Names and values for librdkafka.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct AuthSettings(Vec<(&'static str, SecretText)>);

struct Cached {
    settings: Arc<AuthSettings>,
    read: Instant,
}

/// Name of the function in the brokers' logs.
const CLIENT: &str = "athena-connector";

/// Time for which the settings that were read are used for further clients, as in the Java SDK. An existing
/// client keeps its own.
const CACHED_FOR: Duration = Duration::from_secs(60);

impl Authentication {
    pub fn new(cluster: Cluster, store: Arc<dyn CredentialStore>) -> Self {
        Self {
            cluster,
            store,
            cached: Mutex::default(),
            is_stale: AtomicBool::new(false),
        }
    }

    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Settings of a new client.
    ///
    /// # Errors
    /// If a credential is missing or cannot be read.
    pub async fn settings(&self) -> Result<Arc<AuthSettings>, AuthError> {
        let mut cached = self.cached.lock().await;
        if self.is_stale.swap(false, Ordering::Relaxed) {
            *cached = None;
        }
        if let Some(cached) = cached
            .as_ref()
            .filter(|cached| cached.read.elapsed() < CACHED_FOR)
        {
            return Ok(Arc::clone(&cached.settings));
        }
        let settings = Arc::new(self.read().await?);
        *cached = Some(Cached {
            settings: Arc::clone(&settings),
            read: Instant::now(),
        });
        Ok(settings)
    }

    /// Discards the cached settings, because they failed to authenticate: the next client reads them again.
    pub fn forget(&self) {
        self.is_stale.store(true, Ordering::Relaxed);
    }

    /// Token with which a client of OAUTHBEARER logs in.
    pub async fn token(&self, now: SystemTime) -> Result<LoginToken, AuthError> {
        if self.cluster.auth_type.has_oauth_token() {
            return self.oauth_token().await;
        }
        let token = self.iam_token(now).await?;
        Ok(LoginToken {
            text: SecretText::new(token.expose()),
            expires: token.expires(),
        })
    }

    async fn oauth_token(&self) -> Result<LoginToken, AuthError> {
        let (endpoint, client_id, client_secret) = self.oauth_client(&LazySecret::new(self)).await?;
        self.store.oauth_token(endpoint, &client_id, &client_secret).await
    }

    /// Source of tokens, and the client id and client secret that it requires.
    async fn oauth_client(
        &self,
        secret: &LazySecret<'_>,
    ) -> Result<(&TokenEndpoint, SecretText, SecretText), AuthError> {
        let endpoint = self.cluster.token_endpoint.as_ref();
        let endpoint = endpoint.ok_or_else(|| self.missing(Credential::TokenEndpoint))?;
        let needed_by = || format!("`auth_type` {}", self.cluster.auth_type.name());
        let client_id = secret.require(SecretKey::ClientId, needed_by).await?;
        let client_secret = secret.require(SecretKey::ClientSecret, needed_by).await?;
        Ok((endpoint, client_id, client_secret))
    }

    /// Token for a client of `SASL_SSL_AWS_MSK_IAM`.
    async fn iam_token(&self, now: SystemTime) -> Result<IamToken, AuthError> {
        let region = self.signing_region()?;
        let credentials = self.store.aws_credentials(self.cluster.role.as_ref()).await?;
        let token = IamToken::sign(&credentials, &region, CLIENT, now);
        token.map_err(AuthError::Signing)
    }

    /// Region to sign for: of the settings, else of the brokers' names, else of the function.
    fn signing_region(&self) -> Result<String, AuthError> {
        let Cluster {
            signing_region,
            bootstrap_servers,
            ..
        } = &self.cluster;
        let of_brokers = || msk_iam::region_of_brokers(bootstrap_servers.as_deref()?).map(str::to_owned);
        let region = signing_region.clone().or_else(of_brokers);
        region.or_else(|| self.store.region()).ok_or(AuthError::NoRegion)
    }

    async fn read(&self) -> Result<AuthSettings, AuthError> {
        let auth_type = self.cluster.auth_type;
        let secret = LazySecret::new(self);
        let mut settings = AuthSettings::default();
        settings.set("security.protocol", auth_type.security_protocol());
        if let Some(mechanism) = auth_type.sasl_mechanism() {
            settings.set("sasl.mechanism", mechanism);
        }
        if auth_type.has_password() {
            let needed_by = || format!("`auth_type` {}", auth_type.name());
            settings.set_secret(
                "sasl.username",
                secret.require(SecretKey::Username, needed_by).await?,
            );
            settings.set_secret(
                "sasl.password",
                secret.require(SecretKey::Password, needed_by).await?,
            );
        }
        if auth_type.has_oauth_token() {
            // A missing setting is reported here by its name, and not by a client without a token.
            self.oauth_client(&secret).await?;
        }
        if auth_type.is_encrypted() {
            self.read_certificates(&secret, &mut settings).await?;
        }
        Ok(settings)
    }

    async fn read_certificates(
        &self,
        secret: &LazySecret<'_>,
        settings: &mut AuthSettings,
    ) -> Result<(), AuthError> {
        // The default, but set explicitly: without it verification has no effect.
        settings.set("ssl.endpoint.identification.algorithm", "https");
        let Some(location) = &self.cluster.certificates else {
            if self.cluster.auth_type == AuthType::Ssl {
                return Err(self.missing(Credential::Certificates));
            }
            settings.trust_public_authorities();
            return Ok(());
        };
        let stores = KeystoreFinder::list(location, self.store.as_ref()).await?;
        if self.cluster.auth_type != AuthType::Ssl {
            let file = stores.require(KeystoreKind::Trust).await?;
            return settings.trust(&file, secret).await;
        }
        let file = stores.require(KeystoreKind::Key).await?;
        let mut passwords = secret.store_passwords(&file, SecretKey::KeystorePassword).await?;
        passwords.key = secret.get(SecretKey::SslKeyPassword).await?;
        let client = keystore::client_certificate(&file, &passwords)?;
        settings.set("ssl.certificate.pem", &client.chain);
        settings.set_secret("ssl.key.pem", client.key);
        if let Some(password) = client.key_password {
            settings.set_secret("ssl.key.password", password);
        }
        match stores.find(KeystoreKind::Trust).await? {
            Some(file) => settings.trust(&file, secret).await,
            None => {
                settings.trust_public_authorities();
                Ok(())
            }
        }
    }

    fn missing(&self, credential: Credential) -> AuthError {
        AuthError::Missing {
            auth_type: self.cluster.auth_type.name(),
            credential,
        }
    }
}

impl AuthSettings {
    /// Names and values, secrets included: for the client only.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.expose()))
    }

    /// Value of one name, secret or not.
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut found = self.iter().filter(|(each, _)| *each == name);
        found.next().map(|(_, value)| value)
    }

    fn set(&mut self, name: &'static str, value: &str) {
        self.set_secret(name, SecretText::new(value));
    }

    fn set_secret(&mut self, name: &'static str, value: SecretText) {
        self.0.push((name, value));
    }

    async fn trust(&mut self, file: &KeystoreFile, secret: &LazySecret<'_>) -> Result<(), AuthError> {
        let passwords = secret
            .store_passwords(file, SecretKey::TruststorePassword)
            .await?;
        self.set("ssl.ca.pem", &keystore::trusted_certificates(file, &passwords)?);
        Ok(())
    }

    /// Trusts the system's authorities. OpenSSL is linked statically and does not know their location, so
    /// librdkafka searches for them.
    fn trust_public_authorities(&mut self) {
        self.set("ssl.ca.location", "probe");
    }
}

/// Secret of the cluster, read once, when it is first needed.
struct LazySecret<'a> {
    authentication: &'a Authentication,
    secret: OnceCell<KafkaSecret>,
}

impl<'a> LazySecret<'a> {
    fn new(authentication: &'a Authentication) -> Self {
        Self {
            authentication,
            secret: OnceCell::new(),
        }
    }

    fn id(&self) -> Option<&'a str> {
        self.authentication.cluster.secret_id.as_deref()
    }

    /// Text under a key; also `None` if the cluster has no secret.
    async fn get(&self, key: SecretKey) -> Result<Option<SecretText>, AuthError> {
        let Some(id) = self.id() else {
            return Ok(None);
        };
        let read = async || {
            let text = self.authentication.store.secret(id).await?;
            KafkaSecret::parse(&text).ok_or_else(|| AuthError::SecretText { id: id.to_owned() })
        };
        let secret = self.secret.get_or_try_init(read).await?;
        Ok(secret.get(key).cloned())
    }

    /// # Errors
    /// Also if the key or the secret is missing; the error names what needs it.
    async fn require(&self, key: SecretKey, needed_by: impl Fn() -> String) -> Result<SecretText, AuthError> {
        let Some(id) = self.id() else {
            return Err(self.authentication.missing(Credential::Secret));
        };
        self.get(key).await?.ok_or_else(|| AuthError::MissingKey {
            needed_by: needed_by(),
            id: id.to_owned(),
            key,
        })
    }

    /// Passwords of the store, if its format has any.
    async fn store_passwords(
        &self,
        file: &KeystoreFile,
        key: SecretKey,
    ) -> Result<KeystorePasswords, AuthError> {
        if !KeystoreFormat::of(file)?.needs_password() {
            return Ok(KeystorePasswords::default());
        }
        let store = self.require(key, || file.name.clone()).await?;
        Ok(KeystorePasswords {
            store: Some(store),
            key: None,
        })
    }
}

#[cfg(test)]
mod tests;
