//! Results: those that wait to be read, and those that are read, until their end, their cancellation, or until the
//! client goes away or takes nothing for too long.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt};
use tokio::sync::oneshot;
use tokio::time::Instant;
use tonic::Status;

use crate::engine::{EngineError, Rows};
use crate::handles::Handles;
use crate::limits::Limits;
use crate::places::{Place, Places};
use crate::status::status;

type Batches = BoxStream<'static, Result<RecordBatch, EngineError>>;

/// Results by handle. A handle is good for one read.
pub(crate) struct Reads {
    waiting: Handles<Rows>,
    begun: Arc<Begun>,
    places: Arc<Places>,
    idle: Duration,
}

/// Reads that have begun, by the handle that they were begun with.
#[derive(Default)]
struct Begun(Mutex<HashMap<Vec<u8>, Arc<Mutex<Progress>>>>);

/// State of a read. Shared with those who end it, because a client that does not read keeps the stream from being
/// polled.
enum Progress {
    /// Without a place; dropping the sender ends the wait.
    Queued {
        _until: oneshot::Sender<()>,
    },
    Reading {
        batches: Batches,
        /// Set while the client waits for rows.
        waker: Option<Waker>,
        /// Time of the last message that the client took, while the client does not wait for rows.
        taken: Option<Instant>,
        _place: Place,
    },
    /// Ended before its last row, for a reason that the client is still to learn.
    Stopped(Status),
    Ended,
}

/// Rows of a result. Dropping it ends the query.
pub(crate) struct Read {
    handle: Vec<u8>,
    progress: Arc<Mutex<Progress>>,
    begun: Arc<Begun>,
}

/// Notes that a client takes messages of a result, of which a batch may have many.
pub(crate) struct Clock(Weak<Mutex<Progress>>);

impl Reads {
    pub(crate) fn new(limits: &Limits, places: Arc<Places>) -> Self {
        Self {
            waiting: Handles::new(limits.unread, limits.unread_idle),
            begun: Arc::default(),
            places,
            idle: limits.read_idle,
        }
    }

    /// Keeps a result to be read, and returns its handle.
    pub(crate) fn wait(&self, rows: Rows) -> Vec<u8> {
        self.waiting.insert(rows)
    }

    /// Begins to read once there is a place.
    pub(crate) async fn begin(&self, handle: &[u8]) -> Result<(Read, SchemaRef), Status> {
        let (until, stopped) = oneshot::channel();
        let (read, rows, place) = {
            let mut begun = self.begun.lock();
            // Streams whose query was ended are counted too, until their clients let go of them.
            if begun.len() >= self.places.limit() {
                return Err(self.places.full());
            }
            let place = self.places.ask()?;
            let rows = self.waiting.take(handle).ok_or_else(|| {
                Status::not_found(
                    "unknown ticket: it has been read, cancelled, or not read in time; execute the statement again",
                )
            })?;
            let progress = Arc::new(Mutex::new(Progress::Queued { _until: until }));
            begun.insert(handle.to_vec(), Arc::clone(&progress));
            let read = Read {
                handle: handle.to_vec(),
                progress,
                begun: Arc::clone(&self.begun),
            };
            (read, rows, place)
        };
        let place = tokio::select! {
            biased;
            _ = stopped => return Err(cancelled()),
            place = place => place,
        };
        {
            let mut progress = lock(&read.progress);
            if !matches!(*progress, Progress::Queued { .. }) {
                return Err(cancelled());
            }
            *progress = Progress::Reading {
                batches: rows.batches,
                waker: None,
                taken: Some(Instant::now()),
                _place: place,
            };
        }
        Ok((read, rows.schema))
    }

    /// Ends a query, read or not. `false` if there is none.
    pub(crate) fn cancel(&self, handle: &[u8]) -> bool {
        if self.waiting.take(handle).is_some() {
            return true;
        }
        let Some(progress) = self.begun.lock().get(handle).cloned() else {
            return false;
        };
        lock(&progress).stop(cancelled())
    }

    /// Drops what has not been read in time, and ends the queries whose clients take nothing.
    pub(crate) fn sweep(&self) {
        self.waiting.sweep();
        let begun: Vec<_> = self.begun.lock().values().cloned().collect();
        for progress in begun {
            // One that is locked is being read.
            let Ok(mut progress) = progress.try_lock() else {
                continue;
            };
            if let Progress::Reading {
                taken: Some(taken), ..
            } = &*progress
                && taken.elapsed() >= self.idle
            {
                progress.stop(Status::deadline_exceeded(format!(
                    "the client took no rows for {} s, so the query was ended to give its place to others; execute \
                     the statement again",
                    self.idle.as_secs()
                )));
            }
        }
    }
}

impl Progress {
    /// Ends the query, and gives its place back. `false` if it has ended.
    fn stop(&mut self, reason: Status) -> bool {
        if !matches!(self, Self::Queued { .. } | Self::Reading { .. }) {
            return false;
        }
        if let Self::Reading {
            waker: Some(waker), ..
        } = std::mem::replace(self, Self::Stopped(reason))
        {
            waker.wake();
        }
        true
    }
}

fn cancelled() -> Status {
    Status::cancelled("the query was cancelled")
}

impl Begun {
    fn lock(&self) -> MutexGuard<'_, HashMap<Vec<u8>, Arc<Mutex<Progress>>>> {
        lock(&self.0)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Read {
    pub(crate) fn clock(&self) -> Clock {
        Clock(Arc::downgrade(&self.progress))
    }
}

impl Clock {
    /// Counts the client's idle time from now on.
    pub(crate) fn restart(&self) {
        let Some(progress) = self.0.upgrade() else { return };
        if let Progress::Reading {
            taken: Some(taken), ..
        } = &mut *lock(&progress)
        {
            *taken = Instant::now();
        }
    }
}

impl Stream for Read {
    type Item = Result<RecordBatch, Status>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut progress = lock(&self.progress);
        match &mut *progress {
            Progress::Reading {
                batches,
                waker,
                taken,
                ..
            } => {
                let Poll::Ready(batch) = batches.poll_next_unpin(context) else {
                    *waker = Some(context.waker().clone());
                    *taken = None;
                    return Poll::Pending;
                };
                *waker = None;
                *taken = Some(Instant::now());
                if !matches!(batch, Some(Ok(_))) {
                    *progress = Progress::Ended;
                }
                Poll::Ready(batch.map(|batch| batch.map_err(status)))
            }
            Progress::Stopped(_) => match std::mem::replace(&mut *progress, Progress::Ended) {
                Progress::Stopped(reason) => Poll::Ready(Some(Err(reason))),
                _ => Poll::Ready(None),
            },
            // Not queued: a read is given away when it has its place.
            Progress::Queued { .. } | Progress::Ended => Poll::Ready(None),
        }
    }
}

impl Drop for Read {
    fn drop(&mut self) {
        self.begun.lock().remove(&self.handle);
    }
}
