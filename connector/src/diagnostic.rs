//! Errors as Athena shows them to its users.
//!
//! Lambda returns only two texts: the type, which Athena's engine compares with the names of Java classes,
//! and the message, which it shows.

use crate::error::Error;
use crate::registry::RegistryError;
use crate::registry::catalog::CatalogError;
use crate::spill_keys::SpillKeyError;

/// Failed request as the function's caller receives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    pub error_type: String,
    pub error_message: String,
}

/// Class of all errors except throttling.
pub const CONNECTOR_EXCEPTION: &str =
    "com.amazonaws.athena.connector.lambda.exceptions.AthenaConnectorException";

/// Class of throttling errors, upon which the engine retries more slowly.
pub const THROTTLE_EXCEPTION: &str =
    "com.amazonaws.athena.connector.lambda.exceptions.FederationThrottleException";

impl From<&Error> for Diagnostic {
    fn from(error: &Error) -> Self {
        let error_type = if is_throttling(error) {
            THROTTLE_EXCEPTION
        } else {
            CONNECTOR_EXCEPTION
        };
        Self {
            error_type: error_type.to_owned(),
            error_message: error.full_message(),
        }
    }
}

/// Whether the engine may retry. Only if nothing has been read yet: after a block was spilled, a retry could
/// return other rows.
fn is_throttling(error: &Error) -> bool {
    matches!(
        error,
        Error::SpillKeys(SpillKeyError { throttled: true, .. })
            | Error::Catalog(
                CatalogError::Registry(RegistryError::Throttled { .. })
                    | CatalogError::Reference {
                        source: RegistryError::Throttled { .. },
                        ..
                    }
            )
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::error::ConfigError;

    #[test]
    fn carries_the_whole_message_under_athenas_class() {
        let error = Error::Config(ConfigError::Missing {
            variable: "kafka_endpoint",
        });
        let diagnostic = Diagnostic::from(&error);
        assert_eq!(diagnostic.error_type, CONNECTOR_EXCEPTION);
        assert_eq!(
            diagnostic.error_message,
            "configuration: environment variable kafka_endpoint is not set"
        );
    }

    #[test]
    fn throttling_has_a_class_of_its_own() {
        let throttled = || RegistryError::Throttled {
            operation: "GetSchema",
            what: "schema `orders`".into(),
            message: "rate exceeded".into(),
        };
        let reference = CatalogError::Reference {
            registry: "customer".into(),
            schema: "orders".into(),
            source: throttled(),
        };
        for error in [CatalogError::Registry(throttled()), reference] {
            let diagnostic = Diagnostic::from(&Error::Catalog(error));
            assert_eq!(diagnostic.error_type, THROTTLE_EXCEPTION);
            assert!(
                diagnostic.error_message.contains("GetSchema"),
                "{}",
                diagnostic.error_message
            );
        }
    }
}
