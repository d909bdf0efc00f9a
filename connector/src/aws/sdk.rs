//! Common parts of all AWS clients: configuration, timeouts, retries and error texts.

use std::time::Duration;

use aws_config::meta::region::RegionProviderChain;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_glue::error::{ProvideErrorMetadata, SdkError};
use futures::FutureExt;
use futures::future::BoxFuture;

use spill::causes;

/// Configuration of AWS clients as the environment specifies. Uses no network.
///
/// Regions come from the environment or the profile; the instance metadata service, which the default chain
/// would use next, is a network call that a Lambda function never needs.
pub fn sdk_config() -> BoxFuture<'static, SdkConfig> {
    async move {
        use aws_config::environment::EnvironmentVariableRegionProvider;
        use aws_config::profile::ProfileFileRegionProvider;
        let region = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
            .or_else(ProfileFileRegionProvider::new());
        aws_config::defaults(BehaviorVersion::latest())
            .region(region)
            .load()
            .await
    }
    .boxed()
}

/// Client of S3. With a custom endpoint it uses path-style requests, since such an endpoint rarely has a host
/// name for every bucket.
pub fn s3_client(sdk: &SdkConfig) -> aws_sdk_s3::Client {
    let own_endpoint = sdk.endpoint_url().is_some() || std::env::var_os("AWS_ENDPOINT_URL_S3").is_some();
    let config = aws_sdk_s3::config::Builder::from(sdk).force_path_style(own_endpoint);
    aws_sdk_s3::Client::from_conf(config.build())
}

/// Timeouts of clients that give up early: without a route to the service every attempt times out, and a
/// query should end with the reason before Lambda's own timeout.
pub(crate) fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .build()
}

/// Standard retries, up to `max_attempts` including the first.
pub(crate) fn retries(max_attempts: u32) -> RetryConfig {
    RetryConfig::standard().with_max_attempts(max_attempts)
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

/// Error text of the service; if it was not reached, what to check.
pub(crate) fn reason<E>(error: &SdkError<E>, service: &str) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    if is_unreachable(error) {
        return format!(
            "{}; check that the function's subnets have a route to the service (a NAT gateway or an endpoint for \
             `{service}`) and that the security groups let port 443 through",
            causes(error)
        );
    }
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        _ => causes(error),
    }
}

/// Whether there was no response because of the network. Missing credentials also fail to dispatch, but are
/// another matter.
pub(crate) fn is_unreachable<E>(error: &SdkError<E>) -> bool {
    match error {
        SdkError::TimeoutError(_) => true,
        SdkError::DispatchFailure(failure) => failure.is_io() || failure.is_timeout(),
        _ => false,
    }
}

/// Whether `code` is one by which AWS services request a lower rate.
pub(crate) fn is_throttling(code: &str) -> bool {
    matches!(
        code,
        "Throttling"
            | "ThrottlingException"
            | "ThrottledException"
            | "RequestThrottled"
            | "RequestThrottledException"
            | "RequestLimitExceeded"
            | "TooManyRequestsException"
    )
}
