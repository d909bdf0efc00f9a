//! Errors of statements, and those that pass through DataFusion.

use datafusion::common::DataFusionError;

use crate::federation::FederationError;

/// Reason why a statement failed.
#[derive(Debug, thiserror::Error)]
pub enum AthenaError {
    /// The connector failed, or its response is invalid.
    #[error(transparent)]
    Federation(#[from] FederationError),
    /// The statement is invalid, or its execution failed; for a scan that failed, with the connector's
    /// message.
    #[error("{}", message(.0))]
    Query(#[from] DataFusionError),
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
