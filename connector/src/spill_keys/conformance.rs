//! Conformance suite of [`SpillKeys`] implementations.

#![expect(clippy::unwrap_used, reason = "a test: a panic is how it fails")]

use std::collections::BTreeSet;

use crate::spill_keys::SpillKeys;

/// Panics at the first rule that `keys` violates.
pub async fn check(keys: &dyn SpillKeys) {
    makes_no_keys_if_none_are_wanted(keys).await;
    makes_as_many_keys_as_are_wanted(keys).await;
    makes_no_key_twice(keys).await;
}

pub async fn makes_no_keys_if_none_are_wanted(keys: &dyn SpillKeys) {
    assert_eq!(keys.generate(0).await.unwrap().len(), 0);
}

/// Keys have a length that AES accepts, nonces the one of GCM: 96 bits.
pub async fn makes_as_many_keys_as_are_wanted(keys: &dyn SpillKeys) {
    // A call of KMS's GenerateRandom returns at most 85 nonces.
    for count in [1, 2, 85, 86] {
        let made = keys.generate(count).await.unwrap();
        assert_eq!(made.len(), count);
        for key in made {
            assert!(matches!(key.key.len(), 16 | 32), "{} bytes of key", key.key.len());
            assert_eq!(key.nonce.len(), 12);
        }
    }
}

/// Neither in one call nor in two; nonces differ, too.
pub async fn makes_no_key_twice(keys: &dyn SpillKeys) {
    let mut made = keys.generate(100).await.unwrap();
    made.extend(keys.generate(100).await.unwrap());
    let distinct: BTreeSet<_> = made.iter().map(|key| &key.key).collect();
    assert_eq!(distinct.len(), made.len(), "a key is there twice");
    let distinct: BTreeSet<_> = made.iter().map(|key| &key.nonce).collect();
    assert_eq!(distinct.len(), made.len(), "a nonce is there twice");
}
