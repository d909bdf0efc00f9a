//! Conformance suite of [`BlockStore`] implementations.

use bytes::Bytes;
use protocol::SpillLocation;
use uuid::Uuid;

use super::BlockStore;
use crate::{StoreError, block_location, split_location};

/// Panics where `store` violates the contract. The bucket must exist; objects are left in it, under keys
/// unique to the call.
pub async fn conformance(store: &dyn BlockStore, bucket: &str) {
    store.check_bucket(bucket).await.unwrap();
    let directory = split_location(bucket, "conformance", &Uuid::new_v4().to_string());
    gives_back_what_was_put(store, &directory).await;
    replaces_an_object(store, &directory).await;
    tells_a_missing_object(store, &directory).await;
    takes_any_key(store, &directory).await;
    puts_side_by_side(store, &directory).await;
}

async fn gives_back_what_was_put(store: &dyn BlockStore, directory: &SpillLocation) {
    for (number, bytes) in [0, 1, 15, 65_536, 6_000_000].into_iter().enumerate() {
        let (location, block) = (block_location(directory, number), pattern(bytes, 1));
        store.put(&location, block.clone()).await.unwrap();
        assert!(
            store.get(&location).await.unwrap() == block,
            "{bytes} bytes came back changed"
        );
    }
}

async fn replaces_an_object(store: &dyn BlockStore, directory: &SpillLocation) {
    let location = block_location(directory, 0);
    for (bytes, seed) in [(100, 2), (10, 3)] {
        store.put(&location, pattern(bytes, seed)).await.unwrap();
        assert_eq!(store.get(&location).await.unwrap(), pattern(bytes, seed));
    }
}

async fn tells_a_missing_object(store: &dyn BlockStore, directory: &SpillLocation) {
    let location = block_location(directory, 999);
    assert_eq!(store.get(&location).await, Err(StoreError::NotFound { location }));
}

async fn takes_any_key(store: &dyn BlockStore, directory: &SpillLocation) {
    let odd = [
        "/leading",
        "a//b",
        "with space",
        "plus+percent%20",
        "Größe-表",
        "dots/./..",
        "q?a=b&c#d",
    ];
    for (seed, name) in odd.into_iter().enumerate() {
        let location = SpillLocation {
            key: format!("{}/{name}", directory.key),
            ..block_location(directory, 0)
        };
        store.put(&location, pattern(20, seed)).await.unwrap();
    }
    for (seed, name) in odd.into_iter().enumerate() {
        let location = SpillLocation {
            key: format!("{}/{name}", directory.key),
            ..block_location(directory, 0)
        };
        assert_eq!(store.get(&location).await.unwrap(), pattern(20, seed), "{name}");
    }
}

async fn puts_side_by_side(store: &dyn BlockStore, directory: &SpillLocation) {
    let locations = [1, 2, 3].map(|number| block_location(directory, number));
    let [one, two, three] = &locations;
    let put = |location, seed| store.put(location, pattern(100_000, seed));
    let (first, second, third) = tokio::join!(put(one, 1), put(two, 2), put(three, 3));
    first.and(second).and(third).unwrap();
    for (seed, location) in (1..).zip(&locations) {
        assert!(
            store.get(location).await.unwrap() == pattern(100_000, seed),
            "{} came back changed",
            location.key
        );
    }
}

/// Bytes of all values, different for each seed.
fn pattern(bytes: usize, seed: usize) -> Bytes {
    (0..bytes)
        .map(|at| (at.wrapping_mul(31) ^ (at >> 8) ^ seed) as u8)
        .collect()
}
