//! Where certificates lie in S3: the reference, and the trust store and key store found by name under it.
//!
//! A store is an object directly under the reference, called `kafka.client.truststore` or `kafka.client.keystore` with
//! one of the extensions `.jks`, `.p12`, `.pfx` and `.pem`; of several the first in this order. Its content, not its
//! extension, says which format it has ([`super::keystore`]).

use std::fmt;
use std::str::FromStr;

use zeroize::Zeroizing;

use super::AuthError;
use super::store::CredentialStore;

/// `s3://bucket/prefix/`, with a prefix of any depth, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificatesLocation {
    bucket: String,
    /// Empty, or ends with a slash.
    prefix: String,
}

/// Not one: no bucket, or not S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidLocation;

impl CertificatesLocation {
    /// What is accepted, for errors.
    pub(crate) const WANTED: &'static str = "s3://bucket/prefix/";
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

/// Which of the two stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreKind {
    /// Whom the client believes.
    Trust,
    /// Who the client is.
    Key,
}

/// What all names of stores begin with.
const STEM: &str = "kafka.client.";
const EXTENSIONS: [&str; 4] = ["jks", "p12", "pfx", "pem"];
/// Java's `cacerts` has 0.2 MB.
const MAX_STORE_BYTES: usize = 4 << 20;

impl StoreKind {
    /// The names it may have, the first before the others.
    fn names(self) -> [String; EXTENSIONS.len()] {
        let kind = match self {
            Self::Trust => "truststore",
            Self::Key => "keystore",
        };
        EXTENSIONS.map(|extension| format!("{STEM}{kind}.{extension}"))
    }
}

/// A store as it lies in S3.
pub struct StoreFile {
    /// `s3://bucket/key`.
    pub name: String,
    pub content: Zeroizing<Vec<u8>>,
}

/// The stores under one location.
pub struct StoreFinder<'a> {
    location: &'a CertificatesLocation,
    store: &'a dyn CredentialStore,
    keys: Vec<String>,
}

impl<'a> StoreFinder<'a> {
    /// Lists what is there.
    pub async fn list(
        location: &'a CertificatesLocation,
        store: &'a dyn CredentialStore,
    ) -> Result<Self, AuthError> {
        // With the stem, so that nothing beside the stores is listed, however full the bucket is.
        let prefix = format!("{}{STEM}", location.prefix);
        let keys = store.list_keys(&location.bucket, &prefix).await?;
        Ok(Self {
            location,
            store,
            keys,
        })
    }

    /// Fetches the store of this kind, if there is one.
    pub async fn find(&self, kind: StoreKind) -> Result<Option<StoreFile>, AuthError> {
        let CertificatesLocation { bucket, prefix } = self.location;
        let mut wanted = kind.names().into_iter().map(|name| format!("{prefix}{name}"));
        let Some(key) = wanted.find(|key| self.keys.contains(key)) else {
            return Ok(None);
        };
        let content = self.store.object(bucket, &key, MAX_STORE_BYTES).await?;
        Ok(Some(StoreFile {
            name: format!("s3://{bucket}/{key}"),
            content,
        }))
    }

    /// The same, for a store that must be there.
    ///
    /// # Errors
    /// Also [`AuthError::NoStore`].
    pub async fn require(&self, kind: StoreKind) -> Result<StoreFile, AuthError> {
        self.find(kind).await?.ok_or_else(|| AuthError::NoStore {
            location: self.location.clone(),
            names: kind.names().join(", "),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::auth::store::memory::MemoryCredentialStore;

    fn location(text: &str) -> CertificatesLocation {
        text.parse().unwrap()
    }

    #[test]
    fn keeps_the_whole_prefix() {
        for (text, bucket, prefix) in [
            ("s3://certs/kafka/orders/eu/", "certs", "kafka/orders/eu/"),
            ("s3://certs/kafka/orders/eu", "certs", "kafka/orders/eu/"),
            ("s3://certs/kafka", "certs", "kafka/"),
            ("s3://certs/", "certs", ""),
            ("s3://certs", "certs", ""),
        ] {
            let location = location(text);
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

    #[tokio::test]
    async fn takes_no_store_from_a_neighbouring_or_a_deeper_prefix() {
        let store = MemoryCredentialStore::new();
        for prefix in ["certs-old/", "", "certs/old/", "certs/kafka.client.keystore/"] {
            store.put_object("b", &format!("{prefix}kafka.client.truststore.jks"), b"other");
        }
        let location = location("s3://b/certs");
        let found = StoreFinder::list(&location, &store).await.unwrap();
        assert!(found.find(StoreKind::Trust).await.unwrap().is_none());
        let error = found.require(StoreKind::Trust).await.err().unwrap().to_string();
        assert!(
            error.contains("s3://b/certs/") && error.contains("kafka.client.truststore.jks, "),
            "{error}"
        );
    }

    #[tokio::test]
    async fn takes_javas_names_first_and_fetches_nothing_else() {
        let store = MemoryCredentialStore::new();
        for extension in ["pem", "jks.bak", "p12", "jks", "crt"] {
            store.put_object(
                "b",
                &format!("a/b/kafka.client.truststore.{extension}"),
                extension.as_bytes(),
            );
        }
        store.put_object("b", "a/b/kafka.client.keystore.pem", b"key");
        let location = location("s3://b/a/b/");
        let found = StoreFinder::list(&location, &store).await.unwrap();
        let trust = found.require(StoreKind::Trust).await.unwrap();
        let key = found.require(StoreKind::Key).await.unwrap();
        assert_eq!(
            (trust.content.as_slice(), key.content.as_slice()),
            (&b"jks"[..], &b"key"[..])
        );
        assert_eq!(
            store.take_asked(),
            [
                "list b/a/b/kafka.client.",
                "object b/a/b/kafka.client.truststore.jks",
                "object b/a/b/kafka.client.keystore.pem"
            ]
        );
    }

    #[tokio::test]
    async fn refuses_an_object_that_is_too_large_for_a_store() {
        let store = MemoryCredentialStore::new();
        store.put_object("b", "kafka.client.keystore.jks", &vec![0; MAX_STORE_BYTES + 1]);
        let location = location("s3://b");
        let found = StoreFinder::list(&location, &store).await.unwrap();
        let error = found.find(StoreKind::Key).await.err().unwrap().to_string();
        assert!(
            error.contains("s3://b/kafka.client.keystore.jks") && error.contains("4194304 bytes"),
            "{error}"
        );
    }
}
