//! Conformance suite of [`CredentialStore`] implementations, for a store in which the caller has put
//! [`SECRET_TEXT`] as a secret and [`OBJECTS`] in a bucket of their own.

#![expect(clippy::unwrap_used, reason = "a test: a panic is how it fails")]

use std::collections::BTreeSet;

use crate::auth::credentials::CredentialStore;
use crate::auth::error::AuthError;

/// Text of the secret.
pub const SECRET_TEXT: &str = r#"{"username": "anna", "password": "hunter2 Größe"}"#;

/// Keys and contents of the objects.
pub const OBJECTS: [(&str, &[u8]); 6] = [
    ("certs/a.pem", b"-----BEGIN"),
    ("certs/binary.jks", b"\xfe\xed\xfe\xed\x00\x00\r\n\xff"),
    ("certs/deep/er.pem", b"d"),
    ("certs/empty.pem", b""),
    ("certs-old/a.pem", b"old"),
    ("truststore.pem", b"t"),
];

/// Panics at the first rule that `store` violates.
pub async fn check(store: &dyn CredentialStore, secret_id: &str, bucket: &str) {
    check_secrets(store, secret_id).await;
    check_objects(store, bucket).await;
}

/// Checks the rules of secrets.
pub async fn check_secrets(store: &dyn CredentialStore, secret_id: &str) {
    gives_the_text_of_a_secret(store, secret_id).await;
    names_a_missing_secret(store, secret_id).await;
}

/// Checks the rules of objects.
pub async fn check_objects(store: &dyn CredentialStore, bucket: &str) {
    lists_the_keys_that_begin_with_a_prefix(store, bucket).await;
    gives_the_content_of_an_object(store, bucket).await;
    names_a_missing_object(store, bucket).await;
    refuses_an_object_over_the_limit(store, bucket).await;
}

pub async fn gives_the_text_of_a_secret(store: &dyn CredentialStore, secret_id: &str) {
    let text = store.secret(secret_id).await.unwrap();
    assert_eq!(text.expose(), SECRET_TEXT);
}

pub async fn names_a_missing_secret(store: &dyn CredentialStore, secret_id: &str) {
    let missing = format!("{secret_id}-missing");
    let error = store.secret(&missing).await.unwrap_err();
    assert!(
        matches!(&error, AuthError::Secret { id, .. } if *id == missing),
        "{error:?}"
    );
}

/// A prefix is the beginning of a key, not a folder.
pub async fn lists_the_keys_that_begin_with_a_prefix(store: &dyn CredentialStore, bucket: &str) {
    for prefix in ["", "certs", "certs/", "certs/deep/er.pem", "nothing/"] {
        let keys = store.list_keys(bucket, prefix).await.unwrap();
        let found: BTreeSet<_> = keys.iter().map(String::as_str).collect();
        assert_eq!(found.len(), keys.len(), "a key is listed twice: {keys:?}");
        let all = OBJECTS.iter().map(|(key, _)| *key);
        let wanted: BTreeSet<_> = all.filter(|key| key.starts_with(prefix)).collect();
        assert_eq!(found, wanted, "keys that begin with `{prefix}`");
    }
}

pub async fn gives_the_content_of_an_object(store: &dyn CredentialStore, bucket: &str) {
    for (key, content) in OBJECTS {
        let found = store.object(bucket, key, 1_000).await.unwrap();
        assert_eq!(found.as_slice(), content, "{key}");
    }
}

pub async fn names_a_missing_object(store: &dyn CredentialStore, bucket: &str) {
    let error = store
        .object(bucket, "certs/missing.pem", 1_000)
        .await
        .unwrap_err();
    let wanted = format!("s3://{bucket}/certs/missing.pem");
    assert!(
        matches!(&error, AuthError::Object { object, .. } if *object == wanted),
        "{error:?}"
    );
}

/// An object of exactly the limit is returned.
pub async fn refuses_an_object_over_the_limit(store: &dyn CredentialStore, bucket: &str) {
    for (key, content) in OBJECTS {
        let limit = content.len();
        let found = store.object(bucket, key, limit).await.unwrap();
        assert_eq!(found.as_slice(), content, "{key}");

        let Some(lower) = limit.checked_sub(1) else {
            continue;
        };
        let error = store.object(bucket, key, lower).await.unwrap_err();
        let wanted = format!("s3://{bucket}/{key}");
        assert!(
            matches!(&error, AuthError::ObjectTooLarge { object, limit_bytes }
                if *object == wanted && *limit_bytes == lower),
            "{error:?}"
        );
    }
}
