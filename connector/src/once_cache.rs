//! Cache of values that never change, each loaded once.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OnceCell;

/// Keeps the most recently used values. Failures are not kept.
pub(crate) struct OnceCache<K, V> {
    entries: Mutex<Entries<K, V>>,
    capacity: usize,
}

struct Entries<K, V> {
    cells: HashMap<K, Entry<V>>,
    /// Counter of uses, to find the least recently used value.
    uses: u64,
}

struct Entry<V> {
    cell: Arc<OnceCell<Arc<V>>>,
    last_use: u64,
}

impl<K: Clone + Eq + Hash, V> OnceCache<K, V> {
    /// Creates a cache of at most `capacity` values.
    pub(crate) fn new(capacity: usize) -> Self {
        let entries = Entries {
            cells: HashMap::new(),
            uses: 0,
        };
        Self {
            entries: Mutex::new(entries),
            capacity,
        }
    }

    /// Value of `key`; loaded by `load` if it is not cached. Concurrent calls for a key wait for the one that
    /// loads it, and load it themselves only if that fails.
    pub(crate) async fn get_or_load<E>(
        &self,
        key: &K,
        load: impl Future<Output = Result<V, E>>,
    ) -> Result<Arc<V>, E> {
        let cell = self.cell(key);
        let value = cell.get_or_try_init(async || load.await.map(Arc::new)).await;
        if value.is_err() {
            self.lock().cells.remove(key);
        }
        value.cloned()
    }

    fn cell(&self, key: &K) -> Arc<OnceCell<Arc<V>>> {
        let mut entries = self.lock();
        entries.uses += 1;
        let last_use = entries.uses;
        if let Some(entry) = entries.cells.get_mut(key) {
            entry.last_use = last_use;
            return Arc::clone(&entry.cell);
        }
        if entries.cells.len() >= self.capacity {
            entries.drop_oldest();
        }
        let cell = Arc::new(OnceCell::new());
        let entry = Entry {
            cell: Arc::clone(&cell),
            last_use,
        };
        entries.cells.insert(key.clone(), entry);
        cell
    }

    fn lock(&self) -> MutexGuard<'_, Entries<K, V>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Clone + Eq + Hash, V> Entries<K, V> {
    fn drop_oldest(&mut self) {
        let oldest = self.cells.iter().min_by_key(|(_, entry)| entry.last_use);
        if let Some(key) = oldest.map(|(key, _)| key.clone()) {
            self.cells.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// Loads numbers except odd ones.
    struct Source {
        cache: OnceCache<u32, u32>,
        loads: AtomicU32,
    }

    impl Source {
        fn new(capacity: usize) -> Self {
            Self {
                cache: OnceCache::new(capacity),
                loads: AtomicU32::new(0),
            }
        }

        async fn get(&self, key: u32) -> Result<u32, &'static str> {
            let load = async {
                tokio::task::yield_now().await;
                self.loads.fetch_add(1, Ordering::Relaxed);
                if key.is_multiple_of(2) {
                    Ok(key * 10)
                } else {
                    Err("odd")
                }
            };
            self.cache.get_or_load(&key, load).await.map(|value| *value)
        }

        fn loads(&self) -> u32 {
            self.loads.swap(0, Ordering::Relaxed)
        }
    }

    #[tokio::test]
    async fn loads_each_value_once_however_many_ask() {
        let source = Source::new(10);
        let values = futures::future::join_all((0..100).map(|n| source.get(n % 3 * 2))).await;
        assert!(values.iter().zip(0..).all(|(value, n)| *value == Ok(n % 3 * 20)));
        assert_eq!(source.loads(), 3);
    }

    #[tokio::test]
    async fn keeps_no_failure() {
        let source = Source::new(10);
        assert_eq!(source.get(1).await, Err("odd"));
        assert_eq!(source.get(1).await, Err("odd"));
        assert_eq!((source.loads(), source.cache.lock().cells.len()), (2, 0));
    }

    #[tokio::test]
    async fn forgets_what_was_not_used_for_longest() {
        let source = Source::new(2);
        for key in [0, 2, 0, 4] {
            source.get(key).await.unwrap();
        }
        assert_eq!((source.loads(), source.cache.lock().cells.len()), (3, 2));
        source.get(0).await.unwrap();
        assert_eq!(source.loads(), 0);
        source.get(2).await.unwrap();
        assert_eq!(source.loads(), 1);
    }
}
