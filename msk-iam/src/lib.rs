//! Tokens for MSK's IAM access control over SASL/OAUTHBEARER, in the form of
//! [aws-msk-iam-auth](https://github.com/aws/aws-msk-iam-auth): a request to the cluster's region that is
//! signed and never sent.
//!
//! The request is `GET https://kafka.<region>.amazonaws.com/?Action=kafka-cluster%3AConnect`, presigned with
//! [Signature Version 4](https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html) for
//! the service `kafka-cluster`, with an additional `User-Agent` parameter that is not signed, all in unpadded
//! base64url. The brokers reject a token for a wrong region, like one with wrong credentials.

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
/// Lifetime of a token, the longest that brokers accept.
const LIFETIME: Duration = Duration::from_secs(900);
/// Characters to escape: all but the unreserved ones of [RFC 3986, section
/// 2.3](https://www.rfc-editor.org/rfc/rfc3986#section-2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Token that a client logs in with. Wiped when dropped; `Debug` shows nothing of it.
pub struct IamToken {
    text: Zeroizing<String>,
    expires: SystemTime,
}

impl IamToken {
    /// Signs a token at `now`. `client` is the client's name in the brokers' logs.
    ///
    /// # Errors
    /// If the signature cannot be computed.
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

    /// Time at which the token or the credentials that signed it expire, whichever is sooner.
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

/// Reason why a token cannot be signed.
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

/// Expiry, truncated to seconds like the date in the signature.
fn expiry(credentials: &Credentials, now: SystemTime) -> SystemTime {
    let since_epoch = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let signed = SystemTime::UNIX_EPOCH + Duration::from_secs(since_epoch.as_secs());
    let expires = signed + LIFETIME;
    credentials.expiry().map_or(expires, |expiry| expiry.min(expires))
}

/// Region of an MSK cluster, from the names of its brokers: `….kafka.<region>.amazonaws.com`,
/// `….kafka-serverless.<region>.amazonaws.com`, either optionally followed by `.cn`.
///
/// Only the end of a name is used: the name of a cluster may contain another region.
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
