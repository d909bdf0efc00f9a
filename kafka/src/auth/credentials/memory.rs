use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use aws_credential_types::Credentials;
use zeroize::Zeroizing;

use crate::auth::credentials::CredentialStore;
use crate::auth::error::AuthError;
use crate::auth::secret::SecretText;
use crate::auth::token::{LoginToken, TokenEndpoint};
use crate::cluster::AssumedRole;

/// Credentials in this process, for tests; an empty store serves a cluster without authentication.
#[derive(Default)]
pub struct MemoryCredentialStore {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    secrets: BTreeMap<String, SecretText>,
    /// Contents by bucket and key.
    objects: BTreeMap<(String, String), Zeroizing<Vec<u8>>>,
    aws_credentials: Option<Credentials>,
    /// By the role's ARN.
    of_roles: BTreeMap<String, Credentials>,
    token: Option<LoginToken>,
    region: Option<String>,
    /// Calls in order: `secret a`, `list bucket/prefix`, `object bucket/key`, `credentials`, `credentials of arn`.
    asked: Vec<String>,
}

impl MemoryCredentialStore {
    pub fn new() -> Self {
        Self::default()
    }

    /// Stores a secret; replaces one of the same id.
    pub fn put_secret(&self, id: &str, text: &str) {
        self.state().secrets.insert(id.to_owned(), SecretText::new(text));
    }

    pub fn put_object(&self, bucket: &str, key: &str, content: &[u8]) {
        let place = (bucket.to_owned(), key.to_owned());
        self.state()
            .objects
            .insert(place, Zeroizing::new(content.to_vec()));
    }

    pub fn set_aws_credentials(&self, credentials: Credentials) {
        self.state().aws_credentials = Some(credentials);
    }

    pub fn set_role_credentials(&self, role_arn: &str, credentials: Credentials) {
        self.state().of_roles.insert(role_arn.to_owned(), credentials);
    }

    /// Sets the token that every client receives.
    pub fn set_token(&self, token: LoginToken) {
        self.state().token = Some(token);
    }

    pub fn set_region(&self, region: &str) {
        self.state().region = Some(region.to_owned());
    }

    /// Calls since the last call of this method, in order.
    pub fn take_asked(&self) -> Vec<String> {
        std::mem::take(&mut self.state().asked)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl CredentialStore for MemoryCredentialStore {
    async fn secret(&self, id: &str) -> Result<SecretText, AuthError> {
        let mut state = self.state();
        state.asked.push(format!("secret {id}"));
        state.secrets.get(id).cloned().ok_or_else(|| AuthError::Secret {
            id: id.to_owned(),
            reason: "the secret does not exist".into(),
        })
    }

    async fn list_keys(&self, bucket: &str, prefix: &str) -> Result<Vec<String>, AuthError> {
        let mut state = self.state();
        state.asked.push(format!("list {bucket}/{prefix}"));
        let keys = state.objects.keys();
        let keys = keys.filter(|(in_bucket, key)| in_bucket == bucket && key.starts_with(prefix));
        Ok(keys.map(|(_, key)| key.clone()).collect())
    }

    async fn object(
        &self,
        bucket: &str,
        key: &str,
        limit_bytes: usize,
    ) -> Result<Zeroizing<Vec<u8>>, AuthError> {
        let mut state = self.state();
        state.asked.push(format!("object {bucket}/{key}"));
        let place = (bucket.to_owned(), key.to_owned());
        match state.objects.get(&place) {
            Some(content) if content.len() > limit_bytes => Err(AuthError::ObjectTooLarge {
                object: format!("s3://{bucket}/{key}"),
                limit_bytes,
            }),
            Some(content) => Ok(content.clone()),
            None => Err(AuthError::Object {
                object: format!("s3://{bucket}/{key}"),
                reason: "the object does not exist".into(),
            }),
        }
    }

    async fn aws_credentials(&self, role: Option<&AssumedRole>) -> Result<Credentials, AuthError> {
        let mut state = self.state();
        let Some(role) = role else {
            state.asked.push("credentials".into());
            let credentials = state.aws_credentials.clone();
            return credentials.ok_or_else(|| AuthError::AwsCredentials {
                reason: "there are none".into(),
            });
        };
        state.asked.push(format!("credentials of {}", role.arn));
        let credentials = state.of_roles.get(&role.arn).cloned();
        credentials.ok_or_else(|| AuthError::Role {
            arn: role.arn.clone(),
            reason: "there is no such role".into(),
        })
    }

    async fn oauth_token(
        &self,
        endpoint: &TokenEndpoint,
        client_id: &SecretText,
        _client_secret: &SecretText,
    ) -> Result<LoginToken, AuthError> {
        let mut state = self.state();
        state
            .asked
            .push(format!("token of {} for {}", endpoint.url, client_id.expose()));
        let token = state.token.clone();
        token.ok_or_else(|| AuthError::TokenEndpoint {
            url: endpoint.url.clone(),
            reason: "there is no such client".into(),
        })
    }

    fn region(&self) -> Option<String> {
        self.state().region.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::credentials::conformance::{OBJECTS, SECRET_TEXT, check};

    #[tokio::test]
    async fn credentials_in_memory_are_given_by_the_rules() {
        let store = MemoryCredentialStore::new();
        store.put_secret("orders", SECRET_TEXT);
        store.put_object("other", "certs/missing.pem", b"of another bucket");
        for (key, content) in OBJECTS {
            store.put_object("certificates", key, content);
        }
        check(&store, "orders", "certificates").await;
    }
}
