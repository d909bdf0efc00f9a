//! Authentication to the brokers.

use std::error::Error;
use std::str::FromStr;
use std::time::SystemTime;

use aws_config::BehaviorVersion;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use msk_iam::{IamToken, SigningError};
use rdkafka::ClientConfig;
use rdkafka::client::OAuthToken;
use tokio::runtime::Handle;

/// Name of the client in the brokers' logs.
pub(crate) const CLIENT: &str = "orders";

/// Authentication type, with the names of the connector's `auth_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Auth {
    /// `NO_AUTH`: plain TCP without authentication.
    #[default]
    NoAuth,
    /// `SASL_SSL_AWS_MSK_IAM`: TLS, and tokens signed with the AWS credentials of the environment.
    SaslSslAwsMskIam,
}

impl Auth {
    const ALL: [Self; 2] = [Self::NoAuth, Self::SaslSslAwsMskIam];

    /// Name as documented.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoAuth => "NO_AUTH",
            Self::SaslSslAwsMskIam => "SASL_SSL_AWS_MSK_IAM",
        }
    }

    /// Sets the client properties of this type. `ca_location` has the trusted authorities; `None` for those
    /// of the system.
    pub(crate) fn apply(self, ca_location: Option<&str>, config: &mut ClientConfig) {
        match self {
            Self::NoAuth => config.set("security.protocol", "plaintext"),
            Self::SaslSslAwsMskIam => config
                .set("security.protocol", "sasl_ssl")
                .set("sasl.mechanism", "OAUTHBEARER")
                // OpenSSL is linked statically and does not know their location, so librdkafka searches for
                // them.
                .set("ssl.ca.location", ca_location.unwrap_or("probe")),
        };
    }
}

impl FromStr for Auth {
    type Err = UnknownAuth;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|auth| auth.name() == text);
        known.ok_or_else(|| UnknownAuth {
            found: text.to_owned(),
        })
    }
}

/// Unknown authentication type.
#[derive(Debug, thiserror::Error)]
#[error("auth type of the producer: wanted {}, found {found:?}", Auth::ALL.map(Auth::name).join(" or "))]
pub struct UnknownAuth {
    found: String,
}

/// Source of tokens for clients of [`Auth::SaslSslAwsMskIam`].
pub(crate) struct Tokens {
    credentials: SharedCredentialsProvider,
    region: String,
    /// Runtime on which credentials are read: callbacks run on threads that may block.
    runtime: Handle,
}

impl Tokens {
    /// `None` if the type needs no tokens. Reads the credentials once, to check that they exist. Tokens are
    /// for `msk_region`; without it for the region of the brokers' names, then the environment's.
    pub(crate) async fn of(
        auth: Auth,
        msk_region: Option<&str>,
        bootstrap_servers: &str,
    ) -> Result<Option<Self>, LoginError> {
        if auth != Auth::SaslSslAwsMskIam {
            return Ok(None);
        }
        // Not the default chain, which then asks the instance metadata service: it does not exist in Lambda.
        let region = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
            .or_else(ProfileFileRegionProvider::new());
        let aws = aws_config::defaults(BehaviorVersion::latest());
        let aws = aws.region(region).load().await;
        let tokens = Self {
            credentials: aws.credentials_provider().ok_or(LoginError::NoProvider)?,
            region: signing_region(msk_region, bootstrap_servers, || {
                aws.region().map(ToString::to_string)
            })?,
            runtime: Handle::current(),
        };
        tokens.sign().await?;
        Ok(Some(tokens))
    }

    pub(crate) async fn sign(&self) -> Result<IamToken, LoginError> {
        let credentials = self.credentials.provide_credentials().await;
        let credentials = credentials.map_err(|error| LoginError::Credentials(causes(&error)))?;
        Ok(IamToken::sign(
            &credentials,
            &self.region,
            CLIENT,
            SystemTime::now(),
        )?)
    }

    /// Token for a callback of librdkafka.
    pub(crate) fn oauth_token(&self) -> Result<OAuthToken, Box<dyn Error>> {
        let token = self.runtime.block_on(self.sign())?;
        Ok(OAuthToken {
            token: token.expose().to_owned(),
            // The brokers take the principal from the token.
            principal_name: CLIENT.to_owned(),
            lifetime_ms: lifetime_ms(&token)?,
        })
    }
}

/// Expiry of a token for librdkafka, in milliseconds since 1970.
pub(crate) fn lifetime_ms(token: &IamToken) -> Result<i64, Box<dyn Error>> {
    let since_epoch = token.expires().duration_since(SystemTime::UNIX_EPOCH)?;
    Ok(i64::try_from(since_epoch.as_millis())?)
}

/// Region to sign for: of the configuration, else of the brokers' names, else of the environment.
fn signing_region(
    configured: Option<&str>,
    bootstrap_servers: &str,
    own: impl FnOnce() -> Option<String>,
) -> Result<String, LoginError> {
    let region = configured.or_else(|| msk_iam::region_of_brokers(bootstrap_servers));
    let region = region.map(str::to_owned).or_else(own);
    region.ok_or(LoginError::NoRegion)
}

/// Text of the error and of its causes, outermost first.
fn causes(error: &(dyn Error + 'static)) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {}", causes(cause)),
        None => error.to_string(),
    }
}

/// Reason why the client has no credentials.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    #[error("no AWS credentials for a token: {0}")]
    Credentials(String),
    #[error("no AWS credentials for a token: the SDK has no credentials provider")]
    NoProvider,
    #[error(
        "the region to sign for is unknown: the brokers' names do not end with it, the environment names none, \
         and MSK_REGION is not set"
    )]
    NoRegion,
    #[error(transparent)]
    Signing(#[from] SigningError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_auth_type_it_does_not_know() {
        for auth in Auth::ALL {
            assert_eq!(auth.name().parse::<Auth>().unwrap(), auth);
        }
        let error = "SCRAM".parse::<Auth>().unwrap_err().to_string();
        assert!(
            error.ends_with("wanted NO_AUTH or SASL_SSL_AWS_MSK_IAM, found \"SCRAM\""),
            "{error}"
        );
    }

    #[test]
    fn signs_for_the_region_that_is_said_before_the_brokers_before_its_own() {
        let brokers = "b-1.o.a1.c2.kafka.eu-west-3.amazonaws.com:9098";
        let own = || Some("us-east-1".to_owned());
        let region = |configured, brokers| signing_region(configured, brokers, own).unwrap();
        assert_eq!(region(Some("eu-central-1"), brokers), "eu-central-1");
        assert_eq!(region(None, brokers), "eu-west-3");
        assert_eq!(region(None, "localhost:9098"), "us-east-1");
        assert!(matches!(
            signing_region(None, "localhost:9098", || None),
            Err(LoginError::NoRegion)
        ));
    }

    #[test]
    fn believes_the_systems_authorities_unless_told_whom() {
        let trusted = |ca_location| {
            let mut config = ClientConfig::new();
            Auth::SaslSslAwsMskIam.apply(ca_location, &mut config);
            config.get("ssl.ca.location").map(str::to_owned)
        };
        assert_eq!(trusted(None).as_deref(), Some("probe"));
        assert_eq!(trusted(Some("/opt/ca.pem")).as_deref(), Some("/opt/ca.pem"));
    }
}
