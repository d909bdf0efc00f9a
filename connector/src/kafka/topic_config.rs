//! What the brokers are told to do with a topic, as far as reading depends on it.
//!
//! DescribeConfigs is an admin call of librdkafka's. The `rdkafka` crate offers those on an admin client, which would
//! be one more client with connections of its own; this file asks on the handle of the client that is at hand.

use std::ffi::{CStr, CString};
use std::ptr::{self, NonNull};
use std::slice;
use std::time::{Duration, Instant};

use rdkafka::bindings as sys;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::types::{RDKafkaErrorCode, RDKafkaRespErr};

/// How long the brokers may take: a plan does without the answer.
const LIMIT: Duration = Duration::from_secs(5);

const TIMESTAMP_TYPE: &CStr = c"message.timestamp.type";

/// The topic's `message.timestamp.type`: `CreateTime` or `LogAppendTime`.
///
/// # Errors
/// In words, if the brokers do not tell in time or not to us.
pub(super) fn timestamp_type<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    topic: &str,
    deadline: Instant,
) -> Result<String, String> {
    let limit = LIMIT.min(deadline.saturating_duration_since(Instant::now()));
    let resource = Resource::topic(topic).map_err(|code| code.to_string())?;
    let answer = describe(consumer, &resource, limit).map_err(|code| code.to_string())?;
    answer.value(TIMESTAMP_TYPE)
}

/// Asks for what `resource` names and waits for the answer.
fn describe<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    resource: &Resource,
    limit: Duration,
) -> Result<Answer, RDKafkaErrorCode> {
    let client = consumer.client().native_ptr();
    let limit_ms = i32::try_from(limit.as_millis()).unwrap_or(i32::MAX);
    let options = Options::with_limit(client, limit_ms)?;
    // SAFETY: `client` is live as long as `consumer`. The call never returns null.
    let queue = Queue(unsafe { NonNull::new_unchecked(sys::rd_kafka_queue_new(client)) });
    let mut resources = [resource.0.as_ptr()];
    // SAFETY: all handles are live, of this client, and copied by the call; there is one resource.
    unsafe {
        sys::rd_kafka_DescribeConfigs(
            client,
            resources.as_mut_ptr(),
            resources.len(),
            options.0.as_ptr(),
            queue.0.as_ptr(),
        );
    }
    // librdkafka answers by itself when the time is over; a little more lets its own error through.
    // SAFETY: the queue is live.
    let event = unsafe { sys::rd_kafka_queue_poll(queue.0.as_ptr(), limit_ms.saturating_add(500)) };
    NonNull::new(event)
        .map(Answer)
        .ok_or(RDKafkaErrorCode::OperationTimedOut)
}

/// Which settings of what are asked for; freed when dropped.
struct Resource(NonNull<sys::rd_kafka_ConfigResource_t>);

impl Resource {
    fn topic(topic: &str) -> Result<Self, RDKafkaErrorCode> {
        let name = CString::new(topic).map_err(|_| RDKafkaErrorCode::InvalidTopic)?;
        // SAFETY: `name` ends with NUL and is copied.
        let resource = unsafe {
            sys::rd_kafka_ConfigResource_new(
                sys::rd_kafka_ResourceType_t::RD_KAFKA_RESOURCE_TOPIC,
                name.as_ptr(),
            )
        };
        let resource = Self(NonNull::new(resource).ok_or(RDKafkaErrorCode::InvalidArgument)?);
        // In a question the value means nothing, but must not be null.
        // SAFETY: the resource is live; both texts end with NUL and are copied.
        let code = unsafe {
            sys::rd_kafka_ConfigResource_set_config(
                resource.0.as_ptr(),
                TIMESTAMP_TYPE.as_ptr(),
                c"".as_ptr(),
            )
        };
        ok(code).map(|()| resource)
    }
}

impl Drop for Resource {
    fn drop(&mut self) {
        // SAFETY: made by `Resource::topic` and freed once.
        unsafe { sys::rd_kafka_ConfigResource_destroy(self.0.as_ptr()) }
    }
}

/// How long an admin call may take; freed when dropped.
struct Options(NonNull<sys::rd_kafka_AdminOptions_t>);

