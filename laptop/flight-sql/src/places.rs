//! Places of statements that run at once, and the queue for them.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::Status;

/// Bounded number of places. Statements without one wait, in their order and bounded in number too.
pub(crate) struct Places {
    free: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    running: usize,
    queued: usize,
}

/// Right to run, given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Places {
    /// `running` places, at least one, and a queue for `queued` statements.
    pub(crate) fn new(running: usize, queued: usize) -> Self {
        let running = running.max(1);
        Self {
            free: Arc::new(Semaphore::new(running)),
            queue: Arc::new(Semaphore::new(queued)),
            running,
            queued,
        }
    }

    /// Asks for a place. Dropping the future leaves the queue.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED` if no place is free and the queue is full.
    pub(crate) fn ask(&self) -> Result<BoxFuture<'static, Place>, Status> {
        let free = Arc::clone(&self.free);
        // None is free while others wait: what is given back goes to the first of them.
        if let Ok(permit) = Arc::clone(&free).try_acquire_owned() {
            let place = Place {
                _permit: Some(permit),
            };
            return Ok(ready(place).boxed());
        }
        let queued = Arc::clone(&self.queue).try_acquire_owned();
        let queued = queued.map_err(|_| self.full())?;
        Ok(async move {
            // The semaphore is never closed.
            let permit = free.acquire_owned().await.ok();
            drop(queued);
            Place { _permit: permit }
        }
        .boxed())
    }

    /// Number of statements that run or wait at most.
    pub(crate) fn limit(&self) -> usize {
        self.running.saturating_add(self.queued)
    }

    /// Error of a statement that finds the queue full.
    pub(crate) fn full(&self) -> Status {
        let (running, queued) = (self.running, self.queued);
        Status::resource_exhausted(format!(
            "{running} statements run and {queued} wait, which is the limit; try again later"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn places_go_to_those_who_wait_longest() {
        let places = Places::new(1, 3);
        let first = places.ask().unwrap().await;
        let mut waiting = [0; 3].map(|_| places.ask().unwrap());
        for waits in &mut waiting {
            assert!(waits.now_or_never().is_none());
        }
        let full = places.ask().map(drop).unwrap_err();
        assert_eq!(full.code(), tonic::Code::ResourceExhausted);
        assert_eq!(
            full.message(),
            "1 statements run and 3 wait, which is the limit; try again later"
        );
        let [second, third, fourth] = waiting;
        // One that leaves makes room in the queue, and is not given a place.
        drop(second);
        let mut fifth = places.ask().unwrap();
        assert!((&mut fifth).now_or_never().is_none());
        drop(first);
        let third = third.now_or_never().expect("the place that was given back");
        assert!((&mut fifth).now_or_never().is_none());
        drop(third);
        drop(fourth.now_or_never().expect("a place"));
        assert!(fifth.now_or_never().is_some());
    }
}
