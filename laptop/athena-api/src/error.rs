//! Exceptions of the API, as Athena writes them.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::engine::{EngineError, Fault};

/// Exception that a request is answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    exception: &'static str,
    /// `AthenaErrorCode`, or `Reason` of a refusal by number.
    code: Option<&'static str>,
    message: String,
    resource: Option<String>,
}

impl ApiError {
    fn new(exception: &'static str, code: Option<&'static str>, message: impl Into<String>) -> Self {
        Self {
            exception,
            code,
            message: message.into(),
            resource: None,
        }
    }

    /// A parameter is missing or invalid.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new("InvalidRequestException", Some("INVALID_INPUT"), message)
    }

    /// The statement cannot be parsed.
    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self::new("InvalidRequestException", Some("MALFORMED_QUERY"), message)
    }

    /// The query is not in the state that the request needs.
    pub(crate) fn wrong_state(message: impl Into<String>) -> Self {
        Self::new(
            "InvalidRequestException",
            Some("INVALID_QUERY_EXECUTION_STATE"),
            message,
        )
    }

    /// The result has been deleted, or never was.
    pub(crate) fn no_result() -> Self {
        Self::new(
            "InvalidRequestException",
            Some("RESULT_NOT_FOUND"),
            "Could not find results",
        )
    }

    pub(crate) fn too_many(message: impl Into<String>) -> Self {
        Self::new(
            "TooManyRequestsException",
            Some("CONCURRENT_QUERY_LIMIT_EXCEEDED"),
            message,
        )
    }

    /// The named resource does not exist.
    pub(crate) fn not_found(resource: &str, message: impl Into<String>) -> Self {
        let resource = Some(resource.to_owned());
        Self {
            resource,
            ..Self::new("ResourceNotFoundException", None, message)
        }
    }

    /// The catalog cannot answer, or has no such table.
    pub(crate) fn metadata(error: EngineError) -> Self {
        match error.fault {
            Fault::System => Self::internal(error.message),
            _ => Self::new("MetadataException", None, error.message),
        }
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new("InternalServerException", None, message)
    }

    pub(crate) fn unknown_operation(operation: &str) -> Self {
        let message = format!("{operation} is not an operation that this endpoint has");
        Self::new("UnknownOperationException", None, message)
    }

    pub(crate) fn status(&self) -> StatusCode {
        match self.exception {
            "InternalServerException" => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    pub(crate) fn exception(&self) -> &'static str {
        self.exception
    }

    pub(crate) fn to_json(&self) -> Value {
        let mut body = json!({ "__type": self.exception, "Message": self.message });
        match (self.exception, self.code) {
            ("TooManyRequestsException", Some(reason)) => body["Reason"] = reason.into(),
            (_, Some(code)) => body["AthenaErrorCode"] = code.into(),
            _ => {}
        }
        if let Some(resource) = &self.resource {
            body["ResourceName"] = resource.as_str().into();
        }
        body
    }

    #[cfg(test)]
    pub(crate) fn message(&self) -> &str {
        &self.message
    }
}

/// `AthenaError` of a failed query. Category 1 is the system, 2 the user, 3 another party ([error
/// catalog](https://docs.aws.amazon.com/athena/latest/ug/error-reference.html)).
///
/// | fault | type | its words in the catalog |
/// | --- | --- | --- |
/// | system | 100 | Internal service error |
/// | connector | 1000 | User error; the message begins with `GENERIC_USER_ERROR` |
/// | user | 1006 | Syntax error. Athena has it for statements that parse, too, such as a `COLUMN_NOT_FOUND` |
/// | not found | 1110 | Provided table or view does not exist |
pub(crate) fn athena_error(error: &EngineError) -> Value {
    let (category, number) = match error.fault {
        Fault::System => (1, 100),
        Fault::User => (2, 1006),
        Fault::NotFound => (2, 1110),
        Fault::Connector => (2, 1000),
    };
    json!({
        "ErrorCategory": category,
        "ErrorType": number,
        "Retryable": false,
        "ErrorMessage": error.message,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_queries_have_the_types_of_the_catalog() {
        for (fault, category, number) in [
            (Fault::System, 1, 100),
            (Fault::User, 2, 1006),
            (Fault::NotFound, 2, 1110),
            (Fault::Connector, 2, 1000),
        ] {
            let shown = athena_error(&EngineError {
                fault,
                message: "no".to_owned(),
            });
            assert_eq!(shown["ErrorCategory"], category, "{fault:?}");
            assert_eq!(shown["ErrorType"], number, "{fault:?}");
            assert_eq!(shown["ErrorMessage"], "no");
        }
    }
}
