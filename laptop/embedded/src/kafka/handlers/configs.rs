//! Settings of topics.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResult,
};
use kafka_protocol::messages::{DescribeConfigsRequest, DescribeConfigsResponse};
use kafka_protocol::protocol::StrBytes;

use crate::kafka::broker::Broker;
use crate::kafka::topics::Setting;

/// Kafka's resource type of topics.
const TOPIC: i8 = 2;

/// Source of a setting: the topic's own, or the broker's default.
mod source {
    pub(super) const TOPIC: i8 = 1;
    pub(super) const DEFAULT: i8 = 5;
}

pub(crate) fn describe_configs(broker: &Broker, request: DescribeConfigsRequest) -> DescribeConfigsResponse {
    let results = request.resources.into_iter().map(|resource| {
        let (error_code, configs) = match describe(broker, &resource) {
            Ok(configs) => (0, configs),
            Err(error) => (error.code(), Vec::new()),
        };
        DescribeConfigsResult::default()
            .with_error_code(error_code)
            .with_resource_type(resource.resource_type)
            .with_resource_name(resource.resource_name)
            .with_configs(configs)
    });
    DescribeConfigsResponse::default().with_results(results.collect())
}

/// All settings that this broker applies, or the requested ones of them.
fn describe(
    broker: &Broker,
    resource: &DescribeConfigsResource,
) -> Result<Vec<DescribeConfigsResourceResult>, ResponseError> {
    if resource.resource_type != TOPIC {
        return Err(ResponseError::InvalidRequest);
    }
    let topic = broker.topic(&resource.resource_name);
    let topic = topic.ok_or(ResponseError::UnknownTopicOrPartition)?;
    let is_wanted = |setting: &Setting| match &resource.configuration_keys {
        Some(keys) => keys.iter().any(|key| **key == *setting.name),
        None => true,
    };
    let settings = topic.config.settings().into_iter().filter(is_wanted);
    Ok(settings.map(described).collect())
}

fn described(setting: Setting) -> DescribeConfigsResourceResult {
    DescribeConfigsResourceResult::default()
        .with_name(StrBytes::from_static_str(setting.name))
        .with_value(Some(StrBytes::from_string(setting.value)))
        .with_config_source(match setting.is_default {
            true => source::DEFAULT,
            false => source::TOPIC,
        })
}
