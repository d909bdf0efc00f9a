//! Errors of the engine as the API shows them.

use athena_api::engine::{EngineError, Fault};
use datafusion::common::DataFusionError;
use trino_sql::ErrorKind;

use crate::error::AthenaError;

/// Error as the API shows it: one line that begins with Trino's name of its kind.
pub(super) fn failure(error: AthenaError) -> EngineError {
    let user = ErrorKind::External.name();
    match error {
        AthenaError::Statement { error, .. } => failure_of(&error),
        AthenaError::Federation(error) => EngineError {
            fault: Fault::Connector,
            message: format!("{user}: {error}"),
        },
        AthenaError::Query(ref source) => {
            let is_scan = matches!(source.find_root(), DataFusionError::External(_));
            let (fault, name) = match is_scan {
                true => (Fault::Connector, user),
                false => (Fault::System, ErrorKind::Internal.name()),
            };
            EngineError {
                fault,
                message: format!("{name}: {error}"),
            }
        }
    }
}

/// Error of a statement, in the same way.
pub(super) fn failure_of(error: &trino_sql::Error) -> EngineError {
    let fault = match error.kind {
        ErrorKind::External => Fault::Connector,
        ErrorKind::Internal => Fault::System,
        ErrorKind::TableNotFound => Fault::NotFound,
        _ => Fault::User,
    };
    EngineError {
        fault,
        message: error.to_string(),
    }
}
