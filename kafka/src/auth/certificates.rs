//! Trust store and key store, found by name under a location in S3.
//!
//! A store is an object directly under the reference, called `kafka.client.truststore` or `kafka.client.keystore` with
//! one of the extensions `.jks`, `.p12`, `.pfx` and `.pem`; of several the first in this order. Its content, not its
//! extension, says which format it has ([`keystore`](crate::auth::keystore)).

use zeroize::Zeroizing;

use crate::auth::credentials::CredentialStore;
use crate::auth::error::AuthError;
use crate::auth::location::CertificatesLocation;

/// Which of the two stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeystoreKind {
    /// Certificates of the authorities that the client trusts.
    Trust,
    /// The client's own certificate and key.
    Key,
}

/// What all names of stores begin with.
const STEM: &str = "kafka.client.";
const EXTENSIONS: [&str; 4] = ["jks", "p12", "pfx", "pem"];
/// Java's `cacerts` has 0.2 MB.
const MAX_STORE_BYTES: usize = 4 << 20;

impl KeystoreKind {
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
pub struct KeystoreFile {
    /// `s3://bucket/key`.
    pub name: String,
    pub content: Zeroizing<Vec<u8>>,
}

/// The stores under one location.
pub struct KeystoreFinder<'a> {
    location: &'a CertificatesLocation,
    store: &'a dyn CredentialStore,
    keys: Vec<String>,
}

impl<'a> KeystoreFinder<'a> {
    /// Lists what is there.
    pub async fn list(
        location: &'a CertificatesLocation,
        store: &'a dyn CredentialStore,
    ) -> Result<Self, AuthError> {
        // With the stem, so that nothing beside the stores is listed, however full the bucket is.
        let prefix = format!("{}{STEM}", location.prefix());
        let keys = store.list_keys(location.bucket(), &prefix).await?;
        Ok(Self {
            location,
            store,
            keys,
        })
    }

    /// Fetches the store of this kind, if there is one.
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

    /// The same, for a store that must be there.
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
