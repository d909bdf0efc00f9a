//! Admin calls of librdkafka on the handle of an existing client.
//!
//! The `rdkafka` crate offers them on an admin client, which would be one more client with connections and
//! logins of its own. The common part is here; the request and response of each call are in a file of its
//! own.

use std::ffi::c_char;
use std::ptr::NonNull;
use std::slice;
use std::time::{Duration, Instant};

use rdkafka::bindings as sys;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::types::{RDKafkaErrorCode, RDKafkaRespErr};

/// Admin call to be made.
pub(crate) struct AdminCall {
    /// Handle, which lives as long as the consumer that the call was made for.
    client: *mut sys::rd_kafka_t,
    options: Options,
    queue: Queue,
    timeout_ms: i32,
}

/// Longest timeout that librdkafka's options accept.
const MAX_TIMEOUT_MS: i32 = 3_600_000;
/// Grace period, because librdkafka ends the call itself when the time is over, and its own error takes
/// precedence.
const GRACE_MS: i32 = 500;

impl AdminCall {
    /// Creates a call that is abandoned after `timeout`.
    pub(crate) fn new<C: ConsumerContext>(
        consumer: &BaseConsumer<C>,
        operation: sys::rd_kafka_admin_op_t,
        timeout: Duration,
    ) -> Result<Self, RDKafkaErrorCode> {
        let client = consumer.client().native_ptr();
        let timeout_ms =
            i32::try_from(timeout.as_millis()).map_or(MAX_TIMEOUT_MS, |ms| ms.clamp(1, MAX_TIMEOUT_MS));
        // SAFETY: `client` is live. The call returns null only for an operation that it does not know.
        let options = unsafe { sys::rd_kafka_AdminOptions_new(client, operation) };
        let options = Options(NonNull::new(options).ok_or(RDKafkaErrorCode::InvalidArgument)?);
        options.set(|options, text, text_bytes| {
            // SAFETY: the options are live, and the text has the length that is passed.
            unsafe { sys::rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, text, text_bytes) }
        })?;
        // SAFETY: `client` is live. The call never returns null.
        let queue = Queue(unsafe { NonNull::new_unchecked(sys::rd_kafka_queue_new(client)) });
        Ok(Self {
            client,
            options,
            queue,
            timeout_ms,
        })
    }

    /// Directs the call to the broker with this id. By default librdkafka sends some calls to the controller,
    /// which needs a further connection and fails while there is no controller.
    pub(crate) fn of_broker(self, broker: i32) -> Result<Self, RDKafkaErrorCode> {
        self.options.set(|options, text, text_bytes| {
            // SAFETY: the options are live, and the text has the length that is passed.
            unsafe { sys::rd_kafka_AdminOptions_set_broker(options, broker, text, text_bytes) }
        })?;
        Ok(self)
    }

    /// Makes the call with this isolation level.
    pub(crate) fn reading(self, level: sys::rd_kafka_IsolationLevel_t) -> Result<Self, RDKafkaErrorCode> {
        // SAFETY: the options are live.
        let refused =
            unsafe { sys::rd_kafka_AdminOptions_set_isolation_level(self.options.0.as_ptr(), level) };
        let Some(refused) = NonNull::new(refused) else {
            return Ok(self);
        };
        // SAFETY: the error is live, ours to free, and freed once.
        let code = unsafe {
            let code = sys::rd_kafka_error_code(refused.as_ptr());
            sys::rd_kafka_error_destroy(refused.as_ptr());
            code
        };
        Err(code.into())
    }

    /// Makes the call with `send` and waits for its result.
    ///
    /// # Errors
    /// The errors of the call, including [`RDKafkaErrorCode::OperationTimedOut`].
    ///
    /// # Safety
    /// The client that this was made for must live, and `send` must only pass the three arguments on to
    /// librdkafka.
    pub(crate) unsafe fn answer(
        self,
        send: impl FnOnce(*mut sys::rd_kafka_t, *const sys::rd_kafka_AdminOptions_t, *mut sys::rd_kafka_queue_t),
    ) -> Result<Event, RDKafkaErrorCode> {
        // SAFETY: guaranteed by the caller.
        unsafe { self.send(send) }.answer()
    }

    /// Makes the call with `send`, whose result is awaited later. The client must not be destroyed before.
    ///
    /// # Safety
    /// That of [`answer`](Self::answer).
    pub(crate) unsafe fn send(
        self,
        send: impl FnOnce(*mut sys::rd_kafka_t, *const sys::rd_kafka_AdminOptions_t, *mut sys::rd_kafka_queue_t),
    ) -> Sent {
        // librdkafka copies the options; the queue is reference-counted, so that a result that arrives too
        // late is freed.
        send(self.client, self.options.0.as_ptr(), self.queue.0.as_ptr());
        let timeout_ms = self.timeout_ms.saturating_add(GRACE_MS);
        Sent {
            queue: self.queue,
            until: Instant::now() + Duration::from_millis(timeout_ms.unsigned_abs().into()),
        }
    }
}

