//! Operations by name, each a function from a request to a response.

use std::sync::Arc;

use serde_json::{Value, json};

use self::request::parsed;
use crate::api::Api;
use crate::error::ApiError;

mod catalogs;
mod named_queries;
mod prepared_statements;
mod queries;
mod request;
mod results;
mod work_groups;

/// Answers a request.
pub(crate) async fn call(api: &Arc<Api>, operation: &str, body: &[u8]) -> Result<Value, ApiError> {
    match operation {
        "StartQueryExecution" => queries::start(api, parsed(body)?).await,
        "GetQueryExecution" => queries::get(api, &parsed(body)?),
        "BatchGetQueryExecution" => queries::batch_get(api, &parsed(body)?),
        "ListQueryExecutions" => queries::list(api, &parsed(body)?),
        "StopQueryExecution" => queries::stop(api, &parsed(body)?),
        "GetQueryRuntimeStatistics" => queries::runtime_statistics(api, &parsed(body)?),
        "GetQueryResults" => results::get(api, &parsed(body)?).await,
        "ListDataCatalogs" => catalogs::list(api, &parsed(body)?).await,
        "GetDataCatalog" => catalogs::get(api, &parsed(body)?).await,
        "ListDatabases" => catalogs::databases(api, &parsed(body)?).await,
        "GetDatabase" => catalogs::database(api, &parsed(body)?).await,
        "ListTableMetadata" => catalogs::tables(api, &parsed(body)?).await,
        "GetTableMetadata" => catalogs::table(api, &parsed(body)?).await,
        "ListWorkGroups" => Ok(work_groups::list()),
        "GetWorkGroup" => work_groups::get(api, &parsed(body)?),
        "ListEngineVersions" => Ok(work_groups::engine_versions()),
        "ListTagsForResource" => Ok(json!({ "Tags": [] })),
        "CreatePreparedStatement" | "UpdatePreparedStatement" => {
            prepared_statements::put(api, parsed(body)?, operation == "UpdatePreparedStatement").await
        }
        "GetPreparedStatement" => prepared_statements::get(api, &parsed(body)?),
        "BatchGetPreparedStatement" => prepared_statements::batch_get(api, &parsed(body)?),
        "ListPreparedStatements" => prepared_statements::list(api, &parsed(body)?),
        "DeletePreparedStatement" => prepared_statements::delete(api, &parsed(body)?).await,
        "CreateNamedQuery" => named_queries::create(api, parsed(body)?),
        "GetNamedQuery" => named_queries::get(api, &parsed(body)?),
        "BatchGetNamedQuery" => named_queries::batch_get(api, &parsed(body)?),
        "ListNamedQueries" => named_queries::list(api, &parsed(body)?),
        "UpdateNamedQuery" => named_queries::update(api, parsed(body)?),
        "DeleteNamedQuery" => named_queries::delete(api, &parsed(body)?),
        other => Err(ApiError::unknown_operation(other)),
    }
}
