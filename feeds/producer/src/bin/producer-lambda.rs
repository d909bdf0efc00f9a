//! `producer-lambda`: binary of the Lambda function.

use lambda_runtime::{Diagnostic, LambdaEvent, run, service_fn};
use producer::lambda::{self, LambdaConfig, Report};
use serde::de::IgnoredAny;

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    lambda_runtime::tracing::init_default_subscriber();
    run(service_fn(handle)).await
}

/// Reads the environment at each call, so that an invalid one is an error of the invocation.
async fn handle(_: LambdaEvent<IgnoredAny>) -> Result<Report, Diagnostic> {
    let config = LambdaConfig::from_vars(|name| std::env::var(name).ok())
        .map_err(|error| diagnostic("ConfigError", &error))?;
    lambda::run(&config)
        .await
        .map_err(|error| diagnostic("RunError", &error))
}

fn diagnostic(error_type: &str, error: &dyn std::error::Error) -> Diagnostic {
    Diagnostic {
        error_type: error_type.to_owned(),
        error_message: error.to_string(),
    }
}
