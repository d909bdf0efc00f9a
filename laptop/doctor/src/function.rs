//! Environment of a deployed function.

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_lambda::operation::get_function_configuration::{
    GetFunctionConfigurationError, GetFunctionConfigurationOutput,
};

use crate::finding::Check;
use crate::limit::Limit;
use crate::report::{Report, counted};
use crate::settings::Variables;
use spill::causes;

/// Source of functions' configurations.
#[async_trait]
pub(crate) trait Functions: Send + Sync {
    async fn function(&self, name: &str) -> Result<Function, FunctionError>;
}

/// Configuration of a function, as far as it is used here.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Function {
    pub(crate) variables: Variables,
    pub(crate) timeout_seconds: i32,
    pub(crate) memory_mb: i32,
    /// Subnets; empty outside of a VPC.
    pub(crate) subnets: Vec<String>,
}

/// Error of reading a function's configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FunctionError {
    #[error("function `{name}` does not exist")]
    NotFound { name: String },
    #[error("no permission for GetFunctionConfiguration of function `{name}`: {message}")]
    Denied { name: String, message: String },
    #[error("Lambda cannot decrypt the variables of function `{name}`: {message}")]
    Encrypted { name: String, message: String },
    #[error("GetFunctionConfiguration of function `{name}` failed: {reason}")]
    Failed { name: String, reason: String },
}

/// Variables of the function; `None` if they are unknown.
pub(crate) async fn check(
    functions: &dyn Functions,
    name: &str,
    limit: Limit,
    report: &mut Report<'_>,
) -> Option<Variables> {
    let mut about = report.about("settings");
    let function = match limit.within(functions.function(name)).await {
        Ok(Ok(function)) => function,
        Ok(Err(error)) => {
            about.fail(Check::Function, error.to_string(), fix(&error));
            return None;
        }
        Err(late) => {
            about.fail(Check::Function, format!("Lambda: {late}"), FAILED);
            return None;
        }
    };
    let Function {
        variables,
        timeout_seconds,
        memory_mb,
        subnets,
    } = function;
    let place = match subnets.as_slice() {
        [] => "outside of any VPC".to_owned(),
        subnets => format!(
            "in {}, whose network access may differ from this machine's",
            subnets.join(", ")
        ),
    };
    let count = counted(variables.len(), "variable", "variables");
    about.ok(
        Check::Function,
        format!("`{name}`: {count}, {timeout_seconds} s, {memory_mb} MB, {place}"),
    );
    Some(variables)
}

const FAILED: &str = "check the region, and the route to Lambda's endpoint";

fn fix(error: &FunctionError) -> &'static str {
    match error {
        FunctionError::NotFound { .. } => "check name, region (--region) and account",
        FunctionError::Denied { .. } => "allow lambda:GetFunctionConfiguration to the caller of this program",
        FunctionError::Encrypted { .. } => "allow kms:Decrypt of the key of the function's variables",
        FunctionError::Failed { .. } => FAILED,
    }
}

/// Region in a function's ARN.
pub(crate) fn region_of(function: &str) -> Option<&str> {
    let rest = function.strip_prefix("arn:")?;
    rest.split(':').nth(2).filter(|region| !region.is_empty())
}

/// Source that calls Lambda.
pub(crate) struct LambdaFunctions(Client);

impl LambdaFunctions {
    pub(crate) fn new(aws: &SdkConfig) -> Self {
        Self(Client::new(aws))
    }
}

#[async_trait]
impl Functions for LambdaFunctions {
    async fn function(&self, name: &str) -> Result<Function, FunctionError> {
        let asked = self
            .0
            .get_function_configuration()
            .function_name(name)
            .send()
            .await;
        match asked {
            Ok(output) => function(name, output),
            Err(error) => Err(function_error(name, &error)),
        }
    }
}

fn function(name: &str, output: GetFunctionConfigurationOutput) -> Result<Function, FunctionError> {
    let environment = output.environment;
    if let Some(error) = environment
        .as_ref()
        .and_then(|environment| environment.error.as_ref())
    {
        return Err(FunctionError::Encrypted {
            name: name.to_owned(),
            message: error.message().unwrap_or_default().to_owned(),
        });
    }
    let variables = environment.and_then(|environment| environment.variables);
    let vpc = output.vpc_config;
    Ok(Function {
        variables: variables.unwrap_or_default().into_iter().collect(),
        timeout_seconds: output.timeout.unwrap_or_default(),
        memory_mb: output.memory_size.unwrap_or_default(),
        subnets: vpc.and_then(|vpc| vpc.subnet_ids).unwrap_or_default(),
    })
}

fn function_error(name: &str, error: &SdkError<GetFunctionConfigurationError>) -> FunctionError {
    let name = name.to_owned();
    let message = error.message().map_or_else(|| causes(error), str::to_owned);
    match error.code() {
        Some("ResourceNotFoundException") => FunctionError::NotFound { name },
        Some("AccessDeniedException") => FunctionError::Denied { name, message },
        _ => FunctionError::Failed {
            name,
            reason: message,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aws_sdk_lambda::types::{EnvironmentError, EnvironmentResponse};

    use super::*;
    use crate::finding::Status;

    struct One(Result<Function, FunctionError>);

    #[async_trait]
    impl Functions for One {
        async fn function(&self, _name: &str) -> Result<Function, FunctionError> {
            self.0.clone()
        }
    }

    async fn checked(found: Result<Function, FunctionError>) -> (Option<Variables>, Status, String) {
        let mut report = Report::new(|_| {});
        let limit = Limit(Duration::from_secs(5));
        let variables = check(&One(found), "f", limit, &mut report).await;
        let finding = &report.findings()[0];
        (variables, finding.status, finding.found.clone())
    }

    #[tokio::test]
    async fn says_where_the_function_runs() {
        let function = Function {
            variables: Variables::from([("auth_type".into(), "SSL".into())]),
            timeout_seconds: 900,
            memory_mb: 512,
            subnets: vec!["subnet-1".into()],
        };
        let (variables, status, found) = checked(Ok(function.clone())).await;
        assert_eq!((variables, status), (Some(function.variables), Status::Ok));
        assert!(
            found.starts_with("`f`: 1 variable, 900 s, 512 MB, in subnet-1, whose network"),
            "{found}"
        );
        let (_, _, found) = checked(Ok(Function::default())).await;
        assert!(found.ends_with("outside of any VPC"), "{found}");
    }

    #[tokio::test]
    async fn without_the_variables_there_is_nothing_to_look_at() {
        let (variables, status, found) = checked(Err(FunctionError::NotFound { name: "f".into() })).await;
        assert_eq!((variables, status), (None, Status::Failed));
        assert_eq!(found, "function `f` does not exist");
    }

    #[test]
    fn variables_that_lambda_cannot_decrypt_are_an_error() {
        let error = EnvironmentError::builder().message("key is disabled").build();
        let environment = EnvironmentResponse::builder().error(error).build();
        let output = GetFunctionConfigurationOutput::builder()
            .environment(environment)
            .build();
        let error = function("f", output).unwrap_err().to_string();
        assert!(error.ends_with("`f`: key is disabled"), "{error}");
    }

    #[test]
    fn an_arn_tells_the_region() {
        assert_eq!(
            region_of("arn:aws:lambda:eu-west-1:123456789012:function:f"),
            Some("eu-west-1")
        );
        assert_eq!(region_of("123456789012:function:f"), None);
        assert_eq!(region_of("f"), None);
    }
}
