//! Function in AWS Lambda.

use std::sync::Arc;
use std::task::{Context, Poll};

use lambda_runtime::tower::{Layer, Service};
use lambda_runtime::{Diagnostic, LambdaEvent, LambdaInvocation, Runtime, service_fn};
use serde_json::value::RawValue;
use spill::S3BlockStore;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::connector::Connector;
use crate::error::{Error, Failure};
use crate::function::{Function, SpillSettings};

/// Answers requests until Lambda ends the process. Blocks go to S3, with the credentials and region of the AWS SDK; the
/// variables of [`SpillSettings::from_vars`] name the bucket. Logs warnings, or what `RUST_LOG` names.
///
/// # Errors
/// If Lambda's runtime API cannot be reached, as outside of Lambda.
pub async fn serve(connector: impl Connector + 'static) -> Result<(), Error> {
    // A log that was set up before stays.
    let level = LevelFilter::WARN.into();
    let filter = EnvFilter::builder()
        .with_default_directive(level)
        .from_env_lossy();
    let log = tracing_subscriber::fmt().with_env_filter(filter);
    let _ = log.with_ansi(false).without_time().try_init();
    let sdk = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
    let blocks = Arc::new(S3BlockStore::new(aws_sdk_s3::Client::new(&sdk)));
    let settings = SpillSettings::from_vars(|name| std::env::var(name).ok());
    let function = Arc::new(Function::new(connector, blocks, settings));
    let handler = service_fn(move |event: LambdaEvent<String>| {
        let function = Arc::clone(&function);
        async move {
            let response = function.answer(event.payload.as_bytes()).await?;
            // Neither fails: responses are JSON.
            let text = String::from_utf8(response).map_err(|error| Diagnostic::from(error.to_string()))?;
            RawValue::from_string(text).map_err(|error| Diagnostic::from(error.to_string()))
        }
    });
    Runtime::new(handler).layer(RawEvent).run().await
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        Self {
            error_type: failure.error_type,
            error_message: failure.error_message,
        }
    }
}

/// Layer of Lambda's runtime that passes the event to a handler of [`String`] as text.
///
/// The runtime rejects an event that is not JSON with its own error, and ends the process on one that is not UTF-8. As a
/// quoted string either reaches the handler, whose decoder reports the fault.
pub struct RawEvent;

impl<S> Layer<S> for RawEvent {
    type Service = RawEventService<S>;

    fn layer(&self, inner: S) -> RawEventService<S> {
        RawEventService { inner }
    }
}

/// Service of [`RawEvent`].
pub struct RawEventService<S> {
    inner: S,
}

impl<S: Service<LambdaInvocation>> Service<LambdaInvocation> for RawEventService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut invocation: LambdaInvocation) -> S::Future {
        let text = String::from_utf8_lossy(&invocation.body);
        invocation.body = serde_json::Value::from(text).to_string().into();
        self.inner.call(invocation)
    }
}
