//! The metadata calls: what the connector is, which databases and tables there are, and what a table looks like.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Int32Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use protocol::{
    Block, CAPABILITIES, GetDataSourceCapabilitiesRequest, GetDataSourceCapabilitiesResponse,
    GetTableLayoutRequest, GetTableLayoutResponse, GetTableRequest, GetTableResponse, ListSchemasRequest,
    ListSchemasResponse, ListTablesRequest, ListTablesResponse, OptimizationSubType, PingRequest,
    PingResponse, SerdeVersion, TableName, check_supported,
};

use crate::error::Error;
use crate::tables::{Found, Tables};

/// What the connector calls itself in a ping.
pub const SOURCE_TYPE: &str = "msk";

/// The column of the one partition every table has.
const PARTITION_COLUMN: &str = "partitionId";

/// Asks nothing of anyone, so it answers even when neither brokers nor registry can be reached.
pub fn ping(request: PingRequest) -> PingResponse {
    PingResponse {
        catalog_name: request.catalog_name,
        query_id: request.query_id,
        source_type: Some(SOURCE_TYPE.to_owned()),
        capabilities: CAPABILITIES,
        serde_version: SerdeVersion::LATEST.number(),
    }
}

/// All databases: marked registries, and those that settings name.
pub async fn list_schemas(
    tables: &Tables<'_>,
    request: ListSchemasRequest,
) -> Result<ListSchemasResponse, Error> {
    let schemas = tables.databases().await?;
    Ok(ListSchemasResponse {
        catalog_name: request.catalog_name,
        schemas,
    })
}

/// The tables of one database, in real casing.
pub async fn list_tables(
    tables: &Tables<'_>,
    request: ListTablesRequest,
) -> Result<ListTablesResponse, Error> {
    let schema_name = request.schema_name.ok_or(Error::NoSchemaName)?;
    let page = tables
        .list(&schema_name, request.page_size, request.next_token.as_deref())
        .await?;
    Ok(ListTablesResponse {
        tables: page.items,
        catalog_name: request.catalog_name,
        next_token: page.next_token,
    })
}

/// The table's columns with all that later calls need to read them, under the name that it has where it comes from.
pub async fn get_table(tables: &Tables<'_>, request: GetTableRequest) -> Result<GetTableResponse, Error> {
    if !request.query_passthrough_arguments.is_empty() {
        return Err(Error::QueryPassthrough);
    }
    let (table_name, schema) = match tables.find(&request.table_name).await? {
        Found::Topic(table) => {
            let table_name = TableName::new(&table.registry_name, &table.schema_name);
            (table_name, Arc::clone(&table.schema))
        }
        Found::System(system, table) => {
            let name = format!("{}{}", table.schema_name, system.suffix());
            (
                TableName::new(&table.registry_name, &name),
                system.schema(&table.topic),
            )
        }
    };
    if let Err(source) = check_supported(&schema) {
        return Err(Error::UnsupportedType {
            table: table_name,
            source,
        });
    }
    Ok(GetTableResponse {
        catalog_name: request.catalog_name,
        table_name,
        schema,
        partition_columns: Vec::new(),
    })
}

/// One partition of no meaning: how a topic is divided is decided when splits are planned. An empty layout would
/// tell Athena that there is nothing to read.
pub fn get_table_layout(request: GetTableLayoutRequest) -> Result<GetTableLayoutResponse, Error> {
    let schema = Schema::new(vec![Field::new(PARTITION_COLUMN, DataType::Int32, true)]);
    let partitions = RecordBatch::try_new(Arc::new(schema), vec![Arc::new(Int32Array::from(vec![1]))])?;
    Ok(GetTableLayoutResponse {
        catalog_name: request.catalog_name,
        table_name: request.table_name,
        partitions: Block::new(partitions),
    })
}

/// That splits stop at a limit, with `top_n_pushdown` also that order is made use of, and nothing else: what is advertised
/// here Athena may no longer do itself.
pub fn get_data_source_capabilities(
    request: GetDataSourceCapabilitiesRequest,
    top_n_pushdown: bool,
) -> GetDataSourceCapabilitiesResponse {
    let capability = |name: &str, sub_type: &str| {
        let sub_type = OptimizationSubType {
            sub_type: sub_type.to_owned(),
            properties: Vec::new(),
        };
        (name.to_owned(), vec![sub_type])
    };
    let mut capabilities = BTreeMap::from([capability("supports_limit_pushdown", "integer_constant")]);
    if top_n_pushdown {
        capabilities.extend([capability("supports_top_n_pushdown", "SUPPORTS_ORDER_BY")]);
    }
    GetDataSourceCapabilitiesResponse {
        catalog_name: request.catalog_name,
        capabilities,
    }
}

#[cfg(test)]
mod tests;
