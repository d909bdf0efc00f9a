//! MSK's IAM access control over SASL/OAUTHBEARER: the token is a request to the cluster's region, signed and never
//! sent.
//!
//! It is `GET https://kafka.<region>.amazonaws.com/?Action=kafka-cluster%3AConnect`, presigned with Signature Version 4
//! for the service `kafka-cluster`, then a `User-Agent` parameter that is not signed, all in unpadded base64url. A
//! wrong region, like wrong credentials, gives a token that the brokers refuse.

use std::fmt;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign};
use aws_sigv4::sign::v4;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

const SERVICE: &str = "kafka-cluster";
const ACTION: &str = "Action=kafka-cluster%3AConnect";
/// How long brokers accept a token; they allow no more.
const LIFETIME: Duration = Duration::from_secs(900);
/// What RFC 3986 leaves as it is.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What a client logs in with. Wiped when dropped; `Debug` shows nothing of it.
pub struct IamToken {
    text: Zeroizing<String>,
    expires: SystemTime,
}

impl IamToken {
    /// Signed at `now`. `client` is what the brokers' logs call the client.
    ///
    /// # Errors
    /// If the signature cannot be made.
    pub fn sign(
        credentials: &Credentials,
        region: &str,
        client: &str,
        now: SystemTime,
    ) -> Result<Self, SigningError> {
        let url = format!("https://kafka.{region}.amazonaws.com/?{ACTION}");
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(LIFETIME);
        let identity = credentials.clone().into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(SERVICE)
            .time(now)
            .settings(settings)
            .build()
            .map_err(SigningError::new)?
            .into();
        let request = SignableRequest::new("GET", url.as_str(), std::iter::empty(), SignableBody::Bytes(b""));
        let request = request.map_err(SigningError::new)?;
        let signed = sign(request, &params).map_err(SigningError::new)?;
        let mut url = Zeroizing::new(url);
        for (name, value) in signed.output().params() {
            url.push_str(&format!("&{name}={}", utf8_percent_encode(value, RESERVED)));
        }
        url.push_str(&format!("&User-Agent={}", utf8_percent_encode(client, RESERVED)));
        Ok(Self {
            text: Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(url.as_bytes())),
            expires: expiry(credentials, now),
        })
    }

    /// The token itself: for the client, never for a log or an error.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// When the token dies, or the credentials that signed it, whichever is sooner.
    pub fn expires(&self) -> SystemTime {
        self.expires
    }
}

impl fmt::Debug for IamToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("IamToken");
        shown.field("expires", &self.expires).finish_non_exhaustive()
    }
}

/// Why there is no signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a token cannot be signed: {reason}")]
pub struct SigningError {
    reason: String,
}

impl SigningError {
    fn new(error: impl fmt::Display) -> Self {
        Self {
            reason: error.to_string(),
        }
    }
}

/// The date in the signature has whole seconds.
fn expiry(credentials: &Credentials, now: SystemTime) -> SystemTime {
    let since_epoch = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let signed = SystemTime::UNIX_EPOCH + Duration::from_secs(since_epoch.as_secs());
    let expires = signed + LIFETIME;
    credentials.expiry().map_or(expires, |expiry| expiry.min(expires))
}

/// The region of an MSK cluster, from the names of its brokers: `….kafka.<region>.amazonaws.com`,
/// `….kafka-serverless.<region>.amazonaws.com`, each perhaps with `.cn`.
///
/// Only the end of a name counts: a cluster may be named after another region.
pub fn region_of_brokers(bootstrap_servers: &str) -> Option<&str> {
    bootstrap_servers.split(',').find_map(region_of_broker)
}

fn region_of_broker(broker: &str) -> Option<&str> {
    let broker = broker.trim();
    let host = broker.rsplit_once(':').map_or(broker, |(host, _)| host);
    let host = host
        .strip_suffix(".amazonaws.com")
        .or_else(|| host.strip_suffix(".amazonaws.com.cn"))?;
    let (cluster, region) = host.rsplit_once('.')?;
    let (_, service) = cluster.rsplit_once('.')?;
    matches!(service, "kafka" | "kafka-serverless").then_some(region)
}

#[cfg(test)]
mod tests;
