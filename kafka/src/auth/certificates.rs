//! Trust store and key store, found by name under a location in S3.
//!
//! A store is an object directly under the location, called `kafka.client.truststore` or
//! `kafka.client.keystore` with one of the extensions `.jks`, `.p12`, `.pfx` and `.pem`; of several the first
//! in this order is used. Its content, not its extension, determines its format
//! ([`keystore`](crate::auth::keystore)).

use zeroize::Zeroizing;

use crate::auth::credentials::CredentialStore;
use crate::auth::error::AuthError;
use crate::auth::location::CertificatesLocation;

/// Kind of store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeystoreKind {
    /// Certificates of the authorities that the client trusts.
    Trust,
    /// The client's own certificate and key.
    Key,
}

/// Common prefix of all names of stores.
const STEM: &str = "kafka.client.";
const EXTENSIONS: [&str; 4] = ["jks", "p12", "pfx", "pem"];
/// Largest store in bytes. Java's `cacerts` has 0.2 MB.
const MAX_STORE_BYTES: usize = 4 << 20;

impl KeystoreKind {
    /// Names that the store may have, in the order of preference.
    fn names(self) -> [String; EXTENSIONS.len()] {
        let kind = match self {
            Self::Trust => "truststore",
            Self::Key => "keystore",
        };
        EXTENSIONS.map(|extension| format!("{STEM}{kind}.{extension}"))
    }
}

/// Store as read from S3.
pub struct KeystoreFile {
    /// `s3://bucket/key`.
    pub name: String,
    pub content: Zeroizing<Vec<u8>>,
}

/// Finder of the stores under one location.
pub struct KeystoreFinder<'a> {
    location: &'a CertificatesLocation,
    store: &'a dyn CredentialStore,
    keys: Vec<String>,
}

impl<'a> KeystoreFinder<'a> {
    /// Lists the objects under the location.
    pub async fn list(
        location: &'a CertificatesLocation,
        store: &'a dyn CredentialStore,
    ) -> Result<Self, AuthError> {
        // The prefix includes the stem, so that only stores are listed, however many objects the bucket has.
        let prefix = format!("{}{STEM}", location.prefix());
        let keys = store.list_keys(location.bucket(), &prefix).await?;
        Ok(Self {
            location,
            store,
            keys,
        })
    }

    /// Reads the store of this kind, if there is one.
    pub async fn find(&self, kind: KeystoreKind) -> Result<Option<KeystoreFile>, AuthError> {
        let (bucket, prefix) = (self.location.bucket(), self.location.prefix());
        let mut wanted = kind.names().into_iter().map(|name| format!("{prefix}{name}"));
        let Some(key) = wanted.find(|key| self.keys.contains(key)) else {
            return Ok(None);
        };
        let content = self.store.object(bucket, &key, MAX_STORE_BYTES).await?;
        Ok(Some(KeystoreFile {
            name: format!("s3://{bucket}/{key}"),
            content,
        }))
    }

    /// Reads the store of this kind, which must exist.
    ///
    /// # Errors
    /// Also [`AuthError::NoStore`].
    pub async fn require(&self, kind: KeystoreKind) -> Result<KeystoreFile, AuthError> {
        self.find(kind).await?.ok_or_else(|| AuthError::NoStore {
            location: self.location.clone(),
            names: kind.names().join(", "),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::credentials::memory::MemoryCredentialStore;

    fn location(text: &str) -> CertificatesLocation {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn takes_no_store_from_a_neighbouring_or_a_deeper_prefix() {
        let store = MemoryCredentialStore::new();
        for prefix in ["certs-old/", "", "certs/old/", "certs/kafka.client.keystore/"] {
            store.put_object("b", &format!("{prefix}kafka.client.truststore.jks"), b"other");
        }
        let location = location("s3://b/certs");
        let found = KeystoreFinder::list(&location, &store).await.unwrap();
        assert!(found.find(KeystoreKind::Trust).await.unwrap().is_none());
        let error = found
            .require(KeystoreKind::Trust)
            .await
            .err()
            .unwrap()
            .to_string();
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
        let found = KeystoreFinder::list(&location, &store).await.unwrap();
        let trust = found.require(KeystoreKind::Trust).await.unwrap();
        let key = found.require(KeystoreKind::Key).await.unwrap();
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
        let found = KeystoreFinder::list(&location, &store).await.unwrap();
        let error = found.find(KeystoreKind::Key).await.err().unwrap().to_string();
        assert!(
            error.contains("s3://b/kafka.client.keystore.jks") && error.contains("4194304 bytes"),
            "{error}"
        );
    }
}