impl Options {
    fn with_limit(client: *mut sys::rd_kafka_t, limit_ms: i32) -> Result<Self, RDKafkaErrorCode> {
        // SAFETY: `client` is live.
        let options = unsafe {
            sys::rd_kafka_AdminOptions_new(
                client,
                sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS,
            )
        };
        let options = Self(NonNull::new(options).ok_or(RDKafkaErrorCode::InvalidArgument)?);
        // SAFETY: the options are live; no text is wanted, so none of length 0 is given.
        let code = unsafe {
            sys::rd_kafka_AdminOptions_set_request_timeout(options.0.as_ptr(), limit_ms, ptr::null_mut(), 0)
        };
        ok(code).map(|()| options)
    }
}

impl Drop for Options {
    fn drop(&mut self) {
        // SAFETY: made by `Options::with_limit` and freed once.
        unsafe { sys::rd_kafka_AdminOptions_destroy(self.0.as_ptr()) }
    }
}

/// Where the answer comes; freed when dropped, with an answer that came too late.
struct Queue(NonNull<sys::rd_kafka_queue_t>);

impl Drop for Queue {
    fn drop(&mut self) {
        // SAFETY: made by `rd_kafka_queue_new` and freed once.
        unsafe { sys::rd_kafka_queue_destroy(self.0.as_ptr()) }
    }
}

/// The event that answers; freed when dropped, with all it holds.
struct Answer(NonNull<sys::rd_kafka_event_t>);

impl Answer {
    /// The value of setting `name` of the only resource.
    fn value(&self, name: &CStr) -> Result<String, String> {
        // SAFETY: the event is live.
        ok(unsafe { sys::rd_kafka_event_error(self.0.as_ptr()) }).map_err(|code| code.to_string())?;
        let resource = *self.resources().first().ok_or("nothing was told")?;
        // SAFETY: the resource lives as long as the event.
        ok(unsafe { sys::rd_kafka_ConfigResource_error(resource) }).map_err(|code| code.to_string())?;
        let mut count = 0;
        // SAFETY: as above; `count` is there to be written.
        let entries = unsafe { sys::rd_kafka_ConfigResource_configs(resource, &raw mut count) };
        // SAFETY: these are `count` pointers that live as long as the event.
        let entries = unsafe { array(entries, count) };
        let named = |entry: &&*const sys::rd_kafka_ConfigEntry_t| {
            // SAFETY: an entry lives as long as the event and has a name.
            let entry_name = unsafe { CStr::from_ptr(sys::rd_kafka_ConfigEntry_name(**entry)) };
            entry_name == name
        };
        let entry = *entries.iter().find(named).ok_or("the setting was not told")?;
        // SAFETY: as above.
        let value = unsafe { sys::rd_kafka_ConfigEntry_value(entry) };
        if value.is_null() {
            return Err("the setting has no value".to_owned());
        }
        // SAFETY: a value that is not null ends with NUL and lives as long as the event.
        let value = unsafe { CStr::from_ptr(value) };
        Ok(value.to_string_lossy().into_owned())
    }

    /// None if the event is of another kind.
    fn resources(&self) -> &[*const sys::rd_kafka_ConfigResource_t] {
        // SAFETY: the event is live.
        let result = unsafe { sys::rd_kafka_event_DescribeConfigs_result(self.0.as_ptr()) };
        if result.is_null() {
            return &[];
        }
        let mut count = 0;
        // SAFETY: the result is the event; `count` is there to be written.
        let resources = unsafe { sys::rd_kafka_DescribeConfigs_result_resources(result, &raw mut count) };
        // SAFETY: these are `count` pointers that live as long as the event.
        unsafe { array(resources, count) }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        // SAFETY: made by `rd_kafka_queue_poll` and freed once.
        unsafe { sys::rd_kafka_event_destroy(self.0.as_ptr()) }
    }
}

/// Empty if `start` is null.
///
/// # Safety
/// Else it must point to `count` pointers that live as long as `'a`.
unsafe fn array<'a, T>(start: *mut *const T, count: usize) -> &'a [*const T] {
    if start.is_null() {
        return &[];
    }
    // SAFETY: as the caller must see to.
    unsafe { slice::from_raw_parts(start, count) }
}

fn ok(code: RDKafkaRespErr) -> Result<(), RDKafkaErrorCode> {
    match code {
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR => Ok(()),
        code => Err(code.into()),
    }
}