/// Call that has been made, and whose result is to come.
pub(crate) struct Sent {
    queue: Queue,
    until: Instant,
}

impl Sent {
    /// Waits for the result.
    ///
    /// # Errors
    /// The errors of the call, including [`RDKafkaErrorCode::OperationTimedOut`].
    pub(crate) fn answer(self) -> Result<Event, RDKafkaErrorCode> {
        let left = self.until.saturating_duration_since(Instant::now());
        let left_ms = i32::try_from(left.as_millis()).unwrap_or(MAX_TIMEOUT_MS);
        // SAFETY: the queue is live.
        let event = unsafe { sys::rd_kafka_queue_poll(self.queue.0.as_ptr(), left_ms) };
        let event = Event(NonNull::new(event).ok_or(RDKafkaErrorCode::OperationTimedOut)?);
        // SAFETY: the event is live.
        succeeded(unsafe { sys::rd_kafka_event_error(event.as_ptr()) })?;
        Ok(event)
    }
}

/// Options of a call; freed when dropped.
struct Options(NonNull<sys::rd_kafka_AdminOptions_t>);

impl Options {
    /// Sets an option. librdkafka's code is enough to explain a value that it rejects.
    fn set(
        &self,
        set: impl FnOnce(*mut sys::rd_kafka_AdminOptions_t, *mut c_char, usize) -> RDKafkaRespErr,
    ) -> Result<(), RDKafkaErrorCode> {
        let mut text: [c_char; 128] = [0; 128];
        succeeded(set(self.0.as_ptr(), text.as_mut_ptr(), text.len()))
    }
}

impl Drop for Options {
    fn drop(&mut self) {
        // SAFETY: made by `AdminCall::new`, freed once.
        unsafe { sys::rd_kafka_AdminOptions_destroy(self.0.as_ptr()) }
    }
}

/// Queue on which the result arrives; freed when dropped, with its contents.
struct Queue(NonNull<sys::rd_kafka_queue_t>);

impl Drop for Queue {
    fn drop(&mut self) {
        // SAFETY: made by `AdminCall::new`, freed once.
        unsafe { sys::rd_kafka_queue_destroy(self.0.as_ptr()) }
    }
}

/// Result of a call; freed when dropped, with all that it holds.
pub(crate) struct Event(NonNull<sys::rd_kafka_event_t>);

impl Event {
    /// Pointer that is valid as long as the event.
    pub(crate) fn as_ptr(&self) -> *mut sys::rd_kafka_event_t {
        self.0.as_ptr()
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: the event came from `rd_kafka_queue_poll` and is freed once.
        unsafe { sys::rd_kafka_event_destroy(self.0.as_ptr()) }
    }
}

/// Slice of a start and a count of librdkafka. Empty if `start` is null.
///
/// # Safety
/// Unless null, it must point to `count` elements that live as long as the slice is used.
pub(crate) unsafe fn elements<'a, T>(start: *mut T, count: usize) -> &'a [T] {
    if start.is_null() {
        return &[];
    }
    // SAFETY: guaranteed by the caller.
    unsafe { slice::from_raw_parts(start, count) }
}

pub(crate) fn succeeded(code: RDKafkaRespErr) -> Result<(), RDKafkaErrorCode> {
    match code {
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR => Ok(()),
        code => Err(code.into()),
    }
}
