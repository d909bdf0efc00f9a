//! Values that clients hold a handle of.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

/// Values by handle. Those that are not used for a while are dropped; beyond a number, those that were not used for
/// longest.
pub(crate) struct Handles<V> {
    values: Mutex<HashMap<Vec<u8>, Held<V>>>,
    limit: usize,
    idle: Duration,
}

struct Held<V> {
    value: V,
    used: Instant,
}

impl<V> Handles<V> {
    pub(crate) fn new(limit: usize, idle: Duration) -> Self {
        Self {
            values: Mutex::default(),
            limit: limit.max(1),
            idle,
        }
    }

    /// Holds a value, and returns its new handle.
    pub(crate) fn insert(&self, value: V) -> Vec<u8> {
        let handle = Uuid::new_v4().to_string().into_bytes();
        let used = Instant::now();
        let mut values = self.values();
        let mut dropped = Vec::new();
        while values.len() >= self.limit {
            let oldest = values.iter().min_by_key(|(_, held)| held.used);
            let Some(oldest) = oldest.map(|(handle, _)| handle.clone()) else {
                break;
            };
            dropped.extend(values.remove(&oldest));
        }
        values.insert(handle.clone(), Held { value, used });
        // What is dropped may end a query, which should not happen under the lock.
        drop(values);
        handle
    }

    /// Ends the handle.
    pub(crate) fn take(&self, handle: &[u8]) -> Option<V> {
        let held = self.values().remove(handle)?;
        (held.used.elapsed() < self.idle).then_some(held.value)
    }

    /// Runs `with` on the value, unless the handle is not known.
    pub(crate) fn with<T>(&self, handle: &[u8], with: impl FnOnce(&mut V) -> T) -> Option<T> {
        let mut values = self.values();
        let held = values.get_mut(handle)?;
        if held.used.elapsed() >= self.idle {
            return None;
        }
        held.used = Instant::now();
        Some(with(&mut held.value))
    }

    /// Drops what has not been used for too long.
    pub(crate) fn sweep(&self) {
        let mut values = self.values();
        let idle: Vec<_> = values
            .iter()
            .filter(|(_, held)| held.used.elapsed() >= self.idle)
            .map(|(handle, _)| handle.clone())
            .collect();
        let dropped: Vec<_> = idle.iter().filter_map(|handle| values.remove(handle)).collect();
        drop(values);
        drop(dropped);
    }

    fn values(&self) -> MutexGuard<'_, HashMap<Vec<u8>, Held<V>>> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn a_value_is_taken_once_and_in_time() {
        let handles = Handles::new(3, IDLE);
        let (first, second) = (handles.insert(1), handles.insert(2));
        assert_eq!(handles.take(&first), Some(1));
        assert_eq!(handles.take(&first), None);
        tokio::time::advance(IDLE).await;
        assert_eq!(handles.take(&second), None);
    }

    #[tokio::test(start_paused = true)]
    async fn beyond_the_limit_the_longest_unused_is_dropped() {
        let handles = Handles::new(2, IDLE);
        let first = handles.insert(1);
        tokio::time::advance(IDLE / 10).await;
        let second = handles.insert(2);
        tokio::time::advance(IDLE / 10).await;
        assert_eq!(handles.with(&first, |value| *value), Some(1));
        let third = handles.insert(3);
        assert_eq!(handles.take(&second), None);
        assert_eq!(handles.take(&first), Some(1));
        assert_eq!(handles.take(&third), Some(3));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_used_is_swept() {
        let value = std::sync::Arc::new(());
        let handles = Handles::new(2, IDLE);
        let handle = handles.insert(value.clone());
        tokio::time::advance(IDLE / 2).await;
        assert!(handles.with(&handle, |_| ()).is_some());
        tokio::time::advance(IDLE / 2).await;
        handles.sweep();
        assert_eq!(std::sync::Arc::strong_count(&value), 2);
        tokio::time::advance(IDLE / 2).await;
        handles.sweep();
        assert_eq!(std::sync::Arc::strong_count(&value), 1);
    }
}
