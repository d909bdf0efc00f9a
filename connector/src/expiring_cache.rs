//! Cache of values that are kept for a fixed time.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Keeps each value for the same time. Expired ones are removed when another is added, so it holds no more than what was
/// added within that time.
pub(crate) struct ExpiringCache<K, V> {
    keep_for: Duration,
    entries: Mutex<HashMap<K, Entry<V>>>,
}

struct Entry<V> {
    value: V,
    expires: Instant,
}

impl<K: Eq + Hash, V: Clone> ExpiringCache<K, V> {
    /// Creates a cache that keeps values for `keep_for`; zero keeps none.
    pub(crate) fn new(keep_for: Duration) -> Self {
        Self {
            keep_for,
            entries: Mutex::default(),
        }
    }

    /// Value of `key` that is kept at `now`; otherwise the one of `load`, which is kept from `now` on. A failure is not.
    /// Concurrent calls each load.
    pub(crate) async fn get_or_load<E>(
        &self,
        key: K,
        now: Instant,
        load: impl Future<Output = Result<V, E>>,
    ) -> Result<V, E> {
        if let Some(value) = self.get(&key, now) {
            return Ok(value);
        }
        // On the heap: a look-up is a large future, of which every caller's would hold two.
        let value = Box::pin(load).await?;
        self.insert(key, value.clone(), now);
        Ok(value)
    }

    fn get(&self, key: &K, now: Instant) -> Option<V> {
        let entries = self.lock();
        let entry = entries.get(key).filter(|entry| now < entry.expires)?;
        Some(entry.value.clone())
    }

    fn insert(&self, key: K, value: V, now: Instant) {
        let mut entries = self.lock();
        entries.retain(|_, entry| now < entry.expires);
        let expires = now + self.keep_for;
        entries.insert(key, Entry { value, expires });
    }

    /// Number of values, expired ones included.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Entry<V>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn get(
        cache: &ExpiringCache<&'static str, u32>,
        at: Instant,
        loaded: Result<u32, ()>,
    ) -> Result<u32, ()> {
        cache.get_or_load("key", at, async { loaded }).await
    }

    #[tokio::test]
    async fn a_value_is_reused_until_its_time_is_over() {
        let cache = ExpiringCache::new(Duration::from_secs(60));
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(get(&cache, start, Err(())).await, Err(()));
        assert_eq!(get(&cache, start, Ok(1)).await, Ok(1));
        assert_eq!(get(&cache, at(59), Ok(2)).await, Ok(1));
        assert_eq!(get(&cache, at(60), Ok(3)).await, Ok(3));
    }

    #[tokio::test]
    async fn no_time_keeps_nothing() {
        let cache = ExpiringCache::new(Duration::ZERO);
        let now = Instant::now();
        assert_eq!(get(&cache, now, Ok(1)).await, Ok(1));
        assert_eq!(get(&cache, now, Ok(2)).await, Ok(2));
    }

    #[tokio::test]
    async fn what_has_expired_is_dropped() {
        let cache = ExpiringCache::new(Duration::from_secs(60));
        let start = Instant::now();
        for (key, seconds) in [("a", 0), ("b", 30), ("c", 70)] {
            let at = start + Duration::from_secs(seconds);
            let loaded = cache.get_or_load(key, at, async { Ok::<_, ()>(seconds) });
            loaded.await.unwrap();
        }
        assert_eq!(cache.len(), 2);
    }
}
