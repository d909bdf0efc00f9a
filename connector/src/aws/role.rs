//! Sessions of assumed roles, for MSK clusters and Glue registries of other accounts.
//!
//! Needs the action `sts:AssumeRole` on the role, which must trust the function's own.

use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use tokio::sync::{Mutex, OnceCell};

use crate::aws::sdk::{retries, timeouts};
use kafka::AssumedRole;
use spill::causes;

/// Name of sessions where the settings have none, for logs on the other side.
const SESSION_NAME: &str = "athena-connector";
/// A session is renewed when it is good for no longer than this: a token of MSK is good for 15 minutes, and no longer than
/// the session.
const RENEWED_BEFORE: Duration = Duration::from_secs(15 * 60);
const MAX_ATTEMPTS: u32 = 3;

/// `sdk`, with the sessions of `role` in place of the credentials that it has. Touches no network.
pub(crate) fn assume(sdk: &SdkConfig, role: &AssumedRole) -> SdkConfig {
    let provider = SharedCredentialsProvider::new(RoleSession::new(sdk, role));
    sdk.to_builder().credentials_provider(provider).build()
}

/// The session of one role, kept until shortly before it ends.
#[derive(Debug)]
pub(crate) struct RoleSession {
    sdk: SdkConfig,
    role: AssumedRole,
    provider: OnceCell<AssumeRoleProvider>,
    kept: Mutex<Option<Credentials>>,
}

/// Failure of STS to return a session.
#[derive(Debug, thiserror::Error)]
#[error("role `{arn}` cannot be assumed: {reason}")]
pub(crate) struct RoleError {
    arn: String,
    pub(crate) reason: String,
}

impl RoleSession {
    /// Session of `role`, assumed with the credentials of `sdk`.
    pub(crate) fn new(sdk: &SdkConfig, role: &AssumedRole) -> Self {
        let sdk = sdk
            .to_builder()
            .timeout_config(timeouts())
            .retry_config(retries(MAX_ATTEMPTS));
        Self {
            sdk: sdk.build(),
            role: role.clone(),
            provider: OnceCell::new(),
            kept: Mutex::default(),
        }
    }

    /// # Errors
    /// The error of STS, with the role's ARN.
    pub(crate) async fn credentials(&self) -> Result<Credentials, RoleError> {
        let mut kept = self.kept.lock().await;
        let is_good = |credentials: &&Credentials| {
            credentials
                .expiry()
                .is_none_or(|expiry| expiry > SystemTime::now() + RENEWED_BEFORE)
        };
        if let Some(credentials) = kept.as_ref().filter(is_good) {
            return Ok(credentials.clone());
        }
        let provider = self.provider.get_or_init(|| self.provider()).await;
        match provider.provide_credentials().await {
            Ok(credentials) => Ok(kept.insert(credentials).clone()),
            Err(error) => Err(RoleError {
                arn: self.role.arn.clone(),
                reason: causes(&error),
            }),
        }
    }

    async fn provider(&self) -> AssumeRoleProvider {
        let AssumedRole {
            arn,
            external_id,
            session_name,
        } = &self.role;
        let mut provider = AssumeRoleProvider::builder(arn)
            .session_name(session_name.as_deref().unwrap_or(SESSION_NAME))
            .configure(&self.sdk);
        if let Some(external_id) = external_id {
            provider = provider.external_id(external_id);
        }
        match self.sdk.credentials_provider() {
            Some(own) => provider.build_from_provider(own).await,
            None => provider.build().await,
        }
    }
}

impl ProvideCredentials for RoleSession {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let credentials = async { self.credentials().await.map_err(CredentialsError::provider_error) };
        future::ProvideCredentials::new(credentials)
    }
}
