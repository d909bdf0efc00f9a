//! A connector behind Lambda's Invoke API: in AWS, or wherever an endpoint speaks it (`cargo lambda watch`).

use async_trait::async_trait;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_lambda::Client;
use aws_sdk_lambda::error::DisplayErrorContext;
use aws_sdk_lambda::operation::invoke::InvokeOutput;
use aws_sdk_lambda::primitives::Blob;
use serde_json::Value;

use super::{Invoke, InvokeError};

/// Invokes one function, synchronously.
pub struct LambdaInvoke {
    client: Client,
    function: String,
}

/// Which function, and where.
#[derive(Debug, Clone, Default)]
pub struct LambdaTarget {
    /// A name or an ARN.
    pub function: String,
    /// Instead of the SDK's own endpoint, which `AWS_ENDPOINT_URL_LAMBDA` can change too.
    pub endpoint: Option<String>,
    /// Instead of the SDK's own region.
    pub region: Option<String>,
}

impl LambdaInvoke {
    pub fn new(client: Client, function: impl Into<String>) -> Self {
        Self {
            client,
            function: function.into(),
        }
    }

    /// With credentials and all else as the SDK finds them.
    pub async fn connect(target: LambdaTarget) -> Self {
        let config = sdk_config(target.region).await;
        let mut builder = aws_sdk_lambda::config::Builder::from(&config);
        builder.set_endpoint_url(
            target
                .endpoint
                .or_else(|| config.endpoint_url().map(str::to_owned)),
        );
        Self::new(Client::from_conf(builder.build()), target.function)
    }

    fn transport_error(&self, reason: impl Into<String>) -> InvokeError {
        InvokeError::Transport {
            function: self.function.clone(),
            reason: reason.into(),
        }
    }
}

async fn sdk_config(region: Option<String>) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest());
    if let Some(region) = region {
        loader = loader.region(Region::new(region));
    }
    loader.load().await
}

#[async_trait]
impl Invoke for LambdaInvoke {
    async fn invoke(&self, request: Vec<u8>) -> Result<Vec<u8>, InvokeError> {
        let call = self
            .client
            .invoke()
            .function_name(&self.function)
            .payload(Blob::new(request));
        let output = call
            .send()
            .await
            .map_err(|error| self.transport_error(DisplayErrorContext(error).to_string()))?;
        answer(output).ok_or_else(|| self.transport_error("the response has no payload"))?
    }
}

/// The payload, as an answer or as the function's error; None if there is none.
fn answer(output: InvokeOutput) -> Option<Result<Vec<u8>, InvokeError>> {
    let payload = output.payload.map(Blob::into_inner);
    match output.function_error {
        Some(kind) => Some(Err(function_error(&kind, payload.as_deref().unwrap_or_default()))),
        None => payload.map(Ok),
    }
}

/// `{"errorType": …, "errorMessage": …}`, every key optional, nothing else read; for any other payload its text.
/// `kind` is Lambda's own word: `Handled` or `Unhandled`.
fn function_error(kind: &str, payload: &[u8]) -> InvokeError {
    let error: Value = serde_json::from_slice(payload).unwrap_or_default();
    let text = |key: &str| error.get(key).and_then(Value::as_str).map(str::to_owned);
    InvokeError::Function {
        error_type: text("errorType").unwrap_or_else(|| kind.to_owned()),
        message: text("errorMessage").unwrap_or_else(|| String::from_utf8_lossy(payload).into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(error: InvokeError) -> (String, String) {
        match error {
            InvokeError::Function { error_type, message } => (error_type, message),
            other => panic!("not a function error: {other}"),
        }
    }

    #[test]
    fn reads_type_and_message_of_a_function_error() {
        let payload = br#"{"errorMessage":"no topic","errorType":"com.x.Y","stackTrace":["a"],"cause":{}}"#;
        assert_eq!(
            parts(function_error("Unhandled", payload)),
            ("com.x.Y".to_owned(), "no topic".to_owned())
        );
    }

    #[test]
    fn keeps_the_text_of_any_other_error() {
        for payload in ["", "null", "RequestId: 1 Process exited", "[1]"] {
            let wanted = ("Unhandled".to_owned(), payload.to_owned());
            assert_eq!(parts(function_error("Unhandled", payload.as_bytes())), wanted);
        }
    }

    #[test]
    fn an_error_without_payload_is_not_an_answer() {
        let output = InvokeOutput::builder().function_error("Unhandled").build();
        assert!(matches!(answer(output), Some(Err(InvokeError::Function { .. }))));
        assert!(answer(InvokeOutput::builder().build()).is_none());
    }

    #[test]
    fn tells_throttling_from_failure() {
        let error = |class: &str| InvokeError::Function {
            error_type: class.to_owned(),
            message: String::new(),
        };
        let package = "com.amazonaws.athena.connector.lambda.exceptions";
        assert!(error(&format!("{package}.FederationThrottleException")).is_throttling());
        assert!(!error(&format!("{package}.AthenaConnectorException")).is_throttling());
    }
}
