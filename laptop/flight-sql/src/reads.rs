//! Results: those that wait to be read, and those that are read, until their end, their cancellation, or until the
//! client goes away.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt};
use tonic::Status;

use crate::engine::{EngineError, Rows};
use crate::handles::Handles;
use crate::status::status;

type Batches = BoxStream<'static, Result<RecordBatch, EngineError>>;

/// Results by handle. A handle is good for one read.
pub(crate) struct Reads {
    waiting: Handles<Rows>,
    running: Arc<Running>,
    limit: usize,
}

/// Reads at work, by the handle that they were begun with.
#[derive(Default)]
struct Running(Mutex<HashMap<Vec<u8>, Arc<Mutex<Progress>>>>);

/// State of a read. Shared with the one who cancels it, because a client that does not read keeps the stream from being
/// polled.
enum Progress {
    Reading {
        batches: Batches,
        /// Set while the client waits for rows.
        waker: Option<Waker>,
    },
    Cancelled,
    Ended,
}

/// Rows of a result. Dropping it ends the query.
pub(crate) struct Read {
    handle: Vec<u8>,
    progress: Arc<Mutex<Progress>>,
    running: Arc<Running>,
}

impl Reads {
    /// `waiting` results wait at most, each for `unread`, and `running` are read at once.
    pub(crate) fn new(waiting: usize, unread: Duration, running: usize) -> Self {
        Self {
            waiting: Handles::new(waiting, unread),
            running: Arc::default(),
            limit: running,
        }
    }

    /// Keeps a result to be read, and returns its handle.
    pub(crate) fn wait(&self, rows: Rows) -> Vec<u8> {
        self.waiting.insert(rows)
    }

    /// Begins to read.
    pub(crate) fn begin(&self, handle: &[u8]) -> Result<(Read, SchemaRef), Status> {
        let mut running = self.running.lock();
        if running.len() >= self.limit {
            return Err(Status::resource_exhausted(format!(
                "{} results are being read, which is the limit",
                self.limit
            )));
        }
        let rows = self.waiting.take(handle).ok_or_else(|| {
            Status::not_found(
                "unknown ticket: it has been read, cancelled, or not read in time; execute the statement again",
            )
        })?;
        let progress = Arc::new(Mutex::new(Progress::Reading {
            batches: rows.batches,
            waker: None,
        }));
        running.insert(handle.to_vec(), Arc::clone(&progress));
        let read = Read {
            handle: handle.to_vec(),
            progress,
            running: Arc::clone(&self.running),
        };
        Ok((read, rows.schema))
    }

    /// Ends a query, read or not. `false` if there is none.
    pub(crate) fn cancel(&self, handle: &[u8]) -> bool {
        if self.waiting.take(handle).is_some() {
            return true;
        }
        let Some(progress) = self.running.lock().get(handle).cloned() else {
            return false;
        };
        let mut progress = lock(&progress);
        let reading = matches!(*progress, Progress::Reading { .. });
        if reading
            && let Progress::Reading {
                waker: Some(waker), ..
            } = std::mem::replace(&mut *progress, Progress::Cancelled)
        {
            waker.wake();
        }
        reading
    }

    /// Drops what has not been read in time.
    pub(crate) fn sweep(&self) {
        self.waiting.sweep();
    }
}

impl Running {
    fn lock(&self) -> MutexGuard<'_, HashMap<Vec<u8>, Arc<Mutex<Progress>>>> {
        lock(&self.0)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Stream for Read {
    type Item = Result<RecordBatch, Status>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut progress = lock(&self.progress);
        match &mut *progress {
            Progress::Reading { batches, waker } => {
                let Poll::Ready(batch) = batches.poll_next_unpin(context) else {
                    *waker = Some(context.waker().clone());
                    return Poll::Pending;
                };
                *waker = None;
                if !matches!(batch, Some(Ok(_))) {
                    *progress = Progress::Ended;
                }
                Poll::Ready(batch.map(|batch| batch.map_err(status)))
            }
            Progress::Cancelled => {
                *progress = Progress::Ended;
                Poll::Ready(Some(Err(Status::cancelled("the query was cancelled"))))
            }
            Progress::Ended => Poll::Ready(None),
        }
    }
}

impl Drop for Read {
    fn drop(&mut self) {
        self.running.lock().remove(&self.handle);
    }
}
