//! Errors of statements, and those that pass through DataFusion.

use datafusion::common::DataFusionError;

use crate::federation::FederationError;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AthenaError {
    /// The connector failed, or gave no proper answer.
    #[error(transparent)]
    Federation(#[from] FederationError),
    /// The statement is wrong, or its execution failed; for a scan that failed, with the connector's message.
    #[error("{}", message(.0))]
    Query(#[from] DataFusionError),
}

/// The innermost error's text, which for a scan is the connector's own, without the names of the layers around it.
fn message(error: &DataFusionError) -> String {
    match error.find_root() {
        DataFusionError::External(source) => source.to_string(),
        root => root.strip_backtrace(),
    }
}

/// How a scan reports an error of the connector.
pub(crate) fn external(error: FederationError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
