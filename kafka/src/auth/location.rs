//! S3 location of certificates.

use std::fmt;
use std::str::FromStr;

/// Location `s3://bucket/prefix/`, with a prefix of any depth, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificatesLocation {
    bucket: String,
    /// Empty, or ends with a slash.
    prefix: String,
}

/// Not an `s3://bucket/prefix` location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidLocation;

impl CertificatesLocation {
    /// Accepted form, for errors.
    pub const WANTED: &'static str = "s3://bucket/prefix/";

    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// Prefix of the keys of all objects there: empty, or ends with a slash.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }
}

impl FromStr for CertificatesLocation {
    type Err = InvalidLocation;

    fn from_str(text: &str) -> Result<Self, InvalidLocation> {
        let path = text.strip_prefix("s3://").ok_or(InvalidLocation)?;
        let (bucket, prefix) = path.split_once('/').unwrap_or((path, ""));
        if bucket.is_empty() {
            return Err(InvalidLocation);
        }
        let prefix = prefix.trim_end_matches('/');
        let slash = if prefix.is_empty() { "" } else { "/" };
        Ok(Self {
            bucket: bucket.to_owned(),
            prefix: format!("{prefix}{slash}"),
        })
    }
}

impl fmt::Display for CertificatesLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_whole_prefix() {
        for (text, bucket, prefix) in [
            ("s3://certs/kafka/orders/eu/", "certs", "kafka/orders/eu/"),
            ("s3://certs/kafka/orders/eu", "certs", "kafka/orders/eu/"),
            ("s3://certs/kafka", "certs", "kafka/"),
            ("s3://certs/", "certs", ""),
            ("s3://certs", "certs", ""),
        ] {
            let location: CertificatesLocation = text.parse().unwrap();
            assert_eq!(
                (location.bucket.as_str(), location.prefix.as_str()),
                (bucket, prefix)
            );
        }
        for text in ["", "certs/kafka", "https://certs/kafka", "s3://", "s3:///kafka"] {
            assert_eq!(
                text.parse::<CertificatesLocation>(),
                Err(InvalidLocation),
                "{text}"
            );
        }
    }
}
