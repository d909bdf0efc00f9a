//! Settings of topics.

use std::ffi::{CStr, CString};
use std::ptr::NonNull;
use std::time::{Duration, Instant};

use rdkafka::bindings as sys;
use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::types::RDKafkaErrorCode;

use crate::librdkafka::admin::{AdminCall, Event, elements, succeeded};

/// Time limit for the brokers; callers can do without the settings.
const LIMIT: Duration = Duration::from_secs(5);

/// Setting for the clock of a topic's timestamps: `CreateTime` or `LogAppendTime`.
pub(crate) const TIMESTAMP_TYPE: &CStr = c"message.timestamp.type";
/// Setting for the fate of a topic's old records: `delete`, `compact` or both.
pub(crate) const CLEANUP_POLICY: &CStr = c"cleanup.policy";

/// Value of the topic's setting `name`; `None` if the brokers do not return it.
///
/// # Errors
/// If the brokers do not respond in time, or deny access.
pub(crate) fn topic_setting<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    topic: &str,
    name: &CStr,
    deadline: Instant,
) -> Result<Option<String>, RDKafkaErrorCode> {
    let settings = topic_settings(consumer, &[topic], name, deadline)?;
    settings
        .into_iter()
        .next()
        .unwrap_or(Err(RDKafkaErrorCode::Partial))
}

/// Values of setting `name` of several topics, in their order, with an error for each that is not returned.
///
/// # Errors
/// If the brokers do not respond in time.
pub(crate) fn topic_settings<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    topics: &[&str],
    name: &CStr,
    deadline: Instant,
) -> Result<Vec<Result<Option<String>, RDKafkaErrorCode>>, RDKafkaErrorCode> {
    let limit = LIMIT.min(deadline.saturating_duration_since(Instant::now()));
    let resources = topics.iter().map(|topic| Resource::topic(topic, name));
    let resources = resources.collect::<Result<Vec<_>, _>>()?;
    let operation = sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS;
    let call = AdminCall::new(consumer, operation, limit)?;
    let mut pointers: Vec<_> = resources.iter().map(|resource| resource.0.as_ptr()).collect();
    // SAFETY: `consumer` is borrowed, so its client lives. The resources live until after the call, which copies them.
    let event = unsafe {
        call.answer(|client, options, queue| {
            sys::rd_kafka_DescribeConfigs(client, pointers.as_mut_ptr(), pointers.len(), options, queue);
        })
    };
    let event = event?;
    let answers = event.resources();
    let of_topic = |topic: &&str| {
        let answer = answers.iter().find(|answer| is_of(**answer, topic));
        setting(*answer.ok_or(RDKafkaErrorCode::Partial)?, name)
    };
    Ok(topics.iter().map(of_topic).collect())
}

/// Resource whose setting is requested; freed when dropped.
struct Resource(NonNull<sys::rd_kafka_ConfigResource_t>);

impl Resource {
    fn topic(topic: &str, setting: &CStr) -> Result<Self, RDKafkaErrorCode> {
        let name = CString::new(topic).map_err(|_| RDKafkaErrorCode::InvalidTopic)?;
        // SAFETY: `name` ends with NUL and is copied.
        let resource = unsafe {
            sys::rd_kafka_ConfigResource_new(
                sys::rd_kafka_ResourceType_t::RD_KAFKA_RESOURCE_TOPIC,
                name.as_ptr(),
            )
        };
        let resource = Self(NonNull::new(resource).ok_or(RDKafkaErrorCode::InvalidArgument)?);
        // The value is ignored in a request, but must not be null.
        // SAFETY: the resource is live; both texts end with NUL and are copied.
        succeeded(unsafe {
            sys::rd_kafka_ConfigResource_set_config(resource.0.as_ptr(), setting.as_ptr(), c"".as_ptr())
        })?;
        Ok(resource)
    }
}

impl Drop for Resource {
    fn drop(&mut self) {
        // SAFETY: made by `Resource::topic` and freed once.
        unsafe { sys::rd_kafka_ConfigResource_destroy(self.0.as_ptr()) }
    }
}

/// Whether an answer, which lives, is about `topic`.
fn is_of(answer: *const sys::rd_kafka_ConfigResource_t, topic: &str) -> bool {
    // SAFETY: the answer lives as long as its event, which the caller holds, and has a name that ends with NUL.
    let name = unsafe { CStr::from_ptr(sys::rd_kafka_ConfigResource_name(answer)) };
    name.to_bytes() == topic.as_bytes()
}

/// Value of setting `name` in an answer, which must be live.
fn setting(
    answer: *const sys::rd_kafka_ConfigResource_t,
    name: &CStr,
) -> Result<Option<String>, RDKafkaErrorCode> {
    // SAFETY: the answer lives as long as its event, which the caller holds.
    succeeded(unsafe { sys::rd_kafka_ConfigResource_error(answer) })?;
    let mut count = 0;
    // SAFETY: as above; `count` is there to be written.
    let entries = unsafe { sys::rd_kafka_ConfigResource_configs(answer, &raw mut count) };
    // SAFETY: these are `count` pointers that live as long as the event.
    let entries = unsafe { elements(entries, count) };
    let named = |entry: &&*const sys::rd_kafka_ConfigEntry_t| {
        // SAFETY: an entry lives as long as the event and has a name.
        let entry_name = unsafe { CStr::from_ptr(sys::rd_kafka_ConfigEntry_name(**entry)) };
        entry_name == name
    };
    let Some(entry) = entries.iter().find(named) else {
        return Ok(None);
    };
    // SAFETY: as above.
    let value = unsafe { sys::rd_kafka_ConfigEntry_value(*entry) };
    if value.is_null() {
        return Ok(None);
    }
    // SAFETY: a value that is not null ends with NUL and lives as long as the event.
    let value = unsafe { CStr::from_ptr(value) };
    Ok(Some(value.to_string_lossy().into_owned()))
}

impl Event {
    /// Resources of the event; none if it is of another kind.
    fn resources(&self) -> &[*const sys::rd_kafka_ConfigResource_t] {
        // SAFETY: the event is live.
        let result = unsafe { sys::rd_kafka_event_DescribeConfigs_result(self.as_ptr()) };
        if result.is_null() {
            return &[];
        }
        let mut count = 0;
        // SAFETY: the result is the event; `count` is there to be written.
        let resources = unsafe { sys::rd_kafka_DescribeConfigs_result_resources(result, &raw mut count) };
        // SAFETY: these are `count` pointers that live as long as the event.
        unsafe { elements(resources, count) }
    }
}
