//! Faults that a test can request, and counts that it can check.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kafka_protocol::messages::ApiKey;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::locks::lock;

#[derive(Debug)]
pub(crate) struct Faults {
    fetches_stalled_until: watch::Sender<Option<Instant>>,
    delays: Mutex<HashMap<i16, Duration>>,
    /// Number of calls of `kill_connections`; every change closes the open connections.
    killed: watch::Sender<u64>,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            fetches_stalled_until: watch::Sender::new(None),
            delays: Mutex::default(),
            killed: watch::Sender::new(0),
        }
    }
}

impl Faults {
    pub(crate) fn stall_fetches(&self, until: Option<Instant>) {
        self.fetches_stalled_until.send_replace(until);
    }

    /// Returns once fetches may be answered.
    pub(crate) async fn fetches_flow(&self) {
        let mut stalled_until = self.fetches_stalled_until.subscribe();
        loop {
            let until = *stalled_until.borrow_and_update();
            let Some(until) = until.filter(|until| *until > Instant::now()) else {
                return;
            };
            tokio::select! {
                () = sleep_until(until) => {}
                changed = stalled_until.changed() => if changed.is_err() { return },
            }
        }
    }

    /// Sets the delay of an api; zero removes it.
    pub(crate) fn set_delay(&self, api: ApiKey, delay: Duration) {
        lock(&self.delays).insert(api as i16, delay);
    }

    pub(crate) async fn delay(&self, api: ApiKey) {
        let delay = lock(&self.delays).get(&(api as i16)).copied();
        if let Some(delay) = delay.filter(|delay| !delay.is_zero()) {
            sleep(delay).await;
        }
    }

    pub(crate) fn kill_connections(&self) {
        self.killed.send_modify(|killed| *killed += 1);
    }

    /// Changes when this connection must be closed.
    pub(crate) fn death(&self) -> watch::Receiver<u64> {
        self.killed.subscribe()
    }
}

/// Numbers of requests by api key.
#[derive(Debug)]
pub(crate) struct RequestCounters {
    by_key: [AtomicU64; 128],
}

impl Default for RequestCounters {
    fn default() -> Self {
        Self {
            by_key: [const { AtomicU64::new(0) }; 128],
        }
    }
}

impl RequestCounters {
    pub(crate) fn count(&self, api: ApiKey) {
        if let Some(counter) = self.by_key.get(api as usize) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn of(&self, api: ApiKey) -> u64 {
        self.by_key
            .get(api as usize)
            .map_or(0, |counter| counter.load(Ordering::Relaxed))
    }
}
