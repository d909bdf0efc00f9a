//! Errors of a connector, and how Athena receives them.

use std::fmt;

/// Error of a connector's method. Its text is what the user of Athena reads, followed by the texts of its causes.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// Failed request: the two texts that Lambda returns to Athena.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Name of a class of the Java SDK, which Athena compares.
    pub error_type: String,
    /// Text that Athena shows to its user.
    pub error_message: String,
}

/// Class of every error.
const CONNECTOR_EXCEPTION: &str = "com.amazonaws.athena.connector.lambda.exceptions.AthenaConnectorException";

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.error_message)
    }
}

impl std::error::Error for Failure {}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            error_type: CONNECTOR_EXCEPTION.to_owned(),
            error_message: spill::causes(error.as_ref()),
        }
    }
}
