//! Connector called through Lambda's Invoke API: in AWS, or at an endpoint that implements it (`cargo lambda
//! watch`).

use async_trait::async_trait;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::Credentials;
use aws_sdk_lambda::operation::invoke::InvokeOutput;
use aws_sdk_lambda::primitives::Blob;
use serde_json::Value;

use super::{Invoke, InvokeError};

/// Client that invokes one function synchronously.
pub struct LambdaInvoke {
    client: Client,
    function: String,
}

/// Function and its location.
#[derive(Debug, Clone, Default)]
pub struct LambdaTarget {
    /// Name or ARN of the function.
    pub function: String,
    /// Endpoint that replaces the SDK's own, which `AWS_ENDPOINT_URL_LAMBDA` can change, too.
    pub endpoint: Option<String>,
    /// Region that replaces the SDK's own.
    pub region: Option<String>,
}

impl LambdaInvoke {
    pub fn new(client: Client, function: impl Into<String>) -> Self {
        Self {
            client,
            function: function.into(),
        }
    }

    /// Connects with credentials and other settings of the SDK; an endpoint on this machine needs none.
    pub async fn connect(target: LambdaTarget) -> Self {
        let config = sdk_config(&target).await;
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

async fn sdk_config(target: &LambdaTarget) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest());
    if let Some(region) = &target.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if target.endpoint.as_deref().is_some_and(is_on_this_machine) {
        // A local endpoint ignores credentials, which the SDK would otherwise search for on the network.
        loader =
            loader.credentials_provider(Credentials::new("local", "local", None, None, "local endpoint"));
        if target.region.is_none() {
            loader = loader.region(Region::new("us-east-1"));
        }
    }
    loader.load().await
}

fn is_on_this_machine(endpoint: &str) -> bool {
    let authority = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest);
    let authority = authority
        .split_once('/')
        .map_or(authority, |(authority, _)| authority);
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split_once(']').map_or(v6, |(host, _)| host),
        None => authority.split_once(':').map_or(authority, |(host, _)| host),
    };
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
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
            .map_err(|error| self.transport_error(spill::causes(&error)))?;
        answer(output).ok_or_else(|| self.transport_error("the response has no payload"))?
    }
}

/// Payload as a response or as the function's error; `None` if there is none.
fn answer(output: InvokeOutput) -> Option<Result<Vec<u8>, InvokeError>> {
    let payload = output.payload.map(Blob::into_inner);
    match output.function_error {
        Some(kind) => Some(Err(function_error(&kind, payload.as_deref().unwrap_or_default()))),
        None => payload.map(Ok),
    }
}

/// Error in a payload `{"errorType": …, "errorMessage": …}`, of which every key is optional and others are
/// ignored; for any other payload its text. `kind` is Lambda's own: `Handled` or `Unhandled`.
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
    fn knows_endpoints_on_this_machine() {
        for endpoint in [
            "http://localhost:9000",
            "http://127.0.0.1:9000/x",
            "http://[::1]:9000",
            "localhost",
        ] {
            assert!(is_on_this_machine(endpoint), "{endpoint}");
        }
        for endpoint in [
            "https://lambda.us-east-1.amazonaws.com",
            "http://localhost.example.com",
            "http://10.0.0.1:1",
        ] {
            assert!(!is_on_this_machine(endpoint), "{endpoint}");
        }
    }

    #[tokio::test]
    async fn an_unreachable_endpoint_is_an_error_of_one_line() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let target = LambdaTarget {
            function: "f".into(),
            endpoint: Some(endpoint),
            region: None,
        };
        let error = LambdaInvoke::connect(target)
            .await
            .invoke(b"{}".to_vec())
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("cannot invoke f: ") && error.contains("refused"),
            "{error}"
        );
        assert!(!error.contains("DispatchFailure"), "{error}");
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
