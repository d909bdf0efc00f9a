//! Errors of statements, and those that pass through DataFusion.

use datafusion::common::DataFusionError;
use trino_sql::ErrorKind;

use crate::federation::FederationError;

/// Reason why a statement failed.
#[derive(Debug, thiserror::Error)]
pub enum AthenaError {
    /// The connector failed, or its response is invalid.
    #[error(transparent)]
    Federation(#[from] FederationError),
    /// The statement is invalid, or cannot be evaluated for some row. Shown with the statement's line, and a caret below
    /// the place.
    #[error("{}", rendered(.error, .statement))]
    Statement {
        error: trino_sql::Error,
        statement: String,
    },
    /// A scan failed, with the connector's message; or the engine did.
    #[error("{}", message(.0))]
    Query(#[from] DataFusionError),
}

impl AthenaError {
    pub(crate) fn statement(error: trino_sql::Error, statement: &str) -> Self {
        let statement = statement.to_owned();
        Self::Statement { error, statement }
    }

    /// Error of a statement whose text is added later, by [`Self::of`].
    pub(crate) fn invalid(error: trino_sql::Error) -> Self {
        Self::statement(error, "")
    }

    /// Error of this kind, without a place in the statement.
    pub(crate) fn refused(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::invalid(trino_sql::Error {
            kind,
            message: message.into(),
            position: None,
        })
    }

    /// Error of a file, or of another part of the machine.
    pub(crate) fn io(what: impl std::fmt::Display, error: &std::io::Error) -> Self {
        Self::refused(ErrorKind::External, format!("{what}: {error}"))
    }

    /// Adds the text of the statement, if it is missing.
    #[must_use]
    pub(crate) fn of(self, text: &str) -> Self {
        match self {
            Self::Statement { error, statement } if statement.is_empty() => Self::statement(error, text),
            Self::Query(error) => Self::execution(error, text),
            other => other,
        }
    }

    /// Error of the execution of a statement.
    pub(crate) fn execution(error: DataFusionError, statement: &str) -> Self {
        match trino_sql::Error::within(&error) {
            Some(found) => Self::statement(found.clone(), statement),
            None => Self::Query(error),
        }
    }
}

fn rendered(error: &trino_sql::Error, statement: &str) -> String {
    match error.kind {
        // The connector says where and why by itself.
        ErrorKind::External => error.message.clone(),
        _ => error.render(statement),
    }
}

/// Text of the innermost error, which for a scan is the connector's own, without the names of the layers
/// around it.
fn message(error: &DataFusionError) -> String {
    match error.find_root() {
        DataFusionError::External(source) => source.to_string(),
        root => root.strip_backtrace(),
    }
}

/// Error of the connector as a scan reports it.
pub(crate) fn external(error: FederationError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
