//! Settings of a topic that reads depend on.

use std::ffi::{CStr, CString};
use std::ptr::NonNull;
use std::time::{Duration, Instant};

use rdkafka::bindings as sys;
use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::types::RDKafkaErrorCode;

use crate::librdkafka::admin::{AdminCall, Event, elements, succeeded};

/// Time limit for the brokers; a plan is made without the setting if they do not respond.
const LIMIT: Duration = Duration::from_secs(5);

const TIMESTAMP_TYPE: &CStr = c"message.timestamp.type";

/// `message.timestamp.type` of a topic (KIP-32), `CreateTime` or `LogAppendTime`; `None` if the brokers do
/// not return it.
///
/// # Errors
/// If the brokers do not respond in time, or deny access.
pub(crate) fn timestamp_type<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    topic: &str,
    deadline: Instant,
) -> Result<Option<String>, RDKafkaErrorCode> {
    let limit = LIMIT.min(deadline.saturating_duration_since(Instant::now()));
    let topic = Resource::topic(topic)?;
    let operation = sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS;
    let call = AdminCall::new(consumer, operation, limit)?;
    let mut resources = [topic.0.as_ptr()];
    // SAFETY: `consumer` is borrowed, so its client lives. There is one resource, which is copied.
    let event = unsafe {
        call.answer(|client, options, queue| {
            sys::rd_kafka_DescribeConfigs(client, resources.as_mut_ptr(), resources.len(), options, queue);
        })
    };
    event?.value(TIMESTAMP_TYPE)
}

/// Resource whose settings are requested; freed when dropped.
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
        // The value is ignored in a request, but must not be null.
        // SAFETY: the resource is live; both texts end with NUL and are copied.
        succeeded(unsafe {
            sys::rd_kafka_ConfigResource_set_config(
                resource.0.as_ptr(),
                TIMESTAMP_TYPE.as_ptr(),
                c"".as_ptr(),
            )
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

impl Event {
    /// Value of setting `name` of the only resource.
    fn value(&self, name: &CStr) -> Result<Option<String>, RDKafkaErrorCode> {
        let resource = *self.resources().first().ok_or(RDKafkaErrorCode::Partial)?;
        // SAFETY: the resource lives as long as the event.
        succeeded(unsafe { sys::rd_kafka_ConfigResource_error(resource) })?;
        let mut count = 0;
        // SAFETY: as above; `count` is there to be written.
        let entries = unsafe { sys::rd_kafka_ConfigResource_configs(resource, &raw mut count) };
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
